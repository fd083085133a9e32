use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use proptest::prelude::*;

use super::super::{KINDS, SestekKnovvu};
use super::*;
use crate::config::{Config, SettingsError};
use crate::vendor::{Adapter, Unsigned, Vendor};

const BODY: &str = r#"{"UniqueId":"4f2b9c","CallState":"Busy"}"#;
const TOKENS: &str = "tokens = [\"token-next\", \"token-last\"]";
const BASIC: &str = "basic_user = \"knovvu\"\nbasic_passwords = [\"password-1\"]";

fn source(settings: &str) -> Result<Box<dyn Adapter>, SettingsError> {
    let config = Config::from_toml(&format!("[sources.s]\nvendor = \"sestek-knovvu\"\n{settings}"))
        .map_err(|mut complaints| complaints.remove(0))?;
    SestekKnovvu.adapter(&config.source("s"))
}

fn inbound(headers: &[(&'static str, String)], body: impl Into<Bytes>) -> Inbound {
    let header = |(name, value): &(&'static str, String)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"))
    };
    let headers: HeaderMap = headers.iter().map(header).collect();
    Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers, body: body.into() }
}

fn verdict(settings: &str, headers: &[(&'static str, &str)]) -> Result<(), Reason> {
    let source = source(settings).expect("settings");
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let check = |explain: &mut Explain| {
        source.verify(inbound(&headers, BODY), Timestamp::UNIX_EPOCH, explain).map(drop).map_err(|reject| reject.reason)
    };
    let mut explain = Explain::on();
    let verdict = check(&mut explain);
    assert_eq!(check(&mut Explain::off()), verdict, "listening changes nothing");
    assert_eq!(explain.steps().last().map(|step| step.holds), Some(verdict.is_ok()), "the last step is the verdict");
    for step in explain.steps() {
        for secret in ["token-", "password-"] {
            assert!(!step.text.contains(secret), "{}", step.text);
        }
    }
    verdict
}

fn refused(settings: &str) -> SettingsError {
    source(settings).map(drop).expect_err("refused")
}

#[test]
fn a_source_without_proof_is_refused_at_start() {
    for settings in ["", "allow_unverified = false", "allowed_addresses = [\"0.0.0.0/0\"]", "allowed_addresses = []"] {
        let error = refused(settings);
        assert_eq!(error.key, "sources.s.path_tokens", "{settings}");
        assert!(error.message.contains("allow_unverified = true"), "{}", error.message);
    }
}

#[test]
fn each_proof_alone_is_enough() {
    let path_token = "path_tokens = [\"0123456789abcdef\"]";
    for settings in [path_token, "allowed_addresses = [\"203.0.113.0/24\"]", "allow_unverified = true"] {
        assert_eq!(verdict(settings, &[]), Ok(()), "{settings}");
    }
    assert_eq!(verdict(TOKENS, &[("x-trunkline-token", "token-last")]), Ok(()));
    assert_eq!(verdict(BASIC, &[("authorization", "Basic a25vdnZ1OnBhc3N3b3JkLTE=")]), Ok(()));
}

#[test]
fn what_is_configured_must_hold() {
    assert_eq!(verdict(TOKENS, &[]), Err(Reason::HeaderMissing));
    assert_eq!(verdict(TOKENS, &[("x-trunkline-token", "token-other")]), Err(Reason::CredentialsWrong));
    assert_eq!(verdict(TOKENS, &[("x-api-key", "token-last")]), Err(Reason::HeaderMissing));
    assert_eq!(verdict(BASIC, &[]), Err(Reason::CredentialsWrong));
    assert_eq!(verdict(BASIC, &[("authorization", "Basic a25vdnZ1OnBhc3N3b3JkLTI=")]), Err(Reason::CredentialsWrong));
    // Neither the other proof nor `allow_unverified` takes a configured one away.
    for more in ["allow_unverified = true", "path_tokens = [\"0123456789abcdef\"]", BASIC] {
        let settings = format!("{TOKENS}\n{more}");
        let basic = ("authorization", "Basic a25vdnZ1OnBhc3N3b3JkLTE=");
        assert_eq!(verdict(&settings, &[basic]), Err(Reason::HeaderMissing), "{more}");
        assert_eq!(verdict(&settings, &[basic, ("x-trunkline-token", "token-next")]), Ok(()), "{more}");
    }
}

#[test]
fn the_header_of_the_token_can_be_chosen() {
    for header in ["authorization", "token", "x-api-key", "x-auth-token", "x-trunkline-token"] {
        let settings = format!("{TOKENS}\ntoken_header = \"{header}\"");
        assert_eq!(verdict(&settings, &[(header, "token-next")]), Ok(()), "{header}");
    }
}

#[test]
fn settings_that_check_less_than_they_seem_to_are_refused() {
    let table = [
        ("tokens = [\"\"]", "tokens"),
        ("basic_user = \"knovvu\"", "basic_password_files"),
        ("basic_user = \"a:b\"\nbasic_passwords = [\"p\"]", "basic_user"),
        ("basic_user = \"\"\nbasic_passwords = [\"p\"]", "basic_user"),
        ("basic_passwords = [\"p\"]", "basic_user"),
        ("basic_user = \"knovvu\"\nbasic_passwords = [\"\"]", "basic_passwords"),
        ("token_files = [\"/nowhere/token\"]", "token_files"),
        ("allow_unverified = true\npending_states = [\"Busy\"]\ncall_state = { busy = \"busy\" }", "pending_states"),
        ("allow_unverified = true\ncall_state = { \"No Reply\" = \"no_answer\", no_reply = \"failed\" }", "call_state"),
    ];
    for (settings, key) in table {
        assert_eq!(refused(settings).key, format!("sources.s.{key}"), "{settings}");
    }
    let both = format!("{TOKENS}\n{BASIC}\ntoken_header = \"authorization\"");
    assert_eq!(refused(&both).key, "sources.s.token_header");
}

#[test]
fn any_media_type_is_let_in_to_be_seen() {
    let source = source(TOKENS).expect("settings");
    assert!(source.accepts("application/x-www-form-urlencoded") && source.accepts(""));
    assert_eq!(source.replay_window_seconds(), None);
    assert!(!source.kept_headers().contains(&"authorization"));
}

proptest! {
    #[test]
    fn what_we_sign_verifies(body in "(?s).{0,100}", choice in 0..4usize) {
        let both = format!("{TOKENS}\n{BASIC}");
        let settings = ["allow_unverified = true", TOKENS, BASIC, &both][choice];
        let source = source(settings).expect("settings");
        let request = Unsigned { kind: &KINDS[0], body: &body, now: Timestamp::UNIX_EPOCH, nonce: "n" };
        let signed = source.sign(&request).expect("a secret");
        let request = inbound(&signed.headers, signed.body);
        prop_assert!(source.verify(request, Timestamp::UNIX_EPOCH, &mut Explain::off()).is_ok());
    }

    #[test]
    fn any_headers_get_a_verdict(token in "[ -~]{0,20}", authorization in "(Basic )?[ -~]{0,30}") {
        let headers = [("x-trunkline-token", token), ("authorization", authorization)];
        for settings in [TOKENS, BASIC] {
            let source = source(settings).expect("settings");
            prop_assert!(source.verify(inbound(&headers, ""), Timestamp::UNIX_EPOCH, &mut Explain::off()).is_err());
        }
    }
}
