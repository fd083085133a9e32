//! From Vonage Contact Center's notifications to events.
//!
//! A notification is about one leg. The interaction is the call: its `call.ended` has the interaction's id alone in its
//! key, so that what the Insights Stats API says of the same interaction later is a revision of it. Ringing and picking
//! up are facts of a leg, of which an interaction can have several.

use super::codes;
use super::wire::{Channel, Data, Notification};
use super::{AgentLegs, Settings};
use crate::event::{Agent, Basis, Call, Cause, Event, EventType, HandledBy, Instant, Outcome};
use crate::reject::{Reason, Reject};
use crate::vendor::{Context, Facts, Hint, Verified, lenient};

/// What happened to a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Alerted,
    Connected,
    ConnectionFailed,
    Ended,
}

/// Which side of the call a leg leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Customer,
    Agent,
}

/// The facts of one notification.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
    let body: Notification = lenient::object(delivery.body())?;
    let change = change(body.kind.as_deref())?;
    let data = body.data.as_ref().ok_or_else(|| missing("data"))?;
    let channel = data.channel.as_ref().ok_or_else(|| missing("data.channel"))?;
    let interaction = id(channel.interaction_id.as_deref(), "data.channel.interactionId")?;
    let leg = id(channel.channel_id.as_deref().or(body.subject.as_deref()), "data.channel.channelId")?;
    let side = side(settings, channel)?;
    // No notification tells how the call went: that is in the Insights Stats API.
    let hints = vec![Hint { call: interaction.clone() }];

    let event_type = match (change, side) {
        (Change::ConnectionFailed | Change::Ended, Side::Agent) => return Ok(Facts { events: Vec::new(), hints }),
        (_, Side::Agent) if settings.agent_legs == AgentLegs::Ignore => return Ok(Facts { events: Vec::new(), hints }),
        (Change::Alerted, _) => EventType::CallRinging,
        (Change::Connected, _) => EventType::CallAnswered,
        (Change::ConnectionFailed | Change::Ended, Side::Customer) => EventType::CallEnded,
    };
    let mut event = match event_type {
        EventType::CallEnded => call_ended(&interaction, context),
        _ => context.event(event_type, &interaction, &[&interaction, &leg]),
    };
    (event.occurred_at, event.occurred_at_basis) = occurred(&body, data, delivery, context);
    if event_type == EventType::CallEnded {
        conclude(&mut event, settings, change, data);
    }
    describe(&mut event, change, side, channel);
    event.links.conversation = channel.conversation_id.as_deref().map(str::to_ascii_lowercase);
    event.raw = context.raw_body(delivery.body());
    Ok(Facts { events: vec![event], hints })
}

/// The end of a call, whether pushed or asked for: the interaction's id alone is its key.
pub fn call_ended(call: &str, context: &Context) -> Event {
    context.event(EventType::CallEnded, call, &[call])
}

/// Reads `{entity}.{event}.{version}`. Version 0 was the beta.
fn change(kind: Option<&str>) -> Result<Change, Reject> {
    let kind = kind.ok_or_else(|| missing("type"))?;
    let parts: Vec<&str> = kind.split('.').collect();
    match parts.as_slice() {
        ["channel", "alerted", "v0" | "v1"] => Ok(Change::Alerted),
        ["channel", "connected", "v0" | "v1"] => Ok(Change::Connected),
        ["channel", "connectionfailed", "v0" | "v1"] => Ok(Change::ConnectionFailed),
        ["channel", "ended", "v0" | "v1"] => Ok(Change::Ended),
        _ => Err(Reject::new(
            Reason::NotHandled,
            "type is not channel.alerted, connected, connectionfailed or ended in version v0 or v1: \
             leave the others out of the webhook subscription",
        )),
    }
}

fn side(settings: &Settings, channel: &Channel) -> Result<Side, Reject> {
    let role = channel.party.as_ref().and_then(|party| party.role.as_deref());
    let role = role.ok_or_else(|| missing("data.channel.party.role"))?;
    if role.eq_ignore_ascii_case("agent") {
        return Ok(Side::Agent);
    }
    if settings.is_customer(role) {
        return Ok(Side::Customer);
    }
    Err(Reject::new(
        Reason::FieldInvalid,
        "data.channel.party.role is neither `agent` nor in `customer_roles`: \
         if it stands for the party outside the company, add it there and replay",
    ))
}

/// Outcome and cause of the customer's leg. That it ended does not tell whether somebody had spoken: `unknown` lets
/// every better knowledge stand.
fn conclude(event: &mut Event, settings: &Settings, change: Change, data: &Data) {
    let (table, interface) = match change {
        Change::ConnectionFailed => (codes::CONNECTION_FAILED, "channel.connectionfailed"),
        _ => (codes::ENDED, "channel.ended"),
    };
    let reason = data.reason.as_deref();
    let outcome = reason.and_then(|reason| outcome(settings, table, reason));
    event.outcome = Some(outcome.unwrap_or(Outcome::Unknown));
    // A reason known to tell no outcome is not a code somebody should look up.
    let telling = reason.filter(|_| outcome != Some(Outcome::Unknown));
    event.cause = telling.map(|reason| Cause { interface: interface.to_owned(), code: reason.to_owned(), text: None });
}

/// Of what the source knows of a reason, or else of what the vendor shows.
fn outcome(settings: &Settings, table: &[(&str, Outcome)], reason: &str) -> Option<Outcome> {
    codes::configured(&settings.reasons, reason).or_else(|| codes::look_up(table, reason))
}

fn describe(event: &mut Event, change: Change, side: Side, channel: &Channel) {
    let at = (event.occurred_at_basis == Basis::Vendor).then_some(event.occurred_at);
    let when = |wanted: &[Change]| at.filter(|_| wanted.contains(&change));
    let agent = channel.party.as_ref().filter(|_| side == Side::Agent);
    event.handled_by = agent.map(|_| HandledBy::Agent);
    event.call = Some(Call {
        id: event.subject.clone(),
        agent: agent.map(|party| Agent { id: party.agent_id.clone(), ..Agent::default() }),
        ringing_at: when(&[Change::Alerted]),
        answered_at: when(&[Change::Connected]),
        ended_at: when(&[Change::ConnectionFailed, Change::Ended]),
        ..Call::default()
    });
}

/// The moment in the leg's life, or else when the notification was made, or else when it was signed.
fn occurred(body: &Notification, data: &Data, delivery: &Verified, context: &Context) -> (Instant, Basis) {
    let read = |text: &Option<String>| Instant::from_iso(text.as_deref()?, &context.time_zone);
    if let Some(at) = read(&data.timestamp) {
        return (at, Basis::Vendor);
    }
    let sent = read(&body.time).or(delivery.sent_at());
    sent.map_or((context.received_at, Basis::Received), |at| (at, Basis::Sent))
}

/// A GUID, which is also a Kafka key. The vendor writes some in capitals in one place and small in another.
pub fn id(value: Option<&str>, field: &'static str) -> Result<String, Reject> {
    match value {
        Some(id) if id.len() <= 256 => Ok(id.to_ascii_lowercase()),
        Some(_) => Err(Reject::new(Reason::FieldInvalid, format!("{field} is longer than 256 bytes"))),
        None => Err(missing(field)),
    }
}

fn missing(field: &'static str) -> Reject {
    Reject::new(Reason::FieldMissing, format!("{field} is absent, empty or has another shape"))
}

#[cfg(test)]
mod tests;
