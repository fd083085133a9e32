//! From Tencent Cloud Contact Center's pushes to events.

use super::codes;
use super::members;
use super::wire::{Cdr, KeyPress, Record, SeatUser};
use super::{ACTION, CDR, RECORD, Settings, VOICEMAIL, form};
use crate::event::{
    Agent, Basis, Call, Cause, Convention, Direction, Event, EventType, HandledBy, Instant, Links, Outcome, Phone,
    Recording,
};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::lenient;
use crate::vendor::{Context, Verified};

/// The fact a push states.
pub fn normalise(settings: &Settings, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let mut event = match action(delivery)?.as_str() {
        CDR => {
            let cdr: Cdr = members::object(delivery.body())?;
            ended(settings, &cdr, &tenant(settings, cdr.sdk_app_id.as_deref(), context)?)?
        }
        RECORD => recorded(settings, &members::object(delivery.body())?, context)?,
        VOICEMAIL => voicemail(settings, &members::object(delivery.body())?, context)?,
        "imcdr" => return Err(Reject::new(Reason::NotHandled, "action imcdr is about an online chat, not a call")),
        "specifiedSeat" => {
            let detail =
                "action specifiedSeat waits for an answer trunkline cannot give: point it at a service of yours";
            return Err(Reject::new(Reason::NotHandled, detail));
        }
        _ => return Err(Reject::new(Reason::NotHandled, "the action is none of cdr, record and voicemail")),
    };
    event.raw = context.raw_body(delivery.body());
    Ok(vec![event])
}

/// The query alone says what the body is. To a URL that has a query already, a second one may be appended.
fn action(delivery: &Verified) -> Result<String, Reject> {
    let query = delivery.inbound().query.as_deref().unwrap_or_default().replace('?', "&");
    let mut actions = form::values(&query, ACTION);
    actions.dedup();
    match <[String; 1]>::try_from(actions) {
        Ok([action]) if !action.is_empty() => Ok(action),
        Err(actions) if actions.len() > 1 => {
            Err(Reject::new(Reason::FieldInvalid, "action is in the query twice: configure the URL without it"))
        }
        _ => Err(Reject::new(Reason::FieldMissing, "action is absent from the query: does a proxy drop the query?")),
    }
}

/// A session that is over, from a push or a row of the API; the context's account is its application.
pub fn ended(settings: &Settings, cdr: &Cdr, context: &Context) -> Result<Event, Reject> {
    let session = session(cdr.session_id.as_deref())?;
    let mut event = context.event(EventType::CallEnded, &session, &[&session]);
    occurred(&mut event, cdr.ended_timestamp);
    let outcome = outcome(settings, cdr);
    event.outcome = Some(outcome);
    event.cause = cause(cdr);
    event.handled_by = handled_by(cdr, outcome);
    event.key_presses = key_presses(cdr);
    event.links = Links { custom: cdr.uui.clone(), ..Links::default() };
    event.call = Some(
        Call {
            id: session,
            direction: direction(cdr),
            from: phone(cdr.caller.as_deref(), context),
            to: phone(cdr.callee.as_deref(), context),
            agent: agent(cdr),
            started_at: cdr.start_timestamp.and_then(Instant::from_unix),
            ringing_at: cdr.ring_timestamp.and_then(Instant::from_unix),
            answered_at: cdr.accept_timestamp.and_then(Instant::from_unix),
            ended_at: cdr.ended_timestamp.and_then(Instant::from_unix),
            ..Call::default()
        }
        .with_durations(),
    );
    Ok(event)
}

/// A session has a recording for each participant; `RecordId` is also in the session's own record.
fn recorded(settings: &Settings, record: &Record, context: &Context) -> Result<Event, Reject> {
    let context = tenant(settings, record.sdk_app_id.as_deref(), context)?;
    let session = session(record.session_id.as_deref())?;
    let id = lenient::required(record.record_id.as_deref(), "RecordId")?;
    let location = location(record)?;
    let mut event = context.event(EventType::RecordingAvailable, &session, &[&session, id]);
    event.recording = Some(Recording { location: location.to_owned(), id: Some(id.to_owned()) });
    recording(&mut event, record, session);
    Ok(event)
}

/// A voicemail has no id. Its file is the only thing both a push and the API name; the query of the URL is left out
/// of the identity, because it can hold a signature that changes.
fn voicemail(settings: &Settings, record: &Record, context: &Context) -> Result<Event, Reject> {
    let context = tenant(settings, record.sdk_app_id.as_deref(), context)?;
    let session = session(record.session_id.as_deref())?;
    let location = location(record)?;
    let file = location.split(['?', '#']).next().unwrap_or_default();
    let file = file.split_once("://").map_or(file, |(_, file)| file);
    let mut event = context.event(EventType::RecordingAvailable, &session, &[&session, VOICEMAIL, file]);
    event.recording = Some(Recording { location: location.to_owned(), id: None });
    recording(&mut event, record, session);
    Ok(event)
}

fn recording(event: &mut Event, record: &Record, session: String) {
    occurred(event, record.timestamp);
    // A number does not tell which side of the call it is on: it stays in the vendor's object.
    let mail = record.endpoint_user.as_ref().filter(|user| user.contains('@'));
    let agent = mail.map(|mail| Agent { id: Some(mail.clone()), ..Agent::default() });
    event.call = Some(Call { id: session, agent, ..Call::default() });
}

fn location(record: &Record) -> Result<&str, Reject> {
    let location = record.record_url.as_deref().or(record.custom_record_url.as_deref());
    location.ok_or_else(|| Reject::new(Reason::FieldMissing, "RecordURL is absent or empty"))
}

