use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::event::{Channel, Event, Instant};
use crate::secret::Secret;
use crate::vendor::poll::FailureClass;

/// 2024-12-16T10:42:00Z.
const NOW: i64 = 1_734_345_720;

const API: &str = "app_key = \"demo-app-key\"\napp_secrets = [\"demo-app-secret\"]\n";

/// A source with these settings of its own, and these of its `api`.
fn try_asker(own: &str, api: &str) -> Result<Asker, SettingsError> {
    let toml = format!("[sources.s]\nvendor = \"huawei-cec\"\nallow_unverified = true\n{own}\n[sources.s.api]\n{api}");
    let config = Config::from_toml(&toml).expect("loads");
    let source = config.source("s");
    let settings: Settings = source.read()?;
    let api = settings.api.clone().expect("the table is there");
    Asker::new(&source, &settings, api)
}

fn asker(more: &str) -> Asker {
    try_asker("", &format!("{API}{more}")).expect("settings")
}

fn context() -> Context {
    Context {
        source: "cec-prod".to_owned(),
        vendor: "huawei-cec",
        account: "tenant-1".to_owned(),
        country: Some("CN".parse().expect("a country")),
        time_zone: TimeZone::get("Asia/Shanghai").expect("a zone"),
        keep_raw: true,
        channel: Channel::Poll,
        received_at: Instant::new(now()),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn placed(call: &str) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: None,
        reference: None,
        conversation: None,
        task: None,
        placed_at: Instant::new(now()),
        deadline: None,
        hinted: false,
    }
}

fn response(status: u16, body: impl ToString) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
}

fn next(inquiry: &mut dyn Inquiry) -> Option<Request> {
    let token = Secret::new("demo-token");
    inquiry.next(&Means { now: now(), nonce: "nonce", token: Some(&token) })
}

/// What the vendor's answer about the call 1300000000000000101 becomes.
fn state(asker: &Asker, status: u16, body: impl ToString) -> Result<Vec<Event>, Failure> {
    let mut inquiry = asker.ask(&[placed("1300000000000000101")]);
    inquiry.read(&response(status, body), &context())
}

/// What the first page of a listing becomes.
fn listed(asker: &Asker, status: u16, body: impl ToString) -> Result<Vec<Event>, Failure> {
    listing(asker).read(&response(status, body), &context())
}

fn listing(asker: &Asker) -> Box<dyn Inquiry> {
    let hour = SignedDuration::from_hours(1);
    let window = Window { from: now().checked_sub(hour).expect("in range"), to: now() };
    asker.list(window).expect("can be listed")
}

fn page(total: impl Into<Value>, rows: &[Value]) -> Value {
    json!({"retCode": "0", "retMsg": "Query call detail record successfully", "result": {"total": total.into(), "callInfo": rows}})
}

/// The row of the voice notification of `demo/vn-release.json`.
fn vn(changes: Value) -> Value {
    let row = json!({
        "callSerialNo": "1300000000000000101", "called": "13800000000", "callerPresent": "4001000000",
        "startTime": "1734345640005", "alertingTime": "1734345643120", "talkingTime": "1734345649450",
        "releaseTime": "1734345668900", "endTime": "1734345668900", "talkDuration": "19", "state": 3, "reasonCode": 1,
    });
    changed(row, changes)
}

/// The row of the bidirectional call of `demo/dual-release.json`, with numbers as in the vendor's sample.
fn dual(changes: Value) -> Value {
    let row = json!({
        "callSerialNo": "1300000000000000102", "caller": "02100000001", "called": "13800000000",
        "callerPresent": "4001000000", "agentPresent": "4001000001", "callData": "crm-77",
        "startTime": 1_734_345_620_005_u64, "agentAlertingTime": 1_734_345_622_120_u64,
        "agentTalkingTime": 1_734_345_625_450_u64, "alertingTime": 1_734_345_628_120_u64,
        "talkingTime": 1_734_345_635_450_u64, "releaseTime": 1_734_345_668_900_u64,
        "agentReleaseTime": 1_734_345_668_900_u64, "endTime": 1_734_345_668_900_u64, "talkDuration": 33,
        "agentTalkDuration": 43, "state": 3, "reasonCode": 0,
    });
    changed(row, changes)
}

/// `row` with the members of `changes`; null takes a member out.
fn changed(mut row: Value, changes: Value) -> Value {
    let members = row.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    row
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("JSON")
}

mod answers;
mod created;
mod hostile;
mod pages;
mod requests;
mod rows;
mod settings;
