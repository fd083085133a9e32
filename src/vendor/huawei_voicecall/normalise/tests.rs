use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::{HuaweiVoiceCall, KINDS};
use super::*;
use crate::event::Channel;
use crate::reject::Class;
use crate::vendor::{Inbound, Vendor};

const SENT: i64 = 1_709_280_021;
const SESSION: &str = "1200_366_4294967295_20240301080000@callenabler.example";

fn context() -> Context {
    Context {
        source: "voice-prod".to_owned(),
        vendor: "huawei-voicecall",
        account: "example-app-key".to_owned(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_unix(SENT + 1).expect("in range"),
    }
}

fn deliver(kind: &str, body: impl Into<Bytes>) -> Result<Vec<Event>, Reject> {
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(&Verified::new(inbound, Instant::from_unix(SENT)), &context())
}

fn read(kind: &str, body: impl ToString) -> Vec<Event> {
    deliver(kind, body.to_string()).expect("understood")
}

fn refused(kind: &str, body: impl Into<Bytes>) -> Reject {
    let reject = deliver(kind, body).map(|events| events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

fn changed(mut body: Value, changes: Value) -> Value {
    let members = body.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    body
}

fn status_of(event_type: &str, changes: Value) -> Value {
    let info = json!({
        "sessionId": SESSION, "timestamp": "2024-03-01 08:00:06", "caller": "+862150000001", "called": "+8613800000000",
        "userData": "crm-77",
    });
    json!({"eventType": event_type, "statusInfo": changed(info, changes)})
}

/// Record of an answered voice notification.
fn record_of(changes: Value) -> Value {
    let record = json!({
        "direction": 0, "icid": "c08d.1.2.29", "sessionId": SESSION, "callerNum": "+862150000001",
        "calleeNum": "+8613800000000", "callOutStartTime": "2024-03-01  08:00:00",
        "callOutAlertingTime": "2024-03-01 08:00:02", "callOutAnswerTime": "2024-03-01 08:00:06",
        "callEndTime": "2024-03-01 08:00:20", "callOutUnaswRsn": 0, "sipStatusCode": 0, "serviceType": "001",
        "userData": "crm-77",
    });
    changed(record, changes)
}

/// Record of a callback, which dials two parties.
fn callback_of(changes: Value) -> Value {
    let record = json!({
        "direction": 1, "serviceType": "002", "calleeNum": "+862150000009", "fwdDisplayNum": "+862150000001",
        "fwdDstNum": "+8613800000000", "fwdStartTime": "2024-03-01 08:00:07", "fwdAlertingTime": "2024-03-01 08:00:09",
        "fwdAnswerTime": "2024-03-01 08:00:15", "fwdUnaswRsn": 0,
    });
    changed(changed(record_of(json!({})), record), changes)
}

fn records(records: &[Value]) -> String {
    json!({"eventType": "fee", "feeLst": records}).to_string()
}

fn ended(record: Value) -> Event {
    read(FEE, records(&[record])).swap_remove(0)
}

#[test]
fn the_course_of_a_call() {
    for (event_type, expected) in [
        ("alerting", EventType::CallRinging),
        ("answer", EventType::CallAnswered),
        ("disconnect", EventType::CallEnded),
    ] {
        let body = status_of(event_type, json!({}));
        let events = read(STATUS, &body);
        let [event] = events.as_slice() else { panic!("one event") };
        assert_eq!((event.event_type, event.subject.as_str()), (expected, SESSION));
        assert_eq!(
            (event.occurred_at.to_string().as_str(), event.occurred_at_basis),
            ("2024-03-01T08:00:06.000Z", Basis::Vendor)
        );
        let call = event.call.as_ref().expect("a call");
        assert_eq!(call.to.as_ref().and_then(|to| to.e164.as_deref()), Some("+8613800000000"));
        let times = [call.ringing_at, call.answered_at, call.ended_at].map(|time| time.is_some());
        let of = |wanted| expected == wanted;
        assert_eq!(times, [of(EventType::CallRinging), of(EventType::CallAnswered), of(EventType::CallEnded)]);
        assert_eq!(event.outcome.is_some(), of(EventType::CallEnded));
        assert_eq!(event.links.custom.as_deref(), Some("crm-77"));
        assert_eq!(event.raw.as_ref().map(|raw| raw.0.get().to_owned()), Some(body.to_string()));
    }
    let timeless = read(STATUS, status_of("alerting", json!({"timestamp": "now"})));
    assert_eq!(timeless[0].occurred_at_basis, Basis::Sent);
}

#[test]
fn the_two_parties_of_a_callback_ring_each() {
    let key = |event_type: &str, called: &str| read(STATUS, status_of(event_type, json!({"called": called})))[0].key;
    for event_type in ["alerting", "answer"] {
        assert_ne!(key(event_type, "+8613800000000"), key(event_type, "+862150000009"));
    }
    assert_eq!(key("disconnect", "+8613800000000"), key("disconnect", "+862150000009"), "a session ends once");
}

#[test]
fn state_codes() {
    for (code, expected) in codes::STATE_CODE {
        let number: i64 = code.parse().expect("digits");
        for form in [json!(code), json!(number)] {
            let event =
                read(STATUS, status_of("disconnect", json!({"stateCode": form, "stateDesc": "text"}))).swap_remove(0);
            assert_eq!(event.outcome, Some(*expected), "{code}");
            let cause = event.cause.expect("a cause");
            assert_eq!(
                (cause.interface.as_str(), cause.code.as_str(), cause.text.as_deref()),
                ("stateCode", *code, Some("text"))
            );
        }
    }
    let unknown = read(STATUS, status_of("disconnect", json!({"stateCode": 9999}))).swap_remove(0);
    assert_eq!(
        (unknown.outcome, unknown.cause.map(|cause| cause.code).as_deref()),
        (Some(Outcome::Unknown), Some("9999"))
    );
    assert!(codes::STATE_CODE.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, and no code twice");
}

#[test]
fn a_record_of_a_notification() {
    let event = ended(record_of(json!({})));
    assert_eq!(
        (event.outcome, event.handled_by, &event.cause),
        (Some(Outcome::Answered), Some(HandledBy::Announcement), &None)
    );
    let call = event.call.as_ref().expect("a call");
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(4_000), Some(14_000), Some(20_000)));
    assert_eq!(event.occurred_at.to_string(), "2024-03-01T08:00:20.000Z");
    assert_eq!(event.raw.as_ref().map(|raw| raw.0.get().to_owned()), Some(record_of(json!({})).to_string()));
    let failed = ended(record_of(
        json!({"callOutAnswerTime": "", "callEndTime": null, "failTime": "2024-03-01 08:00:30", "callOutUnaswRsn": 17}),
    ));
    assert_eq!(
        (failed.outcome, failed.occurred_at.to_string().as_str()),
        (Some(Outcome::Busy), "2024-03-01T08:00:30.000Z")
    );
    assert_eq!(failed.handled_by, None);
}

#[test]
fn a_record_of_a_callback_is_about_the_second_party() {
    let event = ended(callback_of(json!({})));
    let call = event.call.as_ref().expect("a call");
    assert_eq!(call.to.as_ref().map(|to| to.raw.as_str()), Some("+8613800000000"));
    assert_eq!(call.from.as_ref().map(|from| from.raw.as_str()), Some("+862150000001"));
    assert_eq!((event.outcome, event.handled_by, call.talk_ms), (Some(Outcome::Answered), None, Some(5_000)));
    let unanswered = ended(callback_of(json!({"fwdAnswerTime": "", "fwdUnaswRsn": 19})));
    assert_eq!(unanswered.outcome, Some(Outcome::NoAnswer), "although the first party picked up");
    assert_eq!(unanswered.cause.map(|cause| cause.interface).as_deref(), Some("fwdUnaswRsn"));
    let first_party_busy = json!({
        "callOutAnswerTime": "", "callOutUnaswRsn": 17, "fwdStartTime": "", "fwdAlertingTime": "", "fwdAnswerTime": "",
    });
    let never_dialled = ended(callback_of(first_party_busy));
    assert_eq!(never_dialled.outcome, Some(Outcome::Failed), "it is not the second party who was busy");
    assert_eq!(
        never_dialled.cause.map(|cause| (cause.interface, cause.code)),
        Some(("callOutUnaswRsn".into(), "17".into()))
    );
}

#[test]
fn causes_of_records() {
    let of = |q850: &str, sip: &str| {
        let event = ended(record_of(json!({"callOutAnswerTime": "", "callOutUnaswRsn": q850, "sipStatusCode": sip})));
        (event.outcome.expect("an outcome"), event.cause.map(|cause| format!("{} {}", cause.interface, cause.code)))
    };
    for (code, expected) in codes::Q850 {
        assert_eq!(of(code, "0"), (*expected, Some(format!("callOutUnaswRsn {code}"))));
    }
    for (code, expected) in codes::SIP {
        assert_eq!(of("0", code), (*expected, Some(format!("sipStatusCode {code}"))));
    }
    assert_eq!(of("31", "486"), (Outcome::Busy, Some("sipStatusCode 486".into())), "31 says nothing");
    assert_eq!(of("31", "0"), (Outcome::Unknown, Some("callOutUnaswRsn 31".into())));
    assert_eq!(of("17", "480"), (Outcome::Busy, Some("callOutUnaswRsn 17".into())));
    assert_eq!(of("0", "0"), (Outcome::Unknown, None));
    assert_eq!(ended(record_of(json!({"callOutUnaswRsn": 31}))).outcome, Some(Outcome::Answered));
}

#[test]
fn a_call_ends_once_whoever_tells_it() {
    let notified = read(STATUS, status_of("disconnect", json!({"stateCode": 0}))).swap_remove(0);
    assert_eq!(ended(record_of(json!({}))).key, notified.key);
    assert_eq!(ended(record_of(json!({"icid": "other"}))).key, notified.key);
    assert_eq!(ended(record_of(json!({}))).material(), notified.material(), "a duplicate, not a revision");
    assert_ne!(ended(record_of(json!({"sessionId": "other"}))).key, notified.key);
}

#[test]
fn recordings_and_key_presses_of_records() {
    let body = record_of(
        json!({"recordFlag": 1, "recordObjectName": "24030108.wav", "recordDomain": "ostor.example", "dynIVRPath": "0-2-3"}),
    );
    let events = read(FEE, records(&[body]));
    let [ended, recorded] = events.as_slice() else { panic!("two events") };
    assert_eq!(ended.key_presses, ["0", "2", "3"]);
    let recording = recorded.recording.as_ref().expect("a recording");
    assert_eq!(
        (recording.location.as_str(), recording.id.as_deref()),
        ("ostor.example/24030108.wav", Some("24030108.wav"))
    );
    assert!(ended.material().findings > 0);
}

#[test]
fn every_record_is_a_call_and_a_bad_one_refuses_all() {
    let fifty: Vec<_> = (0..50).map(|n| record_of(json!({"sessionId": format!("s-{n}")}))).collect();
    let events = read(FEE, records(&fifty));
    assert_eq!(events.iter().map(|event| event.key).collect::<std::collections::BTreeSet<_>>().len(), 50);
    let long = "x".repeat(257);
    for (bad, reason, detail) in [
        (record_of(json!({"sessionId": null})), Reason::FieldMissing, "feeLst[1].sessionId is absent"),
        (record_of(json!({"sessionId": long})), Reason::FieldInvalid, "feeLst[1].sessionId is longer"),
        (json!("x"), Reason::FieldInvalid, "feeLst[1].* cannot be read"),
        (json!([1]), Reason::FieldInvalid, "feeLst[1].* cannot be read"),
    ] {
        let reject = refused(FEE, records(&[record_of(json!({})), bad]));
        assert!(reject.reason == reason && reject.detail.starts_with(detail), "{reject}");
    }
}

#[test]
fn the_demo_is_understood_and_lists_its_types() {
    for (kind, body) in HuaweiVoiceCall.demo().samples {
        let kind = KINDS.iter().find(|known| known.name == *kind).expect("a kind");
        for event in read(kind.name, *body) {
            assert!(kind.events.contains(&event.event_type));
            assert_ne!(event.outcome, Some(Outcome::Unknown));
        }
    }
}

mod hostile;
