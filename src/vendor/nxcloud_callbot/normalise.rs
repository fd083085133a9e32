//! From NXCloud Callbot's bodies to events.

use super::codes;
use super::wire::{CallInfoDetail, Intent, OrderCallback, TaskCallback};
use super::{CALL, ORDER, Settings, TASK};
use crate::event::{
    self, Agent, Basis, Call, Cause, Convention, Direction, Event, EventType, HandledBy, Instant, Links, Outcome,
    Phone, Recording, Task, TaskState,
};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::hex::digest_hex;
use crate::vendor::{Context, Verified, lenient};

/// The facts of one delivery, in the order they happened.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let mut events = match delivery.kind().name {
        TASK => vec![task(delivery, context)?],
        ORDER => order(settings, delivery, context)?,
        CALL => call(settings, delivery, context)?,
        other => unreachable!("{other} is not a kind of this vendor"),
    };
    let raw = context.raw_body(delivery.body());
    for event in &mut events {
        event.raw.clone_from(&raw);
    }
    Ok(events)
}

fn task(delivery: &Verified, context: &Context) -> Result<Event, Reject> {
    let body: TaskCallback = lenient::object(delivery.body())?;
    let id = lenient::required(body.user_task_id.as_deref().or(body.task_id.as_deref()), "userTaskID")?;
    let status =
        body.task_status.ok_or_else(|| Reject::new(Reason::FieldMissing, "taskStatus is absent or not a number"))?;

    // A task can be paused, run and be paused again, and no field numbers the changes: the whole object is part of
    // the identity, written with sorted members so that its form does not matter.
    let object: serde_json::Value = lenient::body(delivery.body())?;
    let digest = digest_hex(object.to_string().as_bytes());
    let mut event = context.event(EventType::TaskChanged, id, &[id, &status.to_string(), &digest]);
    occurred(&mut event, None, delivery.sent_at());
    let count = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    let stat = body.task_stat.as_ref();
    event.task = Some(Task {
        state: codes::TASK_STATUS
            .iter()
            .find(|(code, _)| *code == status)
            .map_or(TaskState::Unknown, |(_, state)| *state),
        code: status.to_string(),
        orders_total: stat.and_then(|stat| count(stat.total_order_count)),
        orders_finished: stat.and_then(|stat| count(stat.finish_order_count)),
        orders_answered: stat.and_then(|stat| count(stat.answer_order_count)),
        calls_total: stat.and_then(|stat| count(stat.total_call)),
        calls_answered: stat.and_then(|stat| count(stat.total_answer_call)),
    });
    event.links =
        Links { task: body.user_task_id, vendor_task: body.task_id, script: body.scene_id, ..Links::default() };
    Ok(event)
}

/// An order callback repeats the result of the order's last call: the call's events have the same keys as those of
/// the call callback, so that dedup drops whichever comes second.
fn order(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: OrderCallback = lenient::object(delivery.body())?;
    let id = lenient::required(body.order_id.as_deref(), "orderID")?;
    let detail = body.call_info_detail.as_ref();
    let mut events = match detail {
        Some(detail) if detail.call_id.is_some() => call_events(settings, &body, detail, delivery.sent_at(), context)?,
        _ => Vec::new(),
    };
    if body.finish != Some(false) {
        events.push(order_event(settings, &body, id, detail, delivery.sent_at(), context));
    }
    Ok(events)
}

fn call(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: OrderCallback = lenient::object(delivery.body())?;
    let detail = body
        .call_info_detail
        .as_ref()
        .ok_or_else(|| Reject::new(Reason::FieldMissing, "callInfoDetail is absent or not an object"))?;
    call_events(settings, &body, detail, delivery.sent_at(), context)
}

/// `order.finished` of the order `id`; `last` is its last call, absent when it was never dialled.
pub fn order_event(
    settings: &Settings,
    body: &OrderCallback,
    id: &str,
    last: Option<&CallInfoDetail>,
    sent_at: Option<Instant>,
    context: &Context,
) -> Event {
    let task = body.user_task_id.as_deref().unwrap_or_default();
    let mut event = context.event(EventType::OrderFinished, id, &[task, id]);
    occurred(&mut event, None, sent_at);
    match last {
        Some(detail) => describe(&mut event, settings, body, detail, context),
        None => event.outcome = Some(Outcome::Unknown),
    }
    event.links = links(body);
    event
}

