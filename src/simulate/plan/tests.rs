use super::*;

fn plan() -> VendorPlan {
    let faults = Faults { lose: 0.2, duplicate: 0.3, reorder: 0.1, wrong_signatures: 0.05, ..Faults::default() };
    VendorPlan { faults, refuse: 0.1, untold: 0.1, ..VendorPlan::new("some-vendor") }
}

#[test]
fn the_same_seed_gives_the_same_run_in_whatever_order() {
    let one: Vec<_> = (0..200).map(|index| plan().sketch(7, index, Outcome::ALL)).collect();
    let mut other: Vec<_> = (0..200).rev().map(|index| plan().sketch(7, index, Outcome::ALL)).collect();
    other.reverse();
    assert_eq!(one, other);
    assert_ne!(one, (0..200).map(|index| plan().sketch(8, index, Outcome::ALL)).collect::<Vec<_>>());
    let fates = |seed| (0..200).map(|index| plan().fate(seed, index, "ended")).collect::<Vec<_>>();
    assert_eq!(fates(7), fates(7));
    assert_ne!(fates(7), fates(8));
    assert_ne!(plan().fate(7, 0, "ended"), plan().fate(7, 0, "answered"));
}

#[test]
fn one_fault_more_changes_nothing_else() {
    let more = VendorPlan { faults: Faults { lose: 0.9, ..plan().faults }, refuse: 0.5, ..plan() };
    for index in 0..200 {
        assert_eq!(
            Fate { lost: false, ..plan().fate(7, index, "x") },
            Fate { lost: false, ..more.fate(7, index, "x") }
        );
        let calm = |sketch: Sketch| Sketch { refused: false, ..sketch };
        assert_eq!(calm(plan().sketch(7, index, Outcome::ALL)), calm(more.sketch(7, index, Outcome::ALL)));
    }
}

#[test]
fn shares_are_what_was_asked_for() {
    let fates: Vec<_> = (0..10_000).map(|index| plan().fate(1, index, "ended")).collect();
    let count = |what: fn(&Fate) -> bool| fates.iter().filter(|fate| what(fate)).count();
    assert!((1_850..2_150).contains(&count(|fate| fate.lost)));
    assert!((2_850..3_150).contains(&count(|fate| !fate.copies.is_empty())));
    assert!((900..1_100).contains(&count(|fate| fate.held)));
    assert!((400..600).contains(&count(|fate| fate.wrong.is_some())));
    assert!(fates.iter().all(|fate| fate.copies.len() <= 3));
    assert!(fates.iter().filter(|fate| fate.held).all(|fate| fate.delay >= Duration::from_secs(1)));
    let sound = VendorPlan::new("some-vendor");
    let nothing = Fate { lost: false, wrong: None, held: false, delay: Duration::ZERO, copies: Vec::new() };
    assert!((0..100).all(|index| sound.fate(1, index, "ended") == nothing && sound.told(1, index)));
}

#[test]
fn only_outcomes_the_vendor_tells_come_and_in_their_shares() {
    let outcomes = [Outcome::Answered, Outcome::Busy];
    let drawn = |plan: VendorPlan| (0..6_000).map(move |index| plan.sketch(1, index, &outcomes).outcome);
    // 50 to 10 by default.
    let busy = drawn(plan()).filter(|outcome| *outcome == Outcome::Busy).count();
    assert!((850..1_150).contains(&busy), "{busy}");
    let only = VendorPlan { mix: [(Outcome::Busy, 1), (Outcome::Failed, 9)].into(), ..plan() };
    assert!(drawn(only).all(|outcome| outcome == Outcome::Busy));
}

#[test]
fn numbers_are_made_up() {
    for index in 0..500 {
        let number = plan().sketch(3, index, Outcome::ALL).number;
        assert!(number.len() == 13 && number.starts_with("+447700900"), "{number}");
    }
}

#[test]
fn an_outage_has_a_start_and_an_end() {
    let outage =
        |from, to| Outage { from: Duration::from_secs(from), to: Duration::from_secs(to), form: Away::Dropped };
    let plan = VendorPlan { outages: vec![outage(10, 20), outage(30, 31)], ..plan() };
    let away = |second| plan.away(Duration::from_secs(second)).is_some();
    assert_eq!([0, 9, 10, 19, 20, 29, 30, 31].map(away), [false, false, true, true, false, false, true, false]);
}
