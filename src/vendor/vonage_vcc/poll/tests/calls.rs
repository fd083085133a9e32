use http::Method;

use super::*;
use crate::event::{Basis, Direction, EventKey, EventType, HandledBy};

/// The vendor's sample of a call the agent's own telephone did not take, with made-up numbers.
fn sample() -> Value {
    json!({
        "id": CALL, "links": [{"href": format!("/V0/demo-account-key/Calls/{CALL}"), "rel": "_self"}],
        "status": null, "recordingStatus": null,
        "from": {"agentId": "00815", "groups": [], "presentedCLID": "02079460001", "consent": "Unknown"},
        "to": {"telephoneNumber": "02079460002", "agentId": null, "consent": "Unknown"},
        "regarding": {"reference": "ref-1"},
        "result": {"code": "Failure", "party": "Originator", "reason": "NoAnswer"},
        "dispositionCode": "Wrong Number",
    })
}

fn with_result(result: Value) -> Value {
    let mut body = sample();
    body["result"] = result;
    body
}

#[test]
fn the_request() {
    let adapter = with("");
    let request = next(&mut *ask(&*adapter, placed(CALL, 60))).expect("a request");
    assert_eq!((request.action, request.method), ("calls", Method::GET));
    assert_eq!(request.url, format!("https://emea.cc.vonage.com/v0/demo-account-key/calls/{CALL}"));
    assert_eq!(
        request.headers,
        [("accept", "application/json;version=3".to_owned()), ("authorization", "Bearer t-1".to_owned())]
    );
    assert!(request.body.is_empty());
    let request = next(&mut *ask(&*with("calls_version = 6"), placed(CALL, 60))).expect("a request");
    assert_eq!(request.headers[0].1, "application/json;version=6");
}

#[test]
fn the_leg_of_the_agent_is_no_answer_of_the_customer() {
    let event = only(call("", &sample()));
    assert_eq!((event.subject.as_str(), event.event_type), (CALL, EventType::CallEnded));
    assert_eq!(event.key, EventKey::new("vonage-vcc", "acme", EventType::CallEnded, &[CALL]));
    assert_eq!(outcome(&event), "failed");
    assert_eq!(cause(&event), Some(("calls.result", "originator_NoAnswer")));
    assert_eq!(event.disposition.as_deref(), Some("Wrong Number"));
    assert_eq!((event.handled_by, event.occurred_at_basis), (None, Basis::Received));
    assert_eq!(event.links.reference.as_deref(), Some("ref-1"));
    assert_eq!(event.raw.as_ref().map(|raw| raw.0.get()), Some(sample().to_string().as_str()));
    let details = event.call.expect("a call");
    assert_eq!(details.direction, Some(Direction::Outbound));
    assert_eq!(details.from.and_then(|from| from.e164).as_deref(), Some("+442079460001"));
    assert_eq!(details.to.and_then(|to| to.e164).as_deref(), Some("+442079460002"));
    assert_eq!(details.agent.and_then(|agent| agent.id).as_deref(), Some("00815"), "leading zeros stay");
}

#[test]
fn every_result() {
    for (code, party, reason, expected, told) in [
        ("Failure", Some("originator"), Some("Busy"), "failed", "originator_Busy"),
        ("Failure", Some("Originator"), None, "failed", "originator"),
        ("failure", Some("Recipient"), Some("NoAnswer"), "no_answer", "NoAnswer"),
        ("Failure", Some("Recipient"), Some("No answer"), "no_answer", "No answer"),
        ("Failure", Some("Recipient"), Some("Busy"), "busy", "Busy"),
        ("Failure", Some("Recipient"), Some("CallRejected"), "rejected", "CallRejected"),
        ("Failure", Some("Recipient"), Some("Declined"), "rejected", "Declined"),
        ("Failure", Some("Recipient"), Some("InvalidNumber"), "invalid_number", "InvalidNumber"),
        ("Failure", Some("Recipient"), Some("Gremlins"), "failed", "Gremlins"),
        ("Failure", Some("Recipient"), None, "failed", "Failure"),
        ("Failure", None, Some("NoAnswer"), "failed", "NoAnswer"),
        ("Success", None, None, "answered", "Success"),
        ("Transferred", Some("Recipient"), Some("Busy"), "unknown", "Transferred"),
    ] {
        let event = only(call("", &with_result(json!({"code": code, "party": party, "reason": reason}))));
        assert_eq!((outcome(&event), cause(&event)), (expected, Some(("calls.result", told))), "{code} {party:?}");
        assert_eq!(event.handled_by, (expected == "answered").then_some(HandledBy::Agent));
    }
}

