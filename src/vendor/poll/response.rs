//! A vendor's response, and what its status alone says.

use core::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::{Failure, FailureClass};
use crate::vendor::only_header;

/// A vendor's response to a request.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, whole and decompressed.
    pub body: Bytes,
}

impl Response {
    /// The only value of a header, as text. `None` when absent, repeated or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        only_header(&self.headers, name)
    }

    /// The body as JSON, when the status is a success. Everything else is the failure that HTTP says it is; a vendor whose
    /// error bodies say more looks at them first.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        self.success()?;
        serde_json::from_slice(&self.body)
            .map_err(|_| Failure::retry("the response is not JSON of the documented shape"))
    }

    /// The failure the status stands for, unless it is a success.
    pub fn success(&self) -> Result<(), Failure> {
        if self.status.is_success() {
            return Ok(());
        }
        let class = match self.status {
            StatusCode::TOO_MANY_REQUESTS => FailureClass::Throttled,
            StatusCode::UNAUTHORIZED => FailureClass::Token,
            StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => FailureClass::Configuration,
            // A redirect is not followed: credentials go to the configured address only.
            status if status.is_redirection() => FailureClass::Configuration,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => FailureClass::Retry,
            status if status.is_client_error() => FailureClass::Permanent,
            _ => FailureClass::Retry,
        };
        let detail = format!("HTTP status {}", self.status.as_u16());
        Err(Failure { class, after: self.retry_after(), detail: detail.into() })
    }

    /// `Retry-After` in seconds. Its date form is passed over: it needs a clock, and pauses grow without it too.
    fn retry_after(&self) -> Option<Duration> {
        self.header(header::RETRY_AFTER.as_str())?.trim().parse().ok().map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, retry_after: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.parse().expect("a header"));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        Response { status, headers, body: Bytes::from_static(b"{\"a\":1}") }
    }

    #[test]
    fn statuses_stand_for_classes() {
        let class = |status| response(status, None).success().map_err(|failure| failure.class);
        assert_eq!(class(200), Ok(()));
        assert_eq!(class(204), Ok(()));
        assert_eq!(class(302), Err(FailureClass::Configuration));
        assert_eq!(class(400), Err(FailureClass::Permanent));
        assert_eq!(class(401), Err(FailureClass::Token));
        assert_eq!(class(403), Err(FailureClass::Configuration));
        assert_eq!(class(404), Err(FailureClass::Permanent));
        assert_eq!(class(408), Err(FailureClass::Retry));
        assert_eq!(class(429), Err(FailureClass::Throttled));
        assert_eq!(class(500), Err(FailureClass::Retry));
        assert_eq!(class(503), Err(FailureClass::Retry));
    }

    #[test]
    fn retry_after_is_kept() {
        let after = |text| response(429, Some(text)).success().expect_err("throttled").after;
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(after("-1"), None);
    }

    #[test]
    fn json_is_read_on_success_only() {
        let value = response(200, None).json::<serde_json::Value>().expect("JSON");
        assert_eq!(value["a"], 1);
        assert_eq!(response(200, None).json::<Vec<u8>>().expect_err("another shape").class, FailureClass::Retry);
        assert_eq!(
            response(404, None).json::<serde_json::Value>().expect_err("no success").class,
            FailureClass::Permanent
        );
    }
}
