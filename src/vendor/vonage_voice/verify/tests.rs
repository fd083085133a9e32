use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::super::{KINDS, StartTime, Voice, VonageVoice};
use super::*;
use crate::vendor::{Adapter, Unsigned, Vendor};

const SECRET: &str = "my_signature_secret";
const API_KEY: &str = "a1b2c3d";
const BODY: &str = r#"{"status":"completed","uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356"}"#;
const HASH: &str = "5e7f27afc00ed00e4339be60f2edc83b43c8e205701edf7842428378737eeaea";
const ISSUED: i64 = 1_767_607_200;
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3Njc2MDcyMDAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6IjVlN2YyN2FmYzAwZWQwMGU0MzM5YmU2MGYyZWRjODNiNDNjOGUyMDU3MDFlZGY3ODQyNDI4Mzc4NzM3ZWVhZWEiLCJhcGlfa2V5IjoiYTFiMmMzZCJ9.4aSCQ6g-GM_SXWk3h_z3Xn0cKfxO5TR3cQlaV_CP17I";

/// A request and the source it is for: the worked example unless a test changes something.
struct Case {
    settings: Settings,
    secrets: Vec<&'static str>,
    now: i64,
    body: Bytes,
    authorization: Vec<String>,
}

fn settings() -> Settings {
    Settings {
        api_key: API_KEY.into(),
        application_id: None,
        secrets: Vec::new(),
        secret_files: Vec::new(),
        freshness_seconds: 3600,
        leeway_seconds: 30,
        start_time: StartTime::Started,
        outcomes: Default::default(),
    }
}

impl Case {
    fn new() -> Self {
        Self::with_token(TOKEN)
    }

    fn with_token(token: &str) -> Self {
        let authorization = vec![format!("Bearer {token}")];
        Self { settings: settings(), secrets: vec![SECRET], now: ISSUED, body: BODY.into(), authorization }
    }

    /// The worked example with other claims, rightly signed.
    fn with_claims(claims: &str) -> Self {
        Self::with_token(&jwt::sign(claims, SECRET.as_bytes()))
    }

    fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    fn application(mut self, id: &str) -> Self {
        self.settings.application_id = Some(id.to_owned());
        self
    }

