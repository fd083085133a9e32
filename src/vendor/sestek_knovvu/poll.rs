//! Asking Knovvu for the results of calls: `POST /v2/callresult`, see
//! <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>.
//!
//! The vendor lists nothing: only calls somebody names can be asked about.

mod settings;

use core::time::Duration;
use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

pub use settings::Api;
use settings::Checked;

use super::{States, normalise, wire};
use crate::event::{Call, Cause, Convention, Direction, Event, EventType, Outcome, Phone};
use crate::reject::{Reason, Reject};
use crate::secret::{FileError, Secret};
use crate::vendor::Context;
use crate::vendor::poll::{Created, Failure, Inquiry, Means, Placed, Placement, Poller, Request, Response, Token};

const TOKEN: &str = "token";
const CALL_RESULT: &str = "callresult";

/// One source's way of asking the vendor.
pub(super) struct Asker {
    api: Arc<Checked>,
    states: Arc<States>,
}

impl Asker {
    pub(super) fn new(api: Checked, states: Arc<States>) -> Self {
        Self { api: Arc::new(api), states }
    }
}

impl Poller for Asker {
    fn actions(&self) -> &'static [&'static str] {
        &[TOKEN, CALL_RESULT]
    }

    /// Any text: the vendor does not document the form of a `UniqueId`.
    fn call_id(&self, id: &str) -> Result<String, Reject> {
        match id.len() {
            _ if id.trim().is_empty() => Err(Reject::new(Reason::FieldMissing, "id is absent or empty")),
            ..=256 => Ok(id.to_owned()),
            _ => Err(Reject::new(Reason::FieldInvalid, "id is longer than 256 bytes")),
        }
    }

    /// The answer of `/v2/call` holds the `UniqueId`; the vendor documents no other.
    fn created(&self, created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        let results = wire::read(created.answer).unwrap_or_default();
        if results.is_empty() {
            return refused(created, context);
        }
        let place = |(index, result): (usize, wire::CallResult<'_>)| {
            let known = created.calls.get(index).filter(|_| created.calls.len() > 1).unwrap_or(created.common);
            Placed { call: result.unique_id, ..known.clone() }
        };
        Ok(Placement { placed: results.into_iter().enumerate().map(place).collect(), events: Vec::new() })
    }

    fn batch(&self) -> usize {
        self.api.batch
    }

    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        let ids = calls.iter().map(|call| call.call.clone()).collect();
        Box::new(CallResults { api: self.api.clone(), states: self.states.clone(), ids, answered: false })
    }

    /// OAuth 2.0 client credentials: <https://docs.knovvu.com/docs/va-getting-an-access-token>
    fn token_request(&self, _: &Means<'_>) -> Option<Request> {
        let identity = self.api.identity.as_ref()?;
        let secrets = identity.secrets.active();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials")
            .append_pair("client_id", &identity.client_id)
            .append_pair("client_secret", secrets.first()?.expose())
            .append_pair("scope", &identity.scope);
        Some(Request {
            action: TOKEN,
            method: Method::POST,
            url: format!("{}/connect/token", identity.url),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            body: form.finish().into(),
        })
    }

    fn read_token(&self, response: &Response) -> Result<Token, Failure> {
        /// RFC 6749, section 5.1.
        #[derive(Deserialize)]
        struct Answer {
            access_token: Secret,
            expires_in: u64,
        }
        let answer: Answer = response.json()?;
        Ok(Token { secret: answer.access_token, lifetime: Duration::from_secs(answer.expires_in) })
    }

    fn reload_secrets(&self) -> Result<bool, FileError> {
        self.api.reload()
    }
}

/// One batch of calls.
struct CallResults {
    api: Arc<Checked>,
    states: Arc<States>,
    ids: Vec<String>,
    answered: bool,
}

impl Inquiry for CallResults {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        if self.answered {
            return None;
        }
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(means.token.map(|token| ("authorization", format!("Bearer {}", token.expose()))));
        headers.extend(self.api.headers.iter().map(|(name, value)| (*name, value.expose().to_owned())));
        Some(Request {
            action: CALL_RESULT,
            method: Method::POST,
            url: format!("{}/v2/callresult", self.api.base_url),
            headers,
            body: Bytes::from(json!({ "UniqueIds": self.ids }).to_string()),
        })
    }

    /// Matched by id, never by position. Results nobody asked for are passed over: they could be another tenant's.
    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let json: &RawValue = {
            response.success()?;
            serde_json::from_slice(&response.body).map_err(|_| Failure::retry("the response is not JSON"))?
        };
        let results = wire::read(json).map_err(|_| Failure::retry("the response holds no results"))?;
        let asked: HashSet<&str> = self.ids.iter().map(String::as_str).collect();
        let results: Vec<_> = results.into_iter().filter(|result| asked.contains(result.unique_id.as_str())).collect();
        let events = results.iter().filter_map(|result| normalise::event(&self.states, result, context)).collect();
        self.answered = true;
        Ok(events)
    }
}

/// An answer without a `UniqueId`: no call was made. Its reason is not documented.
fn refused(created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    let Some(reference) = created.common.reference.as_deref().filter(|reference| !reference.is_empty()) else {
        let detail = "answer holds no UniqueId, so no call was made; give a reference to have that told as an event";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let mut event = context.event(EventType::CallEnded, reference, &["refused", reference]);
    event.outcome = Some(Outcome::Failed);
    event.cause = Some(Cause { interface: "v2/call".to_owned(), code: "refused".to_owned(), text: None });
    let to = created.common.destination.as_deref();
    event.call = Some(Call {
        id: reference.to_owned(),
        direction: Some(Direction::Outbound),
        to: to.and_then(|to| Phone::read(to, Convention::International, context.country)),
        ..Call::default()
    });
    event.links.reference = Some(reference.to_owned());
    event.raw = context.raw(created.answer);
    Ok(Placement { placed: Vec::new(), events: vec![event] })
}

#[cfg(test)]
mod tests;
