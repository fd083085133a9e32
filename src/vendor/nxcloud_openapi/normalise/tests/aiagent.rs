use super::*;

fn call() -> Value {
    json!({
        "taskId": "t-1", "userTaskId": "campaign-7", "contactId": "contact-1", "other": "ref-1", "autoFlowId": 197,
        "orderHead": 1, "orderTail": 0, "callerPhone": "622150000002", "calleePhone": "6281200000012",
        "realPhone": "6281200000012", "callId": "c-1", "callStatus": 2, "callResult": 1, "createTs": 1734345500,
        "opTs": 1734345645, "callStart": 1734345605, "callAnswer": 1734345612, "callEnd": 1734345642, "callRingTime": 7,
    })
}

#[test]
fn an_answered_call() {
    let events = read(AIAGENT_CALL, &call());
    let [ended] = &events[..] else { panic!("one event") };
    assert_eq!((outcome(ended), cause_of(ended)), ("answered", ("aiagent.callResult", "1")));
    assert_eq!(ended.handled_by, Some(HandledBy::Bot));
    assert_eq!((ended.occurred_at.as_millis(), ended.occurred_at_basis), (1_734_345_642_000, Basis::Vendor));
    let it = ended.call.as_ref().expect("a call");
    assert_eq!((it.attempt, it.ring_ms, it.talk_ms), (Some(1), Some(7000), Some(30_000)));
    assert_eq!((e164(&it.from), e164(&it.to)), (Some("+622150000002"), Some("+6281200000012")));
    let links = &ended.links;
    assert_eq!((links.task.as_deref(), links.vendor_task.as_deref()), (Some("campaign-7"), Some("t-1")));
    assert_eq!(
        (links.order.as_deref(), links.script.as_deref(), links.custom.as_deref()),
        (Some("contact-1"), Some("197"), Some("ref-1"))
    );
}

#[test]
fn the_last_call_finishes_the_order() {
    for last in [json!(1), json!("1"), json!(true)] {
        let events = read(AIAGENT_CALL, &with(call(), json!({"orderTail": last, "orderHead": 0})));
        assert_eq!(types(&events), ["call.ended", "order.finished"]);
        let order = &events[1];
        assert_eq!(
            order.key,
            EventKey::new("nxcloud-openapi", "AK-TEST-01", EventType::OrderFinished, &["t-1", "contact-1"])
        );
        assert_eq!((order.subject.as_str(), outcome(order)), ("contact-1", "answered"));
        assert_eq!(order.call.as_ref().and_then(|call| call.attempt), None);
        assert!(order.raw.is_some());
    }
    assert_eq!(types(&read(AIAGENT_CALL, &with(call(), json!({"orderTail": 1, "contactId": ""})))), ["call.ended"]);
    let long = with(call(), json!({"orderTail": 1, "contactId": "c".repeat(257)}));
    assert_eq!(refused(AIAGENT_CALL, long.to_string()).detail, "contactId is longer than 256 bytes");
}

#[test]
fn a_call_has_one_key_whichever_kind_reports_it() {
    let record = json!({"callId": "c-1", "direction": 2, "answered": true});
    assert_eq!(read(AIAGENT_CALL, &call())[0].key, read(CC_CDR, &record)[0].key);
}

#[test]
fn unanswered_calls() {
    let body = with(call(), json!({"callAnswer": 0, "callResult": 5, "callStatus": 3}));
    let by = |toml: &str| outcome(&deliver(&settings(toml), AIAGENT_CALL, body.to_string()).expect("understood")[0]);
    assert_eq!(by(""), "unknown");
    assert_eq!(by("aiagent_call_result = { 5 = \"busy\" }"), "busy");
    assert_eq!(by("aiagent_call_status = { 3 = \"failed\" }"), "failed");
    assert_eq!(by("aiagent_call_result = { 5 = \"busy\" }\naiagent_call_status = { 3 = \"failed\" }"), "busy");
    let without = with(body.clone(), json!({"callResult": null}));
    assert_eq!(cause_of(&read(AIAGENT_CALL, &without)[0]), ("aiagent.callStatus", "3"));
}

fn task(status: Value) -> Value {
    json!({"taskId": "t-1", "userTaskId": "campaign-7", "other": "b-1", "autoFlowId": 197, "taskName": "Demo", "taskStatus": status})
}

#[test]
fn every_task_status() {
    for (code, state) in codes::TASK_STATUS {
        let events = read(AIAGENT_TASK, &task(json!(code)));
        let [event] = &events[..] else { panic!("one event") };
        let told = event.task.as_ref().expect("a task");
        assert_eq!(
            (event.event_type, told.state, told.code.as_str()),
            (EventType::TaskChanged, *state, code.to_string().as_str())
        );
        assert_eq!((event.subject.as_str(), event.links.task.as_deref()), ("t-1", Some("campaign-7")));
        assert_eq!((event.occurred_at.as_millis(), event.occurred_at_basis), (SENT, Basis::Sent));
    }
    let unknown = read(AIAGENT_TASK, &task(json!("9")));
    assert_eq!(unknown[0].task.as_ref().map(|task| (task.state, task.code.as_str())), Some((TaskState::Unknown, "9")));
}

#[test]
fn a_repeated_task_status_is_one_fact_and_a_changed_one_another() {
    let key = |body: &str| deliver(&settings(""), AIAGENT_TASK, body.to_owned()).expect("understood")[0].key;
    let first = key(r#"{"taskId":"t-1","taskStatus":2,"other":"a"}"#);
    assert_eq!(first, key(r#"{ "other":"a", "taskStatus":2, "taskId":"t-1" }"#), "the form does not count");
    assert_ne!(first, key(r#"{"taskId":"t-1","taskStatus":5,"other":"a"}"#));
    assert_ne!(first, key(r#"{"taskId":"t-1","taskStatus":2,"other":"b"}"#));
}

#[test]
fn a_task_needs_an_id_and_a_status() {
    assert_eq!(refused(AIAGENT_TASK, r#"{"taskStatus":2}"#).reason, Reason::FieldMissing);
    assert_eq!(refused(AIAGENT_TASK, r#"{"taskId":"t-1"}"#).detail, "taskStatus is absent or not a number");
    let own = read(AIAGENT_TASK, &json!({"userTaskId": "campaign-7", "taskStatus": 2}));
    assert_eq!(own[0].subject, "campaign-7");
}
