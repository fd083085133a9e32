//! Keeps a dedup worker running on a thread of its own, and tells when it cannot.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::setup::{Failure, Setup};
use super::worker::Worker;
use crate::kafka::Heartbeat;

/// A single Kafka call that has not returned for this long never will: the process must end.
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// A running dedup worker.
pub struct Stage {
    heartbeat: Heartbeat,
    thread: JoinHandle<Result<(), Failure>>,
}

impl Stage {
    /// Starts worker number `index` of this process.
    pub fn spawn(setup: Setup, index: usize) -> Self {
        let heartbeat = Heartbeat::default();
        let beats = heartbeat.clone();
        let thread = std::thread::Builder::new()
            .name(format!("dedup-{index}"))
            .spawn(move || run(&setup, index, &beats))
            .expect("the operating system starts a thread");
        Self { heartbeat, thread }
    }

    /// Asks the worker to commit and leave.
    pub fn stop(&self) {
        self.heartbeat.stop();
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
