use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::simulate::api::Verdict;
use crate::simulate::plan::VendorPlan;

mod api;
mod list;

/// A site with this many calls, the outcomes of which all come, and a time at which all of them are over.
fn site(calls: usize) -> (Site, Timestamp) {
    let mut plan = VendorPlan::new("huawei-cec");
    plan.mix = Outcome::ALL.iter().map(|outcome| (*outcome, 1)).collect();
    let site = Site::new(&HuaweiCec, plan, 7);
    for _ in 0..calls {
        site.place(1);
    }
    let end = site.calls(|_| true).iter().map(|call| call.ended).max().unwrap_or_else(Timestamp::now);
    (site, end + SignedDuration::from_secs(2))
}

const QUERY: &str = "/apiaccess/CC-Management/v1/mobileAgent/";

fn request(path: &str, headers: &[(&'static str, &str)], body: &Value, now: Timestamp) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("a header"));
    }
    let body = Bytes::from(body.to_string());
    Request { method: Method::POST, path: path.to_owned(), query: String::new(), headers: map, body, now }
}

/// A request as it has to be, with a token.
fn authorized(site: &Site, path: &str, body: &Value, now: Timestamp) -> Request {
    let bearer = format!("Bearer {}", site.issue_token(600, now).0);
    let headers = [("content-type", "application/json"), ("authorization", &*bearer), ("x-app-key", APP_KEY)];
    request(path, &headers, body, now)
}

fn ask(site: &Site, request: &Request) -> (Verdict, StatusCode, Value) {
    let answer = HuaweiCec.answer(request, site);
    (answer.verdict, answer.status, serde_json::from_str(&answer.body).expect("JSON"))
}

fn placing(call: &Call) -> Placing {
    Placing { index: 0, task: String::new(), told: true, calls: vec![call.clone()] }
}

#[test]
fn callbacks_are_as_documented() {
    let (site, _) = site(200);
    let mut seen = BTreeSet::new();
    for call in site.calls(|_| true) {
        let callbacks = HuaweiCec.callbacks(&placing(&call));
        for callback in &callbacks {
            let body = &callback.body;
            assert_eq!((&body["callSerialNo"], &body["called"]), (&json!(call.id), &json!(call.digits())));
            seen.insert((callback.kind, call.outcome));
            if callback.kind == DUAL_STATUS {
                assert_eq!(Some(callback.at), call.answered);
                assert_eq!(body.as_object().map(|fields| fields.len()), Some(4));
                continue;
            }
            assert!(callback.at >= call.ended);
            assert!(body.as_object().expect("an object").values().all(Value::is_string));
            let talking = body["talkingTime"].as_str().filter(|text| !text.is_empty());
            assert_eq!(talking.is_some(), call.answered.is_some());
            assert_eq!(body.get("serviceNo").is_some(), callback.kind == DUAL_RELEASE);
        }
        let due: BTreeSet<_> = HuaweiCec.due(&placing(&call)).iter().map(|due| due.event_type).collect();
        assert_eq!(due.contains("call.answered"), callbacks.len() == 2);
        assert_eq!(due.contains("recording.available"), release::recording(&call).is_some());
    }
    let ends = HuaweiCec.outcomes().iter().flat_map(|outcome| [(VN_RELEASE, *outcome), (DUAL_RELEASE, *outcome)]);
    let expected: BTreeSet<_> = ends.chain([(DUAL_STATUS, Outcome::Answered)]).collect();
    assert_eq!(seen, expected);
}

#[test]
fn times_are_those_of_china() {
    let (site, _) = site(1);
    let mut call = (*site.calls(|_| true)[0]).clone();
    call.placed = "2026-02-28T16:00:00.005Z".parse().expect("a time");
    call.ended = "2026-02-28T16:00:19.9Z".parse().expect("a time");
    let body = release::released(&call);
    assert_eq!(body["createCallTime"], "2026/03/01,00:00:00:005");
    assert_eq!(body["releaseTime"], "2026/03/01,00:00:19:900");
}

#[test]
fn a_wrong_callback_is_wrong_in_the_body_or_in_the_path() {
    let (site, _) = site(50);
    let (mut faults, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for call in site.calls(|_| true) {
        for callback in HuaweiCec.callbacks(&placing(&call)) {
            let sign = |wrong| {
                let nonce = "0123456789abcdef0123456789abcdef".to_owned();
                HuaweiCec.sign(&callback, &Signing { now: call.ended, nonce, wrong })
            };
            let right = sign(None);
            assert_eq!(right.path, format!("{PATH_TOKEN}/{}", callback.kind));
            for bits in 0..56 {
                let wrong = sign(Some(bits));
                assert_ne!(wrong, right);
                let changed = (wrong.path != right.path, wrong.body != right.body);
                assert!(changed == (true, false) || (changed == (false, true) && callback.kind != DUAL_STATUS));
                faults.insert((callback.kind, changed));
                paths.insert(wrong.path);
            }
        }
    }
    assert_eq!(faults.len(), 5);
    assert_eq!(paths.len(), 8, "each kind without and with a wrong token, the two that are signed with the right one");
}

#[test]
fn only_return_code_0_is_a_yes() {
    assert!(HuaweiCec.heard(200, br#"{"retCode":"0","retMsg":"success"}"#));
    for (status, body) in [
        (200, &br#"{"retCode":"1","retMsg":"busy"}"#[..]),
        (200, br#"{"retCode":0,"retMsg":"success"}"#),
        (200, br#"{"retCode":"0"}"#),
        (200, b"success"),
        (503, br#"{"retCode":"0","retMsg":"success"}"#),
    ] {
        assert!(!HuaweiCec.heard(status, body));
    }
}

#[test]
fn created_has_the_serial_as_text_or_number_or_a_code() {
    let (site, _) = site(0);
    let mut forms = BTreeSet::new();
    for _ in 0..50 {
        let mut placing = (*site.place(1)).clone();
        let id = placing.calls[0].id.clone();
        assert!(id.len() == 19 && id.parse::<i64>().is_ok());
        let serial = HuaweiCec.created(&placing).body["result"]["callSerialNo"].clone();
        forms.insert(serial.is_string());
        assert_eq!(serial.as_str().map_or_else(|| serial.to_string(), str::to_owned), id);
        placing.calls[0].refused = true;
        let refused = HuaweiCec.created(&placing).body;
        assert!(refused.get("result").is_none() && refused["retCode"] != "0");
        let due = HuaweiCec.due(&placing);
        assert_eq!((due.len(), &due[0].subject), (1, &placing.calls[0].reference));
        assert!(HuaweiCec.callbacks(&placing).is_empty());
    }
    assert_eq!(forms.len(), 2);
}
