mod requests;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::simulate::api::Verdict;
use crate::simulate::plan::VendorPlan;

fn site(change: impl FnOnce(&mut VendorPlan)) -> Site {
    let mut plan = VendorPlan::new("nxcloud-callbot");
    plan.mix = Outcome::ALL.iter().map(|outcome| (*outcome, 1)).collect();
    change(&mut plan);
    Site::new(&NxcloudCallbot, plan, 7)
}

/// Sets a header, or takes it away.
fn set(request: &mut Request, name: &str, value: Option<&str>) {
    let name: HeaderName = name.parse().expect("a name");
    match value {
        Some(value) => request.headers.insert(name, value.parse().expect("a value")),
        None => request.headers.remove(name),
    };
}

/// Signs a request as it is.
fn sign_again(request: &mut Request, algorithm: Algorithm) {
    let header = |name| request.header(name).unwrap_or_default().to_owned();
    let (create_ts, request_id, uuid) = (header("createts"), header("requestid"), header("uuid"));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let stamp = Stamp { create_ts: &create_ts, request_id: &request_id, uuid: &uuid };
    let sign = sign::sign(algorithm, SECRET, &body, stamp);
    set(request, "sign", Some(&sign));
}

fn request(action: &str, body: &Value, now: Timestamp) -> Request {
    let mut request = Request {
        method: Method::POST,
        path: format!("{PREFIX}{action}"),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_string()),
        now,
    };
    for (name, value) in [("content-type", "application/json"), ("requestID", "0123456789abcdef"), ("uuid", UUID)] {
        set(&mut request, name, Some(value));
    }
    set(&mut request, "createTs", Some(&now.as_second().to_string()));
    set(&mut request, "algorithm", Some("SHA256"));
    sign_again(&mut request, Algorithm::Sha256);
    request
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Asks, and expects a yes.
fn ask(site: &Site, action: &str, asked: Value, now: Timestamp) -> Value {
    let mut asked = asked;
    asked["productID"] = "callbot".into();
    let request = request(action, &asked, now);
    assert_eq!(NxcloudCallbot.action(&request), action);
    let answer = NxcloudCallbot.answer(&request, site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::OK, &Verdict::Accepted), "{}", answer.body);
    let body = body(&answer);
    assert_eq!(body["retCode"], 0);
    body
}

/// Asks, and expects this `retCode`.
fn refused(site: &Site, request: &Request, code: u32) {
    let answer = NxcloudCallbot.answer(request, site);
    assert_eq!((answer.status, &body(&answer)["retCode"]), (StatusCode::OK, &json!(code)), "{request:?}");
    assert!(matches!(answer.verdict, Verdict::Violation(_)));
}

fn late(placing: &Placing) -> Timestamp {
    placing.ended().expect("calls") + SignedDuration::from_secs(1)
}

#[test]
fn orders_are_told_with_the_calls_that_are_over() {
    let site = site(|_| ());
    let placing = site.place(20);
    let ids: Vec<_> = placing.calls.iter().map(|order| order.id.as_str()).chain(["nobody"]).collect();
    let asked = json!({ "userTaskID": placing.task, "orderList": ids });
    let early = ask(&site, "listOrderDetail", asked.clone(), placing.calls[0].placed);
    for row in early["orderDetailList"].as_array().expect("a list") {
        assert_eq!((&row["finish"], &row["callInfoDetailList"]), (&json!(false), &json!([])));
    }
    let answer = ask(&site, "listOrderDetail", asked, late(&placing));
    let rows = answer["orderDetailList"].as_array().expect("a list");
    assert_eq!(rows.len(), 20);
    assert_ne!(rows[0]["orderID"], ids[0], "not in the order of the question");
    for order in &placing.calls {
        let row = rows.iter().find(|row| row["orderID"] == order.id).expect("each order");
        assert_eq!((&row["finish"], &row["userPhone"]), (&json!(true), &json!(order.digits())));
        let rounds = rounds(order);
        let calls = row["callInfoDetailList"].as_array().expect("calls");
        assert_eq!(calls.len(), rounds.len());
        for (call, round) in calls.iter().zip(&rounds) {
            assert_eq!(call["callID"], round.id);
            assert_eq!(call["callAnswerTs"] != 0, round.outcome == Outcome::Answered);
            assert!(call["callStartTs"].as_i64() <= call["callEndTs"].as_i64());
            assert!(call["termSipCode"].is_string() && call["callDuration"].is_i64());
        }
    }
    assert!(rows.iter().any(|row| row["callInfoDetailList"].as_array().is_some_and(|calls| calls.len() == 2)));
}

