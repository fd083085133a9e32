//! What dedup is compared with: reads records and writes them to another topic, each in its partition, and nothing else. No
//! transactions, offsets are committed by the client now and then. A process of its own: this executable again.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer};
use trunkline::kafka::{consumer_config, flush};

use super::meter::{Figures, Sample};
use crate::load::process::pin;

const ASKED: &str = "--plain";

/// Passes `events` records on from one topic to another, in another process, on the worker's core.
pub fn start(bootstrap: &str, from: &str, to: &str, group: &str, events: u64) -> Figures {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args([ASKED, bootstrap, from, to, group, &events.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the plain loop");
    pin(super::WORKER, child.id());
    let mut told = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut told).expect("UTF-8");
    assert!(child.wait().expect("wait").success(), "the plain loop failed");
    let figures: Vec<f64> = told.split_whitespace().map(|figure| figure.parse().expect("a number")).collect();
    let [rate, micros, rest] = figures[..] else { panic!("three figures, not {told}") };
    Figures { rate, micros, rest }
}

/// Whether this process was the plain loop, and has done its work.
pub fn run_if_asked() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [asked, bootstrap, from, to, group, events] if asked == ASKED => {
            let figures = run(bootstrap, from, to, group, events.parse().expect("a number"));
            println!("{} {} {}", figures.rate, figures.micros, figures.rest);
            true
        }
        _ => false,
    }
}

/// Counts acknowledgements, and notes when the first one came.
#[derive(Clone, Default)]
struct Acknowledged {
    count: Arc<AtomicU64>,
    first: Arc<OnceLock<Sample>>,
}

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        assert!(result.is_ok(), "acknowledged");
        self.first.get_or_init(|| here(0));
        self.count.fetch_add(1, Ordering::Relaxed);
    }
}

fn here(events: u64) -> Sample {
    Sample::now(events as f64, std::iter::once(std::process::id()))
}

fn run(bootstrap: &str, from: &str, to: &str, group: &str, events: u64) -> Figures {
    let mut base = ClientConfig::new();
    base.set("bootstrap.servers", bootstrap);
    let consumer: BaseConsumer = consumer_config(&base)
        .set("group.id", group)
        .set("enable.auto.commit", "true")
        .set("enable.auto.offset.store", "true")
        .create()
        .expect("a consumer");
    let acknowledged = Acknowledged::default();
    // As the worker's producer is.
    let producer: ThreadedProducer<Acknowledged> = base
        .set("compression.type", "lz4")
        .set("acks", "all")
        .set("linger.ms", "5")
        .set("message.max.bytes", "1050000")
        .create_with_context(acknowledged.clone())
        .expect("a producer");
    consumer.subscribe(&[from]).expect("subscribed");
    let mut sent = 0;
    while sent < events {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let mut record = BaseRecord::<[u8], [u8]>::to(to)
            .partition(message.partition())
            .key(message.key().unwrap_or_default())
            .payload(message.payload().unwrap_or_default())
            .timestamp(message.timestamp().to_millis().unwrap_or_default());
        if let Some(headers) = message.headers() {
            record = record.headers(headers.detach());
        }
        while let Err((error, back)) = producer.send(record) {
            assert!(matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)), "{error}");
            flush(&producer, Duration::from_millis(100));
            record = back;
        }
        sent += 1;
    }
    while acknowledged.count.load(Ordering::Relaxed) < events {
        flush(&producer, Duration::from_secs(1));
    }
    let first = acknowledged.first.get().expect("one was acknowledged");
    first.until(&here(events))
}
