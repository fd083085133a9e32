//! Kafka away for long: what senders hear, what it costs, and what is there afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deployment::{Deployment, Record, call_body, client, eventually, get};
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
