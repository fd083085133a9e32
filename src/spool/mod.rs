//! The spool: a bounded folder on disk that takes deliveries while Kafka is away, and gives them to Kafka, in order, when it
//! is back.
//!
//! A writer thread makes one file of all deliveries that wait, so that a single wait for the disk serves them all
//! (`folder.rs`, `batch.rs`). `drain.rs` sends the oldest files and deletes them. As long as anything is held, every new
//! delivery goes behind it.

mod batch;
mod drain;
mod folder;

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

pub use self::drain::{Drainer, LAST};
pub use self::folder::Unusable;
use self::folder::{Entry, Folder, on_disk};
use crate::clock;
use crate::config;
use crate::kafka::{Check, Outage, PublishError, Record};
use crate::metrics::Metrics;

/// Most bytes the writer puts into one file, unless a single delivery is larger: reading it back takes as much memory.
const LARGEST_FILE: usize = 1024 * 1024;
const REPORT_INTERVAL: Duration = Duration::from_millis(500);

/// A folder of deliveries that wait for Kafka.
pub struct Spool {
    folder: Folder,
    max_bytes: u64,
    after: Duration,
    state: Mutex<State>,
    /// Whether anything is held; changed under the lock of `state` only.
    holds: watch::Sender<bool>,
    writer: mpsc::Sender<Delivery>,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct State {
    /// What is on disk, oldest first.
    files: VecDeque<Entry>,
    records: u64,
    bytes: u64,
    /// Deliveries the writer has not finished, and what they may take on disk.
    writing: usize,
    reserved: u64,
    next: u64,
    /// Why the last file could not be written.
    failure: Option<String>,
    /// Whether the last delivery was refused for want of room.
    full: bool,
}

/// A delivery on its way to the disk.
struct Delivery {
    records: u32,
    bytes: Vec<u8>,
    reserved: u64,
    written: oneshot::Sender<Result<(), PublishError>>,
}

/// How full the spool is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depth {
    /// Records held.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Since when the oldest is held.
    pub age: Duration,
    /// Why it takes no more; `None` when it does.
    pub refuses: Option<String>,
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.records {
            0 => f.write_str("empty"),
            records => {
                let (bytes, age) = (self.bytes, self.age.as_secs());
                write!(f, "{records} records, {bytes} bytes, the oldest waits {age} s for Kafka")
            }
        }
    }
}

/// Whether the folder `dir` can be a spool, and how many records an earlier process left in it.
pub fn look(dir: &Path) -> Result<u64, Unusable> {
    Folder::open(dir).map(|(_, files)| files.iter().map(|file| u64::from(file.records)).sum())
}

impl Spool {
    /// Opens the folder `spool.dir`, with what an earlier process left in it. `None` when no folder is configured.
    pub fn open(config: &config::Config, metrics: Arc<Metrics>) -> Result<Option<Arc<Self>>, config::SettingsError> {
        let settings = &config.spool;
        let Some(dir) = &settings.dir else { return Ok(None) };
        let after = Duration::from_millis(settings.after_ms);
        Self::open_folder(dir, settings.max_bytes, after, config.http.max_in_flight, metrics)
            .map(Some)
            .map_err(|why| config.error("spool.dir", why))
    }

