//! Bodies whose fields are not clear.

use super::*;

#[test]
fn what_the_signature_cannot_tell_apart_is_refused() {
    let hidden = [
        // talkingTime in the value before it, in an unknown field's name, in the nonce.
        (r#""talkDuration":"12""#, r#""talkDuration":"12,talkingTime=2024/03/01,08:00:07:450""#),
        (r#""talkDuration":"12""#, r#""talkDuration":"12,talking Time=2024/03/01,08:00:07:450""#),
    ];
    for (from, to) in hidden {
        let text = with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE);
        let text = text.replace(r#""talkingTime":"2024/03/01,08:00:07:450","#, "").replace(from, to);
        let case = Case::body(text);
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{to}");
        assert!(case.steps().contains("looks like another field"), "the digest itself fits: {}", case.steps());
    }
    let split = signed_as(r#"{"a=b":"c","callSerialNo":"1"}"#, "a=b=c,callSerialNo=1");
    assert!(split.steps().contains("looks like another field"), "{}", split.steps());
    assert_eq!(split.verdict(), Err(Reason::SignatureMismatch));
    let body = with_signature(r#"{"callSerialNo":"1","x":"a_b"}"#, "").replace("\"-42\"", "\"-42_callSerialNo=1,x=a\"");
    let flat = Flat::read(b"{}", false).expect("an object");
    let signable = Signable { timestamp: "1709280020500", nonce: "-42_callSerialNo=1,x=a", flat: &flat };
    let made = BASE64_STANDARD.encode(digest(KEY, &signable, "callSerialNo=1,x=a_b"));
    let case = Case::body(body.replace("\"signature\":\"\"", &format!("\"signature\":\"{made}\"")));
    assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "a nonce with fields in it");
    // The caller's own data may hold anything.
    let own = signed_as(r#"{"callData":"a=1,b=2","callSerialNo":"1"}"#, "callData=a=1,b=2,callSerialNo=1");
    assert_eq!(own.verdict(), Ok(()));
}

#[test]
fn bodies_without_clear_fields_are_refused() {
    let cut = &with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE)[..200];
    let twice = with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE).replacen('{', "{\"called\":\"10086\",", 1);
    let escaped = with_signature(EXAMPLE, SIGNATURE_OF_EXAMPLE).replacen('{', "{\"c\\u0061lled\":\"10086\",", 1);
    let deep = format!("{{\"a\":{}", "[".repeat(1 << 20));
    let surrogate = with_signature(r#"{"a":"\ud800"}"#, SIGNATURE_OF_EXAMPLE);
    let map = "{callSerialNo=1, timestamp=1709280020500, nonce=-42, signature=x}".to_owned();
    let array = format!("[{EXAMPLE}]");
    for body in ["", "null", "[]", "\"a\"", cut, &twice, &escaped, &deep, &surrogate, &map, &array] {
        let case = Case { other: true, ..Case::body(body.to_owned()) };
        assert_eq!(case.verdict(), Err(Reason::SignatureMismatch), "{:.80}", body);
    }
    let not_utf8 = Case::body(b"{\"called\":\"\xff\"}".to_vec());
    assert_eq!(not_utf8.verdict(), Err(Reason::SignatureMismatch));
    let many: String = (0..100_000).map(|n| format!("\"k{n}\":1,")).collect();
    assert_eq!(Case::body(format!("{{{many}\"k\":1}}")).verdict(), Err(Reason::HeaderMissing), "and in no time");
}

/// What the signed text does not tell apart, the reader does not either.
#[test]
fn a_nested_value_counts_as_sent_without_blanks() {
    let body = r#"{"callSerialNo":"1","x":{"b": [1, 2]}}"#;
    assert_eq!(signed_as(body, r#"callSerialNo=1,x={"b":[1,2]}"#).verdict(), Ok(()));
}

#[test]
fn a_printed_map_can_be_signed() {
    let map = "{callSerialNo=1300000000000000001, serviceNo=, called=10086, callData=null, releaseTime=2024/03/01,08:00:19:900}";
    let case = Case { kind: DUAL_RELEASE, ..Case::new() };
    let now = Timestamp::from_second(SIGNED_AT).expect("in range");
    let request = Unsigned { kind: kind(DUAL_RELEASE), body: map, now, nonce: "-42" };
    let signed = case.source().sign(&request).expect("a key").body;
    assert!(signed.starts_with(&map[..map.len() - 1]) && signed.ends_with("=}"), "{signed}");
    let case = Case { body: signed.into(), ..case };
    assert_eq!(case.verdict(), Ok(()));
    let flat = Flat::read(map.as_bytes(), true).expect("a map");
    assert_eq!(
        joined(&flat, Rule::VENDOR),
        "callData=null,callSerialNo=1300000000000000001,called=10086,releaseTime=2024/03/01,08:00:19:900,serviceNo="
    );
}

#[test]
fn a_timestamp_is_milliseconds_or_seconds_and_a_signature_is_base64() {
    for timestamp in ["1709280020", "\"1709280020\"", "1709280020500"] {
        let body = with_parts(r#"{"callSerialNo":"1"}"#, timestamp, "7", "");
        let flat = Flat::read(body.as_bytes(), false).expect("an object");
        let signable = Signable { timestamp: timestamp.trim_matches('"'), nonce: "7", flat: &flat };
        let made = BASE64_STANDARD.encode(digest(KEY, &signable, "callSerialNo=1"));
        let body = body.replace("\"signature\":\"\"", &format!("\"signature\":\"{made}\""));
        assert_eq!(Case::body(body).verdict(), Ok(()), "{timestamp}");
    }
    for timestamp in
        ["\"170928002050\"", "\" 1709280020500\"", "\"+709280020500\"", "1709280020.50", "[1]", "\"17092800205000\""]
    {
        let case = Case::body(with_parts(EXAMPLE, timestamp, "\"-42\"", SIGNATURE_OF_EXAMPLE));
        assert_eq!(case.verdict(), Err(Reason::HeaderInvalid), "{timestamp}");
    }
    for signature in
        ["x", "h8NUR+KFwRgbN5vPdAYoq6Mnl4pLcQD0YFyNmVSfkXM", "h8NUR-KFwRgbN5vPdAYoq6Mnl4pLcQD0YFyNmVSfkXM="]
    {
        assert_eq!(Case::body(with_signature(EXAMPLE, signature)).verdict(), Err(Reason::HeaderInvalid), "{signature}");
    }
}
