use super::*;

fn due(subject: &str, outcome: Outcome) -> DueEntry {
    DueEntry {
        source: "s".to_owned(),
        vendor: "v".to_owned(),
        event_type: "call.ended".to_owned(),
        subject: subject.to_owned(),
        outcome: Some(outcome),
        also: Vec::new(),
        must: true,
    }
}

fn ledger(due: Vec<DueEntry>) -> Ledger {
    let time = Instant::new(jiff::Timestamp::UNIX_EPOCH);
    let vendor = VendorLedger { source: "s".to_owned(), ..VendorLedger::default() };
    Ledger {
        seed: 7,
        started_at: time,
        ended_at: time,
        complete: true,
        not_asked_for: 0,
        strays: 0,
        vendors: [("v".to_owned(), vendor)].into(),
        due,
    }
}

fn seen(subject: &str, key: &str, revision: u32, outcome: &str) -> Seen {
    Seen {
        source: "s".to_owned(),
        event_type: "call.ended".to_owned(),
        subject: subject.to_owned(),
        outcome: Some(outcome.to_owned()),
        revision,
        channel: "callback".to_owned(),
        key: key.to_owned(),
    }
}

fn differences(due: Vec<DueEntry>, events: &[Seen]) -> [usize; 4] {
    let comparison = ledger(due).compare(events);
    let lists = [&comparison.missing, &comparison.unexpected, &comparison.doubled, &comparison.wrong_outcome];
    assert_eq!(comparison.is_good(), lists.iter().all(|list| list.is_empty()));
    lists.map(Vec::len)
}

#[test]
fn what_is_due_and_there_is_no_difference() {
    let both = || vec![due("a", Outcome::Busy), due("b", Outcome::NoAnswer)];
    let polled = Seen { channel: "poll".to_owned(), ..seen("b", "k2", 0, "no_answer") };
    let events = [seen("a", "k1", 0, "busy"), polled];
    let comparison = ledger(both()).compare(&events);
    assert!(comparison.is_good(), "{comparison}");
    assert_eq!(comparison.found, [("callback".to_owned(), 1), ("poll".to_owned(), 1)].into());
    assert_eq!(comparison.due, 2);
}

#[test]
fn every_kind_of_difference_is_found() {
    let busy = || vec![due("a", Outcome::Busy)];
    let right = seen("a", "k1", 0, "busy");
    assert_eq!(differences(busy(), &[]), [1, 0, 0, 0], "missing");
    assert_eq!(differences(busy(), &[right.clone(), seen("x", "k2", 0, "busy")]), [0, 1, 0, 0], "not placed");
    let other_type = Seen { event_type: "call.ringing".to_owned(), outcome: None, ..seen("a", "k2", 0, "") };
    assert_eq!(differences(busy(), &[right.clone(), other_type]), [0, 1, 0, 0], "not due");
    assert_eq!(differences(busy(), &[right.clone(), right.clone()]), [0, 0, 1, 0], "a revision twice");
    assert_eq!(differences(busy(), &[right.clone(), seen("a", "k2", 0, "busy")]), [0, 0, 1, 0], "two keys");
    assert_eq!(differences(busy(), &[seen("a", "k1", 0, "answered")]), [0, 0, 0, 1], "another outcome");
    let none = Seen { outcome: None, ..right };
    assert_eq!(differences(busy(), &[none]), [0, 0, 0, 1], "no outcome");
}

#[test]
fn the_last_revision_counts_in_whatever_order_they_are_read() {
    let events = [seen("a", "k1", 1, "busy"), seen("a", "k1", 0, "unknown")];
    assert_eq!(differences(vec![due("a", Outcome::Busy)], &events), [0; 4]);
    assert_eq!(ledger(vec![due("a", Outcome::Busy)]).compare(&events).revisions, 1);
    assert_eq!(differences(vec![due("a", Outcome::Unknown)], &events), [0, 0, 0, 1]);
}

#[test]
fn what_may_be_there_need_not_be() {
    let may = || vec![DueEntry { must: false, ..due("a", Outcome::Busy) }];
    assert_eq!(differences(may(), &[]), [0; 4]);
    assert_eq!(differences(may(), &[seen("a", "k1", 0, "busy")]), [0; 4]);
    assert_eq!(differences(may(), &[seen("a", "k1", 0, "failed")]), [0, 0, 0, 1]);
    let vague = vec![DueEntry { also: vec![Outcome::Failed], ..due("a", Outcome::Busy) }];
    assert_eq!(differences(vague, &[seen("a", "k1", 0, "failed")]), [0; 4]);
}

#[test]
fn facts_that_recur_are_counted() {
    let twice = || vec![due("a", Outcome::Busy), due("a", Outcome::Busy)];
    let event = |key| seen("a", key, 0, "busy");
    assert_eq!(differences(twice(), &[event("k1"), event("k2")]), [0; 4]);
    assert_eq!(differences(twice(), &[event("k1")]), [1, 0, 0, 0]);
    assert_eq!(differences(twice(), &[event("k1"), event("k2"), event("k3")]), [0, 0, 1, 0]);
}

#[test]
fn events_of_other_sources_do_not_count() {
    let foreign = Seen { source: "other".to_owned(), ..seen("a", "k1", 0, "busy") };
    assert_eq!(differences(vec![due("a", Outcome::Busy)], &[foreign]), [1, 0, 0, 0]);
}

#[test]
fn a_ledger_survives_its_file_and_prints_its_differences() {
    let written = ledger(vec![due("a", Outcome::Busy)]);
    let text = serde_json::to_string(&written).expect("serialises");
    assert_eq!(serde_json::from_str::<Ledger>(&text).expect("reads"), written);
    let printed = written.compare(&[]).to_string();
    assert!(printed.contains("missing: 1\n  s call.ended a: 0 there, 1 due"), "{printed}");
    assert!(written.to_string().contains("seed 7; 1 events due"));
}

#[test]
fn what_went_wrong_in_a_run_is_named() {
    let well = ledger(vec![due("a", Outcome::Busy)]);
    assert_eq!(well.complaints(), Vec::<String>::new());
    type Spoil = fn(&mut Ledger, &mut VendorLedger);
    let spoils: [(Spoil, &str); 6] = [
        (|_, vendor| vendor.violations = [("query: no token".to_owned(), 2)].into(), "2 times: query: no token"),
        (|_, vendor| vendor.callbacks.wrong_accepted = 3, "3 wrongly signed"),
        (|_, vendor| vendor.callbacks.sent = 1, "not one callback"),
        (|_, vendor| vendor.told.refused = 4, "4 create answers"),
        (|ledger, _| ledger.not_asked_for = 5, "5 events"),
        (|ledger, _| ledger.complete = false, "ended early"),
    ];
    for (spoil, named) in spoils {
        let (mut ledger, mut vendor) = (well.clone(), well.vendors["v"].clone());
        spoil(&mut ledger, &mut vendor);
        ledger.vendors.insert("v".to_owned(), vendor);
        let complaints = ledger.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains(named), "{named}: {complaints:?}");
        assert!(ledger.to_string().contains(named));
    }
}

#[test]
fn an_event_of_the_schema_can_be_read() {
    let event = r#"{"type":"call.ended","key":"00","revision":0,"source":"s","vendor":"v","account":"a","subject":"x",
        "channel":"poll","occurred_at":"2026-01-01T00:00:00.000Z","outcome":"busy","raw":{"any":1}}"#;
    let read: Seen = serde_json::from_str(event).expect("reads");
    assert_eq!((read.subject.as_str(), read.channel.as_str(), read.outcome.as_deref()), ("x", "poll", Some("busy")));
}
