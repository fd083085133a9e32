use std::io::Write;

use http::Method;

use super::*;

#[test]
fn a_question() {
    let adapter = with(API);
    let mut inquiry = ask(&*adapter, &["4f2b9c", "a \"b\"\\"]);
    let request = next(&mut *inquiry, None).expect("a request");
    assert_eq!((request.action, request.method), ("callresult", Method::POST));
    assert_eq!(request.url, "https://ivr.example.com:22222/v2/callresult");
    assert_eq!(request.headers, [("content-type", "application/json".to_owned())]);
    assert_eq!(request.body, r#"{"UniqueIds":["4f2b9c","a \"b\"\\"]}"#);
}

#[test]
fn a_question_with_a_token_and_further_headers() {
    let api = format!("{IDENTITY}\nheaders = {{ Project = \"\", X-Api-Key = \"demo-key\" }}");
    let adapter = with(&api);
    let request = next(&mut *ask(&*adapter, &["4f2b9c"]), Some("t-1")).expect("a request");
    assert_eq!(
        request.headers,
        [
            ("content-type", "application/json".to_owned()),
            ("authorization", "Bearer t-1".to_owned()),
            ("project", String::new()),
            ("x-api-key", "demo-key".to_owned()),
        ]
    );
}

#[test]
fn the_request_for_a_token() {
    let adapter = with(IDENTITY);
    let means = Means { now: Timestamp::UNIX_EPOCH, nonce: "nonce", token: None };
    let request = poller(&*adapter).token_request(&means).expect("a request");
    assert_eq!((request.action, request.method), ("token", Method::POST));
    assert_eq!(request.url, "https://identity.example.com/connect/token");
    assert_eq!(request.headers, [("content-type", "application/x-www-form-urlencoded".to_owned())]);
    assert_eq!(
        request.body,
        "grant_type=client_credentials&client_id=client-1&client_secret=demo-client-secret&scope=orchestrator_external"
    );
    let answer = r#"{"access_token":"t-1","token_type":"Bearer","expires_in":86399,"scope":"orchestrator_external"}"#;
    let token = poller(&*adapter).read_token(&response(200, answer)).expect("a token");
    assert_eq!((token.secret.expose(), token.lifetime.as_secs()), ("t-1", 86_399));

    assert!(poller(&*with(API)).token_request(&means).is_none());
}

#[test]
fn the_same_question_after_a_failure_and_none_after_the_answer() {
    let adapter = with(API);
    let mut inquiry = ask(&*adapter, &["c-1"]);
    let first = next(&mut *inquiry, None).expect("a request").body;
    assert!(read(&mut *inquiry, "{").is_err());
    assert_eq!(next(&mut *inquiry, None).expect("again").body, first);
    assert!(read(&mut *inquiry, answer(&[])).is_ok());
    assert!(next(&mut *inquiry, None).is_none());
}

#[test]
fn secrets_are_read_again() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    writeln!(file, "first").expect("written");
    let path = file.path().display();
    let api = format!("{API}\nheader_files = {{ X-Api-Key = \"{path}\" }}");
    let adapter = with(&api);
    let key = || next(&mut *ask(&*adapter, &["c-1"]), None).expect("a request").headers[1].clone();
    assert_eq!(key(), ("x-api-key", "first".to_owned()));
    std::fs::write(file.path(), "second\n").expect("written");
    assert!(poller(&*adapter).reload_secrets().expect("read"));
    assert!(!poller(&*adapter).reload_secrets().expect("read"));
    assert_eq!(key(), ("x-api-key", "second".to_owned()));
}

#[test]
fn batches_and_ids() {
    let adapter = with(API);
    let poller = poller(&*adapter);
    assert_eq!((poller.batch(), poller.actions()), (50, &["token", "callresult"][..]));
    assert!(poller.longest_window().is_none() && poller.account().is_none());
    assert_eq!(poller.call_id(" 00042 ").as_deref(), Ok(" 00042 "), "as events have it");
    for wrong in ["", "  ", &"a".repeat(257)] {
        assert!(poller.call_id(wrong).is_err(), "{wrong}");
    }
}
