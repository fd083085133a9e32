//! Requests as they go over the wire.

use trunkline::source::Source;
use trunkline::vendor::{Signed, Unsigned};

/// A POST as it goes over the wire.
pub fn written<'a>(path: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>, body: &str) -> Vec<u8> {
    let headers: String = headers.into_iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}").into()
}

/// A callback of the kind of that name as it goes over the wire, signed as the vendor would, and the body that was signed.
pub fn callback(source: &Source, kind: &str, body: &str, nonce: &str) -> (Vec<u8>, String) {
    let kind = source.kind(kind).expect("a kind of the vendor");
    let unsigned = Unsigned { kind, body, now: jiff::Timestamp::now(), nonce };
    let Signed { query, headers, body } = source.adapter.sign(&unsigned).expect("signed");
    let path = source.secret_path(kind);
    let path = if query.is_empty() { path } else { format!("{path}?{query}") };
    (written(&path, headers.iter().map(|(name, value)| (*name, value.as_str())), &body), body)
}
