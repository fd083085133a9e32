//! Who is let in when more comes than can be done.
//!
//! Two bounds. [`http.max_in_flight`](crate::config::Http) bounds the requests inside, and so the memory: each holds a body.
//! Those whose body is whole are worked on, and how many of them at a time follows from how busy the processor is (`limit.rs`).
//! A sender that is slow with its body takes none of that. Within both bounds no source keeps out another (`room.rs`).

mod limit;
mod room;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::{Gauge, IntGauge};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

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
    busy: Gauge,
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
        let limit = Limit::new(room.open(), f64::from(http.max_busy_percent) / 100.0);
        metrics.work_limit.set(room.open() as i64);
        Self {
            sources: names.iter().zip(0..).map(|(name, index)| ((*name).to_owned(), index)).collect(),
            in_flight: names.iter().map(|name| metrics.in_flight.with_label_values(&[name])).collect(),
            limit: metrics.work_limit.clone(),
            busy: metrics.busy_ratio.clone(),
            state: Mutex::new(State { inside: room.clone(), working: room, limit }),
        }
    }

    /// Lets in a request of `source` whose head is there. Refuses what could not be worked on, before its body is read.
    pub fn enter(&self, source: &str) -> Result<Admitted<'_>, Reject> {
        let source = self.sources[source];
        let mut state = self.state();
        if !state.working.admits(source) {
            return Err(refused());
        }
        if !state.inside.take(source) {
            return Err(Reject::new(Reason::Overloaded, "http.max_in_flight requests are inside"));
        }
        self.in_flight[source].inc();
        Ok(Admitted { admission: self, source, working: false })
    }

    /// Keeps the limit true to how busy the processor is, for as long as somebody else holds this.
    pub async fn watch(self: Arc<Self>) {
        let admission = Arc::downgrade(&self);
        drop(self);
        let mut last = (Instant::now(), busy());
        loop {
            sleep(TICK).await;
            let Some(admission) = admission.upgrade() else { return };
            let now = (Instant::now(), busy());
            let share = (now.1 - last.1).as_secs_f64() / (now.0 - last.0).as_secs_f64();
            last = now;
            admission.observe(share);
        }
    }

    fn observe(&self, busy: f64) {
        self.busy.set(busy);
        let mut state = self.state();
        let limit = state.limit.observe(busy);
        state.working.set_open(limit);
        self.limit.set(limit as i64);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admitted<'_> {
    /// To be called when the body is whole.
    pub fn work(&mut self) -> Result<(), Reject> {
        self.working = self.admission.state().working.take(self.source);
        if self.working { Ok(()) } else { Err(refused()) }
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

/// For how long the threads that answer requests had something to do, on average, since the program began.
fn busy() -> Duration {
    let metrics = Handle::current().metrics();
    let all: Duration = (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum();
    all / metrics.num_workers() as u32
}

fn refused() -> Reject {
    Reject::new(Reason::Overloaded, "as many requests are being worked on as the processor can do in time")
}
