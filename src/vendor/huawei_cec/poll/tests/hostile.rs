//! Whatever comes: no panic, and nothing of it in an error.

use proptest::prelude::*;

use super::*;

/// Shows the answer to every reader.
fn read_everywhere(asker: &Asker, body: &str) {
    for failure in [state(asker, 200, body).err(), listed(asker, 200, body).err()].into_iter().flatten() {
        assert!(!failure.to_string().contains("13800000000"), "{failure}");
    }
    if let Err(failure) = asker.read_token(&response(200, body)) {
        assert!(!failure.to_string().contains("13800000000"), "{failure}");
    }
    let Ok(answer) = RawValue::from_string(body.to_owned()) else { return };
    let common = Placed { reference: Some("order-1001".to_owned()), ..placed("") };
    let created = Created { answer: &answer, location: None, common: &common, calls: &[] };
    if let Err(reject) = asker.created(&created, &context()) {
        assert!(!reject.to_string().contains("13800000000"), "{reject}");
    }
}

#[test]
fn truncated_answers() {
    let asker = asker("");
    let body = page(2, &[vn(json!({})), dual(json!({}))]).to_string();
    for end in 0..body.len() {
        read_everywhere(&asker, &body[..end]);
    }
}

#[test]
fn wrong_types_in_every_place() {
    let asker = asker("");
    let odd =
        [json!(null), json!(true), json!(1e308), json!(-1), json!([[]]), json!({"a": {}}), json!(""), json!("\u{0}")];
    for value in &odd {
        for name in dual(json!({})).as_object().expect("an object").keys() {
            read_everywhere(&asker, &page(1, &[changed(dual(json!({})), json!({name: value}))]).to_string());
        }
        read_everywhere(&asker, &json!({"retCode": value, "result": value}).to_string());
        read_everywhere(&asker, &json!({"retCode": "0", "result": value}).to_string());
        read_everywhere(&asker, &json!({"retCode": "0", "result": {"total": value, "callInfo": value}}).to_string());
        read_everywhere(&asker, &json!({"AccessToken": value, "Expires": value}).to_string());
        read_everywhere(&asker, &value.to_string());
    }
}

#[test]
fn a_result_of_another_shape_does_not_pass_for_an_empty_page() {
    for result in [json!([]), json!("none"), json!({"callInfo": {}}), json!({"callInfo": "none"})] {
        let failure = listed(&asker(""), 200, json!({"retCode": "0", "result": result})).expect_err("refused");
        assert_eq!(failure.class, FailureClass::Retry);
    }
}

#[test]
fn huge_numbers() {
    let asker = asker("");
    for number in ["99999999999999999999999999", "1e999", "-9223372036854775808", "0.1", "18446744073709551615"] {
        let body = page(1, &[vn(json!({"startTime": 7_777}))]).to_string();
        read_everywhere(&asker, &body.replace("7777", number));
        let total = body.replace("\"total\":1", &format!("\"total\":{number}"));
        read_everywhere(&asker, &total);
        read_everywhere(&asker, &format!("{{\"AccessToken\":\"a\",\"Expires\":{number}}}"));
    }
}

#[test]
fn duplicates() {
    let asker = asker("");
    let twice = listed(&asker, 200, page(2, &[vn(json!({})), vn(json!({}))])).expect("understood");
    assert_eq!(twice.len(), 2);
    assert_eq!(twice[0].key, twice[1].key, "dedup drops one");
    // Of two values for one name nobody knows which one counts.
    let names = page(1, &[vn(json!({}))]).to_string().replace("\"state\":3", "\"state\":3,\"state\":1");
    assert!(listed(&asker, 200, names).expect("understood").is_empty());
    assert!(state(&asker, 200, r#"{"retCode":"0","retCode":"3"}"#).is_err());
}

#[test]
fn deep_nesting() {
    let asker = asker("");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    read_everywhere(&asker, &deep);
    read_everywhere(&asker, &format!("{{\"retCode\":\"0\",\"result\":{deep}}}"));
}

#[test]
fn any_bytes() {
    let asker = asker("");
    proptest!(|(status in 200..600_u16, body in prop::collection::vec(any::<u8>(), 0..200))| {
        let status = StatusCode::from_u16(status).expect("a status");
        let response = Response { status, headers: HeaderMap::new(), body: body.into() };
        let _ = asker.ask(&[placed("1")]).read(&response, &context());
        let _ = listing(&asker).read(&response, &context());
        let _ = asker.read_token(&response);
    });
}
