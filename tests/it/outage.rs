//! Kafka away for long: what senders hear, what it costs, and what is there afterwards; without a spool and with one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::deployment::{Deployment, Record, Replica, call_body, client, eventually, get, retry_after};
use super::kafka::Cluster;

/// The answer of one delivery.
async fn post(deployment: &Deployment, url: &str, call: &str, sip: &str) -> u16 {
    let signed = deployment.signed("call", &call_body(call, sip));
    signed.post(&client(), url).await.expect("an answer").status().as_u16()
}

/// Senders that deliver new calls one after the other until `until`, and what each call was answered.
async fn load(deployment: &Arc<Deployment>, url: &str, name: &str, until: Instant) -> BTreeMap<String, u16> {
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (deployment, url, name) = (deployment.clone(), url.to_owned(), name.to_owned());
            tokio::spawn(async move {
                let client = client();
                let mut answers = BTreeMap::new();
                for number in 0.. {
                    if Instant::now() >= until {
                        break;
                    }
                    let call = format!("{name}-{sender}-{number}");
                    let signed = deployment.signed("call", &call_body(&call, "486"));
                    answers.insert(call, signed.post(&client, &url).await.expect("an answer").status().as_u16());
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                answers
            })
        })
        .collect();
    let mut all = BTreeMap::new();
    for sender in senders {
        all.extend(sender.await.expect("no panic"));
    }
    all
}

