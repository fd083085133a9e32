//! The one place where a reason becomes an HTTP answer: RFC 9457 problem details.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Ingest;
use crate::dialer::Complaint;
use crate::reject::{Class, Reason};

/// Status of the answer to a delivery refused for `reason`. Never a redirect, never 410: some vendors switch a URL off
/// for ever on those.
pub fn status(reason: Reason) -> StatusCode {
    match (reason.class(), reason) {
        (Class::NotFound, _) => StatusCode::NOT_FOUND,
        (_, Reason::MethodNotAllowed) => StatusCode::METHOD_NOT_ALLOWED,
        (_, Reason::ContentType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (_, Reason::BodyTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        (Class::Unacceptable, _) => StatusCode::BAD_REQUEST,
        (Class::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        // Kept in the rejected topic: a repetition cannot help.
        (Class::NotUnderstood, _) => StatusCode::OK,
        (Class::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `type` and `title` of the problem body for `reason`. All failures of authentication read the same: which check failed
/// is in the metrics and logs, not for the caller.
pub fn problem(reason: Reason) -> (String, &'static str) {
    let (name, title) = match reason.class() {
        Class::Unauthenticated => ("unauthenticated", "The request is not proven to come from the vendor."),
        _ => (reason.as_str(), reason.meaning()),
    };
    (format!("urn:trunkline:problem:{name}"), title)
}

pub(super) fn response(reason: Reason) -> Response {
    let (name, title) = problem(reason);
    let status = status(reason);
    let body = serde_json::json!({
        "type": name,
        "title": title,
        "status": status.as_u16(),
    });
    let mut response = (status, body.to_string()).into_response();
    set(&mut response, header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if reason == Reason::MethodNotAllowed {
        set(&mut response, header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// The answer to a request that is no delivery and is refused for `reason`.
pub(super) fn refusal(ingest: &Ingest, reason: Reason) -> Response {
    let mut response = response(reason);
    if reason.class() == Class::Unavailable {
        set(&mut response, header::RETRY_AFTER, ingest.retry_after());
    }
    response
}

/// The answer to a dialer whose request cannot be used.
pub(super) fn complaint(complaint: &Complaint) -> Response {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let body = serde_json::json!({
        "type": "urn:trunkline:problem:calls_invalid",
        "title": "The request does not say which calls were placed.",
        "status": status.as_u16(),
        "detail": complaint.to_string(),
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

fn set(response: &mut Response, name: HeaderName, value: HeaderValue) {
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_status() {
        let table: Vec<_> = Reason::ALL.iter().map(|reason| (reason.as_str(), status(*reason).as_u16())).collect();
        assert_eq!(
            table,
            [
                ("source_unknown", 404),
                ("kind_unknown", 404),
                ("address_not_allowed", 401),
                ("path_token_wrong", 401),
                ("credentials_wrong", 401),
                ("method_not_allowed", 405),
                ("content_type", 415),
                ("body_too_large", 413),
                ("body_incomplete", 400),
                ("header_missing", 401),
                ("header_invalid", 401),
                ("account_mismatch", 401),
                ("signature_mismatch", 401),
                ("stale", 401),
                ("body_not_json", 200),
                ("field_missing", 200),
                ("field_invalid", 200),
                ("not_handled", 200),
                ("event_too_large", 200),
                ("rate_limited", 503),
                ("overloaded", 503),
                ("kafka_unavailable", 503),
                ("kafka_away", 503),
                ("spool_full", 503),
                ("spool_failed", 503),
            ]
        );
    }
}
