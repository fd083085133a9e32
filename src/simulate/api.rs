//! Requests to a simulated vendor, and its answers, as plain values.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

/// A request to a vendor's API.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path below the vendor's base URL, beginning with a slash.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it came.
    pub now: Timestamp,
}

impl Request {
    /// The only value of a header; `None` when it is absent, there twice, or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The media type without parameters, lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The token of `Authorization: Bearer TOKEN`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// The body as a JSON object.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok().filter(Value::is_object)
    }

    /// A field of a form-encoded body, or of the query, decoded.
    pub fn form(&self, name: &str) -> Option<String> {
        field(std::str::from_utf8(&self.body).ok()?, name)
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        field(&self.query, name)
    }
}

/// The value of the only field `name` in `application/x-www-form-urlencoded` text.
fn field(text: &str, name: &str) -> Option<String> {
    let mut found = text.split('&').filter_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key)? == name).then_some(value)
    });
    match (found.next(), found.next()) {
        (Some(value), None) => decode(value),
        _ => None,
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// What became of a request, for the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was as the vendor wants it. That the vendor has no result yet is an answer, too.
    Accepted,
    /// The vendor said no for a reason of its own: an outage, its rate limit, a token that is too old.
    Refused,
    /// It was not as the vendor documents it: a wrong signature, a missing header, a field of the wrong type. Says which,
    /// without any value of the request.
    Violation(&'static str),
}

/// A vendor's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What became of the request.
    pub verdict: Verdict,
    /// HTTP status.
    pub status: StatusCode,
    /// Headers beside the content type.
    pub headers: Vec<(&'static str, String)>,
    /// Media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn new(verdict: Verdict, status: StatusCode, body: String) -> Self {
        Self { verdict, status, headers: Vec::new(), content_type: "application/json", body }
    }

    /// Status 200 with a JSON body.
    pub fn ok(body: &Value) -> Self {
        Self::new(Verdict::Accepted, StatusCode::OK, body.to_string())
    }

    /// A no of the vendor's own.
    pub fn refused(status: StatusCode, body: &Value) -> Self {
        Self::new(Verdict::Refused, status, body.to_string())
    }

    /// A no to a request the vendor documents otherwise; `what` was wrong with it.
    pub fn violation(what: &'static str, status: StatusCode, body: &Value) -> Self {
        Self::new(Verdict::Violation(what), status, body.to_string())
    }

    /// The same with another status: vendors that say no with 200, or yes with 201.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What a gateway says when the vendor behind it is away.
    pub(super) fn unavailable() -> Self {
        let body = "<html><body><h1>503 Service Unavailable</h1></body></html>".to_owned();
        let content_type = "text/html";
        Self { content_type, ..Self::new(Verdict::Refused, StatusCode::SERVICE_UNAVAILABLE, body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_fields_are_decoded_and_must_be_unique() {
        let of = |text: &str, name: &str| field(text, name);
        assert_eq!(of("a=1&scope=x%3Ay+z&b", "scope").as_deref(), Some("x:y z"));
        assert_eq!(of("a=1&b", "b").as_deref(), Some(""));
        assert_eq!(of("a=%e4%bd%a0", "a").as_deref(), Some("你"));
        for broken in ["a=1&a=2", "a=%4", "a=%zz", "a=%ff", "b=1", ""] {
            assert_eq!(of(broken, "a"), None, "{broken}");
        }
    }
}
