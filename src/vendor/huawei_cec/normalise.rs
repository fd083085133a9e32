//! From Huawei CEC's bodies to events.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use super::flat::{Flat, Form};
use super::wire::{CampaignRecord, DualStatus, Release};
use super::{CAMPAIGN_RESULT, DUAL_RELEASE, DUAL_STATUS, Settings, VN_RELEASE, codes};
use crate::event::{
    Agent, Basis, Call, Cause, Direction, Event, EventType, HandledBy, Instant, Links, Outcome, Phone, Recording,
};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::{Context, Hint, Verified, lenient};

/// Fields only callbacks of bidirectional calls have.
const DUAL_ONLY: &[&str] =
    &["agentAlertingTime", "agentReleaseTime", "agentTalkDuration", "agentTalkingTime", "serviceNo"];

/// The facts of one delivery, in the order they happened.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    match delivery.kind().name {
        VN_RELEASE => release(&Interface::vn(settings), settings, delivery, context),
        DUAL_RELEASE => release(&Interface::dual(settings), settings, delivery, context),
        DUAL_STATUS => connected(settings, delivery, context),
        CAMPAIGN_RESULT => campaign(settings, delivery, context),
        other => unreachable!("{other} is not a kind of this vendor"),
    }
}

/// Calls whose end is still to come: those that are connected. The callback of their end can get lost.
pub fn hints(events: &[Event]) -> Vec<Hint> {
    let connected = events.iter().filter(|event| event.event_type == EventType::CallAnswered);
    connected.map(|event| Hint { call: event.subject.clone() }).collect()
}

/// One of the two kinds of call that end with a release callback, and that the vendor's API tells of.
pub struct Interface<'a> {
    cause: &'static str,
    table: &'static [(&'static str, Outcome)],
    configured: &'a BTreeMap<String, Outcome>,
    handled_by: HandledBy,
    dual: bool,
}

impl<'a> Interface<'a> {
    /// Voice notifications and voice outbound calls.
    pub fn vn(settings: &'a Settings) -> Self {
        Self {
            cause: codes::VN,
            table: codes::VN_RELEASE_REASON,
            configured: &settings.vn_release_reason,
            handled_by: HandledBy::Announcement,
            dual: false,
        }
    }

    /// Bidirectional calls.
    pub fn dual(settings: &'a Settings) -> Self {
        Self {
            cause: codes::DUAL,
            table: codes::DUAL_RELEASE_REASON,
            configured: &settings.dual_release_reason,
            handled_by: HandledBy::Agent,
            dual: true,
        }
    }

    /// Outcome of a code; `None` for one that is neither configured nor in the table.
    pub fn outcome(&self, code: &str) -> Option<Outcome> {
        self.configured.get(code).copied().or_else(|| look_up(self.table, code))
    }
}

fn release(
    interface: &Interface<'_>,
    settings: &Settings,
    delivery: &Verified,
    context: &Context,
) -> Result<Vec<Event>, Reject> {
    let flat = flat(settings, delivery, interface.dual)?;
    let dual = DUAL_ONLY.iter().any(|name| flat.fields.contains_key(*name));
    // The signature does not cover the URL, and the same code means other things for the other kind of call.
    if dual != interface.dual {
        let detail = if dual {
            "serviceNo is a field of bidirectional calls: give them the URL that ends in dual-release"
        } else {
            "serviceNo is absent: give voice notifications the URL that ends in vn-release"
        };
        return Err(Reject::new(Reason::FieldInvalid, detail));
    }
    let body: Release = flat.to()?;
    let mut ended = ended(interface, settings, &body, context)?;
    sent(&mut ended, delivery);
    ended.raw = raw(&flat, delivery, context);
    let id = ended.subject.clone();
    Ok(with_recording(ended, body.recordfile, &[&id], context))
}

/// `call.ended` of a call, without the vendor's own object.
pub fn ended(
    interface: &Interface<'_>,
    settings: &Settings,
    body: &Release,
    context: &Context,
) -> Result<Event, Reject> {
    let id = serial(body.call_serial_no.as_deref())?;
    let call = released_call(settings, body, id, context);
    // The serial number alone: the vendor's queries for a call ask for nothing else, whatever kind of call it was.
    let mut ended = context.event(EventType::CallEnded, id, &[id]);
    if let Some(at) = call.ended_at {
        (ended.occurred_at, ended.occurred_at_basis) = (at, Basis::Vendor);
    }
    ended.outcome = Some(released_outcome(interface, body, call.answered_at.is_some()));
    ended.handled_by = (ended.outcome == Some(Outcome::Answered)).then_some(interface.handled_by);
    ended.cause = cause(interface.cause, body.release_reason.as_ref());
    ended.links.custom.clone_from(&body.call_data);
    ended.call = Some(call);
    Ok(ended)
}

