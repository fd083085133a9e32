use proptest::prelude::*;

use super::*;
use crate::config::SourcePoll;

const DAY: i64 = 24 * 3600 * 1000;

fn store() -> Store {
    let mut store = Store::new(Schedule::new(&SourcePoll {
        first_delay_seconds: 60,
        pause_seconds: 60,
        pause_factor: 1.0,
        longest_pause_seconds: 60,
        deadline_seconds: 3600,
        ..SourcePoll::default()
    }));
    store.loaded(None);
    store
}

fn placed(call: &str, at_second: i64) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: Some("+10000000000".to_owned()),
        reference: None,
        conversation: None,
        task: None,
        placed_at: Instant::from_millis(at_second * 1000).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

fn hint(call: &str, at_second: i64) -> Placed {
    Placed { hinted: true, destination: None, ..placed(call, at_second) }
}

fn names(due: &[Due]) -> Vec<&str> {
    due.iter().map(|due| due.placed.call.as_str()).collect()
}

#[test]
fn the_oldest_due_comes_first_and_nothing_early() {
    let mut store = store();
    store.put("b", &placed("b", 10), 0);
    store.put("a", &placed("a", 0), 0);
    store.put("c", &placed("c", 500), 0);
    assert_eq!(store.next_due(), Some(60_000));
    assert!(store.take(59_999, 10).is_empty());
    assert_eq!(names(&store.take(70_000, 10)), ["a", "b"]);
    assert!(store.take(70_000, 10).is_empty(), "taken already");
    assert_eq!(store.len(), 3);
}

