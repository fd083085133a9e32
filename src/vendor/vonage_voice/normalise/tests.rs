use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::KINDS;
use super::*;
use crate::event::{Channel, EventKey};
use crate::vendor::Inbound;

const CALL: &str = "63f61863-4a51-4f6b-86e1-46edebcf9356";
const CONVERSATION: &str = "CON-f972836a-550f-45fa-956c-12a2ab5b7d22";

fn settings() -> Settings {
    Settings {
        api_key: "a1b2c3d".into(),
        application_id: None,
        secrets: Vec::new(),
        secret_files: Vec::new(),
        freshness_seconds: 3600,
        leeway_seconds: 30,
        start_time: StartTime::Started,
        outcomes: Default::default(),
    }
}

fn context() -> Context {
    Context {
        source: "voice".into(),
        vendor: "vonage-voice",
        account: "a1b2c3d".into(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_unix(1_734_345_700).expect("a time"),
    }
}

fn run(settings: &Settings, body: impl Into<Bytes>) -> Result<Facts, Reject> {
    let inbound =
        Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, Instant::from_unix(1_734_345_678)), &context())
}

fn webhook(status: &str) -> Value {
    json!({
        "from": "14155550100", "to": "14155550101", "uuid": CALL, "conversation_uuid": CONVERSATION,
        "status": status, "direction": "outbound", "timestamp": "2024-12-16T10:41:17.005Z",
    })
}

fn completed(duration: Value, start: Value, end: Value) -> Value {
    let mut body = webhook("completed");
    (body["duration"], body["start_time"], body["end_time"]) = (duration, start, end);
    body
}

fn facts(body: &Value) -> Facts {
    run(&settings(), body.to_string()).expect("understood")
}

fn event(body: &Value) -> Event {
    facts(body).events.into_iter().next().expect("an event")
}

fn refused(body: &Value) -> Reject {
    run(&settings(), body.to_string()).expect_err("refused")
}

fn key(event_type: EventType, ids: &[&str]) -> EventKey {
    EventKey::new("vonage-voice", "a1b2c3d", event_type, ids)
}

#[test]
fn the_progress_of_a_call() {
    let started = facts(&webhook("started"));
    assert!(started.events.is_empty());
    assert_eq!(started.hints, [Hint { call: CALL.to_owned() }]);

    for (status, event_type) in [("ringing", EventType::CallRinging), ("answered", EventType::CallAnswered)] {
        let facts = facts(&webhook(status));
        assert_eq!(facts.hints.len(), 1);
        let event = &facts.events[0];
        assert_eq!((event.event_type, event.key), (event_type, key(event_type, &[CALL])));
        assert_eq!((event.subject.as_str(), event.outcome), (CALL, None));
        assert_eq!(
            (event.occurred_at.to_string().as_str(), event.occurred_at_basis),
            ("2024-12-16T10:41:17.005Z", Basis::Vendor)
        );
        assert_eq!(event.links.conversation.as_deref(), Some(CONVERSATION));
        let call = event.call.as_ref().expect("a call");
        assert_eq!(
            (call.ringing_at.is_some(), call.answered_at.is_some()),
            (status == "ringing", status == "answered")
        );
        assert_eq!(call.direction, Some(Direction::Outbound));
        assert_eq!(call.to.as_ref().and_then(|phone| phone.e164.as_deref()), Some("+14155550101"));
    }
}

#[test]
fn every_documented_status_that_ends_a_call() {
    for &(status, outcome) in codes::STATUS {
        let facts = facts(&webhook(status));
        assert!(facts.hints.is_empty());
        let event = &facts.events[0];
        assert_eq!((event.event_type, event.outcome), (EventType::CallEnded, Some(outcome)), "{status}");
        assert_eq!(event.key, key(EventType::CallEnded, &[CALL]));
        assert!(event.call.as_ref().is_some_and(|call| call.ended_at.is_some()));
        let cause = event.cause.as_ref().map(|cause| (cause.interface.as_str(), cause.code.as_str()));
        assert_eq!(cause, (status != "completed").then_some(("status", status)));
    }
}

#[test]
fn every_documented_detail() {
    for &(detail, outcome) in codes::DETAIL {
        for status in ["failed", "rejected", "unanswered", "timeout"] {
            let mut body = webhook(status);
            body["detail"] = detail.into();
            let event = event(&body);
            assert_eq!(event.outcome, Some(outcome), "{status} {detail}");
            let cause = event.cause.expect("a cause");
            assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("detail", detail));
            assert_eq!(cause.text.as_deref(), Some(status));
        }
    }
    let mut shouting = webhook("rejected");
    shouting["detail"] = "INVALID_NUMBER".into();
    assert_eq!(event(&shouting).outcome, Some(Outcome::InvalidNumber));
}

