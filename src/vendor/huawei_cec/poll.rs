//! Asking Huawei CEC about voice notifications and bidirectional calls.
//!
//! A single call is asked about by its serial number; the answer has no time of answering, so its outcome is what the code
//! says. A listing has all times. Campaigns cannot be asked about: how those requests are signed (C2 of the vendor's pages) is
//! not documented well enough. Neither tells of recordings: their addresses live for five minutes.

mod account;
mod answer;
mod created;
mod listing;
mod pages;
mod row;
mod settings;
mod state;

use std::sync::Arc;

use jiff::SignedDuration;

pub use settings::{Api, TaskType};

use self::account::Account;
use self::listing::Listing;
use self::state::States;
use super::Settings;
use super::wire::without_blanks;
use crate::config::{SettingsError, SourceSettings};
use crate::reject::Reject;
use crate::secret::{FileError, Secrets};
use crate::vendor::poll::{
    Created, Failure, Inquiry, Means, Placed, Placement, Poller, Request, Response, Token, Window,
};
use crate::vendor::{Context, lenient};

const TOKEN: &str = "tokenByAkSk";
const QUERY_CALL_STATE: &str = "queryCallState";
const QUERY_CALL_DETAIL_RECORD: &str = "queryCallDetailRecord";

/// One source's way of asking the vendor.
pub struct Asker {
    account: Arc<Account>,
}

impl Asker {
    /// Asks as `api` says and reads the answers as the source's settings say.
    pub fn new(source: &SourceSettings<'_>, settings: &Settings, api: Api) -> Result<Self, SettingsError> {
        let api = api.checked(source)?;
        let secrets = Secrets::load(api.app_secrets.clone(), api.app_secret_files.clone())
            .map_err(|error| source.error("api.app_secret_files", error.to_string()))?;
        Ok(Self { account: Arc::new(Account { settings: settings.clone(), api, secrets }) })
    }
}

impl Poller for Asker {
    fn actions(&self) -> &'static [&'static str] {
        &[TOKEN, QUERY_CALL_STATE, QUERY_CALL_DETAIL_RECORD]
    }

    /// A serial number without its blanks, as callbacks are read.
    fn call_id(&self, id: &str) -> Result<String, Reject> {
        let id = without_blanks(id);
        lenient::required(id.as_deref(), "id").map(str::to_owned)
    }

    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        created::read(&self.account.settings, answer, context)
    }

    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        Box::new(States::new(Arc::clone(&self.account), calls))
    }

    fn longest_window(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(self.account.api.window_hours.into()))
    }

    fn list(&self, window: Window) -> Option<Box<dyn Inquiry>> {
        Some(Box::new(Listing::new(Arc::clone(&self.account), window)))
    }

    fn token_request(&self, _means: &Means<'_>) -> Option<Request> {
        self.account.token_request()
    }

    fn read_token(&self, response: &Response) -> Result<Token, Failure> {
        self.account.read_token(response)
    }

    fn reload_secrets(&self) -> Result<bool, FileError> {
        self.account.secrets.reload()
    }
}

#[cfg(test)]
mod tests;
