use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{KINDS, customer_roles, verify};
use super::*;
use crate::event::Channel as Way;
use crate::event::EventKey;
use crate::vendor::Inbound;

const INTERACTION: &str = "d0000000-0000-4000-8000-0000000000D1";
const LEG: &str = "c0000000-0000-4000-8000-0000000000C1";

fn settings() -> Settings {
    Settings {
        secrets: Vec::new(),
        secret_files: Vec::new(),
        freshness_seconds: verify::LIFE,
        leeway_seconds: 30,
        customer_roles: customer_roles(),
        agent_legs: AgentLegs::Ignore,
        reasons: Default::default(),
        api: None,
    }
}

fn context() -> Context {
    Context {
        source: "vcc".into(),
        vendor: "vonage-vcc",
        account: "acme".into(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Way::Callback,
        received_at: Instant::from_unix(1_734_345_700).expect("a time"),
    }
}

fn run(settings: &Settings, body: impl Into<Bytes>) -> Result<Facts, Reject> {
    let inbound =
        Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, Instant::from_unix(1_734_345_678)), &context())
}

fn notification(name: &str, role: &str, reason: Option<&str>) -> Value {
    let mut body = json!({
        "specversion": "1.0", "type": format!("channel.{name}.v1"), "id": "2VejGqWZPqHXHVNcfUPUO8IASAp",
        "source": "/channel", "subject": LEG, "time": "2024-12-16T10:41:17.5251234Z",
        "datacontenttype": "application/json",
        "data": {"timestamp": "2024-12-16T10:41:17.000Z", "channel": {
            "conversationId": "B0000000-0000-4000-8000-0000000000B1", "interactionId": INTERACTION, "channelId": LEG,
            "party": {"role": role, "agentId": "00815", "userId": "a0000000-0000-4000-8000-0000000000a1"}}},
    });
    if let Some(reason) = reason {
        body["data"]["reason"] = reason.into();
    }
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
    EventKey::new("vonage-vcc", "acme", event_type, ids)
}

#[test]
fn a_customer_leg_rings_and_is_picked_up() {
    let (call, leg) = (INTERACTION.to_lowercase(), LEG.to_lowercase());
    for (name, event_type) in [("alerted", EventType::CallRinging), ("connected", EventType::CallAnswered)] {
        let event = event(&notification(name, "customer", None));
        assert_eq!(event.event_type, event_type);
        assert_eq!(event.key, key(event_type, &[&call, &leg]));
        assert_eq!(event.subject, call);
        assert_eq!(
            (event.occurred_at.to_string().as_str(), event.occurred_at_basis),
            ("2024-12-16T10:41:17.000Z", Basis::Vendor)
        );
        assert_eq!((event.outcome, event.handled_by), (None, None));
        assert_eq!(event.links.conversation.as_deref(), Some("b0000000-0000-4000-8000-0000000000b1"));
        let details = event.call.expect("a call");
        assert_eq!(
            (details.ringing_at.is_some(), details.answered_at.is_some()),
            (name == "alerted", name == "connected")
        );
        assert_eq!(details.agent, None);
    }
}

#[test]
fn every_documented_reason_of_a_customer_leg() {
    for &(reason, outcome) in codes::CONNECTION_FAILED {
        let event = event(&notification("connectionfailed", "Customer", Some(reason)));
        assert_eq!((event.event_type, event.outcome), (EventType::CallEnded, Some(outcome)));
        let cause = event.cause.expect("a cause");
        assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("channel.connectionfailed", reason));
    }
    for &(reason, outcome) in codes::ENDED {
        let event = event(&notification("ended", "External", Some(reason)));
        assert_eq!((event.event_type, event.outcome, event.cause), (EventType::CallEnded, Some(outcome), None));
        assert_eq!(event.key, key(EventType::CallEnded, &[&INTERACTION.to_lowercase()]), "the interaction alone");
        assert!(event.call.expect("a call").ended_at.is_some());
    }
}

