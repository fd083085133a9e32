use std::collections::BTreeSet;

use bytes::Bytes;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::simulate::api::Verdict;
use crate::simulate::plan::VendorPlan;

mod api;
mod strict;

/// A site with this many calls, the outcomes of which all come, and a time at which all of them are over.
fn site(calls: usize) -> (Site, Timestamp) {
    let mut plan = VendorPlan::new("tencent-ccc");
    plan.mix = Outcome::ALL.iter().map(|outcome| (*outcome, 1)).collect();
    let site = Site::new(&TencentCcc, plan, 7);
    for _ in 0..calls {
        site.place(1);
    }
    let end = site.calls(|_| true).iter().map(|call| call.ended).max().unwrap_or_else(Timestamp::now);
    (site, end + SignedDuration::from_secs(2))
}

/// A request as its parts, so that a test can change one of them.
struct Draft {
    action: &'static str,
    body: Value,
    key: &'static str,
    id: &'static str,
    /// The time of signing, and the time it arrives.
    signed: i64,
    now: Timestamp,
    /// The scope's day; `None` is that of signing.
    day: Option<&'static str>,
    headers: Vec<&'static str>,
}

impl Draft {
    fn new(action: &'static str, body: Value, now: Timestamp) -> Self {
        let signed = now.as_second();
        let headers = vec!["content-type", "host"];
        Self { action, body, key: SECRET_KEY, id: SECRET_ID, signed, now, day: None, headers }
    }

    fn request(&self) -> Request {
        let body = Bytes::from(self.body.to_string());
        let value = |name: &str| match name {
            "content-type" => "application/json",
            "host" => "127.0.0.1:8000",
            _ => self.action,
        };
        let headers = self.headers.iter().map(|name| (*name, value(name))).collect();
        let signed = tc3::Signed { method: "POST", query: "", headers, body: &body };
        let signature = signed.signature(self.key, self.signed).expect("a time of this age");
        let day = Timestamp::from_second(self.signed).expect("a time").strftime("%Y-%m-%d").to_string();
        let authorization = format!(
            "TC3-HMAC-SHA256 Credential={}/{}/ccc/tc3_request, SignedHeaders={}, Signature={signature}",
            self.id,
            self.day.unwrap_or(&day),
            self.headers.join(";")
        );
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("host", "127.0.0.1:8000".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("authorization", authorization),
            ("x-tc-action", self.action.to_owned()),
            ("x-tc-version", "2020-02-10".to_owned()),
            ("x-tc-timestamp", self.signed.to_string()),
        ] {
            map.insert(name, value.parse().expect("a header"));
        }
        Request { method: Method::POST, path: "/".into(), query: String::new(), headers: map, body, now: self.now }
    }
}

/// The verdict, and what stands in `Response`.
fn ask(site: &Site, request: &Request) -> (Verdict, Value) {
    let answer = TencentCcc.answer(request, site);
    assert_eq!(answer.status, StatusCode::OK, "errors come with 200, too");
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert!(body["Response"]["RequestId"].is_string());
    (answer.verdict, body["Response"].clone())
}

fn window(now: Timestamp) -> Value {
    let (start, end) = (now.as_second() - 3600, now.as_second());
    json!({ "SdkAppId": SDK_APP_ID, "StartTimeStamp": start, "EndTimeStamp": end, "PageSize": 100, "PageNumber": 0 })
}

