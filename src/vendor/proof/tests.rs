use http::{HeaderMap, HeaderValue, Method};

use super::*;
use crate::config::Config;
use crate::vendor::REGISTRY;

fn inbound(headers: &[(&'static str, &str)]) -> Inbound {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
    }
    let kind = &REGISTRY[0].kinds()[0];
    Inbound { kind, method: Method::POST, query: None, headers: map, body: bytes::Bytes::new() }
}

fn common(settings: &str) -> config::Source {
    let config = Config::from_toml(&format!("[sources.s]\nvendor = \"v\"\n{settings}")).expect("a configuration");
    config.source("s").common().expect("common settings")
}

#[test]
fn a_path_token_or_a_list_of_addresses_is_proof() {
    assert!(!before_verify(&common("")));
    assert!(before_verify(&common("path_tokens = [\"0123456789abcdef\"]")));
    assert!(before_verify(&common("path_token_files = [\"tokens\"]")));
    assert!(before_verify(&common("allowed_addresses = [\"203.0.113.0/24\"]")));
    for everybody in ["\"0.0.0.0/0\"", "\"::/0\"", "\"203.0.113.0/24\", \"0.0.0.0/0\""] {
        assert!(!before_verify(&common(&format!("allowed_addresses = [{everybody}]"))), "{everybody}");
    }
}

#[test]
fn a_token_is_the_whole_header() {
    let tokens = Secrets::fixed(&["token-new", "token-old"]);
    let check = |headers: &[(&'static str, &str)]| {
        token(&inbound(headers), "x-api-key", &tokens, &mut Explain::off()).map_err(|reject| reject.reason)
    };
    assert_eq!(check(&[("x-api-key", "token-new")]), Ok(()));
    assert_eq!(check(&[("x-api-key", "token-old")]), Ok(()));
    for wrong in ["token-ne", "token-new ,", "Bearer token-new", "TOKEN-NEW"] {
        assert_eq!(check(&[("x-api-key", wrong)]), Err(Reason::CredentialsWrong), "{wrong}");
    }
    for missing in [&[][..], &[("x-api-key", "")], &[("x-api-key", "token-new"), ("x-api-key", "token-new")]] {
        assert_eq!(check(missing), Err(Reason::HeaderMissing));
    }
}

#[test]
fn a_scheme_before_the_token_is_explained() {
    let mut explain = Explain::on();
    let request = inbound(&[("authorization", "Bearer token-1")]);
    let _ = token(&request, "authorization", &Secrets::fixed(&["token-1"]), &mut explain);
    let text = &explain.steps()[0].text;
    assert!(text.contains("starts with a scheme") && !text.contains("token-1"), "{text}");
}

/// The credentials of RFC 7617, section 2.
#[test]
fn basic_credentials_are_compared_whole() {
    let passwords = Secrets::fixed(&["next", "open sesame"]);
    let check = |user: &str, header: &str| {
        basic(&inbound(&[("authorization", header)]), user, &passwords, &mut Explain::off()).map_err(|r| r.reason)
    };
    assert_eq!(check("Aladdin", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Ok(()));
    assert_eq!(check("Aladdin", "basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Ok(()));
    assert_eq!(check("Aladdin", &basic_header("Aladdin", &Secret::new("next"))), Ok(()));
    for wrong in ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic !", "Basic", ""] {
        assert_eq!(check("Aladdin", wrong), Err(Reason::CredentialsWrong), "{wrong}");
    }
    assert_eq!(check("Sinbad", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), Err(Reason::CredentialsWrong));
    assert_eq!(check("Aladdin", &basic_header("Aladdin", &Secret::new("open"))), Err(Reason::CredentialsWrong));
}

#[test]
fn the_steps_tell_user_from_password_without_repeating_them() {
    for (user, expected) in [("Aladdin", "another password"), ("Sinbad", "another user")] {
        let mut explain = Explain::on();
        let header = basic_header("Aladdin", &Secret::new("open sesame"));
        let request = inbound(&[("authorization", &header)]);
        basic(&request, user, &Secrets::fixed(&["other"]), &mut explain).expect_err("refused");
        assert_eq!(explain.steps()[0].text, format!("header Authorization holds {expected}"));
    }
}
