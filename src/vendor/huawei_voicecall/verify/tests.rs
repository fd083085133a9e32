use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;

use super::super::{FEE, HuaweiVoiceCall, KINDS, VoiceCall};
use super::*;
use crate::config::Config;
use crate::reject::Class;
use crate::vendor::{Adapter, Unsigned, Vendor};

const SECRET: &str = "Example-App-Secret";
const APP_KEY: &str = "example-app-key";
const URL: &str = "https://cb.example.com/huawei/voicecall/fee";
const NONCE: &str = "66C92B11FF8A425FB8D4CCFE0ED9ED1F";
const CREATED: &str = "2024-03-01T16:00:20Z";
/// `CREATED` read as UTC.
const UTC: i64 = 1_709_308_820;
const NEWLINE: &str = "F/NYbNlPXnU/RjgtFS1BWZ0DKzSd0ePhWq1nE8BxH0w=";
const CONCATENATED: &str = "TFbf+ArRejUXSVF4/7F6kkDT+Zu0v6706JrLLN4Juqo=";

fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect("a kind")
}

fn token_with(username: &str, digest: &str, nonce: &str, created: &str) -> String {
    format!(
        "UsernameToken Username=\"{username}\", PasswordDigest=\"{digest}\", Nonce=\"{nonce}\", Created=\"{created}\""
    )
}

/// A request and the source it is for: a worked example unless a test changes something.
#[derive(Clone)]
struct Case {
    kind: &'static str,
    secrets: Vec<&'static str>,
    status_urls: Vec<&'static str>,
    fee_urls: Vec<&'static str>,
    digests: Vec<Digest>,
    freshness_seconds: u32,
    now: i64,
    headers: Vec<String>,
    body: Bytes,
}

impl Case {
    fn new(digest: &str) -> Self {
        Self {
            kind: FEE,
            secrets: vec![SECRET],
            status_urls: vec![],
            fee_urls: vec![URL],
            digests: Digest::ALL.to_vec(),
            freshness_seconds: 3600,
            now: UTC,
            headers: vec![token_with(APP_KEY, digest, NONCE, CREATED)],
            body: "{}".into(),
        }
    }

    fn header(header: impl Into<String>) -> Self {
        Self { headers: vec![header.into()], ..Self::new("") }
    }

    fn source(&self) -> VoiceCall {
        let secrets = |urls: &[&str]| urls.iter().map(|url| Secret::new(*url)).collect();
        let settings = Settings {
            app_key: APP_KEY.to_owned(),
            secrets: Vec::new(),
            secret_files: Vec::new(),
            status_urls: secrets(&self.status_urls),
            fee_urls: secrets(&self.fee_urls),
            digests: self.digests.clone(),
            freshness_seconds: self.freshness_seconds,
        };
        VoiceCall { settings, secrets: Secrets::fixed(&self.secrets) }
    }

