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

const APP: &str = "1400000000";
const SESSION: &str = "6bb56a09-2787-40bc-80c5-dc6dab783eff";

fn settings(end_status: &[(&str, Outcome)]) -> Settings {
    Settings {
        sdk_app_ids: vec![1_400_000_000, 1_500_000_001],
        credentials: Vec::new(),
        credential_files: Vec::new(),
        token_lifetime_seconds: 7200,
        end_status: end_status.iter().map(|(status, outcome)| ((*status).to_owned(), *outcome)).collect(),
        api: None,
    }
}

fn context(country: Option<&str>) -> Context {
    Context {
        source: "ccc-prod".to_owned(),
        vendor: "tencent-ccc",
        account: "ccc-prod".to_owned(),
        country: country.map(|country| country.parse().expect("a country")),
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_millis(1_734_345_679_500).expect("in range"),
    }
}

fn deliver(
    settings: &Settings,
    query: &str,
    body: impl Into<Bytes>,
    country: Option<&str>,
) -> Result<Vec<Event>, Reject> {
    let query = Some(query.to_owned()).filter(|query| !query.is_empty());
    let inbound =
        Inbound { kind: &KINDS[0], method: Method::POST, query, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, None), &context(country))
}

fn read(action: &str, body: &Value) -> Event {
    let query = format!("action={action}&version=1");
    let mut events = deliver(&settings(&[]), &query, body.to_string(), None).expect("understood");
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn refused(query: &str, body: impl Into<Bytes>) -> Reject {
    let reject = deliver(&settings(&[]), query, body, None).map(|events| events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

/// An answered outbound call with everything the page lists.
fn answered() -> Value {
    json!({
        "SdkAppId": 1_400_000_000, "SessionId": SESSION, "Caller": "008675500000001", "Callee": "008613800000001",
        "Direction": 1, "CallType": 1, "Duration": 24, "IVRDuration": 0, "StartTimestamp": 1_734_345_600,
        "QueuedTimestamp": 0, "RingTimestamp": 1_734_345_606, "AcceptTimestamp": 1_734_345_612,
        "EndedTimestamp": 1_734_345_636, "EndStatusString": "ok", "HungUpSide": "user",
        "IVRKeyPressed": ["1", "2"],
        "IVRKeyPressedEx": [{"Key": "1", "Label": "sales"}, {"Key": "2", "Label": "north"}],
        "PostIVRKeyPressed": [{"key": "5", "label": "very good"}],
        "SeatUser": {
            "Mail": "agent@example.com", "Name": "Demo", "Nick": "D", "Phone": "008613800000009",
            "UserId": "u-1", "StaffNumber": "1001", "SkillGroupNameList": ["north"],
        },
        "ServeParticipants": [{
            "Sequence": 0, "Mail": "agent@example.com", "Phone": "", "AcceptTimestamp": 1_734_345_612,
            "Type": "staffSeat", "RecordId": "rec-2", "SkillGroupId": 7, "SkillGroupName": "north",
            "EndStatusString": "ok",
        }],
        "CallerLocation": "", "QueuedSkillGroupId": 7, "QueuedSkillGroupName": "queue", "RecordId": "rec-1",
        "UserRemark": "", "Uui": "ref-77",
    })
}

/// [`answered`] with other members.
fn with(members: Value) -> Value {
    let mut body = answered();
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// A call nobody accepted, with other members.
fn unanswered(members: Value) -> Value {
    let mut body = with(json!({"Duration": 0, "AcceptTimestamp": 0, "SeatUser": null, "ServeParticipants": []}));
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn key(event_type: EventType, ids: &[&str]) -> EventKey {
    EventKey::new("tencent-ccc", APP, event_type, ids)
}

mod calls;
mod hostile;
mod recordings;
mod statuses;
