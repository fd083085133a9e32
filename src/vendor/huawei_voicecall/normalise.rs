//! From Huawei Voice Call's bodies to events.

use serde_json::value::RawValue;

use super::wire::{Fee, Record, Status, StatusInfo};
use super::{FEE, STATUS, codes};
use crate::event::{
    Basis, Call, Cause, Convention, Direction, Event, EventType, HandledBy, Instant, Links, Outcome, Phone, Recording,
};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::{Context, Verified, lenient};

/// The facts of one delivery, in the order they happened.
pub fn normalise(delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    match delivery.kind().name {
        STATUS => status(delivery, context).map(|event| vec![event]),
        FEE => fee(delivery, context),
        other => unreachable!("{other} is not a kind of this vendor"),
    }
}

fn status(delivery: &Verified, context: &Context) -> Result<Event, Reject> {
    let body: Status = lenient::object(delivery.body())?;
    let event_type = match body.event_type.as_deref() {
        Some("alerting") => EventType::CallRinging,
        Some("answer") => EventType::CallAnswered,
        Some("disconnect") => EventType::CallEnded,
        Some("fee") => {
            return Err(Reject::new(
                Reason::FieldInvalid,
                "eventType is of records: give them the URL that ends in fee",
            ));
        }
        Some(_) => return Err(Reject::new(Reason::NotHandled, "eventType is none that trunkline makes an event of")),
        None => return Err(Reject::new(Reason::FieldMissing, "eventType is absent or empty")),
    };
    let info =
        body.status_info.ok_or_else(|| Reject::new(Reason::FieldMissing, "statusInfo is absent or not an object"))?;
    let id = session(info.session_id.as_deref(), "statusInfo.sessionId")?;
    // A callback dials two parties in one session: the number tells whose telephone rings.
    let called = info.called.as_deref().unwrap_or_default();
    let ids: &[&str] = if event_type == EventType::CallEnded { &[id] } else { &[id, called] };
    let mut event = context.event(event_type, id, ids);
    let at = info.timestamp.as_deref().and_then(|text| time(text, context));
    occurred(&mut event, at, delivery);
    event.call = Some(status_call(event_type, &info, id, at, context));
    if event_type == EventType::CallEnded {
        let code = info.state_code.as_deref();
        event.outcome = Some(code.and_then(|code| look_up(codes::STATE_CODE, code)).unwrap_or(Outcome::Unknown));
        event.cause = cause(codes::STATE, info.state_code, info.state_desc);
    }
    event.links = Links { custom: info.user_data, ..Links::default() };
    event.raw = context.raw_body(delivery.body());
    Ok(event)
}

fn status_call(event_type: EventType, info: &StatusInfo, id: &str, at: Option<Instant>, context: &Context) -> Call {
    let when = |wanted: EventType| at.filter(|_| event_type == wanted);
    Call {
        id: id.to_owned(),
        direction: Some(Direction::Outbound),
        from: phone(&info.caller, context),
        to: phone(&info.called, context),
        ringing_at: when(EventType::CallRinging),
        answered_at: when(EventType::CallAnswered),
        ended_at: when(EventType::CallEnded),
        ..Call::default()
    }
}

/// One record that cannot be read refuses all: a part of a list cannot be repeated.
fn fee(delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: Fee = lenient::object(delivery.body())?;
    if body.event_type.is_some_and(|event_type| event_type != FEE) {
        let detail = "eventType is not of records: give status notifications the URL that ends in status";
        return Err(Reject::new(Reason::FieldInvalid, detail));
    }
    let records = body.fee_lst.ok_or_else(|| Reject::new(Reason::FieldMissing, "feeLst is absent or not a list"))?;
    if records.is_empty() {
        return Err(Reject::new(Reason::NotHandled, "feeLst holds no record"));
    }
    let mut events = Vec::with_capacity(records.len());
    for (index, json) in records.iter().enumerate() {
        let result = record(json, delivery, context);
        let named = |reject: Reject| Reject::new(reject.reason, format!("feeLst[{index}].{}", reject.detail));
        events.extend(result.map_err(named)?);
    }
    Ok(events)
}

/// `call.ended`, and `recording.available` where a recording is named.
fn record(json: &RawValue, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    if !json.get().starts_with('{') {
        return Err(Reject::new(Reason::FieldInvalid, "* cannot be read: the record is not an object"));
    }
    let record: Record = lenient::body(json.get().as_bytes())?;
    let id = session(record.session_id.as_deref(), "sessionId")?;
    let party = Party::of(&record);
    let call = call(&record, &party, id, context);

    // The session alone, as in the status notification of the end: `icid` numbers the records, not the calls.
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    occurred(&mut ended, call.ended_at, delivery);
    let (outcome, cause) = result(&record, &party, call.answered_at.is_some());
    ended.outcome = Some(outcome);
    ended.cause = cause;
    let plays = outcome == Outcome::Answered && record.service_type.as_deref() == Some("001");
    ended.handled_by = plays.then_some(HandledBy::Announcement);
    let keys = record.dyn_ivr_path.as_deref().unwrap_or_default().split('-').filter(|key| !key.is_empty());
    ended.key_presses = keys.map(str::to_owned).collect();
    ended.links = Links { custom: record.user_data.clone(), ..Links::default() };
    ended.call = Some(call);
    ended.raw = context.raw(json);
    let Some(name) = &record.record_object_name else { return Ok(vec![ended]) };

    let mut recorded = context.event(EventType::RecordingAvailable, id, &[id, name]);
    (recorded.occurred_at, recorded.occurred_at_basis) = (ended.occurred_at, ended.occurred_at_basis);
    recorded.call.clone_from(&ended.call);
    recorded.links.clone_from(&ended.links);
    recorded.raw.clone_from(&ended.raw);
    let location = record.record_domain.as_ref().map_or_else(|| name.clone(), |domain| format!("{domain}/{name}"));
    recorded.recording = Some(Recording { location, id: Some(name.clone()) });
    Ok(vec![ended, recorded])
}

