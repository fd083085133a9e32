//! Bodies that are verified and make no event.

use proptest::prelude::*;

use super::*;

#[test]
fn what_makes_no_event_is_told() {
    for event_type in ["callout", "callin", "collectInfo", "playResult", "Disconnect"] {
        assert_eq!(
            refused(STATUS, status_of(event_type, json!({})).to_string()).reason,
            Reason::NotHandled,
            "{event_type}"
        );
    }
    assert_eq!(refused(FEE, records(&[])).reason, Reason::NotHandled);
    let misplaced = refused(STATUS, records(&[record_of(json!({}))]));
    assert!(misplaced.reason == Reason::FieldInvalid && misplaced.detail.contains("ends in fee"), "{misplaced}");
    let misplaced = refused(FEE, status_of("answer", json!({})).to_string());
    assert!(misplaced.reason == Reason::FieldInvalid && misplaced.detail.contains("ends in status"), "{misplaced}");
    for (kind, body, field) in [
        (STATUS, json!({"statusInfo": {"sessionId": "1"}}), "eventType"),
        (STATUS, json!({"eventType": "answer"}), "statusInfo"),
        (STATUS, json!({"eventType": "answer", "statusInfo": "x"}), "statusInfo"),
        (STATUS, status_of("answer", json!({"sessionId": ""})), "statusInfo.sessionId"),
        (FEE, json!({"eventType": "fee", "feeLst": {}}), "feeLst"),
        (FEE, json!({}), "feeLst"),
    ] {
        let reject = refused(kind, body.to_string());
        assert!(reject.reason == Reason::FieldMissing && reject.detail.contains(field), "{reject}");
    }
}

#[test]
fn hostile_bodies() {
    let deep = "[".repeat(1 << 20);
    for kind in KINDS {
        for body in ["", "{", "13800000000x", &deep, &format!("{{\"a\":{deep}"), &"{\"a\":".repeat(1 << 18)] {
            let reject = refused(kind.name, body.to_owned());
            assert_eq!(reject.reason, Reason::BodyNotJson);
            assert!(!reject.detail.contains("138"), "{reject}");
        }
        assert_eq!(refused(kind.name, &b"{\"eventType\":\"\xff\"}"[..]).reason, Reason::BodyNotJson);
        let twice = "{\"eventType\":\"fee\",\"eventType\":\"answer\"}";
        assert_eq!(refused(kind.name, twice).reason, Reason::BodyNotJson);
    }
    let odd = record_of(
        json!({"calleeNum": {"a": 1}, "callEndTime": 7, "callOutAnswerTime": [], "callOutUnaswRsn": {}, "dynIVRPath": "--"}),
    );
    let event = ended(odd);
    assert_eq!(
        (event.outcome, event.occurred_at_basis, event.key_presses.len()),
        (Some(Outcome::Unknown), Basis::Sent, 0)
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        Just(json!("disconnect")),
        Just(json!("2024-03-01 08:00:00")),
    ];
    let names = prop_oneof![
        Just("eventType".to_owned()),
        Just("statusInfo".to_owned()),
        Just("feeLst".to_owned()),
        Just("sessionId".to_owned()),
        Just("stateCode".to_owned()),
        Just("fwdDstNum".to_owned()),
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
    fn any_bytes_get_an_answer(body in prop::collection::vec(any::<u8>(), 0..128), kind in 0..2usize) {
        let _ = deliver(KINDS[kind].name, body);
    }

    #[test]
    fn any_json_gets_an_answer(body in any_json(), kind in 0..2usize) {
        let _ = deliver(KINDS[kind].name, body.to_string());
        let _ = deliver(FEE, records(&[body]));
    }
}
