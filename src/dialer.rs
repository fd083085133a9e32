//! What dialers say about the calls they placed: read, checked, and made durable.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time;

use crate::event::Instant;
use crate::form;
use crate::inbox::Inbox;
use crate::kafka::PublishError;
use crate::pending::Pending;
use crate::source::Source;
use crate::vendor::poll::{Created, Placed, Placement};

/// Most calls of one request.
pub const MOST_CALLS: usize = 1000;

/// How far the dialer's clock may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Calls a dialer placed: one (`id`), several (`calls`), or the vendor's own answer (`answer`). What stands beside `calls`
/// or `answer` holds for all of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Placing {
    /// The source that asks about them. Needed in Kafka only: over HTTP the URL names it.
    pub source: Option<String>,
    /// The vendor's id of the one call (for NXCloud Callbot: of the order).
    id: Option<String>,
    /// The number that was dialled, in international form.
    #[schemars(extend("x-classification" = "personal"))]
    destination: Option<String>,
    /// The caller's own reference, at most 2000 bytes.
    reference: Option<String>,
    /// The conversation.
    conversation: Option<String>,
    /// The caller's own id of the task or campaign; NXCloud Callbot's `userTaskID`.
    task: Option<String>,
    /// When it was placed, RFC 3339. Default: now.
    placed_at: Option<Instant>,
    /// When to stop asking, RFC 3339. Default: the source's `poll.deadline_seconds` after `placed_at`.
    deadline: Option<Instant>,
    /// Up to 1000 calls, each with what differs.
    calls: Option<Vec<OneCall>>,
    /// The body of the vendor's answer to the request that placed the calls, as it came.
    #[schemars(with = "Option<serde_json::Value>")]
    answer: Option<Box<RawValue>>,
    /// The `Location` header of that answer.
    location: Option<String>,
    /// Version of this form; absent is 1, the only one there is.
    #[expect(dead_code, reason = "read before the rest, which another version may not share")]
    format: Option<u32>,
}

/// One of several calls.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneCall {
    /// The vendor's id of the call (for NXCloud Callbot: of the order).
    id: Option<String>,
    /// The number that was dialled, in international form.
    #[schemars(extend("x-classification" = "personal"))]
    destination: Option<String>,
    /// The caller's own reference, at most 2000 bytes.
    reference: Option<String>,
    /// The conversation.
    conversation: Option<String>,
    /// The caller's own id of the task or campaign.
    task: Option<String>,
    /// When it was placed, RFC 3339.
    placed_at: Option<Instant>,
    /// When to stop asking, RFC 3339.
    deadline: Option<Instant>,
}

/// What is wrong with a request: names the field and the fix, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Complaint(pub Cow<'static, str>);

impl Complaint {
    fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

/// Reads a request.
pub fn parse(body: &[u8]) -> Result<Placing, Complaint> {
    if let Some(newer) = form::of_json(body) {
        return Err(Complaint::new(format!("format: {newer}: upgrade it, or write format {}", form::VERSION)));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        // serde's texts can repeat a value.
        let told = match error.classify() {
            serde_json::error::Category::Data if text.starts_with("unknown field") => unknown_field(text),
            serde_json::error::Category::Data => format!(
                "a member has the wrong type at line {} column {}: texts are strings, times are RFC 3339",
                error.line(),
                error.column()
            ),
            _ => format!("the body is not a JSON object: line {} column {}", error.line(), error.column()),
        };
        Complaint::new(told)
    })
}

/// A name is repeated, so that a slip in it is found; what else somebody made a name of, such as a number, is not.
fn unknown_field(text: String) -> String {
    let parts = text.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "));
    let is_name = |name: &str| name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    match parts {
        Some((name, known)) if !is_name(name) => format!("unknown field, expected {known}"),
        _ => text,
    }
}

