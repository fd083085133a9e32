//! What answers about orders say.

use http::Method;
use proptest::prelude::*;

use super::*;
use crate::event::Basis;
use crate::vendor::{Inbound, Verified};

fn ask(calls: &[Placed], body: &Value) -> Vec<Event> {
    let source = source("");
    let mut inquiry = source.poller().expect("asked").ask(calls);
    let events = round(inquiry.as_mut(), body).expect("understood");
    assert!(inquiry.next(&means("n-2")).is_none(), "all is answered");
    events
}

/// The facts of a callback.
fn callback(kind: &str, body: &str) -> Vec<Event> {
    let kind = NxcloudCallbot.kinds().iter().find(|known| known.name == kind).expect("a kind");
    let inbound =
        Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.to_owned().into() };
    let delivery = Verified::new(inbound, Instant::from_unix(NOW));
    source("").normalise(&delivery, &Context { channel: Channel::Callback, ..context() }).expect("understood").events
}

#[test]
fn a_finished_order_gives_all_its_calls_and_its_end() {
    let busy = json!({"callID": "c-1", "callStartTs": NOW - 90, "callAnswerTs": 0, "callEndTs": NOW - 80, "termSipCode": "486"});
    let mut last = call("c-2");
    last["callAudioUrl"] = json!("https://recordings.example/c-2.wav");
    let row = detail("o-1", true, json!([busy, last]));
    let events = ask(&[order("o-1")], &details(json!([row])));
    assert_eq!(facts(&events), ["call.ended c-1", "call.ended c-2", "recording.available c-2", "order.finished o-1"]);
    let [first, second, _, finished] = &events[..] else { panic!("four events") };
    assert_eq!((first.outcome, second.outcome), (Some(Outcome::Busy), Some(Outcome::Answered)));
    assert_eq!(finished.outcome, Some(Outcome::Answered), "the outcome of the last call");
    assert_eq!(finished.call.as_ref().map(|call| call.id.as_str()), Some("c-2"));
    for event in &events {
        assert_eq!(event.channel, Channel::Poll);
        assert_eq!(event.links.task.as_deref(), Some("ut-1"));
        assert_eq!(event.links.order.as_deref(), Some("o-1"));
        assert_eq!(event.links.custom.as_deref(), Some("ref-77"));
        let to = event.call.as_ref().and_then(|call| call.to.as_ref()).and_then(|phone| phone.e164.as_deref());
        assert_eq!(to, Some("+6281200000001"));
    }
    assert_eq!(
        (second.occurred_at, second.occurred_at_basis),
        (Instant::from_unix(NOW - 10).expect("a time"), Basis::Vendor)
    );
    assert_eq!((finished.occurred_at, finished.occurred_at_basis), (context().received_at, Basis::Received));
    // Each event has the vendor's own object.
    let raw = |event: &Event| serde_json::from_str::<Value>(event.raw.as_ref().expect("kept").0.get()).expect("JSON");
    assert_eq!((raw(first), raw(second), raw(finished)), (busy, last, row));
}

#[test]
fn the_last_call_is_told_by_its_time_and_not_by_its_place() {
    let mut early = json!({"callID": "c-1", "callStartTs": NOW - 90, "callEndTs": NOW - 80, "termSipCode": "486"});
    let late = json!({"callID": "c-2", "callStartTs": NOW - 60, "callEndTs": 0, "termSipCode": "404"});
    for calls in [json!([early, late]), json!([late, early])] {
        let events = ask(&[order("o-1")], &details(json!([detail("o-1", true, calls)])));
        assert_eq!(events.last().and_then(|event| event.outcome), Some(Outcome::InvalidNumber));
    }
    // Without times the vendor's order is all there is.
    early["callStartTs"] = json!(0);
    early["callEndTs"] = json!(0);
    let timeless = json!({"callID": "c-2", "termSipCode": "404"});
    let events = ask(&[order("o-1")], &details(json!([detail("o-1", true, json!([early, timeless]))])));
    assert_eq!(events.last().and_then(|event| event.outcome), Some(Outcome::InvalidNumber));
}