/// The context with the application as account. It is proven, because whoever has the credentials sent it, but it must
/// be one of this source's: one receiver can serve several applications of one company.
fn tenant(settings: &Settings, app: Option<&str>, context: &Context) -> Result<Context, Reject> {
    let app = lenient::required(app, "SdkAppId")?;
    let known = app.trim().parse().ok().filter(|app: &u64| settings.sdk_app_ids.contains(app));
    let app = known.ok_or_else(|| {
        Reject::new(Reason::FieldInvalid, "SdkAppId is not in the source's sdk_app_ids: add it, or correct the console")
    })?;
    Ok(Context { account: app.to_string(), ..context.clone() })
}

/// The id of a call. The vendor writes these UUIDs with hyphens, in one sample without: one form, so that a call keeps
/// its key and partition. Everything else stays as it is.
pub fn session(id: Option<&str>) -> Result<String, Reject> {
    let id = lenient::required(id, "SessionId")?;
    let uuid = uuid::Uuid::try_parse(id).ok().filter(|_| matches!(id.len(), 32 | 36));
    Ok(uuid.map_or_else(|| id.to_owned(), |uuid| uuid.hyphenated().to_string()))
}

fn outcome(settings: &Settings, cdr: &Cdr) -> Outcome {
    let of = |code: &str| {
        let accepted = match cdr.accept_timestamp {
            Some(1..) => look_up(codes::ACCEPTED, code),
            Some(_) => look_up(codes::NOT_ACCEPTED, code),
            None => None,
        };
        let table = || look_up(codes::END_STATUS_STRING, code).or_else(|| look_up(codes::END_STATUS, code));
        settings.end_status.get(code).copied().or(accepted).or_else(table)
    };
    let known = statuses(cdr).find_map(of);
    match (statuses(cdr).next(), cdr.accept_timestamp) {
        (None, Some(1..)) => Outcome::Answered,
        _ => known.unwrap_or(Outcome::Unknown),
    }
}

/// The final state in the vendor's words: name, then number.
fn statuses(cdr: &Cdr) -> impl Iterator<Item = &str> {
    [&cdr.end_status_string, &cdr.end_status].into_iter().flatten().map(String::as_str)
}

/// The name where there is one: pushes have nothing else, and a status is the same one in a push and in the API.
fn cause(cdr: &Cdr) -> Option<Cause> {
    let (interface, code) = match (&cdr.end_status_string, &cdr.end_status) {
        (Some(name), _) => ("EndStatusString", name),
        (None, Some(number)) => ("EndStatus", number),
        (None, None) => return None,
    };
    Some(Cause { interface: interface.to_owned(), code: code.clone(), text: None })
}

fn handled_by(cdr: &Cdr, outcome: Outcome) -> Option<HandledBy> {
    if outcome != Outcome::Answered {
        return None;
    }
    let told = statuses(cdr).find_map(|code| look_up(codes::HANDLED_BY, code));
    let bot = cdr.ai_agent_id.as_deref().is_some_and(|id| id != "0").then_some(HandledBy::Bot);
    let accepted = cdr.accept_timestamp.is_some_and(|at| at > 0);
    told.or(bot).or_else(|| agent(cdr).filter(|_| accepted).map(|_| HandledBy::Agent))
}

fn direction(cdr: &Cdr) -> Option<Direction> {
    match (cdr.direction, cdr.call_type) {
        (Some(0), _) | (None, Some(2 | 3)) => Some(Direction::Inbound),
        (Some(1), _) | (None, Some(1 | 5)) => Some(Direction::Outbound),
        _ => None,
    }
}

/// The agent the session names, or else the last participant who picked up.
fn agent(cdr: &Cdr) -> Option<Agent> {
    let named = |user: &&SeatUser| user.user_id.is_some() || user.mail.is_some() || user.name.is_some();
    let served = |mail: &Option<String>, accepted: Option<i64>| mail.is_some() && accepted.is_some_and(|at| at > 0);
    let leg = cdr.serve_participants.iter().rev().find(|leg| served(&leg.mail, leg.accept_timestamp));
    let queue = leg.and_then(|leg| leg.skill_group_name.clone()).or_else(|| cdr.queued_skill_group_name.clone());
    match cdr.seat_user.iter().rev().find(named) {
        Some(user) => Some(Agent {
            id: user.mail.clone().or_else(|| user.user_id.clone()),
            name: user.name.clone().or_else(|| user.nick.clone()),
            group: queue,
        }),
        None => leg.map(|leg| Agent { id: leg.mail.clone(), name: None, group: queue }),
    }
}

/// Keys of the voice menu, then those of the rating after the call. The older list repeats the newer one.
fn key_presses(cdr: &Cdr) -> Vec<String> {
    let menu = if cdr.ivr_key_pressed_ex.is_empty() { &cdr.ivr_key_pressed } else { &cdr.ivr_key_pressed_ex };
    menu.iter().chain(&cdr.post_ivr_key_pressed).map(|KeyPress { key }| key.clone()).collect()
}

/// `00` and country code; other forms only with `+`, or in national form when the source has a country.
pub fn phone(raw: Option<&str>, context: &Context) -> Option<Phone> {
    let raw = raw?;
    let phone = match raw.trim().strip_prefix("00") {
        Some(digits) => Phone::read(&format!("+{digits}"), Convention::International, None),
        None => Phone::read(raw, Convention::National, context.country),
    };
    phone.map(|phone| Phone { raw: raw.to_owned(), ..phone })
}

/// The vendor's time of the fact.
fn occurred(event: &mut Event, at: Option<i64>) {
    if let Some(at) = at.and_then(Instant::from_unix) {
        (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
    }
}

#[cfg(test)]
mod tests;
