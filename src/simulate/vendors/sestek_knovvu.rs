//! Sestek Knovvu Virtual Agent.
//!
//! * Calls and results: <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>
//! * Access tokens: <https://docs.knovvu.com/docs/va-getting-an-access-token>
//!
//! The vendor documents little, so calls differ in what it leaves open: the body of a push, and what is said of a call
//! that is not over. Its page shows no credentials on `/v2/callresult`; the simulator wants a token all the same, so that a
//! client that was given credentials and does not use them is noticed.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Callback, Created, Delivery, Due, Signing, Vendor, Way};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;
use crate::simulate::site::{Site, Token, Wanted};

const PATH_TOKEN: &str = "simulated-path-token-sestek";
const CLIENT_ID: &str = "simulated-client";
const CLIENT_SECRET: &str = "simulated-client-secret-sestek";
const SCOPE: &str = "orchestrator_external";

/// Lifetime of an access token as documented, seconds.
const TOKEN_SECONDS: u32 = 86_399;

const RESULT: &str = "result";

/// The simulated vendor.
pub struct SestekKnovvu;

impl Vendor for SestekKnovvu {
    fn name(&self) -> &'static str {
        "sestek-knovvu"
    }

    fn settings(&self, url: &str) -> String {
        format!(
            "path_tokens = [\"{PATH_TOKEN}\"]\n\
             api.base_url = \"{url}\"\n\
             api.identity_url = \"{url}/identity\"\n\
             api.client_id = \"{CLIENT_ID}\"\n\
             api.client_secrets = [\"{CLIENT_SECRET}\"]\n\
             api.scope = \"{SCOPE}\""
        )
    }

    fn outcomes(&self) -> &'static [Outcome] {
        &[
            Outcome::Answered,
            Outcome::Busy,
            Outcome::NoAnswer,
            Outcome::Rejected,
            Outcome::InvalidNumber,
            Outcome::Unreachable,
            Outcome::Failed,
            Outcome::Unknown,
        ]
    }

    fn id(&self, draw: &mut Draw) -> String {
        draw.guid()
    }

    fn created(&self, placing: &Placing) -> Created {
        let id = placing.calls.first().map(|call| call.id.as_str());
        Created { status: 200, location: None, body: json!({ "UniqueId": id }), names_calls: true }
    }

    fn callbacks(&self, placing: &Placing) -> Vec<Callback> {
        let push =
            |call: &Call| Callback { kind: RESULT, name: RESULT.into(), at: call.ended, body: push(call, placing) };
        placing.placed().map(push).collect()
    }

    /// Nothing is signed: the address that was given with the call holds the proof.
    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery {
        let path = match signing.wrong.map(|bits| bits % 3) {
            None => format!("{PATH_TOKEN}/{}", callback.kind),
            Some(0) => callback.kind.to_owned(),
            Some(1) => format!("{}/{}", PATH_TOKEN.to_uppercase(), callback.kind),
            Some(_) => format!("{}/{}", &PATH_TOKEN[..PATH_TOKEN.len() - 1], callback.kind),
        };
        let headers = vec![("content-type", "application/json".to_owned())];
        Delivery { path, headers, body: callback.body.to_string() }
    }

    fn due(&self, placing: &Placing) -> Vec<Due> {
        let due = |call: &Call| {
            let pushed = match only_names(call, placing) {
                true => Way::Hint(RESULT.into(), call.id.clone()),
                false => Way::Callback(RESULT.into()),
            };
            Due::ended(call, vec![pushed, Way::Asked(call.id.clone())])
        };
        placing.placed().map(due).collect()
    }

    fn action(&self, request: &Request) -> &'static str {
        match &*request.path {
            "/identity/connect/token" => "token",
            "/v2/call" => "call",
            "/v2/callresult" => "callresult",
            _ => "other",
        }
    }

    fn answer(&self, request: &Request, site: &Site) -> Answer {
        match (&request.method, &*request.path) {
            (&Method::POST, "/identity/connect/token") => token(request, site),
            (&Method::POST, "/v2/call") => call(request, site),
            (&Method::POST, "/v2/callresult") => results(request, site),
            _ => Answer::violation("no such address", StatusCode::NOT_FOUND, &json!({})),
        }
    }
}

/// The state as the vendor's page spells it; for an unknown outcome, one that is not in its table.
fn state(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "Answered",
        Outcome::Busy => "Busy",
        Outcome::NoAnswer => "No Answer",
        Outcome::Rejected => "Rejected",
        Outcome::InvalidNumber => "Invalid Number",
        Outcome::Unreachable => "Temporarily Unavailable",
        Outcome::Failed => "Error",
        _ => "Transferred",
    }
}

fn result(call: &Call) -> Value {
    json!({ "UniqueId": call.id, "CallRequestId": "", "CallState": state(call.outcome) })
}

