use http::Method;

use super::*;
use crate::event::{Basis, Direction, EventKey, EventType, HandledBy};
use crate::vendor::vonage_vcc::KINDS;
use crate::vendor::{Inbound, Verified};

#[test]
fn the_request() {
    let adapter = with("stats_version = 2");
    let request = next(&mut *ask(&*adapter, hinted(CALL))).expect("a request");
    assert_eq!((request.action, request.method), ("interactions", Method::GET));
    assert_eq!(request.url, format!("https://emea.api.cc.vonage.com/stats/interactions/{CALL}"));
    assert_eq!(
        request.headers,
        [("accept", "application/vnd.newvoicemedia.v2+json".to_owned()), ("authorization", "Bearer t-1".to_owned())]
    );
    assert!(request.body.is_empty());
}

#[test]
fn without_an_account_key_placed_calls_are_interactions() {
    let api = API.replace("account_key", "# account_key");
    let adapter = adapter("", &api).expect("settings");
    let request = next(&mut *ask(&*adapter, placed(CALL, 2 * 24 * 3600))).expect("a request");
    assert_eq!(request.url, format!("https://emea.api.cc.vonage.com/stats/interactions/{CALL}"));
}

#[test]
fn times_count_from_the_start_of_the_interaction() {
    let event = only(interaction("", &row()));
    assert_eq!((event.subject.as_str(), event.event_type, event.channel), (CALL, EventType::CallEnded, Channel::Poll));
    assert_eq!(event.key, EventKey::new("vonage-vcc", "acme", EventType::CallEnded, &[CALL]));
    assert_eq!((outcome(&event), event.handled_by), ("answered", Some(HandledBy::Agent)));
    assert_eq!(cause(&event), Some(("channels.endReason", "Released")));
    assert_eq!(event.cause.as_ref().and_then(|cause| cause.text.as_deref()), Some("Handled by agent"));
    assert_eq!(event.links.conversation.as_deref(), Some("b0000000-0000-4000-8000-0000000000b1"));
    assert_eq!(event.raw.as_ref().map(|raw| raw.0.get()), Some(row().to_string().as_str()));
    assert_eq!(event.disposition, None);

    let call = event.call.expect("a call");
    let text = |at: Option<Instant>| at.map(|at| at.to_string()).unwrap_or_default();
    assert_eq!(text(call.started_at), "2025-11-21T10:00:00.000Z");
    assert_eq!(text(call.ringing_at), "2025-11-21T10:00:00.600Z");
    assert_eq!(text(call.answered_at), "2025-11-21T10:00:06.700Z");
    assert_eq!(text(call.ended_at), "2025-11-21T10:01:21.828Z");
    assert_eq!((event.occurred_at, event.occurred_at_basis), (call.ended_at.expect("a time"), Basis::Vendor));
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(6100), Some(75_000), Some(81_828)));
    assert_eq!(call.direction, Some(Direction::Outbound));
    assert_eq!(call.from.and_then(|from| from.e164).as_deref(), Some("+442079460001"));
    assert_eq!(call.to.and_then(|to| to.e164).as_deref(), Some("+442079460002"));
    assert_eq!(call.agent.and_then(|agent| agent.id).as_deref(), Some("00815"));
}

#[test]
fn offsets_of_events_can_count_from_the_interaction() {
    let event = only(interaction("event_offsets = \"interaction\"", &row()));
    let call = event.call.expect("a call");
    assert_eq!(call.answered_at.map(|at| at.to_string()).as_deref(), Some("2025-11-21T10:00:06.200Z"));
    assert_eq!(call.ended_at.map(|at| at.to_string()).as_deref(), Some("2025-11-21T10:01:21.828Z"));
}

#[test]
fn numbers_without_a_plus_follow_the_settings() {
    let e164 = |api: &str, country: Option<&str>| {
        let adapter = with(api);
        let context = Context { country: country.map(|it| it.parse().expect("a country")), ..context() };
        let found = ask(&*adapter, hinted(CALL)).read(&response(200, row().to_string()), &context).expect("read");
        let call = only(found).call.expect("a call");
        [call.from, call.to].map(|phone| phone.expect("a number").e164.unwrap_or_default())
    };
    assert_eq!(e164("", None), ["", ""], "never guessed");
    assert_eq!(e164("numbers = \"international\"", None), ["", "+442079460002"]);
    assert_eq!(e164("", Some("GB")), ["+442079460001", "+442079460002"]);
}

