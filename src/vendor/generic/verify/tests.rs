use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::super::EVENT;
use super::super::tests::{now, source};
use crate::reject::Reason;
use crate::vendor::generic::Generic;
use crate::vendor::{Adapter, Explain, Inbound, Unsigned, Vendor, Verified};

use super::*;
use crate::vendor::fixtures::reload;

const MAP: &str = "map.type = \"call.ended\"\nmap.call = \"/id\"";

/// Standard Webhooks' own example: id, time, body, secret, signature.
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const TIME: i64 = 1_649_367_553;
const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
const WHSEC: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const V1: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

fn adapter(verify: &str) -> Box<dyn Adapter> {
    source(&format!("{verify}\n{MAP}")).expect("usable settings")
}

fn inbound(headers: &[(&str, &str)], body: &str) -> Inbound {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_str(value).expect("a value"))
        })
        .collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    Inbound { kind: &Generic.kinds()[0], method: Method::POST, query: None, headers, body }
}

fn refused(adapter: &dyn Adapter, inbound: Inbound, at: i64) -> Reason {
    let now = Timestamp::from_second(at).expect("in range");
    let mut explain = Explain::on();
    let silent = adapter.verify(inbound.clone(), now, &mut Explain::off()).map(|_| ()).expect_err("refused");
    let told = adapter.verify(inbound, now, &mut explain).map(|_| ()).expect_err("refused");
    assert_eq!(silent, told, "listening changes nothing");
    assert!(explain.steps().iter().any(|step| !step.holds), "a step says why");
    told.reason
}

fn accepted(adapter: &dyn Adapter, inbound: Inbound, at: i64) -> Verified {
    adapter.verify(inbound, Timestamp::from_second(at).expect("in range"), &mut Explain::off()).expect("accepted")
}

fn told(adapter: &dyn Adapter, inbound: Inbound, at: i64) -> String {
    let mut explain = Explain::on();
    let _ = adapter.verify(inbound, Timestamp::from_second(at).expect("in range"), &mut explain);
    explain.steps().iter().map(|step| format!("{}\n", step.text)).collect()
}

/// The request an adapter signs, as it arrives.
fn signed(adapter: &dyn Adapter, body: &str) -> Inbound {
    let request = Unsigned { kind: &Generic.kinds()[0], body, now: now(), nonce: "nonce-1" };
    let signed = adapter.sign(&request).expect("has a secret");
    let headers: Vec<_> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    inbound(&headers, &signed.body)
}

fn standard(extra: &str) -> Box<dyn Adapter> {
    adapter(&format!("verify.scheme = \"standard-webhooks\"\nverify.secrets = [\"{WHSEC}\"]\n{extra}"))
}

fn webhook(id: &str, time: &str, signature: &str, body: &str) -> Inbound {
    inbound(&[("webhook-id", id), ("Webhook-Timestamp", time), ("webhook-signature", signature)], body)
}

#[test]
fn standard_webhooks_own_vector() {
    let adapter = standard("");
    let verified = accepted(&*adapter, webhook(ID, &TIME.to_string(), V1, BODY), TIME);
    assert_eq!(verified.sent_at().map(|at| at.as_millis()), Some(TIME * 1000));
    // Without the prefix of the secret, and with several signatures, one of which fits.
    let bare = format!("verify.scheme = \"standard-webhooks\"\nverify.secrets = [\"{}\"]", &WHSEC[6..]);
    let several = format!(
        "v1,Mm7xgUVICxZfQ3bgf0h0Dof65L/IFx+PnZvnDWPCX6Q= v1a,hnO3f9T8Ytu9 {V1} v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE="
    );
    accepted(&*self::adapter(&bare), webhook(ID, &TIME.to_string(), &several, BODY), TIME);
}

