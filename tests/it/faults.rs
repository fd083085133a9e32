//! Faults under load: what the vendor was told is safe is published once, whatever dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::deployment::{Deployment, Record, Replica, call_body, client, eventually, get};
use super::kafka::Cluster;
use super::line::assert_in_order;

/// A vendor that sends a new call every few milliseconds to whichever replica answers, repeats what was not accepted and
/// some of what was, and keeps a ledger of what it was told is safe.
struct Vendor {
    accepted: Arc<Mutex<BTreeSet<String>>>,
    stop: CancellationToken,
    running: Vec<tokio::task::JoinHandle<()>>,
}

impl Vendor {
    fn start(deployment: &Arc<Deployment>, urls: &Arc<Mutex<Vec<String>>>) -> Self {
        let (accepted, stop) = (Arc::new(Mutex::new(BTreeSet::new())), CancellationToken::new());
        let running = (0..4)
            .map(|sender| {
                let (deployment, urls) = (deployment.clone(), urls.clone());
                let (accepted, stop) = (accepted.clone(), stop.clone());
                tokio::spawn(async move {
                    let client = reqwest::Client::builder().timeout(Duration::from_secs(6)).build().expect("a client");
                    for number in 0.. {
                        if stop.is_cancelled() {
                            return;
                        }
                        let call = format!("c-{sender}-{number}");
                        let signed = deployment.signed("call", &call_body(&call, "486"));
                        let mut repetitions = 1 + usize::from(number % 3 == 0);
                        let mut attempt = sender;
                        while repetitions > 0 && !stop.is_cancelled() {
                            attempt += 1;
                            let url = {
                                let urls = urls.lock().expect("not poisoned");
                                urls.get(attempt % urls.len().max(1)).cloned()
                            };
                            let answer = match url {
                                Some(url) => signed.post(&client, &url).await.ok(),
                                None => None,
                            };
                            match answer.map(|answer| answer.status().as_u16()) {
                                Some(200) => {
                                    accepted.lock().expect("not poisoned").insert(call.clone());
                                    repetitions -= 1;
                                }
                                Some(503) | None => tokio::time::sleep(Duration::from_millis(20)).await,
                                Some(other) => panic!("status {other}"),
                            }
                        }
                        tokio::time::sleep(Duration::from_millis(4)).await;
                    }
                })
            })
            .collect();
        Self { accepted, stop, running }
    }

    /// Stops sending and returns the ledger.
    async fn ledger(self) -> BTreeSet<String> {
        self.stop.cancel();
        for task in self.running {
            task.await.expect("no panic");
        }
        self.accepted.lock().expect("not poisoned").clone()
    }
}

