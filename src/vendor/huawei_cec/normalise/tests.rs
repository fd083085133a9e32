use bytes::Bytes;
use http::{HeaderMap, Method};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{HuaweiCec, KINDS, Numbers};
use super::*;
use crate::config::Config;
use crate::event::Channel;
use crate::reject::Class;
use crate::vendor::{Inbound, Vendor};

const SENT: i64 = 1_709_280_133_500;

fn settings(more: &str) -> Settings {
    let toml = format!("[sources.s]\nvendor = \"huawei-cec\"\nallow_unverified = true\n{more}");
    Config::from_toml(&toml).expect("loads").source("s").read().expect("settings")
}

fn context(zone: &str) -> Context {
    Context {
        source: "cec-prod".to_owned(),
        vendor: "huawei-cec",
        account: "tenant-1".to_owned(),
        country: Some("CN".parse().expect("a country")),
        time_zone: TimeZone::get(zone).expect("a zone"),
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_millis(SENT + 1_000).expect("in range"),
    }
}

fn deliver(settings: &Settings, kind: &str, body: impl Into<Bytes>, sent: Option<i64>) -> Result<Vec<Event>, Reject> {
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, sent.and_then(Instant::from_millis)), &context("UTC"))
}

fn read(kind: &str, body: impl ToString) -> Vec<Event> {
    deliver(&settings(""), kind, body.to_string(), Some(SENT)).expect("understood")
}

fn refused(kind: &str, body: impl Into<Bytes>) -> Reject {
    let reject = deliver(&settings(""), kind, body, None).map(|events| events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

fn vn(changes: Value) -> Value {
    let body = json!({
        "callSerialNo": "1300000000000000001", "called": "13800000000", "callerPresent": "4001000000",
        "createCallTime": "2024/03/01,08:00:00:005", "alertingTime": "2024/03/01,08:00:02:120",
        "talkingTime": "2024/03/01,08:00:07:450", "releaseTime": "2024/03/01,08:00:19:900", "talkDuration": "0",
        "recordfile": "Y:/9/demo folder/a b.wav", "locationId": "0", "releaseReason": "1",
    });
    changed(body, changes)
}

fn dual(changes: Value) -> Value {
    let body = json!({
        "serviceNo": "10001", "caller": "02100000001", "callData": "crm-77", "agentTalkDuration": "2024/03/01,08:00:19:900",
        "agentTalkingTime": "2024/03/01,08:00:01:000",
    });
    changed(changed(vn(json!({})), body), changes)
}

fn result(changes: Value) -> Value {
    let body = json!({
        "campaignId": "77", "sessionId": "customer-1", "called": "13800000000", "callTimeStr": "2024-03-01 08:00:00",
        "callStatus": 5, "failCode": "00145", "vdnId": 12, "callId": "1709280000-101", "customField": "crm-77",
    });
    changed(body, changes)
}

/// `body` with the members of `changes`; null takes a member out.
fn changed(mut body: Value, changes: Value) -> Value {
    let members = body.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    body
}

fn shown(instant: Option<Instant>) -> String {
    instant.map(|instant| instant.to_string()).unwrap_or_default()
}

mod calls;
mod hostile;
