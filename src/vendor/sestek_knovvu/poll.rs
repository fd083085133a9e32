//! Asking Knovvu for the results of calls: `POST /v2/callresult`.
//! <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>
//!
//! The vendor lists nothing: only calls that somebody names can be asked about.

mod created;
mod results;
mod settings;

use std::sync::Arc;

pub use settings::Api;

use super::{States, wire};
use crate::config::{SettingsError, SourceSettings};
use crate::reject::Reject;
use crate::secret::{FileError, Secrets};
use crate::vendor::Context;
use crate::vendor::poll::oauth::{self, Client};
use crate::vendor::poll::{Created, Failure, Inquiry, Means, Placed, Placement, Poller, Request, Response, Token};

const TOKEN: &str = "token";
const CALL_RESULT: &str = "callresult";

/// One source's way of asking.
pub struct Asker(Arc<Account>);

/// Whom to ask, and as whom.
pub struct Account {
    base_url: String,
    batch: usize,
    /// Each with its value, which is the first of the secrets.
    headers: Vec<(&'static str, Secrets)>,
    client: Option<Client>,
    /// What the source's settings say of states.
    states: States,
}

impl Asker {
    /// The way `api` describes; `states` are the source's.
    pub fn new(api: &Api, states: States, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        Ok(Self(Arc::new(api.account(states, source)?)))
    }
}

impl Poller for Asker {
    fn actions(&self) -> &'static [&'static str] {
        &[TOKEN, CALL_RESULT]
    }

    /// The vendor documents no form of its ids: any text can be one.
    fn call_id(&self, id: &str) -> Result<String, Reject> {
        wire::checked_id(Some(id.to_owned()), "id")
    }

    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        created::read(answer, context)
    }

    fn batch(&self) -> usize {
        self.0.batch
    }

    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        Box::new(results::Question::new(self.0.clone(), calls))
    }

    fn token_request(&self, _: &Means<'_>) -> Option<Request> {
        self.0.client.as_ref()?.request(TOKEN)
    }

    fn read_token(&self, response: &Response) -> Result<Token, Failure> {
        oauth::token(response)
    }

    fn reload_secrets(&self) -> Result<bool, FileError> {
        let client = self.0.client.as_ref().map_or(Ok(false), Client::reload_secrets);
        // All of them, also when one fails.
        let headers: Vec<_> = self.0.headers.iter().map(|(_, value)| value.reload()).collect();
        [client].into_iter().chain(headers).try_fold(false, |changed, one| Ok(changed | one?))
    }
}

#[cfg(test)]
mod tests;