/// Who was to be reached: a callback dials the user first and then the party the user wants to speak with.
struct Party<'a> {
    from: &'a Option<String>,
    to: &'a Option<String>,
    ringing: &'a Option<String>,
    answered: &'a Option<String>,
}

impl<'a> Party<'a> {
    fn of(record: &'a Record) -> Self {
        if record.fwd_dst_num.is_none() {
            return Self {
                from: &record.caller_num,
                to: &record.callee_num,
                ringing: &record.call_out_alerting_time,
                answered: &record.call_out_answer_time,
            };
        }
        Self {
            from: if record.fwd_display_num.is_some() { &record.fwd_display_num } else { &record.caller_num },
            to: &record.fwd_dst_num,
            ringing: &record.fwd_alerting_time,
            answered: &record.fwd_answer_time,
        }
    }
}

fn call(record: &Record, party: &Party<'_>, id: &str, context: &Context) -> Call {
    let time = |text: &Option<String>| time(text.as_deref()?, context);
    Call {
        id: id.to_owned(),
        direction: Some(Direction::Outbound),
        from: phone(party.from, context),
        to: phone(party.to, context),
        started_at: time(&record.call_out_start_time).or_else(|| time(&record.fwd_start_time)),
        ringing_at: time(party.ringing),
        answered_at: time(party.answered),
        ended_at: time(&record.call_end_time).or_else(|| time(&record.fail_time)),
        ..Call::default()
    }
    .with_durations()
}

/// A time of answering counts more than any code. Else the first code with a meaning counts, the second party's first.
fn result(record: &Record, party: &Party<'_>, answered: bool) -> (Outcome, Option<Cause>) {
    let forwarded = record.fwd_dst_num.is_some();
    let codes = [
        (codes::FORWARD, codes::Q850, record.fwd_unasw_rsn.as_ref().filter(|_| forwarded)),
        (codes::CALL_OUT, codes::Q850, record.call_out_unasw_rsn.as_ref()),
        (codes::SIP_STATUS, codes::SIP, record.sip_status_code.as_ref()),
    ];
    // 0 stands for none.
    let given = codes.into_iter().filter_map(|(interface, table, code)| Some((interface, table, code?)));
    let given: Vec<_> = given.filter(|(_, _, code)| *code != "0").collect();
    let known = given.iter().find_map(|row| Some((row, look_up(row.1, row.2.as_str())?)));
    let (row, outcome) = match known {
        Some((row, outcome)) => (Some(row), outcome),
        None => (given.first(), Outcome::Unknown),
    };
    let cause = row.and_then(|(interface, _, code)| cause(interface, Some((*code).clone()), None));
    // Nobody dialled the second party because the first did not answer: the call could not be placed.
    let never_dialled = forwarded && party.ringing.is_none() && record.fwd_start_time.is_none();
    match (answered, never_dialled && outcome != Outcome::Unknown) {
        (true, _) => (Outcome::Answered, cause),
        (_, true) => (Outcome::Failed, cause),
        _ => (outcome, cause),
    }
}

fn cause(interface: &str, code: Option<String>, text: Option<String>) -> Option<Cause> {
    Some(Cause { interface: interface.to_owned(), code: code?, text })
}

/// Numbers come with `+`; those without are short or national ones.
fn phone(text: &Option<String>, context: &Context) -> Option<Phone> {
    Phone::read(text.as_deref()?, Convention::National, context.country)
}

/// The vendor's times are UTC, which is also a source's time zone if none is configured.
fn time(text: &str, context: &Context) -> Option<Instant> {
    Instant::from_local(text, "%Y-%m-%d %H:%M:%S", &context.time_zone)
}

/// The vendor's time of the fact, or else the time it signed the delivery.
fn occurred(event: &mut Event, vendor: Option<Instant>, delivery: &Verified) {
    if let Some(at) = vendor {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
    } else if let Some(at) = delivery.sent_at() {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
    }
}

/// The session id, which is also a Kafka key.
fn session<'a>(value: Option<&'a str>, field: &'static str) -> Result<&'a str, Reject> {
    match value {
        Some(id) if id.len() <= 256 => Ok(id),
        Some(_) => Err(Reject::new(Reason::FieldInvalid, format!("{field} is longer than 256 bytes"))),
        None => Err(Reject::new(Reason::FieldMissing, format!("{field} is absent or empty"))),
    }
}

#[cfg(test)]
mod tests;
