//! Asking Tencent Cloud Contact Center for results.
//!
//! `DescribeTelCdr` gives the records of sessions that are over, by id or for a window. A record is the object a push
//! holds, so both give the same event.
//!
//! `DescribeTelSession` gives the state of a session that goes on, and no outcome. It does not say whose telephone is
//! `ringing`, nor whether `inProgress` is said of the customer or of the agent, who is called first. So no event follows
//! from it: it only tells a call that goes on from one that does not exist.

mod answer;
mod calls;
mod created;
mod records;
mod settings;
mod sign;
mod sweep;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

pub use settings::Api;

use super::{Settings, normalise};
use crate::config::{SettingsError, SourceSettings};
use crate::reject::Reject;
use crate::secret::{FileError, Secrets};
use crate::vendor::poll::{Created, Inquiry, Placed, Placement, Request, Window};
use crate::vendor::{Context, Poller};
use sign::{Credential, Signable};

const DESCRIBE_TEL_CDR: &str = "DescribeTelCdr";
const DESCRIBE_TEL_SESSION: &str = "DescribeTelSession";

/// Version of the API.
const VERSION: &str = "2020-02-10";

/// Most records of a page.
const PAGE: usize = 100;

/// The vendor takes windows of less than 90 days that begin in the last 180.
const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(89 * 24);

/// One source's way of asking.
pub struct Ccc(Arc<Account>);

/// Whom to ask, about which application, and as whom.
pub struct Account {
    /// The source's settings, for reading rows as pushes are read.
    settings: Settings,
    api: Api,
    base_url: String,
    host: String,
    app: u64,
    /// The application as text: the account of the events.
    account: String,
    keys: Secrets,
}

impl Ccc {
    /// The way `settings` describe; `None` when they describe none.
    pub fn new(settings: &Settings, source: &SourceSettings<'_>) -> Result<Option<Self>, SettingsError> {
        Ok(Account::new(settings, source)?.map(|account| Self(Arc::new(account))))
    }
}

impl Poller for Ccc {
    fn actions(&self) -> &'static [&'static str] {
        &[DESCRIBE_TEL_CDR, DESCRIBE_TEL_SESSION]
    }

    fn account(&self) -> Option<&str> {
        Some(&self.0.account)
    }

    fn call_id(&self, id: &str) -> Result<String, Reject> {
        normalise::session(Some(id).filter(|id| !id.is_empty()))
    }

    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        created::created(answer, &self.0.context(context))
    }

    fn batch(&self) -> usize {
        self.0.api.batch as usize
    }

    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        Box::new(calls::Calls::new(self.0.clone(), calls))
    }

    fn longest_window(&self) -> Option<SignedDuration> {
        Some(LONGEST_WINDOW)
    }

    fn list(&self, window: Window) -> Option<Box<dyn Inquiry>> {
        Some(Box::new(sweep::Sweep::new(self.0.clone(), window)))
    }

    fn reload_secrets(&self) -> Result<bool, FileError> {
        self.0.keys.reload()
    }
}

impl Account {
    /// A signed request. `Content-Type` and `Host` are signed, as the vendor's own client does; the body is part of
    /// every signature.
    fn request(&self, action: &'static str, body: &impl Serialize, now: Timestamp) -> Request {
        let body = serde_json::to_vec(body).expect("numbers and texts are always JSON");
        let keys = self.keys.active();
        let key = keys.first().expect("settings without a key are refused, and a file without one is not taken over");
        let credential = Credential::read(key, self.api.secret_id.as_deref());
        let content_type = "application/json";
        let signed = [("content-type", content_type), ("host", self.host.as_str())];
        let signable = Signable { method: &Method::POST, query: "", headers: &signed, body: &body };
        let mut headers = vec![
            ("authorization", signable.authorization(&credential, now)),
            ("content-type", content_type.to_owned()),
            ("x-tc-action", action.to_owned()),
            ("x-tc-version", VERSION.to_owned()),
            ("x-tc-timestamp", now.as_second().to_string()),
        ];
        headers.extend(self.api.region.clone().map(|region| ("x-tc-region", region)));
        headers.extend(credential.token.map(|token| ("x-tc-token", token.to_owned())));
        let url = format!("{}/", self.base_url);
        Request { action, method: Method::POST, url, headers, body: Bytes::from(body) }
    }

    /// The context with the application as account: a row does not name it, the question did.
    fn context(&self, context: &Context) -> Context {
        Context { account: self.account.clone(), ..context.clone() }
    }
}

#[cfg(test)]
mod tests;
