//! Who is let in when more comes than can be done.
//!
//! Two bounds. [`http.max_in_flight`](crate::config::Http) bounds the requests inside, and so the memory: each holds a body.
//! Those whose body is whole are worked on, and how many of them at a time follows from how late tasks run (`limit.rs`).
//! A sender that is slow with its body takes none of that. Within both bounds no source keeps out another (`room.rs`).

mod limit;
mod room;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::IntGauge;

use self::limit::{Limit, TICK};
use self::room::Room;
use crate::config::Http;
use crate::metrics::Metrics;
use crate::reject::{Reason, Reject};

/// Lets requests in, or refuses them before they cost anything.
pub struct Admission {
    sources: BTreeMap<String, usize>,
    in_flight: Vec<IntGauge>,
    limit: IntGauge,
    state: Mutex<State>,
}

struct State {
    /// Requests that hold a body, or part of one.
    inside: Room,
    /// Those of them whose body is whole.
    working: Room,
    limit: Limit,
}

/// A request that was let in; dropped at its end, also when the client went away.
pub struct Admitted<'a> {
    admission: &'a Admission,
    source: usize,
    working: bool,
}

impl Admission {
    /// Room for requests of `sources`, within the bounds of `http`.
    pub fn new<'a>(http: &Http, sources: impl Iterator<Item = &'a str>, metrics: &Metrics) -> Self {
        let names: Vec<&str> = sources.collect();
        let room = Room::new(names.len(), http.max_in_flight);
        let limit = Limit::new(room.open(), Duration::from_millis(http.max_lateness_ms));
        metrics.work_limit.set(room.open() as i64);
        Self {
            sources: names.iter().zip(0..).map(|(name, index)| ((*name).to_owned(), index)).collect(),
            in_flight: names.iter().map(|name| metrics.in_flight.with_label_values(&[name])).collect(),
            limit: metrics.work_limit.clone(),
            state: Mutex::new(State { inside: room.clone(), working: room, limit }),
        }
    }

    /// Lets in a request of `source` whose head is there. Refuses what could not be worked on, before its body is read.
    pub fn enter(&self, source: &str) -> Result<Admitted<'_>, Reject> {
        let source = self.sources[source];
        let mut state = self.state();
        if !state.working.admits(source) {
            return Err(busy());
        }
        if !state.inside.take(source) {
            return Err(Reject::new(Reason::Overloaded, "http.max_in_flight requests are inside"));
        }
        self.in_flight[source].inc();
        Ok(Admitted { admission: self, source, working: false })
    }

    /// Keeps the limit true to how late tasks run, for as long as somebody else holds this.
    pub async fn watch(self: Arc<Self>) {
        let admission = Arc::downgrade(&self);
        drop(self);
        loop {
            let due = tokio::time::Instant::now() + TICK;
            tokio::time::sleep_until(due).await;
            // Behind everything else that can run.
            tokio::task::yield_now().await;
            let Some(admission) = admission.upgrade() else { return };
            admission.observe(due.elapsed());
        }
    }

    fn observe(&self, late: Duration) {
        let mut state = self.state();
        let State { working, limit, .. } = &mut *state;
        if let Some(limit) = limit.observe(late, working.taken()) {
            working.set_open(limit);
            self.limit.set(limit as i64);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// To be called when the body is whole.
    pub fn work(&mut self) -> Result<(), Reject> {
        self.working = self.admission.state().working.take(self.source);
        if self.working { Ok(()) } else { Err(busy()) }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        state.inside.give(self.source);
        if self.working {
            state.working.give(self.source);
        }
        self.admission.in_flight[self.source].dec();
    }
}

fn busy() -> Reject {
    Reject::new(Reason::Overloaded, "as many requests are being worked on as the processor can do in time")
}