#[test]
fn letter_case_of_a_reason_does_not_matter() {
    let event = event(&notification("connectionfailed", "customer", Some("Released")));
    assert_eq!(event.outcome, Some(Outcome::Failed));
    assert_eq!(event.cause.expect("a cause").code, "Released");
}

#[test]
fn an_unknown_reason_is_kept_and_can_be_configured() {
    for name in ["connectionfailed", "ended"] {
        let body = notification(name, "customer", Some("lineBusy"));
        let unknown = event(&body);
        assert_eq!(unknown.outcome, Some(Outcome::Unknown));
        assert_eq!(unknown.cause.expect("a cause").code, "lineBusy");

        let settings = Settings { reasons: [("linebusy".to_owned(), Outcome::Busy)].into(), ..settings() };
        let known = run(&settings, body.to_string()).expect("understood");
        assert_eq!(known.events[0].outcome, Some(Outcome::Busy));
    }
    let silent = event(&notification("connectionfailed", "customer", None));
    assert_eq!((silent.outcome, silent.cause), (Some(Outcome::Unknown), None));
}

#[test]
fn the_leg_of_an_agent_is_never_an_outcome() {
    for mode in [AgentLegs::Ignore, AgentLegs::Progress] {
        let settings = Settings { agent_legs: mode, ..settings() };
        for name in ["alerted", "connected", "connectionfailed", "ended"] {
            let facts = run(&settings, notification(name, "agent", Some("released")).to_string()).expect("understood");
            assert!(facts.events.iter().all(|event| event.outcome.is_none()));
            assert!(facts.events.iter().all(|event| event.event_type != EventType::CallEnded));
            let progress = mode == AgentLegs::Progress && matches!(name, "alerted" | "connected");
            assert_eq!(facts.events.len(), usize::from(progress), "{name} {mode:?}");
            assert_eq!(facts.hints, [Hint { call: INTERACTION.to_lowercase() }]);
            for event in facts.events {
                assert_eq!(event.handled_by, Some(HandledBy::Agent));
                let agent = event.call.and_then(|call| call.agent).expect("an agent");
                assert_eq!(agent.id.as_deref(), Some("00815"), "leading zeros stay");
            }
        }
    }
}

#[test]
fn a_role_that_is_not_configured_is_kept_for_replay() {
    let body = notification("connected", "Kunde", None);
    let reject = refused(&body);
    assert_eq!(reject.reason, Reason::FieldInvalid);
    assert!(reject.detail.contains("customer_roles") && !reject.detail.contains("Kunde"));
    let settings = Settings { customer_roles: vec!["kunde".into()], ..settings() };
    assert_eq!(run(&settings, body.to_string()).expect("understood").events.len(), 1);
}

#[test]
fn versions_0_and_1_and_no_other() {
    let mut body = notification("connected", "customer", None);
    body["type"] = "channel.connected.v0".into();
    assert_eq!(event(&body).event_type, EventType::CallAnswered);
    for kind in [
        "channel.connected.v2",
        "channel.connected",
        "channel.connected.v1.x",
        "Channel.connected.v1",
        "channel.disconnected.v1",
        "channel.wrapstarted.v1",
        "channel.resumed.v1",
        "channel.held.v1",
        "channel.retrieved.v1",
        "channel.parked.v1",
        "channel.unparked.v1",
        "channel.interrupted.v1",
        "agent.presencechanged.v1",
        "interaction.generatedinsights.v1",
        "x",
    ] {
        body["type"] = kind.into();
        assert_eq!(refused(&body).reason, Reason::NotHandled, "{kind}");
    }
}

#[test]
fn the_subject_stands_in_for_a_missing_channel_id() {
    let mut body = notification("alerted", "customer", None);
    let whole = event(&body).key;
    body["data"]["channel"].as_object_mut().expect("an object").remove("channelId");
    assert_eq!(event(&body).key, whole);
    body.as_object_mut().expect("an object").remove("subject");
    assert_eq!(refused(&body).reason, Reason::FieldMissing);
}

