//! Vonage Contact Center, formerly NewVoiceMedia.
//!
//! * Calls: <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568664632/Making+a+call>
//! * Insights Stats: <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3567845377/Get+interactions>
//! * Webhooks: <https://docs-vcc.atlassian.net/wiki/spaces/DP/pages/4368105554/Event+types+in+Webhooks>
//! * Access tokens: <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3599269892/Create+bearer+access+token>
//!
//! Webhooks say what a leg does, not how a call went: that is in the Calls API for calls that somebody placed, and in
//! Insights for all. Whether the three name a call by the same id is not documented; here they do.
//!
//! | file | holds |
//! |---|---|
//! | `jwt.rs` | the signature of webhooks |
//! | `legs.rs` | the legs of a call, and the webhooks about them |
//! | `calls.rs` | the Calls API |
//! | `insights.rs` | the Insights Stats API |

mod calls;
mod insights;
mod jwt;
mod legs;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::legs::{ANSWERS, ENDS, RINGS, without_customer};
use super::{Callback, Created, Delivery, Due, SWEEP, Signing, Vendor, Way};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;
use crate::simulate::site::{Site, Token};

/// The signing key of the webhook subscription, in Base64.
const SIGNING_KEY: &str = "c2ltdWxhdGVkLXNpZ25pbmcta2V5LXZvbmFnZQ==";
const ACCOUNT_KEY: &str = "simulated-account-key";
const CLIENT_ID: &str = "simulated-client";
const CLIENT_SECRET: &str = "simulated-client-secret-vonage";

/// Scopes the client has. The one of Insights is `stats`; the Calls API names none.
const SCOPES: [&str; 2] = ["stats", "interaction-content:read"];

/// Lifetime of an access token: always this, seconds.
const TOKEN_SECONDS: u32 = 7200;

const TOKEN_PATH: &str = "/Auth/connect/token";

/// The simulated vendor.
pub struct VonageVcc;

impl Vendor for VonageVcc {
    fn name(&self) -> &'static str {
        "vonage-vcc"
    }

    /// `released`, the only reason the vendor shows, stands for nothing, so that only the API tells outcomes: taken for a
    /// failure, a webhook that comes late would replace what the API told.
    fn settings(&self, url: &str) -> String {
        format!(
            "secrets = [\"{SIGNING_KEY}\"]\n\
             reasons.released = \"unknown\"\n\
             api.region = \"emea\"\n\
             api.auth_url = \"{url}\"\n\
             api.calls_url = \"{url}\"\n\
             api.stats_url = \"{url}\"\n\
             api.account_key = \"{ACCOUNT_KEY}\"\n\
             api.client_id = \"{CLIENT_ID}\"\n\
             api.client_secrets = [\"{CLIENT_SECRET}\"]\n\
             api.scope = \"stats\"\n\
             api.page_size = 20\n\
             api.numbers = \"international\"\n\
             {SWEEP}"
        )
    }

    fn outcomes(&self) -> &'static [Outcome] {
        &[
            Outcome::Answered,
            Outcome::Busy,
            Outcome::NoAnswer,
            Outcome::Rejected,
            Outcome::InvalidNumber,
            Outcome::Failed,
            Outcome::Unknown,
        ]
    }

    fn refuses(&self) -> bool {
        true
    }

    fn id(&self, draw: &mut Draw) -> String {
        draw.guid()
    }

    /// The id is in `Location` and in `links`. Some dialers pass on the body alone.
    fn created(&self, placing: &Placing) -> Created {
        let Some(call) = placing.calls.first() else {
            return Created { status: 400, location: None, body: message("no call"), names_calls: true };
        };
        if call.refused {
            let (text, _) = calls::refusal(call);
            return Created { status: 400, location: None, body: message(text), names_calls: true };
        }
        let location = call.choose(14, &[true, true, false]).then(|| calls::location(call));
        Created { status: 201, location, body: calls::created(call), names_calls: true }
    }

    fn callbacks(&self, placing: &Placing) -> Vec<Callback> {
        placing.placed().flat_map(legs::webhooks).collect()
    }

    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery {
        let fault = signing.wrong.map(|bits| jwt::FAULTS[(bits % jwt::FAULTS.len() as u64) as usize]);
        let body = callback.body.to_string();
        let mut headers = vec![("content-type", "application/cloudevents+json".to_owned())];
        headers.extend(jwt::header(&body, signing, fault).map(|token| ("vonage-signature", token)));
        Delivery { path: callback.kind.to_owned(), headers, body }
    }

    fn heard(&self, status: u16, _body: &[u8]) -> bool {
        (200..=205).contains(&status)
    }

    /// For a day, at intervals that are not documented.
    fn repeats(&self) -> &'static [Duration] {
        const {
            &[
                Duration::from_secs(1),
                Duration::from_secs(2),
                Duration::from_secs(4),
                Duration::from_secs(8),
                Duration::from_secs(15),
                Duration::from_secs(30),
            ]
        }
    }

    fn due(&self, placing: &Placing) -> Vec<Due> {
        placing.calls.iter().flat_map(|call| due(call, placing.told)).collect()
    }

    fn action(&self, request: &Request) -> &'static str {
        match (&request.method, &*request.path) {
            (_, TOKEN_PATH) => "token",
            (&Method::POST, path) if calls::path(path).is_some() => "create",
            (_, path) if calls::path(path).is_some() => "calls",
            (_, path) if of_insights(path) => "interactions",
            _ => "other",
        }
    }

    fn answer(&self, request: &Request, site: &Site) -> Answer {
        match self.action(request) {
            "token" => token(request, site),
            "create" | "calls" => calls::answer(request, site),
            "interactions" => insights::answer(request, site),
            _ => Answer::violation("no such address", StatusCode::NOT_FOUND, &message("Not found")),
        }
    }
}

