//! The ingest producer: records are acknowledged by all replicas before anybody is told they are safe.
//!
//! It is not idempotent. librdkafka's idempotent producer has at most five requests under way to a broker; more have to wait for
//! a round trip, and it spins while they do. What idempotence would give is there without it: a record that is written twice
//! is told apart by dedup, and a record is sent only when the one before it of the same key is acknowledged, so that a
//! repetition by the producer changes no order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{Check, Observer, Outage, Topics, Trouble, probe, told};
use crate::config::{Config, SettingsError};
use crate::metrics::Metrics;

/// How often the cluster is asked whether it can take records.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// One record to publish.
pub struct Record<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition; `None` lets the key choose it.
    pub partition: Option<i32>,
    /// Key.
    pub key: &'a str,
    /// Value; `None` deletes the key from a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Headers.
    pub headers: &'a [(&'a str, String)],
    /// Timestamp, Unix milliseconds.
    pub timestamp: i64,
}

/// Why records are not known to be safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The queue is at its bound: come again.
    #[error("the producer queue is full")]
    QueueFull,
    /// A record is over `kafka.max_message_bytes`; it can never be published.
    #[error("a record is too large")]
    TooLarge,
    /// No acknowledgement in time. The record may still be written: repeat it, dedup absorbs the copy.
    #[error("Kafka did not acknowledge in time")]
    Unavailable,
    /// Kafka is known to be away: nothing was tried.
    #[error("Kafka is away")]
    Away,
    /// The spool is at `spool.max_bytes`.
    #[error("the spool is full")]
    SpoolFull,
    /// The disk did not take it, or not in time.
    #[error("the spool cannot be written")]
    SpoolFailed,
}

/// Publishes records and waits for their acknowledgement.
pub struct Publisher {
    producer: FutureProducer<Observer>,
    metrics: Arc<Metrics>,
    runtime: Handle,
    outage: Outage,
}

impl Publisher {
    /// A producer for this configuration. Connects in the background. To be called in a runtime.
    pub fn new(config: &Config, base: &ClientConfig, metrics: Arc<Metrics>) -> Result<Self, SettingsError> {
        let mut settings = base.clone();
        settings
            // Java's default partitioner: any client then puts a key into the same partition.
            .set("partitioner", "murmur2_random")
            .set("enable.idempotence", "false")
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("linger.ms", config.kafka.linger_ms.to_string())
            // A record that cannot be sent in time is given up, so that it does not arrive long after the vendor was
            // told to repeat it.
            .set("message.timeout.ms", config.http.answer_deadline_ms.max(1000).to_string())
            .set("queue.buffering.max.messages", config.kafka.queue_max_messages.to_string())
            .set("queue.buffering.max.kbytes", config.kafka.queue_max_kbytes.to_string());
        for (name, value) in &config.kafka.properties {
            settings.set(name, value.expose());
        }
        let observer = Observer::new("ingest", metrics.clone());
        let producer = FutureProducer::from_config_and_context(&settings, observer)
            .map_err(|error| config.error("kafka.properties", told(&error)))?;
        Ok(Self {
            producer,
            metrics,
            runtime: Handle::current(),
            outage: Outage::new(Duration::from_millis(config.http.answer_deadline_ms)),
        })
    }

