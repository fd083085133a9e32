//! Keeps a dedup worker running on a thread of its own, and tells when it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;

use super::worker::Worker;
use crate::config::Config;
use crate::kafka::{Health, Topics};
use crate::metrics::Metrics;

/// A single Kafka call that has not returned for this long never will: the process must end.
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// Why a worker ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A new worker can take over: Kafka ended the old one's clients.
    #[error("{0}")]
    Restart(String),
    /// Trying again cannot help; somebody must act.
    #[error("{0}")]
    Final(String),
}

/// What a worker needs.
#[derive(Clone)]
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The topics.
    pub topics: Topics,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub health: Health,
}

/// A worker's sign of life, and the way to stop it.
#[derive(Clone)]
pub struct Heartbeat {
    epoch: Instant,
    last: Arc<AtomicI64>,
    stopping: Arc<AtomicBool>,
}

impl Heartbeat {
    fn new() -> Self {
        Self { epoch: Instant::now(), last: Arc::default(), stopping: Arc::default() }
    }

    /// Still alive.
    pub fn beat(&self) {
        self.last.store(self.epoch.elapsed().as_millis() as i64, Ordering::Relaxed);
    }

    /// Whether the worker was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Time since the last sign of life.
    pub fn silence(&self) -> Duration {
        let now = self.epoch.elapsed().as_millis() as i64;
        Duration::from_millis(now.saturating_sub(self.last.load(Ordering::Relaxed)).max(0) as u64)
    }
}

/// A running dedup worker.
pub struct Stage {
    heartbeat: Heartbeat,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Stage {
    /// Starts worker number `index` of this process.
    pub fn spawn(setup: Setup, index: usize) -> Self {
        let heartbeat = Heartbeat::new();
        let beats = heartbeat.clone();
        let thread = std::thread::Builder::new()
            .name(format!("dedup-{index}"))
            .spawn(move || run(&setup, index, &beats))
            .expect("the operating system starts a thread");
        Self { heartbeat, thread }
    }

    /// Asks the worker to commit and leave.
    pub fn stop(&self) {
        self.heartbeat.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the worker has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Whether the worker hangs in a call that never returns.
    pub fn is_stalled(&self) -> bool {
        self.heartbeat.silence() > STALLED_AFTER
    }

    /// How the worker ended. Blocks until it has.
    pub fn join(self) -> Result<(), Failure> {
        self.thread.join().unwrap_or_else(|_| Err(Failure::Final("the dedup worker panicked".to_owned())))
    }
}

/// Runs workers one after the other until one ends well, is asked to stop, or cannot be replaced.
fn run(setup: &Setup, index: usize, heartbeat: &Heartbeat) -> Result<(), Failure> {
    let check = setup.health.check(format!("dedup-{index}"));
    let mut pause = Duration::from_millis(500);
    loop {
        let started = Instant::now();
        let ended = Worker::new(setup, index, heartbeat.clone(), check.clone()).and_then(Worker::run);
        let why = match ended {
            Err(Failure::Restart(why)) if !heartbeat.is_stopping() => why,
            Err(Failure::Restart(_)) => return Ok(()),
            other => return other,
        };
        setup.metrics.restarts.inc();
        check.fails(format!("starting anew: {why}"));
        tracing::warn!(worker = index, why, "the dedup worker starts anew");
        if started.elapsed() > Duration::from_secs(60) {
            pause = Duration::from_millis(500);
        }
        let wake = Instant::now() + pause;
        while Instant::now() < wake && !heartbeat.is_stopping() {
            heartbeat.beat();
            std::thread::sleep(Duration::from_millis(50));
        }
        pause = (pause * 2).min(Duration::from_secs(10));
    }
}
