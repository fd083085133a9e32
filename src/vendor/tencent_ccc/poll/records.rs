//! Records of sessions, as `DescribeTelCdr` gives them.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::wire::{DescribeTelCdr, Records};
use super::{Account, DESCRIBE_TEL_CDR, PAGE};
use crate::event::Event;
use crate::vendor::Context;
use crate::vendor::poll::{Failure, Request, Response};
use crate::vendor::tencent_ccc::wire::Cdr;
use crate::vendor::tencent_ccc::{members, normalise};

/// A page of records.
pub struct Page {
    /// How many records there are on all pages, where the vendor says so.
    pub total: Option<usize>,
    /// How many are on this page.
    pub rows: usize,
    /// Those that can be read.
    pub records: Vec<Record>,
}

/// A record of a session.
pub struct Record {
    /// The session, as events have it as their subject.
    pub session: String,
    /// The end of it; `None` while it goes on.
    pub event: Option<Event>,
}

impl Page {
    /// Whether another page is due after this one, the `number`th. A total that is less than what came already is none.
    pub fn has_next(&self, number: usize) -> bool {
        let before = number * PAGE;
        match self.total.filter(|total| before + self.rows <= *total) {
            Some(total) => before + PAGE < total,
            None => self.rows >= PAGE,
        }
    }
}

impl Account {
    /// Asks for page `number` of the records from `start` to `end` (Unix seconds), of `sessions` or of all.
    pub fn records_request(
        &self,
        (start, end): (i64, i64),
        number: usize,
        sessions: &[String],
        now: Timestamp,
    ) -> Request {
        let body = DescribeTelCdr {
            sdk_app_id: self.app,
            start_time_stamp: start,
            end_time_stamp: end,
            page_size: PAGE,
            page_number: number,
            session_ids: sessions,
        };
        self.request(DESCRIBE_TEL_CDR, &body, now)
    }

    /// Reads a page. A row that cannot be read is left out: it must not hide the others.
    pub fn records_page(&self, response: &Response, context: &Context) -> Result<Page, Failure> {
        let answer: Records = super::answer::read(response)?;
        let total = answer.total.and_then(|total| usize::try_from(total).ok());
        let Some(rows) = answer.rows().or(total.filter(|total| *total == 0).map(|_| &[][..])) else {
            return Err(Failure::retry("the response holds neither TelCdrList nor TelCdrs"));
        };
        let context = self.context(context);
        let records = rows.iter().filter_map(|row| self.record(row, &context)).collect();
        Ok(Page { total, rows: rows.len(), records })
    }

    /// A row without application is of the one that was asked about; one of another application is nobody's.
    fn record(&self, row: &RawValue, context: &Context) -> Option<Record> {
        let cdr: Cdr = members::object(row.get().as_bytes()).ok()?;
        if cdr.sdk_app_id.as_deref().is_some_and(|app| app.trim() != self.account) {
            return None;
        }
        let session = normalise::session(cdr.session_id.as_deref()).ok()?;
        let mut event = is_over(&cdr).then(|| normalise::ended(&self.settings, &cdr, context)).transpose().ok()?;
        if let Some(event) = &mut event {
            event.raw = context.raw(row);
        }
        Some(Record { session, event })
    }
}

/// The vendor documents records of sessions that are over. One without end and without status is not; the status 0 by
/// itself can be a status that is not there yet.
fn is_over(cdr: &Cdr) -> bool {
    let ended = cdr.ended_timestamp.is_some_and(|at| at > 0);
    ended || cdr.end_status_string.is_some() || cdr.end_status.as_deref().is_some_and(|status| status != "0")
}
