//! Listing a window: every page of its records, and the first one again at the end, because records that come meanwhile
//! move others from page to page.

use std::sync::Arc;

use super::records::Page;
use super::{Account, PAGE};
use crate::event::Event;
use crate::vendor::Context;
use crate::vendor::poll::{Failure, Inquiry, Means, Request, Response, Window};

/// How often a window is read from its first page before its listing fails.
const MOST_ROUNDS: u32 = 3;

/// Most pages of a window.
const MOST_PAGES: usize = 10_000;

/// A listing of a window.
pub struct Sweep {
    account: Arc<Account>,
    /// Unix seconds.
    window: (i64, i64),
    round: u32,
    step: Step,
    /// The page that is due.
    page: usize,
    /// The total of the round's first page.
    total: Option<usize>,
    /// The sessions of the page before.
    before: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// One page after the other.
    Pages,
    /// All are read: the first one once more.
    Check,
    Done,
}

impl Sweep {
    /// A listing of `window`.
    pub fn new(account: Arc<Account>, window: Window) -> Self {
        let end = window.to.as_second() + i64::from(window.to.subsec_nanosecond() > 0);
        let window = (window.from.as_second(), end);
        Self { account, window, round: 1, step: Step::Pages, page: 0, total: None, before: Vec::new() }
    }

    /// Why this page does not go together with those before.
    fn trouble(&self, found: &Page) -> Option<&'static str> {
        if self.step == Step::Pages && self.page == 0 {
            return None;
        }
        if found.total != self.total {
            return Some("TotalCount changed while the pages were read");
        }
        if self.step == Step::Check {
            return None;
        }
        if found.rows == 0 && self.total.is_some_and(|total| total > self.page * PAGE) {
            return Some("a page is empty, although TotalCount says there is more");
        }
        let same = found.records.iter().map(|record| &record.session).eq(&self.before);
        (same && !self.before.is_empty()).then_some("two pages hold the same records")
    }

    fn advance(&mut self, found: &Page) {
        if self.step == Step::Check {
            self.step = Step::Done;
            return;
        }
        if self.page == 0 {
            self.total = found.total;
        }
        self.before = found.records.iter().map(|record| record.session.clone()).collect();
        match found.has_next(self.page) {
            true => self.page += 1,
            false if self.page == 0 => self.step = Step::Done,
            false => (self.step, self.page) = (Step::Check, 0),
        }
    }
}

impl Inquiry for Sweep {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let due = self.step != Step::Done;
        due.then(|| self.account.records_request(self.window, self.page, &[], means.now))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let found = self.account.records_page(response, context)?;
        let endless = self.page + 1 >= MOST_PAGES && found.has_next(self.page);
        if endless || found.total.is_some_and(|total| total > MOST_PAGES * PAGE) {
            let detail =
                "a window holds more than 1000000 records: shorten poll.sweep.overlap_seconds and look_back_seconds";
            return Err(Failure::permanent(detail));
        }
        match self.trouble(&found) {
            Some(trouble) if self.round >= MOST_ROUNDS => return Err(Failure::retry(trouble)),
            Some(_) => (self.step, self.page, self.round) = (Step::Pages, 0, self.round + 1),
            None => self.advance(&found),
        }
        // What was read is true in any case.
        Ok(found.records.into_iter().filter_map(|record| record.event).collect())
    }
}
