//! What is easy to get wrong in exactly-once, one test for each guard: taking the guard out makes its test fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;
use trunkline::app::{App, Role};
use trunkline::dedup::{Remembered, Setup, Stage, encode};
use trunkline::event::cloudevents::{self, Encoded};
use trunkline::event::{Channel, EventType, Instant as EventTime, Outcome};
use trunkline::kafka::{Publisher, Record as NewRecord, flush};
use trunkline::metrics::Metrics;
use trunkline::telemetry::Tracer;

use super::deployment::{Deployment, PATIENCE, Replica, call_body, client, eventually, get, read_topic};
use super::kafka::Cluster;

/// A producer of the test's own, without callbacks.
type Plain = ThreadedProducer<rdkafka::producer::DefaultProducerContext>;

fn producer(bootstrap: &str, properties: &[(&str, &str)]) -> Plain {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", bootstrap).set("partitioner", "murmur2_random");
    for (name, value) in properties {
        settings.set(*name, *value);
    }
    settings.create().expect("a producer")
}

/// An inbox record as ingest writes it.
fn inbox_record(deployment: &Deployment, call: &str, outcome: Outcome) -> Encoded {
    let context = deployment.source().context(Channel::Callback, EventTime::new(jiff::Timestamp::now()));
    let mut event = context.event(EventType::CallEnded, call, &[call]);
    event.outcome = Some(outcome);
    cloudevents::encode(&event, &[])
}

fn send(producer: &Plain, topic: &str, record: &Encoded) {
    send_at(producer, topic, record, jiff::Timestamp::now().as_millisecond());
}

fn send_at(producer: &Plain, topic: &str, record: &Encoded, time: i64) {
    let headers = record
        .headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
    let new = BaseRecord::to(topic).key(&record.key).payload(&record.value).headers(headers).timestamp(time);
    producer.send(new).map_err(|(error, _)| error).expect("queued");
}

/// A worker that stopped in the middle of a transaction: what it did up to there, neither committed nor aborted.
struct Dead<'a> {
    deployment: &'a Deployment,
    producer: Plain,
}

impl<'a> Dead<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        let id = format!("{}-dead", deployment.prefix);
        let settings = [("transactional.id", &*id), ("transaction.timeout.ms", "60000")];
        let producer = producer(&deployment.bootstrap, &settings);
        producer.init_transactions(PATIENCE).expect("initialised");
        producer.begin_transaction().expect("begun");
        Self { deployment, producer }
    }

    /// It has published call `c-1`, so the seen topic knows it. Which partition the call is in does not matter: in each.
    fn remembers_the_call(&self) {
        let context = self.deployment.source().context(Channel::Callback, EventTime::new(jiff::Timestamp::now()));
        let key = context.event(EventType::CallEnded, "c-1", &["c-1"]).key;
        let (outcome, hour) = (Outcome::Busy.code(), (jiff::Timestamp::now().as_second() / 3600) as u32);
        let mut entry = Vec::new();
        encode(&mut entry, key.0, &Remembered { outcome, seen: 1 << outcome, findings: 0, revision: 0, hour });
        let topic = self.deployment.topic("seen");
        for partition in 0..3 {
            let record = BaseRecord::<(), [u8]>::to(&topic).partition(partition).payload(&entry);
            self.producer.send(record).map_err(|(error, _)| error).expect("queued");
        }
        self.producer.flush(PATIENCE).expect("flushed");
    }

    /// It has moved the group to `offset` in every partition.
    fn moves_the_group_to(&self, offset: i64) {
        let mut offsets = TopicPartitionList::new();
        for partition in 0..3 {
            let topic = self.deployment.topic("inbox");
            offsets.add_partition_offset(&topic, partition, Offset::Offset(offset)).expect("added");
        }
        let group = reader(self.deployment, "read_committed").group_metadata().expect("group metadata");
        self.producer.send_offsets_to_transaction(&offsets, &group, PATIENCE).expect("offsets sent");
    }
}

