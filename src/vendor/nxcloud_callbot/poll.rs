//! Asking NXCloud Callbot about orders and their calls, version 3 of its API.
//!
//! What a dialer places is an order; a call is known only once the vendor has dialled. So orders are what is waited for, and
//! every call of an order is published with it.

mod account;
mod created;
mod listing;
mod orders;
mod pages;
mod row;
mod settings;
mod sweep;
mod wire;

use std::sync::Arc;

use jiff::SignedDuration;

pub use settings::Api;

use self::account::Account;
use super::Settings;
use crate::config::{SettingsError, SourceSettings};
use crate::event::{Event, EventType, Outcome};
use crate::reject::{Reason, Reject};
use crate::secret::{FileError, Secrets};
use crate::vendor::poll::{Created, Inquiry, Placed, Placement, Poller, Window, no_result};
use crate::vendor::{Context, lenient};

const LIST_ORDER_DETAIL: &str = "listOrderDetail";
const LIST_TASK: &str = "listTask";
const LIST_CALL: &str = "listCall";

/// One source's way of asking the vendor.
pub struct Asker {
    account: Arc<Account>,
}

impl Asker {
    /// Asks as the source with these settings does; `secrets` are the source's own and re-read by it.
    pub fn new(
        source: &SourceSettings<'_>,
        settings: &Settings,
        api: Api,
        secrets: Secrets,
    ) -> Result<Self, SettingsError> {
        let api = api.checked(source)?;
        Ok(Self { account: Arc::new(Account::new(settings.clone(), api, secrets)) })
    }
}

impl Poller for Asker {
    fn actions(&self) -> &'static [&'static str] {
        &[LIST_ORDER_DETAIL, LIST_TASK, LIST_CALL]
    }

    fn call_id(&self, id: &str) -> Result<String, Reject> {
        lenient::required(Some(id).filter(|id| !id.is_empty()), "id").map(str::to_owned)
    }

    fn check(&self, call: &Placed) -> Result<(), Reject> {
        match call.task.as_deref() {
            Some(task) if !task.is_empty() => lenient::required(Some(task), "task").map(drop),
            _ => Err(Reject::new(Reason::FieldMissing, "task is absent: give the userTaskID the order was placed in")),
        }
    }

    fn ends_with(&self) -> EventType {
        EventType::OrderFinished
    }

    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
        created::read(self, &self.account.api, answer, context)
    }

    fn no_result(&self, call: &Placed, context: &Context) -> Event {
        let mut event = created::finished(call, context);
        event.outcome = Some(Outcome::Unknown);
        event.cause = Some(no_result());
        event
    }

    fn batch(&self) -> usize {
        self.account.api.batch.into()
    }

    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry> {
        Box::new(orders::Ask::new(Arc::clone(&self.account), calls))
    }

    fn longest_window(&self) -> Option<SignedDuration> {
        Some(SignedDuration::from_hours(self.account.api.window_hours.into()))
    }

    fn list(&self, window: Window) -> Option<Box<dyn Inquiry>> {
        Some(Box::new(sweep::Sweep::new(Arc::clone(&self.account), window)))
    }

    /// The secrets are those of the callbacks, which the source re-reads.
    fn reload_secrets(&self) -> Result<bool, FileError> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
