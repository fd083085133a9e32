//! Comparing what is due with what somebody read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

use super::{DueEntry, Ledger};

/// An event as a reader of `trunkline.events` sees it: the part that is compared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seen {
    /// Its source.
    pub source: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its subject.
    pub subject: String,
    /// Its outcome.
    pub outcome: Option<String>,
    /// Its revision.
    pub revision: u32,
    /// How it came: `callback` or `poll`.
    pub channel: String,
    /// Its key.
    pub key: String,
}

/// How what was read differs from what is due. Each difference is one line: source, type, subject and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Events that are due.
    pub due: usize,
    /// Facts that were found, by the channel they came in by first.
    pub found: BTreeMap<String, usize>,
    /// Revisions that were found.
    pub revisions: usize,
    /// Due and not there.
    pub missing: Vec<String>,
    /// There and not due.
    pub unexpected: Vec<String>,
    /// There more than once: a revision twice, or a fact under two keys.
    pub doubled: Vec<String>,
    /// The last revision has another outcome than the call.
    pub wrong_outcome: Vec<String>,
}

impl Comparison {
    /// Whether there is no difference.
    pub fn is_good(&self) -> bool {
        [&self.missing, &self.unexpected, &self.doubled, &self.wrong_outcome].iter().all(|list| list.is_empty())
    }
}

/// Source, type and subject. All facts with the same are compared together.
type Subject<'a> = (&'a str, &'a str, &'a str);

impl Ledger {
    /// Compares with everything read from the topics of published events. Events of other sources do not count.
    pub fn compare(&self, events: &[Seen]) -> Comparison {
        let sources: BTreeSet<&str> = self.vendors.values().map(|vendor| vendor.source.as_str()).collect();
        let mut due: BTreeMap<Subject<'_>, Vec<&DueEntry>> = BTreeMap::new();
        for entry in &self.due {
            due.entry((&entry.source, &entry.event_type, &entry.subject)).or_default().push(entry);
        }
        let mut seen: BTreeMap<Subject<'_>, Vec<&Seen>> = BTreeMap::new();
        for event in events.iter().filter(|event| sources.contains(event.source.as_str())) {
            seen.entry((&event.source, &event.event_type, &event.subject)).or_default().push(event);
        }
        let mut comparison =
            Comparison { due: self.due.iter().filter(|due| due.must).count(), ..Comparison::default() };
        for (subject, due) in &due {
            comparison.subject(*subject, due, seen.remove(subject).unwrap_or_default());
        }
        for (subject, events) in seen {
            comparison.subject(subject, &[], events);
        }
        comparison
    }
}

impl Comparison {
    fn subject(&mut self, (source, event_type, subject): Subject<'_>, due: &[&DueEntry], events: Vec<&Seen>) {
        let line = |what: fmt::Arguments<'_>| format!("{source} {event_type} {subject}: {what}");
        let mut facts: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
        for event in events {
            facts.entry(&event.key).or_default().push(event);
        }
        for (key, revisions) in &mut facts {
            revisions.sort_by_key(|event| event.revision);
            let first = revisions.first().map_or("", |event| event.channel.as_str());
            *self.found.entry(first.to_owned()).or_default() += 1;
            self.revisions += revisions.iter().filter(|event| event.revision > 0).count();
            for pair in revisions.windows(2).filter(|pair| pair[0].revision == pair[1].revision) {
                self.doubled.push(line(format_args!("revision {} of {key} twice", pair[0].revision)));
            }
        }
        let must = due.iter().filter(|entry| entry.must).count();
        match facts.len() {
            count if due.is_empty() => self.unexpected.push(line(format_args!("{count} not due"))),
            count if count > due.len() => {
                self.doubled.push(line(format_args!("{count} facts, {} due", due.len())));
            }
            count if count < must => self.missing.push(line(format_args!("{count} there, {must} due"))),
            _ => {}
        }
        // All facts of one type about one subject have the same outcome, or none.
        let Some(right) = due.first() else { return };
        let outcome = right.outcome.map(|outcome| outcome.as_str());
        for last in facts.values().filter_map(|revisions| revisions.last()) {
            let is = last.outcome.as_deref();
            if is != outcome && right.also.iter().all(|also| is != Some(also.as_str())) {
                let words = [outcome, is].map(|outcome| outcome.unwrap_or("none"));
                self.wrong_outcome.push(line(format_args!("is {}, should be {}", words[1], words[0])));
            }
        }
    }
}

/// Most differences of one kind that are printed.
const SHOWN: usize = 20;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found: Vec<_> = self.found.iter().map(|(channel, count)| format!("{count} by {channel}")).collect();
        let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
        writeln!(f, "{} events due; found {found}; {} revisions", self.due, self.revisions)?;
        let kinds = [
            ("missing", &self.missing),
            ("unexpected", &self.unexpected),
            ("doubled", &self.doubled),
            ("wrong outcome", &self.wrong_outcome),
        ];
        for (name, lines) in kinds {
            writeln!(f, "{name}: {}", lines.len())?;
            lines.iter().take(SHOWN).try_for_each(|line| writeln!(f, "  {line}"))?;
            if lines.len() > SHOWN {
                writeln!(f, "  ... and {} more", lines.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}
