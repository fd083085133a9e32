//! A deployment whose inbox holds events that nobody has decided, and what decides them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};
use trunkline::dedup::{Remembered, encode};
use trunkline::event::{self, Channel, Event, EventKey, cloudevents};
use trunkline::kafka::{Topics, client_config, ensure_topics, flush};
use trunkline::vendor::{Explain, Unsigned, kept};

use super::deployment::{self, Deployment, PATIENCE, Replica, call_body};
use super::meter::{Figures, Sample, metric, scrape};
use super::plain;
use crate::load::process::pin;

/// Between two looks at a worker, each of which costs it a little.
const LOOK: Duration = Duration::from_millis(50);
/// As many as a worker writes in one transaction.
const TRANSACTION: u64 = 10_000;
const CALL: Duration = Duration::from_secs(10);

/// Topics, and how they are read.
pub struct Inbox {
    deployment: Deployment,
    program: PathBuf,
    partitions: i32,
    sources: usize,
    /// The configuration without the name of the group, which is another one for every run.
    toml: String,
    runs: usize,
    runtime: tokio::runtime::Runtime,
}

/// What came of deciding.
pub struct Run {
    pub figures: Figures,
    /// Seconds to rebuild the seen-set.
    pub rebuild: f64,
}

impl Inbox {
    /// Topics of so many partitions, for so many configured sources, read by `program`.
    pub fn new(bootstrap: &str, program: &Path, partitions: i32, sources: usize) -> Self {
        let more = |number| {
            let secret = deployment::SECRET;
            format!(
                "[sources.s{number}]\nvendor = \"nxcloud-callbot\"\nuuid = \"UID-{number}\"\nsecrets = [\"{secret}\"]\n"
            )
        };
        let more: String = (1..sources).map(more).collect();
        let mut deployment = Deployment::new(bootstrap, &more);
        let toml = deployment.toml.replace("kafka.partitions = 3", &format!("kafka.partitions = {partitions}"));
        deployment.toml.clone_from(&toml);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let inbox = Self {
            deployment,
            program: program.to_owned(),
            partitions,
            sources,
            toml,
            runs: 0,
            runtime: runtime.expect("a runtime"),
        };
        inbox.create_topics();
        inbox
    }

    fn client(&self) -> ClientConfig {
        client_config(&self.deployment.config()).expect("settings of a client")
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().expect("an admin client")
    }

    fn create_topics(&self) {
        let config = self.deployment.config();
        let topics = Topics::new(&config);
        let plain = self.deployment.topic("plain");
        self.runtime.block_on(async {
            ensure_topics(&config, &self.client(), &topics).await.expect("topics");
            let new = NewTopic::new(&plain, self.partitions, TopicReplication::Fixed(1));
            self.admin().create_topics([&new], &AdminOptions::new()).await.expect("a topic");
        });
    }

