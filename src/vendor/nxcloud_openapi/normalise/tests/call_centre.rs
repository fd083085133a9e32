use super::*;
use crate::event::Direction;

fn record() -> Value {
    json!({
        "agentName": "agent@example.com", "agentNickName": "Ani", "answered": true, "answerTime": 1734345612000i64,
        "callDuration": 30, "callee": "6281200000011", "caller": "622150000002", "callId": "c-1", "direction": 1,
        "dtmfKeys": "1, 2,#", "endTime": 1734345642000i64, "hangupBy": 1, "hangupCode": 1002,
        "callStatus": "Normal termination", "hangupReason": "User hung up", "inQueueTime": 0, "leaveMsgUrl": null,
        "orderId": "order-1", "other": "ref-1", "intent": "wants a call back", "outQueueTime": 0, "queueDuration": 0,
        "recordUrl": "https://recordings.example/c-1.mp3", "ringDuration": 6, "ringTime": 1734345606000i64,
        "startTime": 1734345605000i64, "taskId": "t-1", "totalCustomerPrice": 0.035,
    })
}

#[test]
fn an_answered_call_with_a_recording() {
    let body = record();
    let events = read(CC_CDR, &body);
    assert_eq!(types(&events), ["call.ended", "recording.available"]);
    let [ended, recorded] = &events[..] else { panic!("two events") };
    assert_eq!(ended.key, EventKey::new("nxcloud-openapi", "AK-TEST-01", EventType::CallEnded, &["c-1"]));
    assert_eq!((outcome(ended), cause_of(ended)), ("answered", ("cc.hangupCode", "1002")));
    assert_eq!(ended.cause.as_ref().and_then(|cause| cause.text.as_deref()), Some("User hung up"));
    assert_eq!((ended.occurred_at.as_millis(), ended.occurred_at_basis), (1_734_345_642_000, Basis::Vendor));
    assert_eq!(ended.handled_by, Some(HandledBy::Agent));
    assert_eq!(ended.key_presses, ["1", "2", "#"]);
    assert_eq!(ended.intents[0].name.as_deref(), Some("wants a call back"));
    let call = ended.call.as_ref().expect("a call");
    assert_eq!(
        (call.direction, e164(&call.from), e164(&call.to)),
        (Some(Direction::Outbound), Some("+622150000002"), Some("+6281200000011"))
    );
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(6000), Some(30_000), Some(37_000)));
    let agent = call.agent.as_ref().expect("an agent");
    assert_eq!((agent.id.as_deref(), agent.name.as_deref()), (Some("agent@example.com"), Some("Ani")));
    let links = &ended.links;
    assert_eq!(
        (links.vendor_task.as_deref(), links.reference.as_deref(), links.custom.as_deref()),
        (Some("t-1"), Some("order-1"), Some("ref-1"))
    );
    assert_eq!(recorded.recording.as_ref().map(|it| it.location.as_str()), Some("https://recordings.example/c-1.mp3"));
    assert_eq!((recorded.outcome, recorded.call.is_some()), (None, true));
    assert_eq!(ended.raw.as_ref().map(|raw| raw.0.get()), Some(body.to_string().as_str()));
}

#[test]
fn every_direction() {
    for (code, direction) in codes::CC_DIRECTION {
        let events = read(CC_CDR, &with(record(), json!({"direction": code})));
        assert_eq!(events[0].call.as_ref().and_then(|call| call.direction), Some(*direction), "{code}");
    }
    let events = read(CC_CDR, &with(record(), json!({"direction": 7})));
    assert_eq!(events[0].call.as_ref().and_then(|call| call.direction), None);
}

#[test]
fn who_spoke() {
    let handled = |changes| read(CC_CDR, &with(record(), changes))[0].handled_by;
    assert_eq!(handled(json!({"direction": 2, "agentName": ""})), Some(HandledBy::Bot));
    assert_eq!(handled(json!({"direction": 2})), Some(HandledBy::Agent));
    assert_eq!(handled(json!({"direction": 0, "agentName": null})), None);
    assert_eq!(handled(json!({"answered": false, "answerTime": 0})), None);
}

/// The vendor's table is not public: unanswered calls are unknown until the settings say more.
#[test]
fn unanswered_calls() {
    let missed = with(
        record(),
        json!({"answered": false, "answerTime": 0, "hangupCode": 1103, "callStatus": "Missed call", "recordUrl": null}),
    );
    let events = read(CC_CDR, &missed);
    assert_eq!(
        (types(&events), outcome(&events[0]), cause_of(&events[0])),
        (vec!["call.ended"], "unknown", ("cc.hangupCode", "1103"))
    );
    assert_eq!(events[0].call.as_ref().and_then(|call| call.answered_at), None);

    let by = |toml: &str| outcome(&deliver(&settings(toml), CC_CDR, missed.to_string()).expect("understood")[0]);
    assert_eq!(by("cdr_call_status = { \"Missed call\" = \"no_answer\" }"), "no_answer");
    assert_eq!(by("cdr_hangup_code = { 1103 = \"cancelled\" }"), "cancelled");
    assert_eq!(
        by("cdr_hangup_code = { 1103 = \"cancelled\" }\ncdr_call_status = { \"Missed call\" = \"no_answer\" }"),
        "cancelled"
    );
    assert_eq!(by("cdr_hangup_code = { 1104 = \"cancelled\" }"), "unknown");
}

#[test]
fn answered_follows_from_the_time_when_it_is_not_said() {
    assert_eq!(outcome(&read(CC_CDR, &with(record(), json!({"answered": null})))[0]), "answered");
    assert_eq!(outcome(&read(CC_CDR, &with(record(), json!({"answered": null, "answerTime": 0})))[0]), "unknown");
}

#[test]
fn odd_shapes() {
    let events =
        read(CC_CDR, &with(record(), json!({"callee": "6281200000011@192.0.2.1:5060", "endTime": "1734345642000"})));
    let call = events[0].call.as_ref().expect("a call");
    assert_eq!(
        call.to.as_ref().map(|to| (to.raw.as_str(), to.e164.as_deref())),
        Some(("6281200000011@192.0.2.1:5060", None))
    );
    assert_eq!(call.ended_at.map(Instant::as_millis), Some(1_734_345_642_000));

    let events = read(CC_CDR, &json!({"callId": 1604763745256783872i64, "callStatus": "x"}));
    assert_eq!(events[0].subject, "1604763745256783872");
    assert_eq!((events[0].occurred_at.as_millis(), events[0].occurred_at_basis), (SENT, Basis::Sent));
    assert_eq!(cause_of(&events[0]), ("cc.callStatus", "x"));
}
