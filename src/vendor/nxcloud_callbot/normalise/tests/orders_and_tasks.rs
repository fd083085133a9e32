//! What order and task callbacks say.

use super::*;

#[test]
fn an_order_repeats_its_call_under_the_same_keys() {
    let mut order = answered();
    // As the pages show: another type of `callbackType`, no calling number.
    order["callbackType"] = json!("2");
    order["callInfoDetail"].as_object_mut().expect("an object").remove("callingNumber");
    let (from_call, from_order) = (read(CALL, &answered()), read(ORDER, &order));
    assert_eq!(types(&from_order), ["call.ended", "recording.available", "order.finished"]);
    for (call, order) in from_call.iter().zip(&from_order) {
        assert_eq!((order.key, order.material()), (call.key, call.material()));
        assert_eq!(order.record_key(), call.record_key());
    }
    let finished = &from_order[2];
    assert_eq!(finished.subject, "o-1");
    assert_eq!(finished.outcome, Some(Outcome::Answered));
    assert_eq!(finished.call.as_ref().map(|call| call.id.as_str()), Some("c-1"));
    assert_eq!(finished.occurred_at_basis, Basis::Sent, "the call's end is not the order's");
    assert!(from_call.iter().all(|event| event.key != finished.key));
}

#[test]
fn an_order_that_goes_on_is_not_finished() {
    for not_yet in [json!(false), json!("false"), json!(0)] {
        let mut body = answered();
        body["finish"] = not_yet;
        assert_eq!(types(&read(ORDER, &body)), ["call.ended", "recording.available"]);
    }
    let mut body = answered();
    body.as_object_mut().expect("an object").remove("finish");
    assert_eq!(read(ORDER, &body).len(), 3, "an order callback says that the order is finished");
}

#[test]
fn an_order_that_was_never_dialled() {
    for nothing in [json!(null), json!({}), json!("")] {
        let mut body = answered();
        body["callInfoDetail"] = nothing;
        let events = read(ORDER, &body);
        assert_eq!(types(&events), ["order.finished"]);
        assert_eq!((events[0].outcome, events[0].call.as_ref()), (Some(Outcome::Unknown), None));
        assert_eq!(events[0].links.order.as_deref(), Some("o-1"));
    }
}

#[test]
fn an_order_is_known_by_task_and_order() {
    let key = |task: &str, order: &str| {
        let mut body = answered();
        (body["userTaskID"], body["orderID"]) = (json!(task), json!(order));
        read(ORDER, &body)[2].key
    };
    assert_eq!(key("t", "o"), key("t", "o"));
    assert_ne!(key("t", "o"), key("t", "p"));
    assert_ne!(key("t", "o"), key("u", "o"));
}

#[test]
fn repetitions_and_other_sources_of_the_account_have_the_same_keys() {
    let body = answered().to_string();
    let kind = KINDS.iter().find(|kind| kind.name == ORDER).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    let keys = |sent: i64, context: &Context| -> Vec<_> {
        let delivery = Verified::new(inbound.clone(), Instant::from_unix(sent));
        let events = normalise(&settings(&[]), &delivery, context).expect("understood");
        events.iter().map(|event| event.key).collect()
    };
    let first = keys(SENT, &context());
    assert_eq!(first.len(), 3);
    let again = Context { source: "other".to_owned(), channel: Channel::Poll, ..context() };
    assert_eq!(keys(SENT + 60, &again), first);
    assert_ne!(keys(SENT, &Context { account: "UID-TEST-02".to_owned(), ..context() }), first);
}

fn task_body(status: Value) -> Value {
    json!({
        "callbackType": 1, "userTaskID": "ut-0001", "taskID": "t-9001", "sceneID": "s-77", "taskStatus": status,
        "createTs": 1734340000, "taskStat": {"answerOrderCount": 1, "finishOrderCount": 2, "totalOrderCount": 4,
        "finishRate": 0.5, "totalAnswerCall": 1, "totalCall": 3, "answerRate": 0.33},
    })
}

#[test]
fn every_row_of_the_task_table() {
    for (code, state) in codes::TASK_STATUS {
        for status in [json!(code), json!(code.to_string())] {
            let events = read(TASK, &task_body(status));
            assert_eq!(types(&events), ["task.changed"]);
            let task = events[0].task.as_ref().expect("a task");
            assert_eq!((task.state, task.code.as_str()), (*state, code.to_string().as_str()));
        }
    }
    let task = read(TASK, &task_body(json!(9)))[0].task.clone().expect("a task");
    assert_eq!((task.state, task.code.as_str()), (TaskState::Unknown, "9"));
}

#[test]
fn a_task_with_its_counts() {
    let events = read(TASK, &task_body(json!(3)));
    let event = &events[0];
    assert_eq!(event.subject, "ut-0001");
    // The body's `createTs` is when the task was made, not when it changed.
    assert_eq!(event.occurred_at.to_string(), "2024-12-16T10:41:18.000Z");
    assert_eq!(event.occurred_at_basis, Basis::Sent);
    assert_eq!((event.outcome, event.call.as_ref()), (None, None));
    assert_eq!(event.links.vendor_task.as_deref(), Some("t-9001"));
    let task = event.task.as_ref().expect("a task");
    assert_eq!((task.orders_total, task.orders_finished, task.orders_answered), (Some(4), Some(2), Some(1)));
    assert_eq!((task.calls_total, task.calls_answered), (Some(3), Some(1)));

    let mut body = task_body(json!(3));
    body["taskStat"] = json!({"totalOrderCount": "-1", "totalCall": "12"});
    let task = read(TASK, &body)[0].task.clone().expect("a task");
    assert_eq!((task.orders_total, task.calls_total), (None, Some(12)));
    body["taskStat"] = json!("none");
    assert!(read(TASK, &body)[0].task.is_some(), "counts are not needed");
}

#[test]
fn paused_running_and_paused_again_are_three_facts() {
    let mut again = task_body(json!(5));
    again["taskStat"]["totalCall"] = json!(8);
    let keys = [task_body(json!(5)), task_body(json!(2)), again].map(|body| read(TASK, &body)[0].key);
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
}

#[test]
fn the_same_task_object_in_another_form_is_the_same_fact() {
    let key = |body: &str| deliver(&settings(&[]), TASK, body.to_owned()).expect("understood")[0].key;
    let first = key(r#"{"userTaskID":"ut-1","taskStatus":5,"taskStat":{"totalCall":3,"totalOrderCount":2}}"#);
    assert_eq!(first, key(r#"{"taskStat":{"totalOrderCount":2,"totalCall":3},"taskStatus":5,"userTaskID":"ut-1"}"#));
    assert_eq!(
        first,
        key(
            "{ \"userTaskID\" : \"ut\\u002d1\",\n\"taskStatus\":5,\"taskStat\":{\"totalCall\":3,\"totalOrderCount\":2} }\n"
        )
    );
    assert_ne!(first, key(r#"{"userTaskID":"ut-1","taskStatus":5,"taskStat":{"totalCall":4,"totalOrderCount":2}}"#));
}

#[test]
fn a_task_without_our_id_is_known_by_the_vendors() {
    let mut body = task_body(json!(2));
    body["userTaskID"] = json!("");
    let events = read(TASK, &body);
    assert_eq!(events[0].subject, "t-9001");
    assert_eq!(events[0].links.task, None);
}
