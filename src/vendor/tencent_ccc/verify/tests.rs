use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;

use super::super::KINDS;
use super::*;
use crate::reject::Class;

const NOW: i64 = 1_734_345_678;
const CREDENTIALS: &[&str] = &["trunkline:old-password", "trunkline:new-password"];

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn with_header(authorization: Option<&str>) -> Inbound {
    let mut headers = HeaderMap::new();
    if let Some(text) = authorization {
        headers.insert("authorization", HeaderValue::from_bytes(text.as_bytes()).expect("a header value"));
    }
    Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers, body: Bytes::from_static(b"\xff no JSON") }
}

/// The reason, and the last step told.
fn check(authorization: Option<&str>) -> (Result<(), Reason>, String) {
    let secrets = Secrets::fixed(CREDENTIALS);
    let mut explain = Explain::on();
    let result = verify(Some(&secrets), with_header(authorization), now(), &mut explain);
    let silent = verify(Some(&secrets), with_header(authorization), now(), &mut Explain::off());
    let result = result.map(|_| ()).map_err(|reject| {
        assert_eq!(reject.reason.class(), Class::Unauthenticated);
        reject.reason
    });
    assert_eq!(result, silent.map(|_| ()).map_err(|reject| reject.reason), "telling changes nothing");
    for step in explain.steps() {
        assert!(!step.text.contains("old-") && !step.text.contains("new-"), "a secret is told: {}", step.text);
    }
    (result, explain.steps().last().map(|step| step.text.clone()).unwrap_or_default())
}

fn basic_of(credential: &str) -> String {
    basic_header(&Secret::new(credential))
}

fn bearer(credential: &str, expires: i64) -> String {
    format!("Bearer {}", token::seal(&Secret::new(credential), expires, "nonce-1"))
}

#[test]
fn old_and_new_credentials_are_accepted() {
    for (place, credential) in CREDENTIALS.iter().enumerate() {
        for header in [basic_of(credential), bearer(credential, NOW + 7200)] {
            let (result, step) = check(Some(&header));
            assert_eq!(result, Ok(()));
            assert!(step.contains(&format!("credential {}", place + 1)), "{step}");
        }
    }
}

#[test]
fn a_known_basic_header() {
    assert_eq!(basic_of("Aladdin:open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    assert_eq!(basic("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ").expect("base64").as_slice(), b"Aladdin:open sesame");
    assert!(basic("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ").is_none());
}

#[test]
fn the_scheme_has_no_case_and_blanks_do_not_count() {
    let encoded = basic_of(CREDENTIALS[0]).replace("Basic ", "");
    for header in
        [format!("basic {encoded}"), format!("BASIC   {encoded} "), format!("Basic {}", encoded.trim_end_matches('='))]
    {
        assert_eq!(check(Some(&header)).0, Ok(()), "{header}");
    }
    assert_eq!(check(Some(&bearer(CREDENTIALS[0], NOW + 1).replace("Bearer", "bEARER"))).0, Ok(()));
}

#[test]
fn wrong_credentials_are_refused_with_a_hint() {
    for (sent, hint) in [
        ("trunkline:another", "the user is known"),
        ("somebody:old-password", "the user is not known"),
        ("trunkline:old-password\n", "a blank or line end"),
        ("trunkline", "no colon"),
        ("trunkline:old-passwor", "the user is known"),
        ("trunkline:old-passworD", "the user is known"),
    ] {
        let (result, step) = check(Some(&basic_of(sent)));
        assert_eq!(result, Err(Reason::CredentialsWrong), "{sent}");
        assert!(step.contains(hint), "{sent}: {step}");
    }
}

#[test]
fn a_header_is_needed() {
    let (result, step) = check(None);
    assert_eq!(result, Err(Reason::HeaderMissing));
    assert!(step.contains("proxy"), "{step}");
    assert_eq!(check(Some("")).0, Err(Reason::HeaderMissing));
    assert_eq!(check(Some("Basic \u{fc}")).0, Err(Reason::HeaderMissing), "not text");

    let mut twice = with_header(Some(&basic_of(CREDENTIALS[0])));
    twice.headers.append("authorization", HeaderValue::from_static("Basic eA=="));
    let secrets = Secrets::fixed(CREDENTIALS);
    let reject = verify(Some(&secrets), twice, now(), &mut Explain::off()).map(|_| ()).expect_err("refused");
    assert_eq!(reject.reason, Reason::HeaderMissing);
}

#[test]
fn an_impossible_header_is_refused() {
    for header in
        ["Basic", "Basic ", "Basic ***", "Digest x", "trunkline:old-password", "Bearer ", "Bearer abc", "Bearer !!!"]
    {
        assert_eq!(check(Some(header)).0, Err(Reason::HeaderInvalid), "{header}");
    }
}

#[test]
fn tokens_run_out() {
    assert_eq!(check(Some(&bearer(CREDENTIALS[0], NOW - GRACE))).0, Ok(()));
    let (result, step) = check(Some(&bearer(CREDENTIALS[0], NOW - GRACE - 1)));
    assert_eq!(result, Err(Reason::Stale));
    assert!(step.contains("ran out 61 s ago"), "{step}");
    assert_eq!(check(Some(&bearer(CREDENTIALS[0], i64::MIN))).0, Err(Reason::Stale));
}

#[test]
fn tokens_of_other_credentials_are_refused() {
    let (result, step) = check(Some(&bearer("trunkline:removed", NOW + 7200)));
    assert_eq!(result, Err(Reason::CredentialsWrong));
    assert!(step.contains("removed"), "{step}");
}

#[test]
fn without_credentials_the_path_token_proves_the_sender() {
    let mut explain = Explain::on();
    assert!(verify(None, with_header(None), now(), &mut explain).is_ok());
    assert!(explain.steps()[0].text.contains("path token"));
}

proptest! {
    #[test]
    fn any_other_header_is_refused(header in "[ -~]{0,80}") {
        prop_assert!(check(Some(&header)).0.is_err());
    }

    #[test]
    fn any_other_credential_is_refused(sent in "(?s).{0,40}") {
        let known = CREDENTIALS.contains(&sent.as_str());
        prop_assert_eq!(check(Some(&basic_of(&sent))).0.is_ok(), known);
    }

    #[test]
    fn an_altered_token_is_refused(at in 0usize..63, bit in 0u8..6) {
        let good = bearer(CREDENTIALS[0], NOW + 7200);
        let start = "Bearer ".len();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut bytes = good.into_bytes();
        let at = start + at % (bytes.len() - start);
        let place = alphabet.bytes().position(|byte| byte == bytes[at]).expect("base64url");
        bytes[at] = alphabet.as_bytes()[place ^ (1 << bit)];
        let altered = String::from_utf8(bytes).expect("text");
        let result = check(Some(&altered)).0;
        prop_assert!(matches!(result, Err(Reason::CredentialsWrong | Reason::HeaderInvalid)), "{:?}", result);
    }
}
