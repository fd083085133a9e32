use serde_json::value::RawValue;

use super::*;
use crate::event::{EventKey, EventType};

const BODY_ID: &str = "a0000000-0000-4000-8000-00000000000a";

fn common() -> Placed {
    let (destination, reference) = (Some("+442079460002".to_owned()), Some("ref-1".to_owned()));
    Placed { destination, reference, ..placed("", 1) }
}

fn created(answer: &Value, location: Option<&str>, common: &Placed) -> Result<Placement, Reject> {
    let answer = RawValue::from_string(answer.to_string()).expect("JSON");
    poller(&*with("")).created(&Created { answer: &answer, location, common, calls: &[] }, &context())
}

fn answer() -> Value {
    json!({
        "id": BODY_ID, "links": [{"href": format!("/V0/OTHER/Calls/{}", OTHER.to_uppercase()), "rel": "_self"}],
        "from": {"agentId": "00815"}, "to": {"telephoneNumber": "02079460002"},
    })
}

#[test]
fn the_id_is_in_location_and_not_in_the_body() {
    let address = format!("https://emea.cc.vonage.com/v0/demo-account-key/calls/{}", CALL.to_uppercase());
    for location in [address.clone(), format!("{address}/"), format!("{address}?a=1#b"), CALL.to_owned()] {
        let placement = created(&answer(), Some(&location), &common()).expect("read");
        assert_eq!(placement.placed, [Placed { call: CALL.to_owned(), ..common() }], "{location}");
        assert!(placement.events.is_empty());
    }
}

#[test]
fn or_else_in_the_link_to_itself() {
    for location in [None, Some(""), Some("https://emea.cc.vonage.com/v0/demo-account-key/calls/")] {
        let placement = created(&answer(), location, &common()).expect("read");
        assert_eq!(placement.placed, [Placed { call: OTHER.to_owned(), ..common() }], "{location:?}");
    }
}

#[test]
fn without_either_the_call_has_no_name() {
    for body in
        [json!({"id": BODY_ID}), json!({"id": BODY_ID, "links": [{"href": format!("/x/{CALL}"), "rel": "agent"}]})]
    {
        let reject = created(&body, None, &common()).expect_err("refused");
        assert_eq!(reject.reason, Reason::FieldMissing);
        assert!(reject.detail.contains("location"), "{reject}");
    }
}

#[test]
fn every_error_the_vendor_documents() {
    for (message, code, expected) in [
        ("The number is invalid", "number is invalid", "invalid_number"),
        ("Telephone number exceeds 30 characters", "telephone number exceeds", "invalid_number"),
        ("Agent Number Busy", "agent number busy", "failed"),
        ("The dialed Agent is not currently available", "dialed agent is not currently available", "busy"),
        ("Unable to place call to Agent. Please try again", "please try again", "failed"),
        ("Ccxml is not enabled", "other", "failed"),
    ] {
        let body = json!({ "message": message });
        let placement = created(&body, None, &common()).expect("read");
        assert!(placement.placed.is_empty());
        let event = only(placement.events);
        let key = EventKey::new("vonage-vcc", "acme", EventType::CallEnded, &["refused", "ref-1"]);
        assert_eq!((event.subject.as_str(), event.key), ("ref-1", key));
        assert_eq!((outcome(&event), cause(&event)), (expected, Some(("calls.message", code))), "{message}");
        assert_eq!(event.cause.as_ref().and_then(|cause| cause.text.as_deref()), Some(message));
        assert_eq!(event.raw.as_ref().map(|raw| raw.0.get()), Some(body.to_string().as_str()));
        let to = event.call.and_then(|call| call.to).expect("a number");
        assert_eq!(to.e164.as_deref(), Some("+442079460002"));
    }
}

#[test]
fn without_a_reference_there_is_nothing_to_tell() {
    let nobody = Placed { reference: None, ..common() };
    let reject = created(&json!({"message": "Agent number busy"}), None, &nobody).expect_err("refused");
    assert!(reject.detail.contains("give a reference"), "{reject}");
}

#[test]
fn a_long_text_is_cut() {
    let placement = created(&json!({"message": "ü".repeat(1000)}), None, &common()).expect("read");
    let text = only(placement.events).cause.and_then(|cause| cause.text).expect("a text");
    assert_eq!(text.chars().count(), 256);
}

#[test]
fn answers_that_are_none() {
    for body in [json!(null), json!([]), json!("02079460002"), json!({"links": "02079460002"}), json!({"links": [7]})] {
        let reject = created(&body, None, &common()).expect_err("refused");
        assert!(!reject.to_string().contains("0207"), "{reject}");
    }
}

#[test]
fn a_destination_is_read_in_the_sources_country_first() {
    for (number, e164) in
        [("02079460002", "+442079460002"), ("442079460002", "+442079460002"), ("14155550100", "+14155550100")]
    {
        let common = Placed { destination: Some(number.to_owned()), ..common() };
        let event = only(created(&json!({"message": "no"}), None, &common).expect("read").events);
        let to = event.call.and_then(|call| call.to).expect("a number");
        assert_eq!((to.raw.as_str(), to.e164.as_deref()), (number, Some(e164)));
    }
}
