//! What a run did, and what has to be on `trunkline.events` because of it.

mod compare;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use compare::{Comparison, Seen};

use super::call::Outcome;
pub use super::requests::Counts;
use crate::event::Instant;

/// The ledger of a run. It holds ids, outcomes and counts; no numbers and no secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The seed: a run with the same seed and plan places the same calls.
    pub seed: u64,
    /// When the run began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// Whether it did all it was to do and all results were asked for; not so when it was stopped, or gave up waiting.
    pub complete: bool,
    /// Events trunkline has to make of results it has not asked for.
    pub not_asked_for: usize,
    /// Requests to an address of no vendor.
    pub strays: u64,
    /// What each vendor did.
    pub vendors: BTreeMap<String, VendorLedger>,
    /// The events that are due.
    pub due: Vec<DueEntry>,
}

/// What one vendor did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VendorLedger {
    /// Its source in trunkline.
    pub source: String,
    /// Calls it placed.
    pub placed: u64,
    /// Calls it refused to place.
    pub refused: u64,
    /// Calls whose result its API told somebody.
    pub results_given: u64,
    /// What the dialer told trunkline.
    pub told: Told,
    /// What became of its callbacks.
    pub callbacks: Callbacks,
    /// Requests to its API, by action.
    pub actions: BTreeMap<String, Counts>,
    /// Requests that were not as the vendor documents them: what was wrong, and how often.
    pub violations: BTreeMap<String, u64>,
}

/// What became of what the dialer told trunkline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Create answers trunkline took.
    pub accepted: u64,
    /// Those it refused for good.
    pub refused: u64,
    /// Those that got no yes before the run ended.
    pub unanswered: u64,
    /// Those the dialer kept to itself, as planned.
    pub kept: u64,
    /// Requests beside the first ones.
    pub repeats: u64,
}

/// What became of callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callbacks {
    /// Requests sent, with all copies and repetitions.
    pub sent: u64,
    /// Requests trunkline said yes to.
    pub accepted: u64,
    /// Requests it said no to.
    pub refused: u64,
    /// Requests without an answer.
    pub unanswered: u64,
    /// Callbacks that were not sent at all, as planned.
    pub lost: u64,
    /// Copies beside the first, as planned.
    pub duplicates: u64,
    /// Callbacks that were held back, as planned.
    pub held: u64,
    /// Requests that were signed wrongly, as planned.
    pub wrong: u64,
    /// Those of them trunkline said yes to: always an error.
    pub wrong_accepted: u64,
    /// Requests sent again because the first one was not heard.
    pub repeats: u64,
}

/// An event that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueEntry {
    /// The event's source.
    pub source: String,
    /// The vendor.
    pub vendor: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The event's subject.
    pub subject: String,
    /// Its outcome in the end, where its type has one.
    pub outcome: Option<Outcome>,
    /// Other outcomes that are right, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Outcome>,
    /// It has to be there. If not, trunkline may or may not have heard of it: it was told by nothing but a callback that
    /// was lost or that nobody said yes to.
    pub must: bool,
}

#[cfg(test)]
mod tests;