/// The transaction of a worker that has decided call `c-1` and moved the group's offsets.
fn open_transaction(deployment: &Deployment) -> Plain {
    let dead = Dead::new(deployment);
    dead.remembers_the_call();
    dead.moves_the_group_to(0);
    dead.producer
}

/// A client of the workers' group that is no member of it.
fn reader(deployment: &Deployment, isolation: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", &deployment.bootstrap)
        .set("group.id", format!("{}-dedup", deployment.prefix))
        .set("isolation.level", isolation)
        .create()
        .expect("a consumer")
}

/// How many inbox records the workers' group has left behind; 0 while that can change.
fn decided(deployment: &Deployment) -> usize {
    let mut asked = TopicPartitionList::new();
    for partition in 0..3 {
        asked.add_partition(&deployment.topic("inbox"), partition);
    }
    let Ok(found) = reader(deployment, "read_committed").committed_offsets(asked, PATIENCE) else { return 0 };
    let offsets = found.elements().into_iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some(offset as usize),
        _ => None,
    });
    offsets.sum()
}

/// Guards: committed offsets are taken only when stable, and the seen-set is read to the high watermark, not to the last
/// stable offset.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_owner_waits_for_open_transactions_and_then_knows_what_they_published() {
    for committed in [true, false] {
        let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
        assert!(deployment.start().stop().success(), "creates the topics");
        let dead = open_transaction(&deployment);

        let mut replica = deployment.spawn(&[], &[]);
        let admin = replica.admin();
        eventually("readiness tells of the rebuild", || {
            get(&format!("{admin}/readyz?verbose")).1.contains("rebuilding")
        });
        let client = client();
        let answer = deployment.signed("call", &call_body("c-1", "486")).post(&client, &replica.url()).await;
        assert_eq!(answer.expect("an answer").status(), 200, "ingest does not depend on dedup");
        // Three seconds are far more than a rebuild that does not wait.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(get(&format!("{admin}/readyz")).0, 503, "not ready while the transaction is open");
        assert!(deployment.read("events").is_empty());

        if committed {
            dead.commit_transaction(PATIENCE).expect("committed");
            replica.wait_ready();
            eventually("the callback is decided", || {
                get(&format!("{admin}/metrics")).1.contains("decision=\"duplicate\"} 1")
            });
            assert!(deployment.read("events").is_empty(), "it was published by the dead worker's transaction");
        } else {
            dead.abort_transaction(PATIENCE).expect("aborted");
            let events = deployment.read_until("events", |events| !events.is_empty());
            assert_eq!(events.len(), 1, "an aborted transaction published nothing");
        }
        assert!(replica.stop().success());
    }
}

/// Starts a replica that must find a transaction open, and returns it when three seconds have not made it ready.
async fn kept_waiting(deployment: &Deployment) -> Replica {
    let mut replica = deployment.spawn(&[], &[]);
    let admin = replica.admin();
    let ready = || get(&format!("{admin}/readyz?verbose"));
    eventually("partitions", || matches!(ready(), (status, text) if status == 200 || text.contains("rebuilding")));
    // Three seconds are far more than a rebuild that does not wait.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(ready().0, 503, "not ready while the transaction is open");
    replica
}

/// Call `c-1` is told to `replica`, which must know that it is published already.
async fn assert_the_call_is_known(deployment: &Deployment, replica: &mut Replica) {
    replica.wait_ready();
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(signed.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    let admin = replica.admin();
    let decided = |line: &str| line.starts_with("trunkline_dedup_decisions_total{") && line.ends_with(" 1");
    eventually("the callback is decided", || get(&format!("{admin}/metrics")).1.lines().any(decided));
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["duplicate"]), 1.0);
    assert!(deployment.read("events").is_empty(), "it was published by the dead worker's transaction");
}