#[test]
fn an_order_that_goes_on_stays_pending_but_its_calls_are_over() {
    let ringing =
        json!({"callID": "c-2", "callStartTs": NOW - 5, "callAnswerTs": 0, "callEndTs": 0, "callDuration": 0});
    let row = detail("o-1", false, json!([call("c-1"), ringing]));
    assert_eq!(facts(&ask(&[order("o-1")], &details(json!([row.clone()])))), ["call.ended c-1"]);
    let mut unclear = row.clone();
    unclear["finish"] = json!(null);
    assert_eq!(facts(&ask(&[order("o-1")], &details(json!([unclear])))), ["call.ended c-1"]);
    let mut finished = row;
    finished["finish"] = json!("true");
    let due = ["call.ended c-1", "call.ended c-2", "order.finished o-1"];
    assert_eq!(facts(&ask(&[order("o-1")], &details(json!([finished])))), due, "nothing rings in a finished order");
}

#[test]
fn an_order_that_was_never_dialled() {
    for calls in [json!([]), json!(null), json!({})] {
        let events = ask(&[order("o-1")], &details(json!([detail("o-1", true, calls)])));
        assert_eq!(facts(&events), ["order.finished o-1"]);
        assert_eq!((events[0].outcome, events[0].call.as_ref()), (Some(Outcome::Unknown), None));
    }
}

#[test]
fn rows_are_matched_by_id() {
    let rows = json!([
        detail("o-9", true, json!([call("c-9")])),
        detail("o-2", true, json!([call("c-2")])),
        {"orderID": "o-1", "finish": true, "userTaskID": "ut-2", "callInfoDetailList": [call("c-3")]},
        {"finish": true, "callInfoDetailList": [call("c-4")]},
        null, 7, "o-1", ["o-1"],
    ]);
    let events = ask(&[order("o-1"), order("o-2"), order("o-3")], &details(rows));
    assert_eq!(facts(&events), ["call.ended c-2", "order.finished o-2"]);
}

#[test]
fn a_row_without_its_task_is_of_the_task_asked_about() {
    let mut row = detail("o-1", true, json!([]));
    row.as_object_mut().expect("an object").remove("userTaskID");
    let without = ask(&[order("o-1")], &details(json!([row])));
    let with = ask(&[order("o-1")], &details(json!([detail("o-1", true, json!([]))])));
    assert_eq!(without[0].key, with[0].key);
    assert_eq!(without[0].links.task.as_deref(), Some("ut-1"));
}

#[test]
fn calls_without_a_usable_id_are_left_out() {
    let long = "x".repeat(257);
    let calls =
        json!([{"callID": "", "callEndTs": NOW}, {"callID": long, "callEndTs": NOW}, 3, null, [1], call("c-1")]);
    let events = ask(&[order("o-1")], &details(json!([detail("o-1", true, calls)])));
    assert_eq!(facts(&events), ["call.ended c-1", "order.finished o-1"]);
}

#[test]
fn an_order_or_a_call_twice_is_one_fact() {
    let row = detail("o-1", true, json!([call("c-1"), call("c-1")]));
    let events = ask(&[order("o-1")], &details(json!([row.clone(), row])));
    let keys = |subject: &str| -> std::collections::BTreeSet<_> {
        events.iter().filter(|event| event.subject == subject).map(|event| event.key).collect()
    };
    assert_eq!((keys("c-1").len(), keys("o-1").len()), (1, 1));
}

#[test]
fn lists_may_be_wrapped() {
    let rows = json!([detail("o-1", true, json!([]))]);
    for body in [
        json!({"retCode": "0", "orderDetailList": rows}),
        json!({"retCode": 0, "data": {"orderDetailList": rows}}),
        json!({"retCode": 0, "data": rows}),
        json!({"retCode": 0, "details": rows, "totalCount": 1}),
    ] {
        assert_eq!(facts(&ask(&[order("o-1")], &body)), ["order.finished o-1"], "{body}");
    }
    for nothing in [json!({"retCode": 0}), json!({"retCode": 0, "data": null, "total": "0"})] {
        assert_eq!(ask(&[order("o-1")], &nothing), [], "{nothing}");
    }
}

