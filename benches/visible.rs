//! Time from a vendor's request to visibility for a `read_committed` consumer: the real program with default settings, on a
//! real single-node Kafka, at a steady rate.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/deployment.rs"]
mod deployment;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/kafka/mod.rs"]
mod kafka;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;

use deployment::{Deployment, call_body};
use kafka::Cluster;

const SECONDS: u64 = 20;

fn main() {
    // `cargo test` runs benches once to see that they work; this one needs its own machine to mean anything.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let cluster = Cluster::start(1);
    println!("rate/s   sent    answer p50/p99 ms    visible p50/p99 ms");
    for rate in [100, 500, 1000] {
        println!("{}", measure(cluster.bootstrap(), rate));
    }
}

fn measure(bootstrap: &str, rate: u64) -> String {
    let deployment = Arc::new(Deployment::new(bootstrap, ""));
    let mut replica = deployment.start();
    let sent: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let total = rate * SECONDS;
    let reader = {
        let (deployment, sent) = (deployment.clone(), sent.clone());
        std::thread::spawn(move || read(&deployment, &sent, total))
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let answers = runtime.block_on(send(&deployment, &replica.url(), &sent, rate, total));
    let visible = reader.join().expect("no panic");
    assert!(replica.stop().success());
    let line = |times: &[Duration]| format!("{:>8.1} / {:<8.1}", at(times, 50), at(times, 99));
    format!("{rate:>6} {total:>6}   {}   {}", line(&answers), line(&visible))
}

/// Sends at a steady rate, whatever the answers do, and returns the times to the answer.
async fn send(
    deployment: &Arc<Deployment>,
    url: &str,
    sent: &Arc<Mutex<HashMap<String, Instant>>>,
    rate: u64,
    total: u64,
) -> Vec<Duration> {
    trunkline::tls::install_provider();
    let client = reqwest::Client::new();
    let requests: Vec<_> = (0..total)
        .map(|number| (format!("c-{number}"), deployment.signed("call", &call_body(&format!("c-{number}"), "486"))))
        .collect();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate as u32);
    let mut running = Vec::new();
    for (call, signed) in requests {
        ticks.tick().await;
        let (client, url, sent) = (client.clone(), url.to_owned(), sent.clone());
        running.push(tokio::spawn(async move {
            let started = Instant::now();
            sent.lock().expect("not poisoned").insert(call, started);
            let answer = signed.post(&client, &url).await.expect("an answer");
            assert_eq!(answer.status(), 200);
            started.elapsed()
        }));
    }
    let mut times = Vec::new();
    for task in running {
        times.push(task.await.expect("no panic"));
    }
    times
}

fn read(deployment: &Deployment, sent: &Mutex<HashMap<String, Instant>>, total: u64) -> Vec<Duration> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &deployment.bootstrap)
        .set("group.id", "visible")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "10")
        .create()
        .expect("a consumer");
    consumer.subscribe(&[&deployment.topic("events")]).expect("subscribed");
    let mut times = Vec::new();
    while times.len() < total as usize {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
        let call = key.rsplit('/').next().unwrap_or_default().to_owned();
        times.push(sent.lock().expect("not poisoned")[&call].elapsed());
    }
    times
}

fn at(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1000.0
}