    fn explained(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let mut headers = HeaderMap::new();
        for value in &self.headers {
            headers.append("x-aksk", HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        let inbound =
            Inbound { kind: kind(self.kind), method: Method::POST, query: None, headers, body: self.body.clone() };
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

#[test]
fn the_worked_examples() {
    for (digest, form) in [(NEWLINE, Digest::Newline), (CONCATENATED, Digest::Concatenated)] {
        assert_eq!(Case::new(digest).verdict(), Ok(()));
        let only = |form| Case { digests: vec![form], ..Case::new(digest) };
        assert_eq!(only(form).verdict(), Ok(()));
        let other = if form == Digest::Newline { Digest::Concatenated } else { Digest::Newline };
        assert_eq!(only(other).verdict(), Err(Reason::SignatureMismatch));
        assert!(only(other).steps().contains("a form that `digests` does not list"), "{}", only(other).steps());
    }
}

/// The WSSE form of a neighbouring product, and the form for calls to the platform.
#[test]
fn digests_of_other_interfaces_must_not_match() {
    let wsse = Case::new("4HSmB1XRO6yEsEFhHoBHrw++Ti8wdGSCAiWyG3oa60w=");
    assert_eq!(wsse.verdict(), Err(Reason::SignatureMismatch));
    let own_call = Case::new(&BASE64_STANDARD.encode(mac(SECRET, &[NONCE, CREATED].concat())));
    assert_eq!(own_call.verdict(), Err(Reason::SignatureMismatch));
    assert!(own_call.steps().contains("the form for calls to the platform"), "{}", own_call.steps());
}

#[test]
fn altered_requests_are_refused() {
    let cases = [
        ("another secret", Case { secrets: vec!["Example-App-Secret2"], ..Case::new(NEWLINE) }),
        ("no secret", Case { secrets: vec![], ..Case::new(NEWLINE) }),
        ("another URL", Case { fee_urls: vec!["https://cb.example.com/other"], ..Case::new(NEWLINE) }),
        ("no URL of this kind", Case { kind: STATUS, ..Case::new(NEWLINE) }),
        ("another nonce", Case::header(token_with(APP_KEY, NEWLINE, "66C92B11", CREATED))),
        ("another time", Case::header(token_with(APP_KEY, NEWLINE, NONCE, "2024-03-01T16:00:21Z"))),
        ("another digest", Case::new(&NEWLINE.replace('F', "G"))),
    ];
    for (what, case) in cases {
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{what}");
    }
    let parts_shifted = token_with(APP_KEY, CONCATENATED, "66C92B11FF8A425FB8D4CCFE0ED9ED1F2", "024-03-01T16:00:20Z");
    assert_eq!(Case::header(parts_shifted).verdict(), Err(Reason::HeaderInvalid), "a time keeps its length");
    for username in ["example-app-kez", "EXAMPLE-APP-KEY", "x"] {
        let case = Case::header(token_with(username, NEWLINE, NONCE, CREATED));
        assert_eq!(case.verdict(), Err(Reason::AccountMismatch), "{username}");
    }
}

/// The digest does not cover it: written down here, and in the documentation, so that nobody relies on it.
#[test]
fn the_body_is_not_covered() {
    assert_eq!(Case { body: b"\xff anything"[..].into(), ..Case::new(NEWLINE) }.verdict(), Ok(()));
}

#[test]
fn hints_name_the_usual_mistakes_with_the_url() {
    let with = |urls: &[&'static str]| Case { fee_urls: urls.to_vec(), ..Case::new(NEWLINE) };
    let cases = [
        (with(&["https://cb.example.com/huawei/voicecall/fee/"]), "slash or none"),
        (with(&["http://cb.example.com/huawei/voicecall/fee"]), "the other of http and https"),
        (Case { status_urls: vec![URL], ..with(&["https://cb.example.com/x"]) }, "the other kind's URL"),
        (with(&["https://cb.example.com/x"]), "no usual mistake explains it"),
        (with(&[]), "the source has no `fee_urls`"),
    ];
    for (case, hint) in cases {
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch));
        assert!(case.steps().contains(hint), "{hint}: {}", case.steps());
    }
    assert_eq!(with(&["https://cb.example.com/x", URL]).verdict(), Ok(()), "any of several URLs");
    assert_eq!(Case { kind: STATUS, status_urls: vec![URL], ..Case::new(NEWLINE) }.verdict(), Ok(()));
}

#[test]
fn the_header_is_read_whatever_its_blanks_and_order() {
    for header in [
        format!(
            "UsernameToken Username=\"{APP_KEY}\",PasswordDigest=\"{NEWLINE}\",Nonce=\"{NONCE}\",Created=\"{CREATED}\""
        ),
        format!(
            "UsernameToken  Created=\"{CREATED}\" ,  Nonce = \"{NONCE}\",More=\"1\",Username=\"{APP_KEY}\", PasswordDigest=\"{NEWLINE}\" "
        ),
    ] {
        assert_eq!(Case::header(header.clone()).verdict(), Ok(()), "{header}");
    }
    let whole = token_with(APP_KEY, NEWLINE, NONCE, CREATED);
    for (from, to) in [
        ("UsernameToken ", ""),
        ("UsernameToken ", "UsernameToken"),
        ("UsernameToken", "Digest"),
        ("Nonce", "nonce"),
        (", Nonce", " Nonce"),
        (NONCE, ""),
        ("\", Created", ", Created"),
        ("Created=\"2024-03-01T16:00:20Z\"", ""),
        ("Created=\"2024-03-01T16:00:20Z\"", "Created=2024-03-01T16:00:20Z"),
        ("Z\"", "Z\", Created=\"2024-03-01T16:00:20Z\""),
        (CREATED, "2024-03-01 16:00"),
        (NEWLINE, "F/NYbNlPXnU/RjgtFS1BWZ0DKzSd0ePhWq1nE8BxH0w"),
        (NEWLINE, "deadbeef"),
    ] {
        assert_eq!(Case::header(whole.replacen(from, to, 1)).verdict(), Err(Reason::HeaderInvalid), "{from} -> {to}");
    }
    for headers in [vec![], vec![whole.clone(), whole.clone()], vec!["张三".to_owned()]] {
        assert_eq!(Case { headers, ..Case::new(NEWLINE) }.verdict(), Err(Reason::HeaderMissing));
    }
}

#[test]
fn both_readings_of_the_time_are_fresh_and_no_others() {
    let beijing = UTC - i64::from(BEIJING);
    let at = |now, freshness_seconds| Case { now, freshness_seconds, ..Case::new(NEWLINE) };
    for sent in [UTC, beijing] {
        assert_eq!(at(sent, 3600).verdict(), Ok(()));
        assert_eq!(at(sent + 3600, 3600).verdict(), Ok(()));
        assert_eq!(at(sent + 3601, 3600).verdict(), Err(Reason::Stale));
        assert_eq!(at(sent - AHEAD, 3600).verdict(), Ok(()));
        assert_eq!(at(sent - AHEAD - 1, 3600).verdict(), Err(Reason::Stale));
        let verified = at(sent + 60, 3600).explained(&mut Explain::off()).expect("verified");
        assert_eq!(verified.sent_at(), Instant::from_unix(sent));
    }
    assert!(at(beijing, 3600).steps().contains("read as Beijing time"));
    // Between the readings the closer one can still be in the future.
    assert_eq!(at(UTC - 2 * 3600, 86_400).verdict(), Ok(()));
    assert_eq!(at(UTC + 1_000_000_000, 0).verdict(), Ok(()), "0 accepts any age");
    let foreign = Case { secrets: vec!["other"], ..at(UTC + 1_000_000, 3600) };
    assert_eq!(foreign.verdict(), Err(Reason::SignatureMismatch), "age is told only to who can sign");
}

/// However the time is read, a digest is dead after the replay window the source is checked with.
#[test]
fn the_replay_window_covers_both_readings() {
    let source = Case::new(NEWLINE).source();
    let window = i64::from(source.replay_window_seconds().expect("a window"));
    assert_eq!(window, 3600 + 8 * 3600);
    for sent in [UTC, UTC - i64::from(BEIJING)] {
        let late = Case { now: sent + window + AHEAD + 1, ..Case::new(NEWLINE) };
        assert_eq!(late.verdict(), Err(Reason::Stale));
    }
    assert_eq!(Case { freshness_seconds: 0, ..Case::new(NEWLINE) }.source().replay_window_seconds(), Some(0));
}

#[test]
fn any_active_secret_verifies() {
    for secrets in [vec!["next", SECRET], vec![SECRET, "next"]] {
        assert_eq!(Case { secrets, ..Case::new(CONCATENATED) }.verdict(), Ok(()));
    }
}

#[test]
fn steps_never_hold_a_secret_or_a_url() {
    let cases = [
        Case::new(NEWLINE),
        Case { secrets: vec!["wrong-App-Secret"], ..Case::new(NEWLINE) },
        Case { fee_urls: vec!["https://cb.example.com/token-0123456789abcdef/fee"], ..Case::new(NEWLINE) },
        Case { now: UTC + 100_000, ..Case::new(NEWLINE) },
    ];
    for case in cases {
        let (steps, verdict) = (case.steps(), format!("{:?}", case.explained(&mut Explain::off()).map(drop)));
        for hidden in ["App-Secret", "cb.example.com", NEWLINE, NONCE] {
            assert!(!steps.contains(hidden) && !verdict.contains(hidden), "{steps}{verdict}");
        }
        assert!(!format!("{:?}", case.source().settings).contains("cb.example.com"));
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let complaint = |settings: &str| {
        let toml = format!("[sources.s]\nvendor = \"huawei-voicecall\"\n{settings}");
        let config = Config::from_toml(&toml).expect("loads");
        HuaweiVoiceCall.adapter(&config.source("s")).map(drop).map_err(|error| error.key)
    };
    let url = "fee_urls = [\"https://cb.example.com/fee\"]";
    assert_eq!(complaint(&format!("app_key = \"k\"\nsecrets = [\"s\"]\n{url}")), Ok(()));
    for (settings, key) in [
        (format!("app_key = \"\"\nsecrets = [\"s\"]\n{url}"), "app_key"),
        (format!("app_key = \"k\"\n{url}"), "secret_files"),
        (format!("app_key = \"k\"\nsecrets = [\"\"]\n{url}"), "secrets"),
        ("app_key = \"k\"\nsecrets = [\"s\"]".to_owned(), "status_urls"),
        ("app_key = \"k\"\nsecrets = [\"s\"]\nstatus_urls = [\"/status\"]".to_owned(), "status_urls"),
        (format!("app_key = \"k\"\nsecrets = [\"s\"]\ndigests = []\n{url}"), "digests"),
    ] {
        assert_eq!(complaint(&settings), Err(format!("sources.s.{key}")), "{settings}");
    }
}

proptest! {
    #[test]
    fn what_we_sign_verifies(
        body in "(?s).{0,60}",
        nonce in "[0-9A-Za-z]{1,64}",
        second in 1_000_000_000i64..9_999_999_999,
        form in prop::sample::select(&Digest::ALL[..]),
        name in prop::sample::select(&[STATUS, FEE][..]),
    ) {
        let case = Case { kind: name, now: second, digests: vec![form], status_urls: vec!["https://cb.example.com/status"], ..Case::new("") };
        let now = Timestamp::from_second(second).expect("in range");
        let signed = case.source().sign(&Unsigned { kind: kind(name), body: &body, now, nonce: &nonce }).expect("a secret");
        prop_assert_eq!(&signed.body, &body);
        let token = signed.headers.into_iter().find(|(name, _)| *name == "x-aksk").expect("a token").1;
        let case = Case { headers: vec![token], body: signed.body.into(), ..case };
        prop_assert_eq!(case.verdict(), Ok(()));
        let verified = case.explained(&mut Explain::off()).expect("verified");
        prop_assert_eq!(verified.sent_at(), Instant::from_unix(second));
    }

    #[test]
    fn any_header_gets_a_verdict(header in "[ -~]{0,80}", value in "[ -~]{0,40}") {
        prop_assert!(Case::header(header).verdict().is_err());
        prop_assert!(Case::header(token_with(APP_KEY, &value, NONCE, CREATED)).verdict().is_err());
        prop_assert!(Case::header(token_with(APP_KEY, NEWLINE, NONCE, &value)).verdict().is_err());
    }
}
