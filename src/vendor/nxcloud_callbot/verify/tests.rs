use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use super::super::{Callbot, KINDS};
use super::*;
use crate::vendor::{Adapter, Unsigned};

const SECRET: &str = "SECRET-0123456789abcdef";
const UUID: &str = "UID-TEST-01";
const CREATED: i64 = 1_734_345_678;
const REQUEST_ID: &str = "4f1d2c3b5a69788796a5b4c3d2e1f001";
const BODY: &str = r#"{"callbackType":1,"userTaskID":"ut-0001","taskID":"t-9001","sceneID":"s-77","taskStatus":3,"createTs":1734340000,"taskStat":{"answerOrderCount":1,"finishOrderCount":2,"totalOrderCount":2,"finishRate":1,"totalAnswerCall":1,"totalCall":3,"answerRate":0.33}}"#;
const MD5: &str = "7BA488A17C54E4CF9C8D3FEE8CE629A9";
const SHA256: &str = "8F499A487F434B70401219A5D551D6684BA43A419787A7945CC37F6C73F47D5A";

const BOTH: [Algorithm; 2] = [Algorithm::Md5, Algorithm::Sha256];

/// A request and the source it is for: the worked example unless a test changes something.
#[derive(Clone)]
struct Case {
    algorithm: Algorithm,
    secrets: Vec<&'static str>,
    freshness_seconds: u32,
    now: i64,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

impl Case {
    fn new(algorithm: Algorithm) -> Self {
        let sign = match algorithm {
            Algorithm::Md5 => MD5,
            Algorithm::Sha256 => SHA256,
        };
        let header = |name, value: &str| (name, value.to_owned());
        Self {
            algorithm,
            secrets: vec![SECRET],
            freshness_seconds: 3600,
            now: CREATED,
            body: BODY.into(),
            headers: vec![
                header("requestID", REQUEST_ID),
                header("uuid", UUID),
                header("createTs", &CREATED.to_string()),
                header("sign", sign),
            ],
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(present, _)| *present != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(present, _)| *present == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// Signs `body` as the vendor would, and sends what the case has.
    fn signed_over(self, body: &[u8]) -> Self {
        let signable = Signable {
            body,
            created: &self.header("createTs"),
            request_id: &self.header("requestID"),
            uuid: &self.header("uuid"),
        };
        let digest = digest(self.algorithm, &Secret::new(SECRET), &signable);
        let sign: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        self.with("sign", &sign)
    }

    fn source(&self) -> Callbot {
        let settings = Settings {
            uuid: UUID.to_owned(),
            secrets: Vec::new(),
            secret_files: Vec::new(),
            algorithm: self.algorithm,
            freshness_seconds: self.freshness_seconds,
            call_status: Default::default(),
            api: None,
        };
        Callbot { settings, secrets: Secrets::fixed(&self.secrets), poller: None }
    }

    fn explained(&self, explain: &mut Explain) -> Result<Verified, Reject> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        }
        let inbound = Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers, body: self.body.clone() };
        self.source().verify(inbound, Timestamp::from_second(self.now).expect("in range"), explain)
    }

