//! Reading a topic once, from a time to where it ends now.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::kafka::{consumer_config, list};

const TIMEOUT: Duration = Duration::from_secs(10);

/// How long nothing may come before the cluster is taken to be away.
const SILENCE: Duration = Duration::from_secs(30);

/// Partition and the offset to read next.
pub type Offsets = BTreeMap<i32, i64>;

/// The records of a topic that were there when the range was opened.
pub struct Range {
    consumer: BaseConsumer,
    topic: String,
    next: Offsets,
    ends: Offsets,
    total: u64,
}

impl Range {
    /// All partitions of `topic`, from the first record not older than `since` (Unix milliseconds), or from `offsets`
    /// where those name the partition.
    pub fn open(client: &ClientConfig, topic: &str, since: i64, offsets: &Offsets) -> KafkaResult<Self> {
        let mut settings = consumer_config(client);
        // Assigned by hand: a group name is needed, but nothing joins or commits.
        settings.set("group.id", "trunkline-replay").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = settings.create()?;
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT)?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len()) as i32;
        if partitions == 0 {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition));
        }
        let mut times = TopicPartitionList::new();
        for partition in 0..partitions {
            times.add_partition_offset(topic, partition, Offset::Offset(since.max(0)))?;
        }
        let found = consumer.offsets_for_times(times, TIMEOUT)?;
        let (mut next, mut ends) = (Offsets::new(), Offsets::new());
        for element in found.elements() {
            let partition = element.partition();
            let (_, end) = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
            let start = match (offsets.get(&partition), element.offset()) {
                (Some(offset), _) => *offset,
                (None, Offset::Offset(offset)) => offset,
                // No record is that young.
                _ => end,
            };
            next.insert(partition, start.min(end));
            ends.insert(partition, end);
        }
        let total = next.iter().map(|(partition, start)| (ends[partition] - start).max(0) as u64).sum();
        let mut assignment = TopicPartitionList::new();
        for (partition, start) in next.iter().filter(|(partition, start)| **start < ends[*partition]) {
            assignment.add_partition_offset(topic, *partition, Offset::Offset(*start))?;
        }
        consumer.assign(&assignment)?;
        Ok(Self { consumer, topic: topic.to_owned(), next, ends, total })
    }

    /// Gives every record to `take` until it says to stop. Returns whether all were read.
    pub fn read(
        &mut self,
        stop: &CancellationToken,
        mut take: impl FnMut(&BorrowedMessage<'_>, &Self) -> bool,
    ) -> KafkaResult<bool> {
        let mut heard = Instant::now();
        while self.left() > 0 {
            if stop.is_cancelled() {
                return Ok(false);
            }
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let (partition, offset) = (message.partition(), message.offset());
                    if offset >= self.ends[&partition] {
                        continue;
                    }
                    let more = take(&message, self);
                    drop(message);
                    self.reached(partition, offset + 1)?;
                    if !more {
                        return Ok(self.left() == 0);
                    }
                }
                // The last offsets can be of a transaction, which is no record.
                Some(Err(KafkaError::PartitionEOF(partition))) => self.reached(partition, self.ends[&partition])?,
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                Some(Err(_)) | None => {}
            }
            if heard.elapsed() > SILENCE {
                return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        Ok(true)
    }

    fn reached(&mut self, partition: i32, next: i64) -> KafkaResult<()> {
        self.next.insert(partition, next);
        if next >= self.ends[&partition] {
            // What comes after the end is not ours to read.
            self.consumer.pause(&list(&self.topic, &[partition]))?;
        }
        Ok(())
    }

    fn left(&self) -> u64 {
        self.next.iter().map(|(partition, next)| (self.ends[partition] - next).max(0) as u64).sum()
    }

    /// How many offsets there are, and how many are read.
    pub fn progress(&self) -> (u64, u64) {
        (self.total, self.total - self.left().min(self.total))
    }

    /// Where to go on.
    pub fn offsets(&self) -> &Offsets {
        &self.next
    }
}
