//! What is sent, byte for byte.

use super::*;

/// Headers and body of a request, checked against values computed by hand.
fn is(request: &Request, url: &str, body: &str, sign: &str) {
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", url));
    assert_eq!(request.body, body);
    let expected = [
        ("content-type", "application/json"),
        ("requestID", "4f1d2c3b5a69788796a5b4c3d2e1f001"),
        ("uuid", UUID),
        ("createTs", "1734345678"),
        ("sign", sign),
    ];
    let headers: Vec<_> = request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(headers[..5], expected);
    assert_eq!(headers.len(), 6);
}

const NONCE: &str = "4f1d2c3b5a69788796a5b4c3d2e1f001";
/// Computed with other tools than ours.
const ORDERS_MD5: &str = "72ECCEC8044948833A1E7D9CB0042115";
const ORDERS_SHA256: &str = "D69C81B9DC81396F06FFD6DDAE82F1B8A4ECA392510983CBB400A532CDED78FE";

#[test]
fn a_question_about_orders() {
    let (url, json) = (
        "https://nxbot.nxcloud.com/callcentre/api/v3/listOrderDetail",
        r#"{"orderList":["o-1","o-2"],"productID":"callbot","userTaskID":"ut-1"}"#,
    );
    for (algorithm, name, sign) in [("md5", "MD5", ORDERS_MD5), ("sha256", "SHA256", ORDERS_SHA256)] {
        let source = try_source(&format!("algorithm = \"{algorithm}\""), "").expect("usable settings");
        let poller = source.poller().expect("asked");
        let request = next(poller.ask(&[order("o-2"), order("o-1"), order("o-2")]).as_mut(), NONCE);
        is(&request, url, json, sign);
        assert_eq!(request.headers[5], ("algorithm", name.to_owned()));
        assert_eq!(request.action, "listOrderDetail");
    }
}

#[test]
fn one_request_for_each_task() {
    let source = source("");
    let poller = source.poller().expect("asked");
    let in_task = |id: &str, task: &str| Placed { task: Some(task.to_owned()), ..order(id) };
    let calls = [in_task("o-1", "ut-1"), in_task("o-2", "ut-2"), in_task("o-3", "ut-1"), in_task("o-1", "ut-2")];
    let mut inquiry = poller.ask(&calls);
    let mut asked = Vec::new();
    for _ in 0..2 {
        let request = next(inquiry.as_mut(), "n-1");
        asked.push((body(&request)["userTaskID"].clone(), body(&request)["orderList"].clone()));
        assert_eq!(inquiry.read(&answer(&request, &details(json!([]))), &context()), Ok(vec![]));
    }
    assert!(inquiry.next(&means("n-1")).is_none());
    assert_eq!(asked, [(json!("ut-1"), json!(["o-1", "o-3"])), (json!("ut-2"), json!(["o-1", "o-2"]))]);
}

#[test]
fn a_listing_of_tasks_and_calls() {
    let source = source("base_url = \"https://devnxbot.nxcloud.com/\"\npage_size = 2\ntask_days = 3");
    let poller = source.poller().expect("asked");
    let at = |second| Timestamp::from_second(second).expect("in range");
    let mut inquiry = poller.list(Window { from: at(1_734_340_000), to: at(1_734_343_600) }).expect("lists");

    let tasks = next(inquiry.as_mut(), NONCE);
    assert_eq!((tasks.action, tasks.method.as_str()), ("listTask", "POST"));
    assert_eq!(tasks.url, "https://devnxbot.nxcloud.com/callcentre/api/v3/listTask");
    let json =
        r#"{"page":1,"productID":"callbot","queryConditions":{"endTs":1734343600,"startTs":1734080800},"size":2}"#;
    assert_eq!(tasks.body, json);
    assert_eq!(header(&tasks, "sign"), sign(SECRET, json, "1734345678", NONCE, UUID));

    let read = inquiry.read(&answer(&tasks, &json!({"retCode": 0, "taskData": [{"userTaskID": "ut-1"}]})), &context());
    assert_eq!(read, Ok(vec![]));
    let calls = next(inquiry.as_mut(), NONCE);
    assert_eq!(calls.action, "listCall");
    assert_eq!(calls.url, "https://devnxbot.nxcloud.com/callcentre/api/v3/listCall");
    let json = r#"{"options":{"endTs":1734343600,"startTs":1734340000},"page":1,"productID":"callbot","size":2,"userTaskID":"ut-1"}"#;
    assert_eq!(calls.body, json);
    assert_eq!(header(&calls, "sign"), sign(SECRET, json, "1734345678", NONCE, UUID));
}

#[test]
fn after_a_failure_the_same_is_asked_freshly_signed() {
    let source = source("");
    let mut inquiry = source.poller().expect("asked").ask(&[order("o-1")]);
    let first = next(inquiry.as_mut(), "n-1");
    assert!(inquiry.read(&response(503, &[], ""), &context()).is_err());
    let second = next(inquiry.as_mut(), "n-2");
    assert_eq!((&first.url, &first.body), (&second.url, &second.body));
    assert_eq!(header(&second, "requestID"), "n-2");
    assert_ne!(header(&first, "sign"), header(&second, "sign"));
    // An answer to the first question is none to the second.
    let late = inquiry.read(&answer(&first, &details(json!([]))), &context()).expect_err("another requestID");
    assert_eq!(late.class, FailureClass::Configuration);
    assert_eq!(inquiry.read(&answer(&second, &details(json!([]))), &context()), Ok(vec![]));
    assert!(inquiry.next(&means("n-3")).is_none());
}
