use proptest::prelude::*;

use super::*;
use crate::event::{Basis, EventType};
use crate::vendor::sestek_knovvu::KINDS;
use crate::vendor::{Inbound, Verified};

/// Asks about `ids` and reads `body`.
fn asked(ids: &[&str], body: impl Into<Bytes>) -> Result<Vec<Event>, Failure> {
    read(&mut *ask(&*with(API), ids), body)
}

#[test]
fn results_are_matched_by_id_and_not_by_place() {
    let body = answer(&[result("c-3", "Busy"), result("foreign", "Answered"), result("c-1", "No Answer")]);
    let events = asked(&["c-1", "c-2", "c-3"], body).expect("read");
    assert_eq!(told(&events), [("c-3", "busy"), ("c-1", "no_answer")]);
    assert!(events.iter().all(|event| event.channel == Channel::Poll && event.event_type == EventType::CallEnded));
}

#[test]
fn every_state_of_the_vendors_table() {
    for (state, outcome) in crate::vendor::sestek_knovvu::codes::CALL_STATE {
        for state in [(*state).to_owned(), state.replace(' ', "").to_uppercase()] {
            let events = asked(&["c-1"], answer(&[result("c-1", &state)])).expect("read");
            assert_eq!(told(&events), [("c-1", outcome.as_str())], "{state}");
        }
    }
    let events = asked(&["c-1"], answer(&[result("c-1", "Voicemail")])).expect("read");
    assert_eq!(told(&events), [("c-1", "unknown")]);
    assert_eq!(events[0].cause.as_ref().map(|cause| cause.code.as_str()), Some("Voicemail"));
}

#[test]
fn calls_without_a_final_state_stay_open() {
    let adapter = adapter("pending_states = [\"In Progress\"]", API).expect("settings");
    for body in [
        answer(&[]),
        answer(&[result("c-1", "")]),
        answer(&[result("c-1", "  ")]),
        answer(&[result("c-1", "IN_PROGRESS")]),
        answer(&[json!({"UniqueId": "c-1", "CallState": null})]),
        answer(&[json!({"UniqueId": "c-1"})]),
        r#"{"CallResults":null}"#.to_owned(),
    ] {
        let events = read(&mut *ask(&*adapter, &["c-1"]), body.clone()).expect("read");
        assert!(events.is_empty(), "{body}");
    }
}

#[test]
fn one_call_in_every_shape() {
    let one = result("c-1", "Answered");
    for body in [
        answer(std::slice::from_ref(&one)),
        json!({"callResults": [{"uniqueId": "c-1", "callState": "answered"}], "Error": null}).to_string(),
        json!({"CallResults": one}).to_string(),
        json!([one]).to_string(),
        one.to_string(),
        json!({"Data": {"CallResults": [one]}}).to_string(),
    ] {
        assert_eq!(told(&asked(&["c-1"], body.clone()).expect("read")), [("c-1", "answered")], "{body}");
    }
}

#[test]
fn a_result_that_cannot_be_read_hides_no_other() {
    let bad = [json!({"UniqueId": null, "CallState": null}), json!({"CallState": "Busy"}), json!(7.5), json!({})];
    for bad in bad {
        let body = answer(&[bad.clone(), result("c-1", "Busy")]);
        assert_eq!(told(&asked(&["c-1", "c-2"], body).expect("read")), [("c-1", "busy")], "{bad}");
    }
    let alone = answer(&[json!({"CallState": "Busy"})]);
    assert_eq!(asked(&["c-1"], alone).expect_err("nothing to read").class, FailureClass::Retry);
}

#[test]
fn an_id_twice_gives_both_facts() {
    let body = answer(&[result("c-1", "Busy"), result("c-1", "Answered"), result("c-1", "")]);
    let events = asked(&["c-1"], body).expect("read");
    assert_eq!(told(&events), [("c-1", "busy"), ("c-1", "answered")]);
    assert_eq!(events[0].key, events[1].key);
}

