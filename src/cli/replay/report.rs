//! What a replay prints: a line for each record that gives something, and what it all comes to.

use std::collections::BTreeMap;
use std::io::Write;

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::event::Event;
use crate::reject::Reason;
use crate::replay::diff::Change;
use crate::replay::{Ended, Former, From, Held, Judged, Replayed, Skip, Verdict, Wanted, What};

/// Records shown without `--verbose`.
const SHOWN: u64 = 20;

/// Prints and counts.
pub(super) struct Report {
    json: bool,
    verbose: bool,
    topic: &'static str,
    bar: ProgressBar,
    shown: u64,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    records: u64,
    skipped: BTreeMap<Skip, u64>,
    rejected: BTreeMap<Reason, u64>,
    empty: u64,
    new: u64,
    revisions: u64,
    nothing: u64,
    nothing_changed: u64,
    same: u64,
    held: BTreeMap<Held, u64>,
    moved: u64,
    gone: u64,
    hints: u64,
}

impl Report {
    pub(super) fn new(json: bool, verbose: bool, wanted: &Wanted, bar: ProgressBar) -> Self {
        let topic = match wanted.from {
            From::Rejected => "rejected",
            From::Inbox => "inbox",
        };
        Self { json, verbose, topic, bar, shown: 0, counts: Counts::default() }
    }

    /// Counts one record, and shows it if it is worth that.
    pub(super) fn tell(&mut self, replayed: &Replayed) {
        let news = self.counts.add(replayed);
        if self.json {
            return self.line(&object(replayed, self.topic).to_string());
        }
        if !self.verbose && (!news || self.shown == SHOWN) {
            return;
        }
        self.shown += 1;
        let at = Timestamp::from_millisecond(replayed.received).map_or_else(|_| "-".to_owned(), |at| at.to_string());
        let reason = replayed.reason.as_deref().unwrap_or_default();
        let head =
            format!("{at}  {}/{}/{}  {}  {reason}", self.topic, replayed.partition, replayed.offset, replayed.source);
        self.line(head.trim_end());
        match &replayed.what {
            What::Skipped(skip) => self.line(&format!("    cannot be replayed: {}", skip.meaning())),
            What::Rejected(reject) => self.line(&format!("    not understood: {reject}")),
            What::Facts { events, hints, former } => {
                if *former == Former::Moved {
                    self.line(
                        "    WARNING: no event has the key of the one that was written: a new fact for consumers",
                    );
                }
                for judged in events {
                    self.line(&format!("    {}: {}", name(&judged.event), verdict(judged)));
                    judged.changes.iter().for_each(|change| self.line(&format!("        {}", change.line())));
                }
                if *hints > 0 {
                    self.line(&format!("    calls without a result, to be asked for: {hints}"));
                }
                if *former == Former::Gone {
                    self.line("    the event that was written is not made any more: consumers keep it");
                }
                if events.is_empty() && *hints == 0 && *former == Former::None {
                    self.line("    no event");
                }
            }
        }
    }

    /// The sum of it, and how to go on.
    pub(super) fn end(&self, ended: &Ended, applied: bool) {
        let counts = &self.counts;
        if self.json {
            let offsets: BTreeMap<_, _> =
                ended.offsets.iter().map(|(partition, at)| (partition.to_string(), at)).collect();
            let mut summary = counts.object();
            summary["applied"] = applied.into();
            summary["complete"] = ended.complete.into();
            summary["written"] = ended.written.into();
            summary["too_large"] = ended.too_large.into();
            summary["offsets"] = json!(offsets);
            self.line(&json!({ "summary": summary }).to_string());
        } else {
            counts.rows().iter().for_each(|(what, count)| self.line(&format!("{count:>10}  {what}")));
            if ended.too_large > 0 {
                self.line(&format!("{:>10}  events are over kafka.max_message_bytes and not written", ended.too_large));
            }
            match applied {
                true => self.line(&format!("{:>10}  events written to the inbox", ended.written)),
                false => self.line("nothing is written; --apply does that"),
            }
        }
        if counts.moved > 0 {
            eprintln!(
                "WARNING: {} events would get another key: consumers would count those facts twice. Look at `map.call`, \
                 `account` and other settings that identify a call.",
                counts.moved
            );
        }
        if !ended.complete {
            let offsets: Vec<_> = ended.offsets.iter().map(|(partition, at)| format!("{partition}:{at}")).collect();
            eprintln!("stopped before the end; go on with the same options and --from {}", offsets.join(","));
        }
    }

    /// A reader that goes away does not stop a replay.
    fn line(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout(), "{text}");
        });
    }
}

