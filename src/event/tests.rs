//! What holds for every event, and the events and JSON other tests start from.

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

/// A finished call with nothing optional.
pub(crate) fn sample() -> Event {
    let at = Instant::from_millis(1_734_345_660_000).expect("in range");
    Event {
        event_type: EventType::CallEnded,
        key: EventKey::new("nxcloud-callbot", "UID-TEST-01", EventType::CallEnded, &["c-1"]),
        revision: 0,
        source: "nxcloud-prod".to_owned(),
        vendor: "nxcloud-callbot".to_owned(),
        account: "UID-TEST-01".to_owned(),
        subject: "c-1".to_owned(),
        channel: Channel::Callback,
        occurred_at: at,
        occurred_at_basis: Basis::Vendor,
        received_at: at,
        call: None,
        outcome: Some(Outcome::Answered),
        cause: None,
        handled_by: None,
        disposition: None,
        task: None,
        links: Links::default(),
        recording: None,
        key_presses: Vec::new(),
        intents: Vec::new(),
        raw: None,
    }
}

/// Any JSON. `names` are the member names, so that readers that look for certain names find them.
pub(crate) fn json(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0i64..2_000_000_000).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(select(names), inner, 0..8)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    "(?s).{0,12}"
}

fn instant() -> impl Strategy<Value = Instant> {
    (0i64..253_402_207_200_000).prop_map(|millis| Instant::from_millis(millis).expect("in range"))
}

fn phone() -> impl Strategy<Value = Phone> {
    (text(), of(r"\+[1-9][0-9]{4,14}")).prop_map(|(raw, e164)| Phone { raw, e164 })
}

fn call() -> impl Strategy<Value = Call> {
    let agent = (of(text()), of(text()), of(text())).prop_map(|(id, name, group)| Agent { id, name, group });
    let times = (of(instant()), of(instant()), of(instant()), of(instant()));
    (text(), of(any::<u32>()), of(phone()), of(phone()), of(agent), times).prop_map(
        |(id, attempt, from, to, agent, (started_at, ringing_at, answered_at, ended_at))| {
            let direction = Some(Direction::Outbound);
            let call = Call { id, attempt, direction, from, to, agent, ..Call::default() };
            Call { started_at, ringing_at, answered_at, ended_at, ..call }.with_durations()
        },
    )
}

fn intent() -> impl Strategy<Value = Intent> {
    (of(text()), of(text()), of(text()), of(any::<i64>())).prop_map(|(id, name, tag, level)| Intent {
        id,
        name,
        tag,
        level,
    })
}