/// The body of a push: undocumented, so in every form the page can be read to mean.
fn push(call: &Call, placing: &Placing) -> Value {
    if only_names(call, placing) {
        return json!({ "UniqueId": call.id });
    }
    match call.choose(0, &[0, 1, 2]) {
        0 => result(call),
        1 => json!({ "CallResults": [result(call)] }),
        _ => json!([result(call)]),
    }
}

/// Whether the push says only that there is a result: the page can be read so. It is of use only to those who ask.
fn only_names(call: &Call, placing: &Placing) -> bool {
    placing.told && *call.choose(1, &[true, false, false, false])
}

/// `POST /connect/token`, client credentials in a form.
fn token(request: &Request, site: &Site) -> Answer {
    let no = |what, error: &str| Answer::violation(what, StatusCode::BAD_REQUEST, &json!({ "error": error }));
    if request.media_type() != "application/x-www-form-urlencoded" {
        return no("the token request is no form", "invalid_request");
    }
    if request.form("grant_type").as_deref() != Some("client_credentials") {
        return no("grant_type is not client_credentials", "unsupported_grant_type");
    }
    let client = (request.form("client_id"), request.form("client_secret"));
    if client != (Some(CLIENT_ID.to_owned()), Some(CLIENT_SECRET.to_owned())) {
        return no("client_id or client_secret is wrong", "invalid_client");
    }
    if request.form("scope").as_deref() != Some(SCOPE) {
        return no("scope is not one of the client's", "invalid_scope");
    }
    let (token, seconds) = site.issue_token(TOKEN_SECONDS, request.now);
    Answer::ok(&json!({ "access_token": token, "expires_in": seconds, "token_type": "Bearer", "scope": SCOPE }))
}

/// Whether a token is worth something, or the answer if not.
fn check(token: Option<&str>, request: &Request, site: &Site) -> Result<(), Answer> {
    match token.map(|token| site.token(token, request.now)) {
        Some(Token::Valid) => Ok(()),
        Some(Token::Expired) => Err(Answer::refused(StatusCode::UNAUTHORIZED, &json!({}))),
        Some(Token::Unknown) => Err(Answer::violation("wrong access token", StatusCode::UNAUTHORIZED, &json!({}))),
        None => Err(Answer::violation("no access token", StatusCode::UNAUTHORIZED, &json!({}))),
    }
}

/// The body, if it is JSON and says so.
fn json_body(request: &Request) -> Result<Value, Answer> {
    if request.media_type() != "application/json" {
        return Err(Answer::violation("content-type is not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!({})));
    }
    let broken = || Answer::violation("the body is no JSON object", StatusCode::BAD_REQUEST, &json!({}));
    request.json().ok_or_else(broken)
}

/// `POST /v2/call` places a call. Its token stands in the body.
fn call(request: &Request, site: &Site) -> Answer {
    let body = match json_body(request) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let bad = |what| Answer::violation(what, StatusCode::BAD_REQUEST, &json!({}));
    for name in ["Project", "Tenant", "ConversationId", "ScenarioPath", "OrchestratorUrl"] {
        if body[name].as_str().is_none_or(str::is_empty) {
            return bad("a mandatory field is missing");
        }
    }
    if let Err(answer) = check(body["AccessToken"].as_str(), request, site) {
        return answer;
    }
    let parameter = |name: &str| {
        let list = body["ScenarioInputParameters"].as_array()?;
        list.iter().find(|item| item["Name"] == name)?["Value"].as_str()
    };
    let (Some(number), Some(_)) = (parameter("_Destination"), parameter("_DisplayNumber")) else {
        return bad("ScenarioInputParameters lacks _Destination or _DisplayNumber");
    };
    let wanted = Wanted {
        number: Some(number.to_owned()),
        reference: body["ConversationId"].as_str().map(str::to_owned),
        ..Wanted::default()
    };
    Answer::ok(&SestekKnovvu.created(&site.place_wanted(None, vec![wanted])).body)
}

/// `POST /v2/callresult` tells the results of several calls. What it says of calls that are not over, or that it does not
/// know, and in which order it tells them, is not documented.
fn results(request: &Request, site: &Site) -> Answer {
    if let Err(answer) = check(request.bearer(), request, site) {
        return answer;
    }
    let body = match json_body(request) {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let ids: Option<Vec<&str>> =
        body["UniqueIds"].as_array().and_then(|ids| ids.iter().map(|id| id.as_str()).collect());
    let Some(ids) = ids.filter(|ids| !ids.is_empty()) else {
        let what = "UniqueIds is no list of texts, or an empty one";
        return Answer::violation(what, StatusCode::BAD_REQUEST, &json!({}));
    };
    let told = ids.iter().rev().filter_map(|id| {
        let call = site.call_of(id)?;
        if call.over(request.now) {
            site.gave(&call);
            return Some(result(&call));
        }
        let none_yet = [None, Some(json!("")), Some(Value::Null)];
        let state = call.choose(2, &none_yet).as_ref()?;
        Some(json!({ "UniqueId": call.id, "CallRequestId": "", "CallState": state }))
    });
    Answer::ok(&json!({ "CallResults": told.collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests;
