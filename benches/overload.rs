//! What happens at three times what the machine can do: the real program, taking callbacks.
//!
//! Requests come at a constant rate, whatever the answers do, and are timed from when they should have been sent. The
//! program has one core to itself; the senders share another one with librdkafka's mock cluster, which costs next to nothing:
//! with a real Kafka beside them they would be what is overloaded. `cargo bench --bench overload`

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/deployment.rs"]
mod deployment;
#[expect(dead_code, reason = "other benchmarks use more of it")]
#[path = "load/mod.rs"]
mod load;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::LocalSet;
use trunkline::config::Http;
use trunkline::source::build;

use deployment::{Deployment, call_body};
use load::connection::exchange;
use load::process::{cpu, peak_megabytes, pin};
use load::request::callback;

/// The first one is the noisy one.
const SOURCES: [&str; 4] = ["nx", "b", "c", "d"];
/// Different requests of a source; then they come again, as repetitions do.
const REQUESTS: usize = 20_000;
/// Their nonce, which nothing depends on.
const NONCE: &str = "0123456789abcdef0123456789abcdef";
/// Connections of a source.
const CONNECTIONS: usize = 256;
/// Connections of all sources that find the capacity: each sends when its last request is answered.
const CLOSED_LOOP: usize = 64;
/// Not counted: connections are opened, and the program adapts.
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(10);

/// Requests of a source as they go over the wire.
type Requests = Rc<[Vec<u8>]>;

/// What came back, and how long after it was due.
#[derive(Default)]
struct Answers {
    accepted: Vec<Duration>,
    refused: Vec<Duration>,
    other: usize,
}

/// One source's senders: whoever is free takes the request that is due first.
#[derive(Default)]
struct Line {
    due: RefCell<VecDeque<Instant>>,
    more: Notify,
    answers: RefCell<Answers>,
}

fn main() {
    // `cargo test` runs benches once to see that they work; this one needs its own machine to mean anything.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    // Whatever this process starts is where it is itself.
    pin("1", std::process::id());
    let (_broker, deployment) = Deployment::embedded(&settings());
    let requests = SOURCES.map(|name| requests(&deployment, name));
    let mut replica = deployment.spawn(&["--role", "ingest"], &[("TOKIO_WORKER_THREADS", "1")]);
    pin("0", replica.id());
    replica.wait_ready();
    let address = replica.url().trim_start_matches("http://").to_owned();
    let run = |rates: [Option<f64>; SOURCES.len()]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, send(&address, &requests, rates))
    };

    let seconds = MEASURED.as_secs_f64();
    let capacity = run([None; 4]).iter().map(|answers| answers.accepted.len()).sum::<usize>() as f64 / seconds;
    println!("capacity: {capacity:.0} accepted/s, {CLOSED_LOOP} connections that wait for their answers");
    println!(
        "offered              /s   accepted/s    p50    p99 ms   refused/s    p50    p99 ms   other    CPU  sender  resident MB"
    );
    let step = |name: &str, rates: [f64; SOURCES.len()], groups: &[(&str, std::ops::Range<usize>)]| {
        let before = [replica.id(), std::process::id()].map(cpu);
        let answers = run(rates.map(Some));
        let used = [replica.id(), std::process::id()].map(cpu);
        let share =
            |index: usize| (used[index] - before[index]).as_secs_f64() / (WARM_UP + MEASURED).as_secs_f64() * 100.0;
        for (group, range) in groups {
            let offered: f64 = rates[range.clone()].iter().sum();
            let row = row(offered, &answers[range.clone()]);
            println!(
                "{name:<13}{group:<6}{row}   {:>3.0}%   {:>3.0}%   {:>6.1}",
                share(0),
                share(1),
                peak_megabytes(replica.id())
            );
        }
    };
    let all = [("", 0..SOURCES.len())];
    for (name, times) in [("1/3", 1.0 / 3.0), ("1 ×", 1.0), ("3 ×", 3.0)] {
        step(name, [times * capacity / SOURCES.len() as f64; SOURCES.len()], &all);
    }
    let quiet = 0.03 * capacity;
    step("one of them", [3.0 * capacity, quiet, quiet, quiet], &[("noisy", 0..1), ("quiet", 1..SOURCES.len())]);
    step("afterwards", [capacity / 3.0 / SOURCES.len() as f64; SOURCES.len()], &all);
    assert!(replica.stop().success());
    memory();
}

