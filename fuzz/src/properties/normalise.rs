//! What a delivery states depends on the delivery alone, and can be published.

use jiff::{SignedDuration, Timestamp};
use trunkline::event::cloudevents::{Encoded, encode};
use trunkline::event::{Channel, Event, EventKey, Instant};
use trunkline::reject::Reject;
use trunkline::vendor::{Explain, Facts, Kind};

use super::subject::{Subject, now, pick, signed, unsigned};

/// A body, signed as the vendor would.
pub fn check(input: &[u8]) {
    let Some((subject, kind, body)) = pick(input) else { return };
    let body = String::from_utf8_lossy(body);
    let facts = match read(subject, kind, &body, now(), "nonce-1") {
        None => return,
        Some(Err(reject)) => return check_detail(&reject, &body),
        Some(Ok(facts)) => facts,
    };
    let records: Vec<Encoded> = facts.events.iter().map(|event| encode(event, &[])).collect();
    for (event, record) in facts.events.iter().zip(&records) {
        assert!(kind.events.contains(&event.event_type), "{event:?} is not in the kind's list");
        assert!(!event.subject.is_empty() && event.subject.len() <= 1024, "ids have a bound");
        let read: Event = serde_json::from_slice(&record.value).expect("what is published can be read");
        assert!(read == *event, "{event:?} is read as another event");
    }
    // A delivery must not become a flood.
    let published: usize = records.iter().map(|record| record.value.len()).sum();
    assert!(published <= 64 * body.len() + 8192, "{published} bytes of {} received", body.len());

    let again = read(subject, kind, &body, now(), "nonce-1").and_then(Result::ok).expect("the same as before");
    let again: Vec<Encoded> = again.events.iter().map(|event| encode(event, &[])).collect();
    assert_eq!(again.len(), records.len());
    for (again, record) in again.iter().zip(&records) {
        let parts = |record: &Encoded| (record.key.clone(), record.value.clone(), record.headers.clone());
        assert!(parts(again) == parts(record), "the same input gives the same bytes");
    }
    // A repetition is signed anew and comes later, and states the same facts.
    let later = now() + SignedDuration::from_secs(61);
    let later = read(subject, kind, &body, later, "nonce-2").and_then(Result::ok).expect("the same as before");
    let keys = |facts: &Facts| facts.events.iter().map(|event| event.key).collect::<Vec<EventKey>>();
    assert_eq!(keys(&later), keys(&facts), "keys do not depend on when and how a delivery came");
}

/// The facts of a body that arrives at `at`; `None` when its vendor cannot sign it.
fn read(
    subject: &Subject,
    kind: &'static Kind,
    body: &str,
    at: Timestamp,
    nonce: &str,
) -> Option<Result<Facts, Reject>> {
    let inbound = signed(&subject.demo, kind, body, at, nonce).unwrap_or_else(|| unsigned(kind, body.as_bytes()));
    let verified = subject.demo.adapter.verify(inbound, at, &mut Explain::off()).ok()?;
    Some(subject.demo.adapter.normalise(&verified, &subject.demo.context(Channel::Callback, Instant::new(at))))
}

/// What is told of a delivery never repeats a number that stands in it.
fn check_detail(reject: &Reject, body: &str) {
    for digits in reject.detail.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() >= 7) {
        assert!(!body.contains(digits), "{reject} repeats what was sent");
    }
}