#[test]
fn an_unknown_detail_leaves_what_the_status_says() {
    let mut body = webhook("rejected");
    body["detail"] = "blacklisted".into();
    let unknown = event(&body);
    assert_eq!(unknown.outcome, Some(Outcome::Rejected));
    assert_eq!(unknown.cause.expect("a cause").code, "blacklisted");
    let settings = Settings { outcomes: [("blacklisted".to_owned(), Outcome::Blocked)].into(), ..settings() };
    assert_eq!(run(&settings, body.to_string()).expect("understood").events[0].outcome, Some(Outcome::Blocked));
}

#[test]
fn an_unknown_status_is_kept_until_it_is_configured() {
    for status in ["disconnected", "transcribed", "Answered", "x"] {
        assert_eq!(refused(&webhook(status)).reason, Reason::NotHandled, "{status}");
    }
    let settings = Settings { outcomes: [("voicemail".to_owned(), Outcome::Answered)].into(), ..settings() };
    let facts = run(&settings, webhook("voicemail").to_string()).expect("understood");
    assert_eq!((facts.events[0].event_type, facts.events[0].outcome), (EventType::CallEnded, Some(Outcome::Answered)));
}

#[test]
fn a_completed_call_was_answered_when_it_lasted() {
    let (start, end) = ("2024-12-16T10:40:00Z", "2024-12-16T10:41:17Z");
    for (duration, from, to, outcome) in [
        (json!("77"), json!(start), json!(end), Outcome::Answered),
        (json!(77), Value::Null, Value::Null, Outcome::Answered),
        (json!("0"), Value::Null, json!(end), Outcome::Unknown),
        (json!("0"), json!(start), json!(end), Outcome::Unknown),
        (Value::Null, json!(start), json!(end), Outcome::Answered),
        (Value::Null, json!(end), json!(end), Outcome::Unknown),
        (Value::Null, json!(end), json!(start), Outcome::Unknown),
        (Value::Null, json!(start), Value::Null, Outcome::Unknown),
        (json!("-1"), Value::Null, Value::Null, Outcome::Unknown),
        (json!("long"), Value::Null, Value::Null, Outcome::Unknown),
    ] {
        let body = completed(duration, from, to);
        assert_eq!(event(&body).outcome, Some(outcome), "{body}");
    }
}

#[test]
fn start_time_is_what_the_source_says() {
    let body = completed("30".into(), "2024-12-16T10:40:00.000Z".into(), "2024-12-16T10:40:30.000Z".into());
    let started = event(&body).call.expect("a call");
    assert_eq!((started.total_ms, started.talk_ms, started.answered_at), (Some(30_000), None, None));
    let settings = Settings { start_time: StartTime::Answered, ..settings() };
    let answered = run(&settings, body.to_string()).expect("understood").events.remove(0).call.expect("a call");
    assert_eq!((answered.total_ms, answered.talk_ms, answered.started_at), (None, Some(30_000), None));
}

#[test]
fn times_without_offset_are_read_in_the_zone() {
    let body = completed("30".into(), "2024-12-16 10:40:00".into(), "2024-12-16 10:40:30".into());
    assert_eq!(event(&body).call.expect("a call").total_ms, Some(30_000));
    let mut none = webhook("busy");
    none["timestamp"] = "soon".into();
    let sent = event(&none);
    assert_eq!(
        (sent.occurred_at.to_string().as_str(), sent.occurred_at_basis),
        ("2024-12-16T10:41:18.000Z", Basis::Sent)
    );
    assert_eq!(sent.call.expect("a call").ended_at, None);
}

#[test]
fn who_picked_up_is_a_finding_about_the_answer() {
    let answered = event(&webhook("answered"));
    for status in ["human", "machine"] {
        let mut body = webhook(status);
        let object = body.as_object_mut().expect("an object");
        object.remove("uuid");
        object.remove("direction");
        object.insert("call_uuid".into(), CALL.into());
        object.insert("sub_state".into(), "beep_start".into());
        let found = event(&body);
        assert_eq!(found.key, answered.key, "the same fact");
        assert_ne!(found.material(), answered.material(), "with something new to say");
        assert_eq!((found.disposition.as_deref(), found.outcome), (Some(status), None));
        assert_eq!(found.call.expect("a call").answered_at, None, "the detection comes after the answer");
    }
}

