//! From the pushes of NXCloud's Open API products to events.

mod masked;

use super::codes;
use super::wire::{AgentCall, AgentTask, CallCentreRecord};
use super::{AIAGENT_CALL, AIAGENT_TASK, CC_CDR, PNS, Settings};
use crate::event::{
    Agent, Basis, Call, Cause, Convention, Event, EventType, HandledBy, Instant, Intent, Links, Outcome, Phone,
    Recording, Task, TaskState,
};
use crate::reject::{Reason, Reject};
use crate::vendor::hex::digest_hex;
use crate::vendor::{Context, Verified, lenient};

/// The facts of one push, in the order they happened.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let mut events = match delivery.kind().name {
        CC_CDR => call_centre(settings, delivery, context)?,
        AIAGENT_CALL => agent_call(settings, delivery, context)?,
        AIAGENT_TASK => vec![agent_task(delivery, context)?],
        PNS => masked::call(delivery, context)?,
        other => unreachable!("{other} is not a kind of this vendor"),
    };
    let raw = context.raw_body(delivery.body());
    for event in &mut events {
        event.raw.clone_from(&raw);
    }
    Ok(events)
}

fn call_centre(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let record: CallCentreRecord = lenient::object(delivery.body())?;
    let id = required(record.call_id.as_deref(), "callId")?;
    let answered = record.answered.unwrap_or_else(|| happened(record.answer_time));
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    occurred(&mut ended, record.end_time, delivery);
    ended.outcome = Some(first(&[
        configured(&settings.cdr_hangup_code, &record.hangup_code),
        configured(&settings.cdr_call_status, &record.call_status),
        answered.then_some(Outcome::Answered),
    ]));
    ended.cause = cause("cc.hangupCode", &record.hangup_code, &record.hangup_reason)
        .or_else(|| cause("cc.callStatus", &record.call_status, &record.hangup_reason));
    ended.handled_by = match (answered, &record.agent_name, record.direction) {
        (true, Some(_), _) => Some(HandledBy::Agent),
        // A call of an AI task that no agent took over.
        (true, None, Some(2)) => Some(HandledBy::Bot),
        _ => None,
    };
    ended.key_presses =
        record.dtmf_keys.iter().flat_map(|keys| keys.split(',')).map(str::trim).map(str::to_owned).collect();
    ended.key_presses.retain(|key| !key.is_empty());
    ended.intents = record.intent.iter().map(|name| Intent { name: Some(name.clone()), ..Intent::default() }).collect();
    ended.call = Some(call_centre_call(id, &record, context));
    ended.links = Links {
        vendor_task: record.task_id.clone(),
        reference: record.order_id.clone(),
        custom: record.other.clone(),
        ..Links::default()
    };
    let mut events = vec![ended];
    if let Some(location) = &record.record_url {
        events.push(recorded(&events[0], &[id], Recording { location: location.clone(), id: None }, context));
    }
    Ok(events)
}

fn call_centre_call(id: &str, record: &CallCentreRecord, context: &Context) -> Call {
    let direction = |code| codes::CC_DIRECTION.iter().find(|(row, _)| *row == code).map(|(_, direction)| *direction);
    let agent = Agent { id: record.agent_name.clone(), name: record.agent_nick_name.clone(), group: None };
    Call {
        id: id.to_owned(),
        direction: record.direction.and_then(direction),
        from: phone(&record.caller, context),
        to: phone(&record.callee, context),
        agent: (agent != Agent::default()).then_some(agent),
        started_at: record.start_time.and_then(Instant::from_unix),
        ringing_at: record.ring_time.and_then(Instant::from_unix),
        answered_at: record.answer_time.and_then(Instant::from_unix),
        ended_at: record.end_time.and_then(Instant::from_unix),
        ..Call::default()
    }
    .with_durations()
}