    /// Publishes all of `records`, in order, and returns when every one is acknowledged by all in-sync replicas.
    pub async fn publish(&self, records: &[Record<'_>], deadline: Instant) -> Result<(), PublishError> {
        let started = Instant::now();
        let published = self.try_publish(records, deadline).await;
        match published {
            Ok(()) => {
                self.outage.acknowledged(Instant::now());
                self.metrics.publish_seconds.observe(started.elapsed().as_secs_f64());
            }
            Err(PublishError::Unavailable) => self.outage.failed(started, Instant::now()),
            Err(_) => {}
        }
        published
    }

    async fn try_publish(&self, records: &[Record<'_>], deadline: Instant) -> Result<(), PublishError> {
        for turn in turns(records) {
            let mut acknowledgements = Vec::with_capacity(turn.len());
            for record in turn {
                match self.producer.send_result(future_record(record)) {
                    Ok(acknowledgement) => acknowledgements.push(acknowledgement),
                    Err((error, _)) => return Err(classify(&error)),
                }
            }
            for acknowledgement in acknowledgements {
                match tokio::time::timeout_at(deadline, acknowledgement).await {
                    Ok(Ok(Ok(_))) => {}
                    Ok(Ok(Err((error, _)))) => return Err(classify(&error)),
                    Ok(Err(_)) | Err(_) => return Err(PublishError::Unavailable),
                }
            }
        }
        Ok(())
    }

    /// What is known about the cluster being away.
    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    /// The cluster was asked at `asked`, and nobody answered.
    pub fn unreachable(&self, asked: Instant) {
        self.outage.unreachable(asked, Instant::now());
        self.metrics.kafka_away.set(self.outage.is_away(Instant::now()).into());
    }

    /// Publishes `record` without waiting: for what may be lost, because it only saves work. A failure is counted.
    pub fn post(&self, record: &Record<'_>) {
        match self.producer.send_result(future_record(record)) {
            Ok(acknowledgement) => {
                let lost = self.metrics.posts_lost.clone();
                self.runtime.spawn(async move {
                    if !matches!(acknowledgement.await, Ok(Ok(_))) {
                        lost.inc();
                    }
                });
            }
            Err((error, _)) => {
                self.metrics.posts_lost.inc();
                tracing::debug!(%error, "record not sent");
            }
        }
    }

    /// Waits until everything that was accepted is acknowledged. Returns whether that happened in time.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.producer.flush(timeout).is_ok()
    }

    /// Keeps `check` true to what the cluster answers, until the publisher is dropped.
    ///
    /// A thread of its own, because asking blocks. Ready means: every partition has a leader and the producer knows it, so that
    /// the first record after readiness does not wait for that.
    pub fn watch(self: &Arc<Self>, topics: Topics, check: Check) {
        let publisher = Arc::downgrade(self);
        let (outage, metrics) = (self.outage.clone(), self.metrics.clone());
        std::thread::spawn(move || {
            while let Some(publisher) = publisher.upgrade() {
                let producer = publisher.producer.clone();
                drop(publisher);
                let asked = Instant::now();
                match probe(producer.client(), &topics, Duration::from_secs(2)) {
                    Ok(()) => {
                        outage.reachable();
                        check.back("every partition has a leader");
                    }
                    Err(trouble) => {
                        if matches!(trouble, Trouble::Unreachable(_)) {
                            outage.unreachable(asked, Instant::now());
                        }
                        check.away(trouble.to_string());
                    }
                }
                metrics.kafka_away.set(outage.is_away(Instant::now()).into());
                drop(producer);
                std::thread::sleep(PROBE_INTERVAL);
            }
        });
    }
}

fn classify(error: &KafkaError) -> PublishError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => PublishError::QueueFull,
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => PublishError::TooLarge,
        _ => {
            tracing::debug!(%error, "record not acknowledged");
            PublishError::Unavailable
        }
    }
}

/// Records that may be under way at the same time: of each key the first ones, then the second ones, and so on.
fn turns<'a>(records: &'a [Record<'a>]) -> Vec<Vec<&'a Record<'a>>> {
    let mut turns: Vec<Vec<&Record<'_>>> = Vec::new();
    let mut earlier: HashMap<(&str, &str), usize> = HashMap::new();
    for record in records {
        let turn = earlier.entry((record.topic, record.key)).or_default();
        match turns.get_mut(*turn) {
            Some(others) => others.push(record),
            None => turns.push(vec![record]),
        }
        *turn += 1;
    }
    turns
}

fn future_record<'a>(record: &'a Record<'a>) -> FutureRecord<'a, str, [u8]> {
    let headers =
        record.headers.iter().fold(OwnedHeaders::new_with_capacity(record.headers.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: Some(value) })
        });
    FutureRecord {
        topic: record.topic,
        partition: record.partition,
        payload: record.value,
        key: Some(record.key),
        timestamp: Some(record.timestamp),
        headers: Some(headers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_one_record_is_under_way_at_a_time() {
        let record =
            |topic, key, timestamp| Record { topic, partition: None, key, value: None, headers: &[], timestamp };
        let records = [("a", "x", 0), ("a", "x", 1), ("a", "y", 2), ("b", "x", 3), ("a", "x", 4), ("a", "y", 5)]
            .map(|(topic, key, timestamp)| record(topic, key, timestamp));
        let turns: Vec<Vec<i64>> =
            turns(&records).iter().map(|turn| turn.iter().map(|record| record.timestamp).collect()).collect();
        assert_eq!(turns, [vec![0, 2, 3], vec![1, 5], vec![4]]);
    }
}