fn released_call(settings: &Settings, body: &Release, id: &str, context: &Context) -> Call {
    let time = |text: &Option<String>| time(text.as_deref()?, &["%Y/%m/%d,%H:%M:%S:%f", "%Y/%m/%d,%H:%M:%S"], context);
    let phone = |text: &Option<String>| phone(settings, text, context);
    Call {
        id: id.to_owned(),
        direction: Some(Direction::Outbound),
        from: phone(&body.caller_present).or_else(|| phone(&body.caller)),
        to: phone(&body.called),
        agent: agent(&body.service_no),
        started_at: time(&body.create_call_time),
        ringing_at: time(&body.alerting_time),
        answered_at: time(&body.talking_time),
        ended_at: time(&body.release_time),
        ..Call::default()
    }
    .with_durations()
}

/// A time of answering counts more than any code. `talkDuration` does not count: the vendor's own sample has an answered
/// call with 0.
fn released_outcome(interface: &Interface<'_>, body: &Release, answered: bool) -> Outcome {
    if answered {
        return Outcome::Answered;
    }
    body.release_reason.as_deref().and_then(|code| interface.outcome(code)).unwrap_or(Outcome::Unknown)
}

fn connected(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let flat = flat(settings, delivery, true)?;
    if ["releaseReason", "releaseTime"].iter().any(|name| flat.fields.contains_key(*name)) {
        let detail = "releaseReason is a field of ended calls: give them the URL that ends in dual-release";
        return Err(Reject::new(Reason::FieldInvalid, detail));
    }
    let body: DualStatus = flat.to()?;
    let id = serial(body.call_serial_no.as_deref())?;
    let mut event = context.event(EventType::CallAnswered, id, &[id]);
    sent(&mut event, delivery);
    event.handled_by = Some(HandledBy::Agent);
    event.links.custom = body.call_data;
    event.raw = raw(&flat, delivery, context);
    event.call = Some(Call {
        id: id.to_owned(),
        direction: Some(Direction::Outbound),
        to: phone(settings, &body.called, context),
        agent: agent(&body.service_no),
        ..Call::default()
    });
    Ok(vec![event])
}

/// Every record is a call of its own, and one that cannot be read refuses all: a part of an array cannot be repeated.
fn campaign(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let records: Vec<&RawValue> = lenient::body(delivery.body())?;
    if records.is_empty() {
        return Err(Reject::new(Reason::NotHandled, "the array holds no result"));
    }
    let mut events = Vec::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        let result = campaign_record(settings, record, delivery, context);
        events.extend(result.map_err(|reject| Reject::new(reject.reason, format!("[{index}].{}", reject.detail)))?);
    }
    Ok(events)
}

fn campaign_record(
    settings: &Settings,
    json: &RawValue,
    delivery: &Verified,
    context: &Context,
) -> Result<Vec<Event>, Reject> {
    let flat = Flat::read(json.get().as_bytes(), false).ok_or_else(|| {
        Reject::new(Reason::FieldInvalid, "* cannot be read: the result is not an object, or has a name twice")
    })?;
    let record: CampaignRecord = flat.to()?;
    let (id, ids) = campaign_ids(&record)?;
    let ids: Vec<_> = ids.iter().map(String::as_str).collect();
    let mut ended = context.event(EventType::CallEnded, &id, &ids);
    sent(&mut ended, delivery);
    ended.outcome = Some(campaign_outcome(settings, &record));
    ended.cause = cause(codes::CAMPAIGN, record.fail_code.as_ref())
        .or_else(|| cause(codes::CAMPAIGN_STATUS, record.call_status.as_ref()));
    ended.call = Some(Call {
        id: id.clone(),
        direction: Some(Direction::Outbound),
        to: phone(settings, &record.called, context),
        started_at: record.call_time_str.as_deref().and_then(|at| time(at, &["%Y-%m-%d %H:%M:%S"], context)),
        ..Call::default()
    });
    ended.links = Links {
        vendor_task: record.campaign_id,
        reference: record.session_id,
        custom: record.custom_field,
        ..Links::default()
    };
    ended.raw = context.raw(json);
    Ok(with_recording(ended, record.record_path, &ids, context))
}

