use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::KINDS;
use super::*;
use crate::event::{Channel, EventKey};
use crate::reject::Class;
use crate::vendor::Inbound;

const SENT: i64 = 1_734_345_678_000;

fn settings(toml: &str) -> Settings {
    toml::from_str(toml).expect("settings")
}

fn context() -> Context {
    Context {
        source: "nxlink-prod".to_owned(),
        vendor: "nxcloud-openapi",
        account: "AK-TEST-01".to_owned(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_millis(SENT + 500).expect("in range"),
    }
}

fn deliver(settings: &Settings, kind: &str, body: impl Into<Bytes>) -> Result<Vec<Event>, Reject> {
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, Instant::from_millis(SENT)), &context())
}

fn read(kind: &str, body: &Value) -> Vec<Event> {
    deliver(&settings(""), kind, body.to_string()).expect("understood")
}

fn refused(kind: &str, body: impl Into<Bytes>) -> Reject {
    let reject = deliver(&settings(""), kind, body).map(|events| events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

fn types(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

fn outcome(event: &Event) -> &'static str {
    event.outcome.expect("an outcome").as_str()
}

fn cause_of(event: &Event) -> (&str, &str) {
    event.cause.as_ref().map_or(("", ""), |cause| (cause.interface.as_str(), cause.code.as_str()))
}

fn e164(phone: &Option<Phone>) -> Option<&str> {
    phone.as_ref().and_then(|phone| phone.e164.as_deref())
}

/// `object` with the members of `changes` in place of its own.
fn with(mut object: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        object[name] = value.clone();
    }
    object
}

mod aiagent;
mod call_centre;
mod hostile;
mod pns;
