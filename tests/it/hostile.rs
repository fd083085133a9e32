//! Senders that are no vendor.

mod connections;
mod requests;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::deployment::{Deployment, Replica, call_body, client, eventually, get};
use super::kafka::Cluster;

fn start(extra: &str) -> (Deployment, Replica, String) {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), extra);
    let mut replica = deployment.start();
    let url = replica.url();
    (deployment, replica, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn unproven_requests_read_the_same_and_publish_nothing() {
    let (deployment, mut replica, url) = start("");
    let client = client();
    let good = deployment.signed("call", &call_body("c-1", "486"));
    let mut forged = Vec::new();
    let mut altered = good.clone();
    altered.body = good.body.replace("486", "487");
    forged.push(altered);
    for (name, value) in
        [("sign", "00000000000000000000000000000000"), ("uuid", "UID-OTHER"), ("createTs", "1700000000")]
    {
        let mut wrong = good.clone();
        wrong.headers.iter_mut().filter(|(header, _)| *header == name).for_each(|(_, old)| value.clone_into(old));
        forged.push(wrong);
    }
    let mut unsigned = good.clone();
    unsigned.headers.retain(|(name, _)| *name != "sign");
    forged.push(unsigned);

    let mut bodies = Vec::new();
    for request in &forged {
        let answer = request.post(&client, &url).await.expect("an answer");
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        bodies.push(answer.text().await.expect("a body"));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "which check failed is not for the caller: {bodies:?}");
    assert_eq!(good.post(&client, &url).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
    assert!(deployment.read("rejected").is_empty());
    assert!(replica.metric("trunkline_deliveries_total", &["signature_mismatch"]) >= 1.0);
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_and_wrong_addresses() {
    let (deployment, mut replica, url) = start("http.max_body_bytes = 20000");
    let client = client();
    let call = format!("{url}/v1/callbacks/nx/call");
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status().as_u16();
    assert_eq!(status(client.post(&call).body("x".repeat(20_001))).await, 413);
    assert_eq!(status(client.get(&call)).await, 405);
    assert_eq!(status(client.post(&call).header("content-type", "multipart/form-data").body("x")).await, 415);
    assert_eq!(status(client.post(&call).header("content-encoding", "gzip").body("x")).await, 415);
    assert_eq!(status(client.post(format!("{url}/v1/callbacks/nobody/call"))).await, 404);
    assert_eq!(status(client.post(format!("{url}/v1/callbacks/nx/nothing"))).await, 404);
    assert_eq!(status(client.post(format!("{url}/v1/callbacks/nx/0123456789abcdef0123/call"))).await, 404);
    for path in ["/", "/metrics", "/readyz", "/livez", "/v1/callbacks/nx/call/../../../metrics", "/%2e%2e/metrics"] {
        assert_eq!(status(client.get(format!("{url}{path}"))).await, 404, "{path}");
    }
    // Ten megabytes cost the sender more than us: the answer comes before the body is read.
    let answer = client.post(&call).body(vec![b'x'; 10_000_000]).send().await;
    assert!(answer.map_or(true, |answer| answer.status() == 413));
    // A megabyte of brackets is no stack overflow, also when it is signed.
    let nested = deployment.signed("call", &"[".repeat(19_000));
    assert_eq!(nested.post(&client, &url).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("rejected", |records| !records.is_empty()).len(), 1);
    assert!(replica.stop().success());
}

/// A sender that dribbles is cut off, and so is one that opens a connection and says nothing.
#[test]
fn slow_senders_are_cut_off() {
    let (_deployment, mut replica, url) = start("http.read_timeout_ms = 1000\nhttp.head_timeout_ms = 1000");
    let address = url.trim_start_matches("http://").to_owned();
    let connect = || {
        let stream = TcpStream::connect(&address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream
    };
    let rest = |mut stream: TcpStream| {
        let mut text = String::new();
        // A reset is as good as an end.
        if let Err(error) = stream.read_to_string(&mut text) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "never cut off");
        }
        text
    };
    let silent = connect();
    let mut half_head = connect();
    half_head.write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\n").expect("written");
    let mut half_body = connect();
    half_body
        .write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"half")
        .expect("written");
    assert!(!rest(silent).starts_with("HTTP/1.1 2"));
    assert!(!rest(half_head).starts_with("HTTP/1.1 2"));
    assert!(rest(half_body).starts_with("HTTP/1.1 400"));
    let metrics = format!("{}/metrics", replica.admin());
    eventually("no connection is left", || get(&metrics).1.contains("trunkline_open_connections 0"));
}

/// Nothing the sender chose, and no secret, is ever in a log line, at any level.
#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_numbers_secrets_or_bodies() {
    let (deployment, mut replica, url) = start("log.filter = \"trace\"");
    let client = client();
    let good = deployment.signed("call", &call_body("c-1", "486"));
    let bad =
        deployment.signed("call", r#"{"callInfoDetail":{"hangupCause":"6281200000001"},"userPhone":"6281200000001""#);
    let mut forged = good.clone();
    forged.body.push(' ');
    for request in [&good, &bad, &forged] {
        request.post(&client, &url).await.expect("an answer");
    }
    deployment.read_until("events", |events| !events.is_empty());
    assert!(replica.stop().success());
    let log = replica.log();
    assert!(log.contains("delivery"), "there is a line for each delivery");
    let sign = &good.headers.iter().find(|(name, _)| *name == "sign").expect("signed").1;
    for secret in [super::deployment::SECRET, "6281200000001", "callInfoDetail\":", sign] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn path_tokens_addresses_and_rates_are_kept() {
    let token = "0123456789abcdef0123";
    let extra = format!(
        "sources.nx.path_tokens = [\"{token}\"]\nsources.nx.max_per_second = 5\nhttp.trusted_proxies = [\"127.0.0.1/32\"]\nsources.nx.allowed_addresses = [\"203.0.113.0/24\"]"
    );
    let (deployment, mut replica, url) = start(&extra);
    let client = client();
    let mut signed = deployment.signed("call", &call_body("c-1", "486"));
    signed.headers.push(("x-forwarded-for", "198.51.100.1, 203.0.113.9".to_owned()));
    signed.path = "/v1/callbacks/nx/call".to_owned();
    assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 401, "no token");
    signed.path = format!("/v1/callbacks/nx/{}/call", token.replace('0', "1"));
    assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 401, "another token");
    signed.path = format!("/v1/callbacks/nx/{token}/call");
    assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
    let mut elsewhere = signed.clone();
    elsewhere.headers.pop();
    elsewhere.headers.push(("x-forwarded-for", "203.0.113.9, 198.51.100.1".to_owned()));
    assert_eq!(elsewhere.post(&client, &url).await.expect("an answer").status(), 401, "a forged first hop");
    let mut refused = 0;
    for _ in 0..20 {
        let answer = signed.post(&client, &url).await.expect("an answer");
        refused += usize::from(answer.status() == 503 && answer.headers().contains_key("retry-after"));
    }
    assert!(refused > 0, "the rate holds");
    assert!(!replica.log().contains(token), "a path token is a secret");
    assert!(replica.stop().success());
}