/// All pages of a list.
fn pages(site: &Site, action: &str, list: &str, asked: &Value, now: Timestamp) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1..20 {
        let mut asked = asked.clone();
        asked["page"] = page.into();
        asked["size"] = 7.into();
        let answer = ask(site, action, asked, now);
        let part = answer[list].as_array().expect("a list");
        assert!(part.len() <= 7);
        if part.is_empty() {
            return rows;
        }
        rows.extend(part.iter().cloned());
    }
    panic!("no end of pages");
}

#[test]
fn lists_have_pages_and_windows() {
    let site = site(|_| ());
    let placings: Vec<Arc<Placing>> = (0..10).map(|_| site.place(4)).collect();
    let now = placings.iter().map(|placing| late(placing)).max().expect("some");
    let begun = placings[0].calls[0].placed.as_second();
    let listed =
        |conditions: Value| pages(&site, "listTask", "taskData", &json!({ "queryConditions": conditions }), now);
    let tasks = listed(json!({ "startTs": begun, "endTs": now.as_second() }));
    let ids: Vec<_> = tasks.iter().map(|task| task["userTaskID"].as_str().unwrap_or_default()).collect();
    assert_eq!(ids, placings.iter().map(|placing| &*placing.task).collect::<Vec<_>>());
    for task in &tasks {
        assert_eq!((&task["taskStatus"], &task["taskStat"]["totalOrderCount"]), (&json!(3), &json!(4)));
    }
    assert!(listed(json!({ "startTs": begun - 10, "endTs": begun - 1 })).is_empty());
    assert!(listed(json!({ "taskStatus": [1, 2] })).is_empty());
    assert_eq!(listed(json!({ "taskStatus": [3], "userTaskID": [ids[3]] })).len(), 1);

    let placing = &placings[2];
    let all: Vec<_> = placing.calls.iter().flat_map(rounds).collect();
    let calls = |from: i64, to: i64, now| {
        let asked = json!({ "userTaskID": placing.task, "options": { "startTs": from, "endTs": to } });
        pages(&site, "listCall", "callList", &asked, now)
    };
    let rows = calls(begun, now.as_second(), now);
    let ids: BTreeSet<_> =
        rows.iter().map(|row| row["callInfoDetail"]["callID"].as_str().unwrap_or_default()).collect();
    assert_eq!((rows.len(), ids), (all.len(), all.iter().map(|round| &*round.id).collect()));
    assert!(calls(begun - 10, begun - 1, now).is_empty());
    assert!(calls(begun, now.as_second(), placing.calls[0].placed).is_empty(), "none is over");
}

#[test]
fn a_list_tells_of_every_call() {
    let site = site(|_| ());
    let placing = site.place(5);
    assert!(site.to_be_asked() >= 5);
    ask(&site, "listCall", json!({ "userTaskID": placing.task, "page": 1, "size": 100 }), late(&placing));
    assert_eq!(site.to_be_asked(), 0);
}