#[test]
fn an_answer_without_a_result_waits_for_the_next_time_and_the_deadline_is_the_last() {
    let mut store = store();
    store.put("a", &placed("a", 0), 0);
    let mut asked = Vec::new();
    let mut now = 0;
    loop {
        now = store.next_due().expect("pending").max(now);
        let due = store.take(now, 1).remove(0);
        asked.push(now);
        if due.last {
            break;
        }
        store.give_back(&due, Unsettled::Open, now);
    }
    assert_eq!((asked[0], *asked.last().expect("asked")), (60_000, 3_600_000));
    assert!((55..=68).contains(&asked.len()), "once a minute, stretched by a tenth at most: {}", asked.len());
    assert!(asked.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn an_outage_moves_nothing() {
    let mut store = store();
    for (call, at) in [("a", 0), ("b", 1), ("c", 2)] {
        store.put(call, &placed(call, at), 0);
    }
    let hours_later = 5 * 3_600_000;
    let taken = store.take(hours_later, 2);
    assert_eq!(names(&taken), ["a", "b"]);
    taken.iter().for_each(|due| store.give_back(due, Unsettled::Untold, hours_later));
    assert_eq!(names(&store.take(hours_later, 3)), ["a", "b", "c"]);
}

#[test]
fn a_call_that_may_spoil_its_batch_is_asked_alone() {
    let mut store = store();
    for call in ["a", "b", "c"] {
        store.put(call, &placed(call, 0), 0);
    }
    let batch = store.take(60_000, 10);
    assert_eq!(batch.len(), 3);
    batch.iter().for_each(|due| store.give_back(due, Unsettled::Suspect(0), 60_000));
    for _ in 0..3 {
        let alone = store.take(60_000, 10);
        assert_eq!(alone.len(), 1);
        assert!(alone[0].suspect);
        store.settle(alone[0].id).expect("pending");
    }
    assert!(store.is_empty());
}

#[test]
fn a_suspect_waits_longer_each_time() {
    let mut store = store();
    store.put("a", &placed("a", 0), 0);
    let mut pauses = Vec::new();
    let mut now = 60_000;
    for _ in 0..12 {
        let due = store.take(now, 1).remove(0);
        store.give_back(&due, Unsettled::Suspect(1000), now);
        let next = store.next_due().expect("pending");
        pauses.push(next - now);
        now = next;
    }
    assert_eq!(pauses[..3], [2000, 4000, 8000]);
    assert_eq!(pauses[11], 60_000);
}

#[test]
fn a_hopeless_call_waits_for_its_deadline_unasked() {
    let mut store = store();
    store.put("a", &placed("a", 0), 0);
    let due = store.take(60_000, 1).remove(0);
    store.give_back(&due, Unsettled::Hopeless, 60_000);
    assert!(store.take(3_599_999, 1).is_empty());
    let due = store.take(3_600_000, 1).remove(0);
    assert!(due.hopeless && due.last);
}

#[test]
fn a_hint_is_due_at_once_and_keeps_what_the_dialer_said() {
    let mut store = store();
    store.put("a", &placed("a", 0), 0);
    store.put("a", &hint("a", 5), 5000);
    assert_eq!(store.next_due(), Some(5000));
    let due = store.take(5000, 1).remove(0);
    assert!(due.placed.destination.is_some());
    assert_eq!(store.settle(due.id), Some((true, true)));

    store.put("b", &hint("b", 5), 5000);
    store.put("b", &placed("b", 4), 5000);
    let due = store.take(5000, 1).remove(0);
    assert!(due.placed.destination.is_some());
}

#[test]
fn a_call_cleared_while_it_is_asked_about_does_not_come_back() {
    let mut store = store();
    store.put("a", &placed("a", 0), 0);
    let due = store.take(60_000, 1).remove(0);
    assert!(store.delete("a", false));
    store.give_back(&due, Unsettled::Open, 60_000);
    assert!(store.is_empty());
    assert_eq!(store.next_due(), None);
    assert_eq!(store.settle(due.id), None);
}

#[test]
fn a_cleared_call_leaves_its_hint_to_be_deleted() {
    let mut store = store();
    store.put("v/a/c", &placed("c", 0), 0);
    store.put("v/a/c", &hint("c", 0), 0);
    assert!(store.delete("v/a/c", false));
    assert_eq!(store.take_orphans(), ["hint/v/a/c"]);
    assert!(store.take_orphans().is_empty());

    store.put("v/a/d", &placed("d", 0), 0);
    store.put("v/a/d", &hint("d", 0), 0);
    assert!(!store.delete("v/a/d", true), "still placed");
    assert!(store.delete("v/a/d", false));
    assert!(store.take_orphans().is_empty());
}

#[test]
fn after_a_take_over_each_call_goes_on_where_it_was() {
    let mut store = store();
    store.clear();
    store.put("old", &placed("old", 0), DAY);
    store.put("new", &placed("new", 590), DAY);
    assert_eq!(store.next_due(), None, "nothing before all is read");
    // Asked about everything until 600 s.
    store.loaded(Instant::from_millis(600_000));
    assert!(store.take(600_000, 10).is_empty());
    let mut next = store.take(670_000, 10);
    next.sort_by(|a, b| a.placed.call.cmp(&b.placed.call));
    assert_eq!(names(&next), ["new", "old"]);
}

#[test]
fn what_is_under_way_counts_as_not_asked() {
    let mut store = store();
    assert_eq!(store.asked_until(1_000_000), 1_000_000);
    store.put("a", &placed("a", 0), 0);
    store.put("b", &placed("b", 10), 0);
    let due = store.take(60_000, 1).remove(0);
    assert_eq!(store.asked_until(1_000_000), 60_000);
    store.give_back(&due, Unsettled::Open, 60_000);
    assert_eq!(store.asked_until(1_000_000), 70_000);
    assert_eq!(store.asked_until(65_000), 65_000);
}

proptest! {
    /// Whatever happens in whatever order, every call is in exactly one place and none is lost.
    #[test]
    fn no_call_is_lost(steps in proptest::collection::vec((0_u8..7, 0_usize..6), 1..200)) {
        let mut store = store();
        let mut pending = std::collections::BTreeSet::new();
        let mut taken: Vec<Due> = Vec::new();
        let mut now = 0;
        for (step, which) in steps {
            let name = ["a", "b", "c", "d", "e", "f"][which];
            match step {
                0 => { store.put(name, &placed(name, now / 1000), now); pending.insert(name); }
                1 => { store.put(name, &hint(name, now / 1000), now); pending.insert(name); }
                2 => { store.delete(name, false); pending.remove(name); taken.retain(|due| due.placed.call != name); }
                3 => { now += 45_000; taken.extend(store.take(now, 1 + which)); }
                4 | 5 => if !taken.is_empty() {
                    let due = taken.remove(which % taken.len());
                    let why = [Unsettled::Open, Unsettled::Untold, Unsettled::Suspect(10), Unsettled::Hopeless][which % 4];
                    store.give_back(&due, why, now);
                },
                _ => if !taken.is_empty() {
                    let due = taken.remove(which % taken.len());
                    prop_assert!(store.settle(due.id).is_some());
                    pending.remove(due.placed.call.as_str());
                },
            }
            prop_assert_eq!(store.len(), pending.len());
        }
        for due in &taken { store.give_back(due, Unsettled::Open, now); }
        let mut last = Vec::new();
        while let Some(due) = store.next_due() {
            last.extend(store.take(due.max(now), 10));
        }
        prop_assert_eq!(last.len(), pending.len());
    }
}

#[test]
fn ages_are_those_of_what_is_pending() {
    let mut store = store();
    let now = 10_000_000;
    store.put("young", &placed("young", 9_990), 0);
    store.put("old", &placed("old", 0), 0);
    store.put("hinted", &hint("hinted", 9_500), now);
    assert_eq!(store.ages(now), [1, 1, 0, 1]);
    // The dialer knows better when it was placed.
    store.put("hinted", &placed("hinted", 7_000), now);
    assert_eq!(store.ages(now), [1, 0, 1, 1]);
    assert_eq!(store.ages(now + DAY), [0, 0, 0, 3]);
    store.settle(Store::id("old")).expect("pending");
    assert!(!store.delete("hinted", true), "it is placed, too");
    assert!(store.delete("young", false));
    assert_eq!(store.ages(now), [0, 0, 1, 0]);
    store.clear();
    assert_eq!(store.ages(now), [0; 4]);
}

/// A million of them is the design point.
#[test]
fn what_is_kept_of_a_call_besides_its_text_is_small() {
    assert!(size_of::<Pending>() <= 32, "{}", size_of::<Pending>());
}
