//! What `action=record` and `action=voicemail` say.

use super::*;

fn record() -> Value {
    json!({
        "SdkAppId": 1_400_000_000, "SessionId": SESSION, "RecordId": "rec-1", "Timestamp": 1_734_345_640,
        "EndpointUser": "008613800000001", "RecordURL": "http://recordings.example/1/rec-1.mp3",
    })
}

fn message() -> Value {
    let mut body = record();
    body["RecordId"].take();
    body["EndpointUser"] = json!(8_613_800_000_001_u64);
    body
}

fn changed(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[test]
fn a_recording_of_one_participant() {
    let event = read(RECORD, &record());
    assert_eq!(event.event_type, EventType::RecordingAvailable);
    assert_eq!(event.key, key(EventType::RecordingAvailable, &[SESSION, "rec-1"]));
    assert_eq!(event.record_key(), read(CDR, &answered()).record_key(), "the call's partition");
    assert_eq!(event.occurred_at.to_string(), "2024-12-16T10:40:40.000Z");
    assert_eq!(event.occurred_at_basis, Basis::Vendor);
    assert_eq!(event.outcome, None);
    let recording = event.recording.expect("a recording");
    assert_eq!(recording.location, "http://recordings.example/1/rec-1.mp3");
    assert_eq!(recording.id.as_deref(), Some("rec-1"));
    let call = event.call.expect("a call");
    assert_eq!((call.from, call.to, call.agent), (None, None, None), "the side of the number is not known");
}

#[test]
fn each_participant_has_a_recording() {
    let agent = changed(changed(record(), "RecordId", json!("rec-2")), "EndpointUser", json!("agent@example.com"));
    let event = read(RECORD, &agent);
    assert_ne!(event.key, read(RECORD, &record()).key);
    let found = event.call.expect("a call").agent.expect("an agent");
    assert_eq!(found.id.as_deref(), Some("agent@example.com"));
}

#[test]
fn the_address_is_no_part_of_a_recordings_identity() {
    let first = read(RECORD, &record());
    let moved = changed(record(), "RecordURL", json!("https://other.example/rec-1.mp3?sign=1"));
    assert_eq!(read(RECORD, &moved).key, first.key);
    let spelled = changed(record(), "SessionId", json!(SESSION.replace('-', "")));
    assert_eq!(read(RECORD, &spelled).key, first.key);
}

#[test]
fn the_copy_in_ones_own_storage_stands_in() {
    let both = changed(record(), "CustomRecordURL", json!("https://own.example/rec-1.mp3"));
    let location = |body: &Value| read(RECORD, body).recording.expect("a recording").location;
    assert_eq!(location(&both), "http://recordings.example/1/rec-1.mp3");
    assert_eq!(location(&changed(both, "RecordURL", json!(""))), "https://own.example/rec-1.mp3");
}

#[test]
fn a_voicemail_is_told_apart_by_its_file() {
    let event = read(VOICEMAIL, &message());
    let ids = [SESSION, "voicemail", "recordings.example/1/rec-1.mp3"];
    assert_eq!(event.key, key(EventType::RecordingAvailable, &ids));
    assert_eq!(event.recording.as_ref().expect("a recording").id, None);
    assert_ne!(event.key, read(RECORD, &record()).key);
    for url in [
        "https://recordings.example/1/rec-1.mp3",
        "http://recordings.example/1/rec-1.mp3?sign=2&t=3",
        "http://recordings.example/1/rec-1.mp3#x",
    ] {
        assert_eq!(read(VOICEMAIL, &changed(message(), "RecordURL", json!(url))).key, event.key, "{url}");
    }
    let other = changed(message(), "RecordURL", json!("http://recordings.example/1/rec-9.mp3"));
    assert_ne!(read(VOICEMAIL, &other).key, event.key);
    assert_eq!(read(VOICEMAIL, &changed(message(), "Timestamp", json!(1))).key, event.key);
}

#[test]
fn a_voicemail_needs_no_version() {
    let events = deliver(&settings(&[]), "action=voicemail", message().to_string(), None).expect("understood");
    assert_eq!(events.len(), 1);
}

#[test]
fn what_identifies_a_recording_is_needed() {
    for (action, body, fields) in [
        (RECORD, record(), &["SdkAppId", "SessionId", "RecordId", "RecordURL"][..]),
        (VOICEMAIL, message(), &["SdkAppId", "SessionId", "RecordURL"]),
    ] {
        for field in fields {
            for nothing in [json!(null), json!(""), json!({}), json!([])] {
                let reject = refused(&format!("action={action}"), changed(body.clone(), field, nothing).to_string());
                assert_eq!(reject.reason, Reason::FieldMissing);
                assert!(reject.detail.starts_with(field), "{reject}");
            }
        }
    }
}