#[test]
fn standard_webhooks_that_must_not_pass() {
    let adapter = standard("");
    let time = TIME.to_string();
    let table = [
        (webhook(ID, &time, "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=", BODY), TIME, Reason::SignatureMismatch),
        (webhook(ID, &time, V1, &BODY.replace("test_user", "test_usex")), TIME, Reason::SignatureMismatch),
        (webhook("msg_other", &time, V1, BODY), TIME, Reason::SignatureMismatch),
        (webhook(ID, &(TIME + 1).to_string(), V1, BODY), TIME, Reason::SignatureMismatch),
        (webhook(ID, &time, V1, BODY), TIME + 301, Reason::Stale),
        (webhook(ID, &time, V1, BODY), TIME - 301, Reason::Stale),
        (webhook(ID, "soon", V1, BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, "0", V1, BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, &time, &V1[3..], BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, &time, &V1.replace("v1,", "v2,"), BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, &time, "v1,tZ1I", BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, &time, "v1,", BODY), TIME, Reason::HeaderInvalid),
        (webhook(ID, &time, "", BODY), TIME, Reason::HeaderMissing),
        (inbound(&[("webhook-id", ID), ("webhook-timestamp", &time)], BODY), TIME, Reason::HeaderMissing),
        (inbound(&[("webhook-id", ID), ("webhook-signature", V1)], BODY), TIME, Reason::HeaderMissing),
        (inbound(&[("webhook-timestamp", &time), ("webhook-signature", V1)], BODY), TIME, Reason::HeaderMissing),
    ];
    for (index, (inbound, at, reason)) in table.into_iter().enumerate() {
        assert_eq!(refused(&*adapter, inbound, at), reason, "row {index}");
    }
    let mut twice = webhook(ID, &time, V1, BODY);
    twice.headers.append("webhook-id", HeaderValue::from_static("msg_other"));
    assert_eq!(refused(&*adapter, twice, TIME), Reason::HeaderMissing);
}

#[test]
fn tolerance_is_symmetric_and_zero_is_for_ever() {
    let adapter = standard("verify.tolerance_seconds = 10");
    assert_eq!(adapter.replay_window_seconds(), Some(10));
    let request = || webhook(ID, &TIME.to_string(), V1, BODY);
    accepted(&*adapter, request(), TIME + 10);
    accepted(&*adapter, request(), TIME - 10);
    assert_eq!(refused(&*adapter, request(), TIME + 11), Reason::Stale);
    assert_eq!(refused(&*adapter, request(), TIME - 11), Reason::Stale);
    accepted(&*standard("verify.tolerance_seconds = 0"), request(), TIME + 1_000_000);
}

#[test]
fn another_header_prefix() {
    let adapter = standard("verify.header_prefix = \"svix\"");
    let headers = [("svix-id", ID), ("svix-timestamp", "1649367553"), ("svix-signature", V1)];
    accepted(&*adapter, inbound(&headers, BODY), TIME);
    assert_eq!(adapter.kept_headers(), ["content-type", "svix-id", "svix-timestamp"]);
    assert_eq!(refused(&*adapter, webhook(ID, "1649367553", V1, BODY), TIME), Reason::HeaderMissing);
}