/// Guards: the memory ends at the seen topic's high watermark, not at its last stable offset, and is read when nothing below
/// is open. A commit marker reaches each partition in its own time; here the group's offsets wait for none any more.
#[tokio::test(flavor = "multi_thread")]
async fn the_memory_includes_what_is_not_yet_marked_as_committed() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    assert!(deployment.start().stop().success(), "creates the topics");
    let dead = Dead::new(&deployment);
    dead.remembers_the_call();
    let mut replica = kept_waiting(&deployment).await;
    dead.producer.commit_transaction(PATIENCE).expect("committed");
    assert_the_call_is_known(&deployment, &mut replica).await;
    assert!(replica.stop().success());
}

/// Guard: a rebuild that fails ends its worker, whose group still waits for an answer, and another one tries again.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_fails_is_tried_again() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    assert!(deployment.start().stop().success(), "creates the topics");
    let dead = Dead::new(&deployment);
    dead.remembers_the_call();
    // Half of this is how long a rebuild waits for a transaction.
    let mut replica = deployment.spawn(&[], &[("TRUNKLINE__DEDUP__MAX_POLL_INTERVAL_MS", "6500")]);
    eventually("the rebuild gives up", || replica.log().contains("of the seen topic stays open"));
    assert_eq!(get(&format!("{}/readyz", replica.admin())).0, 503);
    dead.producer.commit_transaction(PATIENCE).expect("committed");
    assert_the_call_is_known(&deployment, &mut replica).await;
    assert!(replica.stop().success());
}

/// Guards: the group's offsets are taken when no transaction can move them any more, and before the end of the seen topic
/// is. With the offsets of before, what the dead worker put aside is put aside again; with the end of before, its memory
/// is incomplete.
#[tokio::test(flavor = "multi_thread")]
async fn the_offsets_are_taken_when_they_are_stable_and_before_the_memory() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    assert!(deployment.start().stop().success(), "creates the topics");
    let (inbox, topic) = (producer(&deployment.bootstrap, &[]), deployment.topic("inbox"));
    for partition in 0..3 {
        let poison = BaseRecord::to(&topic).partition(partition).key("nobody").payload("not ours");
        inbox.send(poison).map_err(|(error, _)| error).expect("queued");
    }
    inbox.flush(PATIENCE).expect("flushed");
    let dead = Dead::new(&deployment);
    dead.moves_the_group_to(1);
    let mut replica = kept_waiting(&deployment).await;
    dead.remembers_the_call();
    dead.producer.commit_transaction(PATIENCE).expect("committed");
    assert_the_call_is_known(&deployment, &mut replica).await;
    assert!(deployment.read("rejected").is_empty(), "the dead worker has passed these records");
    assert!(replica.stop().success());
}

/// Guard: the group's metadata is taken afresh at every commit, so that the group refuses the commit of a worker whose
/// partitions it gave away. Nothing else does: the worker is frozen in the middle of a batch, its transaction does not time
/// out, and it commits before it hears of the loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_wakes_up_late_commits_nothing() {
    const CALLS: usize = 10_000;
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "dedup.commit_interval_ms = 2000");
    let patient = [("TRUNKLINE__DEDUP__TRANSACTION_TIMEOUT_MS", "30000")];
    assert!(deployment.start().stop().success(), "creates the topics");
    let inbox = producer(&deployment.bootstrap, &[]);
    let records = (0..CALLS).map(|call| inbox_record(&deployment, &format!("c-{call}"), Outcome::Busy));
    records.for_each(|record| send(&inbox, &deployment.topic("inbox"), &record));
    inbox.flush(PATIENCE).expect("flushed");
    let frozen = deployment.spawn(&[], &patient);
    let (group, committed) = (reader(&deployment, "read_uncommitted"), reader(&deployment, "read_committed"));
    let events = deployment.topic("events");
    let ends = |reader: &BaseConsumer| {
        (0..3).map(|partition| reader.fetch_watermarks(&events, partition, PATIENCE).expect("an answer").1).sum::<i64>()
    };
    // Decided in part, and so many are left that it is hardly ever in the middle of a commit instead.
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "never met in a transaction");
        if ends(&group) > 0 {
            frozen.signal("-STOP");
            if ends(&committed) < ends(&group) {
                break;
            }
            frozen.signal("-CONT");
        }
    }
    let mut owner = deployment.spawn(&[], &patient);
    eventually("the new owner has decided everything", || decided(&deployment) == CALLS);
    frozen.signal("-CONT");
    let events = deployment.read_until("events", |events| events.len() >= CALLS);
    assert_eq!(events.len(), CALLS, "the late worker has published what the new owner had published");
    owner.wait_ready();
    assert!(owner.stop().success());
}

