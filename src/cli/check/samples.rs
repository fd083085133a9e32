//! Sample bodies that a source names: what its mapping makes of them.

use crate::clock;
use crate::event::{Basis, Channel, Event, Instant, Outcome};
use crate::source::Source;

use super::Report;

pub(super) fn check(report: &mut Report, source: &Source) {
    let context = source.context(Channel::Callback, Instant::new(clock::now()));
    for path in source.adapter.sample_files() {
        let what = format!("sources.{} {}", source.name, path.display());
        let body = match std::fs::read(path) {
            Ok(body) => body,
            Err(error) => {
                report.fail(&what, &format!("cannot be read: {error}"), "give the path as seen from here");
                continue;
            }
        };
        match source.adapter.read_sample(body.into(), &context) {
            None => {}
            Some(Err(reject)) => report.fail(&what, &reject.to_string(), "correct the mapping, or remove the sample"),
            Some(Ok(facts)) => say(report, &what, &facts.events),
        }
    }
}

/// Which events a sample gives, and what was probably meant to be in them. No numbers: what is checked gets copied around.
fn say(report: &mut Report, what: &str, events: &[Event]) {
    if events.is_empty() {
        report.warn(what, "gives no event", "name its type in the table of `type` if it should");
    }
    for event in events {
        let outcome = event.outcome.map(|outcome| format!(", {}", outcome.as_str())).unwrap_or_default();
        let finding = format!("{} of {}{outcome}", event.event_type.as_str(), event.subject);
        let code = event.cause.as_ref().map(|cause| format!("its code in `{}` is {}", cause.interface, cause.code));
        if let (Some(Outcome::Unknown), Some(code)) = (event.outcome, code) {
            report.warn(what, &format!("{finding}: {code}"), "add the code to the table of `outcome`");
        } else if event.occurred_at_basis == Basis::Received {
            report.warn(what, &format!("{finding}, without a time of its own"), "say where its time stands");
        } else {
            report.ok(what, &format!("{finding}, at {}", event.occurred_at));
        }
    }
}
