use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::super::{AgentLegs, KINDS, Vcc, VonageVcc, customer_roles};
use super::*;
use crate::vendor::{Adapter, Unsigned, Vendor};

/// Base64 of `my_secret_key`.
const KEY: &str = "bXlfc2VjcmV0X2tleQ==";
const BODY: &str = r#"{"specversion":"1.0","type":"channel.ended.v1","id":"2VejGqWZPqHXHVNcfUPUO8IASAp","source":"/channel","data":{"timestamp":"2026-01-05T10:00:00.000Z","reason":"released"}}"#;
const HASH: &str = "8d9db328e4acd1d9809a0d8ff9e52d53e790f5585c43f47c13a40d5cf65a299a";
const ISSUED: i64 = 1_767_607_200;
const SIGNED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3Njc2MDcyMDAsImV4cCI6MTc2NzYwNzUwMCwicGF5bG9hZF9oYXNoIjoiOGQ5ZGIzMjhlNGFjZDFkOTgwOWEwZDhmZjllNTJkNTNlNzkwZjU1ODVjNDNmNDdjMTNhNDBkNWNmNjVhMjk5YSJ9";
const SIGNATURE: &str = "RMs2BksTVSCONOiRaxk8Ol8qtAZLvemA7hs9Ta3xbf0";

/// A request and the source it is for: the worked example unless a test changes something.
struct Case {
    settings: Settings,
    secrets: Vec<&'static str>,
    now: i64,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

fn settings() -> Settings {
    Settings {
        secrets: Vec::new(),
        secret_files: Vec::new(),
        freshness_seconds: LIFE,
        leeway_seconds: 30,
        customer_roles: customer_roles(),
        agent_legs: AgentLegs::Ignore,
        reasons: Default::default(),
        api: None,
    }
}

impl Case {
    fn new() -> Self {
        Self::with_token(&format!("{SIGNED}.{SIGNATURE}"))
    }

    fn with_token(token: &str) -> Self {
        let headers = vec![(HEADER, token.to_owned())];
        Self { settings: settings(), secrets: vec![KEY], now: ISSUED, body: BODY.into(), headers }
    }

    /// The worked example with other claims, rightly signed.
    fn with_claims(claims: &str) -> Self {
        Self::with_token(&jwt::sign(claims, b"my_secret_key"))
    }

    fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    fn freshness(mut self, seconds: u32) -> Self {
        self.settings.freshness_seconds = seconds;
        self
    }

    fn run(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let headers: HeaderMap = self
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static("?")),
                )
            })
            .collect();
        let inbound = Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers, body: self.body.clone() };
        let now = Timestamp::from_second(self.now).expect("in range");
        verify(&self.settings, &Secrets::fixed(&self.secrets), inbound, now, explain)
    }

    fn accepted(&self) -> bool {
        self.run(&mut Explain::off()).is_ok()
    }

    fn reason(&self) -> Reason {
        self.run(&mut Explain::off()).err().expect("refused").reason
    }

    fn story(&self) -> String {
        let mut explain = Explain::on();
        let _ = self.run(&mut explain);
        explain.steps().iter().map(|step| step.text.clone() + "\n").collect()
    }
}