/// Guard: the group's metadata is taken afresh at every commit. With that of before a rebalance every later commit is
/// refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebalance_costs_no_transaction() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut one = deployment.start();
    let (client, url) = (client(), one.url());
    let mut two = None;
    for round in 1..=2 {
        for call in 0..20 {
            let signed = deployment.signed("call", &call_body(&format!("c-{round}-{call}"), "486"));
            assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
        }
        assert_eq!(deployment.read_until("events", |events| events.len() >= round * 20).len(), round * 20);
        two.get_or_insert_with(|| deployment.start());
    }
    assert_eq!(one.metric("trunkline_dedup_aborts_total", &[]), 0.0, "{}", one.log());
    assert_eq!(one.metric("trunkline_dedup_worker_restarts_total", &[]), 0.0, "{}", one.log());
}

/// Guard: a worker that leaves in the middle of a rebuild still answers its group, so that its consumer can be dropped.
#[test]
fn a_stop_while_rebuilding_is_a_stop() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    assert!(deployment.start().stop().success(), "creates the topics");
    let dead = open_transaction(&deployment);
    let mut replica = deployment.spawn(&[], &[]);
    let admin = replica.admin();
    eventually("readiness tells of the rebuild", || get(&format!("{admin}/readyz?verbose")).1.contains("rebuilding"));
    assert_eq!(replica.stop().code(), Some(0), "{}", replica.log());
    dead.abort_transaction(PATIENCE).expect("aborted");
}

/// Guard: a member beyond the number of partitions is ready, with nothing to do.
#[test]
fn more_replicas_than_partitions_are_all_ready() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replicas: Vec<_> = (0..4).map(|_| deployment.start()).collect();
    replicas.iter_mut().for_each(|replica| assert_eq!(replica.stop().code(), Some(0), "{}", replica.log()));
}

/// Guards: the seen-set is rebuilt at all, and covers what earlier owners published.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_remembers_what_was_published() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    for round in 0..3 {
        let mut replica = deployment.start();
        let (client, url) = (client(), replica.url());
        for call in 0..30 {
            let signed = deployment.signed("call", &call_body(&format!("c-{call}"), "486"));
            assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
        }
        deployment.read_until("events", |events| events.len() >= 30);
        assert_eq!(deployment.read("events").len(), 30, "round {round}");
        match round {
            0 => assert!(replica.stop().success()),
            _ => replica.kill(),
        }
    }
}

fn setup(deployment: &Deployment) -> Setup {
    let app = App::new(deployment.config()).expect("configured");
    let App { config, client, topics, metrics, health, .. } = app;
    Setup { config, client, topics, metrics, health, tracer: Tracer::default() }
}

/// Guards: after an abort the consumer goes back to the batch's first records, and their keys are forgotten. Without either,
/// the records of an aborted transaction are never published.
#[test]
fn an_aborted_transaction_is_decided_again() {
    let (broker, deployment) = Deployment::embedded("");
    let setup = setup(&deployment);
    let stage = Stage::spawn(setup.clone(), 0);
    eventually("the worker is ready", || setup.health.is_ready());
    let inbox = producer(&deployment.bootstrap, &[]);
    for round in 0..10 {
        broker.with(|cluster| {
            let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
            cluster.request_errors(RDKafkaApiKey::TxnOffsetCommit, &[error]);
        });
        for call in 0..50 {
            let record = inbox_record(&deployment, &format!("c-{round}-{call}"), Outcome::Busy);
            send(&inbox, &deployment.topic("inbox"), &record);
        }
        inbox.flush(PATIENCE).expect("flushed");
        eventually("an abort", || setup.metrics.aborts.get() > round);
    }
    // The embedded broker shows aborted records too, so only what was decided for good counts: the metrics count at commit.
    let first = || setup.metrics.decisions.with_label_values(&["first", "callback"]).get();
    eventually("every fact is committed", || first() >= 500);
    assert_eq!(first(), 500);
    stage.stop();
    stage.join().expect("ends well");
}