/// `call.ended`, and `order.finished` when it was the last call to the contact.
fn agent_call(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: AgentCall = lenient::object(delivery.body())?;
    let id = required(body.call_id.as_deref(), "callId")?;
    let answered = happened(body.call_answer);
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    occurred(&mut ended, body.call_end, delivery);
    ended.outcome = Some(first(&[
        configured(&settings.aiagent_call_result, &body.call_result),
        configured(&settings.aiagent_call_status, &body.call_status),
        answered.then_some(Outcome::Answered),
    ]));
    ended.cause = cause("aiagent.callResult", &body.call_result, &None)
        .or_else(|| cause("aiagent.callStatus", &body.call_status, &None));
    ended.handled_by = answered.then_some(HandledBy::Bot);
    ended.call = Some(
        Call {
            id: id.to_owned(),
            attempt: (body.order_head == Some(true)).then_some(1),
            direction: Some(crate::event::Direction::Outbound),
            from: phone(&body.caller_phone, context),
            to: phone(&body.callee_phone, context),
            started_at: body.call_start.and_then(Instant::from_unix),
            answered_at: body.call_answer.and_then(Instant::from_unix),
            ended_at: body.call_end.and_then(Instant::from_unix),
            ..Call::default()
        }
        .with_durations(),
    );
    ended.links = Links {
        task: body.user_task_id.clone(),
        vendor_task: body.task_id.clone(),
        order: body.contact_id.clone(),
        script: body.auto_flow_id.clone(),
        custom: body.other.clone(),
        ..Links::default()
    };
    let mut events = vec![ended];
    if body.order_tail == Some(true) && body.contact_id.is_some() {
        let contact = required(body.contact_id.as_deref(), "contactId")?;
        let task = body.task_id.as_deref().or(body.user_task_id.as_deref()).unwrap_or_default();
        let identity = context.event(EventType::OrderFinished, contact, &[task, contact]);
        events.push(about(&events[0], identity));
    }
    Ok(events)
}

fn agent_task(delivery: &Verified, context: &Context) -> Result<Event, Reject> {
    let body: AgentTask = lenient::object(delivery.body())?;
    let id = required(body.task_id.as_deref().or(body.user_task_id.as_deref()), "taskId")?;
    let status =
        body.task_status.ok_or_else(|| Reject::new(Reason::FieldMissing, "taskStatus is absent or not a number"))?;

    // A task can be paused, run and be paused again, and no field numbers the changes: the whole object is part of
    // the identity, written with sorted members so that its form does not matter.
    let sorted: serde_json::Value = lenient::body(delivery.body())?;
    let digest = digest_hex(sorted.to_string().as_bytes());
    let mut event = context.event(EventType::TaskChanged, id, &[id, &status.to_string(), &digest]);
    occurred(&mut event, None, delivery);
    let state = codes::TASK_STATUS.iter().find(|(code, _)| *code == status);
    event.task = Some(Task {
        state: state.map_or(TaskState::Unknown, |(_, state)| *state),
        code: status.to_string(),
        orders_total: None,
        orders_finished: None,
        orders_answered: None,
        calls_total: None,
        calls_answered: None,
    });
    event.links = Links {
        task: body.user_task_id,
        vendor_task: body.task_id,
        script: body.auto_flow_id,
        custom: body.other,
        ..Links::default()
    };
    Ok(event)
}

/// What `ended` says, as the fact `identity` is of.
fn about(ended: &Event, identity: Event) -> Event {
    Event { event_type: identity.event_type, key: identity.key, subject: identity.subject, ..ended.clone() }
}

/// That a recording of the call exists.
fn recorded(ended: &Event, ids: &[&str], recording: Recording, context: &Context) -> Event {
    Event {
        occurred_at: ended.occurred_at,
        occurred_at_basis: ended.occurred_at_basis,
        call: ended.call.clone(),
        links: ended.links.clone(),
        recording: Some(recording),
        ..context.event(EventType::RecordingAvailable, &ended.subject, ids)
    }
}

fn phone(text: &Option<String>, context: &Context) -> Option<Phone> {
    Phone::read(text.as_deref()?, Convention::International, context.country)
}

fn happened(time: Option<i64>) -> bool {
    time.is_some_and(|time| time > 0)
}

fn configured(table: &std::collections::BTreeMap<String, Outcome>, code: &Option<String>) -> Option<Outcome> {
    table.get(code.as_ref()?).copied()
}

/// The first that is known.
fn first(outcomes: &[Option<Outcome>]) -> Outcome {
    outcomes.iter().flatten().next().copied().unwrap_or(Outcome::Unknown)
}

fn cause(interface: &'static str, code: &Option<String>, text: &Option<String>) -> Option<Cause> {
    Some(Cause { interface: interface.to_owned(), code: code.clone()?, text: text.clone() })
}

/// The vendor's time of the fact, or else the time it signed the push.
fn occurred(event: &mut Event, vendor: Option<i64>, delivery: &Verified) {
    if let Some(at) = vendor.and_then(Instant::from_unix) {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
    } else if let Some(at) = delivery.sent_at() {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
    }
}

/// An id, which is also a Kafka key: it must be there and of sensible length.
fn required<'a>(value: Option<&'a str>, field: &'static str) -> Result<&'a str, Reject> {
    match value {
        Some(id) if id.len() <= 256 => Ok(id),
        Some(_) => Err(Reject::new(Reason::FieldInvalid, format!("{field} is longer than 256 bytes"))),
        None => Err(Reject::new(Reason::FieldMissing, format!("{field} is absent, empty or not a text"))),
    }
}

#[cfg(test)]
mod tests;
