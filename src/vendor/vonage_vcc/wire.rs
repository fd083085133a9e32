//! Vonage Contact Center's own webhook body: a CloudEvent in structured mode. Only what identifies and times a fact is
//! required; unknown fields are ignored.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vendor::lenient::{part, text};

/// A notification about one channel: one leg of an interaction.
/// <https://newvoicemedia.atlassian.net/wiki/spaces/VCCA/pages/3913679071>
#[derive(Deserialize, JsonSchema)]
pub struct Notification {
    /// `{entity}.{event}.{version}`, as `channel.ended.v1`.
    #[serde(rename = "type", default, deserialize_with = "text")]
    pub kind: Option<String>,
    /// The channel's id, as in `data.channel.channelId`.
    #[serde(default, deserialize_with = "text")]
    pub subject: Option<String>,
    /// When the notification was made: a little after `data.timestamp`.
    #[serde(default, deserialize_with = "text")]
    pub time: Option<String>,
    /// What happened.
    #[serde(default, deserialize_with = "part")]
    pub data: Option<Data>,
}

/// What happened to the channel.
#[derive(Deserialize, JsonSchema)]
pub struct Data {
    /// When it happened.
    #[serde(default, deserialize_with = "text")]
    pub timestamp: Option<String>,
    /// Why, in `connectionfailed` and `ended`.
    #[serde(default, deserialize_with = "text")]
    pub reason: Option<String>,
    /// The channel.
    #[serde(default, deserialize_with = "part")]
    pub channel: Option<Channel>,
}

/// One leg of an interaction.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Groups interactions, as an inbound call and the call back to it.
    #[serde(default, deserialize_with = "text")]
    pub conversation_id: Option<String>,
    /// The interaction: the call. The same as `guid` in the Insights Stats API.
    #[serde(default, deserialize_with = "text")]
    pub interaction_id: Option<String>,
    /// The leg.
    #[serde(default, deserialize_with = "text")]
    pub channel_id: Option<String>,
    /// Who is on the leg.
    #[serde(default, deserialize_with = "part")]
    pub party: Option<Party>,
}

/// Who is on a leg.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// `agent`; the vendor does not document the customer's word.
    #[serde(default, deserialize_with = "text")]
    pub role: Option<String>,
    /// The agent's id: digits, of which leading zeros matter.
    #[serde(default, deserialize_with = "text")]
    pub agent_id: Option<String>,
}
