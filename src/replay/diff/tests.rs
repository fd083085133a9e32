use super::*;
use crate::event::tests::sample;
use crate::event::{Call, Convention, Direction, Outcome, Phone, Raw};

fn call(number: &str, direction: Option<Direction>) -> Option<Call> {
    let to = Phone::read(number, Convention::International, None);
    Some(Call { id: "c-1".to_owned(), to, direction, ..Call::default() })
}

fn raw(json: &str) -> Option<Raw> {
    Some(Raw(serde_json::value::RawValue::from_string(json.to_owned()).expect("JSON")))
}

#[test]
fn every_member_is_named_and_no_number_is_shown() {
    let before = Event { call: call("12025550100", None), outcome: Some(Outcome::Unknown), raw: raw("{}"), ..sample() };
    let after = Event {
        call: call("12025550199", Some(Direction::Outbound)),
        outcome: Some(Outcome::Busy),
        disposition: Some("call 12025550199 back".to_owned()),
        raw: raw(r#"{"number":"12025550199"}"#),
        ..before.clone()
    };
    let changes = changes(&before, &after);
    let lines: Vec<_> = changes.iter().map(Change::line).collect();
    assert_eq!(
        lines,
        [
            "call.direction: - -> outbound",
            "call.to.e164: changed",
            "call.to.raw: changed",
            "disposition: added",
            "outcome: unknown -> busy",
            "raw: changed",
        ]
    );
    assert_eq!(changes[1].after, "+12025550199", "programs get it whole");
}

#[test]
fn a_part_that_comes_or_goes_is_shown_by_its_members() {
    let (without, with) = (Event { call: None, ..sample() }, Event { call: call("12025550100", None), ..sample() });
    let lines = |before, after| changes(before, after).iter().map(Change::line).collect::<Vec<_>>();
    assert_eq!(lines(&without, &with), ["call.id: - -> c-1", "call.to.e164: added", "call.to.raw: added"]);
    assert_eq!(lines(&with, &without), ["call.id: c-1 -> -", "call.to.e164: removed", "call.to.raw: removed"]);
}

#[test]
fn equal_events_have_no_changes_and_other_writing_is_one() {
    assert!(changes(&sample(), &sample()).is_empty());
    let (before, after) = (Event { raw: raw("{ }"), ..sample() }, Event { raw: raw("{}"), ..sample() });
    assert_eq!(changes(&before, &after)[0].line(), "raw: written differently");
}
