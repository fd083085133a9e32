//! The API: access tokens, new calls, questions.
//!
//! The pages do not agree on whether `X-APP-Key` is mandatory. The simulator wants it everywhere, so that a client that
//! leaves it out is noticed. The form of refusals beside `retCode` is not documented.

use http::StatusCode;
use serde_json::{Value, json};

use super::{APP_KEY, APP_SECRET, HuaweiCec, Sort, record};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::Call;
use crate::simulate::draw::Draw;
use crate::simulate::site::{Site, Token, Wanted};
use crate::simulate::vendors::Vendor;

/// Lifetime of a token nobody asked another one for, seconds, and the longest one.
const TOKEN_SECONDS: u32 = 600;
const LONGEST_TOKEN_SECONDS: u32 = 3600;

/// Longest window of a list, milliseconds: 7 days.
const LONGEST_WINDOW: i64 = 7 * 24 * 3600 * 1000;

/// Rows of a page by default. How many one may ask for is not documented: no more are given.
const PAGE: usize = 100;

/// The last part of an address, which is the name of the action.
pub(super) fn action(path: &str) -> Option<&'static str> {
    match path {
        "/apigovernance/api/oauth/tokenByAkSk" => Some("tokenByAkSk"),
        "/apiaccess/rest/voiceNotification/v2/createVoiceNotification" => Some("createVoiceNotification"),
        "/apiaccess/CC-Management/v1/mobileAgent/createCall" => Some("createCall"),
        "/apiaccess/CC-Management/v1/mobileAgent/queryCallState" => Some("queryCallState"),
        "/apiaccess/CC-Management/v1/mobileAgent/queryCallDetailRecord" => Some("queryCallDetailRecord"),
        _ => None,
    }
}

pub(super) fn answer(action: &str, request: &Request, site: &Site) -> Answer {
    let refused = |what, status| Answer::violation(what, status, &json!({ "message": "simulated" }));
    if request.media_type() != "application/json" {
        return refused("content-type is not JSON", StatusCode::BAD_REQUEST);
    }
    let Some(body) = request.json() else { return refused("the body is no JSON object", StatusCode::BAD_REQUEST) };
    if action == "tokenByAkSk" {
        return token(&body, request, site);
    }
    match request.bearer().map(|token| site.token(token, request.now)) {
        Some(Token::Valid) => {}
        Some(Token::Expired) => return Answer::refused(StatusCode::UNAUTHORIZED, &json!({ "message": "expired" })),
        Some(Token::Unknown) => return refused("wrong access token", StatusCode::UNAUTHORIZED),
        None => return refused("no access token", StatusCode::UNAUTHORIZED),
    }
    if request.header("x-app-key") != Some(APP_KEY) {
        return refused("X-APP-Key is missing or another one", StatusCode::FORBIDDEN);
    }
    match action {
        "queryCallState" => one(&body, request, site),
        "queryCallDetailRecord" => list(&body, request, site),
        "createCall" => create(Sort::Bidirectional, &body, request, site),
        _ => create(Sort::Notification, &body, request, site),
    }
}

/// `POST tokenByAkSk`: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0002.html>.
fn token(body: &Value, request: &Request, site: &Site) -> Answer {
    let refused = |what, status| Answer::violation(what, status, &json!({ "message": "simulated" }));
    let seconds = match request.headers.contains_key("x-token-expire") {
        false => Some(TOKEN_SECONDS),
        true => request.header("x-token-expire").and_then(|text| text.parse().ok()),
    };
    let Some(seconds) = seconds.filter(|seconds| (1..=LONGEST_TOKEN_SECONDS).contains(seconds)) else {
        return refused("X-Token-Expire is not from 1 to 3600", StatusCode::BAD_REQUEST);
    };
    if body["app_key"] != APP_KEY || body["app_secret"] != APP_SECRET {
        return refused("app_key or app_secret is wrong", StatusCode::UNAUTHORIZED);
    }
    let (token, seconds) = site.issue_token(seconds, request.now);
    Answer::ok(&json!({
        "AccessToken": token,
        "ApplyType": "Bearer",
        "CreateTime": request.now.as_second().to_string(),
        "Expires": seconds.to_string(),
        "Scope": "simulated",
        "AppKey": APP_KEY,
        "UserID": "simulated",
    }))
}

fn said(code: &str, text: &str) -> Value {
    json!({ "retCode": code, "retMsg": text })
}

/// A no by `retCode`, to a request that is not as documented.
fn no(what: &'static str, code: &str) -> Answer {
    Answer::violation(what, StatusCode::OK, &said(code, "simulated"))
}

