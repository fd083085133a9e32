//! Turning the pages of a list whose total may be absent, change or lie.

use serde_json::value::RawValue;

use crate::vendor::poll::Failure;

/// Most pages of one list.
const MOST_PAGES: u32 = 10_000;

/// How often a list is begun anew because it changed while it was read.
const MOST_RESTARTS: u32 = 3;

/// How far a list is read.
#[derive(Default)]
pub struct Pages {
    ended: bool,
    /// Rows read.
    read: u64,
    turned: u32,
    total: Option<u64>,
    /// The page before, as it came.
    last: Option<String>,
    restarts: u32,
    /// Where the list ended when it was read before, short of its total.
    ended_at: Option<u64>,
}

impl Pages {
    /// Rows to pass over, to get the next page; `None` when all is read.
    pub fn offset(&self) -> Option<u64> {
        (!self.ended).then_some(self.read)
    }

    /// Takes the page at [`Pages::offset`]. After an error nothing has changed.
    ///
    /// A list ends where its total says; without a total, with the first page of less than `limit` rows. When the total
    /// changes, rows may have moved from one page to another: the list is begun anew. So it is when it ends before its total;
    /// when it ends there again, it has ended.
    pub fn turn(&mut self, rows: &[Box<RawValue>], total: Option<u64>, limit: u64) -> Result<(), Failure> {
        if total.is_some() && self.total.is_some() && total != self.total {
            return self.restart(self.ended_at);
        }
        let total = total.or(self.total);
        if rows.is_empty() {
            if total.is_some_and(|total| self.read < total) && self.ended_at != Some(self.read) {
                return self.restart(Some(self.read));
            }
            self.ended = true;
            return Ok(());
        }
        let page = rows.iter().map(|row| row.get()).collect::<Vec<_>>().join(",");
        if self.last.as_ref() == Some(&page) {
            return Err(Failure::permanent("the same page came twice: the vendor passes over no rows"));
        }
        let read = self.read + rows.len() as u64;
        let ended = match total {
            Some(total) => read >= total,
            None => (rows.len() as u64) < limit,
        };
        if !ended && self.turned + 1 == MOST_PAGES {
            return Err(Failure::permanent(
                "the window has more than 10000 pages: lower `api.window_hours` or raise `api.limit`",
            ));
        }
        *self = Self { ended, read, turned: self.turned + 1, total, last: Some(page), ..*self };
        Ok(())
    }

    fn restart(&mut self, ended_at: Option<u64>) -> Result<(), Failure> {
        if self.restarts == MOST_RESTARTS {
            return Err(Failure::retry("the list changes while its pages are read"));
        }
        *self = Self { restarts: self.restarts + 1, ended_at, ..Self::default() };
        Ok(())
    }
}