fn of_insights(path: &str) -> bool {
    path.strip_prefix(insights::PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The body of an error.
fn message(text: &str) -> Value {
    json!({ "message": text })
}

/// What comes of a call. The Calls API, which says more, is asked only about those that were told.
fn due(call: &Call, told: bool) -> Vec<Due> {
    if call.refused {
        let (_, outcome) = calls::refusal(call);
        let subject = call.reference.clone();
        let ways = vec![Way::Created];
        return vec![Due { event_type: "call.ended", subject, outcome: Some(outcome), also: Vec::new(), ways }];
    }
    let leg = |event_type, name: &'static str| Due {
        event_type,
        subject: call.id.clone(),
        outcome: None,
        also: Vec::new(),
        ways: vec![Way::Callback(name.into())],
    };
    let outcome = if told { call.outcome } else { insights::outcome(call) };
    let mut ended = Due::ended(call, vec![Way::Asked(call.id.clone()), Way::Listed(call.id.clone())]);
    ended.outcome = Some(outcome);
    if without_customer(call) {
        return vec![ended];
    }
    // The webhook knows of the end and not of the outcome.
    ended.ways.push(Way::Hint(ENDS.into(), call.id.clone()));
    ended.also.extend(Some(Outcome::Unknown).filter(|unknown| *unknown != outcome));
    let mut due = vec![ended];
    due.extend(call.ringing.map(|_| leg("call.ringing", RINGS)));
    due.extend(call.answered.map(|_| leg("call.answered", ANSWERS)));
    due
}

/// `POST /Auth/connect/token`: client credentials in a form. The vendor's sample code has id and secret in Basic
/// authentication instead.
fn token(request: &Request, site: &Site) -> Answer {
    let no = |what, error: &str| Answer::violation(what, StatusCode::BAD_REQUEST, &json!({ "error": error }));
    if request.method != Method::POST || request.media_type() != "application/x-www-form-urlencoded" {
        return no("the token request is no form", "invalid_request");
    }
    if request.form("grant_type").as_deref() != Some("client_credentials") {
        return no("grant_type is not client_credentials", "unsupported_grant_type");
    }
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let known = match (request.form("client_id"), request.form("client_secret"), request.header("authorization")) {
        (Some(id), Some(secret), None) => id == CLIENT_ID && secret == CLIENT_SECRET,
        (None, None, Some(authorization)) => authorization == basic,
        _ => false,
    };
    if !known {
        return no("client_id or client_secret is wrong", "invalid_client");
    }
    let scope = request.form("scope").unwrap_or_default();
    let scopes: Vec<_> = scope.split(' ').collect();
    if !scopes.contains(&"stats") || !scopes.iter().all(|scope| SCOPES.contains(scope)) {
        return no("scope is not what the client has and needs", "invalid_scope");
    }
    let (token, seconds) = site.issue_token(TOKEN_SECONDS, request.now);
    Answer::ok(&json!({ "access_token": token, "expires_in": seconds, "token_type": "Bearer", "scope": scope }))
}

/// Whether the request has a token that is worth something, or the answer if not.
fn bearer(request: &Request, site: &Site) -> Result<(), Answer> {
    let text = message("Unauthorized");
    match request.bearer().map(|token| site.token(token, request.now)) {
        Some(Token::Valid) => Ok(()),
        Some(Token::Expired) => Err(Answer::refused(StatusCode::UNAUTHORIZED, &text)),
        Some(Token::Unknown) => Err(Answer::violation("wrong access token", StatusCode::UNAUTHORIZED, &text)),
        None => Err(Answer::violation("no access token", StatusCode::UNAUTHORIZED, &text)),
    }
}

#[cfg(test)]
mod tests;
