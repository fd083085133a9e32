//! Turning pages of a list whose totals may be absent, change or lie.

use serde_json::value::RawValue;

use crate::vendor::hex::digest_hex;
use crate::vendor::poll::Failure;

/// Most pages of one list.
const MOST_PAGES: u32 = 1000;

/// How often a list is read from its start because its total changed.
const MOST_STARTS: u32 = 3;

/// Where the reading of a list stands.
#[derive(Default)]
pub struct Pages {
    turned: u32,
    rows: u64,
    total: Option<u64>,
    last: Option<String>,
    restarts: u32,
}

impl Pages {
    /// The page to ask for, from 1.
    pub fn page(&self) -> u32 {
        self.turned + 1
    }

    /// Takes the rows of that page; `true` when there is another one. After an error nothing has changed.
    ///
    /// A list ends with a page that is empty, shorter than `size`, or the one before once more. A total only makes it
    /// longer: a vendor that gives short pages is read until the total is reached.
    pub fn turn(&mut self, rows: &[Box<RawValue>], total: Option<u64>, size: u32) -> Result<bool, Failure> {
        let digest = digest_hex(rows.iter().map(|row| row.get()).collect::<Vec<_>>().join(",").as_bytes());
        let repeated = !rows.is_empty() && self.last.as_ref() == Some(&digest);
        let read = if repeated { self.rows } else { self.rows + rows.len() as u64 };
        // What is less than the rows read so far is no total of all, but perhaps one of the page.
        let total = total.filter(|total| *total >= read);
        if self.total.is_some() && total.is_some() && self.total != total {
            if self.restarts == MOST_STARTS {
                return Err(Failure::retry("the list changes while its pages are read"));
            }
            *self = Self { restarts: self.restarts + 1, ..Self::default() };
            return Ok(true);
        }
        let missing = total.or(self.total).is_some_and(|total| read < total);
        if repeated && missing {
            return Err(Failure::retry("a page came twice and the list is not complete"));
        }
        let more = !rows.is_empty() && !repeated && (rows.len() as u64 >= u64::from(size) || missing);
        if more && self.page() == MOST_PAGES {
            return Err(Failure::permanent(
                "the list has more than 1000 pages: shorten the window or raise `api.page_size`",
            ));
        }
        let total = total.or(self.total);
        *self = Self { turned: self.turned + 1, rows: read, total, last: Some(digest), restarts: self.restarts };
        Ok(more)
    }
}
