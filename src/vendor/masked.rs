//! `Debug` of requests and answers: names and lengths only. A value can be a token, a signature, or a number to call.

use std::fmt;

use http::HeaderMap;

use super::capture::Captured;
use super::poll::{Placed, Request, Response};
use super::{Inbound, Reply, Signed};

/// The names of headers, as often as they are there.
fn names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(http::HeaderName::as_str).collect()
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, names) = (self.kind.name, names(&self.headers));
        write!(f, "Inbound({} of {kind}, headers {names:?}, {} bytes)", self.method, self.body.len())
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Captured({}, headers {:?}, {} bytes)", self.method, names(&self.headers), self.body.len())
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        write!(f, "Signed(headers {names:?}, {} bytes)", self.body.len())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {}, {} bytes)", self.status, self.content_type, self.body.len())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        write!(f, "Request({} for {}, headers {names:?}, {} bytes)", self.method, self.action, self.body.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, headers {:?}, {} bytes)", self.status, names(&self.headers), self.body.len())
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, destination, reference, conversation, task, placed_at, deadline, hinted } = self;
        f.debug_struct("Placed")
            .field("call", call)
            .field("destination", &destination.as_ref().map(|_| "masked"))
            .field("reference", reference)
            .field("conversation", conversation)
            .field("task", task)
            .field("placed_at", placed_at)
            .field("deadline", deadline)
            .field("hinted", hinted)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode};

    use super::*;
    use crate::vendor::REGISTRY;

    const MARKER: &str = "hunter2";

    #[test]
    fn no_value_is_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static(MARKER));
        let pairs = vec![("authorization", MARKER.to_owned())];
        let (text, kind) = (MARKER.to_owned(), &REGISTRY[0].kinds()[0]);
        let (method, status) = (Method::POST, StatusCode::OK);
        let query = Some(text.clone());
        let shown = [
            format!(
                "{:?}",
                Inbound {
                    kind,
                    method: method.clone(),
                    query: query.clone(),
                    headers: headers.clone(),
                    body: text.clone().into()
                }
            ),
            format!(
                "{:?}",
                Captured {
                    method: method.clone(),
                    path: text.clone(),
                    query,
                    headers: headers.clone(),
                    body: text.clone().into()
                }
            ),
            format!("{:?}", Signed { query: text.clone(), headers: pairs.clone(), body: text.clone() }),
            format!("{:?}", Reply { status, content_type: "text/plain", body: text.clone().into() }),
            format!(
                "{:?}",
                Request { action: "token", method, url: text.clone(), headers: pairs, body: text.clone().into() }
            ),
            format!("{:?}", Response { status, headers, body: text.into() }),
        ];
        for text in shown {
            assert!(!text.contains(MARKER) && text.contains("7 bytes"), "{text}");
        }
    }
}
