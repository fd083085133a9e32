//! What dialers say about the calls they placed, over HTTP or in Kafka: read whole or refused whole, and asked about as it
//! was said.

use jiff::SignedDuration;
use trunkline::dialer::{self, MOST_CALLS};
use trunkline::event::{Channel, EventKey};
use trunkline::pending::{self, Key, call_key, call_name};
use trunkline::vendor::poll::{Placed, Placement};

use super::asked::{self, ASKED, Asked, means};
use super::events::{records, same, tells_no_number};
use super::subject::now;

/// How far times may be from now: `dedup.window_hours`.
const LONGEST: SignedDuration = SignedDuration::from_hours(72);

/// A source, by its number in a byte, and a body.
pub fn check(input: &[u8]) {
    let Some((number, body)) = input.split_first() else { return };
    let asked = &ASKED[usize::from(*number) % ASKED.len()];
    let text = String::from_utf8_lossy(body);
    let placement = match read(asked, body) {
        Ok(placement) => placement,
        Err(complaint) => {
            assert!(complaint.len() <= 512, "{complaint} is no complaint but a text");
            return tells_no_number(&complaint, &text, 7);
        }
    };
    let told = records(&placement.events, body.len());
    for event in &placement.events {
        assert_eq!((event.vendor.as_str(), event.channel), (asked.vendor, Channel::Poll));
    }
    assert!(placement.placed.len() <= MOST_CALLS.max(body.len()), "more calls than were said");
    placement.placed.iter().for_each(|call| check_placed(asked, call));

    let again = read(asked, body).expect("the same as before");
    assert!(same(&records(&again.events, body.len()), &told), "the same body gives the same bytes");
    assert_eq!(again.placed, placement.placed);
    let keys: Vec<EventKey> = placement.events.iter().map(|event| event.key).collect();
    assert_eq!(again.events.iter().map(|event| event.key).collect::<Vec<_>>(), keys);

    for calls in placement.placed.chunks(asked.poller().batch()).take(3) {
        let request = asked.poller().ask(calls).next(&means());
        request.iter().for_each(|request| asked.check(request));
    }
}

fn read(asked: &Asked, body: &[u8]) -> Result<Placement, String> {
    let placing = dialer::parse(body).map_err(|complaint| complaint.to_string())?;
    dialer::placement(&asked.source, placing, now(), LONGEST).map_err(|complaint| complaint.to_string())
}

/// A call that was taken can be written down, read back, and asked about.
fn check_placed(asked: &Asked, call: &Placed) {
    assert!(!call.call.is_empty() && call.call.len() <= 1024, "ids have a bound");
    assert_eq!(asked.poller().call_id(&call.call).expect("an id"), call.call, "an id is read as itself");
    asked.poller().check(call).expect("it can be asked about");
    assert!(!call.hinted, "a dialer placed it");

    let record = pending::Call { source: asked.source.name.clone(), placed: call.clone() };
    let value = serde_json::to_vec(&record).expect("JSON");
    let read: pending::Call = serde_json::from_slice(&value).expect("what is written can be read");
    assert_eq!((read.source, &read.placed), (record.source, call));
    let name = call_name(asked.vendor, "account", &call.call);
    assert_eq!(Key::parse(&call_key(&name)), Some(Key::Call(&name)));
}

/// Seeds: what the simulated dialers say, and every member there is.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, asked) in ASKED.iter().enumerate() {
        let mut plant = |body: &serde_json::Value| {
            seeds.push([&[number as u8], body.to_string().as_bytes()].concat());
        };
        let (site, ids) = asked::site(asked.vendor, 3);
        for placing in site.placings(|_| true) {
            let created = site.vendor.created(&placing);
            let each: Vec<_> = placing
                .calls
                .iter()
                .map(|call| serde_json::json!({ "id": call.id, "destination": call.number }))
                .collect();
            let body = serde_json::json!({
                "answer": created.body, "location": created.location, "task": placing.task, "reference": "ref-1",
                "destination": "+6281200000001",
            });
            plant(&body);
            let mut named = body.clone();
            named["calls"] = each.into();
            plant(&named);
        }
        let (id, task) = &ids[0];
        plant(&serde_json::json!({ "id": id, "task": task }));
        plant(&serde_json::json!({
            "source": asked.source.name, "id": id, "task": task, "destination": "+6281200000001", "reference": "r-1",
            "conversation": "c-1", "placed_at": "2024-12-16T10:40:00Z", "deadline": "2024-12-17T10:40:00Z",
        }));
        plant(&serde_json::json!({ "calls": [{ "id": id }, { "id": "../../x?y#z", "task": "" }], "task": task }));
        for answer in [
            r#"{"retCode":0,"data":{"errList":[{"phone":"6281200000001","errMsg":"invalid number"}]}}"#,
            r#"{"retCode":1001,"retMsg":"refused"}"#,
            r#"{"resultCode":"0405000","callSerialNo":"1 2"}"#,
            r#"{"Response":{"Error":{"Code":"FailedOperation","Message":"no"}}}"#,
            r#"{"Response":{"SessionId":"6bb56a09-2787-40bc-80c5-000000000001"}}"#,
        ] {
            let answer: serde_json::Value = serde_json::from_str(answer).expect("JSON");
            plant(&serde_json::json!({ "answer": answer, "reference": "r-1", "task": task, "calls": [{ "id": id }] }));
            plant(&serde_json::json!({ "answer": answer, "reference": "r-1", "location": "/v0/calls/x" }));
        }
        plant(&serde_json::json!({ "6281200000001": 1 }));
    }
    seeds
}
