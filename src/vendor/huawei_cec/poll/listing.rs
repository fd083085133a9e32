//! Listing the calls of a window: `queryCallDetailRecord`.
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1305.html>

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::account::Account;
use super::answer::Answer;
use super::pages::Pages;
use super::{QUERY_CALL_DETAIL_RECORD, TaskType, row};
use crate::event::Event;
use crate::vendor::poll::{Failure, Inquiry, Means, Request, Response, Window};
use crate::vendor::{Context, lenient};

/// All kinds of call but ITA calls.
const ALL: &str = "0";

/// A window and how far it is read.
pub struct Listing {
    account: Arc<Account>,
    window: Window,
    pages: Pages,
}

impl Listing {
    /// Lists `window` from its first page.
    pub fn new(account: Arc<Account>, window: Window) -> Self {
        Self { account, window, pages: Pages::default() }
    }
}

impl Inquiry for Listing {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let offset = self.pages.offset()?;
        let api = &self.account.api;
        // All of them texts, as the vendor's table says.
        let body = json!({
            "startTime": self.window.from.as_millisecond().to_string(),
            "endTime": self.window.to.as_millisecond().to_string(),
            "offset": offset.to_string(),
            "limit": api.limit.to_string(),
            "taskType": api.task_type.map_or(ALL, TaskType::number),
        });
        Some(self.account.post(QUERY_CALL_DETAIL_RECORD, &body, means))
    }

    /// Every call on the page that is over becomes an event, whether somebody waits for it or not.
    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let answer = Answer::read(response)?;
        let page = match answer.code.as_str() {
            "0" => Page::read(answer.result.as_deref())?,
            "1" => Page::default(),
            "2" => return Err(Failure::permanent("retCode 2: the vendor does not accept the times of the window")),
            "4" => return Err(Failure::permanent("retCode 4: the vendor does not accept the page: lower `api.limit`")),
            "12" => return Err(Failure::permanent("retCode 12: the vendor cannot use the calling number")),
            _ => return Err(answer.unexpected()),
        };
        let rows = page.call_info.unwrap_or_default();
        self.pages.turn(
            &rows,
            page.total.and_then(|total| u64::try_from(total).ok()),
            self.account.api.limit.into(),
        )?;
        Ok(rows.iter().filter_map(|json| row::event(&self.account, json, None, context)).collect())
    }
}

/// `result` of an answer.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    /// How many calls the window holds.
    #[serde(default, deserialize_with = "lenient::number")]
    total: Option<i64>,
    /// Some of them.
    #[serde(default)]
    call_info: Option<Vec<Box<RawValue>>>,
}

impl Page {
    /// Without a result there are no calls. What is no page must not pass for an empty one.
    fn read(result: Option<&RawValue>) -> Result<Self, Failure> {
        let Some(result) = result else { return Ok(Self::default()) };
        lenient::object(result.get().as_bytes()).map_err(|_| Failure::retry("result is not of the documented shape"))
    }
}
