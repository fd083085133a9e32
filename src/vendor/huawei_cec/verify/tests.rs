use bytes::Bytes;
use http::{HeaderMap, Method};
use proptest::prelude::*;
use serde_json::json;

use super::super::{CAMPAIGN_RESULT, Cec, DUAL_STATUS, HuaweiCec, KINDS, Settings};
use super::*;
use crate::config::Config;
use crate::reject::Class;
use crate::secret::Secrets;
use crate::vendor::{Adapter, Kind, Vendor};

const KEY: &str = "Example-Shared-Key-0001";
const SIGNED_AT: i64 = 1_709_280_020;
const SIGNATURE_OF_EXAMPLE: &str = "h8NUR+KFwRgbN5vPdAYoq6Mnl4pLcQD0YFyNmVSfkXM=";
const EXAMPLE: &str = r#"{"callSerialNo":"1300000000000000001","called":"10086","callerPresent":"400100","createCallTime":"2024/03/01,08:00:00:005","alertingTime":"2024/03/01,08:00:02:120","talkingTime":"2024/03/01,08:00:07:450","releaseTime":"2024/03/01,08:00:19:900","talkDuration":"12","recordfile":"Y:/9/demo folder/a b.wav","locationId":"0","releaseReason":"1","callData":null}"#;

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind")
}

/// A body with a signature: the worked example unless a test changes something.
#[derive(Clone)]
struct Case {
    kind: &'static str,
    keys: Vec<&'static str>,
    other: bool,
    allow_unverified: bool,
    freshness_seconds: u32,
    now: i64,
    body: Bytes,
}

impl Case {
    fn new() -> Self {
        Self {
            kind: VN_RELEASE,
            keys: vec![KEY],
            other: false,
            allow_unverified: false,
            freshness_seconds: 3600,
            now: SIGNED_AT,
            body: with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE).into(),
        }
    }

    fn body(body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..Self::new() }
    }

    /// The example with its text changed after signing.
    fn altered(from: &str, to: &str) -> Self {
        let text = with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE);
        assert!(text.contains(from), "{from}");
        Self::body(text.replacen(from, to, 1))
    }

    fn source(&self) -> Cec {
        let toml = "[sources.s]\nvendor = \"huawei-cec\"\nallow_unverified = true";
        let config = Config::from_toml(toml).expect("settings");
        let mut settings: Settings = config.source("s").read().expect("settings");
        settings.freshness_seconds = self.freshness_seconds;
        let proof = Proof {
            secrets: Secrets::fixed(&self.keys),
            has_key: !self.keys.is_empty(),
            other: self.other,
            allow_unverified: self.allow_unverified,
        };
        Cec { settings, proof, poller: None }
    }

    fn explained(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let inbound = Inbound {
            kind: kind(self.kind),
            method: Method::POST,
            query: None,
            headers: HeaderMap::new(),
            body: self.body.clone(),
        };
        self.source().verify(inbound, Timestamp::from_second(self.now).expect("in range"), explain)
    }

    fn verdict(&self) -> Result<(), Reason> {
        let (mut silent, mut listening) = (Explain::off(), Explain::on());
        let verdict = self.explained(&mut silent).map(drop);
        assert_eq!(self.explained(&mut listening).map(drop), verdict, "listening changes nothing");
        assert_eq!(
            listening.steps().last().map(|step| step.holds),
            Some(verdict.is_ok()),
            "the last step is the verdict"
        );
        verdict.map_err(|reject| {
            assert_eq!(reject.reason.class(), Class::Unauthenticated, "{reject}");
            reject.reason
        })
    }

    fn steps(&self) -> String {
        let mut explain = Explain::on();
        let _ = self.explained(&mut explain);
        explain.steps().iter().map(|step| format!("{} {}\n", if step.holds { "ok" } else { "no" }, step.text)).collect()
    }
}

