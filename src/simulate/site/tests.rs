use std::borrow::Cow;

use super::*;
use crate::simulate::plan::Outage;
use crate::simulate::vendors::REGISTRY;

fn site(change: impl FnOnce(&mut VendorPlan)) -> Site {
    let mut plan = VendorPlan::new(REGISTRY[0].name());
    change(&mut plan);
    Site::new(REGISTRY[0], plan, 7)
}

fn entry(told: bool, heard: &[&str]) -> Entry {
    Entry { due: Vec::new(), told, heard: heard.iter().map(|name| (*name).to_owned()).collect() }
}

fn due(ways: Vec<Way>) -> Due {
    Due { event_type: "call.ended", subject: "a".to_owned(), outcome: None, also: Vec::new(), ways }
}

#[test]
fn a_fact_is_due_when_one_way_to_it_was_open() {
    let (by, of) = (|| Cow::Borrowed("end"), || "a".to_owned());
    // The way; whether it is due when told, when the callback was heard, when neither.
    for (way, open) in [
        (Way::Callback(by()), [false, true, false]),
        (Way::Hint(by(), of()), [false, true, false]),
        (Way::Asked(of()), [true, false, false]),
        (Way::Created, [true, false, false]),
        (Way::Listed(of()), [true, true, true]),
    ] {
        let due = due(vec![way.clone()]);
        let found =
            [entry(true, &[]), entry(false, &["end"]), entry(false, &["other"])].map(|entry| must(&entry, &due));
        assert_eq!(found, open, "{way:?}");
    }
}

#[test]
fn a_hint_alone_tells_no_result() {
    let heard = entry(true, &["end"]);
    let hint = due(vec![Way::Hint("end".into(), "a".to_owned()), Way::Asked("a".to_owned())]);
    assert!(!known(&heard, &hint, &HashSet::new()));
    assert!(known(&heard, &hint, &["a".to_owned()].into()));
    assert!(known(&heard, &due(vec![Way::Callback("end".into())]), &HashSet::new()));
}

#[test]
fn the_truth_is_the_plans() {
    let (one, other) = (site(|_| ()), site(|_| ()));
    for _ in 0..50 {
        let (one, other) = (one.place(1), other.place(1));
        assert_eq!(one.task, other.task);
        let facts = |placing: &Placing| {
            let call = placing.calls[0].clone();
            (call.id.clone(), call.number.clone(), call.reference.clone(), call.outcome, call.variant)
        };
        assert_eq!(facts(&one), facts(&other));
        let call = &one.calls[0];
        assert_eq!(call.answered.is_some(), call.outcome == Outcome::Answered);
        assert!(call.placed <= call.ended && call.answered >= call.ringing.filter(|_| call.answered.is_some()));
        assert!(!call.refused, "this vendor documents no refusal");
    }
    assert_eq!(one.placed(), 50);
    assert_eq!(one.calls(|_| true).len(), 50);
}

#[test]
fn tokens_live_as_long_as_they_should() {
    let (site, now) = (site(|_| ()), clock::now());
    let (token, seconds) = site.issue_token(7200, now);
    assert_eq!(seconds, 7200);
    let after = |seconds: u64| site.token(&token, now + Duration::from_secs(seconds));
    assert_eq!((after(0), after(7199), after(7200)), (Token::Valid, Token::Valid, Token::Expired));
    assert_eq!(site.token("another", now), Token::Unknown);
    assert_ne!(site.issue_token(7200, now).0, token);
    let short = self::site(|plan| plan.token_seconds = Some(2));
    assert_eq!(short.issue_token(7200, now).1, 2);
}

#[test]
fn outages_are_planned_or_made_by_hand() {
    let outage = |to| Outage { from: Duration::ZERO, to: Duration::from_secs(to), form: Away::Dropped };
    let site = site(|plan| plan.outages.push(outage(600)));
    assert_eq!(site.away(), None, "the run has not begun");
    site.begin_run();
    assert_eq!(site.away(), Some(Away::Dropped));
    site.set_away(Some(Away::Unavailable));
    assert_eq!(site.away(), Some(Away::Unavailable));
    site.set_away(None);
    assert_eq!(site.away(), Some(Away::Dropped));
}