#[test]
fn without_times_of_legs_the_interaction_tells_the_end() {
    let mut body = row();
    body["channels"] = json!([]);
    let event = only(interaction("", &body));
    assert_eq!((outcome(&event), event.occurred_at.to_string().as_str()), ("unknown", "2025-11-21T10:01:23.340Z"));
    assert_eq!(event.call.expect("a call").ended_at, None, "that is the end of the agent's work");
    for (name, value) in [("duration", Value::Null), ("start", "soon".into()), ("duration", i64::MAX.into())] {
        let mut body = body.clone();
        body[name] = value;
        assert_eq!(only(interaction("", &body)).occurred_at_basis, Basis::Received, "{name}");
    }
}

#[test]
fn an_interaction_that_goes_on_stays_open() {
    for status in [json!("Ongoing"), Value::Null, json!("Complete"), json!(7)] {
        let mut body = row();
        body["status"] = status.clone();
        assert!(interaction("", &body).is_empty(), "{status}");
    }
}

#[test]
fn an_interaction_that_is_not_there_yet_stays_open() {
    let adapter = with("");
    let mut inquiry = ask(&*adapter, hinted(CALL));
    assert!(read_with(&mut *inquiry, 404, r#"{"message":"Not found"}"#).expect("open").is_empty());
    assert!(next(&mut *inquiry).is_none());
}

#[test]
fn another_interaction_says_nothing() {
    let mut body = row();
    body["guid"] = OTHER.into();
    assert!(interaction("", &body).is_empty());
}

#[test]
fn calls_between_agents_and_other_media_are_never_settled() {
    for (name, value) in [("direction", "Internal"), ("direction", "internal"), ("medium", "Email")] {
        let mut body = row();
        body[name] = value.into();
        let adapter = with("");
        let mut inquiry = ask(&*adapter, hinted(CALL));
        assert_eq!(read(&mut *inquiry, &body).expect_err("no call").class, FailureClass::Permanent, "{value}");
        body["status"] = "Ongoing".into();
        assert!(read(&mut *inquiry, &body).expect("open").is_empty());
    }
    let mut body = row();
    body["medium"] = "voice".into();
    assert_eq!(interaction("media = [\"Phone\", \"Voice\"]", &body).len(), 1);
    body["medium"] = Value::Null;
    assert_eq!(interaction("", &body).len(), 1, "what has no medium may be a call");
}

#[test]
fn failures_look_at_the_body_first() {
    for (status, body, expected) in [
        (
            400,
            r#"{"statusCode":400,"error":"Bad Request","message":"Invalid Accept header!"}"#,
            FailureClass::Configuration,
        ),
        (400, r#"{"message":"Invalid api-version! Valid values: 2,3"}"#, FailureClass::Configuration),
        (400, r#"{"message":"+442079460002"}"#, FailureClass::Permanent),
        (401, r#"{"message":"Unauthorized"}"#, FailureClass::Token),
        (403, "{}", FailureClass::Configuration),
        (429, "", FailureClass::Throttled),
        (502, "<html>", FailureClass::Retry),
        (200, "{}", FailureClass::Retry),
        (200, r#"{"guid":null,"status":"Completed"}"#, FailureClass::Retry),
    ] {
        let adapter = with("");
        let mut inquiry = ask(&*adapter, hinted(CALL));
        let failure = read_with(&mut *inquiry, status, body).expect_err("a failure");
        assert_eq!(failure.class, expected, "{status} {body}");
        assert!(!failure.to_string().contains("4420"), "{failure}");
        assert!(next(&mut *inquiry).is_some(), "asked again");
    }
}

#[test]
fn asked_for_or_pushed_is_one_fact() {
    let pushed = include_str!("../../demo/ended.json");
    let inbound =
        Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers: HeaderMap::new(), body: pushed.into() };
    let pushed_context = Context { channel: Channel::Callback, ..context() };
    let adapter = with("");
    let facts = adapter.normalise(&Verified::new(inbound, None), &pushed_context).expect("understood");
    let pushed = only(facts.events);

    let mut body = unanswered("Released");
    body["guid"] = "D0000000-0000-4000-8000-000000000001".into();
    let call = facts.hints[0].call.clone();
    let polled = only(read(&mut *ask(&*adapter, hinted(&call)), &body).expect("read"));
    assert_eq!((polled.key, &polled.subject, polled.event_type), (pushed.key, &pushed.subject, pushed.event_type));
    assert_eq!((polled.outcome, &polled.cause), (pushed.outcome, &pushed.cause));
    assert_eq!((polled.material(), polled.channel), (pushed.material(), Channel::Poll));

    let mut body = row();
    body["guid"] = call.clone().into();
    let better = only(read(&mut *ask(&*adapter, hinted(&call)), &body).expect("read"));
    assert_eq!(better.key, pushed.key);
    assert_ne!(better.material(), pushed.material(), "a revision");
}