fn with_parts(body: &str, timestamp: &str, nonce: &str, signature: &str) -> String {
    let comma = if body.trim() == "{}" { "" } else { "," };
    let body = body.trim_end().strip_suffix('}').expect("an object");
    format!(r#"{body}{comma}"timestamp":{timestamp},"nonce":{nonce},"signature":"{signature}"}}"#)
}

fn with_signature(body: &str, signature: &str) -> String {
    with_parts(body, "\"1709280020500\"", "\"-42\"", signature)
}

/// Signs the text `fields` as the vendor would, for `body`.
fn signed_as(body: &str, fields: &str) -> Case {
    let flat = Flat::read(b"{}", false).expect("an object");
    let signable = Signable { timestamp: "1709280020500", nonce: "-42", flat: &flat };
    Case::body(with_signature(body, &BASE64_STANDARD.encode(digest(KEY, &signable, fields))))
}

#[test]
fn the_worked_example() {
    let case = Case::new();
    assert_eq!(case.verdict(), Ok(()));
    let verified = case.explained(&mut Explain::off()).expect("verified");
    assert_eq!(verified.sent_at(), Instant::from_millis(1_709_280_020_500));
    let flat = Flat::read(EXAMPLE.as_bytes(), false).expect("an object");
    let text = joined(&flat, Rule::VENDOR);
    assert_eq!(format!("{KEY}_1709280020500_-42_{text}").len(), 349);
    assert!(text.starts_with(
        "alertingTime=2024/03/01,08:00:02:120,callData=null,callSerialNo=1300000000000000001,called=10086,"
    ));
}

#[test]
fn signatures_that_must_not_match() {
    for wrong in [
        "5grHp1knWfeYUp68f4nTToyiyqq2N8vJGeF6YekSkJE=",
        "1tObA9qpTI9heco2ZCc6aiB+OGl9uvwAY2QoX416OBA=",
        "5LVZ98oOsawGy11OSyfbcSIIpQU7FecQIai1yuFzlRo=",
    ] {
        let case = Case::body(with_signature(EXAMPLE, wrong));
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{wrong}");
    }
    let kept = Case::body(with_signature(EXAMPLE, "1tObA9qpTI9heco2ZCc6aiB+OGl9uvwAY2QoX416OBA="));
    assert!(kept.steps().contains("fits the fields with their blanks"), "{}", kept.steps());
    let dropped = Case::body(with_signature(EXAMPLE, "5LVZ98oOsawGy11OSyfbcSIIpQU7FecQIai1yuFzlRo="));
    assert!(dropped.steps().contains("fits the fields without those that are null"), "{}", dropped.steps());
}

#[test]
fn numbers_count_as_sent_and_unknown_fields_count() {
    let small = r#"{"b":"2","a":1}"#;
    let text = with_parts(small, "\"1700000000000\"", "\"n1\"", "GHlDVHB9Vi0ToMih3vJw7tIrAx7RnqbjxFuQaKIR0us=");
    assert_eq!(Case { now: 1_700_000_000, ..Case::body(text.clone()) }.verdict(), Ok(()));
    // The same text with and without quotes signs the same; another text of the same number does not.
    for (to, verdict) in [("\"1\"", Ok(())), ("1.0", Err(Reason::SignatureMismatch))] {
        let text = text.replace("\"a\":1", &format!("\"a\":{to}"));
        assert_eq!(Case { now: 1_700_000_000, ..Case::body(text) }.verdict(), verdict, "{to}");
    }
    let long = r#"{"callSerialNo":123456789012345678901234567890,"x":1.50,"y":true,"z":""}"#;
    let fields = "callSerialNo=123456789012345678901234567890,x=1.50,y=true,z=";
    assert_eq!(signed_as(long, fields).verdict(), Ok(()));
}

#[test]
fn names_are_sorted_by_utf16_code_units() {
    // U+FF5E sorts behind U+1F600 in UTF-16 and before it in code points; capitals come first.
    let body = "{\"\u{ff5e}\":\"1\",\"\u{1f600}\":\"2\",\"callSerialNo\":\"3\",\"called\":\"4\",\"Z\":\"5\"}";
    let fields = "Z=5,callSerialNo=3,called=4,\u{1f600}=2,\u{ff5e}=1";
    assert_eq!(signed_as(body, fields).verdict(), Ok(()));
}

#[test]
fn altered_bodies_are_refused() {
    let changes = [
        ("\"called\":\"10086\"", "\"called\":\"10087\""),
        ("\"callData\":null", "\"callData\":\"\""),
        (",\"callData\":null", ""),
        ("\"locationId\":\"0\"", "\"locationId\":\"0\",\"more\":\"1\""),
        ("\"locationId\":\"0\"", "\"locationID\":\"0\""),
        ("\"1709280020500\"", "\"1709280020501\""),
        ("\"-42\"", "\"42\""),
        ("+", "-"),
        ("demo folder", "demo\\tfolder"),
    ];
    for (from, to) in changes {
        let verdict = Case::altered(from, to).verdict();
        assert!(
            matches!(verdict, Err(Reason::SignatureMismatch | Reason::HeaderInvalid)),
            "{from} -> {to}: {verdict:?}"
        );
    }
    let other = Case { keys: vec!["Example-Shared-Key-0002"], ..Case::new() };
    assert_eq!(other.verdict(), Err(Reason::SignatureMismatch));
    let padded = Case { keys: vec!["Example-Shared-Key-0001 "], ..Case::new() };
    assert!(padded.steps().contains("fits the key without the blanks around it"), "{}", padded.steps());
}

#[test]
fn unsigned_and_half_signed_bodies_are_refused_when_there_is_a_key() {
    for name in ["timestamp", "nonce", "signature"] {
        let whole: serde_json::Value =
            serde_json::from_str(&with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE)).expect("JSON");
        for value in [None, Some(json!(null)), Some(json!(""))] {
            let mut body = whole.clone();
            let members = body.as_object_mut().expect("an object");
            members.remove(name);
            members.extend(value.map(|value| (name.to_owned(), value)));
            let case = Case { other: true, allow_unverified: true, ..Case::body(body.to_string()) };
            assert_eq!(case.verdict(), Err(Reason::HeaderMissing), "{name}");
            let reject = case.explained(&mut Explain::off()).map(drop).expect_err("refused");
            assert!(reject.detail.contains(name), "{reject} names the field");
        }
    }
    assert_eq!(Case::body(EXAMPLE).verdict(), Err(Reason::HeaderMissing));
    assert_eq!(Case { kind: DUAL_RELEASE, ..Case::body(EXAMPLE) }.verdict(), Err(Reason::HeaderMissing));
}

