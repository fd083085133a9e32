//! Bodies that are verified and cannot be read.

use super::*;

#[test]
fn an_id_is_needed() {
    for (kind, body) in [
        (VN_RELEASE, vn(json!({"callSerialNo": null}))),
        (VN_RELEASE, vn(json!({"callSerialNo": ""}))),
        (VN_RELEASE, vn(json!({"callSerialNo": "null"}))),
        (VN_RELEASE, vn(json!({"callSerialNo": ["1"]}))),
        (DUAL_RELEASE, dual(json!({"callSerialNo": " "}))),
        (DUAL_STATUS, json!({"serviceNo": "1"})),
    ] {
        let reject = refused(kind, body.to_string());
        assert_eq!((reject.reason, reject.detail.contains("callSerialNo")), (Reason::FieldMissing, true), "{reject}");
    }
    let long = refused(VN_RELEASE, vn(json!({"callSerialNo": "1".repeat(257)})).to_string());
    assert_eq!(long.reason, Reason::FieldInvalid);
}

#[test]
fn an_id_never_becomes_a_float() {
    let body = vn(json!({})).to_string().replace("\"1300000000000000001\"", "123456789012345678901234567890");
    assert_eq!(read(VN_RELEASE, body)[0].subject, "123456789012345678901234567890");
    let body = result(json!({})).to_string().replace("\"1709280000-101\"", "123456789012345678901234567890");
    assert_eq!(read(CAMPAIGN_RESULT, format!("[{body}]"))[0].subject, "123456789012345678901234567890");
}

#[test]
fn deliveries_at_another_kinds_url_are_told() {
    for (kind, body, url) in [
        (VN_RELEASE, dual(json!({})), "dual-release"),
        (DUAL_RELEASE, vn(json!({})), "vn-release"),
        (DUAL_STATUS, dual(json!({})), "dual-release"),
    ] {
        let reject = refused(kind, body.to_string());
        assert_eq!((reject.reason, reject.detail.contains(url)), (Reason::FieldInvalid, true), "{reject}");
    }
    assert_eq!(refused(VN_RELEASE, json!([result(json!({}))]).to_string()).reason, Reason::BodyNotJson);
    assert_eq!(refused(CAMPAIGN_RESULT, vn(json!({})).to_string()).reason, Reason::BodyNotJson);
}

#[test]
fn a_bad_record_refuses_the_array_and_is_named() {
    let array = |bad: Value| json!([result(json!({})), bad]).to_string();
    let nameless = changed(result(json!({"callId": null})), json!({"sessionId": null}));
    let cases = [
        (nameless, Reason::FieldMissing, "[1].callId is absent"),
        (result(json!({"callId": "x".repeat(257)})), Reason::FieldInvalid, "[1].callId is longer"),
        (json!("x"), Reason::FieldInvalid, "[1].* cannot be read"),
        (json!(null), Reason::FieldInvalid, "[1].* cannot be read"),
        (json!(["77", "customer-1"]), Reason::FieldInvalid, "[1].* cannot be read"),
    ];
    for (bad, reason, detail) in cases {
        let reject = refused(CAMPAIGN_RESULT, array(bad));
        assert!(reject.reason == reason && reject.detail.starts_with(detail), "{reject}");
    }
    assert_eq!(refused(CAMPAIGN_RESULT, "[]").reason, Reason::NotHandled);
    assert_eq!(refused(CAMPAIGN_RESULT, r#"[{"callId":"1","callId":"2"}]"#).reason, Reason::FieldInvalid);
}

#[test]
fn bodies_that_are_not_json() {
    let deep = "[".repeat(1 << 20);
    for kind in KINDS {
        for body in ["", "{", "\u{0}", "13800000000", &deep, &format!("{{\"a\":{deep}"), &"{\"a\":".repeat(1 << 18)] {
            let reject = refused(kind.name, body.to_owned());
            assert_eq!(reject.reason, Reason::BodyNotJson, "{}", kind.name);
            assert!(!reject.detail.contains("138"), "{reject}");
        }
        assert_eq!(refused(kind.name, &b"{\"called\":\"\xff\"}"[..]).reason, Reason::BodyNotJson);
    }
    let nested =
        vn(json!({})).to_string().replacen('{', &format!("{{\"x\":{}{},", "[".repeat(100_000), "]".repeat(100_000)), 1);
    assert_eq!(read(VN_RELEASE, nested).len(), 2, "an unknown field does not matter, however deep");
    let twice = vn(json!({})).to_string().replacen('{', "{\"called\":\"1\",", 1);
    assert_eq!(refused(VN_RELEASE, twice).reason, Reason::BodyNotJson);
}

#[test]
fn other_types_cost_only_their_field() {
    let body = json!({
        "callSerialNo": 13, "called": {"a": 1}, "callerPresent": [1], "createCallTime": 7, "alertingTime": true,
        "talkingTime": {}, "releaseTime": "yesterday", "recordfile": 5, "releaseReason": 4.0,
    });
    let events = read(VN_RELEASE, body);
    assert_eq!((events[0].subject.as_str(), events[0].outcome), ("13", Some(Outcome::Unknown)));
    assert_eq!(events[0].cause.as_ref().map(|cause| cause.code.as_str()), Some("4.0"));
    assert!(events[0].call.as_ref().is_some_and(|call| call.to.is_none() && call.answered_at.is_none()));
}

#[test]
fn raw_can_be_left_out() {
    let kind = KINDS.iter().find(|kind| kind.name == CAMPAIGN_RESULT).expect("a kind");
    let body = json!([result(json!({}))]).to_string().into();
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body };
    let context = Context { keep_raw: false, ..context("UTC") };
    let events = normalise(&settings(""), &Verified::new(inbound, None), &context).expect("understood");
    assert!(events[0].raw.is_none());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        Just(json!("2024/03/01,08:00:00:005")),
    ];
    let names = prop_oneof![
        Just("callSerialNo".to_owned()),
        Just("serviceNo".to_owned()),
        Just("talkingTime".to_owned()),
        Just("releaseReason".to_owned()),
        Just("callId".to_owned()),
        Just("failCode".to_owned()),
        "[a-z]{1,5}",
    ];
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(body in prop::collection::vec(any::<u8>(), 0..128), kind in 0..4usize) {
        let _ = deliver(&settings("accept_printed_map = true"), KINDS[kind].name, body, None);
    }

    #[test]
    fn any_json_gets_an_answer(body in any_json(), kind in 0..4usize) {
        let _ = deliver(&settings(""), KINDS[kind].name, body.to_string(), Some(SENT));
        let _ = deliver(&settings(""), CAMPAIGN_RESULT, json!([body]).to_string(), Some(SENT));
    }

    #[test]
    fn any_map_gets_an_answer(body in "\\{([a-zA-Z]{1,9}=[ -~]{0,9}, ){0,4}\\}") {
        let _ = deliver(&settings("accept_printed_map = true"), DUAL_RELEASE, body, None);
    }
}
