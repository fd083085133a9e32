//! Somebody who writes to the inbox what is no event.

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::util::Timeout;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A producer at work.
pub struct Poisoner {
    stop: CancellationToken,
    running: JoinHandle<BTreeSet<(i32, i64)>>,
}

impl Poisoner {
    pub fn start(runtime: &Handle, bootstrap: &str, inbox: String) -> Self {
        let producer: FutureProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "5000")
            .create()
            .expect("a producer");
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let running = runtime.spawn(async move {
            let mut written = BTreeSet::new();
            for number in 0.. {
                if stopped.is_cancelled() {
                    break;
                }
                let (key, value) = (format!("nobody-{number}"), format!("not ours: {number}"));
                let record = FutureRecord::to(&inbox).key(&key).payload(&value);
                if let Ok(place) = producer.send(record, Timeout::Never).await {
                    written.insert((place.partition, place.offset));
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            written
        });
        Self { stop, running }
    }

    /// Where its records are, those that were acknowledged.
    pub fn stop(self, runtime: &Handle) -> BTreeSet<(i32, i64)> {
        self.stop.cancel();
        runtime.block_on(self.running).expect("no panic")
    }
}
