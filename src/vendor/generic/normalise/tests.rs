use bytes::Bytes;

use super::super::tests::{context, mapped, source};
use super::super::{EVENT, Generic};
use super::*;
use crate::event::{Direction, HandledBy, Material};
use crate::reject::Class;
use crate::vendor::{Adapter, Vendor};

fn read(adapter: &dyn Adapter, body: &str) -> Result<Vec<Event>, Reject> {
    let facts = adapter.read_sample(Bytes::copy_from_slice(body.as_bytes()), &context());
    facts.expect("reads samples").map(|facts| facts.events)
}

fn events(map: &str, body: &str) -> Vec<Event> {
    read(&*mapped(map).expect("usable"), body).expect("understood")
}

fn event(map: &str, body: &str) -> Event {
    let mut events = events(map, body);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn reject(map: &str, body: &str) -> Reject {
    let reject = read(&*mapped(map).expect("usable"), body).expect_err(body);
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

const ENDED: &str = "type = \"call.ended\"\ncall = \"/id\"\n";

fn demo() -> Box<dyn Adapter> {
    source(Generic.demo().settings).expect("usable")
}

#[test]
fn every_field_of_a_call() {
    let (_, body) = Generic.demo().samples[1];
    let events = read(&*demo(), body).expect("understood");
    let [ended, recorded] = events.as_slice() else { panic!("two events") };
    assert_eq!((ended.event_type, recorded.event_type), (EventType::CallEnded, EventType::RecordingAvailable));
    assert_eq!((ended.subject.as_str(), recorded.subject.as_str()), ("call-7001", "call-7001"));
    assert_eq!(ended.occurred_at.to_string(), "2024-12-16T10:41:12.000Z");
    assert_eq!((ended.occurred_at_basis, recorded.occurred_at_basis), (Basis::Vendor, Basis::Vendor));
    assert_eq!(ended.outcome, Some(Outcome::Answered));
    let cause = Cause { interface: "sip".to_owned(), code: "200".to_owned(), text: Some("OK".to_owned()) };
    assert_eq!(ended.cause, Some(cause));
    assert_eq!(ended.handled_by, Some(HandledBy::Agent));
    assert_eq!(ended.disposition.as_deref(), Some("interested"));
    assert_eq!(ended.key_presses, ["1", "0"]);
    let call = ended.call.as_ref().expect("a call");
    assert_eq!((call.attempt, call.direction), (Some(1), Some(Direction::Outbound)));
    let e164 = |phone: &Option<Phone>| phone.as_ref().and_then(|phone| phone.e164.clone());
    assert_eq!(e164(&call.from).as_deref(), Some("+14155550100"));
    assert_eq!(e164(&call.to).as_deref(), Some("+14155550101"));
    let agent = call.agent.as_ref().expect("an agent");
    assert_eq!((agent.id.as_deref(), agent.group.as_deref()), (Some("12"), Some("sales")));
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(6_000), Some(62_000), Some(72_000)));
    assert_eq!(ended.links.order.as_deref(), Some("lead-1001"));
    assert_eq!(ended.links.reference.as_deref(), Some("crm-55"));
    assert_eq!(ended.links.custom.as_deref(), Some(r#"{"tier":"gold"}"#));
    let location = recorded.recording.as_ref().map(|recording| recording.location.as_str());
    assert_eq!(location, Some("https://acme.example/recordings/call-7001.wav"));
    assert_eq!((&recorded.call, &recorded.links), (&ended.call, &ended.links));
    assert_eq!((recorded.outcome, recorded.key_presses.len()), (None, 0));
    assert!(
        ended.raw.as_ref().is_some_and(|raw| raw.0.get().starts_with("{\"event\":\"hangup\"")),
        "its own record only"
    );
}

#[test]
fn a_batch_gives_the_events_of_all_records() {
    let (_, body) = Generic.demo().samples[2];
    let events = read(&*demo(), body).expect("understood");
    let seen: Vec<_> = events.iter().map(|event| (event.event_type.as_str(), event.subject.as_str())).collect();
    let expected = [
        ("call.answered", "call-7002"),
        ("call.ended", "9007199254740993123456"),
        ("order.finished", "lead-1003"),
        ("task.changed", "88"),
    ];
    assert_eq!(seen, expected, "the heartbeat is ignored, and an id of 22 digits keeps them all");
    assert_eq!(events[1].outcome, Some(Outcome::Busy));
    assert_eq!(events[2].occurred_at.to_string(), "2024-12-16T10:41:12.000Z", "in the source's zone");
    assert_eq!(events[2].outcome, Some(Outcome::Busy));
    assert!(events[2].call.is_none());
    let task = events[3].task.as_ref().expect("a task");
    assert_eq!((task.state, task.code.as_str()), (TaskState::Completed, "3"));
}

#[test]
fn one_bad_record_refuses_all_and_is_named() {
    let map = "items = \"\"\ntype = \"call.ended\"\ncall = \"/id\"\nended_at = \"/t\"";
    assert_eq!(events(map, r#"[{"id":1},{"id":2}]"#).len(), 2);
    assert!(events(map, "[]").is_empty());
    let table = [
        (r#"[{"id":1},{}]"#, Reason::FieldMissing, "[1] map.call (/id) is absent or empty"),
        (r#"[{"id":1},null]"#, Reason::FieldMissing, "[1] map.call"),
        (r#"[{"id":1,"t":"soon"}]"#, Reason::FieldInvalid, "[0] map.ended_at (/t) is not a time"),
        (r#"[{"id":1,"id":2}]"#, Reason::BodyNotJson, "[0] a member"),
        (r#"{"id":1}"#, Reason::FieldInvalid, "map.items"),
        (r#"[{"id":1}"#, Reason::BodyNotJson, "ends too early"),
    ];
    for (body, reason, detail) in table {
        let reject = reject(map, body);
        assert_eq!(reject.reason, reason, "{body}");
        assert!(reject.detail.contains(detail), "{body}: {reject}");
    }
    let reject = self::reject("items = \"/events\"\ntype = \"call.ended\"\ncall = \"/id\"", "{}");
    assert_eq!(reject.reason, Reason::FieldMissing);
}

#[test]
fn what_a_record_states() {
    let table = |default: &str| {
        format!(
            "call = \"/id\"\ntype = {{ pointer = \"/e\", table = {{ up = \"call.answered\", 4 = \"call.ended\", true = \"call.ringing\", \
             ping = \"ignore\", odd = \"reject\" }}{default} }}"
        )
    };
    let of = |default: &str, code: &str| -> Result<Vec<&'static str>, Reason> {
        let adapter = mapped(&table(default)).expect("usable");
        let events = read(&*adapter, &format!("{{\"id\":1,\"e\":{code}}}")).map_err(|reject| reject.reason)?;
        Ok(events.iter().map(|event| event.event_type.as_str()).collect())
    };
    assert_eq!(of("", "\"up\""), Ok(vec!["call.answered"]));
    assert_eq!(of("", "4"), Ok(vec!["call.ended"]));
    assert_eq!(of("", "\"4\""), Ok(vec!["call.ended"]));
    assert_eq!(of("", "true"), Ok(vec!["call.ringing"]));
    assert_eq!(of("", "\"ping\""), Ok(vec![]));
    assert_eq!(of("", "\"odd\""), Err(Reason::NotHandled));
    assert_eq!(of("", "\"new\""), Err(Reason::NotHandled));
    assert_eq!(of("", "\"call.ended\""), Err(Reason::NotHandled), "a table is the only meaning");
    assert_eq!(of("", "null"), Err(Reason::FieldMissing));
    assert_eq!(of("", "{}"), Err(Reason::FieldMissing));
    assert_eq!(of(", default = \"ignore\"", "\"new\""), Ok(vec![]));
    assert_eq!(of(", default = \"ignore\"", "null"), Ok(vec![]));
    assert_eq!(of(", default = \"reject\"", "null"), Err(Reason::NotHandled));
    assert_eq!(of(", default = \"call.ended\"", "\"new\""), Ok(vec!["call.ended"]));

    let ours = "type = \"/e\"\ncall = \"/id\"";
    assert_eq!(event(ours, r#"{"id":1,"e":"call.ringing"}"#).event_type, EventType::CallRinging);
    assert_eq!(reject(ours, r#"{"id":1,"e":"ring"}"#).reason, Reason::NotHandled);
    let missing = reject(ours, r#"{"id":1,"e":"order.finished"}"#);
    assert_eq!(missing.detail, "map.order is not configured, and this type of event needs it");
}

#[test]
fn outcomes_and_causes() {
    let map = format!(
        "{ENDED}outcome = {{ pointer = \"/r\", table = {{ ok = \"answered\", \"17\" = \"busy\" }} }}\n\
         cause = \"/c\"\ncause_text = \"/why\"\ncause_interface = \"q850\"\nanswered_at = {{ pointer = \"/a\", format = \"unix\" }}"
    );
    let of = |members: &str| {
        let event = event(&map, &format!("{{\"id\":1{members}}}"));
        let cause = event.cause.map(|cause| (cause.interface, cause.code));
        (event.outcome.expect("an outcome"), cause)
    };
    let cause = |interface: &str, code: &str| Some((interface.to_owned(), code.to_owned()));
    assert_eq!(of(",\"r\":\"ok\""), (Outcome::Answered, cause("outcome", "ok")));
    assert_eq!(of(",\"r\":17,\"c\":17"), (Outcome::Busy, cause("q850", "17")));
    assert_eq!(of(",\"r\":\"new\",\"c\":3"), (Outcome::Unknown, cause("outcome", "new")), "the unknown code is shown");
    assert_eq!(of(",\"c\":3"), (Outcome::Unknown, cause("q850", "3")));
    assert_eq!(of(",\"a\":1734345610"), (Outcome::Answered, None));
    assert_eq!(of(",\"r\":\"new\",\"a\":1734345610").0, Outcome::Unknown, "a code nobody knows is not guessed over");
    assert_eq!(of(",\"r\":{},\"a\":0"), (Outcome::Unknown, None));
    let text = event(&map, r#"{"id":1,"r":"ok","why":"bye"}"#).cause.expect("a cause").text;
    assert_eq!(text.as_deref(), Some("bye"));

    let words = format!("{ENDED}outcome = \"/r\"\ndirection = \"inbound\"\nhandled_by = \"bot\"");
    for &outcome in Outcome::ALL {
        let event = event(&words, &format!("{{\"id\":1,\"r\":\"{}\"}}", outcome.as_str()));
        assert_eq!(event.outcome, Some(outcome), "the sender may write our words");
        assert_eq!(event.call.expect("a call").direction, Some(Direction::Inbound));
        assert_eq!(event.handled_by, Some(HandledBy::Bot));
    }
}

#[test]
fn only_the_end_of_a_call_has_a_result() {
    let map = "type = \"/e\"\ncall = \"/id\"\noutcome = \"/r\"\ndisposition = \"/d\"\nrecording = \"/rec\"";
    let body = r#"{"id":1,"e":"call.answered","r":"answered","d":"x","rec":"y"}"#;
    let answered = event(map, body);
    assert_eq!((answered.outcome, &answered.disposition, &answered.recording), (None, &None, &None));
    assert_eq!(answered.material(), Material { outcome: Outcome::Unknown, findings: 0 });
    assert_eq!(events(map, &body.replace("call.answered", "call.ended")).len(), 2);
}

#[test]
fn keys_come_from_the_senders_ids_alone() {
    let map = "type = \"/e\"\ncall = \"/id\"\norder = \"/o\"\ntask = \"/t\"\nrecording = \"/rec\"\nrecording_id = \"/rid\"\nreference = \"/x\"";
    let key = |members: &str| event(map, &format!("{{{members}}}")).key;
    assert_eq!(key(r#""e":"call.ended","id":1,"x":"a""#), key(r#""x":"b","id":"1","e":"call.ended""#));
    assert_ne!(key(r#""e":"call.ended","id":1"#), key(r#""e":"call.answered","id":1"#));
    let both = events(map, r#"{"e":"call.ended","id":1,"rec":"u"}"#);
    assert_eq!(both[1].key, key(r#""e":"recording.available","id":1,"rec":"v""#), "one recording by either way");
    let named = key(r#""e":"recording.available","id":1,"rec":"v","rid":1"#);
    assert_ne!(named, key(r#""e":"recording.available","id":1,"rec":"v","rid":2"#));
    assert_ne!(key(r#""e":"order.finished","o":1,"t":1"#), key(r#""e":"order.finished","o":1,"t":2"#));
}

#[test]
fn changes_of_a_task() {
    let map = "type = \"task.changed\"\nvendor_task = \"/id\"\ntask_state = { pointer = \"/s\", table = { r = \"running\" } }";
    let first = event(map, r#"{"id":1,"s":"r","n":1}"#);
    assert_eq!(first.key, event(map, r#"{ "n":1, "s":"r", "id":1 }"#).key, "the form of the record does not matter");
    assert_ne!(first.key, event(map, r#"{"id":1,"s":"r","n":2}"#).key);
    let unknown = event(map, r#"{"id":1,"s":"odd"}"#).task.expect("a task");
    assert_eq!((unknown.state, unknown.code.as_str()), (TaskState::Unknown, "odd"));
    assert_eq!(reject(map, r#"{"id":1}"#).detail, "map.task_state (/s) is absent or empty");
    assert_eq!(reject(map, r#"{"s":"r"}"#).detail, "map.vendor_task (/id) is absent or empty");

    let numbered = format!("{map}\ntask_change = \"/seq\"");
    let key = |body: &str| event(&numbered, body).key;
    assert_eq!(key(r#"{"id":1,"s":"r","seq":7,"try":1}"#), key(r#"{"id":1,"s":"r","seq":7,"try":2}"#));
    assert_ne!(key(r#"{"id":1,"s":"r","seq":7}"#), key(r#"{"id":1,"s":"r","seq":8}"#));
}

#[test]
fn times_of_the_fact() {
    let map = "type = \"/e\"\ncall = \"/id\"\nringing_at = \"/r\"\nanswered_at = \"/a\"\nended_at = [\"/end\", \"/finish\"]\noccurred_at = \"/at\"";
    let of = |members: &str| {
        let event = event(map, &format!("{{\"id\":1,{members}}}"));
        (event.occurred_at.to_string(), event.occurred_at_basis)
    };
    let [ringing, answered, ended, at] =
        ["2024-12-16T10:00:01Z", "2024-12-16T10:00:02Z", "2024-12-16T10:00:03Z", "2024-12-16T10:00:04Z"];
    let times = format!("\"r\":\"{ringing}\",\"a\":\"{answered}\",\"finish\":\"{ended}\"");
    let shown = |second: u8| (format!("2024-12-16T10:00:0{second}.000Z"), Basis::Vendor);
    assert_eq!(of(&format!("\"e\":\"call.ringing\",{times}")), shown(1));
    assert_eq!(of(&format!("\"e\":\"call.answered\",{times}")), shown(2));
    assert_eq!(of(&format!("\"e\":\"call.ended\",\"end\":\"\",{times}")), shown(3));
    assert_eq!(of(&format!("\"e\":\"call.ended\",\"at\":\"{at}\",{times}")), shown(4));
    assert_eq!(of("\"e\":\"call.ended\",\"finish\":\"2024-12-16 17:00:03\""), shown(3));
    assert_eq!(of("\"e\":\"call.ended\""), (context().received_at.to_string(), Basis::Received));
}

#[test]
fn a_signed_time_stands_in_for_a_missing_one() {
    let inbound = crate::vendor::Inbound {
        kind: &Generic.kinds()[0],
        method: http::Method::POST,
        query: None,
        headers: http::HeaderMap::new(),
        body: Bytes::from_static(b"{\"id\":1}"),
    };
    let verified = Verified::new(inbound, Instant::from_millis(1_734_345_000_000));
    assert_eq!(verified.kind().name, EVENT);
    let facts = mapped(ENDED).expect("usable").normalise(&verified, &context()).expect("understood");
    let event = &facts.events[0];
    assert_eq!((event.occurred_at.as_millis(), event.occurred_at_basis), (1_734_345_000_000, Basis::Sent));
}

#[test]
fn durations_of_the_sender_go_before_computed_ones() {
    let map = format!(
        "{ENDED}time_format = \"unix\"\nanswered_at = \"/a\"\nended_at = \"/e\"\ntalk = \"/t\"\nring = {{ pointer = \"/r\", unit = \"ms\" }}\ntotal = \"/all\""
    );
    let call =
        event(&map, r#"{"id":1,"a":1734345610,"e":1734345620,"t":"9.5","r":1500,"all":-1}"#).call.expect("a call");
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(1_500), Some(9_500), None));
    let call = event(&map, r#"{"id":1,"a":1734345610,"e":1734345620,"t":{}}"#).call.expect("a call");
    assert_eq!(call.talk_ms, Some(10_000));
    let only = event(&map, r#"{"id":1,"t":3}"#);
    assert_eq!(only.outcome, Some(Outcome::Answered), "who talked has answered");
}

#[test]
fn numbers_are_never_guessed() {
    let e164 = |map: &str, number: &str, country: Option<&str>| {
        let context = Context { country: country.map(|country| country.parse().expect("a country")), ..context() };
        let body = format!("{{\"id\":1,\"to\":\"{number}\"}}");
        let facts = mapped(&format!("{ENDED}to = \"/to\"\n{map}")).expect("usable").read_sample(body.into(), &context);
        let mut events = facts.expect("reads").expect("understood").events;
        events.remove(0).call.expect("a call").to.expect("a number").e164
    };
    assert_eq!(e164("", "+14155550101", None).as_deref(), Some("+14155550101"));
    assert_eq!(e164("", "14155550101", None), None);
    assert_eq!(e164("", "0812-0000-0002", Some("ID")).as_deref(), Some("+6281200000002"));
    assert_eq!(e164("numbers = \"international\"", "6281200000002", None).as_deref(), Some("+6281200000002"));
}

#[test]
fn what_identifies_or_times_is_strict_and_the_rest_patient() {
    let map = format!(
        "{ENDED}ended_at = \"/end\"\ndisposition = \"/d\"\nagent_name = \"/agent\"\nkey_presses = \"/k\"\nattempt = \"/n\""
    );
    let odd = event(&map, r#"{"id":1,"d":["x"],"agent":{"name":"x"},"k":[1,null,{},"2"],"n":"first"}"#);
    let call = odd.call.expect("a call");
    assert_eq!((odd.disposition, call.agent, call.attempt), (None, None, None));
    assert_eq!(odd.key_presses, ["1", "2"]);
    assert_eq!(event(&map, r#"{"id":1,"k":"12#"}"#).key_presses, ["12#"]);
    let none = format!("{ENDED}recording = \"/rec\"");
    assert_eq!(events(&none, r#"{"id":1,"rec":false}"#).len(), 1, "a truth value is no place of a recording");

    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(257));
    let table = [
        (r#"{"id":{}}"#, Reason::FieldInvalid, "map.call (/id) is not a text or number"),
        (r#"{"id":true}"#, Reason::FieldInvalid, "map.call (/id) is not a text or number"),
        (r#"{"id":"\ud800"}"#, Reason::FieldInvalid, "map.call (/id) is not a text or number"),
        (r#"{"id":" "}"#, Reason::FieldMissing, "map.call (/id) is absent or empty"),
        (long.as_str(), Reason::FieldInvalid, "map.call (/id) is longer than 256 bytes"),
        (r#"{"id":1,"end":[]}"#, Reason::FieldInvalid, "map.ended_at (/end) is not a text or number"),
        (r#"{"id":1,"end":"+14155550101"}"#, Reason::FieldInvalid, "map.ended_at (/end) is not a time"),
        (r#"{"id":1,"id":2}"#, Reason::BodyNotJson, "stands twice"),
        ("", Reason::BodyNotJson, "ends too early"),
        ("+14155550101", Reason::BodyNotJson, "not valid JSON"),
        ("{\"id\":1}}", Reason::BodyNotJson, "not valid JSON"),
    ];
    for (body, reason, detail) in table {
        let reject = reject(&map, body);
        assert_eq!(reject.reason, reason, "{body}");
        assert!(reject.detail.contains(detail), "{body}: {reject}");
        assert!(!reject.to_string().contains("4155550101"), "{reject}");
    }
    assert_eq!(event(&map, "{\"id\":\"\\u0063-1\"}").subject, "c-1");
}

#[test]
fn texts_that_mean_nothing() {
    let map = format!(
        "{ENDED}absent = [\"N/A\", \"0000-00-00 00:00:00\"]\nended_at = \"/end\"\nreference = [\"/a\", \"/b\"]"
    );
    let event = event(&map, r#"{"id":1,"end":"0000-00-00 00:00:00","a":"N/A","b":"r-1"}"#);
    assert_eq!((event.occurred_at_basis, event.links.reference.as_deref()), (Basis::Received, Some("r-1")));
    assert_eq!(reject(&map, r#"{"id":"N/A"}"#).reason, Reason::FieldMissing);
}

mod hostile;