#[test]
fn a_task_is_made_with_its_orders() {
    let site = site(|_| ());
    let list = json!([
        { "orderID": "o-1", "userPhone": "447700900001", "other": "mine" },
        { "orderID": "o-2", "userPhone": "+447700900002" },
    ]);
    let asked = json!({
        "userTaskID": "u-1", "sceneID": "s-1", "taskCreateSetting": { "startupType": 3 },
        "callInfoList": { "orderCallbackUrl": "", "callCallbackUrl": "", "callList": list },
    });
    let answer = ask(&site, "createAndCall", asked.clone(), crate::clock::now());
    assert_eq!((&answer["totalCount"], &answer["successCount"]), (&json!(2), &json!(1)));
    assert_eq!(answer["errList"], json!([{ "phone": "+447700900002", "errMsg": "phone format error" }]));
    let order = site.call_of("o-1").expect("placed");
    assert_eq!((&*order.number, &*order.reference), ("+447700900001", "mine"));
    assert_eq!(site.placings(|placing| placing.task == "u-1").len(), 1);
    let mut again = asked.clone();
    again["productID"] = "callbot".into();
    refused(&site, &request("createAndCall", &again, crate::clock::now()), 4);
    again["userTaskID"] = "u-2".into();
    refused(&site, &request("createAndCall", &again, crate::clock::now()), 4);
    for name in ["userTaskID", "sceneID", "taskCreateSetting", "callInfoList"] {
        let mut without = again.clone();
        without[name].take();
        refused(&site, &request("createAndCall", &without, crate::clock::now()), 2);
    }
}

#[test]
fn refused_numbers_are_named_and_nothing_else_comes_of_them() {
    let site = site(|plan| plan.refuse = 0.3);
    let mut shared = 0;
    for _ in 0..200 {
        let placing = site.place(20);
        let answer = NxcloudCallbot.created(&placing).body;
        let list = answer["errList"].as_array().expect("a list");
        let named: BTreeSet<_> = list.iter().map(|row| row["phone"].as_str().expect("a number")).collect();
        assert_eq!(answer["successCount"], placing.calls.len() - list.len());
        shared += placing.calls.iter().filter(|order| named.contains(order.digits()) && !order.refused).count();
        for callback in NxcloudCallbot.callbacks(&placing) {
            assert!(!callback.body["userPhone"].as_str().is_some_and(|phone| named.contains(phone)));
        }
        for order in &placing.calls {
            let due = due(order, &placing);
            match named.contains(order.digits()) {
                true => assert_eq!((due.len(), &*due[0].ways), (1, &[Way::Created][..])),
                false => assert!(due.len() >= 2 && due.iter().all(|due| !due.ways.contains(&Way::Created))),
            }
        }
    }
    assert!(shared > 0, "the answer names numbers: an order shares the fate of the others with its number");
}

#[test]
fn callbacks_have_the_documented_fields() {
    let site = site(|_| ());
    let placing = site.place(20);
    let callbacks = NxcloudCallbot.callbacks(&placing);
    let kinds: BTreeSet<_> = callbacks.iter().map(|callback| callback.kind).collect();
    assert_eq!(kinds, ["call", "order", "task"].into());
    for callback in &callbacks {
        let body = &callback.body;
        let number = |value: &Value| value.is_u64() || value.is_i64();
        for name in ["userTaskID", "taskID", "sceneID"] {
            assert!(body[name].is_string(), "{name} in {body}");
        }
        if callback.kind == "task" {
            assert!(number(&body["taskStatus"]) && number(&body["createTs"]) && number(&body["callbackType"]));
            assert_eq!(body["taskStat"].as_object().map(|stat| stat.len()), Some(7));
            continue;
        }
        assert_eq!(body["callbackType"].is_string(), callback.kind == "order", "a text there, a number here");
        for name in ["orderID", "userPhone", "userName", "other"] {
            assert!(body[name].is_string(), "{name} in {body}");
        }
        let detail = &body["callInfoDetail"];
        for name in ["callID", "callAudioUrl", "hangupCause", "termSipCode"] {
            assert!(detail[name].is_string(), "{name} in {detail}");
        }
        for name in ["callStatus", "callStartTs", "callAnswerTs", "callEndTs", "callDuration"] {
            assert!(number(&detail[name]), "{name} in {detail}");
        }
        assert!(detail["intents"].is_array() && detail["sms"].is_array() && detail["agent"].is_object());
        assert_eq!(detail.get("callingNumber").is_some(), callback.kind == "call");
        assert!(callback.at.as_second() >= detail["callEndTs"].as_i64().expect("seconds"));
    }
    let orders = callbacks.iter().filter(|callback| callback.kind == "order").count();
    let unfinished = callbacks.iter().filter(|callback| callback.body["finish"] == false).count();
    assert_eq!(orders, 20);
    assert!(unfinished > 0, "some orders are dialled twice");
}
