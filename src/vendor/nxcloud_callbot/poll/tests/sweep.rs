//! Listing a window.

use super::*;

const FROM: i64 = NOW - 3600;

fn inquiry(api: &str) -> Box<dyn Inquiry> {
    let at = |second| Timestamp::from_second(second).expect("in range");
    source(api).poller().expect("asked").list(Window { from: at(FROM), to: at(NOW) }).expect("lists")
}

fn tasks(ids: &[&str]) -> Value {
    let rows: Vec<_> = ids.iter().map(|id| json!({"userTaskID": id, "taskID": "t", "taskStatus": 2})).collect();
    json!({"retCode": 0, "taskData": rows})
}

/// A row of `listCall` in the form of a callback.
fn row(id: &str) -> Value {
    json!({
        "orderID": format!("o-{id}"), "userPhone": "6281200000001", "userTaskID": "ut-1", "taskID": "t-9001",
        "finish": true, "other": "ref-77", "callInfoDetail": call(id),
    })
}

/// The facts of a window with the one task `ut-1`, whose calls are on these pages.
fn sweep(api: &str, pages: &[Value]) -> Vec<Event> {
    let mut inquiry = inquiry(api);
    round(inquiry.as_mut(), &tasks(&["ut-1"])).expect("understood");
    let events = pages.iter().flat_map(|page| round(inquiry.as_mut(), page).expect("understood")).collect();
    assert!(inquiry.next(&means("n-2")).is_none(), "all pages are read");
    events
}

#[test]
fn tasks_then_the_calls_of_each() {
    let mut inquiry = inquiry("page_size = 2");
    let asked =
        |request: &Request| (request.action, body(request)["page"].clone(), body(request)["userTaskID"].clone());
    let mut turn = |answer_body: Value| {
        let request = next(inquiry.as_mut(), "n-1");
        let events = inquiry.read(&answer(&request, &answer_body), &context()).expect("understood");
        (asked(&request), facts(&events))
    };
    let none = Vec::<String>::new();
    assert_eq!(turn(tasks(&["ut-2", "ut-1"])), (("listTask", json!(1), json!(null)), none.clone()));
    assert_eq!(turn(tasks(&["ut-1"])), (("listTask", json!(2), json!(null)), none.clone()));
    let calls = |ids: &[&str]| json!({"retCode": 0, "callList": ids.iter().map(|id| row(id)).collect::<Vec<_>>()});
    let due = |ids: &[&str]| ids.iter().map(|id| format!("call.ended {id}")).collect::<Vec<_>>();
    assert_eq!(turn(calls(&["a", "b"])), (("listCall", json!(1), json!("ut-1")), due(&["a", "b"])));
    assert_eq!(turn(calls(&["c", "d"])), (("listCall", json!(2), json!("ut-1")), due(&["c", "d"])));
    assert_eq!(turn(calls(&[])), (("listCall", json!(3), json!("ut-1")), none.clone()));
    assert_eq!(turn(calls(&[])), (("listCall", json!(1), json!("ut-2")), none));
    assert!(inquiry.next(&means("n-2")).is_none());
    assert_eq!(inquiry.reached(), None, "complete to its end");
}

#[test]
fn a_window_without_tasks_has_no_calls() {
    let mut inquiry = inquiry("");
    assert_eq!(round(inquiry.as_mut(), &tasks(&[])), Ok(vec![]));
    assert!(inquiry.next(&means("n-2")).is_none());
}

#[test]
fn every_plausible_shape_of_a_row() {
    let mut flat = call("c-1");
    flat["orderID"] = json!("o-c-1");
    flat["userPhone"] = json!("6281200000001");
    flat["other"] = json!("ref-77");
    let mut listed = row("c-1");
    listed["callInfoDetailList"] = json!([listed["callInfoDetail"].take()]);
    let due = sweep("", &[json!({"retCode": 0, "callList": [row("c-1")]})]);
    assert_eq!(facts(&due), ["call.ended c-1"]);
    for row in [row("c-1"), listed, flat] {
        for body in [
            json!({"retCode": 0, "callDetailList": [row]}),
            json!({"retCode": 0, "callInfoList": [row], "errList": []}),
            json!({"retCode": 0, "orderDetailList": [row], "totalCount": 1}),
            json!({"retCode": 0, "data": {"callInfoDetailList": [row], "total": "1"}}),
            json!({"retCode": 0, "data": [row]}),
            json!({"retCode": 0, "data": {"records": [row]}}),
            json!({"retCode": 0, "whatever": [row]}),
        ] {
            let events = sweep("", std::slice::from_ref(&body));
            assert_eq!(facts(&events), facts(&due), "{body}");
            assert_eq!((events[0].key, events[0].material()), (due[0].key, due[0].material()), "{body}");
            assert_eq!(events[0].links.task.as_deref(), Some("ut-1"), "{body}");
            assert_eq!(events[0].links.custom.as_deref(), Some("ref-77"), "{body}");
        }
    }
}

#[test]
fn an_answer_without_a_list_is_empty_or_not_understood() {
    for nothing in
        [json!({"retCode": 0}), json!({"retCode": 0, "callList": [], "x": [1]}), json!({"retCode": 0, "total": 0})]
    {
        assert_eq!(sweep("", &[nothing]), []);
    }
    for strange in [json!({"retCode": 0, "totalCount": 3}), json!({"retCode": 0, "a": [1], "b": [2]})] {
        let mut inquiry = inquiry("");
        round(inquiry.as_mut(), &tasks(&["ut-1"])).expect("understood");
        let failure = round(inquiry.as_mut(), &strange).expect_err("no list");
        assert_eq!(failure.class, FailureClass::Permanent);
        assert_eq!(failure.detail, "listCall: the answer holds no list of a known name");
    }
}