/// Every accepted call exactly once, nothing twice, in order.
fn assert_exactly_once(deployment: &Deployment, ledger: &BTreeSet<String>) {
    let calls = |events: &[Record]| {
        let subject = |event: &Record| event.json()["subject"].as_str().expect("a subject").to_owned();
        events.iter().map(subject).fold(BTreeMap::new(), |mut counts: BTreeMap<String, u32>, call| {
            *counts.entry(call).or_default() += 1;
            counts
        })
    };
    eventually("every accepted call is published", || {
        let published = calls(&deployment.read("events"));
        ledger.iter().all(|call| published.contains_key(call))
    });
    std::thread::sleep(Duration::from_secs(1));
    let events = deployment.read("events");
    let twice: Vec<_> = calls(&events).into_iter().filter(|(_, count)| *count > 1).collect();
    assert!(twice.is_empty(), "published twice: {twice:?}");
    assert_in_order(&events);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killing_replicas_under_load_loses_and_doubles_nothing() {
    let deployment = Arc::new(Deployment::new(Cluster::shared().bootstrap(), "http.answer_deadline_ms = 2000"));
    let mut replicas = [deployment.start(), deployment.start()];
    let urls = Arc::new(Mutex::new(replicas.iter_mut().map(Replica::url).collect::<Vec<_>>()));
    let vendor = Vendor::start(&deployment, &urls);
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        let index = round % 2;
        match round {
            // Frozen for longer than the session: the group gives its partitions away, then it comes back.
            2 => {
                replicas[index].signal("-STOP");
                tokio::time::sleep(Duration::from_secs(8)).await;
                replicas[index].signal("-CONT");
            }
            _ => {
                replicas[index].kill();
                replicas[index] = deployment.spawn(&[], &[]);
                let url = replicas[index].url();
                urls.lock().expect("not poisoned")[index] = url;
            }
        }
    }
    let ledger = vendor.ledger().await;
    assert!(ledger.len() > 300, "a load worth the name: {}", ledger.len());
    assert_exactly_once(&deployment, &ledger);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_refuses_nobody_who_was_accepted() {
    let deployment = Arc::new(Deployment::new(Cluster::shared().bootstrap(), ""));
    let mut replicas = [deployment.start(), deployment.start()];
    let urls = Arc::new(Mutex::new(replicas.iter_mut().map(Replica::url).collect::<Vec<_>>()));
    let vendor = Vendor::start(&deployment, &urls);
    for index in [0, 1, 0, 1] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut fresh = deployment.start();
        let url = fresh.url();
        // What a load balancer does: the new one in, the old one out as soon as it is not ready.
        urls.lock().expect("not poisoned")[index] = url;
        let status = std::mem::replace(&mut replicas[index], fresh).stop();
        assert_eq!(status.code(), Some(0), "a graceful stop");
    }
    let ledger = vendor.ledger().await;
    assert!(ledger.len() > 100, "a load worth the name: {}", ledger.len());
    assert_exactly_once(&deployment, &ledger);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_brokers_down_then_a_repeated_callback_is_published_once() {
    let mut cluster = Cluster::start(1);
    let deployment =
        Deployment::new(cluster.bootstrap(), "http.answer_deadline_ms = 1500\nhttp.retry_after_seconds = 7");
    let mut replica = deployment.start();
    let (client, url, admin) = (client(), replica.url(), replica.admin());
    let post = async |call: &str| {
        let signed = deployment.signed("call", &call_body(call, "486"));
        signed.post(&client, &url).await.expect("an answer")
    };
    assert_eq!(post("warm").await.status(), 200);

    cluster.kill(0);
    let answer = post("during-the-outage").await;
    assert_eq!(answer.status(), 503, "not accepted");
    let retry_after = answer.headers()["retry-after"].to_str().ok().and_then(|text| text.parse::<u32>().ok());
    assert!(retry_after.is_some_and(|seconds| (7..=14).contains(&seconds)), "{retry_after:?}");
    assert_eq!(answer.text().await.expect("a body"), r#"{"retCode":7,"retMsg":"busy, please repeat"}"#);
    eventually("readiness tells the truth", || get(&format!("{admin}/readyz")).0 == 503);
    assert_eq!(get(&format!("{admin}/livez")).0, 200, "no reason to restart");

    cluster.restart(0);
    eventually("ready again, without a hand", || get(&format!("{admin}/readyz")).0 == 200);
    for _ in 0..2 {
        assert_eq!(post("during-the-outage").await.status(), 200, "the vendor repeats");
    }
    assert_eq!(post("after").await.status(), 200);
    let events = deployment.read_until("events", |events| events.len() >= 3);
    let mut seen: Vec<String> = events.iter().map(Record::summary).collect();
    seen.sort();
    assert_eq!(seen, ["call.ended after r0 busy", "call.ended during-the-outage r0 busy", "call.ended warm r0 busy"]);
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_broker_is_answered_for_in_time() {
    let cluster = Cluster::start(1);
    let deployment = Deployment::new(cluster.bootstrap(), "http.answer_deadline_ms = 1500");
    let mut replica = deployment.start();
    let (client, url, admin) = (client(), replica.url(), replica.admin());
    cluster.pause(0);
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 503);
    eventually("readiness tells the truth", || get(&format!("{admin}/readyz")).0 == 503);
    cluster.resume(0);
    eventually("ready again", || get(&format!("{admin}/readyz")).0 == 200);
    assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
}

/// Kafka away at the start is waited for: no crash loop.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_kafka_waits_for_it() {
    let mut cluster = Cluster::start(1);
    cluster.kill(0);
    let deployment = Deployment::new(cluster.bootstrap(), "http.answer_deadline_ms = 1000");
    let mut replica = deployment.spawn(&[], &[]);
    let admin = replica.admin();
    assert_eq!(get(&format!("{admin}/livez")).0, 200);
    let (status, text) = get(&format!("{admin}/readyz?verbose"));
    assert_eq!(status, 503, "{text}");
    cluster.restart(0);
    replica.wait_ready();
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(signed.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
    assert!(replica.stop().success());
}