    /// Writes different events as ingest does, and returns the mean length of their values.
    pub fn fill(&self, events: u64) -> f64 {
        let producer: ThreadedProducer<DefaultProducerContext> =
            self.client().set("compression.type", "lz4").set("acks", "all").create().expect("a producer");
        let topic = self.deployment.topic("inbox");
        let (template, kept) = self.event();
        let received = template.received_at.as_millis();
        let mut bytes = 0;
        for number in 0..events {
            let encoded = cloudevents::encode(&self.numbered(&template, number), &kept);
            bytes += encoded.value.len();
            let headers = encoded.headers.iter().fold(OwnedHeaders::new_with_capacity(24), |headers, (key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
            send(
                &producer,
                BaseRecord::to(&topic)
                    .partition((number % self.partitions as u64) as i32)
                    .key(encoded.key.as_bytes())
                    .payload(&encoded.value[..])
                    .headers(headers)
                    .timestamp(received),
            );
        }
        assert!(flush(&producer, PATIENCE), "written");
        bytes as f64 / events as f64
    }

    /// An ended call of the source that every deployment has, and the headers of its delivery.
    fn event(&self) -> (Event, Vec<(&'static str, String)>) {
        let source = self.deployment.source();
        let now = jiff::Timestamp::now();
        let (kind, body) = (source.kind("call").expect("a kind of the vendor"), call_body("c-0", "486"));
        let unsigned = Unsigned { kind, body: &body, now, nonce: "0123456789abcdef0123456789abcdef" };
        let inbound = source.adapter.sign(&unsigned).expect("signed").received(kind).expect("headers");
        let verified = source.adapter.verify(inbound, now, &mut Explain::off()).expect("verified");
        let context = source.context(Channel::Callback, event::Instant::new(now));
        let facts = source.adapter.normalise(&verified, &context).expect("understood");
        let headers = kept::event_headers(&verified, source.adapter.kept_parameters(), &facts.events);
        // Without the vendor's own text it is of a middling size.
        (Event { raw: None, ..facts.events.into_iter().next().expect("an event") }, headers)
    }

    /// Another call, of each source in turn.
    fn numbered(&self, template: &Event, number: u64) -> Event {
        let subject = format!("c-{number:08}");
        let mut event = template.clone();
        event.key = EventKey::new(&event.vendor, &event.account, event.event_type, &[&subject]);
        event.call.iter_mut().for_each(|call| call.id.clone_from(&subject));
        event.subject = subject;
        match number % self.sources as u64 {
            0 => {}
            source => event.source = format!("s{source}"),
        }
        event
    }

    /// Has `replicas` processes decide `events` of the inbox from its beginning, with `ids` other facts remembered.
    pub fn decide(&mut self, replicas: usize, events: u64, ids: u64) -> Run {
        self.runs += 1;
        let group = format!("{}-{}", self.deployment.prefix, self.runs);
        self.deployment.toml = self.toml.replace(&format!("{}-dedup", self.deployment.prefix), &group);
        self.empty();
        self.remember(ids);
        let mut replicas: Vec<Replica> = (0..replicas).map(|_| self.start()).collect();
        let ids: Vec<u32> = replicas.iter().map(Replica::id).collect();
        let addresses: Vec<String> =
            replicas.iter_mut().map(|replica| replica.admin().trim_start_matches("http://").to_owned()).collect();
        // The last one is from before the end, whose own time is not known.
        let mut samples: Option<(Sample, Sample)> = None;
        let deadline = Instant::now() + PATIENCE;
        let run = loop {
            assert!(Instant::now() < deadline, "decided in time:\n{}", replicas[0].log());
            std::thread::sleep(LOOK);
            let texts: Vec<String> = addresses.iter().filter_map(|address| scrape(address)).collect();
            let of = |name| texts.iter().map(move |text| metric(text, name));
            let decided: f64 = of("trunkline_dedup_decisions_total").sum();
            let now = Sample::now(decided, ids.iter().copied());
            if decided >= events as f64 {
                let (first, last) = samples.expect("more events than are decided between two looks");
                break Run { figures: first.until(&last), rebuild: of("trunkline_seen_rebuild_seconds_sum").sum() };
            }
            let all_work = of("trunkline_dedup_assigned_partitions").filter(|count| *count > 0.0).count() == ids.len();
            if all_work && decided > 0.0 {
                samples = Some((samples.map_or(now, |(first, _)| first), now));
            }
        };
        replicas.iter_mut().for_each(|replica| assert!(replica.stop().success()));
        run
    }

    fn start(&self) -> Replica {
        let replica =
            self.deployment.spawn_program(&self.program, &["--role", "dedup"], &[("TOKIO_WORKER_THREADS", "1")]);
        pin(super::WORKER, replica.id());
        replica
    }

    /// Passes `events` on to a topic that is empty.
    pub fn pass_on(&mut self, events: u64) -> Figures {
        self.runs += 1;
        self.empty();
        let group = format!("{}-plain-{}", self.deployment.prefix, self.runs);
        let topic = |name| self.deployment.topic(name);
        plain::start(&self.deployment.bootstrap, &topic("inbox"), &topic("plain"), &group, events)
    }

    /// Removes what earlier runs wrote.
    fn empty(&self) {
        let mut ends = TopicPartitionList::new();
        for topic in ["events", "seen", "plain"] {
            for partition in 0..self.partitions {
                ends.add_partition_offset(&self.deployment.topic(topic), partition, Offset::End).expect("an offset");
            }
        }
        let removed = self.runtime.block_on(self.admin().delete_records(&ends, &AdminOptions::new()));
        removed.expect("removed").elements().iter().for_each(|element| element.error().expect("removed"));
    }

    /// Writes `ids` facts to the seen topic, evenly and in transactions, as a worker does.
    fn remember(&self, ids: u64) {
        let producer: ThreadedProducer<DefaultProducerContext> = self
            .client()
            .set("transactional.id", format!("{}-remember", self.deployment.prefix))
            .set("compression.type", "lz4")
            .create()
            .expect("a producer");
        let topic = self.deployment.topic("seen");
        let hour = (jiff::Timestamp::now().as_second() / 3600) as u32;
        let value = Remembered { outcome: 1, seen: 2, findings: 0, revision: 0, hour };
        producer.init_transactions(CALL).expect("a producer");
        for first in (0..ids).step_by(TRANSACTION as usize) {
            producer.begin_transaction().expect("begun");
            let mut records = vec![Vec::new(); self.partitions as usize];
            for id in first..(first + TRANSACTION).min(ids) {
                let record = &mut records[(id % self.partitions as u64) as usize];
                encode(record, event::digest128(&id.to_be_bytes()), &value);
            }
            for (partition, record) in (0..).zip(&records) {
                send(&producer, BaseRecord::to(&topic).partition(partition).payload(&record[..]));
            }
            flush(&producer, CALL);
            producer.commit_transaction(CALL).expect("committed");
        }
    }
}

fn send(producer: &ThreadedProducer<DefaultProducerContext>, mut record: BaseRecord<'_, [u8], [u8]>) {
    while let Err((error, back)) = producer.send(record) {
        assert!(matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)), "{error}");
        std::thread::sleep(Duration::from_millis(5));
        record = back;
    }
}
