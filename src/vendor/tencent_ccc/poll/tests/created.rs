//! The vendor's answers to requests that place calls.

use serde_json::value::RawValue;

use super::*;
use crate::event::Direction;
use crate::reject::Reason;

fn common(reference: Option<&str>) -> Placed {
    Placed {
        destination: Some("+8613800000001".to_owned()),
        reference: reference.map(str::to_owned),
        conversation: Some("conv-1".to_owned()),
        task: Some("task-1".to_owned()),
        deadline: Some(at(NOW + 600)),
        ..placed("", 5)
    }
}

fn created(answer: &str, common: &Placed, calls: &[Placed]) -> Result<Placement, Reject> {
    let answer = RawValue::from_string(answer.to_owned()).expect("JSON");
    let ccc = with("");
    poller(ccc.as_ref()).created(&Created { answer: &answer, location: None, common, calls }, &context())
}

#[test]
fn a_placed_call_has_what_the_dialer_knows() {
    let common = common(Some("ref-1"));
    // The first two as on the page and in its sample, the last two as client libraries hand them on.
    for answer in [
        json!({"Response": {"SessionId": session(1), "RequestId": "r"}}),
        json!({"Response": {"SessionId": session(1).replace('-', ""), "RequestId": "r"}}),
        json!({"SessionId": session(1), "RequestId": "r"}),
        json!({"SessionID": session(1).to_uppercase()}),
    ] {
        let placement = created(&answer.to_string(), &common, &[]).expect("understood");
        assert_eq!(placement.placed, [Placed { call: session(1), ..common.clone() }], "{answer}");
        assert!(placement.events.is_empty());
    }
}

#[test]
fn what_is_said_about_the_one_call_comes_first() {
    let answer = json!({"Response": {"SessionId": session(1)}}).to_string();
    let own = Placed { reference: Some("ref-2".to_owned()), ..placed(&session(1).replace('-', ""), 7) };
    let other = Placed { reference: Some("ref-3".to_owned()), ..placed(&session(2), 9) };
    let placement = created(&answer, &common(Some("ref-1")), &[other, own]).expect("understood");
    let expected =
        Placed { call: session(1), reference: Some("ref-2".to_owned()), placed_at: at(NOW - 7), ..common(None) };
    assert_eq!(placement.placed, [expected]);
}

#[test]
fn a_refusal_ends_a_call_that_never_was() {
    for (code, outcome) in [
        ("FailedOperation.CallOutFailed", Outcome::Failed),
        ("FailedOperation.CalleeIsLimited", Outcome::Blocked),
        ("FailedOperation.CallerOverFrequency", Outcome::Blocked),
        ("FailedOperation.NoCallOutNumber", Outcome::Failed),
        ("FailedOperation.SeatStatusBusy", Outcome::Failed),
        ("OperationDenied.NotInWhiteList", Outcome::Blocked),
        ("UnsupportedOperation", Outcome::Failed),
        ("SomethingNew", Outcome::Failed),
    ] {
        let placement = created(&error(code), &common(Some("ref-1")), &[]).expect("understood");
        assert!(placement.placed.is_empty());
        let [event] = placement.events.as_slice() else { panic!("one event") };
        assert_eq!((event.event_type, event.subject.as_str()), (EventType::CallEnded, "ref-1"));
        assert_eq!(event.key, EventKey::new("tencent-ccc", APP, EventType::CallEnded, &["refused", "ref-1"]));
        assert_eq!(event.outcome, Some(outcome), "{code}");
        let cause = event.cause.as_ref().expect("a cause");
        assert_eq!((cause.interface.as_str(), cause.code.as_str(), &cause.text), ("Error.Code", code, &None));
        assert_eq!(event.links.reference.as_deref(), Some("ref-1"));
        assert_eq!(event.links.conversation.as_deref(), Some("conv-1"));
        assert_eq!(event.links.task.as_deref(), Some("task-1"));
        let call = event.call.as_ref().expect("a call");
        assert_eq!(call.direction, Some(Direction::Outbound));
        assert_eq!(call.to.as_ref().and_then(|to| to.e164.as_deref()), Some("+8613800000001"));
        assert_eq!(event.raw.as_ref().expect("kept").0.get(), error(code));
        assert_eq!((event.channel, event.account.as_str()), (Channel::Poll, APP));
    }
}

#[test]
fn numbers_are_read_as_dialers_and_the_vendor_write_them() {
    for number in ["+8613800000001", "8613800000001", "008613800000001"] {
        let common = Placed { destination: Some(number.to_owned()), ..common(Some("ref-1")) };
        let placement = created(&error("UnsupportedOperation"), &common, &[]).expect("understood");
        let to = placement.events[0].call.as_ref().expect("a call").to.clone().expect("a number");
        assert_eq!((to.raw.as_str(), to.e164.as_deref()), (number, Some("+8613800000001")));
    }
}

#[test]
fn the_reference_of_the_one_call_names_the_refusal() {
    let own = Placed { reference: Some("ref-2".to_owned()), ..placed("", 5) };
    let placement = created(&error("UnsupportedOperation"), &common(None), &[own]).expect("understood");
    assert_eq!(placement.events[0].subject, "ref-2");
    assert!(placement.events[0].call.as_ref().expect("a call").to.is_some(), "the number of all");
}

#[test]
fn errors_of_client_libraries_and_of_the_old_gateway() {
    for answer in [
        json!({"Error": {"Code": "UnsupportedOperation", "Message": "x"}}),
        json!({"code": "UnsupportedOperation", "message": "x"}),
        json!({"code": 5000, "message": "x", "codeDesc": "UnsupportedOperation"}),
    ] {
        let placement = created(&answer.to_string(), &common(Some("ref-1")), &[]).expect("understood");
        assert_eq!(placement.events[0].cause.as_ref().expect("a cause").code, "UnsupportedOperation", "{answer}");
    }
}

#[test]
fn a_refusal_without_reference_has_no_name() {
    for reference in [None, Some("")] {
        let reject = created(&error("UnsupportedOperation"), &common(reference), &[]).expect_err("refused");
        assert_eq!(reject.reason, Reason::FieldMissing);
        assert!(reject.detail.contains("`reference`"), "{reject}");
        assert!(!reject.detail.contains("138"));
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    for (answer, reason) in [
        ("7", Reason::BodyNotJson),
        ("[]", Reason::BodyNotJson),
        ("\"008613800000001\"", Reason::BodyNotJson),
        ("{\"Response\":\"008613800000001\"}", Reason::BodyNotJson),
        ("{}", Reason::FieldMissing),
        ("{\"Response\":{\"TaskId\":7}}", Reason::FieldMissing),
        ("{\"Response\":{\"SessionId\":\"\"}}", Reason::FieldMissing),
        ("{\"Response\":{\"SessionId\":{\"a\":1}}}", Reason::FieldMissing),
        (&format!("{{\"Response\":{{\"SessionId\":\"{}\"}}}}", "x".repeat(257)), Reason::FieldInvalid),
    ] {
        let reject = created(answer, &common(Some("ref-1")), &[]).expect_err("refused");
        assert_eq!(reject.reason, reason, "{answer}");
        assert!(!reject.detail.contains("138"));
    }
}
