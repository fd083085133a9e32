use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::super::NxcloudCallbot;
use super::*;
use crate::config::Config;
use crate::event::{Channel, Instant};
use crate::vendor::poll::{Failure, FailureClass, Means, Request, Response};
use crate::vendor::{Adapter, Vendor};

const UUID: &str = "UID-TEST-01";
const SECRET: &str = "SECRET-0123456789abcdef";
const NOW: i64 = 1_734_345_678;
/// When the vendor answers: it has a clock of its own.
const ANSWERED: &str = "1734345681";

/// A source with these settings for its API.
fn try_source(settings: &str, api: &str) -> Result<Box<dyn Adapter>, SettingsError> {
    let toml = format!(
        "[sources.nx]\nvendor = \"nxcloud-callbot\"\nuuid = \"{UUID}\"\n{settings}\nsecrets = [\"{SECRET}\", \"old-secret\"]\n\
         [sources.nx.api]\n{api}\n"
    );
    let config = Config::from_toml(&toml).expect("valid TOML");
    NxcloudCallbot.adapter(&config.source("nx"))
}

fn source(api: &str) -> Box<dyn Adapter> {
    try_source("", api).expect("usable settings")
}

fn context() -> Context {
    Context {
        source: "nx".to_owned(),
        vendor: "nxcloud-callbot",
        account: UUID.to_owned(),
        country: None,
        time_zone: jiff::tz::TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Poll,
        received_at: Instant::from_millis(NOW * 1000 + 3500).expect("in range"),
    }
}

fn means(nonce: &str) -> Means<'_> {
    Means { now: Timestamp::from_second(NOW).expect("in range"), nonce, token: None }
}

/// An order a dialer placed in the task `ut-1`.
fn order(id: &str) -> Placed {
    Placed {
        call: id.to_owned(),
        destination: None,
        reference: None,
        conversation: None,
        task: Some("ut-1".to_owned()),
        placed_at: Instant::from_unix(NOW - 60).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

/// The next request, which must be there.
fn next(inquiry: &mut dyn Inquiry, nonce: &str) -> Request {
    inquiry.next(&means(nonce)).expect("a request")
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    &request.headers.iter().find(|(present, _)| *present == name).expect("a header").1
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("JSON")
}

/// The signature as the vendor's page writes it down.
fn sign(secret: &str, body: &str, created: &str, request_id: &str, uuid: &str) -> String {
    let raw = format!("{secret}&body={body}&createTs={created}&requestID={request_id}&uuid={uuid}");
    Md5::digest(raw).iter().map(|byte| format!("{byte:02X}")).collect()
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        map.append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: map, body: body.to_owned().into() }
}

/// The vendor's signed answer to `request`.
fn answer(request: &Request, body: &Value) -> Response {
    let (body, request_id) = (body.to_string(), header(request, "requestID"));
    let sign = sign(SECRET, &body, ANSWERED, request_id, UUID);
    response(200, &[("requestID", request_id), ("uuid", UUID), ("createTs", ANSWERED), ("sign", &sign)], &body)
}

/// Asks, answers and reads once.
fn round(inquiry: &mut dyn Inquiry, body: &Value) -> Result<Vec<Event>, Failure> {
    let request = next(inquiry, "n-1");
    inquiry.read(&answer(&request, body), &context())
}

/// One call as the vendor lists it, over after half a minute.
fn call(id: &str) -> Value {
    json!({
        "callID": id, "callingNumber": "622150000001", "callStatus": 1, "callStartTs": NOW - 40,
        "callAnswerTs": NOW - 34, "callEndTs": NOW - 10, "callDuration": 24, "hangupCause": "NORMAL_CLEARING",
        "termSipCode": "200", "callAudioUrl": "", "intents": [], "sms": [], "recordDetail": [],
    })
}

/// An order of the task `ut-1` with these calls, as `listOrderDetail` gives it.
fn detail(id: &str, finish: bool, calls: Value) -> Value {
    json!({
        "orderID": id, "userPhone": "6281200000001", "userName": "", "sceneID": "s-77", "userTaskID": "ut-1",
        "taskID": "t-9001", "finish": finish, "other": "ref-77", "callInfoDetailList": calls,
    })
}

fn details(rows: Value) -> Value {
    json!({ "retCode": 0, "retMsg": "success", "responseID": "r-1", "orderDetailList": rows })
}

/// Type and subject of each event.
fn facts(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| format!("{} {}", event.event_type.as_str(), event.subject)).collect()
}

mod answers;
mod created;
mod hostile;
mod orders;
mod pages;
mod requests;
mod settings;
mod sweep;
