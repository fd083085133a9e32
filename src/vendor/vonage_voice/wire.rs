//! Vonage Voice's own event webhook. One shape with all the members any of the events has: only what identifies and
//! times a fact is required, unknown fields are ignored, and numbers may come as texts.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vendor::lenient::{number, text};

/// Body of an event webhook.
/// <https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook>
#[derive(Deserialize, JsonSchema)]
pub struct EventWebhook {
    /// `started`, `ringing`, `answered`, `human`, `machine`, or how the call ended; absent in webhooks about recordings,
    /// input, transfers and errors.
    #[serde(default, deserialize_with = "text")]
    pub status: Option<String>,
    /// Why a call failed, was rejected or stayed unanswered.
    #[serde(default, deserialize_with = "text")]
    pub detail: Option<String>,
    /// The call: one leg of a conversation.
    #[serde(default, deserialize_with = "text")]
    pub uuid: Option<String>,
    /// The call, in `human` and `machine`.
    #[serde(default, deserialize_with = "text")]
    pub call_uuid: Option<String>,
    /// The conversation the call belongs to.
    #[serde(default, deserialize_with = "text")]
    pub conversation_uuid: Option<String>,
    /// `inbound` or `outbound`.
    #[serde(default, deserialize_with = "text")]
    pub direction: Option<String>,
    /// The calling number, digits with the country code first; a user, SIP address or the like otherwise.
    #[serde(default, deserialize_with = "text")]
    pub from: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub to: Option<String>,
    /// ISO 8601: when it happened.
    #[serde(default, deserialize_with = "text")]
    pub timestamp: Option<String>,
    /// ISO 8601: start of the call in `completed`, of the recording in a recording's webhook.
    #[serde(default, deserialize_with = "text")]
    pub start_time: Option<String>,
    /// ISO 8601: end of the call or recording.
    #[serde(default, deserialize_with = "text")]
    pub end_time: Option<String>,
    /// Seconds, in `completed`.
    #[serde(default, deserialize_with = "number")]
    pub duration: Option<i64>,
    /// The recording.
    #[serde(default, deserialize_with = "text")]
    pub recording_url: Option<String>,
    /// The vendor's id of the recording.
    #[serde(default, deserialize_with = "text")]
    pub recording_uuid: Option<String>,
}
