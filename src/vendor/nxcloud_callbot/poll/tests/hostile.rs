//! Answers that are not what the vendor documents.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::event::tests::json as any_json;

const NAMES: &[&str] = &[
    "retCode",
    "data",
    "totalCount",
    "total",
    "taskData",
    "callList",
    "orderDetailList",
    "userTaskID",
    "orderID",
    "finish",
    "callInfoDetailList",
    "callInfoDetail",
    "callID",
    "callEndTs",
    "callStartTs",
    "callAudioUrl",
    "errList",
    "phone",
    "errMsg",
    "unknown",
];

/// Every inquiry, at each of its steps.
fn inquiries() -> Vec<Box<dyn Inquiry>> {
    let source = source("page_size = 3");
    let poller = source.poller().expect("asked");
    let at = |second| Timestamp::from_second(second).expect("in range");
    let list = || poller.list(Window { from: at(NOW - 3600), to: at(NOW) }).expect("lists");
    let mut calls = list();
    round(calls.as_mut(), &json!({"retCode": 0, "taskData": [{"userTaskID": "ut-1"}]})).expect("understood");
    vec![poller.ask(&[order("o-1"), order("o-2")]), list(), calls]
}

/// Whatever is answered: events that can be written and read, or a failure after which the same is asked again.
fn is_read_or_fails(body: &str) {
    for mut inquiry in inquiries() {
        let first = next(inquiry.as_mut(), "n-1");
        let sign = sign(SECRET, body, ANSWERED, "n-1", UUID);
        let headers = [("requestID", "n-1"), ("uuid", UUID), ("createTs", ANSWERED), ("sign", sign.as_str())];
        match inquiry.read(&response(200, &headers, body), &context()) {
            Ok(events) => {
                for event in events {
                    assert!(!event.subject.is_empty() && event.subject.len() <= 256);
                    let written = serde_json::to_string(&event).expect("writes");
                    assert!(serde_json::from_str::<Event>(&written).expect("reads") == event);
                }
            }
            Err(failure) => {
                assert!(failure.detail.len() < 200 && !failure.detail.contains("62812"), "{failure}");
                let again = next(inquiry.as_mut(), "n-1");
                assert_eq!((again.url, again.body), (first.url, first.body));
            }
        }
    }
}

#[test]
fn a_cut_answer_is_asked_for_again() {
    let whole = details(json!([detail("o-1", true, json!([call("c-1")]))])).to_string();
    for length in 0..whole.len() {
        let source = source("check_answers = false");
        let mut inquiry = source.poller().expect("asked").ask(&[order("o-1")]);
        next(inquiry.as_mut(), "n-1");
        let failure = inquiry.read(&response(200, &[], &whole[..length]), &context()).expect_err("cut");
        assert_eq!(failure.class, FailureClass::Retry, "{length}");
    }
    is_read_or_fails(&whole);
}

#[test]
fn strange_values_harm_nothing() {
    let huge = "9".repeat(400);
    let deep = format!("{}{}", "[".repeat(1 << 16), "]".repeat(1 << 16));
    for row in [
        format!(
            r#"{{"orderID":"o-1","userTaskID":"ut-1","finish":true,"callInfoDetailList":[{{"callID":{huge},"callEndTs":{huge}}}]}}"#
        ),
        r#"{"orderID":"o-1","orderID":"o-2","finish":true}"#.to_owned(),
        format!(r#"{{"orderID":"o-1","finish":true,"callInfoDetailList":{deep}}}"#),
        r#"{"orderID":1e999,"finish":1}"#.to_owned(),
        r#"{"orderID":"o-1","finish":true,"callInfoDetailList":[{"callID":"c","callID":"d","callEndTs":1}]}"#
            .to_owned(),
        format!(r#"{{"orderID":"o-1","finish":true,"callStartTs":-{huge},"callID":"\u0000","callEndTs":1e18}}"#),
    ] {
        for list in ["orderDetailList", "callList", "taskData"] {
            is_read_or_fails(&format!(r#"{{"retCode":0,"totalCount":{huge},"{list}":[{row},{row}]}}"#));
        }
    }
    is_read_or_fails(&format!(r#"{{"retCode":0,"data":{deep}}}"#));
    is_read_or_fails(&format!(r#"{{"retCode":{huge}}}"#));
    is_read_or_fails(r#"{"retCode":0,"retCode":0,"orderDetailList":[]}"#);
}

#[test]
fn a_task_id_that_is_none_is_not_asked_about() {
    let mut inquiry = inquiries().remove(1);
    let rows = json!([{"userTaskID": ""}, {"userTaskID": null}, {"taskID": "t"}, 1]);
    round(inquiry.as_mut(), &json!({"retCode": 0, "taskData": rows})).expect("understood");
    assert!(body(&next(inquiry.as_mut(), "n-1"))["page"] == 2);
}

proptest! {
    #[test]
    fn any_bytes(bytes in "(?s).{0,200}") {
        is_read_or_fails(&bytes);
    }

    #[test]
    fn any_json_value(mut value in any_json(NAMES)) {
        is_read_or_fails(&value.to_string());
        if value.is_object() {
            value["retCode"] = json!(0);
            is_read_or_fails(&value.to_string());
        }
    }

    #[test]
    fn any_rows(row in any_json(NAMES), detail in any_json(NAMES)) {
        let mut row = if row.is_object() { row } else { json!({"other": row}) };
        (row["orderID"], row["userTaskID"], row["finish"]) = (json!("o-1"), json!("ut-1"), json!(true));
        row["callInfoDetailList"] = json!([detail]);
        for list in ["orderDetailList", "callList", "taskData"] {
            is_read_or_fails(&json!({"retCode": 0, list: [row]}).to_string());
        }
    }

    #[test]
    fn any_answer_a_dialer_passes_on(value in any_json(NAMES), placed in any::<bool>()) {
        let mut value = if value.is_object() { value } else { json!({"errList": [value]}) };
        if placed {
            value["retCode"] = json!(0);
        }
        let answer = RawValue::from_string(value.to_string()).expect("JSON");
        let calls = [order("o-1"), Placed { destination: Some("6281200000001".to_owned()), ..order("o-2") }];
        let common = Placed { reference: Some("ref-1".to_owned()), ..order("") };
        let created = Created { answer: &answer, location: None, common: &common, calls: &calls };
        if let Ok(placement) = source("").poller().expect("asked").created(&created, &context()) {
            // No order is lost, and none is both placed and refused.
            let mut ids: Vec<_> = placement.placed.iter().map(|call| call.call.as_str()).collect();
            ids.extend(placement.events.iter().filter_map(|event| event.links.order.as_deref()));
            ids.sort_unstable();
            prop_assert_eq!(ids, ["o-1", "o-2"]);
        }
    }
}
