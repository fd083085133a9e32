//! The sign of life of a thread that talks to Kafka, and the way to stop it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// A worker's sign of life, and the way to stop it.
#[derive(Clone)]
pub struct Heartbeat {
    epoch: Instant,
    last: Arc<AtomicI64>,
    stopping: Arc<AtomicBool>,
}

impl Default for Heartbeat {
    /// Alive from now on.
    fn default() -> Self {
        Self { epoch: Instant::now(), last: Arc::default(), stopping: Arc::default() }
    }
}

impl Heartbeat {
    /// Still alive.
    pub fn beat(&self) {
        self.last.store(self.epoch.elapsed().as_millis() as i64, Ordering::Relaxed);
    }

    /// Asks the worker to stop.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
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
