//! The Insights Stats API: <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3567845377/Get+interactions>,
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3565192887/Responses+Insights+Stats+API>.

use std::collections::HashSet;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::legs::{AGENT, Leg, conversation, legs, milliseconds};
use super::{bearer, calls, message};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome};
use crate::simulate::draw::Draw;
use crate::simulate::site::Site;

/// Where the list is.
pub(super) const PATH: &str = "/stats/interactions";

/// Longest window of a list.
const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Items on a page where the request does not say how many, as in the vendor's sample; and most of them. Neither is
/// documented.
const USUAL_LIMIT: usize = 25;
/// See [`USUAL_LIMIT`].
const MOST: usize = 1000;

/// Answers a request for one interaction, or a list of them.
pub(super) fn answer(request: &Request, site: &Site) -> Answer {
    if request.method != Method::GET {
        return Answer::violation("not a GET", StatusCode::METHOD_NOT_ALLOWED, &message("Method not allowed"));
    }
    if let Err(answer) = version(request).and_then(|()| bearer(request, site)) {
        return answer;
    }
    let answer = match request.path.strip_prefix(PATH).unwrap_or_default().strip_prefix('/') {
        Some(guid) => single(guid, request, site),
        None => {
            list(request, site).unwrap_or_else(|text| Answer::violation(text, StatusCode::BAD_REQUEST, &message(text)))
        }
    };
    answer.header("Cache-Control", "max-age=5, must-revalidate, private")
}

/// Whether `Accept` names a version that is served.
fn version(request: &Request) -> Result<(), Answer> {
    let bad = |what, text: &str| {
        let body = json!({ "statusCode": 400, "error": "Bad Request", "message": text });
        Answer::violation(what, StatusCode::BAD_REQUEST, &body)
    };
    let accept = request.header("accept").unwrap_or_default();
    let version = accept.strip_prefix("application/vnd.newvoicemedia.v").and_then(|rest| rest.strip_suffix("+json"));
    match version {
        Some("2" | "3") => Ok(()),
        Some(_) => Err(bad("Accept names another version", "Invalid api-version! Valid values: 2,3")),
        None => Err(bad("Accept names no version", "Invalid Accept header!")),
    }
}

fn single(guid: &str, request: &Request, site: &Site) -> Answer {
    match site.call_of(&guid.to_lowercase()) {
        None => Answer::refused(StatusCode::NOT_FOUND, &message("Interaction not found")),
        Some(call) => {
            settle(std::iter::once(&*call), request.now, site);
            Answer::ok(&interaction(&call, request.now))
        }
    }
}

/// The interactions of a window, by their start.
fn list(request: &Request, site: &Site) -> Result<Answer, &'static str> {
    let time = |name: &str| request.parameter(name).map(|text| text.parse::<Timestamp>());
    let start = time("start").ok_or("start is missing")?.map_err(|_| "start is no time in ISO 8601")?;
    let end = time("end").unwrap_or(Ok(request.now)).map_err(|_| "end is no time in ISO 8601")?;
    if end < start {
        return Err("end is before start");
    }
    if end.duration_since(start) > LONGEST {
        return Err("Request window size limit exceeded 31 days");
    }
    let include = request.parameter("include").unwrap_or_else(|| "Started".to_owned());
    if !["Started", "StartedOrEnded", "Processed"].contains(&&*include) {
        return Err("include is none of Started, StartedOrEnded, Processed");
    }
    let number = |name: &str, usual: usize, most: usize, wrong: &'static str| match request.parameter(name) {
        None => Ok(usual),
        Some(text) => text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or(wrong),
    };
    let limit = number("limit", USUAL_LIMIT, MOST, "limit is no number from 1 to 1000")?;
    let page = number("page", 1, usize::MAX, "page is no number from 1")?;
    if request.query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !["start", "end", "include", "limit", "page", "medium"].contains(&name)
    }) {
        return Err("a parameter that is not documented");
    }

    let there = |call: &Call| {
        let known = |time: &Timestamp| *time <= request.now && (start..end).contains(time);
        moments(call, &include).iter().any(known)
    };
    let found = site.calls(there);
    let total = found.iter().map(|call| 1 + usize::from(consulted(call).is_some())).sum::<usize>();
    let mut items: Vec<(Value, Option<&Call>)> = Vec::new();
    for call in &found {
        items.push((interaction(call, request.now), Some(call)));
        items.extend(consulted(call).map(|item| (item, None)));
    }
    let part: Vec<_> = items.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    settle(part.iter().filter_map(|(_, call)| *call), request.now, site);
    let items: Vec<_> = part.into_iter().map(|(item, _)| item).collect();
    Ok(Answer::ok(&json!({
        "meta": {
            "page": page, "count": items.len(), "pageCount": total.div_ceil(limit), "totalCount": total,
        },
        "items": items,
        "upTo": milliseconds(request.now),
    })))
}

/// When an interaction is complete: a moment after its end.
fn processed(call: &Call) -> Timestamp {
    call.ended + SignedDuration::from_millis(*call.choose(9, &[0, 300, 1200]))
}

/// When speech analysis sorted it into a category, if it did: then it is listed again.
fn categorised(call: &Call) -> Option<Timestamp> {
    let done = call.outcome == Outcome::Answered && *call.choose(10, &[true, false, false]);
    done.then(|| processed(call) + SignedDuration::from_secs(3))
}

