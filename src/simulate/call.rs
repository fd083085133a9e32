//! The truth about simulated calls: what really happened, whoever hears of it and however.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! outcomes {
    ($($name:ident = $text:literal, $weight:literal;)+) => {
        /// How a call ended: the outcomes of the event schema, written down here once more on purpose. The simulator takes
        /// nothing from the code it is there to test.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Outcome { $(#[doc = concat!("`", $text, "`.")] #[serde(rename = $text)] $name,)+ }

        impl Outcome {
            /// All outcomes.
            pub const ALL: &'static [Outcome] = &[$(Outcome::$name,)+];

            /// The text form, as in events.
            pub const fn as_str(self) -> &'static str {
                match self { $(Outcome::$name => $text,)+ }
            }

            /// How often it comes by default, of 100 calls.
            pub const fn usual_weight(self) -> u32 {
                match self { $(Outcome::$name => $weight,)+ }
            }
        }
    };
}

outcomes! {
    Answered = "answered", 50;
    Busy = "busy", 10;
    NoAnswer = "no_answer", 18;
    Rejected = "rejected", 6;
    InvalidNumber = "invalid_number", 4;
    Unreachable = "unreachable", 5;
    Blocked = "blocked", 1;
    Cancelled = "cancelled", 1;
    Failed = "failed", 3;
    // A code that is in no table of the vendor.
    Unknown = "unknown", 2;
}

/// One call (for a vendor of orders: one order).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The vendor's id, as events have it as their subject.
    pub id: String,
    /// The number that is dialled: E.164 with its plus, of a range that is reserved for fiction.
    pub number: String,
    /// The dialer's own reference.
    pub reference: String,
    /// The vendor refused to place it: it never happens, and only the answer to the create request says so.
    pub refused: bool,
    /// When it was placed.
    pub placed: Timestamp,
    /// When it rang; `None` where it never did.
    pub ringing: Option<Timestamp>,
    /// When it was picked up.
    pub answered: Option<Timestamp>,
    /// When it was over. Until then the vendor knows no result.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// Random bits for what else a vendor may choose: a spelling, a number of legs, an intent.
    pub variant: u64,
}

impl Call {
    /// Whether it is over.
    pub fn over(&self, now: Timestamp) -> bool {
        now >= self.ended
    }

    /// The number's digits, without the plus.
    pub fn digits(&self) -> &str {
        self.number.trim_start_matches('+')
    }

    /// Time from the pick-up to the end, milliseconds; 0 when nobody picked up.
    pub fn talk_ms(&self) -> i64 {
        self.answered.map_or(0, |answered| self.ended.as_millisecond() - answered.as_millisecond())
    }

    /// One of `choices`, by the call's random bits and what the choice is about.
    pub fn choose<'a, T>(&self, about: u32, choices: &'a [T]) -> &'a T {
        &choices[(self.variant.rotate_right(about * 7) % choices.len() as u64) as usize]
    }
}

/// What was placed with one request to the vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placing {
    /// Its number in the run, from 0, for each vendor.
    pub index: u64,
    /// The dialer's id of the task or campaign. Vendors without tasks ignore it.
    pub task: String,
    /// Whether the dialer tells trunkline about it.
    pub told: bool,
    /// Its calls: one for most vendors.
    pub calls: Vec<Call>,
}

impl Placing {
    /// The calls the vendor really placed.
    pub fn placed(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| !call.refused)
    }

    /// When the last of its calls is over.
    pub fn ended(&self) -> Option<Timestamp> {
        self.placed().map(|call| call.ended).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcomes_are_those_of_the_schema() {
        let ours: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        for theirs in crate::event::Outcome::ALL {
            assert!(ours.contains(&theirs.as_str()), "{} is missing", theirs.as_str());
        }
        assert_eq!(ours.len(), crate::event::Outcome::ALL.len());
        assert_eq!(Outcome::ALL.iter().map(|outcome| outcome.usual_weight()).sum::<u32>(), 100);
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).expect("serialises"), outcome.as_str());
        }
    }
}