/// RFC 2202 (SHA-1) and RFC 4231 (SHA-2), test case 2: key "Jefe".
#[test]
fn hmac_vectors_in_every_algorithm_and_encoding() {
    let body = "what do ya want for nothing?";
    let table = [
        ("sha1", "hex", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha256", "hex", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ("sha256", "hex", "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"),
        ("sha256", "base64", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="),
        ("sha256", "base64", "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"),
        (
            "sha512",
            "hex",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ];
    for (algorithm, encoding, signature) in table {
        let settings = |secret: &str| {
            format!(
                "verify = {{ scheme = \"hmac\", header = \"X-Sign\", algorithm = \"{algorithm}\", encoding = \"{encoding}\", {secret} }}"
            )
        };
        for secret in [
            "secrets = [\"Jefe\"]",
            "secrets = [\"old\", \"Jefe\"]",
            "secrets = [\"4a656665\"], secret_encoding = \"hex\"",
            "secrets = [\"SmVmZQ==\"], secret_encoding = \"base64\"",
        ] {
            let adapter = adapter(&settings(secret));
            accepted(&*adapter, inbound(&[("x-sign", signature)], body), TIME);
            assert_eq!(
                refused(&*adapter, inbound(&[("x-sign", signature)], "another body"), TIME),
                Reason::SignatureMismatch
            );
            let other = inbound(&[("x-sign", &signature[2..])], body);
            assert_eq!(refused(&*adapter, other, TIME), Reason::HeaderInvalid);
        }
    }
}

#[test]
fn prefix_separator_and_everything_a_template_can_cover() {
    let settings = r#"
        verify = { scheme = "hmac", header = "x-sign", secrets = ["s"], prefix = "v0=", separator = ",", signed = "v0:{timestamp}:{header:X-Request-Id}:{body}", timestamp_header = "x-time", timestamp_format = "unix_ms", tolerance_seconds = 60 }
    "#;
    let adapter = adapter(settings);
    assert_eq!(adapter.kept_headers(), ["content-type", "x-request-id", "x-time"]);
    let good = signed(&*adapter, "{}");
    let at = now().as_second();
    accepted(&*adapter, good.clone(), at);

    let changed = |name: &'static str, value: &str| {
        let mut inbound = good.clone();
        inbound.headers.insert(name, HeaderValue::from_str(value).expect("a value"));
        inbound
    };
    let sign = good.header("x-sign").expect("signed").to_owned();
    accepted(&*adapter, changed("x-sign", &format!("v0={}, {sign}", "00".repeat(32))), at);
    assert_eq!(refused(&*adapter, changed("x-sign", &sign[3..]), at), Reason::HeaderInvalid);
    assert_eq!(refused(&*adapter, changed("x-request-id", "other"), at), Reason::SignatureMismatch);
    assert_eq!(refused(&*adapter, changed("x-time", "1734345678001"), at), Reason::SignatureMismatch);
    assert_eq!(refused(&*adapter, changed("x-time", "1734345678"), at), Reason::HeaderInvalid);
    assert_eq!(refused(&*adapter, good.clone(), at + 61), Reason::Stale);
    let mut without = good.clone();
    without.headers.remove("x-request-id");
    assert_eq!(refused(&*adapter, without, at), Reason::HeaderMissing);
}

#[test]
fn bearer() {
    let adapter = self::adapter("verify = { scheme = \"bearer\", secrets = [\"old\", \"token-1\"] }");
    let with = |value: &str| inbound(&[("authorization", value)], "{}");
    for value in ["Bearer token-1", "bearer old", "BEARER  token-1"] {
        accepted(&*adapter, with(value), TIME);
    }
    assert_eq!(refused(&*adapter, with("Bearer token-2"), TIME), Reason::CredentialsWrong);
    assert_eq!(refused(&*adapter, with("Bearer token-"), TIME), Reason::CredentialsWrong);
    for value in ["token-1", "Basic token-1", "Bearer", "Bearertoken-1"] {
        assert_eq!(refused(&*adapter, with(value), TIME), Reason::HeaderInvalid, "{value}");
    }
    assert_eq!(refused(&*adapter, inbound(&[], "{}"), TIME), Reason::HeaderMissing);

    let adapter = self::adapter("verify = { scheme = \"bearer\", header = \"X-Api-Key\", secrets = [\"token-1\"] }");
    accepted(&*adapter, inbound(&[("x-api-key", "token-1")], "{}"), TIME);
    let other = inbound(&[("x-api-key", "Bearer token-1")], "{}");
    assert_eq!(refused(&*adapter, other, TIME), Reason::CredentialsWrong);
    assert_eq!(adapter.kept_headers(), ["content-type"], "the token is not kept");
}

#[test]
fn basic() {
    let adapter = self::adapter("verify = { scheme = \"basic\", user = \"acme\", secrets = [\"old\", \"pass:word\"] }");
    let with = |text: &str| {
        let value = format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text));
        inbound(&[("authorization", &value)], "{}")
    };
    accepted(&*adapter, with("acme:pass:word"), TIME);
    accepted(&*adapter, with("acme:old"), TIME);
    for text in ["acme:pass", "acme:", "other:old", ":", "acm:e:old", "acme"] {
        assert_eq!(refused(&*adapter, with(text), TIME), Reason::CredentialsWrong, "{text}");
    }
    for value in ["Basic ???", "Bearer YWNtZTpvbGQ=", "Basic"] {
        assert_eq!(refused(&*adapter, inbound(&[("authorization", value)], "{}"), TIME), Reason::CredentialsWrong);
    }
    assert_eq!(refused(&*adapter, inbound(&[], "{}"), TIME), Reason::CredentialsWrong);
}