impl Counts {
    /// Returns whether the record gives something new, or a warning.
    fn add(&mut self, replayed: &Replayed) -> bool {
        self.records += 1;
        match &replayed.what {
            What::Skipped(skip) => {
                *self.skipped.entry(*skip).or_default() += 1;
                false
            }
            What::Rejected(reject) => {
                *self.rejected.entry(reject.reason).or_default() += 1;
                false
            }
            What::Facts { events, hints, former } => {
                let moved = *former == Former::Moved;
                self.moved += u64::from(moved);
                self.gone += u64::from(*former == Former::Gone);
                self.hints += *hints as u64;
                self.empty += u64::from(events.is_empty() && *hints == 0 && *former == Former::None);
                for judged in events {
                    match judged.verdict {
                        Verdict::New => self.new += 1,
                        Verdict::Revision(_) => self.revisions += 1,
                        Verdict::Same => self.same += 1,
                        Verdict::Nothing if judged.changes.is_empty() => self.nothing += 1,
                        Verdict::Nothing => self.nothing_changed += 1,
                        Verdict::Held(held) => *self.held.entry(held).or_default() += 1,
                    }
                }
                moved || events.iter().any(|judged| !matches!(judged.verdict, Verdict::Same | Verdict::Nothing))
            }
        }
    }

    fn rows(&self) -> Vec<(String, u64)> {
        let mut rows = vec![("records looked at".to_owned(), self.records)];
        let mut row = |what: String, count: u64| {
            if count > 0 {
                rows.push((what, count));
            }
        };
        for (skip, count) in &self.skipped {
            row(format!("cannot be replayed: {}", skip.meaning()), *count);
        }
        for (reason, count) in &self.rejected {
            row(format!("not understood: {}", reason.as_str()), *count);
        }
        row("understood, and no event".to_owned(), self.empty);
        row("events that are not made any more: consumers keep them".to_owned(), self.gone);
        row("events published as new facts".to_owned(), self.new);
        row("events published as revisions".to_owned(), self.revisions);
        row("events as they were written".to_owned(), self.same);
        row("events that are published already".to_owned(), self.nothing);
        let what = "events changed only in what dedup does not compare: consumers keep the former ones";
        row(what.to_owned(), self.nothing_changed);
        for (held, count) in &self.held {
            row(format!("events held back: {}", held.meaning()), *count);
        }
        row("calls without a result, to be asked for".to_owned(), self.hints);
        rows
    }

    fn object(&self) -> Value {
        let skipped: BTreeMap<_, _> = self.skipped.iter().map(|(skip, count)| (skip.as_str(), count)).collect();
        let rejected: BTreeMap<_, _> = self.rejected.iter().map(|(reason, count)| (reason.as_str(), count)).collect();
        let held: BTreeMap<_, _> = self.held.iter().map(|(held, count)| (held.as_str(), count)).collect();
        json!({
            "records": self.records,
            "skipped": skipped,
            "rejected": rejected,
            "empty": self.empty,
            "new": self.new,
            "revisions": self.revisions,
            "same": self.same,
            "nothing_new": self.nothing + self.nothing_changed,
            "held": held,
            "moved": self.moved,
            "gone": self.gone,
            "hints": self.hints,
        })
    }
}

/// An event as a terminal may show it: no telephone numbers.
fn name(event: &Event) -> String {
    let outcome = event.outcome.map_or(String::new(), |outcome| format!(" {}", outcome.as_str()));
    format!("{} {}{outcome}", event.event_type.as_str(), event.subject)
}

fn verdict(judged: &Judged) -> String {
    match judged.verdict {
        Verdict::New => "new".to_owned(),
        Verdict::Revision(number) => format!("revision {number}"),
        Verdict::Same => "as it was written".to_owned(),
        Verdict::Nothing if judged.changes.is_empty() => "published already".to_owned(),
        Verdict::Nothing => "changed only in what dedup does not compare: consumers keep the former one".to_owned(),
        Verdict::Held(held) => format!("held back: {}", held.meaning()),
    }
}

/// A record for programs, with everything in it.
fn object(replayed: &Replayed, topic: &str) -> Value {
    let mut object = json!({
        "topic": topic,
        "partition": replayed.partition,
        "offset": replayed.offset,
        "received_at": Timestamp::from_millisecond(replayed.received).map(|at| at.to_string()).ok(),
        "source": replayed.source,
        "reason": replayed.reason,
    });
    match &replayed.what {
        What::Skipped(skip) => object["skipped"] = skip.as_str().into(),
        What::Rejected(reject) => {
            object["rejected"] = json!({ "reason": reject.reason.as_str(), "detail": reject.detail });
        }
        What::Facts { events, hints, former } => {
            object["events"] = events.iter().map(judged).collect();
            object["hints"] = (*hints).into();
            object["moved"] = (*former == Former::Moved).into();
            object["gone"] = (*former == Former::Gone).into();
        }
    }
    object
}

fn judged(judged: &Judged) -> Value {
    let verdict = match judged.verdict {
        Verdict::New => "new",
        Verdict::Revision(_) => "revision",
        Verdict::Same => "same",
        Verdict::Nothing => "nothing_new",
        Verdict::Held(_) => "held",
    };
    let change = |change: &Change| json!({ "path": change.path, "before": change.before, "after": change.after });
    let mut object = json!({
        "verdict": verdict,
        "event": judged.event,
        "changes": judged.changes.iter().map(change).collect::<Vec<_>>(),
    });
    match judged.verdict {
        Verdict::Revision(number) => object["revision"] = number.into(),
        Verdict::Held(held) => object["held"] = held.as_str().into(),
        _ => {}
    }
    object
}
