//! What vendors said, and what they were told is safe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Names a fact: its type, and the call or order it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactId {
    pub event_type: &'static str,
    pub subject: String,
}

/// One request of a vendor, and the facts in it with their outcomes. Without facts it is one that is not understood.
#[derive(Clone)]
pub struct Delivery {
    pub source: &'static str,
    pub kind: &'static str,
    pub body: String,
    pub facts: Vec<(FactId, Option<&'static str>)>,
}

/// One outcome of a fact that was said.
#[derive(Clone, Debug)]
pub struct Sight {
    pub outcome: Option<&'static str>,
    /// When the vendor first heard that it is safe.
    pub accepted: Option<Instant>,
    /// Number of the delivery that said it first, in the order of the deliveries of one call.
    pub rank: u64,
}

#[derive(Default)]
struct Pages {
    facts: BTreeMap<FactId, Vec<Sight>>,
    misunderstood: BTreeSet<String>,
    wrong: Vec<String>,
    counts: Counts,
    deliveries: u64,
    last: Option<Instant>,
}

/// How many requests had which end.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    pub accepted: u64,
    pub refused: u64,
    pub unanswered: u64,
    /// The longest time in which no vendor heard yes.
    pub longest_no: Duration,
}

/// The books of one run.
#[derive(Default)]
pub struct Ledger {
    pages: Mutex<Pages>,
}

impl Ledger {
    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().expect("not poisoned")
    }

    /// A vendor is about to send it: from now on it may be published.
    pub fn tries(&self, delivery: &Delivery) {
        let mut pages = self.pages();
        pages.deliveries += 1;
        let rank = pages.deliveries;
        for (fact, outcome) in &delivery.facts {
            let sights = pages.facts.entry(fact.clone()).or_default();
            if sights.iter().all(|sight| sight.outcome != *outcome) {
                sights.push(Sight { outcome: *outcome, accepted: None, rank });
            }
        }
    }

    /// A vendor was told that it is safe: from now on it must be published.
    pub fn accepts(&self, delivery: &Delivery) {
        let now = Instant::now();
        let mut pages = self.pages();
        if delivery.facts.is_empty() {
            pages.misunderstood.insert(delivery.body.clone());
        }
        for (fact, outcome) in &delivery.facts {
            let sights = pages.facts.get_mut(fact).expect("tried before");
            let sight = sights.iter_mut().find(|sight| sight.outcome == *outcome).expect("tried before");
            sight.accepted.get_or_insert(now);
        }
        let silence = pages.last.map_or(Duration::ZERO, |last| now - last);
        pages.last = Some(now);
        pages.counts.accepted += 1;
        pages.counts.longest_no = pages.counts.longest_no.max(silence);
    }

    /// A vendor was asked to repeat.
    pub fn refuses(&self) {
        self.pages().counts.refused += 1;
    }

    /// A vendor got no answer.
    pub fn misses(&self) {
        self.pages().counts.unanswered += 1;
    }

    /// A vendor got an answer it must never get.
    pub fn wrongs(&self, what: String) {
        self.pages().wrong.push(what);
    }

    pub fn counts(&self) -> Counts {
        self.pages().counts
    }

    /// Answers that must never be.
    pub fn wrong(&self) -> Vec<String> {
        self.pages().wrong.clone()
    }

    /// Every fact that was said, with what was said of it, in order.
    pub fn facts(&self) -> BTreeMap<FactId, Vec<Sight>> {
        self.pages().facts.clone()
    }

    /// Bodies that were not understood and accepted.
    pub fn misunderstood(&self) -> BTreeSet<String> {
        self.pages().misunderstood.clone()
    }
}
