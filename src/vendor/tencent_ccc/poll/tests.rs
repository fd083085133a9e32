use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::event::{Channel, Event, EventKey, EventType, Instant, Outcome};
use crate::vendor::poll::{Failure, FailureClass, Means, Response};
use crate::vendor::tencent_ccc::TencentCcc;
use crate::vendor::{Adapter, Vendor};

mod calls;
mod created;
mod errors;
mod hostile;
mod requests;
mod settings;
mod sweep;

const APP: &str = "1400000000";
const NOW: i64 = 1_760_000_000;

/// The ids of sessions, by number.
fn session(number: usize) -> String {
    format!("6bb56a09-2787-40bc-80c5-{number:012x}")
}

const SETTINGS: &str = r#"
    sdk_app_ids = [1400000000]
    credentials = ["trunkline:demo-password-tencent"]
"#;

const API: &str = r#"secret_keys = ["AKIDEXAMPLE00000000000000000000000000:ExampleSecretKey0000000000000000"]"#;

fn adapter(settings: &str, api: &str) -> Result<Box<dyn Adapter>, String> {
    let toml = format!("[sources.ccc]\nvendor = \"tencent-ccc\"\n{settings}\n[sources.ccc.api]\n{api}\n");
    let config = Config::from_toml(&toml).expect("TOML");
    TencentCcc.adapter(&config.source("ccc")).map_err(|error| error.to_string())
}

/// The adapter with `api` in addition to credentials.
fn with(api: &str) -> Box<dyn Adapter> {
    adapter(SETTINGS, &format!("{API}\n{api}")).expect("settings")
}

fn poller(adapter: &dyn Adapter) -> &dyn Poller {
    adapter.poller().expect("it can be asked")
}

fn context() -> Context {
    Context {
        source: "ccc".to_owned(),
        vendor: "tencent-ccc",
        account: APP.to_owned(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Poll,
        received_at: Instant::from_millis(NOW * 1000).expect("in range"),
    }
}

fn at(second: i64) -> Instant {
    Instant::from_millis(second * 1000).expect("in range")
}

/// A call placed `age` seconds ago.
fn placed(call: &str, age: i64) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: None,
        reference: None,
        conversation: None,
        task: None,
        placed_at: at(NOW - age),
        deadline: None,
        hinted: false,
    }
}

fn next(inquiry: &mut dyn Inquiry) -> Option<Request> {
    next_at(inquiry, NOW)
}

fn next_at(inquiry: &mut dyn Inquiry, second: i64) -> Option<Request> {
    let now = Timestamp::from_second(second).expect("in range");
    inquiry.next(&Means { now, nonce: "nonce", token: None })
}

/// The body of the next request.
fn body(inquiry: &mut dyn Inquiry) -> Value {
    serde_json::from_slice(&next(inquiry).expect("a request").body).expect("JSON")
}

fn response(status: u16, body: impl Into<Bytes>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: body.into() }
}

fn read(inquiry: &mut dyn Inquiry, body: impl Into<Bytes>) -> Result<Vec<Event>, Failure> {
    inquiry.read(&response(200, body), &context())
}

fn class(inquiry: &mut dyn Inquiry, body: impl Into<Bytes>) -> FailureClass {
    read(inquiry, body).expect_err("a failure").class
}

/// Reads a page and returns the subjects of its events.
fn subjects(inquiry: &mut dyn Inquiry, body: impl Into<Bytes>) -> Vec<String> {
    read(inquiry, body).expect("read").into_iter().map(|event| event.subject).collect()
}

fn page(total: impl Into<Value>, rows: &[Value]) -> String {
    let total = total.into();
    json!({"Response": {"TotalCount": total, "TelCdrList": rows, "TelCdrs": [], "RequestId": "r-1"}}).to_string()
}

fn error(code: &str) -> String {
    json!({"Response": {"Error": {"Code": code, "Message": "callee 008613800000001"}, "RequestId": "r-1"}}).to_string()
}

fn state(status: &str) -> String {
    json!({"Response": {"Session": {"SessionID": session(1), "SessionStatus": status}, "RequestId": "r-1"}}).to_string()
}

/// The row of the session in the demo's push, as the API gives it.
fn row(id: &str) -> Value {
    json!({
        "SessionId": id, "Caller": "008675500000001", "Callee": "008613800000001", "Direction": 1, "CallType": 1,
        "Time": 1_734_345_600, "Duration": 24, "StartTimestamp": 1_734_345_600, "RingTimestamp": 1_734_345_606,
        "AcceptTimestamp": 1_734_345_612, "EndedTimestamp": 1_734_345_636, "EndStatus": 1, "EndStatusString": "ok",
        "HungUpSide": "user", "IVRKeyPressed": [],
        "SeatUser": {"Mail": "agent@example.com", "Name": "Demo", "UserId": "agent@example.com", "Role": 3},
        "ServeParticipants": [], "QueuedSkillGroupName": "north", "RecordId": "rec-1001",
        "RecordURL": "https://recordings.example/rec-1001.mp3?sign=x", "AsrStatus": "Processing", "UUI": "ref-77",
        "Uui": "",
    })
}
