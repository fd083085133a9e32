//! Asking Vonage Contact Center for results, in two APIs.
//!
//! The Calls API tells how a call ended that a dialer placed, for a day, without any time. The Insights Stats API has every
//! interaction with times and legs; it is asked about calls that webhooks name, and for all interactions of a window.
//! Whether one call has the same id in both is not documented, so neither is taken for the other.

mod calls;
mod created;
mod interactions;
mod refusal;
mod row;
mod settings;
mod sweep;
mod wire;

use std::sync::Arc;

use http::Method;
use jiff::SignedDuration;

pub use settings::Api;

use super::{Settings, normalise};
use crate::config::{SettingsError, SourceSettings};
use crate::reject::{Reason, Reject};
use crate::secret::{FileError, Secrets};
use crate::vendor::Context;
use crate::vendor::poll::oauth::{self, Client, bearer};
use crate::vendor::poll::{
    Created, Failure, Inquiry, Means, Placed, Placement, Poller, Request, Response, Token, Window,
};

const TOKEN: &str = "token";
const CALLS: &str = "calls";
const INTERACTIONS: &str = "interactions";

/// One source's way of asking.
pub struct Asker(Arc<Account>);

/// Whom to ask, and as whom.
pub struct Account {
    /// The source's settings, for reading interactions as webhooks are read.
    settings: Settings,
    api: Api,
    bases: Bases,
    client: Client,
    /// The account's key of the Calls API, the first; `None` when that is not asked.
    keys: Option<Secrets>,
}

/// Addresses of the APIs.
struct Bases {
    auth: String,
    calls: String,
    stats: String,
}

impl Asker {
    /// The way `api` describes; `settings` are the source's.
    pub fn new(api: &Api, settings: &Settings, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        Ok(Self(Arc::new(Account::new(api, settings, source)?)))
    }
}

impl Poller for Asker {
    fn actions(&self) -> &'static [&'static str] {
        &[TOKEN, CALLS, INTERACTIONS]
    }

    fn call_id(&self, id: &str) -> Result<String, Reject> {
        let id = normalise::id(Some(id).filter(|id| !id.is_empty()), "id")?;
        match is_plain(&id) {
            true => Ok(id),
            false => Err(Reject::new(Reason::FieldInvalid, "id is not one of this vendor: they are GUIDs")),
        }
    }

    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        created::read(answer, context)
    }

    /// Calls a webhook named are interactions. Without a key of the Calls API, all are.
    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        let call = calls.first().cloned();
        match &self.0.keys {
            Some(keys) if call.as_ref().is_some_and(|call| !call.hinted) => {
                Box::new(calls::Question::new(self.0.clone(), keys.clone(), call))
            }
            _ => Box::new(interactions::Question::new(self.0.clone(), call)),
        }
    }

    /// <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3567845377/Get+interactions>
    fn longest_window(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(31 * 24))
    }

    fn list(&self, window: Window) -> Option<Box<dyn Inquiry>> {
        Some(Box::new(sweep::Sweep::new(self.0.clone(), window)))
    }

    fn token_request(&self, _: &Means<'_>) -> Option<Request> {
        self.0.client.request(TOKEN)
    }

    fn read_token(&self, response: &Response) -> Result<Token, Failure> {
        oauth::token(response)
    }

    fn reload_secrets(&self) -> Result<bool, FileError> {
        let client = self.0.client.reload_secrets();
        let keys = self.0.keys.as_ref().map_or(Ok(false), Secrets::reload);
        Ok(client? | keys?)
    }
}

impl Account {
    /// A request to the Insights Stats API for `what`, which begins after `/stats/interactions`.
    fn interactions(&self, what: &str, means: &Means<'_>) -> Request {
        let accept = format!("application/vnd.newvoicemedia.v{}+json", self.api.stats_version);
        get(INTERACTIONS, format!("{}/stats/interactions{what}", self.bases.stats), accept, means)
    }
}

fn get(action: &'static str, url: String, accept: String, means: &Means<'_>) -> Request {
    let mut headers = vec![("accept", accept)];
    headers.extend(means.token.map(bearer));
    Request { action, method: Method::GET, url, headers, body: bytes::Bytes::new() }
}

/// Whether an id, which webhooks name too, can be a part of a URL as it is.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests;
