use super::*;
use crate::vendor::nxcloud_callbot::codes::HANGUP_CAUSE;

/// The older form: times in the record itself.
fn record() -> Value {
    json!({
        "id": 45, "businessId": "b", "customerBindId": "trip-1", "bindId": "bind-1", "callId": "1604763745256783872",
        "did": "622150000003", "caller": "6281200000013", "callee": "6281200000014", "callStatus": 1, "callStatusMsg": "",
        "duration": 6, "startAt": 1734345600, "answerAt": 1734345602, "hangupAt": 1734345608, "hangupCause": "",
        "hangupCode": 0, "hangup": 0, "recordFile": "https://recordings.example/1.mp3",
    })
}

fn leg(call_type: u8, uuid: &str, changes: Value) -> Value {
    let usual = json!({
        "callType": call_type, "caller": "6281200000013", "callee": "622150000003", "callStartAt": 1734345600,
        "callRingAt": 0, "callAnswerAt": 1734345601, "callFinishAt": 1734345660, "duration": 59, "callRecordFile": "",
        "hangupType": 0, "hangupCause": "NORMAL_CLEARING", "hangupCode": 16, "uuid": uuid,
    });
    with(usual, changes)
}

/// The newer form: a list of legs.
fn with_legs(legs: Value) -> Value {
    json!({
        "bindId": "bind-1", "customerBindId": "trip-1", "callId": "c-1", "caller": "+6281200000013", "did": "622150000003",
        "callee": "6281200000014", "pnsType": "axb", "callStatus": "1", "callStatusMsg": "Call Connected", "ext": "x",
        "legList": legs,
    })
}

/// A call that reached the called party's leg and was not answered there.
fn unanswered(changes: Value) -> &'static str {
    let called = with(json!({"callStartAt": 1734345601, "callAnswerAt": 0}), changes);
    outcome(&read(PNS, &with_legs(json!([leg(1, "a", json!({})), leg(2, "b", called)])))[0])
}

#[test]
fn the_older_form() {
    let events = read(PNS, &record());
    assert_eq!(types(&events), ["call.ended", "recording.available"]);
    let ended = &events[0];
    assert_eq!((ended.subject.as_str(), outcome(ended)), ("1604763745256783872", "answered"));
    assert_eq!(cause_of(ended), ("pns.callStatus", "1"), "0 is no Q.850 cause");
    let call = ended.call.as_ref().expect("a call");
    assert_eq!((call.direction, call.ring_ms, call.talk_ms), (None, Some(2000), Some(6000)));
    assert_eq!((e164(&call.from), e164(&call.to)), (Some("+6281200000013"), Some("+6281200000014")));
    assert_eq!((ended.links.reference.as_deref(), ended.occurred_at.as_millis()), (Some("trip-1"), 1_734_345_608_000));
    assert_eq!(
        events[1].key,
        EventKey::new("nxcloud-openapi", "AK-TEST-01", EventType::RecordingAvailable, &["1604763745256783872"])
    );
}

#[test]
fn the_newer_form() {
    let called = json!({
        "callStartAt": 1734345601, "callRingAt": 1734345603, "callAnswerAt": 1734345608,
        "callRecordFile": "https://recordings.example/b.mp3",
    });
    for legs in [
        json!([leg(1, "a", json!({})), leg(2, "b", called.clone())]),
        json!([leg(2, "b", called), leg(1, "a", json!({}))]),
    ] {
        let events = read(PNS, &with_legs(legs));
        assert_eq!(types(&events), ["call.ended", "recording.available"]);
        assert_eq!((outcome(&events[0]), cause_of(&events[0])), ("answered", ("pns.hangupCode", "16")));
        let call = events[0].call.as_ref().expect("a call");
        assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(5000), Some(52_000), Some(60_000)));
        assert_eq!(events[1].recording.as_ref().and_then(|recording| recording.id.as_deref()), Some("b"));
        assert_eq!(
            events[1].key,
            EventKey::new("nxcloud-openapi", "AK-TEST-01", EventType::RecordingAvailable, &["c-1", "b"])
        );
    }
}

#[test]
fn the_callers_leg_alone_is_no_answered_call() {
    let events = read(PNS, &with_legs(json!([leg(1, "a", json!({}))])));
    assert_eq!(outcome(&events[0]), "unknown");
    assert_eq!(events[0].call.as_ref().and_then(|call| call.answered_at), None);
    assert_eq!(outcome(&read(PNS, &with_legs(json!([])))[0]), "unknown");
    assert_eq!(outcome(&read(PNS, &with_legs(json!([leg(1, "a", json!({"hangupCode": 1}))])))[0]), "invalid_number");
}

#[test]
fn every_code_and_cause() {
    for (code, expected) in codes::PNS_HANGUP_CODE {
        let number: i64 = code.parse().expect("a number");
        assert_eq!(unanswered(json!({"hangupCode": number})), expected.as_str(), "{code}");
        let old = with(record(), json!({"answerAt": 0, "hangupCode": code, "recordFile": ""}));
        assert_eq!(outcome(&read(PNS, &old)[0]), expected.as_str(), "{code}");
    }
    for (name, expected) in HANGUP_CAUSE {
        let expected = look_up_own(name).unwrap_or(*expected);
        assert_eq!(unanswered(json!({"hangupCode": 0, "hangupCause": name})), expected.as_str(), "{name}");
    }
    for ambiguous in ["16", "31", "0", "999"] {
        assert_eq!(unanswered(json!({"hangupCode": ambiguous})), "unknown", "{ambiguous}");
    }
    assert_eq!(unanswered(json!({"hangupCode": 17, "hangupCause": "NO_ANSWER"})), "busy", "the code goes first");
}

fn look_up_own(name: &str) -> Option<Outcome> {
    codes::PNS_HANGUP_CAUSE.iter().find(|(row, _)| *row == name).map(|(_, outcome)| *outcome)
}

#[test]
fn a_masked_number_stays_raw() {
    let events = read(PNS, &with(record(), json!({"callee": "6289500***4555"})));
    let to = events[0].call.as_ref().and_then(|call| call.to.clone()).expect("a number");
    assert_eq!((to.raw.as_str(), to.e164), ("6289500***4555", None));
}

#[test]
fn a_notice_of_a_missing_binding_is_not_handled() {
    let notice = json!({
        "code": 10013, "msg": "binding not exist", "requestId": "1640920940635361280",
        "data": {"action": "queryAXB", "requestParams": {"caller": "6281200000013", "did": "622150000003"}},
    });
    assert_eq!(refused(PNS, notice.to_string()).reason, Reason::NotHandled);
}

#[test]
fn legs_of_another_shape_fall_back_to_the_record() {
    let events = read(PNS, &with(record(), json!({"legList": "none"})));
    assert_eq!(outcome(&events[0]), "answered");
}