/// As many of the largest bodies as there is room for: all but their last byte, then whole while Kafka stands still.
fn memory() {
    let (broker, deployment) = Deployment::embedded(&settings());
    let mut replica = deployment.spawn(&["--role", "ingest"], &[]);
    replica.wait_ready();
    let idle = peak_megabytes(replica.id());
    let config = deployment.config();
    let address = replica.url().trim_start_matches("http://").to_owned();
    let other = "x".repeat(config.http.max_body_bytes - 1000);
    let body = call_body("large", "486").replace(r#""other":"""#, &format!(r#""other":"{other}""#));
    let sources = build(&config).unwrap_or_else(|errors| panic!("{errors:?}"));
    let requests = SOURCES.map(|name| callback(&sources[name], "call", &body, NONCE).0);
    let connect = |_| std::net::TcpStream::connect(&address).expect("connected");
    let mut connections: Vec<_> = (0..2 * config.http.max_in_flight).map(connect).collect();
    broker.with(|cluster| cluster.broker_round_trip_time(-1, Duration::from_secs(60))).expect("slower");
    // One source after the other: so most get in.
    for (number, connection) in connections.iter_mut().enumerate() {
        let request = &requests[number * SOURCES.len() / (2 * config.http.max_in_flight)];
        // Those that are refused meanwhile are closed, which may be noticed here.
        let _ = connection.write_all(&request[..request.len() - 1]);
    }
    std::thread::sleep(Duration::from_secs(1));
    println!(
        "idle {idle:.0} MB; {} bodies of {} bytes all but whole: {:.0} MB",
        replica.metric("trunkline_in_flight_requests", &[]),
        body.len(),
        peak_megabytes(replica.id())
    );
    for connection in &mut connections {
        let _ = connection.write_all(b"}");
    }
    std::thread::sleep(Duration::from_secs(2));
    println!("whole, and Kafka stands still: {:.0} MB", peak_megabytes(replica.id()));
    assert!(replica.stop().success());
}

/// Sends for every source at its rate a second, or without one as fast as its share of connections is answered.
async fn send(address: &str, requests: &[Requests; 4], rates: [Option<f64>; 4]) -> Vec<Answers> {
    let begin = Instant::now() + Duration::from_millis(500);
    let counted = begin + WARM_UP;
    let end = counted + MEASURED;
    let lines: Vec<Rc<Line>> = rates.iter().map(|_| Rc::default()).collect();
    for ((line, requests), rate) in lines.iter().zip(requests).zip(rates) {
        let connections = if rate.is_some() { CONNECTIONS } else { CLOSED_LOOP / SOURCES.len() };
        for index in 0..connections {
            let (line, requests, address) = (line.clone(), requests.clone(), address.to_owned());
            tokio::task::spawn_local(async move {
                let mut next = (index..requests.len()).step_by(connections).cycle();
                let mut connection = None;
                loop {
                    let due = if rate.is_some() { line.next().await } else { Instant::now().max(begin) };
                    tokio::time::sleep_until(due.into()).await;
                    let request = &requests[next.next().expect("endless")];
                    let status = exchange(&mut connection, &address, request).await;
                    if (counted..end).contains(&due) {
                        line.answers.borrow_mut().count(status, due.elapsed());
                    }
                }
            });
        }
    }
    let mut sent = rates.map(|_| 0_u64);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let passed = Instant::now().saturating_duration_since(begin).as_secs_f64();
        for ((line, rate), sent) in lines.iter().zip(rates).zip(&mut sent) {
            let Some(rate) = rate else { continue };
            while (*sent as f64) < rate * passed {
                line.due.borrow_mut().push_back(begin + Duration::from_secs_f64(*sent as f64 / rate));
                line.more.notify_one();
                *sent += 1;
            }
        }
    }
    // What is still under way, or was never sent, is answered by then or counts as neither.
    tokio::time::sleep(Duration::from_secs(1)).await;
    lines.iter().map(|line| line.answers.take()).collect()
}

impl Line {
    async fn next(&self) -> Instant {
        loop {
            let due = self.due.borrow_mut().pop_front();
            match due {
                Some(due) => return due,
                None => self.more.notified().await,
            }
        }
    }
}

impl Answers {
    fn count(&mut self, status: io::Result<u16>, time: Duration) {
        match status {
            Ok(200) => self.accepted.push(time),
            Ok(503) => self.refused.push(time),
            _ => self.other += 1,
        }
    }
}

/// TOML of all sources but the one that every deployment has, and of the bound that tests switch off.
fn settings() -> String {
    let source = |name: &&str| {
        let secret = deployment::SECRET;
        format!("[sources.{name}]\nvendor = \"nxcloud-callbot\"\nuuid = \"UID-{name}\"\nsecrets = [\"{secret}\"]\n")
    };
    let sources: String = SOURCES[1..].iter().map(source).collect();
    format!("http.max_busy_percent = {}\n{sources}", Http::default().max_busy_percent)
}

/// Different requests of `name`.
fn requests(deployment: &Deployment, name: &str) -> Requests {
    let sources = build(&deployment.config()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let body = |number| call_body(&format!("{name}-{number}"), "486");
    (0..REQUESTS).map(|number| callback(&sources[name], "call", &body(number), NONCE).0).collect()
}

fn row(offered: f64, answers: &[Answers]) -> String {
    let all = |pick: fn(&Answers) -> &Vec<Duration>| answers.iter().flat_map(pick).copied().collect::<Vec<_>>();
    let times = |times: Vec<Duration>| {
        format!("{:>8.0} {:>8.1} {:>8.1}", times.len() as f64 / MEASURED.as_secs_f64(), at(&times, 50), at(&times, 99))
    };
    let other: usize = answers.iter().map(|answers| answers.other).sum();
    let (accepted, refused) = (times(all(|a| &a.accepted)), times(all(|a| &a.refused)));
    format!("{offered:>8.0}   {accepted}    {refused}   {other:>6}")
}

fn at(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}
