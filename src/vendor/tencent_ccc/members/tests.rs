use super::super::wire::{Cdr, Record};
use super::*;

fn cdr(json: &str) -> Cdr {
    object(json.as_bytes()).expect("reads")
}

fn pressed(json: &str) -> Vec<String> {
    cdr(json).ivr_key_pressed.into_iter().map(|press| press.key).collect()
}

#[test]
fn the_last_of_two_members_wins() {
    assert_eq!(cdr(r#"{"SessionId":"a","SessionId":"b"}"#).session_id.as_deref(), Some("b"));
    let user = &cdr(r#"{"SeatUser":{"Mail":"a@x","Mail":"b@x"}}"#).seat_user;
    assert_eq!(user[0].mail.as_deref(), Some("b@x"));
}

#[test]
fn nothing_never_replaces_something() {
    for json in [r#"{"Uui":"a","Uui":null}"#, r#"{"UUI":"a","Uui":""}"#, r#"{"Uui":"","UUI":"a","Uui":null}"#] {
        assert_eq!(cdr(json).uui.as_deref(), Some("a"), "{json}");
    }
}

#[test]
fn spellings_of_one_member() {
    assert_eq!(cdr(r#"{"SessionID":"a"}"#).session_id.as_deref(), Some("a"));
    assert_eq!(cdr(r#"{"StartTimeStamp":5}"#).start_timestamp, Some(5));
    assert_eq!(cdr(r#"{"StartTimestamp":"5"}"#).start_timestamp, Some(5));
    assert_eq!(pressed(r#"{"IVRKeyPressed":[{"key":"1","label":"yes"},{"Key":"2"}]}"#), ["1", "2"]);
}

#[test]
fn lists_objects_and_nothing() {
    for (json, count) in [
        (r#"{}"#, 0),
        (r#"{"ServeParticipants":null}"#, 0),
        (r#"{"ServeParticipants":[]}"#, 0),
        (r#"{"ServeParticipants":{"Mail":"a@x"}}"#, 1),
        (r#"{"ServeParticipants":[{"Mail":"a@x"},{"Mail":7}]}"#, 2),
        (r#"{"ServeParticipants":[null,"a@x",["a@x"],{"Mail":"a@x"}]}"#, 1),
        (r#"{"ServeParticipants":"a@x"}"#, 0),
    ] {
        assert_eq!(cdr(json).serve_participants.len(), count, "{json}");
    }
}

#[test]
fn keys_in_any_clothes() {
    assert_eq!(pressed(r#"{"IVRKeyPressed":["1","*","",null,2]}"#), ["1", "*", "2"]);
    assert_eq!(
        pressed(r#"{"IVRKeyPressed":[{"Key":1},{"Key":"noInput"},{"Key":null},{"Label":"x"},{"Key":"yes"}]}"#),
        ["1", "yes"]
    );
    assert_eq!(pressed(r#"{"IVRKeyPressed":"1"}"#), ["1"]);
    assert_eq!(pressed(r#"{"IVRKeyPressed":null}"#), [""; 0]);
}

#[test]
fn numbers_and_texts() {
    let record: Record =
        object(br#"{"EndpointUser":8613800000001,"SdkAppId":"1400000000","Timestamp":"7"}"#).expect("reads");
    assert_eq!(record.endpoint_user.as_deref(), Some("8613800000001"));
    assert_eq!(record.sdk_app_id.as_deref(), Some("1400000000"));
    assert_eq!(record.timestamp, Some(7));
}

#[test]
fn only_an_object_is_a_body() {
    for bad in ["", "[]", "[[\"1400000000\"]]", "7", "\"x\"", "null", "{\"a\":1", "{\"a\":1}x", "{\"a\":\"\\ud800\"}"] {
        let reject = object::<Cdr>(bad.as_bytes()).map(|_| ()).expect_err("refused");
        assert_eq!(reject.reason, Reason::BodyNotJson, "{bad}");
    }
    for bad in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18)] {
        assert_eq!(object::<Cdr>(bad.as_bytes()).map(|_| ()).expect_err("refused").reason, Reason::BodyNotJson);
    }
}
