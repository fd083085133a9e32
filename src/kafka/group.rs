//! The consumer group's side: rebalance events are kept for the worker, who handles them between two polls.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;

use super::Observer;

/// What the group decided about this member.
#[derive(Debug)]
pub enum Rebalance {
    /// These partitions are now ours to rebuild and decide.
    Assign(Vec<i32>),
    /// These partitions go to somebody else.
    Revoke(Vec<i32>),
}

/// Context of the group consumer.
pub struct Group {
    observer: Observer,
    events: Mutex<VecDeque<Rebalance>>,
    closing: AtomicBool,
}

impl Group {
    /// Logs and statistics go to `observer`.
    pub fn new(observer: Observer) -> Self {
        Self { observer, events: Mutex::default(), closing: AtomicBool::new(false) }
    }

    /// The next event to handle. Partitions are neither consumed nor given up before the worker says so.
    pub fn next(&self) -> Option<Rebalance> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// From now on partitions are given up at once: the worker has committed and left its loop.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.observer.log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.observer.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.observer.error(error, reason);
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        // Plain numbers: a list that outlives the consumer would make its drop hang.
        let partitions: Vec<i32> = list.elements().iter().map(|element| element.partition()).collect();
        let assigned = error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Relaxed) {
            // The group waits for an answer, also when the consumer is about to be dropped.
            let answered =
                if assigned { consumer.incremental_assign(list) } else { consumer.incremental_unassign(list) };
            if let Err(error) = answered {
                tracing::debug!(%error, "answering a rebalance while closing");
            }
            return;
        }
        let event = if assigned { Rebalance::Assign(partitions) } else { Rebalance::Revoke(partitions) };
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push_back(event);
    }
}

/// `partitions` of `topic`, as librdkafka wants them. Made afresh each time: a list that outlives the consumer would make its
/// drop hang.
pub fn list(topic: &str, partitions: &[i32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    list
}