#[test]
fn the_worked_example_and_its_signing_time() {
    let verified = Case::new().run(&mut Explain::off()).expect("verified");
    assert_eq!(verified.sent_at(), Instant::from_unix(ISSUED));
    assert_eq!(jwt::payload_hash(BODY.as_bytes()), HASH);
    let claims = format!(r#"{{"iat":{ISSUED},"exp":{},"payload_hash":"{HASH}"}}"#, ISSUED + 300);
    assert_eq!(jwt::sign(&claims, b"my_secret_key"), format!("{SIGNED}.{SIGNATURE}"));
}

#[test]
fn the_older_form_with_bearer_in_front() {
    assert!(Case::with_token(&format!("Bearer {SIGNED}.{SIGNATURE}")).accepted());
    assert_eq!(Case::with_token("Bearer ").reason(), Reason::HeaderInvalid);
}

#[test]
fn the_base64_text_is_not_the_key() {
    let case = Case::with_token(&format!("{SIGNED}.G8YtgA6xaT-0r9I5lZu_Acbx0drCovqHRi5z-l34O2Y"));
    assert_eq!(case.reason(), Reason::SignatureMismatch);
    assert!(case.story().contains("fits the key's Base64 text"), "{}", case.story());
}

#[test]
fn an_hmac_or_a_reformatted_body_is_not_the_hash() {
    for hash in [
        "25ae8ae0937b08c28fccc02e141ccd356b9e776d7df7ab6ad9b99ce8901306bd",
        "d3bcecd2b1dd836c7d8dcc128b2f43dd76f51cc3bb2ba0132978b14334c7464a",
    ] {
        let claims = format!(r#"{{"iat":{ISSUED},"exp":{},"payload_hash":"{hash}"}}"#, ISSUED + 300);
        assert_eq!(Case::with_claims(&claims).reason(), Reason::SignatureMismatch);
    }
}

#[test]
fn wrong_key_and_keys_in_change() {
    let with = |secrets: Vec<&'static str>| Case { secrets, ..Case::new() };
    assert_eq!(with(vec!["b3RoZXI="]).reason(), Reason::SignatureMismatch);
    assert_eq!(with(vec![]).reason(), Reason::SignatureMismatch);
    assert!(with(vec!["b3RoZXI=", KEY]).accepted());
    // A key that is no Base64 is of no use and does no harm.
    assert!(with(vec!["not base64!", KEY]).accepted());
    assert_eq!(with(vec!["not base64!"]).reason(), Reason::SignatureMismatch);
    assert!(with(vec!["not base64!"]).story().contains("1 of 1 signing keys are not Base64"));
}

#[test]
fn every_changed_byte_of_the_body_is_refused() {
    for at in 0..BODY.len() {
        let mut body = BODY.as_bytes().to_vec();
        body[at] ^= 1;
        assert_eq!(Case { body: body.into(), ..Case::new() }.reason(), Reason::SignatureMismatch, "byte {at}");
    }
    let cut = Bytes::from_static(&BODY.as_bytes()[..BODY.len() - 1]);
    assert_eq!(Case { body: cut, ..Case::new() }.reason(), Reason::SignatureMismatch);
    let longer = Bytes::from(format!("{BODY}\n"));
    assert!(Case { body: longer, ..Case::new() }.story().contains("added a line end"));
}

#[test]
fn a_token_holds_from_its_making_to_its_expiry() {
    assert_eq!(Case::new().at(ISSUED - 31).reason(), Reason::Stale);
    assert!(Case::new().at(ISSUED - 30).accepted());
    assert!(Case::new().at(ISSUED + 329).accepted());
    assert_eq!(Case::new().at(ISSUED + 330).reason(), Reason::Stale);
}

#[test]
fn a_wider_freshness_goes_by_age_and_zero_by_nothing() {
    let day = 86_400;
    assert!(Case::new().freshness(day).at(ISSUED + 86_430).accepted());
    assert_eq!(Case::new().freshness(day).at(ISSUED + 86_431).reason(), Reason::Stale);
    assert!(Case::new().freshness(0).at(ISSUED + 10_000_000).accepted());
    assert_eq!(Case::new().freshness(0).at(ISSUED - 31).reason(), Reason::Stale);
    assert_eq!(Case::new().freshness(60).at(ISSUED + 91).reason(), Reason::Stale);
}

#[test]
fn an_expiry_far_ahead_does_not_lengthen_the_life() {
    let far = ISSUED + 1_000_000;
    let claims = format!(r#"{{"iat":{ISSUED},"exp":{far},"payload_hash":"{HASH}"}}"#);
    assert!(Case::with_claims(&claims).at(ISSUED + 330).accepted());
    assert_eq!(Case::with_claims(&claims).at(ISSUED + 331).reason(), Reason::Stale);
    // Without `iat` the vendor's five minutes count back from the expiry.
    let claims = format!(r#"{{"exp":{far},"payload_hash":"{HASH}"}}"#);
    assert_eq!(Case::with_claims(&claims).reason(), Reason::Stale);
    assert!(Case::with_claims(&claims).at(far - 300).accepted());
}

#[test]
fn claims_must_be_there() {
    let exp = ISSUED + 300;
    for claims in [
        format!(r#"{{"iat":{ISSUED},"payload_hash":"{HASH}"}}"#),
        format!(r#"{{"iat":{ISSUED},"exp":{exp}}}"#),
        format!(r#"{{"iat":{ISSUED},"exp":"{exp}","payload_hash":"{HASH}"}}"#),
        format!(r#"{{"iat":{ISSUED},"exp":{exp},"payload_hash":1}}"#),
        format!(r#"{{"iat":{ISSUED},"exp":{exp},"exp":{exp},"payload_hash":"{HASH}"}}"#),
        String::new(),
    ] {
        assert_eq!(Case::with_claims(&claims).reason(), Reason::HeaderInvalid, "{claims}");
    }
    let later = format!(r#"{{"iat":{ISSUED},"nbf":{},"exp":{exp},"payload_hash":"{HASH}"}}"#, ISSUED + 60);
    assert_eq!(Case::with_claims(&later).reason(), Reason::Stale);
}

#[test]
fn the_header_must_be_there_once() {
    let token = format!("{SIGNED}.{SIGNATURE}");
    let with = |headers: Vec<(&'static str, String)>| Case { headers, ..Case::new() };
    assert_eq!(with(vec![]).reason(), Reason::HeaderMissing);
    assert_eq!(with(vec![(HEADER, String::new())]).reason(), Reason::HeaderMissing);
    assert_eq!(with(vec![(HEADER, token.clone()), (HEADER, token.clone())]).reason(), Reason::HeaderMissing);
    assert_eq!(with(vec![("authorization", format!("Bearer {token}"))]).reason(), Reason::HeaderMissing);
    assert_eq!(with(vec![(HEADER, "é".into())]).reason(), Reason::HeaderMissing);
    assert_eq!(with(vec![(HEADER, SIGNED.into())]).reason(), Reason::HeaderInvalid);
}

#[test]
fn unsigned_and_otherwise_signed_tokens_are_refused() {
    let (_, claims) = SIGNED.split_once('.').expect("a dot");
    // {"alg":"none"}
    assert_eq!(Case::with_token(&format!("eyJhbGciOiJub25lIn0.{claims}.")).reason(), Reason::HeaderInvalid);
    // {"alg":"HS512"}
    assert_eq!(Case::with_token(&format!("eyJhbGciOiJIUzUxMiJ9.{claims}.{SIGNATURE}")).reason(), Reason::HeaderInvalid);
}

#[test]
fn the_story_names_no_secret() {
    for case in [Case::new(), Case { secrets: vec!["b3RoZXI="], ..Case::new() }, Case::new().at(0)] {
        let story = case.story();
        for secret in [KEY, "my_secret_key", "b3RoZXI=", SIGNATURE] {
            assert!(!story.contains(secret), "{story}");
        }
    }
}

#[test]
fn settings_that_could_not_work_are_refused() {
    let complaint = |toml: &str| {
        let toml = format!("[sources.vcc]\nvendor = \"vonage-vcc\"\n{toml}");
        let config = crate::config::Config::from_toml(&toml).expect("TOML");
        VonageVcc.adapter(&config.source("vcc")).err().map(|error| error.to_string())
    };
    assert_eq!(complaint(r#"secrets = ["bXlfc2VjcmV0X2tleQ=="]"#), None);
    for (toml, key) in [
        ("", "secret_files"),
        (r#"secrets = [""]"#, "secrets"),
        (r#"secrets = ["not base64!"]"#, "secrets"),
        (r#"secrets = ["bXlfc2VjcmV0X2tleQ"]"#, "secrets"),
        (r#"secret_files = ["/nowhere/at/all"]"#, "secret_files"),
        ("secrets = [\"bXlfc2VjcmV0X2tleQ==\"]\nagent_legs = \"all\"", "agent_legs"),
        ("secrets = [\"bXlfc2VjcmV0X2tleQ==\"]\nsecret = 1", "secret"),
    ] {
        let error = complaint(toml).expect("refused");
        assert!(error.contains(&format!("sources.vcc.{key}")), "{toml}: {error}");
        assert!(!error.contains("not base64!"), "{error}");
    }
}

#[test]
fn the_replay_window_covers_all_that_is_accepted() {
    let window = |freshness_seconds| {
        let settings = Settings { freshness_seconds, ..settings() };
        Vcc { settings, secrets: Secrets::fixed(&[KEY]), asker: None }.replay_window_seconds()
    };
    assert_eq!((window(0), window(300), window(u32::MAX)), (Some(0), Some(330), Some(u32::MAX)));
}

proptest! {
    #[test]
    fn what_is_signed_verifies(body in ".{0,300}", now in 1_000_000_000i64..4_000_000_000) {
        let secrets = Secrets::fixed(&[KEY, "b3RoZXI="]);
        let adapter = Vcc { settings: settings(), secrets, asker: None };
        let now = Timestamp::from_second(now).expect("in range");
        let signed = adapter.sign(&Unsigned { kind: &KINDS[0], body: &body, now, nonce: "n" }).expect("a key");
        let headers = signed.headers.into_iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(&value).expect("a value"))
        });
        let inbound = Inbound {
            kind: &KINDS[0],
            method: Method::POST,
            query: None,
            headers: headers.collect(),
            body: signed.body.into(),
        };
        prop_assert!(adapter.verify(inbound, now, &mut Explain::off()).is_ok());
    }

    #[test]
    fn any_header_is_refused_without_panic(token in ".{0,200}") {
        let headers = vec![(HEADER, token)];
        let accepted = Case { headers, ..Case::new() }.accepted();
        prop_assert!(!accepted);
    }
}