/// The call's id, and what identifies it among all. A number that was refused before it was dialled has no call id: then
/// campaign, customer and time stand for it, and the number is in the key only.
fn campaign_ids(record: &CampaignRecord) -> Result<(String, Vec<String>), Reject> {
    if let Some(id) = &record.call_id {
        check_length("callId", id)?;
        return Ok((id.clone(), vec![record.vdn_id.clone().unwrap_or_default(), id.clone()]));
    }
    let (Some(campaign), Some(session), Some(at)) = (&record.campaign_id, &record.session_id, &record.call_time_str)
    else {
        let detail = "callId is absent or empty, and so is one of campaignId, sessionId and callTimeStr";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let id = format!("{campaign}/{session}/{at}");
    check_length("campaignId with sessionId and callTimeStr", &id)?;
    let called = record.called.clone().unwrap_or_default();
    Ok((id, vec![campaign.clone(), session.clone(), called, at.clone()]))
}

fn campaign_outcome(settings: &Settings, record: &CampaignRecord) -> Outcome {
    let status = record.call_status.as_deref().and_then(|status| look_up(codes::CAMPAIGN_CALL_STATUS, status));
    let Some(code) = record.fail_code.as_deref() else { return status.unwrap_or(Outcome::Unknown) };
    // Success is written `0` and `00000`, and a code that came as a number has lost its zeros.
    let padded = format!("{code:0>5}");
    let known = || look_up(codes::CAMPAIGN_FAIL_CODE, padded.as_str());
    // A status of success tells all; one of failure does not say which.
    let succeeded = || status.filter(|status| *status == Outcome::Answered);
    settings.campaign_fail_code.get(code).copied().or_else(known).or_else(succeeded).unwrap_or(Outcome::Unknown)
}

fn flat<'a>(settings: &Settings, delivery: &'a Verified, dual: bool) -> Result<Flat<'a>, Reject> {
    match Flat::read(delivery.body(), dual) {
        Some(flat) if flat.form == Form::Json || settings.accept_printed_map => Ok(flat),
        Some(_) => {
            let detail = "the body is a printed map and not JSON: set `accept_printed_map = true` and replay it";
            Err(Reject::new(Reason::BodyNotJson, detail))
        }
        None => {
            lenient::body::<&RawValue>(delivery.body())?;
            Err(Reject::new(Reason::BodyNotJson, "the body is not a JSON object, or has a name twice"))
        }
    }
}

/// The body for the event; a printed map as the JSON string that holds it.
fn raw(flat: &Flat<'_>, delivery: &Verified, context: &Context) -> Option<crate::event::Raw> {
    match flat.form {
        Form::Json => context.raw_body(delivery.body()),
        Form::PrintedMap => {
            let text = std::str::from_utf8(delivery.body()).ok()?;
            context.raw(&to_raw_value(text).ok()?)
        }
    }
}

/// `ended`, and the recording it names.
fn with_recording(ended: Event, location: Option<String>, ids: &[&str], context: &Context) -> Vec<Event> {
    let Some(location) = location else { return vec![ended] };
    let mut recorded = context.event(EventType::RecordingAvailable, &ended.subject, ids);
    (recorded.occurred_at, recorded.occurred_at_basis) = (ended.occurred_at, ended.occurred_at_basis);
    recorded.call.clone_from(&ended.call);
    recorded.links.clone_from(&ended.links);
    recorded.raw.clone_from(&ended.raw);
    recorded.recording = Some(Recording { location, id: None });
    vec![ended, recorded]
}

fn cause(interface: &str, code: Option<&String>) -> Option<Cause> {
    Some(Cause { interface: interface.to_owned(), code: code?.clone(), text: None })
}

fn agent(service_no: &Option<String>) -> Option<Agent> {
    Some(Agent { id: Some(service_no.clone()?), ..Agent::default() })
}

/// A number as the vendor writes it.
pub fn phone(settings: &Settings, text: &Option<String>, context: &Context) -> Option<Phone> {
    Phone::read(text.as_deref()?, settings.numbers.convention(), context.country)
}

/// A local time in one of `formats`, or Unix time as the vendor's queries give it. A short number is no time: a call
/// must not become answered by it.
fn time(text: &str, formats: &[&str], context: &Context) -> Option<Instant> {
    let local = formats.iter().find_map(|format| Instant::from_local(text, format, &context.time_zone));
    let digits = || Some(text).filter(|text| matches!(text.len(), 10 | 13));
    local.or_else(|| digits()?.parse().ok().and_then(Instant::from_unix))
}

/// Where the vendor gives no time of the fact, it is the time it signed the delivery.
fn sent(event: &mut Event, delivery: &Verified) {
    if let Some(at) = delivery.sent_at().filter(|_| event.occurred_at_basis == Basis::Received) {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
    }
}

/// The id of a call.
pub fn serial(value: Option<&str>) -> Result<&str, Reject> {
    let id = value.ok_or_else(|| Reject::new(Reason::FieldMissing, "callSerialNo is absent or empty"))?;
    check_length("callSerialNo", id)?;
    Ok(id)
}

/// An id is also a Kafka key.
fn check_length(field: &str, id: &str) -> Result<(), Reject> {
    if id.len() <= 256 {
        return Ok(());
    }
    Err(Reject::new(Reason::FieldInvalid, format!("{field} is longer than 256 bytes")))
}

#[cfg(test)]
mod tests;