    fn run(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let mut headers = HeaderMap::new();
        for value in &self.authorization {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap_or(HeaderValue::from_static("?"));
            headers.append("authorization", value);
        }
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
}

#[test]
fn the_scheme_may_be_written_anyhow() {
    for scheme in ["bearer", "BEARER"] {
        assert!(Case { authorization: vec![format!("{scheme} {TOKEN}")], ..Case::new() }.accepted());
    }
    for value in [TOKEN.to_owned(), format!("Basic {TOKEN}"), "Bearer".to_owned(), "Bearer ".to_owned()] {
        assert_eq!(Case { authorization: vec![value], ..Case::new() }.reason(), Reason::HeaderInvalid);
    }
}

#[test]
fn the_header_must_be_there_once() {
    let with = |authorization: Vec<String>| Case { authorization, ..Case::new() }.reason();
    assert_eq!(with(vec![]), Reason::HeaderMissing);
    assert_eq!(with(vec![String::new()]), Reason::HeaderMissing);
    assert_eq!(with(vec![format!("Bearer {TOKEN}"), format!("Bearer {TOKEN}")]), Reason::HeaderMissing);
    assert_eq!(with(vec!["Bearer é".into()]), Reason::HeaderMissing);
}

#[test]
fn wrong_secret_and_secrets_in_change() {
    let with = |secrets: Vec<&'static str>| Case { secrets, ..Case::new() };
    assert_eq!(with(vec!["other"]).reason(), Reason::SignatureMismatch);
    assert_eq!(with(vec![]).reason(), Reason::SignatureMismatch);
    assert!(with(vec!["other", SECRET]).accepted());
    assert!(with(vec!["other"]).story().contains("signature secret as text"));
    // The secret is taken as it is, never Base64-decoded: this is Base64 of the right one.
    assert_eq!(with(vec!["bXlfc2lnbmF0dXJlX3NlY3JldA=="]).reason(), Reason::SignatureMismatch);
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
    let spaced = Bytes::from(BODY.replace(':', ": "));
    assert!(Case { body: spaced, ..Case::new() }.story().contains("reformatted"));
}

#[test]
fn another_account_or_application_is_refused() {
    let mut other = Case::new();
    other.settings.api_key = "other".into();
    assert_eq!(other.reason(), Reason::AccountMismatch);
    let claims = |more: &str| format!(r#"{{"iat":{ISSUED},"payload_hash":"{HASH}"{more}}}"#);
    assert_eq!(Case::with_claims(&claims("")).reason(), Reason::AccountMismatch);

    let app = r#","api_key":"a1b2c3d","application_id":"aaaaaaaa-0000""#;
    assert!(Case::with_claims(&claims(app)).accepted(), "any application when none is configured");
    assert!(Case::with_claims(&claims(app)).application("aaaaaaaa-0000").accepted());
    assert_eq!(Case::with_claims(&claims(app)).application("bbbbbbbb-0000").reason(), Reason::AccountMismatch);
    assert_eq!(Case::new().application("aaaaaaaa-0000").reason(), Reason::AccountMismatch, "the claim is absent");
}

#[test]
fn an_old_or_early_token_is_refused() {
    assert_eq!(Case::new().at(ISSUED - 31).reason(), Reason::Stale);
    assert!(Case::new().at(ISSUED - 30).accepted());
    assert!(Case::new().at(ISSUED + 3600).accepted());
    assert_eq!(Case::new().at(ISSUED + 3601).reason(), Reason::Stale);
    let mut any_age = Case::new().at(ISSUED + 10_000_000);
    any_age.settings.freshness_seconds = 0;
    assert!(any_age.accepted());
}

#[test]
fn times_of_the_token_count_where_there_are_any() {
    let claims = |more: &str| format!(r#"{{"iat":{ISSUED},"payload_hash":"{HASH}","api_key":"{API_KEY}"{more}}}"#);
    let exp = claims(&format!(r#","exp":{}"#, ISSUED + 60));
    assert!(Case::with_claims(&exp).at(ISSUED + 89).accepted());
    assert_eq!(Case::with_claims(&exp).at(ISSUED + 90).reason(), Reason::Stale);
    let nbf = claims(&format!(r#","nbf":{}"#, ISSUED + 60));
    assert_eq!(Case::with_claims(&nbf).reason(), Reason::Stale);
}

#[test]
fn claims_must_be_there() {
    for claims in [
        format!(r#"{{"payload_hash":"{HASH}","api_key":"{API_KEY}"}}"#),
        format!(r#"{{"iat":"{ISSUED}","payload_hash":"{HASH}","api_key":"{API_KEY}"}}"#),
        format!(r#"{{"iat":{ISSUED},"api_key":"{API_KEY}"}}"#),
        format!(r#"{{"iat":{ISSUED},"payload_hash":"{}","api_key":"{API_KEY}"}}"#, &HASH[2..]),
        format!(r#"{{"iat":{ISSUED},"api_key":"x","payload_hash":"{HASH}","api_key":"{API_KEY}"}}"#),
        "[]".to_owned(),
        String::new(),
    ] {
        assert_eq!(Case::with_claims(&claims).reason(), Reason::HeaderInvalid, "{claims}");
    }
}

#[test]
fn unsigned_and_otherwise_signed_tokens_are_refused() {
    let parts: Vec<&str> = TOKEN.split('.').collect();
    // {"alg":"none"}
    assert_eq!(Case::with_token(&format!("eyJhbGciOiJub25lIn0.{}.", parts[1])).reason(), Reason::HeaderInvalid);
    // {"alg":"HS512"}
    let other = format!("eyJhbGciOiJIUzUxMiJ9.{}.{}", parts[1], parts[2]);
    assert_eq!(Case::with_token(&other).reason(), Reason::HeaderInvalid);
}

#[test]
fn the_story_names_no_secret() {
    for case in [Case::new(), Case { secrets: vec!["other-secret"], ..Case::new() }, Case::new().at(0)] {
        let story = case.story();
        for secret in [SECRET, "other-secret", TOKEN] {
            assert!(!story.contains(secret), "{story}");
        }
    }
}

#[test]
fn settings_that_could_not_work_are_refused() {
    let complaint = |toml: &str| {
        let toml = format!("[sources.voice]\nvendor = \"vonage-voice\"\n{toml}");
        let config = crate::config::Config::from_toml(&toml).expect("TOML");
        VonageVoice.adapter(&config.source("voice")).err().map(|error| error.to_string())
    };
    assert_eq!(complaint("api_key = \"k\"\nsecrets = [\"s\"]"), None);
    for (toml, key) in [
        ("secrets = [\"s\"]", "api_key"),
        ("api_key = \"\"\nsecrets = [\"s\"]", "api_key"),
        ("api_key = \"k\"", "secret_files"),
        ("api_key = \"k\"\nsecrets = [\"\"]", "secrets"),
        ("api_key = \"k\"\napplication_id = \"\"\nsecrets = [\"s\"]", "application_id"),
        ("api_key = \"k\"\nsecret_files = [\"/nowhere/at/all\"]", "secret_files"),
        ("api_key = \"k\"\nsecrets = [\"s\"]\noutcomes = { busy = \"engaged\" }", "outcomes"),
    ] {
        let error = complaint(toml).expect("refused");
        assert!(error.contains(&format!("sources.voice.{key}")), "{toml}: {error}");
    }
}

proptest! {
    #[test]
    fn what_is_signed_verifies(
        body in ".{0,300}",
        nonce in ".{0,20}",
        application in prop::option::of("[a-f0-9-]{1,36}"),
        now in 1_000_000_000i64..4_000_000_000,
    ) {
        let settings = Settings { application_id: application, ..settings() };
        let adapter = Voice { settings, secrets: Secrets::fixed(&[SECRET, "other"]) };
        let now = Timestamp::from_second(now).expect("in range");
        let signed = adapter.sign(&Unsigned { kind: &KINDS[0], body: &body, now, nonce: &nonce }).expect("a secret");
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
    fn any_header_is_refused_without_panic(value in ".{0,200}") {
        let accepted = Case { authorization: vec![value], ..Case::new() }.accepted();
        prop_assert!(!accepted);
    }
}
