use super::*;
use crate::event::HandledBy;

#[test]
fn outbound_by_the_reason_the_outside_leg_ended() {
    for (reason, expected, told) in [
        ("Released", "unknown", None),
        ("released", "unknown", None),
        ("NoAnswer", "no_answer", Some("NoAnswer")),
        ("no-answer", "no_answer", Some("no-answer")),
        ("Line Busy", "busy", Some("Line Busy")),
        ("Rejected", "rejected", Some("Rejected")),
        ("Declined", "rejected", Some("Declined")),
        ("InvalidNumber", "invalid_number", Some("InvalidNumber")),
        ("Gremlins", "unknown", Some("Gremlins")),
        ("", "unknown", None),
    ] {
        let event = only(interaction("", &unanswered(reason)));
        let told = told.map(|code| ("channels.endReason", code));
        assert_eq!((outcome(&event), cause(&event)), (expected, told), "{reason}");
        assert_eq!((event.handled_by, event.call.and_then(|call| call.talk_ms)), (None, None));
    }
}

#[test]
fn reasons_can_be_configured() {
    let api = "reasons = { released = \"no_answer\", gremlins = \"blocked\" }";
    for (reason, expected) in [("Released", "no_answer"), ("Gremlins", "blocked"), ("Busy", "busy")] {
        assert_eq!(outcome(&only(interaction(api, &unanswered(reason)))), expected);
    }
}

#[test]
fn the_leg_of_the_agent_never_decides() {
    let mut body = unanswered("Released");
    body["channels"][1]["endReason"] = "NoAnswer".into();
    assert_eq!(outcome(&only(interaction("", &body))), "unknown");
    body["channels"].as_array_mut().expect("a list").remove(0);
    let event = only(interaction("", &body));
    assert_eq!((outcome(&event), cause(&event)), ("unknown", None), "the outside was never dialled");
    assert_eq!(event.call.and_then(|call| call.answered_at), None);
}

#[test]
fn connected_for_no_time_is_not_answered() {
    for duration in [json!(0), Value::Null, json!(-1), json!("x")] {
        let mut body = row();
        body["channels"][0]["events"][1]["duration"] = duration.clone();
        assert_eq!(outcome(&only(interaction("", &body))), "unknown", "{duration}");
    }
}

#[test]
fn inbound_is_answered_abandoned_or_unknown() {
    let mut body = row();
    body["direction"] = "Inbound".into();
    let event = only(interaction("", &body));
    assert_eq!((outcome(&event), event.call.and_then(|call| call.ringing_at)), ("answered", None), "the caller's leg");

    let mut body = unanswered("Busy");
    body["direction"] = "Inbound".into();
    assert_eq!(outcome(&only(interaction("", &body))), "unknown", "not the caller was busy");
    for text in ["Abandoned in queue", "Caller abandoned"] {
        body["outcome"] = text.into();
        let event = only(interaction("", &body));
        assert_eq!(outcome(&event), "cancelled");
        assert_eq!(event.cause.and_then(|cause| cause.text).as_deref(), Some(text));
    }
    let mut outbound = unanswered("Released");
    outbound["outcome"] = "Abandoned".into();
    assert_eq!(outcome(&only(interaction("", &outbound))), "unknown", "the text alone says nothing");
}

#[test]
fn several_legs_to_the_outside() {
    let mut body = row();
    let mut transfer = body["channels"][0].clone();
    transfer["offset"] = 90_000.into();
    transfer["duration"] = 30_000.into();
    transfer["events"] = json!([{"type": "connected", "offset": 1000, "duration": 20_000}]);
    body["channels"].as_array_mut().expect("a list").push(transfer);
    let call = only(interaction("", &body)).call.expect("a call");
    assert_eq!(call.talk_ms, Some(95_000));
    assert_eq!(call.answered_at.map(|at| at.to_string()).as_deref(), Some("2025-11-21T10:00:06.700Z"));
    assert_eq!(call.ended_at.map(|at| at.to_string()).as_deref(), Some("2025-11-21T10:02:00.000Z"));
}

#[test]
fn the_agent_who_spoke_is_named() {
    let mut body = row();
    let mut first = body["channels"][1].clone();
    first["party"]["id"] = "00001".into();
    first["events"] = json!([{"type": "Ringing", "offset": 0, "duration": 20_000}]);
    body["channels"].as_array_mut().expect("a list").insert(0, first.clone());
    let event = only(interaction("", &body));
    let agent = |event: Event| event.call.and_then(|call| call.agent).and_then(|agent| agent.id);
    assert_eq!((event.handled_by, agent(event).as_deref()), (Some(HandledBy::Agent), Some("00815")));

    body["channels"].as_array_mut().expect("a list").pop();
    let event = only(interaction("", &body));
    assert_eq!((outcome(&event), event.handled_by), ("answered", None), "no agent was connected");
    assert_eq!(agent(event).as_deref(), Some("00001"));
}

#[test]
fn roles_of_the_outside_are_those_of_the_webhooks() {
    let mut body = row();
    body["channels"][0]["party"]["role"] = "Kunde".into();
    assert_eq!(outcome(&only(interaction("", &body))), "unknown");
    let adapter = adapter("customer_roles = [\"kunde\"]", API).expect("settings");
    assert_eq!(outcome(&only(read(&mut *ask(&*adapter, hinted(CALL)), &body).expect("read"))), "answered");
}