/// Guard: librdkafka's own flush comes before the commit, so that the crate's finds nothing to wait for.
#[test]
fn a_commit_does_not_take_a_tenth_of_a_second() {
    let (_broker, deployment) = Deployment::embedded("");
    let setup = setup(&deployment);
    let stage = Stage::spawn(setup.clone(), 0);
    eventually("the worker is ready", || setup.health.is_ready());
    let inbox = producer(&deployment.bootstrap, &[]);
    let seconds = &setup.metrics.commit_seconds;
    let commits: Vec<f64> = (0..10)
        .map(|call| {
            let (count, sum) = (seconds.get_sample_count(), seconds.get_sample_sum());
            let record = inbox_record(&deployment, &format!("c-{call}"), Outcome::Busy);
            send(&inbox, &deployment.topic("inbox"), &record);
            eventually("a commit", || seconds.get_sample_count() > count);
            seconds.get_sample_sum() - sum
        })
        .collect();
    // The fastest: a machine that stalls makes some of them slow, the crate's flush makes all of them slow.
    assert!(commits.iter().any(|seconds| *seconds < 0.1), "{commits:?}");
    stage.stop();
    stage.join().expect("ends well");
}

/// Guard: a fact is remembered with the hour of its record, and for the window from there on.
#[test]
fn a_fact_is_remembered_for_the_window_and_no_longer() {
    let (_broker, deployment) = Deployment::embedded("dedup.window_hours = 72");
    let setup = setup(&deployment);
    let stage = Stage::spawn(setup.clone(), 0);
    eventually("the worker is ready", || setup.health.is_ready());
    let inbox = producer(&deployment.bootstrap, &[]);
    let decisions = |what: &str| setup.metrics.decisions.with_label_values(&[what, "callback"]).get();
    let now = jiff::Timestamp::now().as_millisecond();
    for (hours_ago, first, duplicates) in [(100, 1, 0), (90, 1, 1), (10, 2, 1), (0, 2, 2)] {
        let record = inbox_record(&deployment, "c-1", Outcome::Busy);
        send_at(&inbox, &deployment.topic("inbox"), &record, now - hours_ago * 3_600_000);
        eventually("a decision", || decisions("first") + decisions("duplicate") == first + duplicates);
        assert_eq!(decisions("first"), first, "{hours_ago} hours ago");
    }
    stage.stop();
    stage.join().expect("ends well");
}

/// Guards: a fenced worker ends its clients and starts anew; nothing is published twice by either.
#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_worker_starts_anew_and_publishes_nothing_twice() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "dedup.instance = \"one\"");
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    let id = format!("{0}-dedup-one-0", deployment.prefix);
    for round in 0..3 {
        producer(&deployment.bootstrap, &[("transactional.id", &id)]).init_transactions(PATIENCE).expect("fences");
        for call in 0..20 {
            let signed = deployment.signed("call", &call_body(&format!("c-{round}-{call}"), "486"));
            assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
        }
        deployment.read_until("events", |events| events.len() >= (round + 1) * 20);
    }
    assert_eq!(deployment.read("events").len(), 60);
    assert!(replica.metric("trunkline_dedup_worker_restarts_total", &[]) >= 1.0, "{}", replica.log());
    assert!(replica.stop().success());
}

