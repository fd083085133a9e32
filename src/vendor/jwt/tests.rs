use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// RFC 7515, appendix A.1.
const RFC: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const RFC_KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

fn rfc_key() -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(RFC_KEY).expect("base64url")
}

fn parse(text: &str) -> Result<Token<'_>, Reject> {
    Token::parse(text, &mut Explain::off())
}

fn reason<T>(result: Result<T, Reject>) -> Reason {
    result.err().expect("refused").reason
}

/// A token with any header, rightly signed.
fn with_header(header: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(key, signed.as_bytes())))
}

#[test]
fn the_example_of_rfc_7515() {
    let (claims, _): (Value, _) = parse(RFC).expect("parses").open(&[rfc_key()], &mut Explain::off()).expect("opens");
    assert_eq!(claims["iss"], "joe");
    assert_eq!(claims["exp"], 1_300_819_380);
}

#[test]
fn every_changed_character_of_the_example_is_refused() {
    for at in 0..RFC.len() {
        let mut text = RFC.as_bytes().to_vec();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(text).expect("ASCII");
        let opened = parse(&text).and_then(|token| token.open::<Value>(&[rfc_key()], &mut Explain::off()));
        assert!(opened.is_err(), "character {at}");
    }
}

#[test]
fn any_active_key_will_do_and_no_other() {
    let token = parse(RFC).expect("parses");
    assert!(token.open::<Value>(&[b"other".to_vec(), rfc_key()], &mut Explain::off()).is_ok());
    assert_eq!(reason(token.open::<Value>(&[b"other"], &mut Explain::off())), Reason::SignatureMismatch);
    assert_eq!(reason(token.open::<Value>(&[] as &[Vec<u8>], &mut Explain::off())), Reason::SignatureMismatch);
    // The key's text is not the key.
    assert_eq!(reason(token.open::<Value>(&[RFC_KEY], &mut Explain::off())), Reason::SignatureMismatch);
}

#[test]
fn no_other_algorithm_even_when_rightly_signed() {
    let key = b"key";
    assert!(parse(&with_header(r#"{"alg":"HS256"}"#, key)).is_ok());
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"typ":"JWT"}"#,
        r#"["HS256",null]"#,
        "",
    ] {
        assert_eq!(reason(parse(&with_header(header, key))), Reason::HeaderInvalid, "{header}");
    }
}

#[test]
fn an_unsigned_token_is_refused() {
    let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), URL_SAFE_NO_PAD.encode("{}"));
    assert_eq!(reason(parse(&none)), Reason::HeaderInvalid);
    // HS256 by name, but without or with a short signature.
    let (signed, signature) = RFC.rsplit_once('.').expect("dots");
    for cut in ["", &signature[..4], &signature[..42]] {
        let text = format!("{signed}.{cut}");
        let opened = parse(&text).and_then(|token| token.open::<Value>(&[rfc_key()], &mut Explain::off()));
        assert!(opened.is_err());
    }
}

#[test]
fn other_forms_are_refused() {
    let padded = format!("{RFC}=");
    let four = format!("{RFC}.x");
    let blank = format!("{RFC} ");
    let (two, _) = RFC.rsplit_once('.').expect("dots");
    for text in ["", ".", "..", "...", two, &padded, &four, &blank, &RFC.replace('-', "+")] {
        assert_eq!(reason(parse(text)), Reason::HeaderInvalid, "{text}");
    }
}

#[test]
fn claims_of_another_shape_are_refused_after_the_signature_only() {
    #[derive(Debug, Deserialize)]
    struct Claims {
        iat: Option<NumericDate>,
    }
    for claims in ["", "[]x", r#"{"iat":"1"}"#, r#"{"iat":-1}"#, r#"{"iat":1e300}"#, r#"{"iat":1,"iat":2}"#] {
        let text = sign(claims, b"key");
        let token = parse(&text).expect("parses");
        assert_eq!(reason(token.open::<Claims>(&[b"key"], &mut Explain::off())), Reason::HeaderInvalid, "{claims}");
        assert_eq!(reason(token.open::<Claims>(&[b"no"], &mut Explain::off())), Reason::SignatureMismatch);
    }
    let text = sign(r#"{"iat":1734345678.9,"other":{}}"#, b"key");
    let (claims, _): (Claims, _) = parse(&text).expect("parses").open(&[b"key"], &mut Explain::off()).expect("opens");
    assert_eq!(claims.iat, Some(NumericDate(1_734_345_678)));
}

#[test]
fn times_hold_with_leeway() {
    let check = |times: Times, now: i64| {
        times.check(Timestamp::from_second(now).expect("in range"), 30, &mut Explain::off()).is_ok()
    };
    let none = Times { issued: None, not_before: None, expires: None };
    assert!(check(none, 0));
    let at = Some(NumericDate(1000));
    for begins in [Times { issued: at, ..none }, Times { not_before: at, ..none }] {
        assert!(!check(begins, 969));
        assert!(check(begins, 970));
        assert!(check(begins, 1_000_000));
    }
    let ends = Times { expires: at, ..none };
    assert!(check(ends, 0));
    assert!(check(ends, 1029));
    assert!(!check(ends, 1030));
    // Without leeway a token ends at the second it names.
    let strict = |now| ends.check(Timestamp::from_second(now).expect("in range"), 0, &mut Explain::off()).is_ok();
    assert!(strict(999));
    assert!(!strict(1000));
}

#[test]
fn the_payload_hash_is_plain_sha_256_of_the_bytes() {
    let body = br#"{"a": 1}"#;
    let check = |body: &[u8], claim: Option<&str>| check_payload_hash(body, claim, &mut Explain::off());
    let hash = payload_hash(body);
    assert_eq!(check(body, Some(&hash)), Ok(()));
    assert_eq!(check(body, Some(&hash.to_uppercase())), Ok(()));
    assert_eq!(reason(check(br#"{"a":1}"#, Some(&hash))), Reason::SignatureMismatch);
    for wrong in [None, Some(""), Some(&hash[1..]), Some(&hash.replace(&hash[..1], "g")), Some(&"é".repeat(32))] {
        assert_eq!(reason(check(body, wrong)), Reason::HeaderInvalid);
    }
}

#[test]
fn hints_name_the_usual_changes_of_a_body() {
    let hint = |sent: &[u8], received: &[u8]| {
        let mut explain = Explain::on();
        check_payload_hash(received, Some(&payload_hash(sent)), &mut explain).expect_err("refused");
        explain.steps().last().expect("a step").text.clone()
    };
    assert!(hint(b"{}", b"{}\n").contains("added a line end"));
    assert!(hint(b"{}\n", b"{}").contains("cut it off"));
    assert!(hint(br#"{"a":1}"#, br#"{"a": 1}"#).contains("reformatted"));
    assert!(hint(b"{}", b"[]").contains("another body"));
}

proptest! {
    #[test]
    fn what_is_signed_opens(claims in "[a-z]{0,20}", key in prop::collection::vec(any::<u8>(), 0..100)) {
        let text = sign(&format!(r#"{{"a":"{claims}"}}"#), &key);
        let (opened, _): (Value, _) = parse(&text).expect("parses").open(&[&key], &mut Explain::off()).expect("opens");
        prop_assert_eq!(&opened["a"], &claims);
    }

    #[test]
    fn any_text_is_refused_without_panic(text in ".{0,200}") {
        prop_assert!(parse(&text).and_then(|token| token.open::<Value>(&[b"key"], &mut Explain::off())).is_err());
    }
}