/// What a request says, checked. `longest` bounds how far its times may be from `now`: beyond the dedup window a result
/// would be published twice.
pub fn placement(
    source: &Source,
    placing: Placing,
    now: Timestamp,
    longest: SignedDuration,
) -> Result<Placement, Complaint> {
    let (Some(poller), Some(context)) = (source.poller(), source.poll_context(Instant::new(now))) else {
        return Err(Complaint::new("this source does not ask its vendor: configure `poll` and `api`"));
    };
    let common = Placed {
        call: placing.id.clone().unwrap_or_default(),
        destination: placing.destination,
        reference: placing.reference,
        conversation: placing.conversation,
        task: placing.task,
        placed_at: placing.placed_at.unwrap_or_else(|| Instant::new(now)),
        deadline: placing.deadline,
        hinted: false,
    };
    check(&common, now, longest)?;
    let calls = placing.calls.unwrap_or_default();
    if calls.len() > MOST_CALLS {
        return Err(Complaint::new(format!("calls holds more than {MOST_CALLS}: send several requests")));
    }
    let mut each = Vec::with_capacity(calls.len());
    for (index, call) in calls.into_iter().enumerate() {
        let place = |complaint: Complaint| Complaint::new(format!("calls[{index}].{complaint}"));
        let call = one(call, &common);
        check(&call, now, longest).map_err(place)?;
        if call.call.is_empty() && placing.answer.is_none() {
            return Err(place(Complaint::new("id is absent or empty")));
        }
        each.push(call);
    }
    let refused = |reject: crate::reject::Reject| Complaint::new(reject.detail);
    let mut placement = match (&placing.answer, &placing.id, each.is_empty()) {
        (Some(_), Some(_), _) => {
            return Err(Complaint::new("id and answer exclude each other: the answer says which call was placed"));
        }
        (Some(answer), None, _) => {
            let location = placing.location.as_deref();
            let created = Created { answer, location, common: &common, calls: &each };
            poller.created(&created, &context).map_err(refused)?
        }
        (None, Some(_), false) => {
            return Err(Complaint::new("id and calls exclude each other: one call, or several"));
        }
        (None, Some(id), true) if id.is_empty() => {
            return Err(Complaint::new("id is absent or empty"));
        }
        (None, Some(_), true) => Placement { placed: vec![common], events: Vec::new() },
        (None, None, false) => Placement { placed: each, events: Vec::new() },
        (None, None, true) => {
            return Err(Complaint::new("id is absent or empty: give id, calls, or the vendor's answer"));
        }
    };
    for call in &mut placement.placed {
        call.call = poller.call_id(&call.call).map_err(refused)?;
        poller.check(call).map_err(refused)?;
    }
    Ok(placement)
}

fn one(call: OneCall, common: &Placed) -> Placed {
    Placed {
        call: call.id.unwrap_or_default(),
        destination: call.destination.or_else(|| common.destination.clone()),
        reference: call.reference.or_else(|| common.reference.clone()),
        conversation: call.conversation.or_else(|| common.conversation.clone()),
        task: call.task.or_else(|| common.task.clone()),
        placed_at: call.placed_at.unwrap_or(common.placed_at),
        deadline: call.deadline.or(common.deadline),
        hinted: false,
    }
}

fn check(call: &Placed, now: Timestamp, longest: SignedDuration) -> Result<(), Complaint> {
    for (name, value, most) in [
        ("id", Some(&call.call), 256),
        ("destination", call.destination.as_ref(), 64),
        ("reference", call.reference.as_ref(), 2000),
        ("conversation", call.conversation.as_ref(), 256),
        ("task", call.task.as_ref(), 256),
    ] {
        if value.is_some_and(|value| value.len() > most) {
            return Err(Complaint::new(format!("{name} is longer than {most} bytes")));
        }
    }
    let now = now.as_millisecond();
    let longest = longest.as_millis() as i64;
    let placed_at = call.placed_at.as_millis();
    if placed_at > now + AHEAD.as_millis() as i64 {
        return Err(Complaint::new("placed_at is in the future: does the dialer's clock run ahead?"));
    }
    if placed_at < now - longest {
        return Err(Complaint::new("placed_at is longer ago than dedup.window_hours: its result could come twice"));
    }
    match call.deadline.map(Instant::as_millis) {
        Some(deadline) if deadline <= placed_at => Err(Complaint::new("deadline is not after placed_at")),
        Some(deadline) if deadline > placed_at + longest => {
            Err(Complaint::new("deadline is further from placed_at than dedup.window_hours"))
        }
        _ => Ok(()),
    }
}

/// Makes a placement durable: facts that are certain already go to the inbox, the calls become pending.
pub async fn place(
    inbox: &Inbox,
    pending: &Pending,
    source: &Source,
    placement: Placement,
    deadline: time::Instant,
) -> Result<(), PublishError> {
    let Some(context) = source.poll_context(Instant::new(crate::clock::now())) else { return Ok(()) };
    inbox.put(&placement.events, &[], deadline).await?;
    let (accepted, refused) = (placement.placed.len() as u64, placement.events.len() as u64);
    pending.place(&context, placement.placed, deadline).await?;
    let count = |result: &str, number: u64| {
        inbox.metrics.placed_calls.with_label_values(&[&source.name, result]).inc_by(number);
    };
    count("accepted", accepted);
    count("refused", refused);
    Ok(())
}

#[cfg(test)]
mod tests;
