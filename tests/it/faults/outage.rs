//! Kafka away, and how vendors hear of it.

use std::time::{Duration, Instant};

use super::super::deployment::{Deployment, Record, call_body, client, eventually, get, retry_after};
use super::super::kafka::Cluster;

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
    assert!((7..=14).contains(&retry_after(&answer)), "once to twice the setting");
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

/// A stop does not wait for a broker that never answers: what is not committed is decided again by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_the_broker_is_frozen_ends_in_time() {
    let cluster = Cluster::start(1);
    let deployment = Deployment::new(cluster.bootstrap(), "http.answer_deadline_ms = 1000");
    let mut replica = deployment.start();
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(signed.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    cluster.pause(0);
    let started = Instant::now();
    replica.stop();
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    cluster.resume(0);
    let _successor = deployment.start();
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
}
