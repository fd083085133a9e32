//! Error codes and statuses.

use super::*;

fn failure(status: u16, body: &str) -> Failure {
    let ccc = with("");
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(&session(1), 60)]);
    inquiry.read(&response(status, body.to_owned()), &context()).expect_err("a failure")
}

#[test]
fn every_code_has_its_class() {
    use FailureClass::{Configuration, Permanent, Retry, Throttled};
    for (code, class) in [
        ("RequestLimitExceeded", Throttled),
        ("RequestLimitExceeded.UinLimitExceeded", Throttled),
        ("InternalError", Retry),
        ("InternalError.DBError", Retry),
        ("FailedOperation", Retry),
        ("FailedOperation.SessionNotExists", Retry),
        ("ResourceNotFound", Retry),
        ("SomethingNew", Retry),
        ("AuthFailure.SignatureExpire", Retry),
        ("AuthFailure.SignatureFailure", Configuration),
        ("AuthFailure.SecretIdNotFound", Configuration),
        ("AuthFailure.InvalidSecretId", Configuration),
        ("AuthFailure.InvalidAuthorization", Configuration),
        ("AuthFailure.TokenFailure", Configuration),
        ("AuthFailure.MFAFailure", Configuration),
        ("AuthFailure.UnauthorizedOperation", Configuration),
        ("UnauthorizedOperation", Configuration),
        ("FailedOperation.PermissionDenied", Configuration),
        ("InvalidParameter.InstanceNotExist", Configuration),
        ("InvalidParameterValue.InstanceNotExist", Configuration),
        ("InvalidParameterValue", Permanent),
        ("InvalidParameter", Permanent),
        ("MissingParameter", Permanent),
        ("LimitExceeded.OutOfCountLimit", Permanent),
        ("InvalidParameterValueOfAnotherKind", Retry),
    ] {
        for status in [200, 400, 401, 500] {
            let failure = failure(status, &error(code));
            assert_eq!(failure.class, class, "{code}: the body says more than status {status}");
            assert!(failure.detail.starts_with(code), "{failure}");
        }
    }
}

#[test]
fn the_fix_is_told() {
    let detail = |code| failure(200, &error(code)).detail.into_owned();
    assert!(detail("AuthFailure.SignatureExpire").contains("clock"));
    assert!(detail("AuthFailure.SecretIdNotFound").contains("api.secret_key_files"));
    assert!(detail("InvalidParameter.InstanceNotExist").contains("api.sdk_app_id"));
}

#[test]
fn the_old_gateway_is_understood() {
    let old = |body: Value| failure(200, &body.to_string());
    let expired = old(json!({"code": 4100, "message": "x", "codeDesc": "AuthFailure.SignatureFailure"}));
    assert_eq!(expired.class, FailureClass::Configuration);
    assert_eq!(old(json!({"code": 4400, "codeDesc": "RequestLimitExceeded"})).class, FailureClass::Throttled);
    let nameless = old(json!({"code": 5000, "message": "008613800000001"}));
    assert_eq!((nameless.class, nameless.detail.as_ref()), (FailureClass::Retry, "unreadable-code"));
}

#[test]
fn statuses_count_where_the_body_says_nothing() {
    for (status, class) in [
        (429, FailureClass::Throttled),
        (503, FailureClass::Retry),
        (404, FailureClass::Permanent),
        (302, FailureClass::Configuration),
        (200, FailureClass::Retry),
    ] {
        for body in ["", "<html>", "{\"Response\":null}", &page(0, &[])] {
            if status != 200 || !body.contains("TotalCount") {
                assert_eq!(failure(status, body).class, class, "{status} {body}");
            }
        }
    }
}

#[test]
fn details_hold_nothing_but_codes() {
    for code in ["+8613800000001", "008613800000001", "called 13800000001", "", "é", &"x".repeat(65)] {
        assert_eq!(failure(200, &error(code)).detail, "unreadable-code", "{code}");
    }
    for error in [json!("008613800000001"), json!({}), json!({"Code": ["x"]}), json!([]), json!(7), json!(false)] {
        let failure = failure(200, &json!({"Response": {"Error": error, "TotalCount": 0}}).to_string());
        assert_eq!((failure.class, failure.detail.as_ref()), (FailureClass::Retry, "unreadable-code"));
    }
    assert!(!failure(200, &error("RequestLimitExceeded")).to_string().contains("138"));
}
