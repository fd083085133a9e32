//! `[sources.NAME.map]`: where each part of an event stands in the sender's JSON.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::field::{Choice, Codes, Fact, Span, Time};
use super::place::{Place, Pointer, Tree};
use super::time::TimeFormat;
use crate::config::{SettingsError, SourceSettings};
use crate::event::{Convention, Direction, EventType, HandledBy, Outcome, TaskState};

/// Where each part of an event stands.
///
/// A place is a JSON Pointer (RFC 6901), as `"/data/call/id"`, or a list of them, of which the first that holds something
/// counts. Only `type` is required, and what identifies a fact of the types it can give.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The list of records, for senders that send several at once: a JSON Pointer, `""` when the body itself is the list.
    /// All other pointers then start at a record. Default: the body is the one record. One record that cannot be read
    /// refuses the whole delivery.
    pub items: Option<Pointer>,
    /// What a record states: `call.ringing`, `call.answered`, `call.ended`, `recording.available`, `order.finished`,
    /// `task.changed`, or `ignore` (acknowledged and forgotten), or `reject` (the delivery is acknowledged and kept in the
    /// rejected topic). Either one of these words, for every record, or
    /// `{ pointer = "/event", table = { "hangup" = "call.ended" }, default = "reject" }`. Default of `default`: `reject`.
    #[serde(rename = "type")]
    pub fact: Choice<Fact>,
    /// The sender's id of the call; required for events about calls. Two deliveries with one call id and one type state
    /// the same fact.
    pub call: Option<Place>,
    /// The order: one number to reach, in one or more calls. Required for `order.finished`.
    pub order: Option<Place>,
    /// Your own id of the task or campaign.
    pub task: Option<Place>,
    /// The sender's id of the task or campaign. `task.changed` requires this or `task`.
    pub vendor_task: Option<Place>,
    /// The state a task changed to: a word of the schema or its table of codes, like `type`. Required for `task.changed`.
    pub task_state: Option<Choice<TaskState>>,
    /// What tells apart two changes of one task to one state, as a sequence number or the time of the change. Never the id
    /// of a delivery: a repetition would be published again. Default: the whole record.
    pub task_change: Option<Place>,
    /// The script, flow or scene.
    pub script: Option<Place>,
    /// The conversation a call belongs to.
    pub conversation: Option<Place>,
    /// Your own reference.
    pub reference: Option<Place>,
    /// Your own data, passed through the sender; an object or list is kept as its JSON text.
    pub custom: Option<Place>,
    /// Which dial of the order the call is, counted from 1.
    pub attempt: Option<Place>,
    /// `inbound` or `outbound`, seen from your company: one of these words for all calls, or a table of codes.
    pub direction: Option<Choice<Direction>>,
    /// The calling number.
    pub from: Option<Place>,
    /// The called number.
    pub to: Option<Place>,
    /// How numbers without `+` are written. Default: `national`, which gives them an E.164 form only when the source has a
    /// `country`.
    #[serde(default)]
    pub numbers: Numbers,
    /// The sender's id of the human agent.
    pub agent_id: Option<Place>,
    /// The agent's name.
    pub agent_name: Option<Place>,
    /// The agent's group or queue.
    pub agent_group: Option<Place>,
    /// When dialling began: a place, or `{ pointer = "/start", format = "unix" }`.
    pub started_at: Option<Time>,
    /// When the called telephone began to ring.
    pub ringing_at: Option<Time>,
    /// When the called party picked up.
    pub answered_at: Option<Time>,
    /// When the call ended.
    pub ended_at: Option<Time>,
    /// When the fact happened. Default: for calls the time above that belongs to the type, or else when the sender signed
    /// the delivery, or else when it arrived.
    pub occurred_at: Option<Time>,
    /// How times are written: `rfc3339` (default), `unix` (seconds, also with a fraction), `unix_ms`, or a pattern of
    /// `strptime`, as `"%Y-%m-%d %H:%M:%S"`. A time without an offset is in the source's `time_zone`.
    #[serde(default)]
    pub time_format: TimeFormat,
    /// How long it rang: a place, or `{ pointer = "/ring", unit = "ms" }`; the default unit is seconds. Default: follows
    /// from the times.
    pub ring: Option<Span>,
    /// From answer to end.
    pub talk: Option<Span>,
    /// From start to end.
    pub total: Option<Span>,
    /// How the call ended: a table of the sender's codes, like `type`. A code that is not in the table gives `unknown`, with
    /// the code in `cause`. Without any code a call with an answer time or a talk time is `answered`, others `unknown`.
    pub outcome: Option<Choice<Outcome>>,
    /// The sender's code for why the call ended. Default: the code of `outcome`.
    pub cause: Option<Place>,
    /// The sender's text for it.
    pub cause_text: Option<Place>,
    /// The name of the table `cause` is from, as `sip` or `q850`: events and metrics carry it. Default: `cause`.
    #[serde(default = "cause_interface")]
    pub cause_interface: String,
    /// Who spoke on your side: `bot`, `agent` or `announcement`, or a table of codes.
    pub handled_by: Option<Choice<HandledBy>>,
    /// The result noted for the conversation.
    pub disposition: Option<Place>,
    /// Where the recording is. A `call.ended` with a recording also gives `recording.available`.
    pub recording: Option<Place>,
    /// The sender's id of the recording, which tells several recordings of one call apart.
    pub recording_id: Option<Place>,
    /// Keys the called party pressed: a list, or one text.
    pub key_presses: Option<Place>,
    /// Texts that mean "no value", beside the empty one, as `["N/A", "0000-00-00 00:00:00"]`.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Files with sample bodies: `trunkline check` reads them with this mapping and shows the events.
    #[serde(default)]
    pub samples: Vec<PathBuf>,
}

