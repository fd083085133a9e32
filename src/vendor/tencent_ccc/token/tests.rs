use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::secret::Secrets;

const NOW: i64 = 1_734_345_678;
const LIFETIME: u32 = 7200;
/// A password with everything an encoding could break.
const CREDENTIALS: &[&str] = &["client-1:old=+%41 &?:x", "client-2:new"];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn credentials() -> Vec<Secret> {
    CREDENTIALS.iter().map(|text| Secret::new(*text)).collect()
}

fn ask(authorization: Option<&str>, body: &str) -> (StatusCode, Value) {
    let mut headers = HeaderMap::new();
    if let Some(header) = authorization {
        headers.insert("authorization", HeaderValue::from_str(header).expect("a header value"));
    }
    let request = TokenRequest { headers: &headers, body: body.as_bytes(), now: at(NOW), nonce: "nonce-1" };
    let reply = answer(&credentials(), LIFETIME, &request);
    assert_eq!(reply.content_type, "application/json");
    (reply.status, serde_json::from_str(&reply.body).expect("JSON"))
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

fn is_token_of(place: usize, (status, body): (StatusCode, Value)) {
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &LIFETIME.into()));
    let token = body["access_token"].as_str().expect("a token");
    assert_eq!(open(&credentials(), token, at(NOW)), Ok(place));
    let end = NOW + i64::from(LIFETIME) + GRACE;
    assert_eq!(open(&credentials(), token, at(end)), Ok(place));
    assert_eq!(open(&credentials(), token, at(end + 1)), Err(Fault::Expired(GRACE + 1)));
}

#[test]
fn a_token_is_fixed() {
    // Made by another program. A change makes the replicas of a rolling update refuse each other's tokens.
    let credential = Secret::new("trunkline:demo-password-tencent");
    let token = "AAAAAGdgH-5ub25jZS0x0OIH1UK1_ec9_6_oN3y-ob_7w7c7TzU5ZjNyY218T0w";
    assert_eq!(seal(&credential, 1_734_352_878, "nonce-1"), token);
    assert_eq!(open(&[credential], token, at(NOW)), Ok(0));
}

#[test]
fn the_client_comes_in_the_header() {
    is_token_of(0, ask(Some(&basic(CREDENTIALS[0])), "grant_type=client_credentials"));
    is_token_of(1, ask(Some(&basic(CREDENTIALS[1])), "grant_type=client_credentials&scope=push"));
    is_token_of(0, ask(Some(&basic("client-1:old%3D%2B%2541+%26%3F%3Ax")), ""));
    // The header counts when the body says something else.
    is_token_of(1, ask(Some(&basic(CREDENTIALS[1])), "client_id=client-1&client_secret=wrong"));
}

#[test]
fn the_client_comes_in_the_body() {
    is_token_of(1, ask(None, "grant_type=client_credentials&client_id=client-2&client_secret=new"));
    is_token_of(0, ask(None, "client_id=client-1&client_secret=old%3D%2B%2541+%26%3F%3Ax\r\n"));
    is_token_of(1, ask(None, r#" {"grant_type":"client_credentials","client_id":"client-2","client_secret":"new"}"#));
}

#[test]
fn everything_else_is_an_error_of_the_standard() {
    let error = |header: Option<&str>, body: &str| {
        let (status, body) = ask(header, body);
        (status.as_u16(), body["error"].as_str().expect("an error").to_owned())
    };
    let invalid_client = (401, "invalid_client".to_owned());
    assert_eq!(error(None, "client_id=client-2&client_secret=old"), invalid_client);
    assert_eq!(error(None, "client_id=client-1&client_secret=new"), invalid_client);
    assert_eq!(error(Some(&basic("client-2:New")), ""), invalid_client);
    assert_eq!(error(Some("Basic ***"), ""), invalid_client);
    assert_eq!(error(Some("Bearer client-2:new"), ""), invalid_client);
    let invalid_request = (400, "invalid_request".to_owned());
    for body in ["", "client_id=client-2", "grant_type=client_credentials", "{\"client_id\":", "[]"] {
        assert_eq!(error(None, body), invalid_request, "{body}");
    }
    assert_eq!(error(None, "client_id=client-2&client_id=client-2&client_secret=new"), invalid_request);
    let unsupported = (400, "unsupported_grant_type".to_owned());
    assert_eq!(error(Some(&basic(CREDENTIALS[1])), "grant_type=password"), unsupported);
}

#[test]
fn a_token_lives_as_long_as_its_credential() {
    let secrets = Secrets::fixed(CREDENTIALS);
    let old = seal(&secrets.active()[0], NOW + 60, "n");
    assert_eq!(open(&secrets.active()[..1], &old, at(NOW)), Ok(0));
    assert_eq!(open(&secrets.active()[1..], &old, at(NOW)), Err(Fault::Proof));
}

#[test]
fn what_is_too_short_is_no_token() {
    for length in 0..EXPIRY + PROOF {
        let token = URL_SAFE_NO_PAD.encode(vec![0; length]);
        assert_eq!(open(&credentials(), &token, at(NOW)), Err(Fault::Form));
    }
    let token = URL_SAFE_NO_PAD.encode([0; EXPIRY + PROOF]);
    assert_eq!(open(&credentials(), &token, at(NOW)), Err(Fault::Proof));
}

proptest! {
    #[test]
    fn what_is_sealed_opens(nonce in "(?s).{0,40}", seconds in -GRACE..1_000_000) {
        let token = seal(&Secret::new(CREDENTIALS[1]), NOW + seconds, &nonce);
        prop_assert_eq!(open(&credentials(), &token, at(NOW)), Ok(1));
    }

    #[test]
    fn any_request_is_answered(header in proptest::option::of("[ -~]{0,40}"), body in "(?s).{0,80}") {
        let (status, _) = ask(header.as_deref(), &body);
        prop_assert!(status == StatusCode::BAD_REQUEST || status == StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn any_bytes_are_no_token(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(open(&credentials(), &URL_SAFE_NO_PAD.encode(bytes), at(NOW)).is_err());
    }
}