/// The moments by which a window finds an interaction.
fn moments(call: &Call, include: &str) -> Vec<Timestamp> {
    match include {
        "Started" => vec![call.placed],
        "StartedOrEnded" => vec![call.placed, call.ended],
        _ => [call.placed, call.ended, processed(call)].into_iter().chain(categorised(call)).collect(),
    }
}

/// An interaction as far as it is known at `now`.
fn interaction(call: &Call, now: Timestamp) -> Value {
    let complete = processed(call) <= now;
    let legs = legs(call);
    let begun = legs.iter().filter(|leg| began(leg) <= now);
    let channels: Vec<_> = begun.map(|leg| channel(call, leg, complete)).collect();
    let mut item = json!({
        "guid": call.id,
        "conversationGuid": conversation(call),
        "status": if complete { "Completed" } else { "Ongoing" },
        "medium": "Phone",
        "mediumManager": "VCC",
        "direction": "Outbound",
        "start": milliseconds(call.placed),
        "duration": complete.then(|| call.ended.as_millisecond() - call.placed.as_millisecond()),
        "connectFrom": CALLING,
        "connectTo": call.digits(),
        "serviceName": null,
        "interactionPlanMapping": null,
        "categorizedAt": categorised(call).filter(|time| *time <= now).map(milliseconds),
        "channels": channels,
    });
    if complete && *call.choose(11, &[true, false]) {
        // A text for people, whatever the result.
        item["outcome"] = "Handled by agent".into();
    }
    item
}

/// A number that calls: of a range that is reserved for fiction.
const CALLING: &str = "442079460102";

/// When a leg began.
fn began(leg: &Leg) -> Timestamp {
    leg.alerted.unwrap_or(leg.ended)
}

/// A leg. Offsets of its events count from its own beginning.
fn channel(call: &Call, leg: &Leg, complete: bool) -> Value {
    let span = |from: Timestamp, to: Timestamp| to.as_millisecond() - from.as_millisecond();
    let began = began(leg);
    let event = |kind: &str, from: Timestamp, to: Timestamp| {
        let (offset, duration) = (span(began, from), span(from, to));
        json!({ "type": kind, "offset": offset, "name": kind, "duration": duration, "properties": {} })
    };
    let mut events = Vec::new();
    if complete {
        events.push(event("Ringing", began, leg.connected.unwrap_or(leg.ended)));
        events.extend(leg.connected.map(|connected| event("Connected", connected, leg.ended)));
    }
    let reason = if leg.agent { None } else { clear_reason(call) };
    let party = match leg.agent {
        true => json!({ "id": AGENT, "role": "Agent", "touchpoint": "2001" }),
        false => json!({ "id": null, "role": "External", "touchpoint": call.digits() }),
    };
    json!({
        "guid": leg.id,
        "offset": span(call.placed, began),
        "duration": complete.then(|| span(began, leg.ended)),
        "endReason": complete.then_some(reason.unwrap_or("Released")),
        "party": party,
        "events": events,
    })
}

/// The word by which an `endReason` tells the outcome, where it does. `Released` alone is documented, and tells nothing.
fn clear_reason(call: &Call) -> Option<&'static str> {
    calls::reason(call).filter(|_| *call.choose(12, &[true, false]))
}

/// The outcome that can be read from an interaction.
pub(super) fn outcome(call: &Call) -> Outcome {
    match call.outcome {
        Outcome::Answered => Outcome::Answered,
        clear if clear_reason(call).is_some() => clear,
        _ => Outcome::Unknown,
    }
}

/// Notes the calls whose outcome was told for good: of those the dialer told trunkline, the Calls API may know more.
fn settle<'a>(calls: impl Iterator<Item = &'a Call>, now: Timestamp, site: &Site) {
    let told = site.placings(|placing| placing.told);
    let told: HashSet<&str> = told.iter().flat_map(|placing| &placing.calls).map(|call| call.id.as_str()).collect();
    for call in calls.filter(|call| processed(call) <= now) {
        if outcome(call) == call.outcome || !told.contains(&*call.id) {
            site.gave(call);
        }
    }
}

/// A word between two agents before a call: no call to a customer. Some calls have one.
fn consulted(call: &Call) -> Option<Value> {
    if !call.choose(13, &[true, false, false, false, false]) {
        return None;
    }
    let guid = |name: &str| Draw::new(call.variant, &[name, &call.id], 0).guid();
    let agent = |id: &str| json!({ "id": id, "role": "Agent", "touchpoint": "2001" });
    let connected = json!({ "type": "Connected", "offset": 0, "name": "Connected", "duration": 10, "properties": {} });
    let leg = |name: &str, id: &str| {
        json!({ "guid": guid(name), "offset": 0, "duration": 10, "endReason": "Released", "party": agent(id),
                "events": [connected] })
    };
    Some(json!({
        "guid": guid("consultation"), "conversationGuid": conversation(call), "status": "Completed", "medium": "Phone",
        "mediumManager": "VCC", "direction": "Internal", "start": milliseconds(call.placed), "duration": 10,
        "connectFrom": "2001", "connectTo": "2002", "serviceName": null, "interactionPlanMapping": null,
        "categorizedAt": null, "channels": [leg("consults", AGENT), leg("is consulted", "1545")],
    }))
}
