//! Verified deliveries that are not what the vendor documents.

use super::*;

const CALLS: &str = "action=cdr&version=1";

#[test]
fn the_action_is_in_the_query() {
    for query in ["action=cdr", "version=1&action=cdr", "tenant=7?action=cdr&version=1", "action=cdr&action=cdr"] {
        assert!(deliver(&settings(&[]), query, answered().to_string(), None).is_ok(), "{query}");
    }
    for query in ["", "version=1", "action=", "action", "Action=cdr"] {
        let reject = refused(query, answered().to_string());
        assert_eq!(reject.reason, Reason::FieldMissing, "{query}");
        assert!(reject.detail.starts_with("action is absent"), "{reject}");
    }
    let reject = refused("action=cdr&action=record", answered().to_string());
    assert_eq!(reject.reason, Reason::FieldInvalid);
}

#[test]
fn other_actions_are_kept() {
    for action in ["imcdr", "specifiedSeat", "agentStatus", "CDR", "cdr ", "008613800000001"] {
        // Whatever the body holds: nobody looks at it.
        for body in ["{}", "", "[]", "{\"SdkAppId\":7}"] {
            let reject = refused(&format!("action={action}"), body);
            assert_eq!(reject.reason, Reason::NotHandled, "{action}");
            assert!(!reject.detail.contains("138"), "{reject}");
        }
    }
}

#[test]
fn missing_ids_are_named() {
    for field in ["SdkAppId", "SessionId"] {
        for nothing in [json!(null), json!(""), json!({}), json!([])] {
            let reject = refused(CALLS, with(json!({field: nothing})).to_string());
            assert_eq!(reject.reason, Reason::FieldMissing);
            assert!(reject.detail.starts_with(field), "{reject}");
        }
    }
}

#[test]
fn ids_have_a_bound() {
    for (action, field) in [(CDR, "SessionId"), (RECORD, "SessionId"), (RECORD, "RecordId"), (CDR, "SdkAppId")] {
        let with = |length: usize| {
            let mut body =
                json!({"SdkAppId": 1_400_000_000, "SessionId": "s", "RecordId": "r", "RecordURL": "http://x/y"});
            body[field] = json!("x".repeat(length));
            body.to_string()
        };
        let query = format!("action={action}");
        let reject = refused(&query, with(257));
        assert_eq!(reject.reason, Reason::FieldInvalid);
        assert_eq!(reject.detail, format!("{field} is longer than 256 bytes"));
        assert_eq!(deliver(&settings(&[]), &query, with(256), None).is_ok(), field != "SdkAppId");
    }
}

#[test]
fn members_that_come_twice_do_not_fail() {
    let body = format!(
        r#"{{"SdkAppId":1,"SdkAppId":{APP},"SessionId":"a","SessionId":"b","EndStatusString":"busy","EndStatusString":"ok","EndStatusString":null}}"#
    );
    let event = deliver(&settings(&[]), CALLS, body.clone(), None).expect("understood").remove(0);
    assert_eq!((event.subject.as_str(), event.outcome), ("b", Some(Outcome::Answered)));
    assert_eq!(event.raw.expect("kept").0.get(), body, "the vendor's own object is as it came");
}

#[test]
fn unknown_members_do_not_fail() {
    assert_eq!(read(CDR, &with(json!({"Future": {"new": [1, 1e300]}, "Time": -1}))).outcome, Some(Outcome::Answered));
}

#[test]
fn wrong_types_become_nothing() {
    for wrong in [json!({"a": 1}), json!([[1]]), json!(true), json!(-1), json!("x"), json!(1e300)] {
        let mut body = answered();
        for (name, value) in body.as_object_mut().expect("an object") {
            if !matches!(name.as_str(), "SdkAppId" | "SessionId") {
                *value = wrong.clone();
            }
        }
        assert_eq!(read(CDR, &body).subject, SESSION, "{wrong}");
    }
}

#[test]
fn what_is_no_json_object_is_named_and_never_repeated() {
    let whole = answered().to_string();
    let mut bodies: Vec<Vec<u8>> = (0..whole.len()).step_by(7).map(|end| whole.as_bytes()[..end].to_vec()).collect();
    bodies.extend(
        [&b"\xff\xfe"[..], b"[]", b"[{}]", b"null", b"\"008613800000001\"", b"008613800000001"].map(<[u8]>::to_vec),
    );
    bodies.push(whole.replace("Demo", "\u{1}").into_bytes());
    bodies.push([whole.as_bytes(), b"x"].concat());
    let at = whole.find("Demo").expect("there");
    let mut invalid = whole.clone().into_bytes();
    invalid[at] = 0xff;
    bodies.push(invalid);
    bodies.extend(
        ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), format!("{{\"a\":{}", "[".repeat(1 << 20))]
            .map(String::into_bytes),
    );
    for body in bodies {
        for action in [CDR, RECORD, VOICEMAIL] {
            let reject = refused(&format!("action={action}"), body.clone());
            assert_eq!(reject.reason, Reason::BodyNotJson);
            assert!(!reject.detail.contains("138"), "{reject}");
        }
    }
}

#[test]
fn raw_can_be_switched_off() {
    let inbound = Inbound {
        kind: &KINDS[0],
        method: Method::POST,
        query: Some(CALLS.to_owned()),
        headers: HeaderMap::new(),
        body: answered().to_string().into(),
    };
    let quiet = Context { keep_raw: false, ..context(None) };
    let events = normalise(&settings(&[]), &Verified::new(inbound, None), &quiet).expect("understood");
    assert_eq!(events[0].raw, None);
}

/// Names the reader looks for, so that any JSON reaches it.
const NAMES: &[&str] = &[
    "SdkAppId",
    "SessionId",
    "SessionID",
    "Caller",
    "Callee",
    "Direction",
    "CallType",
    "StartTimestamp",
    "RingTimestamp",
    "AcceptTimestamp",
    "EndedTimestamp",
    "EndStatus",
    "EndStatusString",
    "IVRKeyPressed",
    "IVRKeyPressedEx",
    "PostIVRKeyPressed",
    "SeatUser",
    "ServeParticipants",
    "AIAgentId",
    "Uui",
    "UUI",
    "Key",
    "key",
    "Mail",
    "Name",
    "SkillGroupName",
    "RecordId",
    "RecordURL",
    "CustomRecordURL",
    "EndpointUser",
    "Timestamp",
];

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(1_400_000_000)),
        "(?s).{0,12}".prop_map(Value::from),
        "[0+][0-9]{0,16}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(proptest::sample::select(NAMES), inner, 0..8).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), query in "(?s).{0,30}") {
        for query in [query.as_str(), "action=cdr", "action=record", "action=voicemail"] {
            let result = deliver(&settings(&[]), query, bytes.clone(), Some("CN"));
            prop_assert!(result.is_err_and(|reject| reject.reason.class() == Class::NotUnderstood));
        }
    }

    #[test]
    fn any_json_is_answered(mut body in any_json(), action in proptest::sample::select(vec![CDR, RECORD, VOICEMAIL])) {
        if let Some(members) = body.as_object_mut() {
            members.insert("SdkAppId".to_owned(), json!(1_400_000_000));
        }
        match deliver(&settings(&[]), &format!("action={action}"), body.to_string(), Some("CN")) {
            Ok(events) => prop_assert!(events.iter().all(|event| !event.subject.is_empty() && event.account == APP)),
            Err(reject) => prop_assert_eq!(reject.reason.class(), Class::NotUnderstood),
        }
    }
}
