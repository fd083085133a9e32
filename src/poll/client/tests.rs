use std::net::SocketAddr;

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::secret::Secret;
use crate::vendor::poll::FailureClass;

/// Answers every request with `answer` and tells what it was asked.
async fn server(answer: &'static str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (heard, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            let _ = heard.send(String::from_utf8_lossy(&bytes[..read]).into_owned());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, asked)
}

fn request(url: String) -> Request {
    let headers = vec![("authorization", "Bearer only-for-tests".to_owned())];
    Request { action: "ask", method: Method::POST, url, headers, body: "{}".into() }
}

async fn ask(poll: &SourcePoll, url: String) -> Result<Response, Failure> {
    let client = build(poll).expect("a client");
    send(&client, request(url), Duration::from_millis(poll.timeout_ms)).await
}

#[tokio::test]
async fn a_request_goes_out_as_it_is_and_its_response_comes_whole() {
    let (address, mut asked) = server("HTTP/1.1 404 Not Found\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno").await;
    let response = ask(&SourcePoll::default(), format!("http://{address}/a?b=%3A")).await.expect("a response");
    assert_eq!(
        (response.status.as_u16(), response.header("retry-after"), &*response.body),
        (404, Some("7"), &b"no"[..])
    );
    let sent = asked.recv().await.expect("asked");
    assert!(sent.starts_with("POST /a?b=%3A HTTP/1.1\r\n") && sent.ends_with("\r\n\r\n{}"), "{sent}");
    assert!(sent.contains("authorization: Bearer only-for-tests\r\n") && sent.contains("user-agent: trunkline/"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, mut asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{elsewhere}/\r\ncontent-length: 0\r\n\r\n");
    let (address, _kept) = server(answer.leak()).await;
    let response = ask(&SourcePoll::default(), format!("http://{address}/")).await.expect("a response");
    assert_eq!(response.success().expect_err("no answer").class, FailureClass::Configuration);
    assert!(asked.try_recv().is_err(), "credentials went elsewhere");
}

#[tokio::test]
async fn silence_and_closed_ports_pass_by_themselves_and_are_told_without_the_url() {
    let (silent, _asked) = server("").await;
    let quick = SourcePoll { timeout_ms: 200, ..SourcePoll::default() };
    let failure = ask(&quick, format!("http://{silent}/secret-id")).await.expect_err("no answer");
    assert_eq!(failure.class, FailureClass::Retry);

    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    let failure = ask(&quick, format!("http://{closed}/secret-id")).await.expect_err("no answer");
    assert_eq!(failure.class, FailureClass::Retry);
    assert!(!failure.to_string().contains("secret-id"), "{failure}");
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let (proxy, mut asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let poll = SourcePoll { proxy: Some(Secret::new(format!("http://{proxy}"))), ..SourcePoll::default() };
    ask(&poll, "http://vendor.invalid/v2".to_owned()).await.expect("the proxy's response");
    assert!(asked.recv().await.expect("asked").starts_with("POST http://vendor.invalid/v2 HTTP/1.1"));
}

#[test]
fn settings_no_client_can_be_made_of_are_named() {
    let key = |poll: &SourcePoll| build(poll).map(drop).map_err(|(key, _)| key);
    let folder = tempfile::tempdir().expect("a folder");
    let with = |text: &str| {
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, text).expect("written");
        SourcePoll { ca_file: Some(path), ..SourcePoll::default() }
    };
    let authority = rcgen::generate_simple_self_signed(["vendor.invalid".to_owned()]).expect("a certificate");
    assert_eq!(key(&with(&authority.cert.pem())), Ok(()));
    assert_eq!(key(&with("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), Err("ca_file"));
    assert_eq!(key(&with("no certificate")), Err("ca_file"));
    let lost = SourcePoll { ca_file: Some("/nowhere/ca.pem".into()), ..SourcePoll::default() };
    assert_eq!(key(&lost), Err("ca_file"));
    let proxy = SourcePoll { proxy: Some(Secret::new("no proxy")), ..SourcePoll::default() };
    assert_eq!(key(&proxy), Err("proxy"));
}