#[test]
fn client_certificates() {
    let settings = "verify = { scheme = \"mtls\", header = \"x-client-dn\", subjects = [\"CN=a,O=Acme\", \"CN=b\"] }";
    let adapter = self::adapter(&format!("allowed_addresses = [\"203.0.113.0/24\"]\n{settings}"));
    for subject in ["CN=a,O=Acme", "CN=b"] {
        accepted(&*adapter, inbound(&[("X-Client-DN", subject)], "{}"), TIME);
    }
    for subject in ["CN=a", "CN=a,O=Acme,C=DE", "cn=b", "CN=b,CN=c"] {
        let request = inbound(&[("x-client-dn", subject)], "{}");
        assert_eq!(refused(&*adapter, request, TIME), Reason::CredentialsWrong, "{subject}");
    }
    let twice = inbound(&[("x-client-dn", "CN=b"), ("x-client-dn", "CN=b")], "{}");
    assert_eq!(refused(&*adapter, twice, TIME), Reason::HeaderMissing, "the sender's own header beside the proxy's");
    assert_eq!(refused(&*adapter, inbound(&[], "{}"), TIME), Reason::HeaderMissing);
}

#[test]
fn path_token_and_none_check_nothing_here() {
    let with_token = "path_tokens = [\"0123456789abcdef\"]\nverify.scheme = \"path-token\"";
    for settings in [with_token, "verify = { scheme = \"none\", allow_unverified = true }"] {
        let adapter = adapter(settings);
        assert_eq!(adapter.replay_window_seconds(), None);
        assert_eq!(accepted(&*adapter, inbound(&[], "not JSON"), TIME).sent_at(), None);
    }
}

#[test]
fn secret_files_are_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "old").expect("written");
    for scheme in ["scheme = \"hmac\", header = \"x-sign\"", "scheme = \"bearer\"", "scheme = \"basic\", user = \"u\""]
    {
        std::fs::write(&path, "old").expect("written");
        let adapter = adapter(&format!("verify = {{ {scheme}, secret_files = [\"{}\"] }}", path.display()));
        let old = signed(&*adapter, "{}");
        std::fs::write(&path, "new\n").expect("written");
        assert!(reload(&*adapter));
        assert!(adapter.verify(old.clone(), now(), &mut Explain::off()).is_err(), "{scheme}");
        std::fs::write(&path, "new\nold\n").expect("written");
        assert!(reload(&*adapter));
        assert!(adapter.verify(old, now(), &mut Explain::off()).is_ok(), "{scheme}");
    }
}

#[test]
fn the_usual_mistakes_are_told() {
    let hmac = |more: &str| adapter(&format!("verify = {{ scheme = \"hmac\", header = \"x-sign\", {more} }}"));
    let plain = hmac("secrets = [\"5a5a5a5a\"]");
    let sent = |adapter: &dyn Adapter, body: &str| {
        let mut inbound = signed(adapter, "{\"a\":1}");
        inbound.body = Bytes::copy_from_slice(body.as_bytes());
        inbound
    };
    let at = now().as_second();
    let table = [
        (told(&*plain, sent(&*plain, "{\"a\":1}\n"), at), "added a line end"),
        (told(&*plain, sent(&*plain, "{ \"a\": 1 }"), at), "reformatted the JSON"),
        (told(&*plain, sent(&*plain, "{\"a\":2}"), at), "no usual change"),
        (
            told(&*hmac("secrets = [\"5a5a5a5a\"], secret_encoding = \"hex\""), sent(&*plain, "{\"a\":1}"), at),
            "as it stands",
        ),
        (
            told(&*plain, sent(&*hmac("secrets = [\"5a5a5a5a\"], secret_encoding = \"hex\""), "{\"a\":1}"), at),
            "secret_encoding = \"hex\"",
        ),
        (told(&*plain, sent(&*hmac("secrets = [\"5a5a5a5a\"], prefix = \"sha256=\""), "{}"), at), "71 characters"),
        (told(&*hmac("secrets = [\"s\"], prefix = \"sha256=\""), sent(&*plain, "{}"), at), "`verify.prefix`"),
        (told(&*standard(""), webhook(ID, "1649367553", "v1a,hnO3f9T8Ytu9", BODY), TIME), "asymmetric"),
    ];
    for (told, expected) in table {
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(!told.contains("5a5a5a5a") && !told.contains(WHSEC), "{told}");
    }
}

mod properties;
