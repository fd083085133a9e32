//! What the vendor's APIs answer. Only what identifies a fact is required; unknown fields are ignored.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::vendor::lenient::{number, part, text};

/// A call of the Calls API. Its `id` is not read: the path names the call, and in the answer to the request that placed it,
/// `id` is another one.
/// <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568796012/Retrieving+the+call+detail>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacedCall {
    /// How it ended; absent or null until then.
    #[serde(default, deserialize_with = "part")]
    pub result: Option<CallResult>,
    /// What the agent noted, in the account's own words.
    #[serde(default, deserialize_with = "text")]
    pub disposition_code: Option<String>,
    /// Who placed it.
    #[serde(default, deserialize_with = "part")]
    pub from: Option<Originator>,
    /// Who was called.
    #[serde(default, deserialize_with = "part")]
    pub to: Option<Destination>,
    /// What it is about.
    #[serde(default, deserialize_with = "part")]
    pub regarding: Option<Regarding>,
}

/// How a call ended.
#[derive(Deserialize)]
pub struct CallResult {
    /// `Failure`, or another word the vendor does not show.
    #[serde(default, deserialize_with = "text")]
    pub code: Option<String>,
    /// On whose side: `Originator` is the agent, whose telephone is dialled first.
    #[serde(default, deserialize_with = "text")]
    pub party: Option<String>,
    /// Why, as `NoAnswer`.
    #[serde(default, deserialize_with = "text")]
    pub reason: Option<String>,
}

/// Who placed a call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Originator {
    /// The agent: digits, of which leading zeros matter.
    #[serde(default, deserialize_with = "text")]
    pub agent_id: Option<String>,
    /// The number the called party sees.
    #[serde(rename = "presentedCLID", default, deserialize_with = "text")]
    pub presented_clid: Option<String>,
}

/// Who was called.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// The number, unless an agent was called.
    #[serde(default, deserialize_with = "text")]
    pub telephone_number: Option<String>,
}

/// What a call is about.
#[derive(Deserialize)]
pub struct Regarding {
    /// The caller's own reference.
    #[serde(default, deserialize_with = "text")]
    pub reference: Option<String>,
}

/// The answer to a request that placed a call, or its error.
/// <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568664632/Making+a+call>
#[derive(Deserialize)]
pub struct Placing {
    /// Where the call can be read: the one with `rel` `_self`.
    #[serde(default, deserialize_with = "part")]
    pub links: Option<Vec<Link>>,
    /// Why no call was made.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
}

/// A link.
#[derive(Deserialize)]
pub struct Link {
    /// The address.
    #[serde(default, deserialize_with = "text")]
    pub href: Option<String>,
    /// What it leads to.
    #[serde(default, deserialize_with = "text")]
    pub rel: Option<String>,
}

/// An error of any of the APIs.
#[derive(Default, Deserialize)]
pub struct Error {
    /// What is wrong.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
}

/// A page of interactions.
/// <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3567845377/Get+interactions>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<'a> {
    /// How many pages there are.
    #[serde(default, deserialize_with = "part")]
    pub meta: Option<Meta>,
    /// The interactions.
    #[serde(borrow)]
    pub items: Option<Vec<&'a RawValue>>,
    /// When the request was answered: up to then the answer is complete.
    #[serde(default, deserialize_with = "text")]
    pub up_to: Option<String>,
}

/// How many pages there are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Pages; 0 when there is nothing.
    #[serde(default, deserialize_with = "number")]
    pub page_count: Option<i64>,
    /// Interactions on all pages.
    #[serde(default, deserialize_with = "number")]
    pub total_count: Option<i64>,
}

/// One interaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interaction {
    /// The interaction's id: the call.
    #[serde(default, deserialize_with = "text")]
    pub guid: Option<String>,
    /// Groups interactions, as an inbound call and the call back to it.
    #[serde(default, deserialize_with = "text")]
    pub conversation_guid: Option<String>,
    /// Only `Completed` is final.
    #[serde(default, deserialize_with = "text")]
    pub status: Option<String>,
    /// As `Phone`.
    #[serde(default, deserialize_with = "text")]
    pub medium: Option<String>,
    /// `Inbound`, `Outbound` or `Internal`.
    #[serde(default, deserialize_with = "text")]
    pub direction: Option<String>,
    /// When it began, UTC.
    #[serde(default, deserialize_with = "text")]
    pub start: Option<String>,
    /// The whole of it with the agent's work after the call, milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub duration: Option<i64>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub connect_from: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub connect_to: Option<String>,
    /// How it ended, in words for people.
    #[serde(default, deserialize_with = "text")]
    pub outcome: Option<String>,
    /// One leg for each participant.
    #[serde(default, deserialize_with = "part")]
    pub channels: Option<Vec<Leg>>,
}

/// One leg of an interaction.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// From the interaction's start, milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub offset: Option<i64>,
    /// Milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub duration: Option<i64>,
    /// Why it ended.
    #[serde(default, deserialize_with = "text")]
    pub end_reason: Option<String>,
    /// Who is on it.
    #[serde(default, deserialize_with = "part")]
    pub party: Option<Party>,
    /// What happened on it.
    #[serde(default, deserialize_with = "part")]
    pub events: Option<Vec<LegEvent>>,
}

/// Who is on a leg.
#[derive(Deserialize)]
pub struct Party {
    /// The agent's id.
    #[serde(default, deserialize_with = "text")]
    pub id: Option<String>,
    /// `External`, or the agent's role.
    #[serde(default, deserialize_with = "text")]
    pub role: Option<String>,
}

/// What happened on a leg.
#[derive(Deserialize)]
pub struct LegEvent {
    /// `Ringing`, `Connected` and others.
    #[serde(rename = "type", default, deserialize_with = "text")]
    pub kind: Option<String>,
    /// When it began, milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub offset: Option<i64>,
    /// How long it took, milliseconds.
    #[serde(default, deserialize_with = "number")]
    pub duration: Option<i64>,
}
