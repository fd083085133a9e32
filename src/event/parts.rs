//! What an event can say about a call, an order or a task.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Instant, Phone};

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
    /// In place of `from` where the source's `numbers_as` is `"token"`: HMAC-SHA-256 of the number under the source's key, in
    /// hexadecimal. Of the E.164 form, or of the vendor's text where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub from_token: Option<String>,
    /// The same in place of `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub to_token: Option<String>,
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
    pub(super) fn is_empty(&self) -> bool {
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
