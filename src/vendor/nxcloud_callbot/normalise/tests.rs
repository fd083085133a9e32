use bytes::Bytes;
use http::{HeaderMap, Method};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Algorithm, KINDS};
use super::*;
use crate::event::Channel;
use crate::reject::Class;
use crate::vendor::Inbound;

const SENT: i64 = 1_734_345_678;

fn settings(call_status: &[(&str, Outcome)]) -> Settings {
    Settings {
        uuid: "UID-TEST-01".to_owned(),
        secrets: Vec::new(),
        secret_files: Vec::new(),
        algorithm: Algorithm::Md5,
        freshness_seconds: 0,
        call_status: call_status.iter().map(|(status, outcome)| ((*status).to_owned(), *outcome)).collect(),
        api: None,
    }
}

fn context() -> Context {
    Context {
        source: "nxcloud-prod".to_owned(),
        vendor: "nxcloud-callbot",
        account: "UID-TEST-01".to_owned(),
        country: None,
        time_zone: jiff::tz::TimeZone::UTC,
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::from_millis(1_734_345_679_500).expect("in range"),
    }
}

fn deliver(settings: &Settings, kind: &str, body: impl Into<Bytes>) -> Result<Vec<Event>, Reject> {
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    normalise(settings, &Verified::new(inbound, Instant::from_unix(SENT)), &context())
}

fn read(kind: &str, body: &Value) -> Vec<Event> {
    deliver(&settings(&[]), kind, body.to_string()).expect("understood")
}

fn refused(kind: &str, body: impl Into<Bytes>) -> Reject {
    let reject = deliver(&settings(&[]), kind, body).map(|events| events.len()).expect_err("refused");
    assert_eq!(reject.reason.class(), Class::NotUnderstood);
    reject
}

/// An answered call with everything the page lists, as an order or call callback.
fn answered() -> Value {
    json!({
        "callbackType": 3, "orderID": "o-1", "userPhone": "6281200000001", "userName": "", "sceneID": "s-77",
        "userTaskID": "ut-0001", "taskID": "t-9001", "finish": true, "other": "ref-77",
        "callInfoDetail": {
            "callID": "c-1", "callingNumber": "622150000001", "lineAddress": "192.0.2.1", "callStatus": 1,
            "callStartTs": 1734345600, "callAnswerTs": 1734345606, "callEndTs": 1734345630, "callDuration": 24,
            "callAudioUrl": "https://recordings.example/c-1.wav", "hangupCause": "NORMAL_CLEARING", "termSipCode": "200",
            "intents": [{"intentID": "i-1", "intentTag": "hot", "intentName": "call back", "intentLevel": 1}],
            "sms": [], "params": [{"name": "a", "value": "b"}],
        },
    })
}

/// A call nobody answered, with the members of `detail` in place of the usual ones.
fn unanswered(detail: Value) -> Value {
    let mut body = answered();
    let usual = json!({"callID": "c-1", "callStartTs": 1734345600, "callAnswerTs": 0, "callEndTs": 1734345630, "callDuration": 0});
    body["callInfoDetail"] = usual;
    for (name, value) in detail.as_object().expect("an object") {
        body["callInfoDetail"][name] = value.clone();
    }
    body
}

fn outcome_of(settings: &Settings, body: &Value) -> Outcome {
    let events = deliver(settings, CALL, body.to_string()).expect("understood");
    events[0].outcome.expect("an ended call has an outcome")
}

fn types(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

mod calls;
mod hostile;
mod orders_and_tasks;
