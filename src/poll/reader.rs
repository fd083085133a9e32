//! Reads the pending topic and tells the desks. A plain thread, because rebalances block.
//!
//! A partition is read from its beginning whenever it is assigned: it is compacted, and holds what is pending and little
//! else. No offsets are committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::Message;
use rdkafka::{ClientConfig, Offset};

use super::desk::Desk;
use crate::config::Config;
use crate::form::{self, Newer};
use crate::kafka::{Check, Group, Heartbeat, Observer, Rebalance, Topic, consumer_config, list};
use crate::lifecycle;
use crate::metrics::Metrics;
use crate::pending::{Call, Key, partition};

/// What the reader works with.
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The pending topic.
    pub topic: Topic,
    /// The sources that ask.
    pub desks: Vec<Arc<Desk>>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub check: Check,
}

/// The running reader.
pub struct Reader {
    heartbeat: Heartbeat,
    thread: JoinHandle<()>,
}

impl Reader {
    /// Starts it.
    pub fn spawn(setup: Setup) -> Self {
        let heartbeat = Heartbeat::default();
        let beats = heartbeat.clone();
        let thread = std::thread::Builder::new()
            .name("poll-reader".to_owned())
            .spawn(move || run(&setup, &beats))
            .expect("the operating system starts a thread");
        Self { heartbeat, thread }
    }

    /// Gives all accounts up and leaves the group. Returns when that is done, or Kafka is silent for too long.
    pub async fn stop(self) {
        self.heartbeat.stop();
        lifecycle::finished(|| self.thread.is_finished()).await;
    }
}

