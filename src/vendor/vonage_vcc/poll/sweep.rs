//! Listing a window of interactions, page by page, with `include=Processed`: every other way of asking overlooks calls that
//! began before the window. <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3567845377/Get+interactions>

use std::sync::Arc;

use jiff::Timestamp;

use super::row::Row;
use super::wire::{Meta, Page};
use super::{Account, refusal};
use crate::event::{Event, Instant};
use crate::vendor::poll::{Failure, Inquiry, Means, Request, Response, Window};
use crate::vendor::{Context, lenient};

/// How often a window is read from its first page before its listing fails.
const MOST_ROUNDS: u32 = 3;

/// Most pages of a window.
const MOST_PAGES: i64 = 10_000;

/// A listing of a window.
pub struct Sweep {
    account: Arc<Account>,
    window: Window,
    round: u32,
    /// The page that is due; `None` when all are read.
    page: Option<i64>,
    /// Pages and interactions as the round's first page counts them.
    counts: Option<(Option<i64>, Option<i64>)>,
    /// The ids of the page before.
    before: Vec<String>,
    /// How far the round is complete: each page has its own time, the first one's holds for all.
    reached: Option<Timestamp>,
}

impl Sweep {
    /// A listing of `window`.
    pub fn new(account: Arc<Account>, window: Window) -> Self {
        Self { account, window, round: 1, page: Some(1), counts: None, before: Vec::new(), reached: None }
    }

    /// Why this page does not go together with those before.
    fn trouble(&self, page: i64, meta: &Meta, ids: &[String], pages: i64) -> Option<&'static str> {
        if self.counts.is_some_and(|counts| counts != (meta.page_count, meta.total_count)) {
            return Some("the number of interactions changed while the pages were read");
        }
        if ids.is_empty() && pages > page {
            return Some("a page is empty, although there are more");
        }
        (!ids.is_empty() && ids == self.before).then_some("two pages hold the same interactions")
    }

    /// The end of what is complete, where it can be believed: a time before the window would have it listed for ever.
    fn up_to(&self, text: Option<&str>, context: &Context) -> Option<Timestamp> {
        let at = Instant::from_iso(text?, &context.time_zone)?;
        Timestamp::from_millisecond(at.as_millis()).ok().filter(|at| *at > self.window.from)
    }
}

impl Inquiry for Sweep {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let page = self.page?;
        let (start, end) = (Instant::new(self.window.from), Instant::new(self.window.to));
        let limit = self.account.api.page_size.map(|size| format!("&limit={size}")).unwrap_or_default();
        let query = format!("?start={start}&end={end}&include=Processed{limit}&page={page}");
        Some(self.account.interactions(&query, means))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        refusal::check(response, "stats_version")?;
        let Some(page) = self.page else { return Ok(Vec::new()) };
        let unreadable = || Failure::retry("a page of interactions is not of the documented shape");
        let answer: Page<'_> = lenient::object(&response.body).map_err(|_| unreadable())?;
        let meta = answer.meta.as_ref().ok_or_else(unreadable)?;
        let pages = meta.page_count.ok_or_else(unreadable)?;
        if pages > MOST_PAGES {
            let detail = "a window has more than 10000 pages: raise `api.page_size` or shorten poll.sweep's times";
            return Err(Failure::permanent(detail));
        }
        let items = answer.items.or((pages <= 0).then(Vec::new)).ok_or_else(unreadable)?;
        let rows: Vec<Row<'_>> = items.iter().filter_map(|item| Row::read(item)).collect();
        if rows.is_empty() && !items.is_empty() {
            return Err(unreadable());
        }

        let ids: Vec<String> = rows.iter().map(|row| row.call.clone()).collect();
        match self.trouble(page, meta, &ids, pages) {
            Some(trouble) if self.round >= MOST_ROUNDS => return Err(Failure::retry(trouble)),
            Some(_) => {
                let round = self.round + 1;
                *self = Self { round, ..Self::new(self.account.clone(), self.window) };
            }
            None => {
                if page == 1 {
                    self.counts = Some((meta.page_count, meta.total_count));
                    self.reached = self.up_to(answer.up_to.as_deref(), context);
                }
                self.before = ids;
                self.page = (page < pages).then_some(page + 1);
            }
        }
        // What was read is true in any case.
        let ended = rows.iter().filter(|row| row.is_over() && row.is_customer_call(&self.account));
        Ok(ended.map(|row| row.ended(&self.account, context)).collect())
    }

    fn reached(&self) -> Option<Timestamp> {
        self.reached
    }
}
