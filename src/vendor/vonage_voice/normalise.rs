//! From Vonage Voice's event webhooks to events.
//!
//! Webhooks of one call arrive in any order and know nothing of each other. A call that was not answered ends with two of
//! them: one says why (`timeout`, `busy`, ...), then `completed`. The latter claims nothing unless it shows a talk, so that
//! it can never take back the former.

use super::codes;
use super::wire::EventWebhook;
use super::{Settings, StartTime};
use crate::event::{
    Basis, Call, Cause, Convention, Direction, Event, EventType, Instant, Links, Outcome, Phone, Recording,
};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::{Context, Facts, Hint, Verified, lenient};

/// The facts of one webhook.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
    let body: EventWebhook = lenient::object(delivery.body())?;
    if let Some(location) = &body.recording_url {
        return Ok(Facts::from(vec![recording(&body, location, delivery, context)?]));
    }
    let status = body.status.as_deref().ok_or_else(|| {
        Reject::new(Reason::NotHandled, "neither status nor recording_url: an input, transfer or error webhook")
    })?;
    let event_type = match status {
        "started" => None,
        "ringing" => Some(EventType::CallRinging),
        "answered" | "human" | "machine" => Some(EventType::CallAnswered),
        _ if settings.outcomes.contains_key(status) => Some(EventType::CallEnded),
        _ if look_up(codes::STATUS, status).is_some() => Some(EventType::CallEnded),
        _ => {
            let detail = "status is in no table: if it ends the call, give it an outcome in `outcomes` and replay";
            return Err(Reject::new(Reason::NotHandled, detail));
        }
    };
    let id = lenient::required(body.uuid.as_deref().or(body.call_uuid.as_deref()), "uuid")?;
    // Whatever comes later can get lost: the vendor can be asked how the call went.
    let hints = match event_type {
        Some(EventType::CallEnded) => Vec::new(),
        _ => vec![Hint { call: id.to_owned() }],
    };
    let Some(event_type) = event_type else { return Ok(Facts { events: Vec::new(), hints }) };

    let mut event = context.event(event_type, id, &[id]);
    occurred(&mut event, &body, delivery, context);
    event.call = Some(call(settings, status, &event, &body, context));
    match event_type {
        EventType::CallEnded => conclude(&mut event, settings, status, &body, context),
        // A finding about who picked up: it makes the second sight of the fact a revision.
        EventType::CallAnswered if status != "answered" => event.disposition = Some(status.to_owned()),
        _ => {}
    }
    finish(&mut event, &body, delivery, context);
    Ok(Facts { events: vec![event], hints })
}

/// A recording is one of a conversation: its webhook need not name a call.
fn recording(body: &EventWebhook, location: &str, delivery: &Verified, context: &Context) -> Result<Event, Reject> {
    let id = lenient::required(body.recording_uuid.as_deref(), "recording_uuid")?;
    let call = body.uuid.as_deref().or(body.call_uuid.as_deref());
    let subject = lenient::required(call.or(body.conversation_uuid.as_deref()), "conversation_uuid")?;
    let mut event = context.event(EventType::RecordingAvailable, subject, &[id]);
    occurred(&mut event, body, delivery, context);
    event.call = call.map(|call| Call { id: call.to_owned(), ..Call::default() });
    event.recording = Some(Recording { location: location.to_owned(), id: Some(id.to_owned()) });
    finish(&mut event, body, delivery, context);
    Ok(event)
}

fn call(settings: &Settings, status: &str, event: &Event, body: &EventWebhook, context: &Context) -> Call {
    let phone = |text: &Option<String>| Phone::read(text.as_deref()?, Convention::International, context.country);
    let at = (event.occurred_at_basis == Basis::Vendor).then_some(event.occurred_at);
    let when = |wanted: EventType| at.filter(|_| event.event_type == wanted);
    let start = instant(&body.start_time, context).filter(|_| event.event_type == EventType::CallEnded);
    let started = start.filter(|_| settings.start_time == StartTime::Started);
    let answered = start.filter(|_| settings.start_time == StartTime::Answered);
    Call {
        id: event.subject.clone(),
        direction: match body.direction.as_deref() {
            Some("inbound") => Some(Direction::Inbound),
            Some("outbound") => Some(Direction::Outbound),
            _ => None,
        },
        from: phone(&body.from),
        to: phone(&body.to),
        started_at: started,
        ringing_at: when(EventType::CallRinging),
        // `human` and `machine` come when the detection is through, which is later.
        answered_at: answered.or(when(EventType::CallAnswered).filter(|_| status == "answered")),
        ended_at: when(EventType::CallEnded).and(instant(&body.end_time, context)).or(when(EventType::CallEnded)),
        ..Call::default()
    }
    .with_durations()
}

fn conclude(event: &mut Event, settings: &Settings, status: &str, body: &EventWebhook, context: &Context) {
    let answered = status == "completed" && has_talk(body, context);
    event.outcome = Some(if answered { Outcome::Answered } else { outcome(settings, status, body.detail.as_deref()) });
    let cause = |interface: &str, code: &str, text: Option<&str>| Cause {
        interface: interface.to_owned(),
        code: code.to_owned(),
        text: text.map(str::to_owned),
    };
    event.cause = match body.detail.as_deref() {
        Some(detail) => Some(cause("detail", detail, Some(status))),
        // Known to tell no outcome: not a code somebody should look up.
        None if status == "completed" && event.outcome == Some(Outcome::Unknown) => None,
        None => Some(cause("status", status, None)),
    };
}

/// Whether a completed call shows that somebody spoke: it lasted, by its duration or else by its times.
fn has_talk(body: &EventWebhook, context: &Context) -> bool {
    let between = || instant(&body.end_time, context)?.since(instant(&body.start_time, context)?);
    body.duration.map_or_else(|| between().is_some_and(|length| length > 0), |seconds| seconds > 0)
}

/// Of what the source knows of the detail or status, or else of what the vendor documents, the more precise.
fn outcome(settings: &Settings, status: &str, detail: Option<&str>) -> Outcome {
    let detail = detail.map(str::to_ascii_lowercase);
    let configured = |code: &str| settings.outcomes.get(code).copied();
    detail
        .as_deref()
        .and_then(configured)
        .or_else(|| configured(status))
        .or_else(|| look_up(codes::DETAIL, detail.as_deref()?))
        .or_else(|| look_up(codes::STATUS, status))
        .unwrap_or(Outcome::Unknown)
}

fn finish(event: &mut Event, body: &EventWebhook, delivery: &Verified, context: &Context) {
    event.links = Links { conversation: body.conversation_uuid.clone(), ..Links::default() };
    event.raw = context.raw_body(delivery.body());
}

/// The vendor's time of the fact, or else when it signed the webhook.
fn occurred(event: &mut Event, body: &EventWebhook, delivery: &Verified, context: &Context) {
    let end = instant(&body.end_time, context);
    if let Some(at) = instant(&body.timestamp, context).or(end) {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
    } else if let Some(at) = delivery.sent_at() {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
    }
}

/// A time of the vendor. It names its offset in webhooks; the API's answers do not.
fn instant(text: &Option<String>, context: &Context) -> Option<Instant> {
    Instant::from_iso(text.as_deref()?, &context.time_zone)
}

#[cfg(test)]
mod tests;