#[test]
fn words_the_vendor_tells_can_be_configured() {
    let api =
        "result_codes = { transferred = \"answered\" }\nreasons = { gremlins = \"unreachable\", busy = \"rejected\" }";
    let read = |code: &str, party: &str, reason: &str| {
        let event = only(call(api, &with_result(json!({"code": code, "party": party, "reason": reason}))));
        outcome(&event)
    };
    assert_eq!(read("Transferred", "x", "y"), "answered");
    assert_eq!(read("Failure", "Recipient", "Gremlins"), "unreachable");
    assert_eq!(read("Failure", "Recipient", "Busy"), "rejected");
    assert_eq!(read("Failure", "Originator", "Gremlins"), "failed", "never for the agent's own leg");
}

#[test]
fn a_call_without_a_result_stays_open() {
    for result in [Value::Null, json!({}), json!({"code": null, "party": null}), json!({"code": ""}), json!("Failure")]
    {
        assert!(call("", &with_result(result.clone())).is_empty(), "{result}");
    }
    let mut body = sample();
    body.as_object_mut().expect("an object").remove("result");
    assert!(call("", &body).is_empty());
}

#[test]
fn the_same_question_after_a_failure_and_none_after_the_answer() {
    let adapter = with("");
    let mut inquiry = ask(&*adapter, placed(CALL, 60));
    let first = next(&mut *inquiry).expect("a request").url;
    assert!(read_with(&mut *inquiry, 503, "").is_err());
    assert_eq!(next(&mut *inquiry).expect("again").url, first);
    assert!(read(&mut *inquiry, &with_result(Value::Null)).is_ok());
    assert!(next(&mut *inquiry).is_none());
}

#[test]
fn after_a_day_the_vendor_is_not_asked() {
    let adapter = with("");
    assert!(next(&mut *ask(&*adapter, placed(CALL, 24 * 3600 - 1))).is_some());
    assert!(next(&mut *ask(&*adapter, placed(CALL, 24 * 3600))).is_none());
    assert!(next(&mut *ask(&*adapter, placed(CALL, -60))).is_some(), "the dialer's clock may be ahead");
}

#[test]
fn failures_by_status() {
    for (status, body, expected) in [
        (400, "{}", FailureClass::Permanent),
        (401, "{}", FailureClass::Token),
        (403, "{}", FailureClass::Configuration),
        (404, "{}", FailureClass::Permanent),
        (406, "{}", FailureClass::Configuration),
        (415, r#"{"message":"Unsupported"}"#, FailureClass::Configuration),
        (429, "{}", FailureClass::Throttled),
        (500, "{}", FailureClass::Retry),
        (301, "", FailureClass::Configuration),
        (200, "{", FailureClass::Retry),
        (200, "[]", FailureClass::Retry),
        (200, "null", FailureClass::Retry),
    ] {
        let adapter = with("");
        let failure = read_with(&mut *ask(&*adapter, placed(CALL, 60)), status, body).expect_err("a failure");
        assert_eq!(failure.class, expected, "{status} {body}");
    }
}

#[test]
fn an_answered_call_of_an_unknown_agent() {
    let mut body = with_result(json!({"code": "Success"}));
    body["from"] = json!({"groups": ["sales"]});
    body["to"] = Value::Null;
    let event = only(call("", &body));
    assert_eq!((outcome(&event), event.handled_by), ("answered", None));
    assert_eq!(event.call.map(|call| (call.from, call.to, call.agent)), Some((None, None, None)));
}
