//! More than can be done: who is refused, who never is, and that every place comes back.

use std::io::Write;
use std::net::TcpStream;

use tokio::task::JoinHandle;

use super::deployment::{Deployment, Replica, SECRET, Signed, call_body, client, eventually, get};
use super::kafka::Cluster;

/// Of eight places four are open to everybody.
const FEW: &str = "http.max_in_flight = 8\nhttp.retry_after_seconds = 3";

/// A deployment with a second source, `quiet`.
fn deployment(bootstrap: &str, extra: &str) -> Deployment {
    let quiet = format!(
        "sources.quiet.vendor = \"nxcloud-callbot\"\nsources.quiet.uuid = \"UID-QUIET\"\nsources.quiet.secrets = [\"{SECRET}\"]"
    );
    Deployment::new(bootstrap, &format!("{extra}\n{quiet}"))
}

/// Status and `Retry-After` of the answer, once it is there.
type Answer = JoinHandle<(u16, Option<u32>)>;

fn post(client: &reqwest::Client, url: &str, signed: Signed) -> Answer {
    let (client, url) = (client.clone(), url.to_owned());
    tokio::spawn(async move {
        let answer = signed.post(&client, &url).await.expect("an answer");
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        (answer.status().as_u16(), seconds)
    })
}

/// A connection on which `signed` was sent, all but the last `missing` bytes of the body.
fn begin(url: &str, signed: &Signed, missing: usize) -> TcpStream {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
    let headers: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (path, length) = (&signed.path, signed.body.len());
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("written");
    stream.write_all(&signed.body.as_bytes()[..length - missing]).expect("written");
    stream
}

/// Waits until so many requests of `source` are in flight.
fn in_flight(replica: &mut Replica, source: &str, count: usize) {
    let metrics = format!("{}/metrics", replica.admin());
    let line = format!("trunkline_in_flight_requests{{source=\"{source}\"}} {count}\n");
    eventually(&line, || get(&metrics).1.contains(&line));
}

fn overloaded(replica: &mut Replica, source: &str) -> f64 {
    let labels = [r#"result="overloaded""#, &format!("source=\"{source}\"")];
    replica.metric("trunkline_deliveries_total", &labels)
}

/// Kafka stands still, so whoever is let in stays: the noisy source gets the open places and no more, the quiet one still
/// gets in, and when Kafka goes on everything that was let in is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_source_is_refused_and_a_quiet_one_is_not() {
    let cluster = Cluster::start(1);
    let deployment = deployment(cluster.bootstrap(), &format!("{FEW}\nhttp.answer_deadline_ms = 50000"));
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    cluster.pause(0);
    let noisy = |number| post(&client, &url, deployment.signed("call", &call_body(&format!("n-{number}"), "486")));
    let waiting: Vec<Answer> = (0..4).map(noisy).collect();
    in_flight(&mut replica, "nx", 4);
    for answer in (4..20).map(noisy).collect::<Vec<_>>() {
        let (status, seconds) = answer.await.expect("no panic");
        assert_eq!(status, 503);
        assert!(seconds.is_some_and(|seconds| (3..=6).contains(&seconds)), "{seconds:?}");
    }
    assert_eq!(overloaded(&mut replica, "nx"), 16.0);

    let quiet = |number: usize| {
        post(&client, &url, deployment.signed_for("quiet", "call", &call_body(&format!("q-{number}"), "486")))
    };
    let share: Vec<Answer> = (0..2).map(quiet).collect();
    in_flight(&mut replica, "quiet", 2);
    assert_eq!(quiet(2).await.expect("no panic").0, 503, "two of four places are its fair share");
    assert_eq!(replica.metric("trunkline_in_flight_limit", &[]), 4.0, "Kafka standing still is no overload");

    cluster.resume(0);
    for answer in waiting.into_iter().chain(share) {
        assert_eq!(answer.await.expect("no panic").0, 200);
    }
    assert_eq!(quiet(3).await.expect("no panic").0, 200);
    in_flight(&mut replica, "nx", 0);
    in_flight(&mut replica, "quiet", 0);
    let events = deployment.read_until("events", |events| events.len() >= 7);
    assert_eq!(events.len(), 7, "what was let in, and nothing else");
    assert!(replica.stop().success());
}

/// A source that never sends its bodies whole and one whose signatures are wrong hold up nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_and_wrong_signatures_keep_nobody_out() {
    let deployment = deployment(Cluster::shared().bootstrap(), &format!("{FEW}\nhttp.read_timeout_ms = 50000"));
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    let slow = deployment.signed("call", &call_body("slow", "486"));
    let connections: Vec<TcpStream> = (0..20).map(|_| begin(&url, &slow, 1)).collect();
    in_flight(&mut replica, "nx", 4);
    assert_eq!(overloaded(&mut replica, "nx"), 16.0);

    let mut forged = slow.clone();
    forged.body.push(' ');
    let forged: Vec<Answer> = (0..200).map(|_| post(&client, &url, forged.clone())).collect();
    for number in 0..50 {
        let signed = deployment.signed_for("quiet", "call", &call_body(&format!("q-{number}"), "486"));
        assert_eq!(post(&client, &url, signed).await.expect("no panic").0, 200);
    }
    for answer in forged {
        assert_eq!(answer.await.expect("no panic").0, 503, "its places are taken by its own slow bodies");
    }
    drop(connections);
    in_flight(&mut replica, "nx", 0);
    assert_eq!(post(&client, &url, slow).await.expect("no panic").0, 200);
    assert!(replica.stop().success());
}

/// Whoever hangs up gives its place back, with half a body as well as while Kafka is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn places_come_back_from_clients_that_vanish() {
    let cluster = Cluster::start(1);
    let more = format!("{FEW}\nhttp.answer_deadline_ms = 50000\nhttp.read_timeout_ms = 50000");
    let deployment = deployment(cluster.bootstrap(), &more);
    let mut replica = deployment.start();
    let url = replica.url();
    cluster.pause(0);
    for round in 0..3 {
        let signed = deployment.signed("call", &call_body(&format!("c-{round}"), "486"));
        let connections: Vec<TcpStream> = (0..4).map(|number| begin(&url, &signed, number % 2)).collect();
        in_flight(&mut replica, "nx", 4);
        drop(connections);
        in_flight(&mut replica, "nx", 0);
    }
    assert_eq!(overloaded(&mut replica, "nx"), 0.0);
    cluster.resume(0);
    let signed = deployment.signed("call", &call_body("after", "486"));
    assert_eq!(post(&client(), &url, signed).await.expect("no panic").0, 200);
    assert!(replica.stop().success());
}