#[test]
fn kinds_without_a_signature_need_another_proof() {
    for kind in [DUAL_STATUS, CAMPAIGN_RESULT] {
        let case = Case { kind, ..Case::body("[]") };
        assert_eq!(case.verdict(), Err(Reason::PathTokenWrong), "a key is no proof of what is not signed");
        assert_eq!(Case { other: true, ..case.clone() }.verdict(), Ok(()));
        assert_eq!(Case { allow_unverified: true, ..case }.verdict(), Ok(()));
    }
    // Without a key nothing is signed.
    for kind in [VN_RELEASE, DUAL_RELEASE] {
        let case = Case { kind, keys: vec![], ..Case::body(EXAMPLE) };
        assert_eq!(case.verdict(), Err(Reason::PathTokenWrong));
        assert_eq!(Case { other: true, ..case }.verdict(), Ok(()));
    }
}

#[test]
fn a_source_without_any_proof_is_refused() {
    let adapter = |settings: &str| {
        let toml = format!("[sources.s]\nvendor = \"huawei-cec\"\n{settings}");
        let config = Config::from_toml(&toml).expect("loads");
        HuaweiCec.adapter(&config.source("s")).map(|adapter| adapter.replay_window_seconds())
    };
    let error = adapter("").expect_err("refused");
    assert!(error.key.ends_with("secret_files") && error.message.contains("allow_unverified = true"), "{error}");
    assert!(adapter("secrets = [\"\"]").is_err());
    assert!(adapter("path_tokens = []").is_err());
    assert_eq!(adapter("secrets = [\"Example-Shared-Key-0001\"]"), Ok(Some(86_400)));
    assert_eq!(adapter("path_tokens = [\"0123456789abcdef\"]"), Ok(None));
    assert_eq!(adapter("allowed_addresses = [\"192.0.2.0/24\"]"), Ok(None));
    assert_eq!(adapter("allow_unverified = true"), Ok(None));
}

