//! Reading a partition's memory back from the seen topic, before the first decision.
//!
//! The order of the steps is what makes it exact:
//!
//! 1. The committed offsets of the inbox come first, and only once no transaction that could move them is open
//!    (`read_committed` offset fetch waits for that). Whatever was decided before them is in the seen topic.
//! 2. Then the high watermark of the seen topic, read *uncommitted*: it lies behind every entry of those transactions.
//! 3. Wait until no transaction is open below that watermark. A commit marker reaches each partition in its own time:
//!    reading only to the last stable offset would miss entries whose offsets are already committed.
//! 4. Read to the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::{Window, decode, seen::Unreadable};
use crate::clock;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a seen-set could not be rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Kafka did not answer.
    #[error("rebuilding the seen-set: {0}")]
    Kafka(#[from] KafkaError),
    /// A record that must not be passed over.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A transaction stays open.
    #[error(
        "rebuilding the seen-set: a transaction on partition {0} of the seen topic stays open; if it outlives its \
         time-out, end it with `kafka-transactions.sh abort`"
    )]
    Hanging(i32),
    /// The process is stopping.
    #[error("stopped while rebuilding")]
    Stopped,
}

/// Rebuilds the seen-sets of `partitions`. Call it after the committed offsets are known. `alive` is called often and
/// returns whether to go on; `limit` bounds the wait for open transactions and for silence.
pub fn rebuild(
    consumer: &ClientConfig,
    topic: &str,
    partitions: &[i32],
    window_hours: u16,
    limit: Duration,
    alive: &dyn Fn() -> bool,
) -> Result<BTreeMap<i32, Window>, RebuildError> {
    let ends = high_watermarks(consumer, topic, partitions)?;
    let mut settings = consumer.clone();
    settings.set("enable.partition.eof", "true");
    let reader: BaseConsumer = settings.create()?;
    wait_for_open_transactions(&reader, topic, &ends, limit, alive)?;

    let mut windows: BTreeMap<i32, Window> = partitions.iter().map(|id| (*id, Window::new(window_hours))).collect();
    let starts = starts(&reader, topic, &ends, window_hours)?;
    let mut unread: BTreeSet<i32> = starts.keys().copied().collect();
    let mut assignment = TopicPartitionList::new();
    for (partition, start) in &starts {
        assignment.add_partition_offset(topic, *partition, Offset::Offset(*start))?;
    }
    reader.assign(&assignment)?;
    let mut progress = Instant::now();
    while !unread.is_empty() {
        if !alive() {
            return Err(RebuildError::Stopped);
        }
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                progress = Instant::now();
                remember(&mut windows, &message)?;
            }
            // Every open transaction below the watermark has ended, so the end of the readable part is beyond it. Only a new
            // leader that does not know yet how far the log is committed tells an earlier end, and later the right one.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                let read = is_read_up_to(&reader, topic, partition, ends[&partition])?;
                unread.retain(|id| *id != partition || !read);
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error.into()),
            Some(Err(error)) => tracing::debug!(%error, "reading the seen topic"),
            None => {}
        }
        if progress.elapsed() > limit {
            return Err(KafkaError::MessageConsumption(rdkafka::types::RDKafkaErrorCode::OperationTimedOut).into());
        }
    }
    Ok(windows)
}

/// Whether `reader` has passed every record of a partition before `end`, markers of transactions included.
fn is_read_up_to(reader: &BaseConsumer, topic: &str, partition: i32, end: i64) -> KafkaResult<bool> {
    let position = reader.position()?.find_partition(topic, partition).map(|element| element.offset());
    Ok(matches!(position, Some(Offset::Offset(next)) if next >= end))
}

fn remember(windows: &mut BTreeMap<i32, Window>, message: &impl Message) -> Result<(), RebuildError> {
    let Some(window) = windows.get_mut(&message.partition()) else { return Ok(()) };
    match decode(message.payload().unwrap_or_default()) {
        Ok(entries) => entries.for_each(|(key, value)| window.insert(key, value)),
        Err(error @ Unreadable::Newer(_)) => return Err(error.into()),
        // It can never be read: going on loses the memory of one transaction, standing still loses everything.
        Err(Unreadable::Damaged) => tracing::error!(
            topic = message.topic(),
            partition = message.partition(),
            offset = message.offset(),
            "a seen record is damaged and passed over; facts of one transaction may be published again"
        ),
    }
    Ok(())
}

/// The end of each partition, open transactions included.
fn high_watermarks(consumer: &ClientConfig, topic: &str, partitions: &[i32]) -> KafkaResult<BTreeMap<i32, i64>> {
    let mut settings = consumer.clone();
    settings.set("isolation.level", "read_uncommitted");
    let client: BaseConsumer = settings.create()?;
    partitions.iter().map(|id| Ok((*id, client.fetch_watermarks(topic, *id, TIMEOUT)?.1))).collect()
}

/// Returns once everything below `ends` is committed or aborted.
fn wait_for_open_transactions(
    reader: &BaseConsumer,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
    limit: Duration,
    alive: &dyn Fn() -> bool,
) -> Result<(), RebuildError> {
    let started = Instant::now();
    for (partition, end) in ends {
        // For a read_committed client the upper watermark is the last stable offset.
        while reader.fetch_watermarks(topic, *partition, TIMEOUT)?.1 < *end {
            if !alive() {
                return Err(RebuildError::Stopped);
            }
            if started.elapsed() > limit {
                return Err(RebuildError::Hanging(*partition));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// Where to begin: what is older than the window and a quarter cannot matter, and the topic does not keep it. Partitions
/// with nothing to read are left out.
fn starts(
    reader: &BaseConsumer,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
    window_hours: u16,
) -> KafkaResult<BTreeMap<i32, i64>> {
    let horizon = i64::from(window_hours) * 3_600_000 * 5 / 4;
    let mut times = TopicPartitionList::new();
    for partition in ends.keys() {
        let since = clock::now().as_millisecond() - horizon;
        times.add_partition_offset(topic, *partition, Offset::Offset(since.max(0)))?;
    }
    let found = reader.offsets_for_times(times, TIMEOUT)?;
    let mut starts = BTreeMap::new();
    for element in found.elements() {
        // librdkafka asks again after some errors, answers yes, and still has the error with the partition: it has no offset
        // then, which looks like a partition with nothing to read.
        element.error()?;
        match element.offset() {
            Offset::Offset(start) if start < ends[&element.partition()] => {
                starts.insert(element.partition(), start);
            }
            // `End`: no record is that young.
            _ => {}
        }
    }
    Ok(starts)
}
