//! Asking about single calls: their records, and the state of those that have none.

use std::sync::Arc;

use jiff::Timestamp;

use super::answer::{self, Answer};
use super::wire::{DescribeTelSession, Live};
use super::{Account, DESCRIBE_TEL_SESSION, LONGEST_WINDOW};
use crate::event::{Event, Instant};
use crate::vendor::Context;
use crate::vendor::poll::{Failure, Inquiry, Means, Placed, Request, Response};

/// Most pages read. Only a vendor that overlooks `SessionIds` has more than two for the calls of one question.
const MOST_PAGES: usize = 10;

/// Codes of the vendor's actions for a session it does not know.
const NO_SESSION: &[&str] = &["FailedOperation.SessionNotExists", "ResourceNotFound"];

/// A question about some calls.
pub struct Calls {
    account: Arc<Account>,
    /// When the earliest was placed, Unix seconds.
    earliest: i64,
    /// Those without a result so far.
    open: Vec<Call>,
    step: Step,
}

struct Call {
    id: String,
    placed_at: Instant,
    /// The vendor itself named it.
    exists: bool,
}

enum Step {
    /// A page of records is asked for, of these sessions, and from the second page on of this window: it must not move
    /// while its pages are read.
    Records { page: usize, sessions: Vec<String>, window: (i64, i64) },
    /// The last of these calls is asked about.
    State(Vec<String>),
}

impl Calls {
    /// A question about `calls`.
    pub fn new(account: Arc<Account>, calls: &[Placed]) -> Self {
        let seconds = |call: &Placed| call.placed_at.as_millis().div_euclid(1000);
        let sessions = calls.iter().flat_map(|call| account.api.session_ids.write(&call.call)).collect();
        let call = |call: &Placed| Call { id: call.call.clone(), placed_at: call.placed_at, exists: call.hinted };
        Self {
            earliest: calls.iter().map(seconds).min().unwrap_or_default(),
            open: calls.iter().map(call).collect(),
            step: Step::Records { page: 0, sessions, window: (0, 0) },
            account,
        }
    }

    /// From before the earliest call to now: as far back as the vendor takes it.
    fn window(&self, now: Timestamp) -> (i64, i64) {
        let end = now.as_second() + i64::from(self.account.api.look_ahead_seconds);
        let start = self.earliest.min(now.as_second()) - i64::from(self.account.api.look_back_seconds);
        (start.max(end - LONGEST_WINDOW.as_secs()), end)
    }

    /// Which of the calls without a result may not exist. One placed a moment ago goes on, or its record is still to
    /// come.
    fn doubtful(&self, now: Instant) -> Vec<String> {
        let api = &self.account.api;
        let after = u64::from(api.ask_state_after_seconds) * 1000;
        let old = |call: &&Call| now.since(call.placed_at).is_some_and(|age| age >= after);
        let doubtful = self.open.iter().filter(|call| api.ask_state && !call.exists).filter(old);
        doubtful.map(|call| call.id.clone()).collect()
    }

    fn read_records(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let found = self.account.records_page(response, context)?;
        let Step::Records { page, .. } = &mut self.step else { return Ok(Vec::new()) };
        let more = found.rows > 0 && found.has_next(*page) && *page + 1 < MOST_PAGES;
        *page += 1;
        let mut events = Vec::new();
        for record in found.records {
            // Only what was asked about, and once: whatever else is there, nobody waits for.
            let Some(at) = self.open.iter().position(|call| call.id == record.session) else { continue };
            match record.event {
                Some(event) => {
                    self.open.swap_remove(at);
                    events.push(event);
                }
                None => self.open[at].exists = true,
            }
        }
        if !more || self.open.is_empty() {
            self.step = Step::State(self.doubtful(context.received_at));
        }
        Ok(events)
    }

    /// A session that is still known, also one that is over, leaves its call open: the record comes later. How the
    /// vendor answers for one it does not know is not documented: taken for that are an error that says so, and no
    /// session.
    fn read_state(&mut self, response: &Response) -> Result<Vec<Event>, Failure> {
        if let Answer::Refused(code) = answer::open(&response.body)
            && NO_SESSION.contains(&code.as_str())
        {
            return Err(Failure::permanent(code.as_str().to_owned()));
        }
        let live: Live = answer::read(response)?;
        if live.session.and_then(|session| session.status).is_none() {
            return Err(Failure::permanent("the vendor has neither a record nor a session of the call"));
        }
        if let Step::State(calls) = &mut self.step {
            calls.pop();
        }
        Ok(Vec::new())
    }
}

impl Inquiry for Calls {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let now = self.window(means.now);
        match &mut self.step {
            Step::Records { page, sessions, window } => {
                if *page == 0 {
                    *window = now;
                }
                Some(self.account.records_request(*window, *page, sessions, means.now))
            }
            Step::State(calls) => {
                let spelled = self.account.api.session_ids.write(calls.last()?);
                let session_id = spelled.first()?;
                let body = DescribeTelSession { sdk_app_id: self.account.app, session_id };
                Some(self.account.request(DESCRIBE_TEL_SESSION, &body, means.now))
            }
        }
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        match self.step {
            Step::Records { .. } => self.read_records(response, context),
            Step::State(_) => self.read_state(response),
        }
    }
}