/// Guard: flushing by librdkafka itself. The crate's own flush takes a flat 100 ms when anything is in flight.
#[test]
fn flushing_takes_as_long_as_the_broker_and_no_longer() {
    let (broker, deployment) = Deployment::embedded("");
    broker.with(|cluster| cluster.broker_round_trip_time(-1, Duration::from_millis(5))).expect("slower");
    let producer = producer(&deployment.bootstrap, &[("linger.ms", "0")]);
    let topic = deployment.topic("inbox");
    let timed = |flush: &dyn Fn()| {
        let record = inbox_record(&deployment, "c-1", Outcome::Busy);
        let mut times: Vec<Duration> = (0..9)
            .map(|_| {
                send(&producer, &topic, &record);
                let started = Instant::now();
                flush();
                started.elapsed()
            })
            .collect();
        times.sort();
        times[4]
    };
    timed(&|| assert!(flush(&producer, PATIENCE)));
    let ours = timed(&|| assert!(flush(&producer, PATIENCE)));
    let theirs = timed(&|| producer.flush(PATIENCE).expect("flushed"));
    assert!(ours * 2 < theirs, "ours {ours:?}, the crate's {theirs:?}: if that is mended, delete our own");
}

/// Guard: transactional calls block their own thread only. On a runtime of a single thread, a commit that waits for a broker
/// that is down must not keep anybody else from running.
#[test]
fn a_blocked_commit_does_not_block_the_runtime() {
    let (broker, deployment) = Deployment::embedded("");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let stop = CancellationToken::new();
    let (found, address) = std::sync::mpsc::channel();
    let app = App::new(deployment.config()).expect("configured");
    let (health, metrics, stopped) = (app.health.clone(), app.metrics.clone(), stop.clone());
    let process = std::thread::spawn(move || {
        runtime.block_on(async {
            let listeners = app.bind(&[Role::Dedup]).await.expect("bound");
            found.send(listeners.admin.local_addr().expect("bound")).expect("sent");
            app.run(&[Role::Dedup], listeners, false, stopped).await
        })
    });
    let admin = address.recv().expect("an address");
    eventually("the worker is ready", || health.is_ready());
    let inbox = producer(&deployment.bootstrap, &[]);
    send(&inbox, &deployment.topic("inbox"), &inbox_record(&deployment, "c-1", Outcome::Busy));
    inbox.flush(PATIENCE).expect("flushed");
    eventually("the first commit", || metrics.commits.get() == 1);
    // From now on a commit hangs: the broker does not answer transactions for ten seconds.
    broker.with(|cluster| cluster.broker_round_trip_time(-1, Duration::from_secs(10))).expect("slow");
    send(&inbox, &deployment.topic("inbox"), &inbox_record(&deployment, "c-2", Outcome::Busy));
    for _ in 0..20 {
        assert_eq!(get(&format!("http://{admin}/livez")).0, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    broker.with(|cluster| cluster.broker_round_trip_time(-1, Duration::ZERO)).expect("fast");
    stop.cancel();
    drop(process.join().expect("no panic"));
}

/// What ingest publishes with, on the embedded broker.
fn publisher(deployment: &Deployment) -> Publisher {
    let app = App::new(deployment.config()).expect("configured");
    Publisher::new(&app.config, &app.client, Arc::new(Metrics::new())).expect("a publisher")
}

/// A record of one key that says `value`.
fn said<'a>(topic: &'a str, key: &'a str, value: &'a str) -> NewRecord<'a> {
    let timestamp = jiff::Timestamp::now().as_millisecond();
    NewRecord { topic, key, partition: None, value: Some(value.as_bytes()), headers: &[], timestamp }
}

