//! A consumer of the events topic that follows it through all faults, on connections of its own that no fault touches
//! but those of the nodes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

/// The id of each event and when it was seen, by partition and offset.
pub type Seen = BTreeMap<(i32, i64), (String, Instant)>;

/// A consumer at work.
pub struct Follower {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Follower {
    pub fn start(bootstrap: &str, topic: &str, partitions: i32) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "trunkline-tests-follower")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            // A frozen node is given up soon: what is measured is trunkline, not this consumer.
            .set("socket.timeout.ms", "2000")
            .set("reconnect.backoff.max.ms", "500")
            .create()
            .expect("a consumer");
        let mut all = TopicPartitionList::new();
        for partition in 0..partitions {
            all.add_partition_offset(topic, partition, Offset::Beginning).expect("added");
        }
        consumer.assign(&all).expect("assigned");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::new();
            while !stopped.load(Ordering::Relaxed) {
                let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
                let id = message.headers().into_iter().flat_map(|headers| headers.iter()).find(|h| h.key == "ce_id");
                let id = id.and_then(|id| id.value).map(|id| String::from_utf8_lossy(id).into_owned());
                seen.insert((message.partition(), message.offset()), (id.unwrap_or_default(), Instant::now()));
            }
            seen
        });
        Self { stop, thread }
    }

    /// What it saw.
    pub fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("no panic")
    }
}
