//! Gives the spool to Kafka: the oldest first, deleted when acknowledged.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::batch::{self, Decoded, Spooled};
use super::folder::Entry;
use super::{LARGEST_FILE, Spool};
use crate::kafka::{PublishError, Publisher, Record};

/// Most records given to the producer at a time; fewer when its queue is smaller.
const TOGETHER: usize = 500;
/// Before the next try.
const PAUSE: Duration = Duration::from_millis(200);
/// How long what is under way may take after a stop.
pub const LAST: Duration = Duration::from_secs(2);
/// How long an acknowledgement is waited for: the producer gives up by itself before.
const PATIENCE: Duration = Duration::from_secs(30);

/// The task that drains a spool.
pub struct Drainer {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Drainer {
    /// Drains `spool` into `publisher`.
    pub fn spawn(spool: Arc<Spool>, publisher: Arc<Publisher>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(spool.drain(publisher, stop.clone()));
        Self { task, stop }
    }

    /// Stops. What is not known to be safe in Kafka stays on disk.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(LAST, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Spool {
    async fn drain(self: Arc<Self>, publisher: Arc<Publisher>, stop: CancellationToken) {
        let mut holds = self.holds();
        while !stop.is_cancelled() {
            let oldest = self.oldest();
            if oldest.is_empty() {
                tokio::select! {
                    _ = holds.wait_for(|holds| *holds) => {}
                    () = stop.cancelled() => {}
                }
                // Held by the writer, which has not finished.
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
            let spool = self.clone();
            let Ok(mut group) = tokio::task::spawn_blocking(move || spool.load(&oldest)).await else { continue };
            if !self.send(&publisher, &mut group, &stop).await {
                return;
            }
            let spool = self.clone();
            let _ = tokio::task::spawn_blocking(move || spool.finish(&group.files)).await;
        }
    }

    /// The oldest files, as many as one file may be large.
    pub(super) fn oldest(&self) -> Vec<Entry> {
        let state = self.lock();
        let mut bytes = 0;
        let small = |entry: &&Entry| {
            let first = bytes == 0;
            bytes += entry.bytes;
            first || bytes <= LARGEST_FILE as u64
        };
        state.files.iter().take_while(small).copied().collect()
    }

    /// Reads files. What is damaged is counted and kept under another name; what is whole in it goes its way.
    pub(super) fn load(&self, files: &[Entry]) -> Group {
        let mut group = Group { files: Vec::new(), records: Vec::new() };
        for entry in files {
            let path = self.folder.path(entry);
            let decoded = self.folder.read(entry).map(|bytes| batch::decode(&bytes)).unwrap_or_else(|error| {
                self.metrics.spool_errors.with_label_values(&["read"]).inc();
                tracing::error!(%error, file = %path.display(), "a file of the spool cannot be read");
                Decoded::Records(Vec::new())
            });
            let mut file = File { entry: *entry, done: true };
            match decoded {
                Decoded::Records(whole) => {
                    let damaged = (entry.records as usize).saturating_sub(whole.len());
                    if damaged > 0 {
                        tracing::error!(damaged, whole = whole.len(), file = %path.display(), "a file of the spool is damaged");
                        self.set_aside(&mut file, "damaged", damaged);
                    }
                    let index = group.files.len();
                    group.records.extend(whole.into_iter().map(|record| (index, record)));
                }
                Decoded::Newer(version) => {
                    file.done = false;
                    self.metrics.spool_set_aside.with_label_values(&["newer"]).inc_by(entry.records.into());
                    tracing::error!(version, file = %path.display(),
                        "a file of the spool is of a newer version and left alone: let the program that wrote it drain it");
                }
            }
            group.files.push(file);
        }
        group
    }

    /// Keeps a file under a name that is not read again.
    fn set_aside(&self, file: &mut File, why: &str, records: usize) {
        self.metrics.spool_set_aside.with_label_values(&[why]).inc_by(records as u64);
        if std::mem::replace(&mut file.done, false)
            && let Err(error) = self.folder.set_aside(&file.entry)
        {
            self.metrics.spool_errors.with_label_values(&["rename"]).inc();
            tracing::error!(%error, "a file to be set aside keeps its name, and is read again after the next start");
        }
    }

    /// Returns whether Kafka has acknowledged all records of `group`; it has not when `stop` came first.
    async fn send(&self, publisher: &Publisher, group: &mut Group, stop: &CancellationToken) -> bool {
        let mut together = TOGETHER;
        let mut left = group.records.as_slice();
        while !left.is_empty() {
            let (some, rest) = left.split_at(together.min(left.len()));
            let headers: Vec<_> = some.iter().map(|(_, record)| record.headers()).collect();
            let records: Vec<Record<'_>> =
                some.iter().zip(&headers).map(|((_, record), headers)| record.record(headers)).collect();
            match publisher.publish(&records, Instant::now() + PATIENCE).await {
                Ok(()) => {
                    self.metrics.spool_drained.inc_by(some.len() as u64);
                    left = rest;
                    continue;
                }
                Err(PublishError::TooLarge) if together == 1 => {
                    tracing::error!(topic = records[0].topic, "a record of the spool is over kafka.max_message_bytes");
                    self.set_aside(&mut group.files[some[0].0], "too_large", 1);
                    left = rest;
                    continue;
                }
                // One of them is; and the producer's queue may be smaller than what was given to it.
                Err(PublishError::TooLarge) => together = 1,
                Err(PublishError::QueueFull) => together = (together / 2).max(1),
                Err(error) => tracing::debug!(%error, "the spool waits for Kafka"),
            }
            if stop.is_cancelled() {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
        true
    }

    pub(super) fn finish(&self, files: &[File]) {
        for file in files.iter().filter(|file| file.done) {
            if let Err(error) = self.folder.remove(&file.entry) {
                self.metrics.spool_errors.with_label_values(&["delete"]).inc();
                tracing::error!(%error, "a file of the spool cannot be deleted, and is sent again after the next start");
            }
        }
        self.forget(files.len());
    }
}

/// Files that are sent together.
pub(super) struct Group {
    pub files: Vec<File>,
    /// The records, each with the index of its file.
    pub records: Vec<(usize, Spooled)>,
}

pub(super) struct File {
    entry: Entry,
    /// Whether it may be deleted once its records are sent.
    done: bool,
}
