//! Connections that misbehave: too slow, too quiet, too many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::super::deployment::{PATIENCE, Replica, call_body, client, eventually, get};
use super::start;

/// A limit that does not end in a test.
const NEVER: u64 = 600_000;

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connected");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// Reads until the connection ends; a reset is as good as an end.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "never cut off");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes `bytes` over and over, one every 50 ms, until the other side has had enough.
fn trickle(mut stream: TcpStream, bytes: &[u8]) {
    let begun = Instant::now();
    for byte in bytes.iter().cycle() {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "never cut off");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn cut(replica: &mut Replica, cause: &str) -> f64 {
    replica.metric("trunkline_connections_cut_total", &[&format!("cause=\"{cause}\"")])
}

fn none_is_open(replica: &mut Replica) {
    let metrics = format!("{}/metrics", replica.admin());
    eventually("no connection is left", || get(&metrics).1.contains("trunkline_open_connections 0"));
}

/// Each byte comes in time, the whole never does.
#[test]
fn tricklers_are_cut_off() {
    let limits = format!("http.head_timeout_ms = 1000\nhttp.read_timeout_ms = 1000\nhttp.idle_timeout_ms = {NEVER}");
    let (_deployment, mut replica, url) = start(&limits);
    let mut head = connect(&url);
    head.write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\n").expect("written");
    let mut body = connect(&url);
    body.write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n")
        .expect("written");
    let mut chunks = connect(&url);
    chunks
        .write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .expect("written");
    let mut later = connect(&url);
    later.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").expect("written");
    let mut answer = [0; 12];
    later.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 404");
    std::thread::scope(|scope| {
        scope.spawn(|| trickle(head, b"x-a: 1\r\n"));
        scope.spawn(|| trickle(body, b"{\"a\":1}"));
        scope.spawn(|| trickle(chunks, b"1\r\na\r\n"));
        // The head of a second request has as long as that of the first.
        scope.spawn(|| trickle(later, b"x"));
    });
    assert_eq!(cut(&mut replica, "head_timeout"), 2.0, "{}", replica.log());
    assert_eq!(replica.metric("trunkline_deliveries_total", &["body_incomplete"]), 2.0);
    none_is_open(&mut replica);
}

/// Waiting for a request and receiving one have limits of their own, and the first request is due at once.
#[test]
fn idle_time_and_the_time_for_a_head_are_two_limits() {
    let (_deployment, mut replica, url) =
        start(&format!("http.head_timeout_ms = 1000\nhttp.idle_timeout_ms = {NEVER}"));
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let silent = connect(&url);
    let mut kept = connect(&url);
    for _ in 0..3 {
        kept.write_all(request).expect("written");
        let mut answer = [0; 12];
        kept.read_exact(&mut answer).expect("a connection that waits for longer than a head may take lives");
        std::thread::sleep(Duration::from_millis(1500));
        let mut answer = [0; 4096];
        assert!(kept.read(&mut answer).expect("the rest of the answer") > 0);
    }
    assert_eq!(rest(silent), "");
    assert_eq!((cut(&mut replica, "head_timeout"), cut(&mut replica, "idle_timeout")), (1.0, 0.0));
    drop(kept);
    assert!(replica.stop().success());

    let (_deployment, mut replica, url) =
        start(&format!("http.head_timeout_ms = {NEVER}\nhttp.idle_timeout_ms = 1000"));
    let mut kept = connect(&url);
    kept.write_all(request).expect("written");
    assert!(rest(kept).starts_with("HTTP/1.1 404"));
    assert_eq!(cut(&mut replica, "idle_timeout"), 1.0);
    none_is_open(&mut replica);
}

/// Asks and asks and never reads an answer, until neither side can write.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_given_up() {
    use tokio::io::AsyncWriteExt;
    let (_deployment, mut replica, url) =
        start(&format!("http.write_timeout_ms = 1000\nhttp.idle_timeout_ms = {NEVER}\nhttp.head_timeout_ms = {NEVER}"));
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("set");
    let address = url.trim_start_matches("http://").parse().expect("an address");
    let mut deaf = socket.connect(address).await.expect("connected");
    let requests = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let cut_off = async { while deaf.write_all(&requests).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, cut_off).await.expect("never cut off");
    assert_eq!(cut(&mut replica, "write_timeout"), 1.0);
    none_is_open(&mut replica);
}

