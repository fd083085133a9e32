//! What is sent, byte by byte.

use super::*;

#[test]
fn a_token_is_asked_for_with_the_first_secret() {
    let asker = asker("app_secret_files = []\ntoken_seconds = 900");
    let request = asker.token_request(&Means { now: now(), nonce: "nonce", token: None }).expect("a request");
    assert_eq!((request.action, request.method), ("tokenByAkSk", Method::POST));
    assert_eq!(request.url, "https://service.besclouds.com/apigovernance/api/oauth/tokenByAkSk");
    assert_eq!(
        request.headers,
        [("content-type", "application/json".to_owned()), ("x-token-expire", "900".to_owned())]
    );
    assert_eq!(request.body, r#"{"app_key":"demo-app-key","app_secret":"demo-app-secret"}"#);
}

#[test]
fn a_token_can_come_from_another_port() {
    let url = "https://service.besclouds.com:28070/apigovernance/api/oauth/tokenByAkSk";
    let asker = asker(&format!("token_url = \"{url}\""));
    let request = asker.token_request(&Means { now: now(), nonce: "nonce", token: None }).expect("a request");
    assert_eq!(request.url, url);
}

#[test]
fn secrets_are_re_read() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "old\n").expect("written");
    let api = format!("app_key = \"demo-app-key\"\napp_secret_files = [\"{}\"]", file.path().display());
    let asker = try_asker("", &api).expect("settings");
    let sent = || {
        let request = asker.token_request(&Means { now: now(), nonce: "nonce", token: None }).expect("a request");
        serde_json::from_slice::<Value>(&request.body).expect("JSON")["app_secret"].clone()
    };
    assert_eq!(sent(), "old");
    std::fs::write(file.path(), "new\nold\n").expect("written");
    assert!(asker.reload_secrets().expect("readable"));
    assert_eq!(sent(), "new");
    assert!(!asker.reload_secrets().expect("readable"));
}

#[test]
fn a_call_is_asked_about() {
    let asker = asker("base_url = \"http://127.0.0.1:8080/huawei-cec/\"");
    let mut inquiry = asker.ask(&[placed("1300000000000000101")]);
    let request = next(inquiry.as_mut()).expect("a request");
    assert_eq!((request.action, request.method), ("queryCallState", Method::POST));
    assert_eq!(request.url, "http://127.0.0.1:8080/huawei-cec/apiaccess/CC-Management/v1/mobileAgent/queryCallState");
    assert_eq!(
        request.headers,
        [
            ("content-type", "application/json".to_owned()),
            ("x-app-key", "demo-app-key".to_owned()),
            ("authorization", "Bearer demo-token".to_owned())
        ]
    );
    assert_eq!(request.body, r#"{"callSerialNo":"1300000000000000101"}"#);
}

#[test]
fn a_window_is_listed() {
    let request = next(listing(&asker("")).as_mut()).expect("a request");
    assert_eq!((request.action, request.method), ("queryCallDetailRecord", Method::POST));
    assert_eq!(
        request.url,
        "https://service.besclouds.com/apiaccess/CC-Management/v1/mobileAgent/queryCallDetailRecord"
    );
    assert_eq!(
        request.body,
        r#"{"endTime":"1734345720000","limit":"100","offset":"0","startTime":"1734342120000","taskType":"0"}"#
    );
    for (name, number) in [("dual", "1"), ("anonymous", "2"), ("voice_notification", "3")] {
        let asker = asker(&format!("task_type = \"{name}\"\nlimit = 7"));
        let request = next(listing(&asker).as_mut()).expect("a request");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        assert_eq!((&body["taskType"], &body["limit"]), (&json!(number), &json!("7")));
    }
}

#[test]
fn every_action_has_its_name() {
    assert_eq!(asker("").actions(), ["tokenByAkSk", "queryCallState", "queryCallDetailRecord"]);
    assert_eq!((asker("").batch(), asker("").account()), (1, None));
    assert_eq!(asker("window_hours = 168").longest_window(), Some(SignedDuration::from_hours(168)));
}

#[test]
fn an_id_is_written_as_events_have_it() {
    let asker = asker("");
    assert_eq!(asker.call_id(" 13000000 00000000101").as_deref(), Ok("1300000000000000101"));
    for wrong in ["", "  ", "null", &"1".repeat(257)] {
        let reject = asker.call_id(wrong).expect_err("refused");
        assert!(reject.detail.starts_with("id "), "{}", reject.detail);
    }
    assert_eq!(asker.call_id(&"1".repeat(256)).map(|id| id.len()), Ok(256));
}
