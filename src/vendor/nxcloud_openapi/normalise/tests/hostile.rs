use super::*;

const CALLS: [&str; 3] = [CC_CDR, AIAGENT_CALL, PNS];

#[test]
fn a_call_needs_an_id() {
    for kind in CALLS {
        for id in [json!(null), json!(""), json!({"a": 1}), json!(["+6281200000001"])] {
            let reject = refused(kind, json!({"callId": id, "callStatus": 1}).to_string());
            assert_eq!(
                (reject.reason, reject.detail.as_ref()),
                (Reason::FieldMissing, "callId is absent, empty or not a text")
            );
        }
        assert_eq!(refused(kind, "{}").reason, Reason::FieldMissing);
        let long = json!({"callId": "c".repeat(257)});
        assert_eq!(refused(kind, long.to_string()).reason, Reason::FieldInvalid);
    }
}

#[test]
fn wrong_types_of_the_rest_are_as_absent() {
    let odd = [json!(null), json!({"a": [1]}), json!([1]), json!(true), json!(-1), json!(1e300), json!("")];
    for kind in CALLS {
        for value in &odd {
            let mut body = json!({"callId": "c-1"});
            for name in [
                "direction",
                "caller",
                "callee",
                "answered",
                "answerTime",
                "endTime",
                "recordUrl",
                "dtmfKeys",
                "intent",
                "contactId",
                "orderTail",
                "callAnswer",
                "callEnd",
                "callResult",
                "hangupCode",
                "answerAt",
                "legList",
            ] {
                body[name] = value.clone();
            }
            assert_eq!(read(kind, &body)[0].subject, "c-1", "{kind} {value}");
        }
    }
}

#[test]
fn bodies_that_are_no_record() {
    for kind in KINDS {
        let twice = r#"{"callId":"c-1","callId":"c-2","taskId":"t-1","taskId":"t-2"}"#;
        for body in ["", "{", r#"{"callId":"c-"#, "[]", r#"["c-1",1]"#, "null", "1", "callId=c-1", twice] {
            assert_eq!(refused(kind.name, body).reason, Reason::BodyNotJson, "{} {body}", kind.name);
        }
        assert_eq!(refused(kind.name, &b"{\"callId\":\"\xff\",\"taskId\":\"\xff\"}"[..]).reason, Reason::BodyNotJson);
        for deep in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), format!("{{\"callId\":{}", "[".repeat(1 << 20))] {
            assert_eq!(refused(kind.name, deep).reason, Reason::BodyNotJson);
        }
    }
}

#[test]
fn details_never_hold_what_was_sent() {
    for body in
        [r#"{"callId":["+6281200000001"]}"#, r#"{"+6281200000001":1}"#, "+6281200000001", r#"{"callId":"+62812000"#]
    {
        for kind in CALLS {
            assert!(!refused(kind, body).to_string().contains("62812"));
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "(callId|taskId|taskStatus|direction|answerTime|dtmfKeys|orderTail|contactId|legList|callType|hangupCode|recordUrl)",
        "[a-z]{0,3}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "([0-9]{0,14}|(?s).{0,8})".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64), kind in 0..KINDS.len()) {
        if let Err(reject) = deliver(&settings(""), KINDS[kind].name, body) {
            prop_assert_eq!(reject.reason.class(), Class::NotUnderstood);
        }
    }

    #[test]
    fn any_json_is_read_or_refused(body in any_json(), kind in 0..KINDS.len()) {
        match deliver(&settings(""), KINDS[kind].name, body.to_string()) {
            Ok(events) => prop_assert!(!events.is_empty() && events.iter().all(|event| event.raw.is_some())),
            Err(reject) => prop_assert_eq!(reject.reason.class(), Class::NotUnderstood),
        }
    }
}
