//! Requests no honest sender makes: what the parser is asked to swallow, and what should end up in a log.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::super::deployment::{PATIENCE, call_body, client};
use super::start;

/// Sends `bytes` as they are. The status of the first answer, 0 if the connection ends without one.
fn status(address: &str, bytes: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    // The answer may come before everything is sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut part = [0; 1024];
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                panic!("neither answered nor cut off: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(200)]))
            }
            // A reset: cut off.
            Err(_) => break,
        }
    }
    let line = String::from_utf8_lossy(&answer).into_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn post(target: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}").into_bytes()
}

/// What the parser of HTTP refuses, what the router does not know, what the handler does not take: each gets its status,
/// nobody gets in, and the server is as well as before.
#[tokio::test(flavor = "multi_thread")]
async fn odd_requests_get_their_status_and_harm_nothing() {
    const CALL: &str = "/v1/callbacks/nx/call";
    let (deployment, mut replica, url) = start("log.filter = \"trace\"");
    let address = url.trim_start_matches("http://");
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let call = |headers: &str, body: &str| post(CALL, headers, body);
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes();
    let get_of = |length: usize| get(&format!("/{}", "a".repeat(length)));
    let mut nul = get("/v1/callbacks/nx/c\0ll");
    nul.extend_from_slice(b"\0");
    let table: Vec<(&str, Vec<u8>, &[u16])> = vec![
        // Floods.
        ("99 headers", call(&many(90), ""), &[401]),
        ("200 headers", call(&many(200), ""), &[431]),
        ("a header of 70 kB", call(&format!("x-long: {}\r\n", "a".repeat(70_000)), ""), &[431]),
        ("a header of 70 kB without end", call(&format!("x-long: {}", "a".repeat(70_000)), ""), &[431]),
        ("8 kB of URL", get_of(8_000), &[404]),
        ("70 kB of URL", get_of(70_000), &[414, 431]),
        ("a query of 60 kB", get(&format!("{CALL}?{}", "a=b&".repeat(15_000))), &[405]),
        // Paths.
        ("a double slash in front", post("//v1/callbacks/nx/call", "", ""), &[404]),
        ("a double slash inside", post("/v1/callbacks//nx/call", "", ""), &[404]),
        ("a slash at the end", post("/v1/callbacks/nx/call/", "", ""), &[404]),
        ("capitals", post("/V1/CALLBACKS/NX/CALL", "", ""), &[404]),
        ("a source in capitals", post("/v1/callbacks/NX/call", "", ""), &[404]),
        ("an encoded slash", post("/v1/callbacks/nx%2Fcall", "", ""), &[404]),
        ("an encoded slash in a name", post("/v1/callbacks/nx%2F..%2Fnx/call", "", ""), &[404]),
        ("dots", post("/v1/callbacks/../callbacks/nx/call", "", ""), &[404]),
        ("encoded dots", post("/v1/callbacks/nx/%2e%2e/%2e%2e/metrics", "", ""), &[404]),
        ("an encoded NUL", post("/v1/callbacks/nx/call%00", "", ""), &[404]),
        ("a NUL", nul, &[400]),
        ("a parameter in the path", post("/v1/callbacks/nx/call;jsessionid=1", "", ""), &[404]),
        ("no UTF-8 once decoded", post("/v1/callbacks/nx/%ff%fe", "", ""), &[400, 404]),
        ("a backslash", post("/v1/callbacks\\nx\\call", "", ""), &[400, 404]),
        ("a whole URL of elsewhere", post("http://elsewhere.example/metrics", "", ""), &[404]),
        ("no path at all", b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), &[400, 404]),
        ("a tunnel", b"CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), &[400, 404]),
        // Lengths and codings.
        ("two lengths", call("content-length: 2\r\ncontent-length: 3\r\n", "{}}"), &[400]),
        ("two lengths in one line", call("content-length: 2, 3\r\n", "{}}"), &[400]),
        ("a length with a sign", call("content-length: +2\r\n", "{}"), &[400]),
        ("a negative length", call("content-length: -2\r\n", "{}"), &[400]),
        ("a length beyond numbers", call("content-length: 99999999999999999999999\r\n", "{}"), &[400]),
        ("a length beyond the limit", call("content-length: 99999999999\r\n", "{}"), &[413]),
        ("an unknown coding", call("transfer-encoding: xchunked\r\n", "0\r\n\r\n"), &[400]),
        ("chunked is not last", call("transfer-encoding: chunked, gzip\r\n", "0\r\n\r\n"), &[400]),
        ("chunked in HTTP/1.0", b"POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(), &[400]),
        ("a chunk of no number", call("transfer-encoding: chunked\r\n", "xyz\r\n{}\r\n0\r\n\r\n"), &[400]),
        ("a chunk beyond numbers", call("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n{}"), &[400]),
        ("a chunk beyond the limit", call("transfer-encoding: chunked\r\n", &big_chunk()), &[413]),
        (
            "an endless chunk extension",
            call("transfer-encoding: chunked\r\n", &format!("1;{}", "a".repeat(100_000))),
            &[400],
        ),
        ("an endless trailer", call("transfer-encoding: chunked\r\n", &format!("0\r\n{}", many(20_000))), &[400]),
        ("a folded header", call("x-folded: a\r\n b\r\n", ""), &[400]),
        ("a blank before the colon", call("content-length : 2\r\n", "{}"), &[400]),
        ("a header without name", call(": 2\r\n", ""), &[400]),
        ("a carriage return alone", call("x-a: 1\rx-b: 2\r\n", ""), &[400]),
        ("an escape in a header", call("x-a: \x1b[31mred\r\n", ""), &[400]),
        ("HTTP/2 without TLS", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[0, 400, 505]),
        ("a TLS greeting", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03".to_vec(), &[400]),
        ("HTTP/0.9", b"GET /\r\n\r\n".to_vec(), &[400]),
        // Bodies that would grow: no coding is undone, so a bomb is what it is on the wire.
        ("a gzip bomb", call(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", BOMB.len()), BOMB), &[415]),
        ("a bomb in a bomb", call("content-encoding: gzip, gzip\r\ncontent-length: 2\r\n", "{}"), &[415]),
        ("a gzip transfer", call("transfer-encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), &[400, 401, 415]),
    ];
    let before = replica.metric("process_resident_memory_bytes", &[]);
    let mut wrong = Vec::new();
    for _ in 0..3 {
        for (what, bytes, expected) in &table {
            let status = status(address, bytes);
            if !expected.contains(&status) {
                wrong.push(format!("{what}: {status}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let grown = replica.metric("process_resident_memory_bytes", &[]) - before;
    assert!(grown < 64.0 * 1024.0 * 1024.0, "{grown} bytes more");
    let honest = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(honest.post(&client(), &url).await.expect("an answer").status(), 200);
    assert_eq!(deployment.read_until("events", |events| !events.is_empty()).len(), 1);
    assert!(replica.stop().success());
    let log = replica.log();
    assert!(!log.contains("panicked"), "{log}");
}

/// What a gzip file begins with. What it would become does not matter: it is refused by its header.
const BOMB: &str = "\x1f\x08\x00\x00\x00\x00\x00\x00\x03";

fn big_chunk() -> String {
    format!("{:x}\r\n{}", 10_000_000, "a".repeat(400_000))
}

/// Whoever stands in front may count the length where we count the chunks: then what follows is another request for one of
/// us. A connection with such a request ends after its answer, and nothing behind it is heard.
#[test]
fn a_request_hidden_behind_another_is_never_heard() {
    let (_deployment, mut replica, url) = start("");
    let hidden = "POST /v1/callbacks/hidden/call HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    let chunked = "POST /v1/callbacks/nobody/call HTTP/1.1\r\nhost: x\r\n";
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.write_all(format!("{chunked}{lengths}\r\n0\r\n\r\n{hidden}").as_bytes()).expect("written");
        let mut answers = Vec::new();
        // A reset after the answer is as good as an end.
        let _ = stream.read_to_end(&mut answers);
        let answers = String::from_utf8_lossy(&answers).into_owned();
        assert_eq!(answers.matches("HTTP/1.1 404").count(), 1, "{lengths}{answers}");
        assert!(answers.contains("connection: close\r\n"), "{lengths}{answers}");
    }
    assert_eq!(replica.metric("trunkline_stray_requests_total", &[]), 3.0);
}

/// A line of the log is a line of ours: nothing a sender writes begins another one or colours the terminal.
#[tokio::test(flavor = "multi_thread")]
async fn senders_write_no_lines_into_the_log() {
    for format in ["json", "pretty"] {
        let (deployment, mut replica, url) = start(&format!("log.filter = \"trace\"\nlog.format = \"{format}\""));
        let address = url.trim_start_matches("http://");
        let forged = "%0d%0aFORGED%1b%5b31m";
        for request in [
            post(&format!("/v1/callbacks/nx{forged}/call"), "", ""),
            post(&format!("/v1/callbacks/nx/call{forged}"), "", ""),
            post(&format!("/v1/callbacks/nx/{forged}/call"), "", ""),
            post(&format!("/v1/sources/{forged}/token"), "", ""),
            post(&format!("/v1/callbacks/nx/call?{forged}={forged}"), "", ""),
            post("/v1/callbacks/nx/call", "user-agent: \u{9b}31mFORGED\r\ntraceparent: \u{9b}31mFORGED\r\n", ""),
            post("/v1/callbacks/nx/call", "content-type: application/json\u{9b}31mFORGED\r\n", ""),
        ] {
            assert!(status(address, &request) >= 400);
        }
        // Also what is signed.
        let signed = deployment.signed("call", "\n{\"FORGED\x1b[31m\":\n\"FORGED\"}\r\nFORGED");
        signed.post(&client(), &url).await.expect("an answer");
        assert!(replica.stop().success());
        let log = replica.log();
        assert!(!log.contains("FORGED"), "{log}");
        for line in log.lines() {
            assert!(format != "json" || serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
    }
}