#[test]
fn repetitions_and_other_spellings_are_the_same_fact() {
    let first = notification("ended", "customer", Some("released"));
    let mut again = first.clone();
    again["id"] = "2VejGqWZPqHXHVNcfUPUO8IASAq".into();
    again["time"] = "2024-12-16T11:00:00.0000000Z".into();
    again["data"]["channel"]["interactionId"] = INTERACTION.to_lowercase().into();
    assert_eq!(event(&first).key, event(&again).key);
    assert_eq!(event(&first).subject, event(&again).subject);
    let failed = notification("connectionfailed", "customer", Some("released"));
    assert_eq!(event(&first).key, event(&failed).key, "one call ends once");
}

#[test]
fn times_fall_back_to_the_envelope_and_the_signature() {
    let mut body = notification("ended", "customer", None);
    body["data"]["timestamp"] = "soon".into();
    let sent = event(&body);
    assert_eq!(
        (sent.occurred_at.to_string().as_str(), sent.occurred_at_basis),
        ("2024-12-16T10:41:17.525Z", Basis::Sent)
    );
    assert_eq!(sent.call.expect("a call").ended_at, None);
    body["time"] = Value::Null;
    assert_eq!(event(&body).occurred_at.to_string(), "2024-12-16T10:41:18.000Z");
}

#[test]
fn what_identifies_must_be_there_and_readable() {
    let good = notification("connected", "customer", None);
    for (pointer, named) in [
        ("/type", "type"),
        ("/data", "data"),
        ("/data/channel", "data.channel"),
        ("/data/channel/interactionId", "data.channel.interactionId"),
        ("/data/channel/party", "data.channel.party.role"),
        ("/data/channel/party/role", "data.channel.party.role"),
    ] {
        for wrong in [Value::Null, json!([]), json!(""), json!({})] {
            let mut body = good.clone();
            *body.pointer_mut(pointer).expect("a member") = wrong.clone();
            let reject = refused(&body);
            assert_eq!(reject.reason, Reason::FieldMissing, "{pointer} {wrong}");
            assert!(reject.detail.starts_with(named), "{pointer}: {reject}");
        }
    }
    let mut long = good.clone();
    long["data"]["channel"]["interactionId"] = "x".repeat(257).into();
    assert_eq!(refused(&long).reason, Reason::FieldInvalid);
    let mut number = good;
    number["data"]["channel"]["interactionId"] = 9_007_199_254_740_993_u64.into();
    assert_eq!(event(&number).subject, "9007199254740993");
}

#[test]
fn bodies_that_are_no_notification() {
    let whole = notification("ended", "customer", None).to_string();
    let twice = whole.replacen('{', r#"{"type":"channel.ended.v1","#, 1);
    let bad: [Bytes; 6] = [
        "".into(),
        whole[..whole.len() - 5].to_owned().into(),
        twice.into(),
        Bytes::from_static(b"{\"type\":\"\xff\"}"),
        "[".repeat(1 << 20).into(),
        "\"text\"".into(),
    ];
    for body in bad {
        assert_eq!(run(&settings(), body).expect_err("refused").reason, Reason::BodyNotJson);
    }
}

#[test]
fn raw_is_the_body_unless_switched_off() {
    let body = notification("ended", "customer", None).to_string();
    let facts = run(&settings(), body.clone()).expect("understood");
    let raw = facts.events[0].raw.as_ref().map(|raw| serde_json::to_string(raw).expect("JSON"));
    assert_eq!(raw.as_deref(), Some(body.as_str()));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from("channel.ended.v1")),
        Just(Value::from("customer")),
    ];
    let name = prop_oneof![
        Just("type".to_owned()),
        Just("data".to_owned()),
        Just("channel".to_owned()),
        Just("party".to_owned()),
        Just("role".to_owned()),
        Just("interactionId".to_owned()),
        Just("timestamp".to_owned()),
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
    fn any_json_is_read_without_panic(body in any_json(), data in any_json()) {
        let _ = run(&settings(), body.to_string());
        let mut inside = notification("ended", "customer", None);
        inside["data"] = data;
        let _ = run(&settings(), inside.to_string());
    }
}