/// `queryCallState`. That it knows voice notifications, too, is our reading.
fn one(body: &Value, request: &Request, site: &Site) -> Answer {
    let serial = body["callSerialNo"].as_str().unwrap_or_default();
    if !(1..=50).contains(&serial.len()) || !serial.bytes().all(|byte| byte.is_ascii_digit()) {
        return no("callSerialNo is no text of digits", "3");
    }
    let Some(call) = site.call_of(serial) else { return Answer::ok(&said("1", "Failed to query the status.")) };
    if record::state(&call, request.now) == 3 {
        site.gave(&call);
    }
    let mut answer = said("0", "success");
    answer["result"] = record::one(&call, request.now);
    Answer::ok(&answer)
}

/// `queryCallDetailRecord`, with calls that are not over. That the window is about the start of calls is our reading;
/// the order is not documented.
fn list(body: &Value, request: &Request, site: &Site) -> Answer {
    let millis = |name: &str| number(&body[name]).and_then(|number| i64::try_from(number).ok());
    let (Some(start), Some(end)) = (millis("startTime"), millis("endTime")) else {
        return no("startTime or endTime is no text of milliseconds", "2");
    };
    if end < start || end - start > LONGEST_WINDOW {
        return no("the window ends before it starts, or is longer than 7 days", "2");
    }
    let paging = |name: &str, usual: usize| match &body[name] {
        Value::Null => Some(usual),
        value => number(value).and_then(|number| usize::try_from(number).ok()),
    };
    let (Some(offset), Some(limit @ 1..)) = (paging("offset", 0), paging("limit", PAGE)) else {
        return no("offset or limit is no text of a number", "4");
    };
    let caller = match &body["caller"] {
        Value::Null => None,
        Value::String(caller) if caller.len() <= 32 => Some(caller),
        _ => return no("caller is no text of at most 32 characters", "12"),
    };
    let sorts: &[Sort] = match &body["taskType"] {
        Value::Null => &[Sort::Bidirectional, Sort::Notification],
        Value::String(text) => match &**text {
            "0" => &[Sort::Bidirectional, Sort::Notification],
            "1" => &[Sort::Bidirectional],
            "3" => &[Sort::Notification],
            "2" | "4" => &[],
            _ => return no("taskType is not from 0 to 4", "4"),
        },
        _ => return no("taskType is no text", "4"),
    };
    let called_by = |call: &Call| match Sort::of(call) {
        Sort::Bidirectional => super::AGENT,
        Sort::Notification => "",
    };
    let found = site.calls(|call| {
        (start..=end).contains(&call.placed.as_millisecond())
            && call.placed <= request.now
            && sorts.contains(&Sort::of(call))
            && caller.is_none_or(|caller| caller == called_by(call))
    });
    // The newest first, so that rows move from page to page while somebody reads them.
    let page: Vec<_> = found.iter().rev().skip(offset).take(limit.min(PAGE)).collect();
    if page.is_empty() {
        return Answer::ok(&said("1", "no data"));
    }
    for call in page.iter().filter(|call| record::state(call, request.now) == 3) {
        site.gave(call);
    }
    let rows: Vec<Value> = page.iter().map(|call| record::row(call, request.now)).collect();
    let mut answer = said("0", "success");
    answer["result"] = json!({ "total": found.len(), "callInfo": rows });
    Answer::ok(&answer)
}

/// A number the vendor wants as text.
fn number(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    text.parse().ok()
}

/// `createVoiceNotification`, version 2, and `createCall`, version 1:
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2802.html>,
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1303.html>.
fn create(sort: Sort, body: &Value, request: &Request, site: &Site) -> Answer {
    let number = |name: &str| {
        let text = body[name].as_str().unwrap_or_default();
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| format!("+{text}"))
    };
    let Some(called) = number("called") else { return no("called is no text of digits", "5") };
    match sort {
        Sort::Bidirectional if number("caller").is_none() => return no("caller is no text of digits", "5"),
        Sort::Notification if body["playList"].as_array().is_none_or(Vec::is_empty) => {
            return no("playList is missing or empty", "10");
        }
        _ => {}
    }
    let moment = request.now.as_nanosecond() as u64;
    let serial = sort.serial(&mut Draw::new(site.seed, &["huawei-cec", "created"], moment));
    let reference = body["callData"].as_str().map(str::to_owned);
    let wanted = Wanted { id: Some(serial), number: Some(called), reference };
    Answer::ok(&HuaweiCec.created(&site.place_wanted(None, vec![wanted])).body)
}
