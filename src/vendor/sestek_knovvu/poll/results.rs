//! One question: the results of some calls.

use std::collections::HashSet;
use std::sync::Arc;

use http::Method;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Account, CALL_RESULT};
use crate::event::Event;
use crate::vendor::poll::oauth::bearer;
use crate::vendor::poll::{Failure, FailureClass, Inquiry, Means, Placed, Request, Response};
use crate::vendor::sestek_knovvu::{normalise, wire};
use crate::vendor::{Context, lenient};

/// A question about some calls.
pub struct Question {
    account: Arc<Account>,
    ids: Vec<String>,
    answered: bool,
}

impl Question {
    /// A question about `calls`.
    pub fn new(account: Arc<Account>, calls: &[Placed]) -> Self {
        Self { account, ids: calls.iter().map(|call| call.call.clone()).collect(), answered: false }
    }

    /// Without an access token of ours a refusal is nothing that a new token ends.
    fn refusal(&self, failure: Failure) -> Failure {
        match failure.class {
            FailureClass::Token if self.account.client.is_none() => Failure::configuration(
                "HTTP status 401: the vendor wants to know who asks; set `api.identity_url` or `api.headers`",
            ),
            _ => failure,
        }
    }
}

impl Inquiry for Question {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        if self.answered {
            return None;
        }
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(means.token.map(bearer));
        for (name, value) in &self.account.headers {
            headers.extend(value.active().first().map(|value| (*name, value.expose().to_owned())));
        }
        let url = format!("{}/v2/callresult", self.account.base_url);
        let body = json!({ "UniqueIds": self.ids }).to_string().into();
        Some(Request { action: CALL_RESULT, method: Method::POST, url, headers, body })
    }

    /// Results are matched by id. Those that nobody asked for are left out: an id alone does not say whose call it is. A call
    /// without a result, or without a final state in it, stays open.
    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        response.success().map_err(|failure| self.refusal(failure))?;
        let unreadable = |_| Failure::retry("the answer holds no results of the documented shape");
        let json: &RawValue = lenient::body(&response.body).map_err(unreadable)?;
        let results = wire::answer(json).map_err(unreadable)?;
        let asked: HashSet<&str> = self.ids.iter().map(String::as_str).collect();
        let ours = results.iter().filter(|result| asked.contains(result.unique_id.as_str()));
        let events = ours.filter_map(|result| normalise::ended(&self.account.states, result, context)).collect();
        self.answered = true;
        Ok(events)
    }
}
