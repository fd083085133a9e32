//! The spool: how fast the disk takes deliveries; and the real program in an outage of a real single-node Kafka: what a sender
//! waits, and how fast Kafka gets what was held.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/deployment.rs"]
mod deployment;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/kafka/mod.rs"]
mod kafka;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deployment::{Deployment, Replica, call_body};
use kafka::Cluster;
use trunkline::config::Config;
use trunkline::kafka::Record;
use trunkline::metrics::Metrics;
use trunkline::spool::Spool;

const SECONDS: u64 = 5;

fn main() {
    // `cargo test` runs benches once to see that they work; this one needs its own machine to mean anything.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("senders   deliveries/s on the disk");
    for senders in [1, 16, 256] {
        println!("{senders:>7}   {:>8.0}", runtime.block_on(put(senders)));
    }
    println!("rate/s   sent    answer p50/p99 ms    drained/s");
    for rate in [100, 500, 1000] {
        println!("{}", runtime.block_on(outage(rate)));
    }
}

/// Deliveries of 2000 bytes a second, each waited for by one of `senders`.
async fn put(senders: usize) -> f64 {
    let folder = tempfile::tempdir_in(".").expect("a folder on a disk");
    let toml = format!("spool.dir = {:?}\nspool.max_bytes = 8000000000", folder.path());
    let config = Config::from_toml(&toml).unwrap_or_else(|errors| panic!("{errors:?}"));
    let spool = Spool::open(&config, Arc::new(Metrics::new())).expect("opened").expect("configured");
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let running: Vec<_> = (0..senders)
        .map(|_| {
            let spool = spool.clone();
            tokio::spawn(async move {
                let value = [b'v'; 2000];
                let record =
                    Record { topic: "t", partition: None, key: "k", value: Some(&value), headers: &[], timestamp: 0 };
                let mut count = 0_u32;
                while Instant::now() < until {
                    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
                    spool.put(std::slice::from_ref(&record), deadline).await.expect("taken");
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut total = 0;
    for task in running {
        total += task.await.expect("no panic");
    }
    f64::from(total) / SECONDS as f64
}

async fn outage(rate: u64) -> String {
    let mut cluster = Cluster::start(1);
    let folder = tempfile::tempdir_in(".").expect("a folder on a disk");
    let deployment = Deployment::new(cluster.bootstrap(), &format!("spool.dir = {:?}", folder.path()));
    let mut replica = deployment.start();
    let url = replica.url();
    cluster.kill(0);
    trunkline::tls::install_provider();
    let client = reqwest::Client::new();
    let total = rate * SECONDS;
    let request = |call: String| deployment.signed("call", &call_body(&call, "486"));
    // The one that waits for Kafka in vain.
    assert_eq!(request("first".to_owned()).post(&client, &url).await.expect("an answer").status(), 200);
    let requests: Vec<_> = (0..total).map(|number| request(format!("c-{number}"))).collect();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate as u32);
    let mut running = Vec::new();
    for signed in requests {
        ticks.tick().await;
        let (client, url) = (client.clone(), url.clone());
        running.push(tokio::spawn(async move {
            let started = Instant::now();
            assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
            started.elapsed()
        }));
    }
    let mut times = Vec::new();
    for task in running {
        times.push(task.await.expect("no panic"));
    }
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    tokio::task::block_in_place(|| cluster.restart(0));
    let drained = tokio::task::block_in_place(|| drain(&mut replica, total as f64 + 1.0));
    assert!(tokio::task::block_in_place(|| replica.stop()).success());
    format!("{rate:>6} {total:>6}   {:>8.1} / {:<8.1}   {drained:>8.0}", at(50), at(99))
}

/// Records a second, from the first that is seen to be drained to the last.
fn drain(replica: &mut Replica, total: f64) -> f64 {
    let mut first = None;
    loop {
        let drained = replica.metric("trunkline_spool_drained_records_total", &[]);
        let (since, count) = *first.get_or_insert((Instant::now(), drained));
        if count == 0.0 {
            first = None;
        }
        if drained >= total {
            return (total - count) / since.elapsed().as_secs_f64();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