/// Guard: of a key one record is under way at a time. The producer repeats what a broker did not take, and what was sent
/// after it would then be before it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_producer_has_to_repeat_keeps_its_order() {
    let (broker, deployment) = Deployment::embedded("kafka.properties.\"batch.num.messages\" = 1");
    let publisher = publisher(&deployment);
    let topic = deployment.topic("inbox");
    let deadline = || tokio::time::Instant::now() + PATIENCE;
    publisher.publish(&[said(&topic, "other", "warm")], deadline()).await.expect("published");
    for round in 0..10 {
        broker.with(|cluster| {
            let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION;
            cluster.request_errors(RDKafkaApiKey::Produce, &[error]);
        });
        let values: Vec<String> = (0..4).map(|number| format!("{round}-{number}")).collect();
        let records: Vec<_> = values.iter().map(|value| said(&topic, "call", value)).collect();
        publisher.publish(&records, deadline()).await.expect("published");
    }
    let written: Vec<String> = read_topic(&deployment.bootstrap, &topic, &[])
        .into_iter()
        .filter(|record| record.key == "call")
        .map(|record| String::from_utf8(record.value).expect("text"))
        .collect();
    let due: Vec<String> = (0..10).flat_map(|round| (0..4).map(move |number| format!("{round}-{number}"))).collect();
    assert_eq!(written, due);
}

/// What the threads of a process that talk to brokers have used of the processor.
fn broker_threads(process: u32) -> Duration {
    let mut ticks = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task")).expect("Linux").flatten() {
        let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((name, fields)) = stat.rsplit_once(") ") else { continue };
        if !name.contains("(rdk:broker") {
            continue;
        }
        // User and system time, in hundredths of a second.
        ticks += fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    }
    Duration::from_millis(10 * ticks)
}

/// Guard: the producer is not idempotent. One that is has five requests under way at most, and spins while more wait.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_distant_broker_costs_no_processor_time() {
    let (broker, deployment) = Deployment::embedded("");
    broker.with(|cluster| cluster.broker_round_trip_time(-1, Duration::from_millis(500))).expect("slower");
    let mut replica = deployment.spawn(&["--role", "ingest"], &[]);
    replica.wait_ready();
    let (client, url) = (client(), replica.url());
    let send = async |sender: u32, number: usize| {
        let signed = deployment.signed("call", &call_body(&format!("c-{sender}-{number}"), "486"));
        assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
    };
    futures_util::future::join_all((0..32).map(|sender| send(sender, 0))).await;
    let (began, used) = (Instant::now(), broker_threads(replica.id()));
    // One after the other, so that their requests are no batch.
    let senders = (0..32).map(|sender| async move {
        tokio::time::sleep(Duration::from_millis(15) * sender).await;
        for number in 1..5 {
            send(sender, number).await;
        }
    });
    futures_util::future::join_all(senders).await;
    let (took, used) = (began.elapsed(), broker_threads(replica.id()) - used);
    assert!(used < took / 10, "{used:?} of the processor in {took:?}");
    assert!(replica.stop().success());
}

/// Guard: a record that cannot be read is put aside inside the transaction, and the partition goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_record_is_put_aside_once_and_does_not_stop_its_partition() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let inbox = producer(&deployment.bootstrap, &[]);
    let inbox_topic = deployment.topic("inbox");
    let poison = BaseRecord::to(&inbox_topic).key("nobody").payload("not ours");
    inbox.send(poison).map_err(|(error, _)| error).expect("queued");
    inbox.flush(PATIENCE).expect("flushed");
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    let client = client();
    assert_eq!(signed.post(&client, &replica.url()).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
    let rejected = deployment.read("rejected");
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].value, b"not ours");
    assert_eq!(rejected[0].header("trunkline_reason"), "poison");
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["poison"]), 1.0);
    assert!(replica.stop().success());
    assert_eq!(decided(&deployment), 2, "the group has passed both records: the next owner does not read them again");
}

/// Guard: output partition = input partition needs equal counts; anything else is refused at start.
#[test]
fn topics_with_different_partition_counts_are_refused() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    assert!(deployment.start().stop().success(), "creates the topics");
    let mut replica = deployment.spawn(&[], &[("TRUNKLINE__KAFKA__PARTITIONS", "4")]);
    assert_eq!(replica.wait().code(), Some(1));
    let log = replica.log();
    assert!(log.contains("has 3 partitions, kafka.partitions is 4"), "{log}");
    assert!(log.contains("set kafka.partitions to the topics' number"), "{log}");
}
