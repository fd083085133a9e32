use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::*;

fn client(credentials_in: CredentialsIn) -> Client {
    Client {
        url: "https://identity.example.com/connect/token".to_owned(),
        id: "client-1".to_owned(),
        secrets: Secrets::fixed(&["s3cret+/=&", "old"]),
        scope: "stats admin:read".to_owned(),
        credentials_in,
    }
}

fn response(status: u16, body: impl Into<Bytes>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: body.into() }
}

fn failure(status: u16, body: &str) -> Failure {
    token(&response(status, body.to_owned())).map(|token| token.lifetime).expect_err("no token")
}

#[test]
fn credentials_in_the_form() {
    let request = client(CredentialsIn::Body).request("token").expect("a request");
    assert_eq!((request.action, &request.method), ("token", &Method::POST));
    assert_eq!(request.url, "https://identity.example.com/connect/token");
    assert_eq!(request.headers, [("content-type", "application/x-www-form-urlencoded".to_owned())]);
    assert_eq!(
        request.body,
        "grant_type=client_credentials&client_id=client-1&client_secret=s3cret%2B%2F%3D%26&scope=stats+admin%3Aread"
    );
}

#[test]
fn credentials_in_the_header() {
    let request = client(CredentialsIn::Basic).request("token").expect("a request");
    assert_eq!(request.headers[1], ("authorization", "Basic Y2xpZW50LTE6czNjcmV0Ky89Jg==".to_owned()));
    assert_eq!(request.body, "grant_type=client_credentials&scope=stats+admin%3Aread");
}

#[test]
fn without_a_secret_there_is_no_request() {
    let client = Client { secrets: Secrets::fixed(&[]), ..client(CredentialsIn::Body) };
    assert!(client.request("token").is_none());
}

#[test]
fn a_token_and_its_lifetime() {
    let lifetime = |rest: &str| {
        let token = token(&response(200, format!(r#"{{"access_token":"t-1"{rest}}}"#))).expect("a token");
        assert_eq!(token.secret.expose(), "t-1");
        token.lifetime.as_secs()
    };
    assert_eq!(lifetime(r#","token_type":"Bearer","expires_in":86399,"scope":"x""#), 86_399);
    assert_eq!(lifetime(r#","token_type":"bearer","expires_in":"7200""#), 7200);
    assert_eq!(lifetime(""), 300);
    assert_eq!(lifetime(r#","expires_in":null"#), 300);
    assert_eq!(lifetime(r#","expires_in":0"#), 30);
    assert_eq!(lifetime(r#","expires_in":-5"#), 30);
    assert_eq!(lifetime(r#","expires_in":9223372036854775807"#), 604_800);
}

#[test]
fn errors_by_code_before_status() {
    for code in CONFIGURATION {
        for status in [200, 400, 401, 500] {
            let failure = failure(status, &format!(r#"{{"error":"{code}","error_description":"client 4711"}}"#));
            assert_eq!(failure.class, FailureClass::Configuration, "{status} {code}");
            assert!(failure.detail.contains(code) && !failure.detail.contains("4711"), "{failure}");
        }
    }
    let class = |status, body| failure(status, body).class;
    assert_eq!(class(400, r#"{"error":"temporarily_unavailable"}"#), FailureClass::Retry);
    assert_eq!(class(503, r#"{"error":"busy"}"#), FailureClass::Retry);
    assert_eq!(class(429, r#"{"error":"slow"}"#), FailureClass::Throttled);
    assert_eq!(class(400, r#"{"error":"other"}"#), FailureClass::Configuration);
    assert_eq!(class(500, "<html>"), FailureClass::Retry);
    assert_eq!(class(403, "{}"), FailureClass::Configuration);
    assert_eq!(class(302, ""), FailureClass::Configuration);
}

#[test]
fn a_pause_the_vendor_asks_for_is_kept() {
    let mut response = response(429, r#"{"error":"slow"}"#);
    response.headers.insert("retry-after", HeaderValue::from_static("9"));
    assert_eq!(token(&response).map(drop).expect_err("throttled").after, Some(Duration::from_secs(9)));
}

#[test]
fn answers_without_a_usable_token() {
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"access_token":"a\nb"}"#,
        r#"{"access_token":"té"}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":{"a":1}}"#,
        r#"{"access_token":null}"#,
    ] {
        assert_eq!(failure(200, body).class, FailureClass::Retry, "{body}");
    }
    assert_eq!(failure(200, r#"{"access_token":"t","token_type":"mac"}"#).class, FailureClass::Configuration);
}

#[test]
fn an_error_is_shown_only_when_it_is_a_code() {
    for error in ["+49 (30) 1234567", "client 4711", &"x".repeat(65)] {
        let detail = failure(400, &format!(r#"{{"error":"{error}"}}"#)).detail;
        assert!(!detail.contains(['4', '7', 'x']), "{detail}");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read(status in 200_u16..600, body in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(token) = token(&response(status, body)) {
            prop_assert!(token.lifetime.as_secs() <= 604_800);
        }
    }
}
