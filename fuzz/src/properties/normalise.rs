//! What a delivery states depends on the delivery alone, and can be published.

use jiff::{SignedDuration, Timestamp};
use trunkline::event::{Channel, EventKey, Instant};
use trunkline::reject::Reject;
use trunkline::vendor::{Explain, Facts, Kind};

use super::events::{records, same, tells_no_number};
use super::subject::{Subject, now, pick, signed, unsigned};

/// A body, signed as the vendor would.
pub fn check(input: &[u8]) {
    let Some((subject, kind, body)) = pick(input) else { return };
    let body = String::from_utf8_lossy(body);
    let facts = match read(subject, kind, &body, now(), "nonce-1") {
        None => return,
        Some(Err(reject)) => return tells_no_number(&reject.to_string(), &body, 7),
        Some(Ok(facts)) => facts,
    };
    let published = records(&facts.events, body.len());
    for event in &facts.events {
        assert!(kind.events.contains(&event.event_type), "{event:?} is not in the kind's list");
    }
    let again = read(subject, kind, &body, now(), "nonce-1").and_then(Result::ok).expect("the same as before");
    assert!(same(&records(&again.events, body.len()), &published), "the same input gives the same bytes");
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
