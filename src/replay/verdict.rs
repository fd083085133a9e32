//! What becomes of a record and of each event it gives today.

use super::diff::Change;
use super::record::Skip;
use crate::event::Event;
use crate::reject::Reject;

/// Why an event is not written though it is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// Received before the dedup window: if it was published then, it would be published again.
    BeyondWindow,
    /// Another outcome was received later and published.
    OverNewer,
    /// Its key differs from that of the event it stands for: consumers would count it as another fact.
    NewKey,
}

impl Held {
    /// The text form: in the output for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeyondWindow => "beyond_window",
            Self::OverNewer => "over_newer",
            Self::NewKey => "new_key",
        }
    }

    /// What it means and the option that insists, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::BeyondWindow => {
                "received before the dedup window: if it was published then, it would be published again (--beyond-window)"
            }
            Self::OverNewer => "what was received later says something else and is published already (--over-newer)",
            Self::NewKey => "another key than the event it stands for: another fact for consumers (--new-keys)",
        }
    }
}

/// What becomes of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Published as a new fact.
    New,
    /// Published as this revision.
    Revision(u8),
    /// Dedup drops it: nothing it compares is new.
    Nothing,
    /// Exactly the event that was written before.
    Same,
    /// Not written.
    Held(Held),
}

impl Verdict {
    /// Whether the event is written.
    pub fn is_written(self) -> bool {
        matches!(self, Self::New | Self::Revision(_))
    }
}

/// One event a record gives today.
pub struct Judged {
    /// The event.
    pub event: Event,
    /// What becomes of it.
    pub verdict: Verdict,
    /// What is different from the event that was written before, where there is one.
    pub changes: Vec<Change>,
}

/// What today's settings make of the event that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Former {
    /// There is none: the delivery was not understood.
    None,
    /// An event with the same key.
    Found,
    /// Events, and none with its key: the fact has another identity.
    Moved,
    /// No event that no other record stands for.
    Gone,
}

/// One record, replayed.
pub struct Replayed {
    /// Where it stands.
    pub partition: i32,
    /// Where it stands.
    pub offset: i64,
    /// Time of receipt, Unix milliseconds.
    pub received: i64,
    /// The source, if it names one.
    pub source: String,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// What it gives today.
    pub what: What,
}

/// What a record gives today.
pub enum What {
    /// Nothing: it cannot be replayed.
    Skipped(Skip),
    /// It is not understood.
    Rejected(Reject),
    /// Facts, perhaps none.
    Facts {
        /// The events.
        events: Vec<Judged>,
        /// Calls named without their result.
        hints: usize,
        /// What became of the event that was written.
        former: Former,
    },
}
