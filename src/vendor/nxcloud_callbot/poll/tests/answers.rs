//! Errors and signatures of answers.

use super::*;

/// What becomes of `answer` to a question about the order `o-1`, whose `requestID` is `n-1`.
fn read(api: &str, answer: &Response) -> Result<Vec<Event>, Failure> {
    let source = source(api);
    let mut inquiry = source.poller().expect("asked").ask(&[order("o-1")]);
    next(inquiry.as_mut(), "n-1");
    let read = inquiry.read(answer, &context());
    assert_eq!(inquiry.next(&means("n-2")).is_none(), read.is_ok(), "after a failure the same is asked again");
    read
}

fn failure(answer: &Response) -> Failure {
    read("", answer).expect_err("a failure")
}

#[test]
fn every_ret_code() {
    use FailureClass::{Configuration, Permanent, Retry};
    for (code, class) in [
        (1, Retry),
        (2, Permanent),
        (3, Permanent),
        (4, Permanent),
        (4001, Permanent),
        (5, Retry),
        (5001, Retry),
        (6, Configuration),
        (6001, Configuration),
        (6002, Configuration),
        (6003, Configuration),
        (7, Retry),
        (1001, Retry),
        (99, Retry),
        (-1, Retry),
    ] {
        // The vendor's text can hold a number; the status does not matter; an error needs no signature.
        let json = json!({"retCode": code, "retMsg": "no 6281200000001", "responseID": "r"});
        for status in [200, 400, 401, 500] {
            let failure = failure(&response(status, &[], &json.to_string()));
            assert_eq!(failure.class, class, "{code}");
            assert!(failure.detail.starts_with(&format!("listOrderDetail: retCode {code} (")), "{failure}");
            assert!(!failure.to_string().contains("62812"), "{failure}");
        }
        let as_text = json!({"retCode": code.to_string()}).to_string();
        assert_eq!(failure(&response(200, &[], &as_text)).class, class, "{code} as text");
    }
}