    fn open_folder(
        dir: &Path,
        max_bytes: u64,
        after: Duration,
        waiting: usize,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, String> {
        let (folder, files) = Folder::open(dir).map_err(|unusable| unusable.to_string())?;
        let state = State {
            records: files.iter().map(|file| u64::from(file.records)).sum(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            next: files.back().map_or(0, |last| last.sequence + 1),
            files,
            ..State::default()
        };
        if !state.files.is_empty() {
            tracing::warn!(
                records = state.records,
                bytes = state.bytes,
                "the spool holds what an earlier process left"
            );
        }
        let (writer, deliveries) = mpsc::channel(waiting);
        let holds = watch::Sender::new(!state.files.is_empty());
        let spool = Arc::new(Self { folder, max_bytes, after, state: Mutex::new(state), holds, writer, metrics });
        spool.report();
        let weak = Arc::downgrade(&spool);
        std::thread::spawn(move || write(&weak, deliveries));
        Ok(spool)
    }

    /// How long Kafka may take before a delivery goes to the spool.
    pub fn after(&self) -> Duration {
        self.after
    }

    /// Tells whether anything is held: then new deliveries belong behind it.
    pub fn holds(&self) -> watch::Receiver<bool> {
        self.holds.subscribe()
    }

    /// Returns when `records` are on the disk.
    pub async fn put(&self, records: &[Record<'_>], deadline: Instant) -> Result<(), PublishError> {
        let mut bytes = Vec::new();
        records.iter().for_each(|record| batch::encode(record, &mut bytes));
        // Alone in its file, which is the worst case.
        let reserved = on_disk((batch::START.len() + bytes.len()) as u64);
        let (written, done) = oneshot::channel();
        let delivery = Delivery { records: records.len() as u32, bytes, reserved, written };
        {
            let mut state = self.lock();
            state.full = state.bytes + state.reserved + reserved > self.max_bytes;
            if state.full {
                self.metrics.spool_refused.with_label_values(&["full"]).inc();
                return Err(PublishError::SpoolFull);
            }
            // Bounded like the requests that wait; one that is given up keeps its place until it is written.
            self.writer.try_send(delivery).map_err(|_| {
                self.metrics.spool_refused.with_label_values(&["busy"]).inc();
                PublishError::QueueFull
            })?;
            state.writing += 1;
            state.reserved += reserved;
            self.tell(&state);
        }
        match tokio::time::timeout_at(deadline, done).await {
            Ok(Ok(result)) => result,
            // The disk hangs. It may still be written: the sender repeats it, dedup absorbs the copy.
            Ok(Err(_)) | Err(_) => {
                self.metrics.spool_refused.with_label_values(&["failed"]).inc();
                Err(PublishError::SpoolFailed)
            }
        }
    }

    /// How much is held.
    pub fn depth(&self) -> Depth {
        let state = self.lock();
        let since = state.files.front().map_or(i64::MAX, |oldest| oldest.at);
        let refuses = match &state.failure {
            Some(error) => Some(format!("cannot be written: {error}")),
            None if state.full => Some(format!("spool.max_bytes = {} are used up", self.max_bytes)),
            None => None,
        };
        let age = Duration::from_millis(clock::now().as_millisecond().saturating_sub(since).max(0) as u64);
        Depth { records: state.records, bytes: state.bytes, age, refuses }
    }

    /// Keeps gauges and `check` up to date, for ever. A spool that takes nothing matters only while it is needed.
    pub async fn watch(self: Arc<Self>, outage: Outage, check: Check) {
        loop {
            let depth = self.report();
            let needed = *self.holds().borrow() || outage.is_away(Instant::now());
            match depth.refuses.as_ref().filter(|_| needed) {
                Some(why) => check.fails(format!("{why}; {depth}")),
                None => check.holds(depth.to_string()),
            }
            tokio::time::sleep(REPORT_INTERVAL).await;
        }
    }

    fn report(&self) -> Depth {
        let depth = self.depth();
        self.metrics.spool_records.set(depth.records as i64);
        self.metrics.spool_bytes.set(depth.bytes as i64);
        self.metrics.spool_oldest.set(depth.age.as_secs() as i64);
        depth
    }

    /// Writes one file of `deliveries`, and tells them.
    fn commit(&self, deliveries: Vec<Delivery>) {
        let size = deliveries.iter().map(|delivery| delivery.bytes.len()).sum::<usize>() + batch::START.len();
        let entry = Entry {
            sequence: self.lock().next,
            records: deliveries.iter().map(|delivery| delivery.records).sum(),
            at: clock::now().as_millisecond(),
            bytes: on_disk(size as u64),
        };
        let parts: Vec<&[u8]> = deliveries.iter().map(|delivery| delivery.bytes.as_slice()).collect();
        let written = self.folder.write(&entry, &parts);
        let result = match &written {
            Ok(()) => Ok(()),
            Err(_) => Err(PublishError::SpoolFailed),
        };
        {
            let mut state = self.lock();
            state.writing -= deliveries.len();
            state.reserved -= deliveries.iter().map(|delivery| delivery.reserved).sum::<u64>();
            state.next += 1;
            match written {
                Ok(()) => {
                    if state.failure.take().is_some() {
                        tracing::warn!("the spool can be written again");
                    } else if state.files.is_empty() {
                        tracing::warn!("Kafka does not acknowledge: deliveries go to the spool");
                    }
                    state.files.push_back(entry);
                    state.records += u64::from(entry.records);
                    state.bytes += entry.bytes;
                    self.metrics.spooled.inc_by(entry.records.into());
                }
                Err(error) => {
                    self.metrics.spool_errors.with_label_values(&["write"]).inc();
                    self.metrics.spool_refused.with_label_values(&["failed"]).inc_by(deliveries.len() as u64);
                    if state.failure.replace(error.to_string()).is_none() {
                        tracing::error!(%error, "the spool cannot be written; deliveries are refused until it can");
                    }
                }
            }
            self.tell(&state);
        }
        for delivery in deliveries {
            // Whoever gave up does not listen.
            let _ = delivery.written.send(result);
        }
    }

    /// Forgets the oldest files. Whether anything is still held is decided together with it.
    fn forget(&self, count: usize) {
        let mut state = self.lock();
        let gone: Vec<Entry> = state.files.drain(..count).collect();
        state.records -= gone.iter().map(|entry| u64::from(entry.records)).sum::<u64>();
        state.bytes -= gone.iter().map(|entry| entry.bytes).sum::<u64>();
        state.full = false;
        if state.files.is_empty() {
            tracing::info!("the spool is drained");
        }
        self.tell(&state);
    }

    fn tell(&self, state: &State) {
        let holds = state.writing > 0 || !state.files.is_empty();
        self.holds.send_if_modified(|known| std::mem::replace(known, holds) != holds);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer: everything that waits goes into one file.
fn write(spool: &std::sync::Weak<Spool>, mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(first) = deliveries.blocking_recv() {
        let mut size = first.bytes.len();
        let mut together = vec![first];
        while size < LARGEST_FILE
            && let Ok(next) = deliveries.try_recv()
        {
            size += next.bytes.len();
            together.push(next);
        }
        let Some(spool) = spool.upgrade() else { return };
        spool.commit(together);
    }
}

#[cfg(test)]
mod tests;