#[test]
fn pushes_are_as_documented() {
    let (site, _) = site(200);
    let mut actions = BTreeSet::new();
    for call in site.calls(|_| true) {
        let placing = Placing { index: 0, task: String::new(), told: true, calls: vec![(*call).clone()] };
        let callbacks = TencentCcc.callbacks(&placing);
        let names: BTreeSet<_> = callbacks.iter().map(|callback| callback.name.clone()).collect();
        assert_eq!(names.len(), callbacks.len());
        let mut facts = Vec::new();
        for callback in &callbacks {
            assert!(callback.at >= call.ended);
            let body = &callback.body;
            assert_eq!((&body["SdkAppId"], &body["SessionId"]), (&json!(SDK_APP_ID), &json!(call.id)));
            let action = callback.name.split(' ').next().expect("a name");
            actions.insert(action.to_owned());
            facts.push(if action == "cdr" { "call.ended" } else { "recording.available" });
            if action == "record" {
                assert!(["RecordId", "EndpointUser", "RecordURL"].iter().all(|name| body[*name].is_string()));
                assert_eq!(body["Timestamp"], call.ended.as_second());
                continue;
            }
            assert!(body.get("EndStatus").is_none(), "pushes have the name alone");
            assert_eq!(body["AcceptTimestamp"] == 0, call.answered.is_none());
            assert_eq!(body["Callee"], format!("00{}", &call.number[1..]));
            assert_eq!((&body["Direction"], &body["Uui"]), (&json!(1), &json!(call.reference)));
        }
        let due: Vec<_> = TencentCcc.due(&placing).iter().map(|due| due.event_type).collect();
        assert_eq!(due, facts);
    }
    assert_eq!(actions.into_iter().collect::<Vec<_>>(), ["cdr", "record"]);
}

#[test]
fn a_push_is_authenticated_and_a_wrong_one_is_not() {
    let callback = Callback {
        kind: "push",
        name: "record of the user".into(),
        at: Timestamp::UNIX_EPOCH,
        body: json!({ "SessionId": "a" }),
    };
    let sign = |nonce: &str, wrong| {
        TencentCcc.sign(&callback, &Signing { now: Timestamp::UNIX_EPOCH, nonce: nonce.to_owned(), wrong })
    };
    let value = |delivery: &Delivery, name: &str| {
        delivery.headers.iter().find(|header| header.0 == name).map(|header| header.1.clone())
    };
    let right = sign("1", None);
    assert_eq!(right.path, "push?action=record&version=1");
    assert_eq!(value(&right, "content-type").as_deref(), Some("application/json;charset=utf8"));
    let basic = "Basic c2ltdWxhdGVkLXVzZXI6c2ltdWxhdGVkLXBhc3N3b3JkLXRlbmNlbnQ=";
    assert_eq!(value(&right, "authorization").as_deref(), Some(basic));
    // A repetition has the same id.
    assert_eq!(value(&right, "x-tccc-push-uuid"), value(&sign("2", None), "x-tccc-push-uuid"));
    let wrong: BTreeSet<_> = (0..5).map(|bits| value(&sign("1", Some(bits)), "authorization")).collect();
    assert_eq!(wrong.len(), 5);
    assert!(!wrong.contains(&Some(basic.to_owned())));
}

#[test]
fn only_error_code_0_is_a_yes() {
    assert!(TencentCcc.heard(200, br#"{"ErrCode":0,"ErrMsg":""}"#));
    for (status, body) in [
        (200, &br#"{"ErrCode":1,"ErrMsg":"busy"}"#[..]),
        (200, br#"{"ErrCode":"0","ErrMsg":""}"#),
        (200, br#"{"ErrCode":0}"#),
        (200, b""),
        (503, br#"{"ErrCode":0,"ErrMsg":""}"#),
    ] {
        assert!(!TencentCcc.heard(status, body));
    }
}

#[test]
fn created_has_the_id_in_one_of_two_forms_or_an_error() {
    let (site, _) = site(0);
    let mut forms = BTreeSet::new();
    for _ in 0..50 {
        let mut placing = (*site.place(1)).clone();
        let created = TencentCcc.created(&placing);
        let id = created.body["Response"]["SessionId"].as_str().expect("an id").to_owned();
        assert_eq!(id.replace('-', ""), placing.calls[0].id.replace('-', ""));
        forms.insert(id.len());
        placing.calls[0].refused = true;
        let refused = TencentCcc.created(&placing);
        assert_eq!(refused.status, 200);
        assert!(refused.body["Response"].get("SessionId").is_none());
        let code = refused.body["Response"]["Error"]["Code"].as_str().expect("a code");
        assert!(code.starts_with("FailedOperation."));
        let due = TencentCcc.due(&placing);
        assert_eq!((due.len(), &due[0].subject), (1, &placing.calls[0].reference));
        assert!(TencentCcc.callbacks(&placing).is_empty());
    }
    assert_eq!(forms.into_iter().collect::<Vec<_>>(), [32, 36]);
}
