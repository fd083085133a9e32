//! Calls through masked numbers (PNS): two people, neither of them the company, so the call has no direction.

use super::super::codes;
use super::super::wire::{Leg, MaskedCall};
use super::{cause, first, happened, occurred, phone, recorded, required};
use crate::event::{Call, Event, EventType, Instant, Links, Outcome, Recording};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::lenient;
use crate::vendor::nxcloud_callbot::codes::HANGUP_CAUSE;
use crate::vendor::{Context, Verified};

/// The leg towards the called party.
const CALLED_PARTY: i64 = 2;

/// What both forms of the record say.
struct Told {
    start: Option<i64>,
    ring: Option<i64>,
    answer: Option<i64>,
    end: Option<i64>,
    hangup_code: Option<String>,
    hangup_cause: Option<String>,
    recordings: Vec<Recording>,
}

pub(super) fn call(delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: MaskedCall = lenient::object(delivery.body())?;
    if body.call_id.is_none() && body.code.is_some() {
        return Err(Reject::new(Reason::NotHandled, "a notice about a call without a binding, not a call record"));
    }
    let id = required(body.call_id.as_deref(), "callId")?;
    let told = match &body.leg_list {
        Some(legs) => from_legs(legs),
        None => from_record(&body),
    };
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    occurred(&mut ended, told.end, delivery);
    ended.outcome = Some(outcome(&told));
    ended.cause = cause("pns.hangupCode", &told.hangup_code, &told.hangup_cause)
        .or_else(|| cause("pns.hangupCause", &told.hangup_cause, &None))
        .or_else(|| cause("pns.callStatus", &body.call_status, &body.call_status_msg));
    ended.call = Some(
        Call {
            id: id.to_owned(),
            from: phone(&body.caller, context),
            to: phone(&body.callee, context),
            started_at: told.start.and_then(Instant::from_unix),
            ringing_at: told.ring.and_then(Instant::from_unix),
            answered_at: told.answer.and_then(Instant::from_unix),
            ended_at: told.end.and_then(Instant::from_unix),
            ..Call::default()
        }
        .with_durations(),
    );
    ended.links = Links { reference: body.customer_bind_id.clone(), ..Links::default() };
    let mut events = vec![ended];
    for recording in told.recordings {
        // A leg's recording is a fact of its own; the older form has one for the call.
        let leg = recording.id.clone();
        let ids: Vec<&str> = [id].into_iter().chain(leg.as_deref()).collect();
        events.push(recorded(&events[0], &ids, recording, context));
    }
    Ok(events)
}

/// `callStatus` only says whether the call ended normally, which an unanswered call can, too.
fn outcome(told: &Told) -> Outcome {
    let code = || look_up(codes::PNS_HANGUP_CODE, told.hangup_code.as_deref()?);
    let name = || {
        let name = told.hangup_cause.as_deref()?;
        look_up(codes::PNS_HANGUP_CAUSE, name).or_else(|| look_up(HANGUP_CAUSE, name))
    };
    first(&[happened(told.answer).then_some(Outcome::Answered), code(), name()])
}

fn from_record(body: &MaskedCall) -> Told {
    let recordings = body.record_file.iter().map(|file| Recording { location: file.clone(), id: None }).collect();
    Told {
        start: body.start_at,
        ring: None,
        answer: body.answer_at,
        end: body.hangup_at,
        // 0 is no Q.850 cause.
        hangup_code: body.hangup_code.clone().filter(|code| code != "0"),
        hangup_cause: body.hangup_cause.clone(),
        recordings,
    }
}

/// The call begins with its first leg and ends with its last. Whether it was answered is told by the leg to the called
/// party alone: the caller's leg is also picked up to play a prompt.
fn from_legs(legs: &[Leg]) -> Told {
    let called = legs.iter().rev().find(|leg| leg.call_type == Some(CALLED_PARTY));
    let deciding = called.or(legs.last());
    let times = |time: fn(&Leg) -> Option<i64>| legs.iter().filter_map(time).filter(|time| *time > 0);
    let recording = |leg: &Leg| {
        let location = leg.call_record_file.clone()?;
        Some(Recording { location, id: leg.uuid.clone() })
    };
    Told {
        start: times(|leg| leg.call_start_at).min(),
        ring: called.and_then(|leg| leg.call_ring_at),
        answer: called.and_then(|leg| leg.call_answer_at),
        end: times(|leg| leg.call_finish_at).max(),
        hangup_code: deciding.and_then(|leg| leg.hangup_code.clone()).filter(|code| code != "0"),
        hangup_cause: deciding.and_then(|leg| leg.hangup_cause.clone()),
        recordings: legs.iter().filter_map(recording).collect(),
    }
}
