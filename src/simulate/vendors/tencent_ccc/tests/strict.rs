//! Each single fault is refused, with the vendor's code.

use super::*;

/// The code of the refusal.
fn refused(site: &Site, request: &Request) -> String {
    let (verdict, response) = ask(site, request);
    assert!(matches!(verdict, Verdict::Violation(_)), "{verdict:?}");
    assert!(response.get("TotalCount").is_none());
    response["Error"]["Code"].as_str().expect("a code").to_owned()
}

#[test]
fn signatures() {
    let (site, now) = site(1);
    let draft = |change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::new("DescribeTelCdr", window(now), now);
        change(&mut draft);
        draft.request()
    };
    assert_eq!(ask(&site, &draft(&|_| ())).0, Verdict::Accepted);
    let all = vec!["content-type", "host", "x-tc-action"];
    assert_eq!(ask(&site, &draft(&|draft| draft.headers = all.clone())).0, Verdict::Accepted);
    assert_eq!(ask(&site, &draft(&|draft| draft.signed -= 300)).0, Verdict::Accepted);
    for (code, change) in [
        ("SignatureFailure", &(|draft: &mut Draft| draft.key = "another") as &dyn Fn(&mut Draft)),
        ("SecretIdNotFound", &|draft| draft.id = "another"),
        ("SignatureExpire", &|draft| draft.signed -= 301),
        ("SignatureExpire", &|draft| draft.signed += 301),
        ("SignatureFailure", &|draft| draft.day = Some("2001-01-01")),
        ("SignatureFailure", &|draft| draft.headers = vec!["host"]),
        ("SignatureFailure", &|draft| draft.headers = vec!["content-type"]),
        ("SignatureFailure", &|draft| draft.headers = vec!["host", "content-type"]),
    ] {
        assert_eq!(refused(&site, &draft(change)), format!("AuthFailure.{code}"));
    }
}

#[test]
fn headers_and_forms() {
    let (site, now) = site(1);
    let request = || Draft::new("DescribeTelCdr", window(now), now).request();
    for (name, value, code) in [
        ("authorization", None, "AuthFailure.InvalidAuthorization"),
        ("authorization", Some("Basic YTpi"), "AuthFailure.InvalidAuthorization"),
        ("authorization", Some("TC3-HMAC-SHA256 a, b, c"), "AuthFailure.InvalidAuthorization"),
        ("host", Some("127.0.0.1:8001"), "AuthFailure.SignatureFailure"),
        ("host", None, "AuthFailure.SignatureFailure"),
        // What some HTTP clients make of the type that was signed.
        ("content-type", Some("application/json; charset=utf-8"), "AuthFailure.SignatureFailure"),
        ("content-type", Some("text/plain"), "AuthFailure.SignatureFailure"),
        ("x-tc-timestamp", None, "MissingParameter"),
        ("x-tc-version", None, "NoSuchVersion"),
        ("x-tc-version", Some("2017-03-12"), "NoSuchVersion"),
        ("x-tc-action", None, "InvalidAction"),
        ("x-tc-action", Some("DescribeEverything"), "InvalidAction"),
    ] {
        let mut request = request();
        request.headers.remove(name);
        if let Some(value) = value {
            request.headers.insert(name, value.parse().expect("a header"));
        }
        assert_eq!(refused(&site, &request), code, "{name}: {value:?}");
    }
    let mut altered = request();
    altered.body = Bytes::from(String::from_utf8_lossy(&altered.body).replace("100", "101"));
    assert_eq!(refused(&site, &altered), "AuthFailure.SignatureFailure");
    let get = Request { method: Method::GET, ..request() };
    assert_eq!(refused(&site, &get), "UnsupportedProtocol");
    let elsewhere = Request { path: "/v1".into(), ..request() };
    assert_eq!(refused(&site, &elsewhere), "UnsupportedProtocol");
}

#[test]
fn parameters_of_records() {
    let (site, now) = site(1);
    let days = |count: i64| count * 24 * 3600;
    let start = now.as_second() - 3600;
    for (name, value, code) in [
        ("SdkAppId", Value::Null, "MissingParameter"),
        ("SdkAppId", json!(SDK_APP_ID + 1), "InvalidParameter.InstanceNotExist"),
        ("SdkAppId", json!(SDK_APP_ID.to_string()), "InvalidParameter"),
        ("StartTimeStamp", Value::Null, "MissingParameter"),
        ("StartTimeStamp", json!(now.as_second() - days(180) - 1), "InvalidParameterValue"),
        ("StartTimeStamp", json!(now.as_second() - days(90)), "InvalidParameterValue"),
        ("EndTimeStamp", Value::Null, "MissingParameter"),
        ("EndTimeStamp", json!(start - 1), "InvalidParameterValue"),
        ("PageSize", Value::Null, "MissingParameter"),
        ("PageSize", json!(101), "InvalidParameterValue"),
        ("PageSize", json!(0), "InvalidParameterValue"),
        ("PageNumber", Value::Null, "MissingParameter"),
        ("PageNumber", json!(-1), "InvalidParameterValue"),
        ("SessionIds", json!("a"), "InvalidParameter"),
        ("SessionIds", json!([1]), "InvalidParameter"),
        ("SessionID", json!("a"), "UnknownParameter"),
    ] {
        let mut body = window(now);
        body[name] = value.clone();
        assert_eq!(refused(&site, &Draft::new("DescribeTelCdr", body, now).request()), code, "{name}: {value}");
    }
    let list = Draft::new("DescribeTelCdr", json!([]), now).request();
    assert_eq!(refused(&site, &list), "InvalidParameter");
}

#[test]
fn parameters_of_sessions_and_new_calls() {
    let (site, now) = site(1);
    for (action, body, code) in [
        ("DescribeTelSession", json!({ "SdkAppId": SDK_APP_ID }), "MissingParameter"),
        ("DescribeTelSession", json!({ "SdkAppId": SDK_APP_ID, "SessionId": 1 }), "InvalidParameter"),
        ("DescribeTelSession", json!({ "SdkAppId": 1, "SessionId": "a" }), "InvalidParameter.InstanceNotExist"),
        ("CreateCallOutSession", json!({ "SdkAppId": SDK_APP_ID, "UserId": "a" }), "MissingParameter"),
        (
            "CreateCallOutSession",
            json!({ "SdkAppId": SDK_APP_ID, "UserId": "a", "Callee": "+447700900123" }),
            "InvalidParameterValue",
        ),
        (
            "CreateCallOutSession",
            json!({ "SdkAppId": SDK_APP_ID, "UserId": "a", "Callee": "00447700900123", "UUI": "x".repeat(1025) }),
            "InvalidParameterValue",
        ),
    ] {
        assert_eq!(refused(&site, &Draft::new(action, body, now).request()), code, "{action}");
    }
    assert_eq!(site.calls(|_| true).len(), 1, "nothing was placed");
}

#[test]
fn above_the_limit_the_vendor_says_so_with_status_200() {
    assert_eq!((TencentCcc.limit("DescribeTelCdr"), TencentCcc.limit("other")), (Some(20), None));
    let answer = TencentCcc.throttled();
    assert_eq!((answer.status, answer.verdict), (StatusCode::OK, Verdict::Refused));
    assert!(answer.body.contains("\"RequestLimitExceeded\""));
}