#[test]
fn asked_for_or_pushed_is_one_fact() {
    let adapter = with(API);
    for (id, state) in [("4f2b9c", "No Answer"), ("4f2ba0", "Answered"), ("4f2ba1", "Temporarily Unavailable")] {
        let body = result(id, state).to_string();
        let inbound = Inbound {
            kind: &KINDS[0],
            method: http::Method::POST,
            query: None,
            headers: HeaderMap::new(),
            body: body.into(),
        };
        let facts = adapter.normalise(&Verified::new(inbound, None), &context(Channel::Callback)).expect("understood");
        let polled = asked(&[id], answer(&[result(id, state)])).expect("read");
        let [(pushed, polled)] = facts.events.iter().zip(&polled).collect::<Vec<_>>()[..] else { panic!("one each") };
        let same = Event { channel: pushed.channel, ..polled.clone() };
        assert!(same == *pushed, "all but the channel is the same");
        assert_eq!(polled.occurred_at_basis, Basis::Received);
    }
}

#[test]
fn failures_by_status() {
    let class = |api: &str, status| {
        let adapter = with(api);
        let mut inquiry = ask(&*adapter, &["c-1"]);
        inquiry.read(&response(status, "{}"), &context(Channel::Poll)).expect_err("a failure").class
    };
    for (status, expected) in [
        (400, FailureClass::Permanent),
        (404, FailureClass::Permanent),
        (422, FailureClass::Permanent),
        (403, FailureClass::Configuration),
        (302, FailureClass::Configuration),
        (408, FailureClass::Retry),
        (429, FailureClass::Throttled),
        (500, FailureClass::Retry),
        (503, FailureClass::Retry),
        (200, FailureClass::Retry),
    ] {
        assert_eq!(class(API, status), expected, "{status}");
    }
    assert_eq!(class(IDENTITY, 401), FailureClass::Token);
    assert_eq!(class(API, 401), FailureClass::Configuration, "there is no token to renew");
}

#[test]
fn answers_that_are_none() {
    for body in [
        "",
        "{",
        "null",
        "\"Unauthorized\"",
        "17",
        "<html>",
        "{}",
        r#"{"Message":"+14155550100"}"#,
        r#"{"CallResults":7.5e400}"#,
        r#"{"CallResults":"c-1"}"#,
        r#"["c-1"]"#,
        r#"{"CallResults":[{"UniqueId":"c-1","CallState":"Bu"#,
        r#"{"CallResults":[],"callresults":[]}"#,
    ] {
        let failure = asked(&["c-1"], body).map(|events| events.len()).expect_err(body);
        assert_eq!(failure.class, FailureClass::Retry, "{body}");
        assert!(!failure.to_string().contains("555"), "{failure}");
    }
    let bytes: &[u8] = b"{\"CallResults\":[],\"x\":\"\xff\"}";
    assert_eq!(asked(&["c-1"], bytes).expect_err("not UTF-8").class, FailureClass::Retry);
    for (open, close) in [("[", "]"), ("{\"CallResults\":", "}"), ("{\"Data\":", "}")] {
        let deep = format!("{}1{}", open.repeat(1 << 17), close.repeat(1 << 17));
        assert_eq!(asked(&["1"], deep).expect_err("too deep").class, FailureClass::Retry);
    }
}

proptest! {
    #[test]
    fn any_answer_is_read(status in 200_u16..600, body in "(?s).{0,80}", id in "[a-c]{0,2}", state in ".{0,6}") {
        let adapter = with(API);
        let _ = ask(&*adapter, &["a"]).read(&response(status, body), &context(Channel::Poll));
        let events = read(&mut *ask(&*adapter, &["a"]), answer(&[result(&id, &state)]));
        prop_assert!(events.is_ok_and(|events| events.iter().all(|event| event.subject == "a")) || id.is_empty());
    }
}
