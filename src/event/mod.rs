//! The common schema (version 1): what consumers of `trunkline.events` read.
//!
//! The Rust types here are the source; `trunkline schema event` prints the JSON Schema made from them.
//! Inside version 1 changes are additive only. Nothing in this folder does I/O or reads a clock.

pub mod cloudevents;
mod key;
mod outcome;
mod phone;
#[cfg(test)]
pub(crate) mod tests;
mod time;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use key::{EventKey, Malformed, Material, digest_hex, digest24};
pub use outcome::Outcome;
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

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The vendor's id of the call.
    pub id: String,
    /// Which dial of the order this is, counted from 1, where the vendor says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Seen from the company that uses trunkline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The calling number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Phone>,
    /// The called number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Phone>,
    /// The human agent on the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// Dialling began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    /// The called telephone began to ring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<Instant>,
    /// The called party picked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Instant>,
    /// The call ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
    /// Milliseconds from ringing (or else start) to answer, or to the end when nobody answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<u64>,
    /// Milliseconds from answer to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_ms: Option<u64>,
    /// Milliseconds from start to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

impl Call {
    /// Fills the durations that follow from the times; a duration without both ends stays absent.
    pub fn with_durations(mut self) -> Self {
        let between = |from: Option<Instant>, to: Option<Instant>| to?.since(from?);
        self.ring_ms = between(self.ringing_at.or(self.started_at), self.answered_at.or(self.ended_at));
        self.talk_ms = between(self.answered_at, self.ended_at);
        self.total_ms = between(self.started_at, self.ended_at);
        self
    }
}

/// Direction of a call, seen from the company that uses trunkline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody called the company.
    Inbound,
    /// The company called somebody.
    Outbound,
}

/// A human agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// The vendor's id of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The agent's name in the vendor's system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-classification" = "personal"))]
    pub name: Option<String>,
    /// The agent's group or queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// The vendor's own words for an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Which of the vendor's code tables `code` belongs to; the same number means other things elsewhere.
    pub interface: String,
    /// The code as the vendor wrote it.
    pub code: String,
    /// The vendor's text for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Who or what spoke with the called party on the caller's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandledBy {
    /// A bot in dialogue.
    Bot,
    /// A human agent.
    Agent,
    /// A played message or voice menu.
    Announcement,
}

/// A vendor's task or campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// The state it changed to.
    pub state: TaskState,
    /// The vendor's own code for the state.
    pub code: String,
    /// Orders in the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_total: Option<u64>,
    /// Orders that are finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_finished: Option<u64>,
    /// Orders with an answered call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders_answered: Option<u64>,
    /// Calls made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_total: Option<u64>,
    /// Calls answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_answered: Option<u64>,
}

/// State of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Created, waiting to start.
    Pending,
    /// Dialling.
    Running,
    /// Stopped for now.
    Paused,
    /// Ended as planned.
    Completed,
    /// Ended by a fault.
    Failed,
    /// A state that is not in the vendor's table; `code` has it.
    Unknown,
}

/// IDs and texts that join an event to others and to the caller's own systems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    /// The caller's own id of the task or campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The vendor's id of the task or campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_task: Option<String>,
    /// The order: one number to reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The script, flow or scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The conversation a call belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The caller's own data, passed through the vendor unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-classification" = "personal"))]
    pub custom: Option<String>,
}

impl Links {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A recording of a call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recording {
    /// Where the vendor keeps it: a URL or a path in the vendor's system. Life time and access are the vendor's.
    #[schemars(extend("x-classification" = "personal"))]
    pub location: String,
    /// The vendor's id of the recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording(masked)")
    }
}

/// Something a bot understood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// The script's id of the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The script's name of the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's own tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The script's level of the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i64>,
}

/// The vendor's own JSON, byte for byte. Its `Debug` form is masked.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Raw(#[schemars(with = "serde_json::Value", extend("x-classification" = "personal"))] pub Box<RawValue>);

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(masked)")
    }
}
