//! The Calls API: <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568664632/Making+a+call> and
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568796012/Retrieving+the+call+detail>.

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::legs::{AGENT, without_customer};
use super::{ACCOUNT_KEY, VonageVcc, bearer, message};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome};
use crate::simulate::draw::Draw;
use crate::simulate::site::{Site, Wanted};
use crate::simulate::vendors::Vendor;

/// How long after its end a call can be read.
const READABLE: SignedDuration = SignedDuration::from_hours(24);

/// The account and what follows `calls/`, of a path of the Calls API.
pub(super) fn path(path: &str) -> Option<(&str, &str)> {
    let (account, rest) = path.strip_prefix("/v0/")?.split_once('/')?;
    Some((account, rest.strip_prefix("calls/").or(if rest == "calls" { Some("") } else { None })?))
}

/// Answers a request to the Calls API.
pub(super) fn answer(request: &Request, site: &Site) -> Answer {
    if let Err(answer) = bearer(request, site) {
        return answer;
    }
    let (account, guid) = path(&request.path).unwrap_or_default();
    if account != ACCOUNT_KEY {
        return Answer::violation("another account's key", StatusCode::FORBIDDEN, &message("Forbidden"));
    }
    if !version(request).is_some_and(|version| (1..=6).contains(&version)) {
        let text = message("Accept header is not supported");
        return Answer::violation("Accept names no version", StatusCode::BAD_REQUEST, &text);
    }
    match (&request.method, guid) {
        (&Method::POST, "") => create(request, site),
        (&Method::GET, guid) if !guid.is_empty() => read(guid, request, site),
        _ => Answer::violation("no such address", StatusCode::NOT_FOUND, &message("Not found")),
    }
}

/// The version in `Accept: application/json;version=N`.
fn version(request: &Request) -> Option<u32> {
    let (media_type, parameter) = request.header("accept")?.split_once(';')?;
    let version = parameter.trim().strip_prefix("version=")?;
    (media_type.trim() == "application/json").then(|| version.parse().ok())?
}

/// Tells of a call, for a day after its end. What the vendor says later is not documented.
fn read(guid: &str, request: &Request, site: &Site) -> Answer {
    let call = site.call_of(&guid.to_lowercase()).filter(|call| request.now < call.ended + READABLE);
    let Some(call) = call else {
        return Answer::refused(StatusCode::NOT_FOUND, &message("Call not found"));
    };
    let mut body = described(&call, &call.id);
    let over = call.over(request.now);
    let active = call.choose(5, &[Value::Null, json!("InProgress")]).clone();
    body["status"] = if over { Value::Null } else { active };
    body["recordingStatus"] = Value::Null;
    body["result"] = if over { result(&call) } else { Value::Null };
    let disposition = call.choose(6, &[Value::Null, json!("Wrong Number"), json!("Sale")]).clone();
    body["dispositionCode"] = if over && call.outcome == Outcome::Answered { disposition } else { Value::Null };
    if over {
        site.gave(&call);
    }
    Answer::ok(&body)
}

/// The result of a call that is over. `Failure`, `Originator` and `NoAnswer` are the only values the vendor shows.
fn result(call: &Call) -> Value {
    let failure = |party, reason| json!({ "code": "Failure", "party": party, "reason": reason });
    match call.outcome {
        Outcome::Answered => json!({ "code": "Success", "party": null, "reason": null }),
        Outcome::Failed if without_customer(call) => failure("Originator", "NoAnswer"),
        Outcome::Failed => failure("Destination", "NetworkError"),
        Outcome::Unknown => json!({ "code": "Incomplete", "party": null, "reason": null }),
        _ => failure("Destination", reason(call).unwrap_or("Other")),
    }
}

/// Why a customer's leg was not answered, where the vendor has a word that says so: none of them is documented.
pub(super) fn reason(call: &Call) -> Option<&'static str> {
    match call.outcome {
        Outcome::NoAnswer => Some("NoAnswer"),
        Outcome::Busy => Some("Busy"),
        Outcome::Rejected => Some("Rejected"),
        Outcome::InvalidNumber => Some("InvalidNumber"),
        _ => None,
    }
}

/// What is said of a call from its placing on. The path in `links` differs from the one in `Location`, as in the vendor's
/// samples.
fn described(call: &Call, id: &str) -> Value {
    json!({
        "id": id,
        "links": [{ "href": format!("/V0/{}/Calls/{}", ACCOUNT_KEY.to_uppercase(), call.id), "rel": "_self" }],
        "from": { "agentId": AGENT, "presentedCLID": null },
        "to": { "telephoneNumber": call.number },
        "regarding": { "reference": call.reference },
    })
}

/// The body of the answer to a create request. Its `id` is not the id the call can be read by.
pub(super) fn created(call: &Call) -> Value {
    described(call, &Draw::new(call.variant, &["alias", &call.id], 0).guid())
}

/// Where a placed call can be read. Case does not matter.
pub(super) fn location(call: &Call) -> String {
    let id = match call.choose(7, &[false, true]) {
        true => call.id.to_uppercase(),
        false => call.id.clone(),
    };
    format!("https://emea.cc.vonage.com/v0/{ACCOUNT_KEY}/calls/{id}")
}

/// Why a call is not placed, and what that is as an outcome.
pub(super) fn refusal(call: &Call) -> (&'static str, Outcome) {
    let refusals = [
        ("The telephone number is invalid", Outcome::InvalidNumber),
        ("Telephone number exceeds 30 characters", Outcome::InvalidNumber),
        ("Agent number busy", Outcome::Failed),
        ("The dialed Agent is not currently available", Outcome::Busy),
        ("Unable to place call to Agent. Please try again", Outcome::Failed),
        ("Ccxml is not enabled", Outcome::Failed),
    ];
    *call.choose(8, &refusals)
}

/// Places a call from an agent to a number. The vendor can also call from groups, and to agents.
fn create(request: &Request, site: &Site) -> Answer {
    if request.media_type() != "application/json" {
        let text = message("Unsupported media type");
        return Answer::violation("content-type is not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE, &text);
    }
    let bad = |what| Answer::violation(what, StatusCode::BAD_REQUEST, &message(what));
    let Some(body) = request.json() else { return bad("the body is no JSON object") };
    let agent = body["from"]["agentId"].as_str();
    if !agent.is_some_and(|id| (1..=11).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())) {
        return bad("from.agentId is no text of at most 11 digits");
    }
    let Some(number) = body["to"]["telephoneNumber"].as_str() else { return bad("to.telephoneNumber is no text") };
    if number.chars().count() > 30 {
        return bad("Telephone number exceeds 30 characters");
    }
    let reference = match &body["regarding"]["reference"] {
        Value::Null => None,
        Value::String(text) if text.chars().count() <= 2000 => Some(text.clone()),
        _ => return bad("regarding.reference is no text of at most 2000 characters"),
    };
    let digits = number.strip_prefix('+').unwrap_or(number);
    if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Answer::refused(StatusCode::BAD_REQUEST, &message("The telephone number is invalid"));
    }
    let wanted = Wanted { number: Some(format!("+{digits}")), reference, ..Wanted::default() };
    let placing = site.place_wanted(None, vec![wanted]);
    let body = VonageVcc.created(&placing).body;
    match placing.placed().next() {
        Some(call) => Answer::ok(&body).status(StatusCode::CREATED).header("Location", location(call)),
        None => Answer::refused(StatusCode::BAD_REQUEST, &body),
    }
}
