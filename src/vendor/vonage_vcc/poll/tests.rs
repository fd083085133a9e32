use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::event::{Channel, Event, Instant};
use crate::secret::Secret;
use crate::vendor::poll::FailureClass;
use crate::vendor::vonage_vcc::VonageVcc;
use crate::vendor::{Adapter, Vendor};

mod calls;
mod created;
mod hostile;
mod interactions;
mod outcomes;
mod settings;
mod sweep;

const CALL: &str = "d0000000-0000-4000-8000-0000000000d1";
const OTHER: &str = "d0000000-0000-4000-8000-0000000000d2";

/// 2025-11-21T12:00:00Z.
const NOW: i64 = 1_763_726_400;

const API: &str = r#"
    region = "emea"
    account_key = "demo-account-key"
    client_id = "client-1"
    client_secrets = ["demo-client-secret"]
"#;

fn adapter(settings: &str, api: &str) -> Result<Box<dyn Adapter>, String> {
    let toml = format!(
        "[sources.vcc]\nvendor = \"vonage-vcc\"\nsecrets = [\"ZGVtby1zZWNyZXQtdm9uYWdlLXZjYw==\"]\n{settings}\n\
         [sources.vcc.api]\n{api}\n"
    );
    let config = Config::from_toml(&toml).expect("TOML");
    VonageVcc.adapter(&config.source("vcc")).map_err(|error| error.to_string())
}

/// The adapter with `api` in addition to what is needed.
fn with(api: &str) -> Box<dyn Adapter> {
    adapter("", &format!("{API}\n{api}")).expect("settings")
}

fn poller(adapter: &dyn Adapter) -> &dyn Poller {
    adapter.poller().expect("it can be asked")
}

fn context() -> Context {
    Context {
        source: "vcc".to_owned(),
        vendor: "vonage-vcc",
        account: "acme".to_owned(),
        country: Some("GB".parse().expect("a country")),
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Poll,
        received_at: Instant::from_millis(NOW * 1000).expect("in range"),
    }
}

/// A call placed `age` seconds ago.
fn placed(call: &str, age: i64) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: None,
        reference: None,
        conversation: None,
        task: None,
        placed_at: Instant::from_millis((NOW - age) * 1000).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

/// A call a webhook named.
fn hinted(call: &str) -> Placed {
    Placed { hinted: true, ..placed(call, 60) }
}

fn ask(adapter: &dyn Adapter, call: Placed) -> Box<dyn Inquiry> {
    poller(adapter).ask(&[call])
}

fn next(inquiry: &mut dyn Inquiry) -> Option<Request> {
    let now = Timestamp::from_second(NOW).expect("in range");
    let token = Secret::new("t-1");
    inquiry.next(&Means { now, nonce: "nonce", token: Some(&token) })
}

fn response(status: u16, body: impl Into<Bytes>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: body.into() }
}

fn read_with(inquiry: &mut dyn Inquiry, status: u16, body: impl Into<Bytes>) -> Result<Vec<Event>, Failure> {
    inquiry.read(&response(status, body), &context())
}

fn read(inquiry: &mut dyn Inquiry, body: &Value) -> Result<Vec<Event>, Failure> {
    read_with(inquiry, 200, body.to_string())
}

/// Asks about a placed call and reads `body`.
fn call(api: &str, body: &Value) -> Vec<Event> {
    read(&mut *ask(&*with(api), placed(CALL, 60)), body).expect("read")
}

/// Asks about a call a webhook named and reads `body`.
fn interaction(api: &str, body: &Value) -> Vec<Event> {
    read(&mut *ask(&*with(api), hinted(CALL)), body).expect("read")
}

/// The only event.
fn only(events: Vec<Event>) -> Event {
    let [event] = <[Event; 1]>::try_from(events).expect("one event");
    event
}

/// Interface and code of the cause.
fn cause(event: &Event) -> Option<(&str, &str)> {
    event.cause.as_ref().map(|cause| (cause.interface.as_str(), cause.code.as_str()))
}

fn outcome(event: &Event) -> &'static str {
    event.outcome.expect("an ended call has an outcome").as_str()
}

/// An outbound interaction that was answered, with the vendor's sample durations.
fn row() -> Value {
    json!({
        "guid": CALL.to_uppercase(), "conversationGuid": "B0000000-0000-4000-8000-0000000000B1",
        "status": "Completed", "medium": "Phone", "mediumManager": "VCC", "direction": "Outbound",
        "start": "2025-11-21T10:00:00.000Z", "duration": 83340,
        "connectFrom": "02079460001", "connectTo": "442079460002",
        "serviceName": null, "interactionPlanMapping": null, "categorizedAt": null, "outcome": "Handled by agent",
        "channels": [
            {"guid": CALL, "offset": 500, "duration": 81328, "endReason": "Released",
             "party": {"id": null, "role": "External", "touchpoint": "442079460002"},
             "events": [
                {"type": "Ringing", "offset": 100, "name": null, "duration": 6100, "properties": {}},
                {"type": "Connected", "offset": 6200, "name": null, "duration": 75000, "properties": {}}]},
            {"guid": OTHER, "offset": 0, "duration": 83340, "endReason": "Released",
             "party": {"id": "00815", "role": "Agent", "touchpoint": "2001"},
             "events": [
                {"type": "Ringing", "offset": 0, "duration": 0}, {"type": "Connected", "offset": 0, "duration": 82000}]},
        ],
    })
}

/// The same, but the called party was never connected; the leg ended for `reason`.
fn unanswered(reason: &str) -> Value {
    let mut row = row();
    row["channels"][0]["events"].as_array_mut().expect("a list").pop();
    row["channels"][0]["endReason"] = reason.into();
    row
}