/// `call.ended`, and `recording.available` where a recording is named.
pub fn call_events(
    settings: &Settings,
    body: &OrderCallback,
    detail: &CallInfoDetail,
    sent_at: Option<Instant>,
    context: &Context,
) -> Result<Vec<Event>, Reject> {
    let id = lenient::required(detail.call_id.as_deref(), "callInfoDetail.callID")?;
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    occurred(&mut ended, detail.call_end_ts, sent_at);
    describe(&mut ended, settings, body, detail, context);
    ended.links = links(body);
    let Some(location) = &detail.call_audio_url else { return Ok(vec![ended]) };

    let mut recorded = context.event(EventType::RecordingAvailable, id, &[id]);
    occurred(&mut recorded, detail.call_end_ts, sent_at);
    recorded.call.clone_from(&ended.call);
    recorded.links.clone_from(&ended.links);
    recorded.recording = Some(Recording { location: location.clone(), id: None });
    Ok(vec![ended, recorded])
}

/// What is known of the call: parties, times, outcome, findings.
fn describe(event: &mut Event, settings: &Settings, body: &OrderCallback, detail: &CallInfoDetail, context: &Context) {
    let phone = |text: &Option<String>| Phone::read(text.as_deref()?, Convention::International, context.country);
    let agent = detail.agent.as_ref();
    let named = |agent: &&super::wire::Agent| agent.agent_name.is_some() || agent.agent_group.is_some();
    event.outcome = Some(outcome(settings, detail));
    event.cause = cause(detail);
    event.handled_by = handled_by(detail);
    event.disposition = agent.and_then(|agent| agent.agent_label.clone());
    event.intents = detail.intents.iter().flatten().map(intent).collect();
    event.call = detail.call_id.as_ref().map(|id| {
        Call {
            id: id.clone(),
            direction: Some(Direction::Outbound),
            from: phone(&detail.calling_number),
            to: phone(&body.user_phone),
            agent: agent.filter(named).map(|agent| Agent {
                id: None,
                name: agent.agent_name.clone(),
                group: agent.agent_group.clone(),
            }),
            started_at: detail.call_start_ts.and_then(Instant::from_unix),
            answered_at: detail.call_answer_ts.and_then(Instant::from_unix),
            ended_at: detail.call_end_ts.and_then(Instant::from_unix),
            ..Call::default()
        }
        .with_durations()
    });
}

fn outcome(settings: &Settings, detail: &CallInfoDetail) -> Outcome {
    let configured = detail.call_status.as_ref().and_then(|status| settings.call_status.get(status).copied());
    let talked =
        detail.call_answer_ts.is_some_and(|at| at > 0) || detail.call_duration.is_some_and(|seconds| seconds > 0);
    let sip = || look_up(codes::SIP, detail.term_sip_code.as_deref()?);
    let hangup = || look_up(codes::HANGUP_CAUSE, detail.hangup_cause.as_deref()?);
    configured.or(talked.then_some(Outcome::Answered)).or_else(sip).or_else(hangup).unwrap_or(Outcome::Unknown)
}

fn cause(detail: &CallInfoDetail) -> Option<Cause> {
    let cause = |interface: &str, code: &Option<String>| {
        let text = detail.hangup_cause.clone();
        Some(Cause { interface: interface.to_owned(), code: code.clone()?, text })
    };
    cause("sip", &detail.term_sip_code)
        .or_else(|| cause("hangupCause", &detail.hangup_cause))
        .or_else(|| cause("callStatus", &detail.call_status))
}

fn handled_by(detail: &CallInfoDetail) -> Option<HandledBy> {
    let agent = detail.agent.as_ref().and_then(|agent| agent.manual_call_answer).is_some_and(|at| at > 0);
    let answered = detail.call_answer_ts.is_some_and(|at| at > 0);
    if agent { Some(HandledBy::Agent) } else { answered.then_some(HandledBy::Bot) }
}

fn intent(intent: &Intent) -> event::Intent {
    event::Intent {
        id: intent.intent_id.clone(),
        name: intent.intent_name.clone(),
        tag: intent.intent_tag.clone(),
        level: intent.intent_level,
    }
}

fn links(body: &OrderCallback) -> Links {
    Links {
        task: body.user_task_id.clone(),
        vendor_task: body.task_id.clone(),
        order: body.order_id.clone(),
        script: body.scene_id.clone(),
        custom: body.other.clone(),
        ..Links::default()
    }
}

/// The vendor's time of the fact, or else the time it signed the delivery.
fn occurred(event: &mut Event, vendor: Option<i64>, sent_at: Option<Instant>) {
    if let Some(at) = vendor.and_then(Instant::from_unix) {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
    } else if let Some(at) = sent_at {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
    }
}

#[cfg(test)]
mod tests;
