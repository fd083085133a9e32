//! Codes, statuses and tokens.

use core::time::Duration;

use super::*;

fn class(result: Result<Vec<Event>, Failure>) -> Result<usize, FailureClass> {
    result.map(|events| events.len()).map_err(|failure| failure.class)
}

#[test]
fn codes_of_a_state_query() {
    let asker = asker("");
    let code = |code: Value| class(state(&asker, 200, json!({"retCode": code, "retMsg": "told"})));
    assert_eq!(code(json!("0")), Ok(0), "no result yet");
    assert_eq!(code(json!(0)), Ok(0));
    assert_eq!(code(json!("1")), Ok(0), "cannot be found now: stays pending");
    assert_eq!(code(json!("3")), Err(FailureClass::Permanent));
    assert_eq!(code(json!("77")), Err(FailureClass::Retry));
    assert_eq!(code(json!(null)), Err(FailureClass::Retry));
}

#[test]
fn codes_of_a_listing() {
    let asker = asker("");
    let code = |code: &str| class(listed(&asker, 200, json!({"retCode": code, "retMsg": "told"})));
    assert_eq!(code("0"), Ok(0));
    assert_eq!(code("1"), Ok(0), "no data is no error");
    for refused in ["2", "4", "12"] {
        assert_eq!(code(refused), Err(FailureClass::Permanent), "{refused}");
    }
    assert_eq!(code("77"), Err(FailureClass::Retry));
    let failure = listed(&asker, 200, json!({"retCode": "4"})).expect_err("refused");
    assert!(failure.detail.contains("api.limit"), "names the fix");
}

#[test]
fn statuses() {
    let asker = asker("");
    for (status, expected) in [
        (302, FailureClass::Configuration),
        (400, FailureClass::Permanent),
        (401, FailureClass::Token),
        (403, FailureClass::Token),
        (404, FailureClass::Configuration),
        (429, FailureClass::Throttled),
        (500, FailureClass::Retry),
        (503, FailureClass::Retry),
    ] {
        assert_eq!(class(state(&asker, status, "")), Err(expected), "{status}");
        assert_eq!(class(listed(&asker, status, "<html>")), Err(expected), "{status}");
        assert_eq!(class(listed(&asker, status, json!({"retCode": "77"}))), Err(expected), "{status}");
        assert_eq!(class(listed(&asker, status, json!({"retCode": "0"}))), Err(expected), "{status}: not all is well");
    }
}

#[test]
fn a_code_the_vendor_documents_counts_more_than_the_status() {
    let asker = asker("");
    assert_eq!(class(state(&asker, 500, json!({"retCode": "3"}))), Err(FailureClass::Permanent));
    assert_eq!(class(state(&asker, 500, json!({"resultCode": "3"}))), Err(FailureClass::Permanent));
    assert_eq!(class(listed(&asker, 400, json!({"retCode": "1"}))), Ok(0));
}

#[test]
fn a_failure_tells_the_code_and_nothing_else_of_the_answer() {
    let detail = |code: &str| {
        let answer = json!({"retCode": code, "retMsg": "+8613800000000"});
        state(&asker(""), 500, &answer).expect_err("refused").detail.into_owned()
    };
    assert_eq!(detail("90100200"), "HTTP status 500 (retCode 90100200)");
    assert_eq!(detail(" APIG.0301 "), "HTTP status 500 (retCode APIG.0301)");
    for no_code in ["+8613800000000", "8613800000000", "no such call", "\u{202e}", &"x".repeat(65)] {
        assert_eq!(detail(no_code), "HTTP status 500 (retCode of an unknown form)");
    }
}

#[test]
fn a_failed_answer_changes_nothing() {
    let asker = asker("");
    let mut inquiry = asker.ask(&[placed("1300000000000000101")]);
    let first = next(inquiry.as_mut()).expect("a request").body;
    inquiry.read(&response(500, ""), &context()).expect_err("failed");
    assert_eq!(next(inquiry.as_mut()).expect("the same again").body, first);
    inquiry.read(&response(200, json!({"retCode": "0", "result": {"state": 1}})), &context()).expect("answered");
    assert!(next(inquiry.as_mut()).is_none());
    assert_eq!(inquiry.reached(), None);
}

#[test]
fn more_than_one_call_is_asked_about_one_by_one() {
    let asker = asker("");
    let mut inquiry = asker.ask(&[placed("1300000000000000101"), placed("1300000000000000102")]);
    for call in ["1300000000000000101", "1300000000000000102"] {
        assert_eq!(next(inquiry.as_mut()).expect("a request").body, json!({"callSerialNo": call}).to_string());
        let answer = json!({"retCode": "0", "result": {"state": 3, "reasonCode": 0}});
        let events = inquiry.read(&response(200, answer), &context()).expect("answered");
        assert_eq!(events.iter().map(|event| event.subject.as_str()).collect::<Vec<_>>(), [call]);
    }
    assert!(next(inquiry.as_mut()).is_none());
}

fn token(body: Value) -> Result<(String, Duration), FailureClass> {
    let token = asker("").read_token(&response(200, body));
    token.map(|token| (token.secret.expose().to_owned(), token.lifetime)).map_err(|failure| failure.class)
}

/// The vendor's sample.
fn sample() -> Value {
    json!({
        "AccessToken": "zzzzzzzzzzzzzzzzzz", "ApplyType": "Bearer", "CreateTime": "1545650171", "Expires": "600",
        "Scope": "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "AppKey": "xxxxxxxxxxxxxxxxx", "UserID": "Anonymous"
    })
}

#[test]
fn a_token_and_how_long_it_lives() {
    let lives = |expires: Value| token(changed(sample(), json!({"Expires": expires}))).expect("a token").1.as_secs();
    assert_eq!(token(sample()), Ok(("zzzzzzzzzzzzzzzzzz".to_owned(), Duration::from_secs(600))));
    assert_eq!((lives(json!(300)), lives(json!("300"))), (300, 300));
    // A time instead of a span, milliseconds, nothing: never longer than was asked for.
    for odd in [json!("1545650771"), json!(600_000), json!(null), json!("soon"), json!(0), json!(-1)] {
        assert_eq!(lives(odd.clone()), 600, "{odd}");
    }
}

#[test]
fn no_token() {
    assert_eq!(token(changed(sample(), json!({"AccessToken": ""}))), Err(FailureClass::Retry));
    assert_eq!(token(changed(sample(), json!({"AccessToken": "a\nb"}))), Err(FailureClass::Retry));
    assert_eq!(token(json!([])), Err(FailureClass::Retry));
    assert_eq!(token(json!({"resultCode": "E-1", "resultDesc": "wrong key"})), Err(FailureClass::Configuration));
    let refused = asker("").read_token(&response(403, json!({"retCode": "E-1"}))).err().expect("refused");
    assert_eq!((refused.class, refused.detail.as_ref()), (FailureClass::Token, "HTTP status 403 (retCode E-1)"));
}