    fn verdict(&self) -> Result<(), Reason> {
        let (mut silent, mut listening) = (Explain::off(), Explain::on());
        let verdict = self.explained(&mut silent).map(drop);
        assert_eq!(self.explained(&mut listening).map(drop), verdict, "listening changes nothing");
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
fn the_worked_example() {
    for algorithm in BOTH {
        let case = Case::new(algorithm);
        assert_eq!(case.verdict(), Ok(()));
        let verified = case.explained(&mut Explain::off()).expect("verified");
        assert_eq!(verified.sent_at(), Instant::from_unix(CREATED));
        assert_eq!(verified.body(), BODY);
    }
}

/// The byte sensitivity table of the fact sheet.
#[test]
fn every_byte_counts() {
    const TABLE: [(&str, &str, &str); 4] = [
        (
            r#"{"data":"hi"}"#,
            "B74A83683060A0381B7C287B0DD415FF",
            "C8686DA911548D79571BA81C1B8FCE05F2BE6030886965859E6F5D4B53E58447",
        ),
        (
            r#"{"data": "hi"}"#,
            "7412845215368813AF8E258D901926CB",
            "C693433E14A616A24F60EE5146C7560680ED5AD6B11AC995B9FB2432C793338A",
        ),
        (
            r#"{"other":"张三 & co"}"#,
            "4ACB0A58DD666B9179718FDE1A735D35",
            "377A2A0A5B55AC6C2D0D7373980F5E37BF6F65D2593E92D190DFC62ADB03178E",
        ),
        (
            r#"{"other":"\u5f20\u4e09 & co"}"#,
            "6930D6DBC471504EAAB2143B23E9EFAB",
            "7CDBFD4C6B177D6CE0F848465817257FF894A4A14D137B683038A6B5B51F2BD1",
        ),
    ];
    for (body, md5, sha256) in TABLE {
        for (algorithm, sign) in [(Algorithm::Md5, md5), (Algorithm::Sha256, sha256)] {
            let signable = Signable { body: body.as_bytes(), created: "1700000000", request_id: "abc123", uuid: "u1" };
            let made = digest(algorithm, &Secret::new("topsecret"), &signable);
            assert_eq!(Some(made), decode_hex(sign), "{} of {body}", algorithm.name());
        }
    }
}

#[test]
fn the_case_of_the_signature_and_of_header_names_does_not_count() {
    for algorithm in BOTH {
        let case = Case::new(algorithm);
        let sign = case.header("sign").to_lowercase();
        assert_eq!(case.with("sign", &sign).verdict(), Ok(()));
    }
    let mut case = Case::new(Algorithm::Md5);
    case.headers[0].0 = "requestId";
    case.headers[2].0 = "CREATETS";
    assert_eq!(case.verdict(), Ok(()));
}

#[test]
fn altered_requests_are_refused() {
    for algorithm in BOTH {
        let case = Case::new(algorithm);
        let body = |body: &str| Case { body: Bytes::copy_from_slice(body.as_bytes()), ..case.clone() };
        let altered = [
            ("another secret", Case { secrets: vec!["SECRET-0123456789abcdeF"], ..case.clone() }),
            ("no secret", Case { secrets: vec![], ..case.clone() }),
            ("a changed byte", body(&BODY.replace("\"taskStatus\":3", "\"taskStatus\":4"))),
            ("a longer body", body(&format!("{BODY} "))),
            ("a cut body", body(&BODY[..BODY.len() - 1])),
            ("no body", body("")),
            ("a reformatted body", body(&BODY.replace(':', ": "))),
            ("another request id", case.clone().with("requestID", "4f1d2c3b5a69788796a5b4c3d2e1f002")),
            ("another time", case.clone().with("createTs", "1734345679")),
            ("another signature", case.clone().with("sign", &case.header("sign").replace('A', "B"))),
        ];
        for (what, case) in altered {
            assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{what}");
        }
    }
}

/// No part may take bytes from its neighbour: `uuid` is the configured one, and the rest is fixed by it.
#[test]
fn fields_cannot_be_shifted() {
    let body = format!("{BODY}&createTs={CREATED}&requestID=x");
    let shifted = Case { body: body.into(), ..Case::new(Algorithm::Md5) }.with("requestID", REQUEST_ID);
    assert_eq!(shifted.verdict(), Err(Reason::SignatureMismatch));
    let shifted = Case::new(Algorithm::Md5).with("requestID", &format!("{REQUEST_ID}&uuid={UUID}")).with("uuid", "x");
    assert_eq!(shifted.verdict(), Err(Reason::AccountMismatch));
}

#[test]
fn another_account_is_refused_even_when_it_signs_with_our_secret() {
    for uuid in ["UID-TEST-02", "UID-TEST-0", "uid-test-01", "UID-TEST-01 x"] {
        let case = Case::new(Algorithm::Md5).with("uuid", uuid).signed_over(BODY.as_bytes());
        assert_eq!(case.verdict(), Err(Reason::AccountMismatch), "{uuid}");
    }
}

#[test]
fn a_signing_time_is_ten_digits() {
    for created in ["173434567", "17343456780", "1734345678000", "+173434567", "-173434567", "173434567.", "0x67600000"]
    {
        let case = Case::new(Algorithm::Md5).with("createTs", created).signed_over(BODY.as_bytes());
        assert_eq!(case.verdict(), Err(Reason::HeaderInvalid), "{created}");
    }
}

#[test]
fn old_and_future_requests_are_refused_at_the_border() {
    let at = |now, freshness_seconds| Case { now, freshness_seconds, ..Case::new(Algorithm::Md5) }.verdict();
    assert_eq!(at(CREATED + 3600, 3600), Ok(()));
    assert_eq!(at(CREATED + 3601, 3600), Err(Reason::Stale));
    assert_eq!(at(CREATED - AHEAD, 3600), Ok(()));
    assert_eq!(at(CREATED - AHEAD - 1, 3600), Err(Reason::Stale));
    assert_eq!(at(CREATED + 1_000_000_000, 0), Ok(()), "0 accepts any age");
}

#[test]
fn age_is_told_only_to_who_can_sign() {
    let case = Case { now: CREATED + 1_000_000, secrets: vec!["other"], ..Case::new(Algorithm::Md5) };
    assert_eq!(case.verdict(), Err(Reason::SignatureMismatch));
}

#[test]
fn every_header_is_needed_exactly_once() {
    for name in ["requestID", "uuid", "createTs", "sign"] {
        let case = Case::new(Algorithm::Md5);
        let mut absent = case.clone();
        absent.headers.retain(|(present, _)| *present != name);
        let mut twice = case.clone();
        twice.headers.push((name, case.header(name)));
        let cases = [("absent", absent), ("empty", case.clone().with(name, "")), ("twice", twice)];
        for (what, case) in cases.into_iter().chain([("not text", case.with(name, "张三"))]) {
            let reject = case.explained(&mut Explain::off()).map(drop).expect_err(what);
            assert_eq!(reject.reason, Reason::HeaderMissing, "{name} {what}");
            assert!(reject.detail.contains(name), "{reject} names the header");
        }
    }
}

#[test]
fn the_sender_does_not_choose_the_algorithm() {
    let sha = Case::new(Algorithm::Sha256);
    let case = Case { algorithm: Algorithm::Md5, ..sha }.with("algorithm", "SHA256");
    assert_eq!(case.verdict(), Err(Reason::HeaderInvalid));
    assert!(case.steps().contains("has 64 characters, 32 hex digits are due for MD5"), "{}", case.steps());
    let case = Case { algorithm: Algorithm::Sha256, ..Case::new(Algorithm::Md5) };
    assert_eq!(case.verdict(), Err(Reason::HeaderInvalid));
}

#[test]
fn a_signature_that_is_not_hex_is_refused() {
    for sign in
        ["7", "7BA488A17C54E4CF9C8D3FEE8CE629A", "7BA488A17C54E4CF9C8D3FEE8CE629AG", "+BA488A17C54E4CF9C8D3FEE8CE629A9"]
    {
        assert_eq!(Case::new(Algorithm::Md5).with("sign", sign).verdict(), Err(Reason::HeaderInvalid), "{sign}");
    }
}

#[test]
fn any_active_secret_verifies() {
    let with = |secrets: &[&'static str]| Case { secrets: secrets.to_vec(), ..Case::new(Algorithm::Md5) };
    assert_eq!(with(&["next", SECRET]).verdict(), Ok(()));
    assert_eq!(with(&[SECRET, "next"]).verdict(), Ok(()));
    assert_eq!(with(&["next", "former"]).verdict(), Err(Reason::SignatureMismatch));
    assert!(with(&["next", SECRET]).steps().contains("ok MD5 with secret 2 gives the signature"));
}

#[test]
fn hints_name_the_usual_changes_of_a_body() {
    let compact = r#"{"taskStatus":3,"createTs":1,"name":"a \" b : , c","list":[1, 2.50]}"#.replace(", 2", ",2");
    let pretty = r#"{
  "taskStatus": 3,
  "createTs": 1,
  "name": "a \" b : , c",
  "list": [ 1, 2.50 ]
}"#;
    let with_newline = format!("{compact}\n");
    let crlf = format!("{compact}\r\n");
    let cases: [(&str, &str, &str); 5] = [
        (&compact, &with_newline, "something added a line end"),
        (&compact, &crlf, "something added a line end"),
        (&with_newline, &compact, "something cut it off"),
        (&compact, pretty, "something reformatted the JSON"),
        ("{}", &compact, "no usual change of the body explains it"),
    ];
    for algorithm in BOTH {
        for (signed, sent, hint) in cases {
            let case = Case { body: Bytes::copy_from_slice(sent.as_bytes()), ..Case::new(algorithm) };
            let case = case.signed_over(signed.as_bytes());
            assert_eq!(case.verdict(), Err(Reason::SignatureMismatch));
            assert!(case.steps().contains(hint), "{sent:?}: {}", case.steps());
        }
    }
}

#[test]
fn steps_never_hold_a_secret_or_the_body() {
    let case = Case::new(Algorithm::Sha256);
    let cases = [
        case.clone(),
        Case { secrets: vec!["wrong-SECRET-0123456789"], ..case.clone() },
        Case { secrets: vec![SECRET, "other-SECRET-0123456789"], now: CREATED + 10_000, ..case.clone() },
        case.clone().with("uuid", "other"),
        case.clone().with("sign", "00"),
        case.with("createTs", "now"),
    ];
    for case in cases {
        let (steps, verdict) = (case.steps(), format!("{:?}", case.explained(&mut Explain::off()).map(drop)));
        for hidden in ["SECRET-0123456789", "ut-0001", &case.header("sign")] {
            assert!(!steps.contains(hidden) || hidden == "00", "{steps}");
            assert!(!verdict.contains(hidden), "{verdict}");
        }
    }
}

proptest! {
    #[test]
    fn what_we_sign_verifies(body in "(?s).{0,200}", nonce in "[!-~]{1,64}", second in 1_000_000_000i64..9_999_999_999, algorithm in prop::sample::select(&BOTH)) {
        let case = Case { now: second, ..Case::new(algorithm) };
        let now = Timestamp::from_second(second).expect("in range");
        let signed = case.source().sign(&Unsigned { kind: &KINDS[0], body: &body, now, nonce: &nonce }).expect("a secret");
        prop_assert_eq!(&signed.body, &body);
        let case = Case { body: signed.body.into(), headers: signed.headers, ..case };
        prop_assert_eq!(case.verdict(), Ok(()));
    }

    #[test]
    fn any_headers_and_body_get_a_verdict(body in prop::collection::vec(any::<u8>(), 0..64), sign in "[0-9a-fA-F]{32}", created in "[ -~]{0,12}") {
        let case = Case { body: body.into(), ..Case::new(Algorithm::Md5) }.with("sign", &sign).with("createTs", &created);
        prop_assert!(case.verdict().is_err());
    }
}
