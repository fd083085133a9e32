//! Listing all calls of a window: the tasks that may have dialled in it (`listTask`), then the calls of each (`listCall`).
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-taskList>
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-callList>

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::super::wire::TaskCallback;
use super::account::Account;
use super::listing::Listing;
use super::pages::Pages;
use super::row::Row;
use super::{LIST_CALL, LIST_TASK};
use crate::event::{Event, Instant};
use crate::vendor::poll::{Failure, Inquiry, Means, Request, Response, Window};
use crate::vendor::{Context, lenient};

/// Names under which the calls of `listCall` may come. The page shows none; these are from the vendor's other answers.
const CALL_LISTS: &[&str] =
    &["callList", "callDetailList", "callInfoList", "callInfoDetailList", "callData", "orderDetailList", "orderList"];

/// How long before a window a listed call may be over. Whatever time the vendor lists by, a call lasts less than this;
/// a vendor that ignores the times would otherwise have facts published again that dedup has forgotten.
const MARGIN: SignedDuration = SignedDuration::from_hours(24);

/// The listing of one window.
pub struct Sweep {
    account: Arc<Account>,
    window: Window,
    step: Step,
    pages: Pages,
    /// The tasks whose calls are still to be listed.
    tasks: BTreeSet<String>,
    request_id: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Step {
    Tasks,
    Calls,
}

impl Sweep {
    /// Lists `window`.
    pub fn new(account: Arc<Account>, window: Window) -> Self {
        let (pages, tasks, request_id) = (Pages::default(), BTreeSet::new(), String::new());
        Self { account, window, step: Step::Tasks, pages, tasks, request_id }
    }

    fn read_tasks(&mut self, response: &Response) -> Result<Vec<Event>, Failure> {
        let body = self.account.answer(LIST_TASK, &self.request_id, response)?;
        let listing = Listing::read(LIST_TASK, body, &["taskData"])?;
        let more = self.pages.turn(&listing.rows, listing.total, self.account.api.page_size)?;
        let task = |json: &str| lenient::object::<TaskCallback>(json.as_bytes()).ok()?.user_task_id;
        self.tasks.extend(listing.rows.iter().filter_map(|row| task(row.get())));
        if !more {
            (self.step, self.pages) = (Step::Calls, Pages::default());
        }
        Ok(Vec::new())
    }

    fn read_calls(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let Some(task) = self.tasks.first() else { return Ok(Vec::new()) };
        let body = self.account.answer(LIST_CALL, &self.request_id, response)?;
        let listing = Listing::read(LIST_CALL, body, CALL_LISTS)?;
        let more = self.pages.turn(&listing.rows, listing.total, self.account.api.page_size)?;
        let earliest = Instant::new(self.window.from.saturating_sub(MARGIN).unwrap_or(Timestamp::MIN));
        let rows = listing.rows.iter().filter_map(|raw| Some(Row::read(raw, task)?.since(earliest)));
        let events = rows.flat_map(|row| row.call_events(&self.account.settings, context)).collect();
        if !more {
            self.pages = Pages::default();
            self.tasks.pop_first();
        }
        Ok(events)
    }
}

impl Inquiry for Sweep {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let (from, to) = (self.window.from.as_second(), self.window.to.as_second());
        let (page, size) = (self.pages.page(), self.account.api.page_size);
        let (action, body) = match self.step {
            Step::Tasks => {
                let earliest = from - i64::from(self.account.api.task_days) * 86_400;
                let conditions = json!({ "startTs": earliest, "endTs": to });
                (
                    LIST_TASK,
                    json!({ "productID": "callbot", "page": page, "size": size, "queryConditions": conditions }),
                )
            }
            Step::Calls => {
                let task = self.tasks.first()?;
                let options = json!({ "startTs": from, "endTs": to });
                let body = json!({
                    "productID": "callbot", "userTaskID": task, "options": options, "page": page, "size": size,
                });
                (LIST_CALL, body)
            }
        };
        means.nonce.clone_into(&mut self.request_id);
        Some(self.account.request(action, &body, means))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        match self.step {
            Step::Tasks => self.read_tasks(response),
            Step::Calls => self.read_calls(response, context),
        }
    }
}
