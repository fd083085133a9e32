use std::collections::BTreeMap;

use super::*;
use crate::config::Config;
use crate::event::{EventKey, EventType, Instant};

const HOUR: i64 = 3_600_000;
/// 2024-12-16T10:41:18Z.
const NOW: i64 = 1_734_345_678_000;

fn setup() -> Setup {
    let config = Config::from_toml("").expect("the default configuration");
    Setup {
        client: ClientConfig::new(),
        topics: Topics::new(&config),
        sources: BTreeMap::new(),
        window_hours: config.dedup.window_hours,
    }
}

fn wanted() -> Wanted {
    Wanted {
        from: From::Rejected,
        since: 0,
        until: NOW,
        source: None,
        reason: None,
        limit: None,
        offsets: Offsets::new(),
        now: NOW,
        beyond_window: false,
        over_newer: false,
        new_keys: false,
    }
}

fn replay<'a>(setup: &'a Setup, wanted: &'a Wanted) -> Replay<'a> {
    Replay { setup, wanted, forecast: Forecast::default(), last: HashMap::new(), chosen: 0 }
}

fn ended(call: &str, outcome: Outcome, hours_ago: i64) -> Event {
    let received_at = Instant::from_millis(NOW - hours_ago * HOUR).expect("a time");
    Event {
        key: EventKey::new("v", "a", EventType::CallEnded, &[call]),
        event_type: EventType::CallEnded,
        subject: call.to_owned(),
        outcome: Some(outcome),
        received_at,
        ..crate::event::tests::sample()
    }
}

fn verdicts(replay: &mut Replay<'_>, events: &[Event]) -> Vec<Verdict> {
    events.iter().map(|event| replay.judge(event.clone(), None, false).expect("judged").verdict).collect()
}

#[test]
fn dedups_own_rule_decides() {
    let (setup, wanted) = (setup(), wanted());
    let mut replay = replay(&setup, &wanted);
    let events = [
        ended("c-1", Outcome::Busy, 1),
        ended("c-1", Outcome::Busy, 1),
        ended("c-1", Outcome::Unknown, 1),
        ended("c-1", Outcome::Failed, 1),
        ended("c-2", Outcome::Busy, 1),
    ];
    let [new, nothing] = [Verdict::New, Verdict::Nothing];
    assert_eq!(verdicts(&mut replay, &events), [new, nothing, nothing, Verdict::Revision(1), new]);
}

#[test]
fn what_dedup_has_forgotten_is_held_back_unless_somebody_insists() {
    let (setup, mut wanted) = (setup(), wanted());
    let window = i64::from(setup.window_hours);
    let events = [ended("c-1", Outcome::Busy, window), ended("c-2", Outcome::Busy, window + 1)];
    assert_eq!(verdicts(&mut replay(&setup, &wanted), &events), [Verdict::New, Verdict::Held(Held::BeyondWindow)]);
    wanted.beyond_window = true;
    assert_eq!(verdicts(&mut replay(&setup, &wanted), &events), [Verdict::New, Verdict::New]);
}

#[test]
fn what_was_received_later_is_not_replaced_unless_somebody_insists() {
    let (setup, mut wanted) = (setup(), wanted());
    let events = [ended("c-1", Outcome::Answered, 1), ended("c-1", Outcome::Busy, 3)];
    let held = Verdict::Held(Held::OverNewer);
    assert_eq!(verdicts(&mut replay(&setup, &wanted), &events), [Verdict::New, held]);
    // That a poll found out nothing is no other outcome.
    let vague = [ended("c-1", Outcome::Unknown, 1), ended("c-1", Outcome::Busy, 3)];
    assert_eq!(verdicts(&mut replay(&setup, &wanted), &vague), [Verdict::New, Verdict::Revision(1)]);
    wanted.over_newer = true;
    assert_eq!(verdicts(&mut replay(&setup, &wanted), &events), [Verdict::New, Verdict::Revision(1)]);
}

#[test]
fn another_key_is_another_fact_and_held_back_unless_somebody_insists() {
    let (setup, mut wanted) = (setup(), wanted());
    let (former, fresh) = (ended("c-1", Outcome::Busy, 1), ended("call-1", Outcome::Busy, 1));
    let judged = replay(&setup, &wanted).judge(fresh.clone(), Some(&former), true).expect("judged");
    assert_eq!(judged.verdict, Verdict::Held(Held::NewKey));
    wanted.new_keys = true;
    let judged = replay(&setup, &wanted).judge(fresh, Some(&former), true).expect("judged");
    assert_eq!(judged.verdict, Verdict::New);
}

#[test]
fn an_event_is_compared_with_its_own_record_only() {
    let (setup, wanted) = (setup(), wanted());
    let mut replay = replay(&setup, &wanted);
    let former = ended("c-1", Outcome::Busy, 1);
    let sibling = ended("c-2", Outcome::Busy, 1);
    replay.last.insert(former.key.0, (0, 1));
    replay.last.insert(sibling.key.0, (0, 2));
    let same = replay.judge(former.clone(), Some(&former), false).expect("judged");
    assert_eq!((same.verdict, same.changes.len()), (Verdict::Same, 0));
    assert!(replay.judge(sibling, Some(&former), false).is_none(), "the record at offset 2 stands for it");
    let other = replay.judge(ended("c-1", Outcome::Failed, 1), Some(&former), false).expect("judged");
    assert_eq!((other.verdict, other.changes[0].path.as_str()), (Verdict::New, "outcome"));
    let more = replay.judge(ended("c-3", Outcome::Busy, 1), Some(&former), false).expect("judged");
    assert_eq!(more.verdict, Verdict::New, "what the delivery says besides, and no record stands for");
}

#[test]
fn what_became_of_the_written_event_is_told() {
    let (setup, wanted) = (setup(), wanted());
    let mut replay = replay(&setup, &wanted);
    let [one, sibling, other] = ["c-1", "c-2", "c-3"].map(|call| ended(call, Outcome::Busy, 1));
    replay.last.extend([&one, &sibling].map(|event| (event.key.0, (0, 1))));
    assert_eq!(replay.former(None, std::slice::from_ref(&one)), Former::None);
    assert_eq!(replay.former(Some(&one), &[sibling.clone(), one.clone()]), Former::Found);
    assert_eq!(replay.former(Some(&one), &[sibling.clone(), other]), Former::Moved);
    assert_eq!(replay.former(Some(&one), &[sibling]), Former::Gone, "the other record stands for what is left");
    assert_eq!(replay.former(Some(&one), &[]), Former::Gone);
}
