//! Tencent Cloud Contact Center's own push bodies. Only what identifies a fact is required; everything else is optional,
//! unknown members are ignored, and numbers may come as texts. Times are Unix seconds, 0 when it did not happen.

use schemars::JsonSchema;
use serde::Deserialize;

use super::members::{keys, objects};
use crate::vendor::lenient::{number, text};

/// Body of a push; the query parameter `action` says which.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "for the JSON Schema: a delivery is read by its action")]
pub enum Push {
    /// `action=cdr`.
    Cdr(Box<Cdr>),
    /// `action=record` and `action=voicemail`.
    Record(Record),
}

/// Body of `action=cdr`: a finished telephone session.
/// <https://www.tencentcloud.com/document/product/1229/59641>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Cdr {
    /// The application.
    #[serde(default, deserialize_with = "text")]
    pub sdk_app_id: Option<String>,
    /// The call.
    #[serde(default, deserialize_with = "text")]
    pub session_id: Option<String>,
    /// The calling number; empty when numbers are protected.
    #[serde(default, deserialize_with = "text")]
    pub caller: Option<String>,
    /// The called number; empty when numbers are protected.
    #[serde(default, deserialize_with = "text")]
    pub callee: Option<String>,
    /// 0 inbound, 1 outbound.
    #[serde(default, deserialize_with = "number")]
    pub direction: Option<i64>,
    /// 1 outbound, 2 inbound, 3 audio inbound, 5 predictive, 6 internal.
    #[serde(default, deserialize_with = "number")]
    pub call_type: Option<i64>,
    /// The session began.
    #[serde(default, deserialize_with = "number")]
    pub start_timestamp: Option<i64>,
    /// Inbound: the agent's side began to ring; outbound: the user's side.
    #[serde(default, deserialize_with = "number")]
    pub ring_timestamp: Option<i64>,
    /// Inbound: the agent picked up; outbound: the user.
    #[serde(default, deserialize_with = "number")]
    pub accept_timestamp: Option<i64>,
    /// The session ended.
    #[serde(default, deserialize_with = "number")]
    pub ended_timestamp: Option<i64>,
    /// Number of the final state; only in answers of the API.
    #[serde(default, deserialize_with = "text")]
    pub end_status: Option<String>,
    /// Name of the final state.
    #[serde(default, deserialize_with = "text")]
    pub end_status_string: Option<String>,
    /// Keys pressed in the voice menu: texts in pushes, objects in some answers of the API.
    #[serde(rename = "IVRKeyPressed", default, deserialize_with = "keys")]
    #[schemars(with = "Option<Vec<String>>")]
    pub ivr_key_pressed: Vec<KeyPress>,
    /// The same keys with their labels.
    #[serde(rename = "IVRKeyPressedEx", default, deserialize_with = "keys")]
    #[schemars(with = "Option<Vec<KeyPress>>")]
    pub ivr_key_pressed_ex: Vec<KeyPress>,
    /// Keys pressed to rate the call after it.
    #[serde(rename = "PostIVRKeyPressed", default, deserialize_with = "keys")]
    #[schemars(with = "Option<Vec<KeyPress>>")]
    pub post_ivr_key_pressed: Vec<KeyPress>,
    /// The agent; the last one when the call was passed on.
    #[serde(default, deserialize_with = "objects")]
    #[schemars(with = "Option<SeatUser>")]
    pub seat_user: Vec<SeatUser>,
    /// The agents and lines that took part, one after the other.
    #[serde(default, deserialize_with = "objects")]
    #[schemars(with = "Option<Vec<Participant>>")]
    pub serve_participants: Vec<Participant>,
    /// The queue.
    #[serde(default, deserialize_with = "text")]
    pub queued_skill_group_name: Option<String>,
    /// The bot; only in answers of the API.
    #[serde(rename = "AIAgentId", default, deserialize_with = "text")]
    pub ai_agent_id: Option<String>,
    /// The caller's own data, given when the call was placed.
    #[serde(default, deserialize_with = "text")]
    pub uui: Option<String>,
}

/// An agent.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct SeatUser {
    /// The id for logging in.
    #[serde(default, deserialize_with = "text")]
    pub mail: Option<String>,
    /// The name.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// The name shown to customers.
    #[serde(default, deserialize_with = "text")]
    pub nick: Option<String>,
    /// The id.
    #[serde(default, deserialize_with = "text")]
    pub user_id: Option<String>,
}

/// An agent or line that took part in a session.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Participant {
    /// The agent's id for logging in; empty for lines outside.
    #[serde(default, deserialize_with = "text")]
    pub mail: Option<String>,
    /// Picked up.
    #[serde(default, deserialize_with = "number")]
    pub accept_timestamp: Option<i64>,
    /// The queue.
    #[serde(default, deserialize_with = "text")]
    pub skill_group_name: Option<String>,
}

/// A pressed key.
#[derive(Deserialize, JsonSchema)]
pub struct KeyPress {
    /// The key, or a spoken word.
    #[serde(rename = "Key")]
    pub key: String,
}

/// Body of `action=record` and `action=voicemail`: a recording can be fetched.
/// <https://www.tencentcloud.com/document/product/1229/59642>
/// <https://www.tencentcloud.com/document/product/1229/59643>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// The application.
    #[serde(default, deserialize_with = "text")]
    pub sdk_app_id: Option<String>,
    /// The call.
    #[serde(default, deserialize_with = "text")]
    pub session_id: Option<String>,
    /// The recording: one participant's track. A voicemail has none.
    #[serde(default, deserialize_with = "text")]
    pub record_id: Option<String>,
    /// The file was made.
    #[serde(default, deserialize_with = "number")]
    pub timestamp: Option<i64>,
    /// Who is on the track: the customer's number or the agent's id.
    #[serde(default, deserialize_with = "text")]
    pub endpoint_user: Option<String>,
    /// The file.
    #[serde(rename = "RecordURL", default, deserialize_with = "text")]
    pub record_url: Option<String>,
    /// The copy in the customer's own storage, where that is switched on.
    #[serde(rename = "CustomRecordURL", default, deserialize_with = "text")]
    pub custom_record_url: Option<String>,
}