#[test]
fn a_recording_is_one_of_its_conversation() {
    let mut body = json!({
        "start_time": "2024-12-16T10:40:00.000Z", "end_time": "2024-12-16T10:41:00.000Z", "size": 12222,
        "recording_url": "https://recordings.example/v1/files/1", "recording_uuid": "aaaaaaaa-0001",
        "conversation_uuid": CONVERSATION, "timestamp": "2024-12-16T10:41:10.000Z",
    });
    let without_call = event(&body);
    assert_eq!((without_call.event_type, without_call.subject.as_str()), (EventType::RecordingAvailable, CONVERSATION));
    assert_eq!(without_call.key, key(EventType::RecordingAvailable, &["aaaaaaaa-0001"]));
    assert_eq!((&without_call.call, without_call.outcome), (&None, None));
    assert_eq!(without_call.occurred_at.to_string(), "2024-12-16T10:41:10.000Z");
    let recording = without_call.recording.expect("a recording");
    assert_eq!(
        (recording.location.as_str(), recording.id.as_deref()),
        ("https://recordings.example/v1/files/1", Some("aaaaaaaa-0001"))
    );

    body["uuid"] = CALL.into();
    let with_call = event(&body);
    assert_eq!((with_call.subject.as_str(), with_call.key), (CALL, without_call.key));
    assert_eq!(with_call.call.expect("a call").id, CALL);

    for (name, reason) in [("recording_uuid", Reason::FieldMissing), ("recording_url", Reason::NotHandled)] {
        let mut cut = body.clone();
        cut.as_object_mut().expect("an object").remove(name);
        assert_eq!(refused(&cut).reason, reason, "{name}");
    }
}

#[test]
fn webhooks_without_a_status_make_no_event() {
    for body in [
        json!({"dtmf": {"digits": "42", "timed_out": false}, "uuid": CALL, "conversation_uuid": CONVERSATION}),
        json!({"speech": {"results": []}, "uuid": CALL}),
        json!({"conversation_uuid_from": "CON-1", "conversation_uuid_to": "CON-2", "uuid": CALL}),
        json!({"reason": "Syntax error in NCCO.", "conversation_uuid": CONVERSATION}),
        json!({}),
    ] {
        assert_eq!(refused(&body).reason, Reason::NotHandled, "{body}");
    }
}

#[test]
fn parties_that_are_no_numbers_stay_as_they_are() {
    let mut body = webhook("ringing");
    body["from"] = "Unknown".into();
    body["to"] = "sip:demo@sip.example".into();
    let call = event(&body).call.expect("a call");
    assert_eq!(call.from.map(|phone| (phone.raw, phone.e164)), Some(("Unknown".to_owned(), None)));
    assert_eq!(call.to.map(|phone| (phone.raw, phone.e164)), Some(("sip:demo@sip.example".to_owned(), None)));
    let mut objects = webhook("ringing");
    (objects["from"], objects["to"]) = (json!({"type": "app"}), json!([{"type": "phone"}]));
    let call = event(&objects).call.expect("a call");
    assert_eq!((call.from, call.to), (None, None));
}

#[test]
fn what_identifies_must_be_there_and_readable() {
    for wrong in [Value::Null, json!(""), json!({}), json!([CALL])] {
        for status in ["started", "answered", "completed"] {
            let mut body = webhook(status);
            body["uuid"] = wrong.clone();
            assert_eq!(refused(&body).reason, Reason::FieldMissing);
        }
        let mut body = webhook("busy");
        body["status"] = wrong.clone();
        assert_eq!(refused(&body).reason, Reason::NotHandled);
    }
    let mut long = webhook("busy");
    long["uuid"] = "x".repeat(257).into();
    assert_eq!(refused(&long).reason, Reason::FieldInvalid);
    let mut number = webhook("busy");
    number["uuid"] = 9_007_199_254_740_993_u64.into();
    assert_eq!(event(&number).subject, "9007199254740993");
}

#[test]
fn bodies_that_are_no_webhook() {
    let whole = webhook("busy").to_string();
    let twice = whole.replacen('{', r#"{"status":"answered","#, 1);
    let bad: [Bytes; 6] = [
        "".into(),
        whole[..whole.len() - 5].to_owned().into(),
        twice.into(),
        Bytes::from_static(b"{\"status\":\"\xff\"}"),
        "[".repeat(1 << 20).into(),
        "\"text\"".into(),
    ];
    for body in bad {
        assert_eq!(run(&settings(), body).expect_err("refused").reason, Reason::BodyNotJson);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("completed")),
        Just(Value::from("2024-12-16T10:41:17Z")),
    ];
    let name = prop_oneof![
        Just("status".to_owned()),
        Just("uuid".to_owned()),
        Just("duration".to_owned()),
        Just("start_time".to_owned()),
        Just("end_time".to_owned()),
        Just("recording_url".to_owned()),
        Just("recording_uuid".to_owned()),
        "[a-z]{0,5}",
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = run(&settings(), body);
    }

    #[test]
    fn any_json_is_read_without_panic(body in any_json()) {
        let _ = run(&settings(), body.to_string());
    }
}