/// The sender's half is closed in the middle of a request, or right after it.
#[test]
fn half_closed_connections_end() {
    let (_deployment, mut replica, url) = start(&format!("http.idle_timeout_ms = {NEVER}"));
    for sent in [
        "",
        "POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\n",
        "POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{",
        "POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let mut stream = connect(&url);
        stream.write_all(sent.as_bytes()).expect("written");
        stream.shutdown(std::net::Shutdown::Write).expect("half closed");
        assert!(!rest(stream).starts_with("HTTP/1.1 2"), "{sent}");
    }
    none_is_open(&mut replica);
    assert!(replica.stop().success());
}

/// What never becomes a request is not waited for at a stop, and what did still gets its answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_tricklers() {
    let limits = format!(
        "http.head_timeout_ms = {NEVER}\nhttp.idle_timeout_ms = {NEVER}\nhttp.drain_timeout_ms = {NEVER}\nhttp.read_timeout_ms = 20000"
    );
    let (deployment, mut replica, url) = start(&limits);
    let silent = connect(&url);
    let mut head = connect(&url);
    head.write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\nhost: x\r\n").expect("written");
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    let headers: String = signed.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (begun, left) = signed.body.split_at(10);
    let mut body = connect(&url);
    let length = signed.body.len();
    write!(body, "POST {} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{begun}", signed.path)
        .expect("written");
    let metrics = format!("{}/metrics", replica.admin());
    eventually("the body is waited for", || get(&metrics).1.contains("trunkline_in_flight_requests{source=\"nx\"} 1"));
    replica.signal("-TERM");
    assert_eq!((rest(head), rest(silent)), (String::new(), String::new()));
    body.write_all(left.as_bytes()).expect("written");
    assert!(rest(body).starts_with("HTTP/1.1 200"));
    assert!(replica.wait().success());
}

/// Three times as many connections as there are places, all of them silent, and more all the time: vendors get their
/// answers, and so does whoever asks for metrics.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_shut_nobody_out() {
    const PLACES: usize = 100;
    let limits = format!(
        "http.max_connections = {PLACES}\nhttp.head_timeout_ms = {NEVER}\nhttp.idle_timeout_ms = {NEVER}\nhttp.write_timeout_ms = {NEVER}"
    );
    let (deployment, mut replica, url) = start(&limits);
    let done = AtomicBool::new(false);
    let mut crowd: Vec<TcpStream> = (0..3 * PLACES).map(|_| connect(&url)).collect();
    // Half of a head and a request that has its answer keep no place either.
    for (number, stream) in crowd.iter_mut().enumerate() {
        let _ = match number % 3 {
            0 => Ok(()),
            1 => stream.write_all(b"POST /v1/callbacks/nx/call HTTP/1.1\r\n"),
            _ => stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
        };
    }
    let pushing = async {
        // Each new one takes the oldest one's place.
        let mut next = 0;
        while !done.load(Ordering::Relaxed) {
            crowd[next % (3 * PLACES)] = connect(&url);
            next += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let asking = async {
        for number in 0..20 {
            let request = deployment.signed("call", &call_body(&format!("c-{number}"), "486"));
            // A client of its own: nobody's connection is kept.
            let answer = tokio::time::timeout(PATIENCE, request.post(&client(), &url)).await;
            assert_eq!(answer.expect("in time").expect("an answer").status(), 200);
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(pushing, asking);
    let open = replica.metric("trunkline_open_connections", &[]);
    assert!(open <= PLACES as f64, "{open} are open");
    assert!(cut(&mut replica, "room") >= 2.0 * PLACES as f64);
    assert_eq!(deployment.read_until("events", |events| events.len() >= 20).len(), 20);
    assert!(replica.stop().success());
}
