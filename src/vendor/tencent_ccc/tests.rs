use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::*;
use crate::config::Config;
use crate::vendor::REGISTRY;
use crate::vendor::fixtures::reload;

const NOW: i64 = 1_734_345_678;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn adapter(settings: &str) -> Result<Box<dyn Adapter>, String> {
    let toml = format!("[sources.ccc]\nvendor = \"tencent-ccc\"\n{settings}");
    let config = Config::from_toml(&toml).expect("TOML");
    TencentCcc.adapter(&config.source("ccc")).map_err(|error| error.to_string())
}

fn refused(settings: &str) -> String {
    adapter(settings).map(|_| ()).expect_err("refused")
}

fn demo() -> Box<dyn Adapter> {
    adapter(TencentCcc.demo().settings).expect("demo settings")
}

fn signed(adapter: &dyn Adapter, body: &str) -> Inbound {
    let request = Unsigned { kind: &KINDS[0], body, now: now(), nonce: "nonce-1" };
    let signed = adapter.sign(&request).expect("signs");
    let headers = signed.headers.into_iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        (name, HeaderValue::from_str(&value).expect("a header value"))
    });
    let headers: HeaderMap = headers.collect();
    Inbound { kind: &KINDS[0], method: Method::POST, query: Some(signed.query), headers, body: signed.body.into() }
}

#[test]
fn it_is_in_the_registry() {
    assert!(REGISTRY.iter().any(|vendor| vendor.name() == "tencent-ccc"));
    assert!(REGISTRY.is_sorted_by_key(|vendor| vendor.name()));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    assert!(refused("credentials = [\"a:b\"]").contains("sdk_app_ids"));
    assert!(refused("sdk_app_ids = []\ncredentials = [\"a:b\"]").contains("is empty"));
    assert!(refused("sdk_app_ids = [1]").contains("credential_files"));
    for bad in ["ab", ":b", "a:", ""] {
        let error = refused(&format!("sdk_app_ids = [1]\ncredentials = [\"{bad}\"]"));
        assert!(error.contains("must each be `user:password`"), "{error}");
    }
    assert!(refused("sdk_app_ids = [1]\ncredential_files = [\"/nowhere/at/all\"]").contains("cannot read"));
    assert!(refused("sdk_app_ids = [1]\ncredentials = [\"a:b\"]\naccount = \"x\"").contains("SdkAppId"));
    for seconds in [0, 59, 86_401] {
        let error = refused(&format!("sdk_app_ids = [1]\ncredentials = [\"a:b\"]\ntoken_lifetime_seconds = {seconds}"));
        assert!(error.contains("60 to 86400"), "{error}");
    }
}

#[test]
fn a_file_holds_a_credential_in_each_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("credentials");
    let settings = format!("sdk_app_ids = [1]\ncredential_files = [{path:?}]");
    std::fs::write(&path, "old:one\nnew\n").expect("written");
    assert!(refused(&settings).contains("in each line"));
    std::fs::write(&path, "old:one\n").expect("written");
    let adapter = adapter(&settings).expect("loads");
    std::fs::write(&path, "new:two\nold:one\n").expect("written");
    assert!(reload(&*adapter));
    let inbound = signed(adapter.as_ref(), "{}");
    assert_eq!(inbound.header("authorization"), Some("Basic bmV3OnR3bw=="));
    assert!(adapter.verify(inbound, now(), &mut Explain::off()).is_ok());
}

#[test]
fn one_application_is_the_account_of_the_source() {
    assert_eq!(demo().account(), Some("1400000000"));
    let several = adapter("sdk_app_ids = [1400000000, 1500000000]\ncredentials = [\"a:b\"]").expect("loads");
    assert_eq!(several.account(), None);
}

#[test]
fn a_path_token_can_stand_for_credentials() {
    let open = adapter("sdk_app_ids = [1]\npath_tokens = [\"0123456789abcdef\"]").expect("loads");
    let inbound = signed(open.as_ref(), "{}");
    assert_eq!(inbound.header("authorization"), None);
    assert!(open.verify(inbound, now(), &mut Explain::off()).is_ok());
    let request = TokenRequest { headers: &HeaderMap::new(), body: b"", now: now(), nonce: "n" };
    assert!(open.token(&request).is_none(), "nothing to make tokens with");
    assert!(open.secrets().is_empty());
}

#[test]
fn a_token_from_the_endpoint_proves_a_push() {
    let ccc = demo();
    let body = b"grant_type=client_credentials&client_id=trunkline&client_secret=demo-password-tencent";
    let request = TokenRequest { headers: &HeaderMap::new(), body, now: now(), nonce: "n" };
    let reply = ccc.token(&request).expect("a token endpoint");
    let reply: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
    let mut inbound = signed(ccc.as_ref(), "{}");
    let header = format!("Bearer {}", reply["access_token"].as_str().expect("a token"));
    inbound.headers.insert("authorization", HeaderValue::from_str(&header).expect("a header value"));
    assert!(ccc.verify(inbound, now(), &mut Explain::off()).is_ok());
}

#[test]
fn signing_finds_the_action() {
    let ccc = demo();
    let queries = ["action=cdr&version=1", "action=record&version=1", "action=voicemail"];
    for ((_, body), query) in TencentCcc.demo().samples.iter().zip(queries) {
        let inbound = signed(ccc.as_ref(), body);
        assert_eq!(inbound.query.as_deref(), Some(query));
        assert_eq!(inbound.header("content-type"), Some("application/json;charset=utf8"));
        assert_eq!(inbound.header("x-tccc-push-uuid"), Some("nonce-1"));
    }
}

#[test]
fn answers_are_the_vendors() {
    let ccc = demo();
    let accepted = ccc.answer(Answer::Accepted);
    assert_eq!((accepted.status, accepted.body.as_ref()), (StatusCode::OK, r#"{"ErrCode":0,"ErrMsg":""}"#));
    let again = ccc.answer(Answer::TryAgain);
    assert_eq!(again.status, StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = serde_json::from_str(&again.body).expect("JSON");
    assert_ne!(body["ErrCode"], 0);
    assert!(body["ErrMsg"].is_string());
}

#[test]
fn what_a_replay_needs_is_kept() {
    let ccc = demo();
    let kept = |query: &str| {
        let inbound = Inbound { query: Some(query.to_owned()), ..signed(ccc.as_ref(), "{}") };
        inbound.parameters(ccc.kept_parameters())
    };
    assert_eq!(kept("action=imcdr&version=1&secret=x"), "action=imcdr&version=1");
    assert_eq!(kept("secret=x?action=cdr&version=1"), "action=cdr&version=1");
    assert_eq!(kept("secret=x"), "");
    assert!(!ccc.kept_headers().contains(&"authorization"));
}

proptest! {
    #[test]
    fn what_is_signed_verifies(body in "(?s).{0,200}") {
        let ccc = demo();
        let inbound = signed(ccc.as_ref(), &body);
        let verified = ccc.verify(inbound, now(), &mut Explain::off()).expect("verifies");
        prop_assert_eq!(verified.body().as_ref(), body.as_bytes());
    }
}
