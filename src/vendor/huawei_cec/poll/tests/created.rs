//! Answers to requests that placed calls.

use super::*;
use crate::event::{Direction, Outcome};
use crate::reject::Reason;

/// What the dialer knows about all calls of a request.
fn common() -> Placed {
    Placed {
        destination: Some("13800000000".to_owned()),
        reference: Some("order-1001".to_owned()),
        conversation: Some("c-1".to_owned()),
        task: Some("t-1".to_owned()),
        deadline: Instant::from_millis((NOW + 3600) * 1000),
        ..placed("")
    }
}

fn read(answer: impl ToString, common: &Placed, calls: &[Placed]) -> Result<Placement, Reject> {
    let answer = RawValue::from_string(answer.to_string()).expect("JSON");
    asker("").created(&Created { answer: &answer, location: None, common, calls }, &context())
}

#[test]
fn a_call_was_placed() {
    // V1 and V2 of the voice notification; createCall, whose table says number.
    for answer in [
        r#"{"result":{"callSerialNo":"1300000000000000101"},"retCode":"0","retMsg":"Created successfully."}"#,
        r#"{"retCode":"0","retMsg":"success","result":{"callSerialNo":1300000000000000101}}"#,
        r#"{"resultCode":0,"result":{"callSerialNo":"1300000000000000101"}}"#,
        r#"{"retCode":"3","result":{"callSerialNo":"1300000000000000101"}}"#,
    ] {
        let placement = read(answer, &common(), &[]).expect("understood");
        assert!(placement.events.is_empty());
        assert_eq!(placement.placed, [Placed { call: "1300000000000000101".to_owned(), ..common() }], "{answer}");
    }
    let long = "12345678901234567890123456789012345678901234567890";
    let answer = format!("{{\"retCode\":\"0\",\"result\":{{\"callSerialNo\":{long}}}}}");
    assert_eq!(read(answer, &common(), &[]).expect("understood").placed[0].call, long);
}

#[test]
fn what_is_known_about_the_one_call_comes_first() {
    let answer = r#"{"retCode":"0","result":{"callSerialNo":"1300000000000000101"}}"#;
    for id in ["", "1300000000000000101", "13000000 00000000101"] {
        let own = Placed { reference: Some("mine".to_owned()), ..placed(id) };
        let call = read(answer, &common(), &[own]).expect("understood").placed.swap_remove(0);
        assert_eq!((call.call.as_str(), call.reference.as_deref()), ("1300000000000000101", Some("mine")));
        assert_eq!((call.destination, call.deadline), (common().destination, common().deadline));
    }
    for calls in [vec![placed("2")], vec![placed(""), placed("")]] {
        assert_eq!(read(answer, &common(), &calls).expect_err("refused").reason, Reason::FieldInvalid);
    }
}

#[test]
fn a_call_was_refused() {
    let answer = r#"{"retCode":"5","retMsg":"called +8613800000000 is wrong"}"#;
    let placement = read(answer, &common(), &[]).expect("understood");
    assert!(placement.placed.is_empty());
    let [event] = placement.events.try_into().expect("one event");
    assert_eq!((event.event_type, event.subject.as_str()), (asker("").ends_with(), "order-1001"));
    assert_eq!(event.key, context().event(event.event_type, "order-1001", &["refused", "order-1001"]).key);
    assert_eq!(event.outcome, Some(Outcome::InvalidNumber));
    let cause = event.cause.expect("a cause");
    assert_eq!((cause.interface.as_str(), cause.code.as_str(), cause.text), ("create.retCode", "5", None));
    let call = event.call.expect("a call");
    assert_eq!((call.id.as_str(), call.direction), ("order-1001", Some(Direction::Outbound)));
    let to = call.to.expect("a number");
    assert_eq!((to.raw.as_str(), to.e164.as_deref()), ("13800000000", Some("+8613800000000")));
    assert_eq!(event.links.reference.as_deref(), Some("order-1001"));
    assert_eq!((event.links.conversation.as_deref(), event.links.task.as_deref()), (Some("c-1"), Some("t-1")));
    assert_eq!(event.raw.map(|raw| raw.0.get().to_owned()).as_deref(), Some(answer));
}

#[test]
fn codes_of_refusals() {
    for (code, outcome) in [
        ("1", Outcome::Failed),
        ("2", Outcome::Failed),
        ("3", Outcome::Failed),
        ("5", Outcome::InvalidNumber),
        ("6", Outcome::Failed),
        ("9", Outcome::Failed),
        ("16", Outcome::Blocked),
        ("21", Outcome::Failed),
        ("24", Outcome::Failed),
        ("36", Outcome::Failed),
        ("90102001", Outcome::Failed),
        ("90106012", Outcome::Blocked),
        ("12345", Outcome::Failed),
    ] {
        let number: u64 = code.parse().expect("digits");
        for form in [json!(code), json!(number)] {
            for answer in [json!({"retCode": form}), json!({"resultCode": form, "result": {"callSerialNo": ""}})] {
                let placement = read(answer, &common(), &[]).expect("understood");
                assert_eq!(placement.events[0].outcome, Some(outcome), "{code}");
            }
        }
    }
}

#[test]
fn numbers_of_refused_calls_are_read_as_they_were_given() {
    let number = |destination: &str| {
        let common = Placed { destination: Some(destination.to_owned()), ..common() };
        let placement = read(json!({"retCode": "6"}), &common, &[]).expect("understood");
        placement.events[0].call.as_ref().and_then(|call| call.to.as_ref()?.e164.clone())
    };
    assert_eq!(number("13802345678").as_deref(), Some("+8613802345678"), "no number of North America");
    assert_eq!(number("+14155550100").as_deref(), Some("+14155550100"));
    assert_eq!(number("8613802345678").as_deref(), Some("+8613802345678"));
    assert_eq!(number("7"), None);
}

#[test]
fn an_answer_that_leaves_nothing_to_ask_about() {
    let detail = |answer: Value, common: &Placed| read(answer, common, &[]).expect_err("refused").detail.into_owned();
    let nameless = Placed { reference: None, ..common() };
    assert!(detail(json!({"retCode": "6"}), &nameless).contains("give a reference"));
    let empty = Placed { reference: Some(String::new()), ..common() };
    assert!(detail(json!({"retCode": "6"}), &empty).contains("give a reference"));
    let long = Placed { reference: Some("r".repeat(257)), ..common() };
    assert!(detail(json!({"retCode": "6"}), &long).starts_with("reference is longer"));
    assert!(detail(json!({"retCode": "0"}), &common()).starts_with("answer.result.callSerialNo is absent"));
    assert!(detail(json!({"retCode": "0", "result": [7]}), &common()).starts_with("answer.result.callSerialNo"));
    assert!(detail(json!({}), &common()).starts_with("answer.retCode is absent"));
    assert!(detail(json!({"retCode": "0", "result": {"callSerialNo": "1".repeat(257)}}), &common()).contains("longer"));
    for shape in [json!([]), json!("0"), json!(null), json!(7)] {
        assert_eq!(read(shape, &common(), &[]).expect_err("refused").reason, Reason::BodyNotJson);
    }
}