#[test]
fn recordings_come_with_their_calls_and_orders_do_not() {
    let mut with_recording = row("c-1");
    with_recording["callInfoDetail"]["callAudioUrl"] = json!("https://recordings.example/c-1.wav");
    let events = sweep("", &[json!({"retCode": 0, "callList": [with_recording]})]);
    // Several rows of one order may say that it is finished, and only one of them has its last call.
    assert_eq!(facts(&events), ["call.ended c-1", "recording.available c-1"]);
}

#[test]
fn calls_that_are_not_over_or_long_over_are_left_out() {
    let with = |id: &str, finish: bool, start: i64, end: i64| {
        let mut row = row(id);
        row["finish"] = json!(finish);
        row["callInfoDetail"]["callStartTs"] = json!(start);
        row["callInfoDetail"]["callEndTs"] = json!(end);
        row
    };
    let day = 86_400;
    let rows = json!([
        with("rings", false, NOW - 5, 0),
        with("over", false, NOW - 50, NOW - 5),
        with("no-end", true, NOW - 50, 0),
        with("no-time", true, 0, 0),
        with("a-day-old", true, 0, FROM - day),
        with("too-old", true, 0, FROM - day - 1),
        with("began-too-early", true, FROM - day - 1, 0),
        with("later", true, NOW + 10, NOW + 20),
    ]);
    let events = sweep("", &[json!({"retCode": 0, "callList": rows})]);
    let due =
        ["call.ended over", "call.ended no-end", "call.ended no-time", "call.ended a-day-old", "call.ended later"];
    assert_eq!(facts(&events), due);
}

#[test]
fn rows_of_another_task_keep_it() {
    let mut other = row("c-1");
    other["userTaskID"] = json!("ut-9");
    let events = sweep("", &[json!({"retCode": 0, "callList": [other]})]);
    assert_eq!(events[0].links.task.as_deref(), Some("ut-9"));
}

#[test]
fn a_list_that_changes_is_read_again() {
    let mut inquiry = inquiry("page_size = 1");
    round(inquiry.as_mut(), &json!({"retCode": 0, "taskData": [{"userTaskID": "ut-1"}], "totalCount": 2}))
        .expect("read");
    let request = next(inquiry.as_mut(), "n-1");
    assert_eq!(body(&request)["page"], 2);
    let changed = json!({"retCode": 0, "taskData": [{"userTaskID": "ut-2"}], "totalCount": 3});
    round(inquiry.as_mut(), &changed).expect("read");
    let request = next(inquiry.as_mut(), "n-1");
    assert_eq!((request.action, body(&request)["page"].clone()), ("listTask", json!(1)));
}

#[test]
fn a_failure_in_the_middle_loses_nothing() {
    let mut inquiry = inquiry("page_size = 1");
    round(inquiry.as_mut(), &tasks(&["ut-1"])).expect("understood");
    round(inquiry.as_mut(), &tasks(&[])).expect("understood");
    round(inquiry.as_mut(), &json!({"retCode": 0, "callList": [row("a")]})).expect("understood");
    for busy in [json!({"retCode": 7}), json!({"retCode": 1})] {
        assert_eq!(round(inquiry.as_mut(), &busy).expect_err("busy").class, FailureClass::Retry);
        let request = next(inquiry.as_mut(), "n-2");
        assert_eq!((request.action, body(&request)["page"].clone()), ("listCall", json!(2)));
    }
    let events = round(inquiry.as_mut(), &json!({"retCode": 0, "callList": [row("b")]})).expect("understood");
    assert_eq!(facts(&events), ["call.ended b"]);
}

#[test]
fn callback_and_listing_state_the_same_call() {
    let body = include_str!("../../demo/call.json");
    let row: Value = serde_json::from_str(body).expect("JSON");
    // The listing of the window the sample's call is in.
    let at = |second| Timestamp::from_second(second).expect("in range");
    let window = Window { from: at(1_763_683_000), to: at(1_763_686_600) };
    let mut inquiry = source("").poller().expect("asked").list(window).expect("lists");
    round(inquiry.as_mut(), &tasks(&["task-42"])).expect("understood");
    let polled = round(inquiry.as_mut(), &json!({"retCode": 0, "callList": [row]})).expect("understood");

    let kind = NxcloudCallbot.kinds().iter().find(|kind| kind.name == "call").expect("a kind");
    let inbound = crate::vendor::Inbound {
        kind,
        method: http::Method::POST,
        query: None,
        headers: HeaderMap::new(),
        body: body.into(),
    };
    let delivery = crate::vendor::Verified::new(inbound, Instant::from_unix(NOW));
    let called = source("").normalise(&delivery, &context()).expect("understood").events;
    assert_eq!(facts(&polled), facts(&called));
    for (polled, called) in polled.iter().zip(&called) {
        assert_eq!((polled.key, polled.material()), (called.key, called.material()));
        assert!(
            crate::event::Event { raw: None, ..polled.clone() } == crate::event::Event { raw: None, ..called.clone() }
        );
    }
}