/// Reads until asked to stop; starts anew after an error that ends a client.
fn run(setup: &Setup, heartbeat: &Heartbeat) {
    while !heartbeat.is_stopping() {
        let ended = Session::new(setup).and_then(|mut session| session.read(heartbeat));
        setup.desks.iter().for_each(|desk| desk.release());
        if let Err(error) = ended {
            setup.metrics.poll_restarts.inc();
            setup.check.fails(format!("starting anew: {error}"));
            tracing::warn!(%error, "the reader of the pending topic starts anew");
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// One membership of the consumer group.
struct Session<'a> {
    setup: &'a Setup,
    consumer: BaseConsumer<Group>,
    desks: BTreeMap<i32, Vec<Arc<Desk>>>,
    ours: BTreeSet<i32>,
    loading: BTreeSet<i32>,
}

impl<'a> Session<'a> {
    fn new(setup: &'a Setup) -> KafkaResult<Self> {
        let mut settings = consumer_config(&setup.client);
        settings
            .set("group.id", &setup.config.poll.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", setup.config.poll.session_timeout_ms.to_string())
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "100");
        setup.check.fails("joining the consumer group");
        let observer = Observer::new("poll-consumer", setup.metrics.clone());
        let consumer: BaseConsumer<Group> = settings.create_with_context(Group::new(observer))?;
        consumer.subscribe(&[&setup.topic.name])?;
        let mut desks: BTreeMap<i32, Vec<Arc<Desk>>> = BTreeMap::new();
        for desk in &setup.desks {
            let (vendor, account) = desk.account();
            desks.entry(partition(vendor, account, setup.topic.partitions)).or_default().push(desk.clone());
        }
        Ok(Self { setup, consumer, desks, ours: BTreeSet::new(), loading: BTreeSet::new() })
    }

    fn read(&mut self, heartbeat: &Heartbeat) -> KafkaResult<()> {
        while !heartbeat.is_stopping() {
            heartbeat.beat();
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => match message.payload().and_then(form::of_json) {
                    Some(newer) => self.leave_out(&message, newer),
                    None => apply(&self.desks, &message, message.payload()),
                },
                Some(Err(KafkaError::PartitionEOF(partition))) => self.loaded(partition),
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(error),
                Some(Err(error)) => tracing::debug!(%error, "reading the pending topic"),
                None => {}
            }
            while let Some(event) = self.consumer.context().next() {
                self.rebalance(&event)?;
            }
        }
        // Nothing more is asked before the group can give the accounts to somebody else.
        self.setup.desks.iter().for_each(|desk| desk.release());
        self.consumer.context().close();
        Ok(())
    }

    /// What a newer trunkline wrote stays in the topic for it, so that here it is as if the call were deleted. Until then
    /// nobody asks about it, or the source asks again what it had asked.
    fn leave_out(&self, message: &impl Message, newer: Newer) {
        self.setup.metrics.newer_records.with_label_values(&["pending"]).inc();
        let (partition, offset) = (message.partition(), message.offset());
        tracing::error!(partition, offset, %newer, "a record of the pending topic is left out: upgrade this instance");
        apply(&self.desks, message, None);
    }

    fn rebalance(&mut self, event: &Rebalance) -> KafkaResult<()> {
        let topic = &self.setup.topic.name;
        match event {
            Rebalance::Assign(partitions) => {
                for partition in partitions {
                    self.of(*partition).for_each(|desk| desk.acquire());
                }
                let mut assignment = list(topic, partitions);
                assignment.set_all_offsets(Offset::Beginning)?;
                self.consumer.incremental_assign(&assignment)?;
                self.ours.extend(partitions);
                self.loading.extend(partitions);
            }
            Rebalance::Revoke(partitions) => {
                for partition in partitions {
                    self.of(*partition).for_each(|desk| desk.release());
                    self.ours.remove(partition);
                    self.loading.remove(partition);
                }
                self.consumer.incremental_unassign(&list(topic, partitions))?;
            }
        }
        self.tell();
        Ok(())
    }

    /// A partition is read to its end, for the first time or again.
    fn loaded(&mut self, partition: i32) {
        if self.loading.remove(&partition) {
            self.of(partition).for_each(|desk| desk.loaded());
            self.tell();
        }
    }

    fn of(&self, partition: i32) -> impl Iterator<Item = &Arc<Desk>> {
        self.desks.get(&partition).into_iter().flatten()
    }

    /// Joined is ready: reading takes seconds, and the other roles of the process need not wait for it.
    fn tell(&self) {
        self.setup.check.holds(format!("{} partitions, {} being read", self.ours.len(), self.loading.len()));
    }
}

/// Tells the desks of a record's partition. Without a value the call is forgotten.
fn apply(desks: &BTreeMap<i32, Vec<Arc<Desk>>>, message: &impl Message, value: Option<&[u8]>) {
    let here = || desks.get(&message.partition()).into_iter().flatten();
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    match (key.and_then(Key::parse), value) {
        (Some(Key::Progress(source)), Some(value)) => {
            let desk = here().find(|desk| desk.source.name == source);
            if let (Some(desk), Ok(progress)) = (desk, serde_json::from_slice(value)) {
                desk.apply_progress(progress);
            }
        }
        (Some(Key::Progress(_)), None) => {}
        (Some(Key::Call(name)), None) => of_account(here(), name).for_each(|desk| desk.apply(name, false, None)),
        (Some(Key::Hint(name)), None) => of_account(here(), name).for_each(|desk| desk.apply(name, true, None)),
        (Some(key @ (Key::Call(name) | Key::Hint(name))), Some(value)) => match serde_json::from_slice::<Call>(value) {
            Ok(call) => match here().find(|desk| desk.source.name == call.source) {
                Some(desk) => desk.apply(name, matches!(key, Key::Hint(_)), Some(&call.placed)),
                None => tracing::debug!(source = call.source, "a pending call of a source that asks no longer"),
            },
            Err(_) => unreadable(message),
        },
        (None, _) => unreadable(message),
    }
}

/// The desks of the account a call name begins with.
fn of_account<'a>(desks: impl Iterator<Item = &'a Arc<Desk>>, name: &'a str) -> impl Iterator<Item = &'a Arc<Desk>> {
    desks.filter(move |desk| {
        let (vendor, account) = desk.account();
        let rest = name.strip_prefix(vendor).and_then(|rest| rest.strip_prefix('/'));
        rest.and_then(|rest| rest.strip_prefix(account)).is_some_and(|rest| rest.starts_with('/'))
    })
}

fn unreadable(message: &impl Message) {
    tracing::error!(
        partition = message.partition(),
        offset = message.offset(),
        "a record of the pending topic cannot be read and is passed over"
    );
}