/// How often each call was published, when all of `calls` are.
fn published<'a>(deployment: &Deployment, calls: impl Iterator<Item = &'a String> + Clone) -> BTreeMap<String, usize> {
    let count = |events: &[Record]| {
        events.iter().fold(BTreeMap::new(), |mut counts: BTreeMap<String, usize>, event| {
            *counts.entry(event.json()["subject"].as_str().expect("a subject").to_owned()).or_default() += 1;
            counts
        })
    };
    let events = deployment.read_until("events", |events| {
        let counts = count(events);
        calls.clone().all(|call| counts.contains_key(call))
    });
    count(&events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_long_outage_is_told_at_once_and_costs_no_memory() {
    let mut cluster = Cluster::start(1);
    let deployment = Arc::new(Deployment::new(cluster.bootstrap(), "http.answer_deadline_ms = 1500"));
    let mut replica = deployment.start();
    let (url, admin) = (replica.url(), replica.admin());
    let before = load(&deployment, &url, "before", Instant::now() + Duration::from_secs(3)).await;
    assert!(before.values().all(|status| *status == 200), "{before:?}");
    let resident = replica.metric("process_resident_memory_bytes", &[]);

    cluster.kill(0);
    let outage = Duration::from_secs(15);
    let during = load(&deployment, &url, "during", Instant::now() + outage).await;
    assert!(during.values().all(|status| *status == 503), "{during:?}");
    let waited = replica.metric("trunkline_deliveries_total", &[r#"result="kafka_unavailable""#]);
    let at_once = replica.metric("trunkline_deliveries_total", &[r#"result="kafka_away""#]);
    // The eight of the beginning, and then a few trials at a time, each for one deadline.
    assert!((1.0..=8.0 + 4.0 * 11.0).contains(&waited), "{waited} waited");
    assert!(at_once > waited * 4.0, "{at_once} were refused at once, {waited} waited");
    assert_eq!(replica.metric("trunkline_kafka_away", &[]), 1.0);
    let grown = replica.metric("process_resident_memory_bytes", &[]) - resident;
    assert!(grown < 32e6, "{grown} bytes more after {} refused deliveries", during.len());
    assert_eq!(get(&format!("{admin}/readyz")).0, 503);

    cluster.restart(0);
    eventually("ready again, without a hand", || get(&format!("{admin}/readyz")).0 == 200);
    for call in during.keys().take(50) {
        assert_eq!(post(&deployment, &url, call, "486").await, 200, "nobody is refused any more");
    }
    assert_eq!(replica.metric("trunkline_kafka_away", &[]), 0.0);
    let counts = published(&deployment, before.keys().chain(during.keys().take(50)));
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(replica.stop().success());
}

/// A cluster, and a deployment with a spool in a folder of its own.
struct Spooling {
    cluster: Cluster,
    deployment: Arc<Deployment>,
    folder: tempfile::TempDir,
}

impl Spooling {
    fn new(more: &str) -> Self {
        let cluster = Cluster::start(1);
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("spool");
        std::fs::create_dir(&dir).expect("made");
        let extra = format!("http.answer_deadline_ms = 2000\nspool.after_ms = 500\nspool.dir = {dir:?}\n{more}");
        let deployment = Arc::new(Deployment::new(cluster.bootstrap(), &extra));
        Self { cluster, deployment, folder }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// Waits until nothing is held any more.
    fn wait_drained(&self, replica: &mut Replica) {
        let admin = replica.admin();
        eventually("the spool is drained", || files(&self.dir()) == 0);
        eventually("and says so", || get(&format!("{admin}/readyz?verbose")).1.contains("spool: empty"));
        eventually("everything is ready", || get(&format!("{admin}/readyz")).0 == 200);
        assert_eq!(replica.metric("trunkline_spool_records", &[]), 0.0);
        assert_eq!(replica.metric("trunkline_spool_bytes", &[]), 0.0);
    }
}

fn files(dir: &Path) -> usize {
    let names = std::fs::read_dir(dir).expect("listed").map(|entry| entry.expect("an entry").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".records")).count()
}

/// A polled source, to which dialers say what they placed. Nobody answers at its API.
const DIALED: &str = r#"
    [sources.kv]
    vendor = "sestek-knovvu"
    account = "tenant-a"
    country = "TR"
    path_tokens = ["only-for-tests-path-token"]
    dialer_tokens = ["only-for-tests-dialer-token"]
    api.base_url = "http://127.0.0.1:9"
    poll.deadline_seconds = 600
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn with_a_spool_an_outage_is_acknowledged_and_published_once_in_order() {
    let mut spooling = Spooling::new(DIALED);
    let deployment = spooling.deployment.clone();
    let mut replica = deployment.start();
    let (url, admin) = (replica.url(), replica.admin());
    assert_eq!(post(&deployment, &url, "before", "486").await, 200);
    assert_eq!(replica.metric("trunkline_spool_written_records_total", &[]), 0.0, "Kafka takes it");

    spooling.cluster.kill(0);
    // First without an outcome, then with one: in the other order the first would not be published.
    let calls: Vec<String> = (0..40).map(|number| format!("c-{number}")).collect();
    for sip in ["999", "486"] {
        let answers = calls.iter().map(|call| post(&deployment, &url, call, sip));
        let answers = futures_util::future::join_all(answers).await;
        assert_eq!(answers, [200; 40]);
    }
    let bad = deployment.signed("call", r#"{"callbackType":3}"#);
    assert_eq!(bad.post(&client(), &url).await.expect("an answer").status(), 200, "kept, not understood");
    let dialed = client()
        .post(format!("{url}/v1/sources/kv/calls"))
        .bearer_auth("only-for-tests-dialer-token")
        .json(&json!({ "id": "u-1", "destination": "+905321234567" }))
        .send();
    assert_eq!(dialed.await.expect("an answer").status(), 202);

    assert_eq!(replica.metric("trunkline_spool_written_records_total", &[]), 82.0);
    eventually("the depth is told", || get(&format!("{admin}/readyz?verbose")).1.contains("spool: 82 records, "));
    eventually("its age too", || metric(&admin, "trunkline_spool_oldest_age_seconds") >= 2.0);
    let (status, text) = get(&format!("{admin}/readyz?verbose"));
    assert_eq!(status, 200, "{text}");
    eventually("Kafka is known to be away", || get(&format!("{admin}/readyz?verbose")).1.contains("[-] kafka"));
    let (status, text) = get(&format!("{admin}/readyz?verbose"));
    assert_eq!(status, 200, "{text}");

    spooling.cluster.restart(0);
    spooling.wait_drained(&mut replica);
    assert_eq!(replica.metric("trunkline_spool_drained_records_total", &[]), 82.0);
    assert_eq!(post(&deployment, &url, "after", "486").await, 200);
    assert_eq!(replica.metric("trunkline_spool_written_records_total", &[]), 82.0, "Kafka takes it again");
    let events = deployment.read_until("events", |events| events.len() >= 82);
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in &events {
        let subject = event.json()["subject"].as_str().expect("a subject").to_owned();
        told.entry(subject.clone()).or_default().push(event.summary().replace(&subject, "-"));
    }
    assert_eq!(told.len(), 42);
    for call in calls {
        assert_eq!(told[&call], ["call.ended - r0 unknown", "call.ended - r1 busy"], "{call}");
    }
    let rejected = deployment.read("rejected");
    assert!(!rejected.is_empty() && rejected.iter().all(|record| record.value == br#"{"callbackType":3}"#));
    let pending = deployment.read("pending");
    assert!(pending.iter().any(|record| record.key == "call/sestek-knovvu/tenant-a/u-1"));
    assert!(!replica.log().contains("6281200000001"), "no number in the log");
    assert!(replica.stop().success());
}

/// A gauge or counter without labels.
fn metric(admin: &str, name: &str) -> f64 {
    let (_, text) = get(&format!("{admin}/metrics"));
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_spool_outlives_kill_9_in_the_outage_and_while_it_drains() {
    // Record by record, and each waits for others: slow enough to be killed on the way.
    let mut spooling = Spooling::new("kafka.queue_max_messages = 1\nkafka.linger_ms = 50");
    let deployment = spooling.deployment.clone();
    assert!(deployment.start().stop().success(), "creates the topics");
    spooling.cluster.kill(0);

    // The first start without Kafka; the second finds what was left.
    let mut calls = Vec::new();
    for round in 0..2 {
        let mut replica = deployment.spawn(&[], &[]);
        let (url, admin) = (replica.url(), replica.admin());
        eventually("ready without Kafka", || get(&format!("{admin}/readyz")).0 == 200);
        for number in 0..60 {
            let call = format!("c-{round}-{number}");
            assert_eq!(post(&deployment, &url, &call, "486").await, 200);
            calls.push(call);
        }
        match round {
            0 => replica.kill(),
            _ => {
                let mut second = deployment.spawn(&[], &[]);
                assert_eq!(second.wait().code(), Some(2));
                let log = second.log();
                assert!(log.contains("spool.dir") && log.contains("is in use by another process"), "{log}");
                assert!(replica.stop().success(), "a stop leaves it on the disk");
            }
        }
    }
    assert_eq!(files(&spooling.dir()), 120);

    let mut replica = deployment.spawn(&[], &[]);
    let admin = replica.admin();
    spooling.cluster.restart(0);
    eventually("it drains", || metric(&admin, "trunkline_spool_drained_records_total") > 0.0);
    replica.kill();
    assert!(files(&spooling.dir()) > 0, "killed on the way");

    let mut replica = deployment.spawn(&[], &[]);
    let url = replica.url();
    assert_eq!(post(&deployment, &url, "behind", "486").await, 200);
    assert_eq!(post(&deployment, &url, &calls[119], "603").await, 200, "behind what was left of it");
    calls.push("behind".to_owned());
    spooling.wait_drained(&mut replica);
    let events = deployment.read_until("events", |events| events.len() >= 122);
    let told: Vec<String> = events.iter().map(Record::summary).collect();
    let twice: Vec<&String> = told.iter().filter(|told| told.contains(" c-1-59 ")).collect();
    assert_eq!(twice, ["call.ended c-1-59 r0 busy", "call.ended c-1-59 r1 rejected"]);
    assert_eq!(told.len(), 122);
    for call in calls {
        assert!(told.contains(&format!("call.ended {call} r0 busy")), "{call}");
    }
    let absorbed = replica.metric("trunkline_dedup_decisions_total", &[r#"decision="duplicate""#]);
    assert!(absorbed > 0.0, "what was sent before the kill was sent again");
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_spool_that_is_full_or_broken_refuses_and_recovers() {
    let mut spooling = Spooling::new(
        "http.max_body_bytes = 10000\nkafka.max_message_bytes = 30000\nspool.max_bytes = 61440\nhttp.retry_after_seconds = 7",
    );
    let deployment = spooling.deployment.clone();
    let mut replica = deployment.start();
    let (url, admin) = (replica.url(), replica.admin());
    spooling.cluster.kill(0);

    let moved = spooling.folder.path().join("moved");
    std::fs::rename(spooling.dir(), &moved).expect("moved");
    assert_eq!(post(&deployment, &url, "broken", "486").await, 503);
    assert_eq!(replica.metric("trunkline_deliveries_total", &[r#"result="spool_failed""#]), 1.0);
    assert_eq!(replica.metric("trunkline_spool_disk_errors_total", &[r#"operation="write""#]), 1.0);
    eventually("readiness tells the truth", || {
        let (status, text) = get(&format!("{admin}/readyz?verbose"));
        status == 503 && text.contains("[-] spool: cannot be written")
    });
    std::fs::rename(&moved, spooling.dir()).expect("moved back");

    let mut accepted = Vec::new();
    let refused = loop {
        let call = format!("c-{}", accepted.len());
        match post(&deployment, &url, &call, "486").await {
            200 => accepted.push(call),
            _ => break call,
        }
    };
    assert_eq!(accepted.len(), 15, "61440 bytes in steps of 4096");
    let signed = deployment.signed("call", &call_body(&refused, "486"));
    let answer = signed.post(&client(), &url).await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!((7..=14).contains(&retry_after(&answer)), "once to twice the setting");
    assert_eq!(replica.metric("trunkline_deliveries_total", &[r#"result="spool_full""#]), 2.0);
    assert_eq!(replica.metric("trunkline_spool_refused_deliveries_total", &[r#"why="full""#]), 2.0);
    eventually("readiness tells the truth", || {
        let (status, text) = get(&format!("{admin}/readyz?verbose"));
        status == 503 && text.contains("[-] spool: spool.max_bytes = 61440 are used up; 15 records")
    });
    assert_eq!(get(&format!("{admin}/livez")).0, 200);

    spooling.cluster.restart(0);
    spooling.wait_drained(&mut replica);
    accepted.push(refused);
    accepted.push("broken".to_owned());
    for call in &accepted[15..] {
        assert_eq!(post(&deployment, &url, call, "486").await, 200, "the vendor repeats");
    }
    let counts = published(&deployment, accepted.iter());
    assert!(counts.len() == 17 && counts.values().all(|count| *count == 1), "{counts:?}");
    assert!(replica.stop().success());
}