#[test]
fn callback_and_answer_state_the_same_facts() {
    let call_body = include_str!("../../demo/call.json");
    let order_body = include_str!("../../demo/order.json");
    let mut row: Value = serde_json::from_str(order_body).expect("JSON");
    let detail = row["callInfoDetail"].take();
    row["callInfoDetailList"] = json!([detail]);
    let placed = Placed { task: Some("task-42".to_owned()), ..order("order-1001") };
    let polled = ask(&[placed], &details(json!([row])));
    let from_order = callback("order", order_body);
    assert_eq!(polled.len(), 3);
    for (polled, called) in polled.iter().zip(callback("call", call_body).iter().chain(from_order.last())) {
        assert_eq!((polled.key, polled.record_key()), (called.key, called.record_key()));
        assert_eq!((polled.material(), polled.outcome), (called.material(), called.outcome));
        let cause = |event: &Event| event.cause.as_ref().map(|cause| (cause.interface.clone(), cause.code.clone()));
        assert_eq!(cause(polled), cause(called));
        assert_eq!(polled.links, called.links);
        assert_eq!((polled.channel, called.channel), (Channel::Poll, Channel::Callback));
    }
}

#[test]
fn no_result_has_the_key_of_the_result() {
    let source = source("");
    let poller = source.poller().expect("asked");
    let event = poller.no_result(&order("o-1"), &context());
    let finished = &ask(&[order("o-1")], &details(json!([detail("o-1", true, json!([]))])))[0];
    assert_eq!((event.key, event.record_key()), (finished.key, finished.record_key()));
    assert_eq!((event.event_type, event.outcome), (EventType::OrderFinished, Some(Outcome::Unknown)));
    assert_eq!(event.cause.map(|cause| cause.code).as_deref(), Some("no_result"));
    assert_eq!((event.links.order.as_deref(), event.call), (Some("o-1"), None), "no call is known");
}

#[test]
fn an_order_needs_an_id_and_a_task() {
    let source = source("");
    let poller = source.poller().expect("asked");
    assert_eq!(poller.call_id("o-1").as_deref(), Ok("o-1"));
    assert_eq!(poller.call_id(&"x".repeat(256)).map(|id| id.len()), Ok(256));
    assert_eq!(poller.call_id("").map_err(|reject| reject.reason), Err(Reason::FieldMissing));
    assert_eq!(poller.call_id(&"x".repeat(257)).map_err(|reject| reject.reason), Err(Reason::FieldInvalid));

    assert!(poller.check(&order("o-1")).is_ok());
    for task in [None, Some(String::new())] {
        let reject = poller.check(&Placed { task, ..order("o-1") }).expect_err("refused");
        assert!(reject.detail.starts_with("task is absent"), "{reject}");
    }
    let reject = poller.check(&Placed { task: Some("x".repeat(257)), ..order("o-1") }).expect_err("refused");
    assert_eq!(reject.reason, Reason::FieldInvalid);
    // Without a task nothing is asked, and nothing is lost: the order stays pending.
    assert!(poller.ask(&[Placed { task: None, ..order("o-1") }]).next(&means("n-1")).is_none());
}

proptest! {
    /// The vendor may give the rows in any order.
    #[test]
    fn any_order_of_rows(mut ids in prop::collection::vec(0_u8..20, 1..20)) {
        let due: std::collections::BTreeSet<_> = ids.iter().map(|id| format!("order.finished o-{id}")).collect();
        let calls: Vec<_> = ids.iter().map(|id| order(&format!("o-{id}"))).collect();
        ids.reverse();
        let rows: Vec<_> = ids.iter().map(|id| detail(&format!("o-{id}"), true, json!([]))).collect();
        let events: std::collections::BTreeSet<_> = facts(&ask(&calls, &details(json!(rows)))).into_iter().collect();
        prop_assert_eq!(events, due);
    }
}