fn cause_interface() -> String {
    "cause".to_owned()
}

/// How numbers without `+` are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// As dialled inside the source's `country`.
    #[default]
    National,
    /// With the country calling code first.
    International,
}

impl Numbers {
    /// The same for reading numbers.
    pub fn convention(self) -> Convention {
        match self {
            Self::National => Convention::National,
            Self::International => Convention::International,
        }
    }
}

/// A mapping ready for reading records.
pub struct Mapping {
    /// The settings, their pointers in `record`.
    pub map: Map,
    /// The pointers into a record.
    pub record: Tree,
    /// The pointer to the list of records.
    pub items: Option<Tree>,
}

impl Mapping {
    /// Checks a mapping as far as that goes without a record.
    pub fn new(mut map: Map, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        check(&map, source)?;
        let items = map.items.as_mut().map(|pointer| {
            let mut tree = Tree::default();
            tree.add_pointer(pointer);
            tree
        });
        let mut record = Tree::default();
        map.places().into_iter().for_each(|place| record.add(place));
        Ok(Self { map, record, items })
    }
}

impl Map {
    /// Every place of the mapping. Naming every setting keeps one from being forgotten.
    fn places(&mut self) -> Vec<&mut Place> {
        let Self {
            items: _,
            numbers: _,
            time_format: _,
            cause_interface: _,
            absent: _,
            samples: _,
            fact,
            call,
            order,
            task,
            vendor_task,
            task_state,
            task_change,
            script,
            conversation,
            reference,
            custom,
            attempt,
            direction,
            from,
            to,
            agent_id,
            agent_name,
            agent_group,
            started_at,
            ringing_at,
            answered_at,
            ended_at,
            occurred_at,
            ring,
            talk,
            total,
            outcome,
            cause,
            cause_text,
            handled_by,
            disposition,
            recording,
            recording_id,
            key_presses,
        } = self;
        let plain = [call, order, task, vendor_task, task_change, script, conversation, reference, custom, attempt];
        let more = [from, to, agent_id, agent_name, agent_group, cause, cause_text, disposition, recording];
        let times = [started_at, ringing_at, answered_at, ended_at, occurred_at];
        let mut places: Vec<_> = plain.into_iter().chain(more).chain([recording_id, key_presses]).flatten().collect();
        places.extend(times.into_iter().flatten().map(|time| &mut time.0.pointer));
        places.extend([ring, talk, total].into_iter().flatten().map(|span| &mut span.0.pointer));
        places.extend(coded(Some(fact)));
        places.extend(coded(task_state.as_mut()));
        places.extend(coded(direction.as_mut()));
        places.extend(coded(outcome.as_mut()));
        places.extend(coded(handled_by.as_mut()));
        places
    }

    /// The types of events the mapping can give.
    fn event_types(&self) -> Vec<EventType> {
        let facts: Vec<Fact> = match &self.fact {
            Choice::Always(fact) => vec![*fact],
            // The sender writes our words: which of them, only its records tell.
            Choice::Coded(Codes { table, .. }) if table.is_empty() => Vec::new(),
            Choice::Coded(Codes { table, default, .. }) => table.values().copied().chain(*default).collect(),
        };
        let types = facts.into_iter().filter_map(|fact| match fact {
            Fact::Event(event_type) => Some(event_type),
            Fact::Ignore | Fact::Reject => None,
        });
        types.collect()
    }
}

fn coded<T>(choice: Option<&mut Choice<T>>) -> Option<&mut Place> {
    match choice? {
        Choice::Always(_) => None,
        Choice::Coded(codes) => Some(&mut codes.pointer),
    }
}

fn check(map: &Map, source: &SourceSettings<'_>) -> Result<(), SettingsError> {
    let types = map.event_types();
    if matches!(&map.fact, Choice::Always(Fact::Ignore | Fact::Reject))
        || types.is_empty() && matches!(&map.fact, Choice::Coded(codes) if !codes.table.is_empty())
    {
        return Err(source.error("map.type", "gives no event at all: name at least one type, as \"call.ended\""));
    }
    for event_type in types {
        let missing = match event_type {
            EventType::CallRinging | EventType::CallAnswered | EventType::CallEnded => {
                map.call.is_none().then_some(("map.call", "the call's id"))
            }
            EventType::RecordingAvailable if map.call.is_none() => Some(("map.call", "the call's id")),
            EventType::RecordingAvailable => map.recording.is_none().then_some(("map.recording", "the recording")),
            EventType::OrderFinished => map.order.is_none().then_some(("map.order", "the order's id")),
            EventType::TaskChanged if map.task.is_none() && map.vendor_task.is_none() => {
                Some(("map.vendor_task", "the task's id"))
            }
            EventType::TaskChanged => map.task_state.is_none().then_some(("map.task_state", "the task's state")),
        };
        if let Some((key, what)) = missing {
            let message = format!("is missing: `type` can give {}, say where {what} stands", event_type.as_str());
            return Err(source.error(key, message));
        }
    }
    if map.call.is_none() && map.order.is_none() && map.task_state.is_none() {
        return Err(source.error("map.call", "is missing: say where the call's id stands, as \"/data/call/id\""));
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let name = &map.cause_interface;
    // `outcome` names the codes of `outcome` when they are not in its table.
    if name.is_empty() || name.len() > 32 || !name.bytes().all(legal) || name == "outcome" {
        let message = "must be 1 to 32 letters, digits, `-`, `_` or `.`, and not \"outcome\"";
        return Err(source.error("map.cause_interface", message));
    }
    Ok(())
}
