//! The common schema (version 1): what consumers of `trunkline.events` read.
//!
//! The Rust types here are the source; `trunkline schema event` prints the JSON Schema made from them.
//! Inside version 1 changes are additive only. Nothing in this folder does I/O or reads a clock.

pub mod cloudevents;
mod key;
mod outcome;
mod parts;
mod phone;
#[cfg(test)]
pub(crate) mod tests;
mod time;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use key::{EventKey, Malformed, Material, digest24, digest128};
pub use outcome::Outcome;
pub use parts::{Agent, Call, Cause, Direction, HandledBy, Intent, Links, Raw, Recording, Task, TaskState};
pub use phone::{Convention, Country, Phone, warm_up};
pub use time::Instant;

macro_rules! event_types {
    ($($name:ident = $text:literal, $meaning:literal;)+) => {
        /// What kind of fact an event states.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum EventType { $(#[doc = $meaning] #[serde(rename = $text)] $name,)+ }

        impl EventType {
            /// All types, in the order of the documentation.
            pub const ALL: &'static [EventType] = &[$(EventType::$name,)+];

            /// The text form: `type` in events, a metric label, part of `ce_type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(EventType::$name => $text,)+ }
            }

            /// One sentence for the documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(EventType::$name => $meaning,)+ }
            }
        }
    };
}

event_types! {
    CallRinging = "call.ringing", "The called party's telephone rings.";
    CallAnswered = "call.answered", "The called party picked up.";
    CallEnded = "call.ended", "The call is over; `outcome` says how.";
    RecordingAvailable = "recording.available", "A recording of the call exists.";
    OrderFinished = "order.finished", "A vendor's order (one number to reach, in one or more calls) is finished.";
    TaskChanged = "task.changed", "A vendor's task or campaign changed its state.";
}

/// One fact about one call, order or task.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "trunkline event, version 1", extend("$id" = "urn:trunkline:schema:event:v1"))]
pub struct Event {
    /// What kind of fact this is.
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// Identity of the fact. Two events with one key are revisions of the same fact.
    pub key: EventKey,
    /// 0 for the first publication of the fact, then 1, 2, ... The highest revision replaces the others.
    pub revision: u32,
    /// The configured source it came in by.
    pub source: String,
    /// The vendor, as in the registry (`nxcloud-callbot`, ...).
    pub vendor: String,
    /// The vendor-side tenant.
    pub account: String,
    /// What the event is about: a call id; for order and task events the order or task id.
    pub subject: String,
    /// How it reached trunkline.
    pub channel: Channel,
    /// When it happened.
    pub occurred_at: Instant,
    /// Where `occurred_at` is taken from.
    pub occurred_at_basis: Basis,
    /// When trunkline received the delivery.
    pub received_at: Instant,
    /// The call; absent for task events and for orders that were never dialled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// How the call, or the last call of the order, ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The vendor's own words for the outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Who or what spoke with the called party on the caller's side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handled_by: Option<HandledBy>,
    /// What was noted as the result of the conversation (agent wrap-up, label).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// The task; only in task events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// IDs and texts that join this event to others and to the caller's own systems.
    #[serde(default, skip_serializing_if = "Links::is_empty")]
    pub links: Links,
    /// The recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// Keys the called party pressed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_presses: Vec<String>,
    /// What a bot understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<Intent>,
    /// The vendor's own object for this event, byte for byte; absent when `keep_raw` is off for the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw>,
}

impl Event {
    /// What would make a second sight of this fact different.
    pub fn material(&self) -> Material {
        let outcome = self.outcome.unwrap_or(Outcome::Unknown);
        if self.intents.is_empty() && self.disposition.is_none() && self.key_presses.is_empty() {
            return Material { outcome, findings: 0 };
        }
        let mut text = String::new();
        let mut part = |mark: char, value: &str| {
            text.push(mark);
            text.push_str(&value.len().to_string());
            text.push(':');
            text.push_str(value);
        };
        for intent in &self.intents {
            part('i', intent.id.as_deref().unwrap_or_default());
            part('n', intent.name.as_deref().unwrap_or_default());
            part('t', intent.tag.as_deref().unwrap_or_default());
            part('l', &intent.level.map(|level| level.to_string()).unwrap_or_default());
        }
        part('d', self.disposition.as_deref().unwrap_or_default());
        for key in &self.key_presses {
            part('k', key);
        }
        Material { outcome, findings: digest24(text.as_bytes()) }
    }

    /// Key of the Kafka record: all events about one subject share a partition and hence an order.
    pub fn record_key(&self) -> String {
        format!("{}/{}/{}", self.vendor, self.account, self.subject)
    }
}

/// Names the fact only: an event's content never reaches a log line.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({} {} revision {})", self.event_type.as_str(), self.key, self.revision)
    }
}

/// How an event reached trunkline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The vendor pushed it.
    Callback,
    /// trunkline asked the vendor.
    Poll,
}

impl Channel {
    /// The text form: in events, headers and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Callback => "callback",
            Channel::Poll => "poll",
        }
    }
}

/// Where `occurred_at` is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The vendor's own time of the fact.
    Vendor,
    /// The vendor gives no time of the fact; this is when it sent the delivery.
    Sent,
    /// The vendor gives no time at all; this is when trunkline received the delivery.
    Received,
}
