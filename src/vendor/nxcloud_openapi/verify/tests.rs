use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::super::{AIAGENT_CALL, AIAGENT_TASK, KINDS, NxcloudOpenapi};
use super::*;
use crate::config::{Config, SettingsError};
use crate::vendor::{Adapter, Unsigned, Vendor};

/// The check value the vendor publishes.
const BODY: &str = r#"{"name":"牛小信","id":10001}"#;
const SIGN: &str = "87c3560d3331ae23f1021e2025722354";
const TS: i64 = 1_655_710_885_431;
const SECRET: &str = "abciiiko2k3";

/// A source that expects what the check value was made with.
const SOURCE: &str = r#"
    access_key = "fme2na3kdi3ki"
    secrets = ["abciiiko2k3"]
    cdr_biz_type = "1"
    cdr_action = "send"
"#;

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind")
}

fn source(settings: &str) -> Result<Box<dyn Adapter>, SettingsError> {
    let config = Config::from_toml(&format!("[sources.s]\nvendor = \"nxcloud-openapi\"\n{settings}"))
        .map_err(|mut complaints| complaints.remove(0))?;
    NxcloudOpenapi.adapter(&config.source("s"))
}

/// A request and the source it is for: the check value unless a test changes something.
#[derive(Clone)]
struct Case {
    settings: String,
    kind: &'static str,
    now: i64,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

impl Case {
    fn new() -> Self {
        let header = |name, value: &str| (name, value.to_owned());
        Self {
            settings: SOURCE.to_owned(),
            kind: CC_CDR,
            now: TS,
            body: BODY.into(),
            headers: vec![
                header("accessKey", "fme2na3kdi3ki"),
                header("action", "send"),
                header("bizType", "1"),
                header("ts", &TS.to_string()),
                header("sign", SIGN),
            ],
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn settings(mut self, more: &str) -> Self {
        self.settings = format!("{}\n{more}", self.settings);
        self
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(present, _)| *present == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Signs `body` as the vendor would, and sends what the case has.
    fn signed_over(self, body: &[u8], algorithm: Algorithm) -> Self {
        let (access_key, action) = (self.header("accessKey"), self.header("action"));
        let (biz_type, ts) = (self.header("bizType"), self.header("ts"));
        let signable = Signable { access_key: &access_key, action: &action, biz_type: &biz_type, ts: &ts, body };
        let sign = digest(algorithm, &Secret::new(SECRET), &signable);
        self.with("sign", &sign)
    }

    fn explained(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        let inbound =
            Inbound { kind: kind(self.kind), method: Method::POST, query: None, headers, body: self.body.clone() };
        let now = Timestamp::from_millisecond(self.now).expect("in range");
        source(&self.settings).expect("settings").verify(inbound, now, explain)
    }

    fn verdict(&self) -> Result<(), Reason> {
        let verdict = self.explained(&mut Explain::off()).map(drop);
        assert_eq!(self.explained(&mut Explain::on()).map(drop), verdict, "listening changes nothing");
        verdict.map_err(|reject| reject.reason)
    }

    fn steps(&self) -> String {
        let mut explain = Explain::on();
        let verdict = self.explained(&mut explain);
        let steps = explain.steps();
        assert_eq!(steps.last().map(|step| step.holds), Some(verdict.is_ok()), "the last step is the verdict");
        steps.iter().map(|step| format!("{} {}\n", if step.holds { "ok" } else { "no" }, step.text)).collect()
    }
}

#[test]
fn the_published_check_value() {
    let case = Case::new();
    assert_eq!(case.verdict(), Ok(()));
    let verified = case.explained(&mut Explain::off()).expect("verified");
    assert_eq!(verified.sent_at(), Instant::from_millis(TS));
    assert_eq!(verified.body(), BODY);
}

/// Computed apart from this code; the first is the published one.
#[test]
fn both_algorithms_with_and_without_a_body() {
    const TABLE: [(&str, &str, &str); 3] = [
        (BODY, SIGN, "e0eec2c99ef80f269a82795e2223f618ebfc0616c8b6c8c7d438021ec38ad0eb"),
        ("", "884afe159e39b6c88a0d6102ca97d704", "921e82155cc02cdf78da934307c33cdca3f412d35ddb5b965482a2e029e900f4"),
        (
            r#"{"name": "牛小信","id":10001}"#,
            "4d319e2263462902bf8318c2244a56a2",
            "364225a267fa3802f62249eda66d8fb23f96dc8288434c4161deb5264cc5d979",
        ),
    ];
    for (body, md5, sha256) in TABLE {
        let ts = TS.to_string();
        let signable =
            Signable { access_key: "fme2na3kdi3ki", action: "send", biz_type: "1", ts: &ts, body: body.as_bytes() };
        assert_eq!(digest(Algorithm::Md5, &Secret::new(SECRET), &signable), md5, "{body}");
        assert_eq!(digest(Algorithm::Sha256, &Secret::new(SECRET), &signable), sha256, "{body}");
    }
}

#[test]
fn sha256_by_configuration_never_by_header() {
    let sha256 = Case::new().settings("algorithm = \"sha256\"").signed_over(BODY.as_bytes(), Algorithm::Sha256);
    assert_eq!(sha256.verdict(), Ok(()));
    let chosen = Case { settings: SOURCE.to_owned(), ..sha256 }.with("algorithm", "sha256");
    assert_eq!(chosen.verdict(), Err(Reason::HeaderInvalid));
    assert!(chosen.steps().contains("has 64 characters, 32 hex digits are due for MD5"), "{}", chosen.steps());
    assert_eq!(Case::new().with("algorithm", "sha256").verdict(), Ok(()), "the header is not heeded");
    assert_eq!(Case::new().settings("algorithm = \"sha256\"").verdict(), Err(Reason::HeaderInvalid));
}

#[test]
fn the_case_of_the_signature_does_not_count() {
    assert_eq!(Case::new().with("sign", &SIGN.to_uppercase()).verdict(), Ok(()));
    for sign in ["7", &SIGN[1..], "g7c3560d3331ae23f1021e2025722354", "+7c3560d3331ae23f1021e2025722354"] {
        assert_eq!(Case::new().with("sign", sign).verdict(), Err(Reason::HeaderInvalid), "{sign}");
    }
}

#[test]
fn altered_requests_are_refused() {
    let body = |body: &str| Case { body: Bytes::copy_from_slice(body.as_bytes()), ..Case::new() };
    let altered = [
        ("another secret", Case { settings: SOURCE.replace("2k3", "2k4"), ..Case::new() }),
        ("a changed byte", body(&BODY.replace("10001", "10002"))),
        ("a longer body", body(&format!("{BODY} "))),
        ("a cut body", body(&BODY[..BODY.len() - 1])),
        ("no body", body("")),
        ("an escaped body", body(r#"{"name":"\u725b\u5c0f\u4fe1","id":10001}"#)),
        ("another time", Case::new().with("ts", &(TS + 1).to_string())),
        ("another signature", Case::new().with("sign", &SIGN.replace('8', "9"))),
    ];
    for (what, case) in altered {
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{what}");
    }
}

#[test]
fn another_account_product_or_action_is_refused_even_when_it_is_signed() {
    let signed = |case: Case| case.signed_over(BODY.as_bytes(), Algorithm::Md5).verdict();
    assert_eq!(signed(Case::new().with("accessKey", "fme2na3kdi3k")), Err(Reason::AccountMismatch));
    assert_eq!(signed(Case::new().with("bizType", "8")), Err(Reason::HeaderInvalid));
    // As in our own request to the vendor's query API, should somebody send that back to us.
    assert_eq!(signed(Case::new().with("action", "cc")), Err(Reason::HeaderInvalid));
    assert_eq!(signed(Case::new().with("action", "send&bizType=1")), Err(Reason::HeaderInvalid));
}

#[test]
fn each_kind_has_its_business() {
    let settings = "access_key = \"fme2na3kdi3ki\"\nsecrets = [\"abciiiko2k3\"]";
    for (kind, biz_type, action) in
        [(CC_CDR, "8", "callback"), (AIAGENT_CALL, "100", "nxai"), (AIAGENT_TASK, "100", "nxai")]
    {
        let case = Case { settings: settings.to_owned(), kind, ..Case::new() };
        let right = case.clone().with("bizType", biz_type).with("action", action);
        assert_eq!(right.signed_over(BODY.as_bytes(), Algorithm::Md5).verdict(), Ok(()), "{kind}");
        assert_eq!(case.verdict(), Err(Reason::HeaderInvalid), "{kind}");
    }
}

#[test]
fn a_signing_time_is_thirteen_digits() {
    for ts in ["1655710885", "16557108854310", "+655710885431", "-655710885431", "165571088543.", "0x1655710885a"] {
        let case = Case::new().with("ts", ts).signed_over(BODY.as_bytes(), Algorithm::Md5);
        assert_eq!(case.verdict(), Err(Reason::HeaderInvalid), "{ts}");
    }
}

#[test]
fn old_and_future_requests_are_refused_at_the_border() {
    let at = |now, more: &str| Case { now, ..Case::new() }.settings(more).verdict();
    for (more, freshness, ahead) in [
        ("", 60_000, 60_000),
        ("freshness_seconds = 86400", 86_400_000, 60_000),
        ("freshness_seconds = 5", 5_000, 5_000),
    ] {
        assert_eq!(at(TS + freshness, more), Ok(()));
        assert_eq!(at(TS + freshness + 1, more), Err(Reason::Stale));
        assert_eq!(at(TS - ahead, more), Ok(()));
        assert_eq!(at(TS - ahead - 1, more), Err(Reason::Stale));
    }
    assert_eq!(at(TS + 1_000_000_000_000, "freshness_seconds = 0"), Ok(()), "0 accepts any age");
}

#[test]
fn age_is_told_only_to_who_can_sign() {
    let case = Case { now: TS + 1_000_000, ..Case::new() }.with("sign", &SIGN.replace('8', "9"));
    assert_eq!(case.verdict(), Err(Reason::SignatureMismatch));
}

#[test]
fn the_replay_window_counts_both_sides() {
    let window = |settings: &str| source(settings).expect("settings").replay_window_seconds();
    assert_eq!(window(SOURCE), Some(120));
    assert_eq!(window(&format!("{SOURCE}\nfreshness_seconds = 0")), Some(0));
    assert_eq!(window(&format!("{SOURCE}\nfreshness_seconds = 4294967295")), Some(u32::MAX));
    assert_eq!(window("cdr_tokens = [\"t\"]"), None);
}

#[test]
fn every_header_is_needed_exactly_once() {
    for name in ["accessKey", "action", "bizType", "ts", "sign"] {
        let case = Case::new();
        let mut absent = case.clone();
        absent.headers.retain(|(present, _)| *present != name);
        let mut twice = case.clone();
        twice.headers.push((name, case.header(name)));
        let cases = [("absent", absent), ("empty", case.clone().with(name, "")), ("twice", twice)];
        for (what, case) in cases.into_iter().chain([("not text", case.with(name, "牛"))]) {
            let reject = case.explained(&mut Explain::off()).map(drop).expect_err(what);
            assert_eq!(reject.reason, Reason::HeaderMissing, "{name} {what}");
            assert!(reject.detail.contains(name), "{reject} names the header");
        }
    }
}

#[test]
fn any_active_secret_verifies() {
    let with = |secrets: &str| Case { settings: SOURCE.replace("\"abciiiko2k3\"", secrets), ..Case::new() };
    assert_eq!(with("\"next\", \"abciiiko2k3\"").verdict(), Ok(()));
    assert_eq!(with("\"abciiiko2k3\", \"next\"").verdict(), Ok(()));
    assert_eq!(with("\"next\", \"former\"").verdict(), Err(Reason::SignatureMismatch));
    assert!(with("\"next\", \"abciiiko2k3\"").steps().contains("ok MD5 with secret 2 gives the signature"));
}

#[test]
fn hints_name_the_usual_changes_of_a_body() {
    let (compact, pretty) = (r#"{"id":1,"list":[1,2.5]}"#, "{\n  \"id\": 1, \"list\": [1, 2.5]\n}");
    let with_newline = format!("{compact}\n");
    for (signed, sent, hint) in [
        (compact, with_newline.as_str(), "something added a line end"),
        (&with_newline, compact, "something cut it off"),
        (compact, pretty, "something reformatted the JSON"),
        ("", compact, "the vendor signed the headers alone"),
        ("{}", compact, "no usual change of the body explains it"),
    ] {
        let case = Case { body: Bytes::copy_from_slice(sent.as_bytes()), ..Case::new() };
        let case = case.signed_over(signed.as_bytes(), Algorithm::Md5);
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch));
        assert!(case.steps().contains(hint), "{sent:?}: {}", case.steps());
    }
}

#[test]
fn steps_never_hold_a_secret_the_signature_or_the_body() {
    let case = Case::new();
    for case in [
        case.clone(),
        Case { now: TS + 1_000_000, ..case.clone() },
        Case { settings: SOURCE.replace("\"abciiiko2k3\"", "\"wrong-abciiiko2k3\""), ..case.clone() },
        case.clone().with("accessKey", "other"),
        case.with("ts", "now"),
    ] {
        let (steps, verdict) = (case.steps(), format!("{:?}", case.explained(&mut Explain::off()).map(drop)));
        for hidden in [SECRET, "10001", SIGN] {
            assert!(!steps.contains(hidden) && !verdict.contains(hidden), "{steps} {verdict}");
        }
    }
}

proptest! {
    #[test]
    fn what_we_sign_verifies(body in "(?s).{0,200}", ms in 1_000_000_000_000i64..9_999_999_999_999, kind in 0..KINDS.len(), choice in 0..3usize) {
        let more = ["", "algorithm = \"sha256\"", "cdr_tokens = [\"token-1\"]"][choice];
        let case = Case { now: ms, kind: KINDS[kind].name, ..Case::new() }
            .settings(&format!("{more}\npath_tokens = [\"0123456789abcdef\"]"));
        let now = Timestamp::from_millisecond(ms).expect("in range");
        let request = Unsigned { kind: &KINDS[kind], body: &body, now, nonce: "n" };
        let signed = source(&case.settings).expect("settings").sign(&request).expect("a secret");
        prop_assert_eq!(&signed.body, &body);
        let case = Case { body: signed.body.into(), headers: signed.headers, ..case };
        prop_assert_eq!(case.verdict(), Ok(()));
    }

    #[test]
    fn any_headers_and_body_get_a_verdict(body in prop::collection::vec(any::<u8>(), 0..64), sign in "[0-9a-f]{32}", ts in "[ -~]{0,14}") {
        let case = Case { body: body.into(), ..Case::new() }.with("sign", &sign).with("ts", &ts);
        prop_assert!(case.verdict().is_err());
    }
}

mod other_proofs;
