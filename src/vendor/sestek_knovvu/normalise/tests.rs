use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::KINDS;
use super::super::codes::CALL_STATE as TABLE;
use super::*;
use crate::event::{Basis, Channel, Instant};
use crate::reject::{Class, Reason};
use crate::vendor::Inbound;

fn context() -> Context {
    Context {
        source: "knovvu-prod".to_owned(),
        vendor: "sestek-knovvu",
        account: "knovvu-prod".to_owned(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_millis(1_734_345_678_000).expect("in range"),
    }
}

fn deliver(states: &States, body: impl Into<Bytes>) -> Result<Facts, Reject> {
    let inbound =
        Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(states, &Verified::new(inbound, None), &context())
}

fn read(body: &Value) -> Facts {
    deliver(&States::default(), body.to_string()).expect("understood")
}

fn refused(body: impl Into<Bytes>) -> Reject {
    let reject = deliver(&States::default(), body).map(|facts| facts.events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

/// Ids and outcomes of the events, ids of the hints.
fn told(facts: &Facts) -> (Vec<(&str, &str)>, Vec<&str>) {
    let event = |event: &'_ Event| event.outcome.expect("an ended call has an outcome").as_str();
    (
        facts.events.iter().map(|it| (it.subject.as_str(), event(it))).collect(),
        facts.hints.iter().map(|hint| hint.call.as_str()).collect(),
    )
}

#[test]
fn one_result() {
    let body = json!({"UniqueId": "4f2b9c", "CallRequestId": "", "CallState": "No Answer", "New": {"a": [1]}});
    let facts = read(&body);
    let [event] = &facts.events[..] else { panic!("one event") };
    assert_eq!(event.event_type, EventType::CallEnded);
    assert_eq!(
        event.key,
        crate::event::EventKey::new("sestek-knovvu", "knovvu-prod", EventType::CallEnded, &["4f2b9c"])
    );
    assert_eq!(event.occurred_at_basis, Basis::Received);
    assert_eq!(
        event.cause.as_ref().map(|cause| (cause.interface.as_str(), cause.code.as_str())),
        Some(("CallState", "No Answer"))
    );
    let call = event.call.as_ref().expect("a call");
    assert_eq!(
        (call.id.as_str(), call.direction, &call.from, &call.to),
        ("4f2b9c", Some(Direction::Outbound), &None, &None)
    );
    assert_eq!(event.raw.as_ref().map(|raw| raw.0.get()), Some(body.to_string().as_str()));
}

/// Every row of the table, in every spelling that is plausible.
#[test]
fn every_state() {
    for (literal, outcome) in TABLE {
        let joined = literal.replace(' ', "");
        let spellings = [
            (*literal).to_owned(),
            literal.to_uppercase().replace(' ', "_"),
            literal.to_lowercase().replace(' ', "-"),
            format!(" {joined} "),
        ];
        for state in spellings {
            let facts = read(&json!({"UniqueId": "c-1", "CallState": state}));
            assert_eq!(told(&facts), (vec![("c-1", outcome.as_str())], vec![]), "{state}");
            assert_eq!(facts.events[0].cause.as_ref().map(|cause| cause.code.as_str()), Some(state.as_str()));
        }
    }
    let canonical: std::collections::BTreeSet<_> = TABLE.iter().map(|(literal, _)| canonical(literal)).collect();
    assert_eq!(canonical.len(), 7, "no two rows are one state");
}

#[test]
fn a_state_that_is_not_in_the_table_is_unknown_and_kept() {
    for state in ["Voicemail", "Cancelled", "Ringing", "---", "응답"] {
        let facts = read(&json!({"UniqueId": "c-1", "CallState": state}));
        assert_eq!(told(&facts).0, [("c-1", "unknown")]);
        assert_eq!(facts.events[0].cause.as_ref().map(|cause| cause.code.as_str()), Some(state));
    }
}

#[test]
fn settings_add_states_and_take_some_for_pending() {
    let states = States {
        configured: [("voicemail".to_owned(), Outcome::Answered), ("error".to_owned(), Outcome::Blocked)].into(),
        pending: ["inprogress".to_owned()].into(),
    };
    let body = json!([
        {"UniqueId": "c-1", "CallState": "Voice-Mail"}, {"UniqueId": "c-2", "CallState": "Error"},
        {"UniqueId": "c-3", "CallState": "In Progress"}, {"UniqueId": "c-4", "CallState": "Busy"},
    ]);
    let facts = deliver(&states, body.to_string()).expect("understood");
    assert_eq!(told(&facts), (vec![("c-1", "answered"), ("c-2", "blocked"), ("c-4", "busy")], vec!["c-3"]));
}

#[test]
fn no_state_is_a_hint() {
    for body in [
        json!({"UniqueId": "c-1"}),
        json!({"UniqueId": "c-1", "CallState": null}),
        json!({"UniqueId": "c-1", "CallState": ""}),
        json!({"UniqueId": "c-1", "CallState": "  "}),
        json!({"UniqueIds": ["c-1"]}),
        json!(["c-1", "c-1"]),
        json!("c-1"),
    ] {
        assert_eq!(told(&read(&body)), (vec![], vec!["c-1"]), "{body}");
    }
}

/// One answered call in each form a push could have.
#[test]
fn every_shape_gives_the_same_fact() {
    let one = json!({"UniqueId": "c-1", "CallState": "Answered"});
    let expected = read(&one);
    for body in [
        json!({"uniqueId": "c-1", "callState": "Answered"}),
        json!({"UNIQUEID": "c-1", "callstate": "Answered", "callRequestId": null}),
        json!([one]),
        json!({"CallResults": [one]}),
        json!({"callResults": one}),
        json!({"CallResult": one}),
        json!([{"CallResults": [one]}]),
        json!({"Data": {"CallResults": [one]}, "Status": "OK"}),
        json!({"Result": one}),
    ] {
        let facts = read(&body);
        assert_eq!(told(&facts), told(&expected), "{body}");
        assert_eq!(facts.events[0].key, expected.events[0].key);
    }
}

#[test]
fn raw_is_the_one_result_byte_for_byte() {
    let body = r#" {"CallResults":[ {"UniqueId":"c-1","CallState":"Busy",  "x":1.50}, {"UniqueId":"c-2","CallState":"Error"}]} "#;
    let facts = deliver(&States::default(), body).expect("understood");
    let raw: Vec<_> = facts.events.iter().filter_map(|event| event.raw.as_ref()).map(|raw| raw.0.get()).collect();
    assert_eq!(
        raw,
        [r#"{"UniqueId":"c-1","CallState":"Busy",  "x":1.50}"#, r#"{"UniqueId":"c-2","CallState":"Error"}"#]
    );
}

#[test]
fn events_and_hints_of_one_push() {
    let body = json!({"CallResults": [
        {"UniqueId": "c-1", "CallState": "Busy"}, {"UniqueId": "c-2", "CallState": null}, {"UniqueId": "c-3", "CallState": "Rejected"},
    ]});
    assert_eq!(told(&read(&body)), (vec![("c-1", "busy"), ("c-3", "rejected")], vec!["c-2"]));
    assert_eq!(told(&read(&json!({"CallResults": []}))), (vec![], vec![]));
}

#[test]
fn another_state_of_a_call_is_the_same_fact_with_other_material() {
    let fact = |state: &str| read(&json!({"UniqueId": "c-1", "CallState": state})).events.remove(0);
    let (first, second) = (fact("No Answer"), fact("Answered"));
    assert_eq!(first.key, second.key);
    assert_ne!(first.material(), second.material());
}

#[test]
fn ids_stay_as_written() {
    for (body, id) in [
        (r#"{"UniqueId":12345678901234567890123,"CallState":"Busy"}"#, "12345678901234567890123"),
        (r#"{"UniqueId":"00042","CallState":"Busy"}"#, "00042"),
        (r#"{"UniqueId":" a ","CallState":"Busy"}"#, " a "),
    ] {
        assert_eq!(told(&deliver(&States::default(), body).expect("understood")).0, [(id, "busy")]);
    }
    let facts = read(&json!({"UniqueId": "c-1", "CallState": "Busy", "ConversationId": "conv-1"}));
    assert_eq!(facts.events[0].links.conversation.as_deref(), Some("conv-1"));
}

#[test]
fn one_bad_result_rejects_the_push_and_names_it() {
    let with = |bad: Value| {
        let good = json!({"UniqueId": "c-1", "CallState": "Busy"});
        refused(json!({"CallResults": [good, good, good, bad]}).to_string())
    };
    let table = [
        (json!({"CallState": "Busy"}), Reason::FieldMissing, "CallResults[3].UniqueId is absent"),
        (
            json!({"UniqueId": null, "CallState": "Busy"}),
            Reason::FieldMissing,
            "CallResults[3].UniqueId is null or empty",
        ),
        (json!({"UniqueId": "  "}), Reason::FieldMissing, "CallResults[3].UniqueId is null or empty"),
        (
            json!({"UniqueId": ["+14155550100"]}),
            Reason::FieldInvalid,
            "CallResults[3].UniqueId is neither text nor number",
        ),
        (
            json!({"UniqueId": "a".repeat(257)}),
            Reason::FieldInvalid,
            "CallResults[3].UniqueId is longer than 256 bytes",
        ),
        (
            json!({"UniqueId": "c-2", "CallState": {"a": 1}}),
            Reason::FieldInvalid,
            "CallResults[3].CallState is neither text nor number",
        ),
        (json!({"UniqueId": "c-2", "uniqueid": "c-3"}), Reason::BodyNotJson, "CallResults[3].UniqueId is there twice"),
        (json!(true), Reason::FieldInvalid, "CallResults[3] is neither text nor number"),
    ];
    for (bad, reason, detail) in table {
        let reject = with(bad);
        assert_eq!((reject.reason, reject.detail.as_ref()), (reason, detail));
    }
    assert_eq!(refused("{}").detail, "UniqueId is absent");
    assert_eq!(refused("null").detail, "the body is null or empty");
}

#[test]
fn hostile_bodies() {
    let twice = r#"{"UniqueId":"c-1","CallState":"Busy","CallState":"Answered"}"#;
    assert_eq!(refused(twice).reason, Reason::BodyNotJson);
    for body in ["", "{", r#"{"UniqueId":"c-1","CallState":"Bu"#, "UniqueId=c-1", r#"{"UniqueId":"c-1"}{}"#] {
        assert_eq!(refused(body).reason, Reason::BodyNotJson, "{body}");
    }
    assert_eq!(refused(&b"{\"UniqueId\":\"c-1\",\"Other\":\"\xff\"}"[..]).reason, Reason::BodyNotJson);
    assert_eq!(refused(r#"{"UniqueId":"\ud800","CallState":"Busy"}"#).reason, Reason::BodyNotJson);
    for (open, close) in [("[", "]"), ("{\"CallResults\":", "}"), ("{\"a\":", "}")] {
        let levels = (1 << 20) / (open.len() + close.len());
        let whole = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert_eq!(refused(open.repeat(1 << 17)).reason, Reason::BodyNotJson);
        assert_eq!(refused(whole).reason.class(), Class::NotUnderstood);
    }
}

#[test]
fn details_never_hold_what_was_sent() {
    for body in [
        r#"{"+14155550100":1}"#,
        r#"{"UniqueId":["+14155550100"]}"#,
        r#"{"uniqueid":"+14155550100","UniqueID":1}"#,
        "+14155550100",
    ] {
        let text =
            deliver(&States::default(), body).map(drop).err().map(|reject| reject.to_string()).unwrap_or_default();
        assert!(!text.contains("555"), "{text}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["(UniqueId|callState|CallResults|ConversationId|Data)", "[a-z]{0,3}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(Busy|No Answer|[a-z]{0,4}|(?s).{0,8})".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(reject) = deliver(&States::default(), body) {
            prop_assert_eq!(reject.reason.class(), Class::NotUnderstood);
        }
    }

    #[test]
    fn any_json_is_read_or_refused(body in any_json()) {
        match deliver(&States::default(), body.to_string()) {
            Ok(facts) => prop_assert!(facts.events.iter().all(|event| event.outcome.is_some() && event.raw.is_some())),
            Err(reject) => prop_assert_eq!(reject.reason.class(), Class::NotUnderstood),
        }
    }
}