#[test]
fn old_and_future_requests_are_refused_at_the_border() {
    let at = |now, freshness_seconds| Case { now, freshness_seconds, ..Case::new() }.verdict();
    assert_eq!(at(SIGNED_AT + 3600, 3600), Ok(()));
    assert_eq!(at(SIGNED_AT + 3601, 3600), Err(Reason::Stale));
    assert_eq!(at(SIGNED_AT - AHEAD, 3600), Ok(()));
    assert_eq!(at(SIGNED_AT - AHEAD - 1, 3600), Err(Reason::Stale));
    assert_eq!(at(SIGNED_AT + 1_000_000_000, 0), Ok(()), "0 accepts any age");
    let foreign = Case { now: SIGNED_AT + 1_000_000, keys: vec!["other"], ..Case::new() };
    assert_eq!(foreign.verdict(), Err(Reason::SignatureMismatch), "age is told only to who can sign");
}

#[test]
fn any_active_key_verifies() {
    for keys in [vec!["next", KEY], vec![KEY, "next"]] {
        assert_eq!(Case { keys, ..Case::new() }.verdict(), Ok(()));
    }
    assert!(
        Case { keys: vec!["next", KEY], ..Case::new() }
            .steps()
            .contains("ok HMAC-SHA256 with key 2 gives the signature")
    );
}

#[test]
fn steps_never_hold_a_key_or_the_body() {
    let cases = [
        Case::new(),
        Case { keys: vec!["wrong-Shared-Key-0001"], ..Case::new() },
        Case { now: SIGNED_AT + 100_000, ..Case::new() },
        Case::body(EXAMPLE),
    ];
    for case in cases {
        let (steps, verdict) = (case.steps(), format!("{:?}", case.explained(&mut Explain::off()).map(drop)));
        for hidden in ["Shared-Key", "10086", "1300000000000000001", SIGNATURE_OF_EXAMPLE] {
            assert!(!steps.contains(hidden) && !verdict.contains(hidden), "{steps}{verdict}");
        }
    }
}

#[test]
fn nothing_to_sign_with() {
    let request = Unsigned { kind: kind(DUAL_STATUS), body: "{}", now: Timestamp::UNIX_EPOCH, nonce: "n" };
    assert!(Case::new().source().sign(&request).is_none(), "verify would refuse it");
    let sent = Case { other: true, ..Case::new() }.source().sign(&request).expect("proven by its URL");
    assert_eq!((sent.body.as_str(), sent.query.as_str()), ("{}", ""));
}

mod bodies;

proptest! {
    #[test]
    fn what_we_sign_verifies(
        fields in prop::collection::btree_map("[a-zA-Z\u{e9}\u{1f600}]{1,8}", prop_oneof![
            "[^=\\u{0}]{0,12}".prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<bool>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
        ], 0..8),
        nonce in "[0-9a-zA-Z-]{1,32}",
        second in 1_000_000_000i64..9_999_999_999,
        release in prop::sample::select(&[VN_RELEASE, DUAL_RELEASE][..]),
    ) {
        let body = serde_json::to_string(&fields).expect("JSON");
        let case = Case { now: second, kind: release, ..Case::new() };
        let now = Timestamp::from_second(second).expect("in range");
        let signed = case.source().sign(&Unsigned { kind: kind(release), body: &body, now, nonce: &nonce }).expect("a key");
        let case = Case { body: signed.body.into(), ..case };
        prop_assert_eq!(case.verdict(), Ok(()));
    }

    #[test]
    fn any_body_gets_a_verdict(body in prop::collection::vec(any::<u8>(), 0..64), map in "\\{[ -~]{0,40}\\}") {
        prop_assert!(Case::body(body).verdict().is_err());
        let case = Case { kind: DUAL_RELEASE, ..Case::body(map) };
        prop_assert!(case.verdict().is_err());
    }
}