fn task() -> impl Strategy<Value = Task> {
    (text(), of(any::<u64>()), of(any::<u64>())).prop_map(|(code, orders_total, calls_total)| Task {
        state: TaskState::Unknown,
        code,
        orders_total,
        orders_finished: None,
        orders_answered: None,
        calls_total,
        calls_answered: None,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let identity = (select(EventType::ALL), any::<u128>(), any::<u32>(), text(), text(), instant());
    let parts = (
        of(call()),
        of(task()),
        vec(intent(), 0..3),
        vec(text(), 0..3),
        of(json(&["a", "b"]).prop_filter("null is read as absent", |raw| !raw.is_null())),
    );
    let words = (of(select(Outcome::ALL)), of(text()), of(text()), of(text()), of(text()));
    (identity, parts, words).prop_map(|(identity, parts, words)| {
        let (event_type, key, revision, account, subject, occurred_at) = identity;
        let (call, task, intents, key_presses, raw) = parts;
        let (outcome, disposition, custom, code, location) = words;
        Event {
            event_type,
            key: EventKey(key),
            revision,
            account,
            subject,
            occurred_at,
            call,
            task,
            outcome,
            disposition,
            links: Links { custom, ..Links::default() },
            cause: code.map(|code| Cause { interface: "sip".to_owned(), code, text: None }),
            recording: location.map(|location| Recording { location, id: None }),
            intents,
            key_presses,
            raw: raw.map(|raw| Raw(RawValue::from_string(raw.to_string()).expect("is JSON"))),
            ..sample()
        }
    })
}

proptest! {
    /// Dedup passes values on and writes revisions by reading and writing them: both must give the same bytes.
    #[test]
    fn an_event_is_read_back_and_written_the_same(event in event()) {
        let written = serde_json::to_vec(&event).expect("writes");
        let read: Event = serde_json::from_slice(&written).expect("reads");
        prop_assert!(read == event, "{} is read as another event", String::from_utf8_lossy(&written));
        prop_assert_eq!(serde_json::to_vec(&read).expect("writes"), written);
        prop_assert_eq!(read.material(), event.material());
    }
}

#[test]
fn raw_is_kept_byte_for_byte() {
    let raw = r#"{"b":1.50, "a":1e2,"n":12345678901234567890123,"t":"\u5f20"}"#;
    let event = Event { raw: Some(Raw(RawValue::from_string(raw.to_owned()).expect("is JSON"))), ..sample() };
    let written = serde_json::to_string(&event).expect("writes");
    assert!(written.contains(raw), "{written}");
    let read: Event = serde_json::from_str(&written).expect("reads");
    assert_eq!(read.raw.expect("kept").0.get(), raw);
}

#[test]
fn fields_of_a_later_version_do_not_stop_a_reader() {
    let mut json = serde_json::to_value(sample()).expect("writes");
    json["from_the_future"] = Value::from(1);
    assert!(serde_json::from_value::<Event>(json).expect("reads") == sample());
}

#[test]
fn debug_forms_show_no_content() {
    let event = Event {
        disposition: Some("wants +6281200000001".to_owned()),
        recording: Some(Recording { location: "https://recordings.example/6281200000001".to_owned(), id: None }),
        raw: Some(Raw(RawValue::from_string("6281200000001".to_owned()).expect("is JSON"))),
        ..sample()
    };
    let shown = format!("{event:?} {:?} {:?}", event.recording, event.raw);
    assert!(!shown.contains("62812"), "{shown}");
}

#[test]
fn findings_are_material_and_run_together_in_no_way() {
    let with = |intents: &[(&str, &str)], key_presses: &[&str]| {
        let intent = |(id, name): &(&str, &str)| Intent {
            id: Some((*id).to_owned()),
            name: Some((*name).to_owned()),
            ..Intent::default()
        };
        let key_presses = key_presses.iter().map(|key| (*key).to_owned()).collect();
        Event { intents: intents.iter().map(intent).collect(), key_presses, ..sample() }.material()
    };
    assert_eq!(with(&[], &[]), Material { outcome: Outcome::Answered, findings: 0 });
    let all = [
        with(&[("ab", "c")], &[]),
        with(&[("a", "bc")], &[]),
        with(&[("a", ""), ("b", "c")], &[]),
        with(&[], &["1", "2"]),
        with(&[], &["12"]),
        with(&[], &["2", "1"]),
    ];
    for (index, material) in all.iter().enumerate() {
        assert_ne!(material.findings, 0);
        assert!(!all[..index].contains(material), "{index}");
    }
}

#[test]
fn durations_need_both_ends_in_the_right_order() {
    let at = |seconds: i64| Instant::from_millis(seconds * 1000);
    let whole = Call { started_at: at(0), ringing_at: at(2), answered_at: at(7), ended_at: at(20), ..Call::default() };
    let whole = whole.with_durations();
    assert_eq!((whole.ring_ms, whole.talk_ms, whole.total_ms), (Some(5_000), Some(13_000), Some(20_000)));
    let unanswered = Call { started_at: at(0), ended_at: at(20), ..Call::default() }.with_durations();
    assert_eq!((unanswered.ring_ms, unanswered.talk_ms, unanswered.total_ms), (Some(20_000), None, Some(20_000)));
    let backwards = Call { answered_at: at(20), ended_at: at(7), ..Call::default() }.with_durations();
    assert_eq!((backwards.ring_ms, backwards.talk_ms, backwards.total_ms), (None, None, None));
}