#[test]
fn answers_that_are_not_the_vendors() {
    use FailureClass::{Configuration, Permanent, Retry, Throttled};
    for (status, body, class) in [
        (200, "", Retry),
        (200, "<html>", Retry),
        (200, "[]", Retry),
        (200, "{}", Retry),
        (200, r#"{"retCode":null}"#, Retry),
        (200, r#"{"retCode":"ok"}"#, Retry),
        (200, r#"{"retCode":0,"retCode":0}"#, Retry),
        (200, r#"{"code":0,"msg":"success","reqId":"r"}"#, Retry),
        (302, "", Configuration),
        (401, "", Configuration),
        (403, "", Configuration),
        (404, "not here", Permanent),
        (429, "", Throttled),
        (500, "", Retry),
        (502, "<html>", Retry),
        (503, r#"{"retCode":0}"#, Retry),
    ] {
        assert_eq!(failure(&response(status, &[], body)).class, class, "{status} {body}");
    }
}

/// The headers of an answer.
fn all<'a>(id: &'a str, uuid: &'a str, created: &'a str, sign: &'a str) -> [(&'a str, &'a str); 4] {
    [("requestID", id), ("uuid", uuid), ("createTs", created), ("sign", sign)]
}

#[test]
fn a_success_must_be_signed_for_our_question() {
    let json = details(json!([detail("o-1", true, json!([]))])).to_string();
    let good = sign(SECRET, &json, ANSWERED, "n-1", UUID);
    let with = |headers: &[(&str, &str)]| read("", &response(200, headers, &json));
    assert!(with(&all("n-1", UUID, ANSWERED, &good)).is_ok());
    assert!(with(&all("n-1", UUID, ANSWERED, &good.to_lowercase())).is_ok());
    let old = sign("old-secret", &json, ANSWERED, "n-1", UUID);
    assert!(with(&all("n-1", UUID, ANSWERED, &old)).is_ok(), "any active secret");

    let signed = |secret: &str, created: &str, id: &str, uuid: &str| sign(secret, &json, created, id, uuid);
    for (what, headers) in [
        ("another secret", all("n-1", UUID, ANSWERED, &signed("other", ANSWERED, "n-1", UUID))),
        ("another question", all("n-2", UUID, ANSWERED, &signed(SECRET, ANSWERED, "n-2", UUID))),
        ("another account", all("n-1", "UID-2", ANSWERED, &signed(SECRET, ANSWERED, "n-1", "UID-2"))),
        ("no time", all("n-1", UUID, "", &signed(SECRET, "", "n-1", UUID))),
        ("a time that is none", all("n-1", UUID, "1&a=2", &signed(SECRET, "1&a=2", "n-1", UUID))),
        ("another time", all("n-1", UUID, "1734345682", &good)),
        ("no signature", all("n-1", UUID, ANSWERED, "")),
        ("the wrong length", all("n-1", UUID, ANSWERED, &good[2..])),
    ] {
        let failure = with(&headers).expect_err(what);
        assert_eq!(failure.class, FailureClass::Configuration, "{what}");
        assert!(failure.detail.starts_with("listOrderDetail: the answer "), "{what}: {failure}");
    }
    let mut altered = response(200, &all("n-1", UUID, ANSWERED, &good), &json);
    altered.body = json.replace("6281200000001", "6281200000002").into();
    assert_eq!(failure(&altered).class, FailureClass::Configuration);
    for missing in 0..4 {
        let mut headers = all("n-1", UUID, ANSWERED, &good).to_vec();
        headers.remove(missing);
        assert_eq!(with(&headers).expect_err("missing").class, FailureClass::Configuration);
        headers.extend([all("n-1", UUID, ANSWERED, &good)[missing]; 2]);
        assert_eq!(with(&headers).expect_err("twice").class, FailureClass::Configuration);
    }
}

#[test]
fn checking_answers_is_a_setting() {
    let json = details(json!([detail("o-1", true, json!([]))])).to_string();
    let unsigned = response(200, &[], &json);
    let forged = response(
        200,
        &[("requestID", "n-1"), ("uuid", UUID), ("createTs", ANSWERED), ("sign", "00112233445566778899AABBCCDDEEFF")],
        &json,
    );
    let empty = response(200, &[("sign", "")], &json);
    let twice = response(200, &[("sign", "x"), ("sign", "x")], &json);
    let accepts = |api: &str| [&unsigned, &forged, &empty, &twice].map(|answer| read(api, answer).is_ok());
    assert_eq!(accepts(""), [false, false, false, false]);
    assert_eq!(accepts("unsigned_answers = true"), [true, false, false, false]);
    assert_eq!(accepts("check_answers = false"), [true, true, true, true]);
}

#[test]
fn the_algorithm_is_configured_and_not_chosen_by_the_answer() {
    let source = try_source("algorithm = \"sha256\"", "").expect("usable settings");
    let mut inquiry = source.poller().expect("asked").ask(&[order("o-1")]);
    let request = next(inquiry.as_mut(), "n-1");
    let mut answer = answer(&request, &details(json!([])));
    answer.headers.insert("algorithm", HeaderValue::from_static("MD5"));
    let failure = inquiry.read(&answer, &context()).expect_err("MD5");
    assert_eq!(failure.class, FailureClass::Configuration);
}

#[test]
fn failures_show_no_secret_and_no_signature() {
    let json = details(json!([])).to_string();
    let sign = sign("other", &json, ANSWERED, "n-1", UUID);
    let headers = [("requestID", "n-1"), ("uuid", UUID), ("createTs", ANSWERED), ("sign", sign.as_str())];
    let failure = failure(&response(200, &headers, &json));
    for hidden in [SECRET, "old-secret", &sign] {
        assert!(!format!("{failure} {failure:?}").contains(hidden), "{failure}");
    }
}
