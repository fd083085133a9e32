use std::path::Path;

use rdkafka::Timestamp;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

use super::*;

/// When the records of the fixtures were received.
pub(crate) const RECEIVED: i64 = 1_734_345_678_000;

/// A record of `tests/fixtures/records/v1`, as Kafka gives it: lines of headers (the first is the key), a blank line, the
/// value. These files are never changed: they stand for what deployments hold.
pub(crate) fn golden(name: &str) -> OwnedMessage {
    message(&text(name))
}

pub(crate) fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records/v1").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// That `text` is the golden record, byte for byte.
pub(crate) fn assert_golden(name: &str, content: &str) {
    assert_eq!(content, text(name), "{name}");
}

/// The same of a text.
pub(crate) fn message(text: &str) -> OwnedMessage {
    let (head, value) = text.split_once("\n\n").expect("a blank line");
    let mut lines = head.lines().map(|line| line.split_once(": ").expect("name: value"));
    let key = lines.next().map(|(_, key)| key.as_bytes().to_vec());
    let headers =
        lines.fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
    let value = Some(value.as_bytes().to_vec()).filter(|value| !value.is_empty());
    OwnedMessage::new(value, key, "topic".to_owned(), Timestamp::CreateTime(RECEIVED), 0, 7, Some(headers))
}

/// A record as text, to be compared with a file.
pub(crate) fn written(key: &str, headers: &[(&'static str, String)], value: &[u8]) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("key: {key}\n{headers}\n{}", std::str::from_utf8(value).expect("UTF-8"))
}

/// The same record with a version in its header.
pub(crate) fn versioned(text: &str, version: &str) -> OwnedMessage {
    let (head, value) = text.split_once("\n\n").expect("a blank line");
    message(&format!("{head}\n{HEADER}: {version}\n\n{value}"))
}

#[test]
fn no_version_is_version_1() {
    assert_eq!(of_header(None), Ok(None));
    assert_eq!(of_header(Some("1")), Ok(None));
    assert_eq!(of_header(Some("2")), Ok(Some(Newer(2))));
    for nonsense in ["", "0", "-1", "1.0", "two", "99999999999"] {
        assert_eq!(of_header(Some(nonsense)), Err(Nonsense), "{nonsense}");
    }
}

#[test]
fn the_member_counts_in_json_objects_only() {
    assert_eq!(of_json(br#"{"call":"c-1","format":7}"#), Some(Newer(7)));
    for read in [&br#"{"format":1}"#[..], br#"{"a":{"format":9}}"#, b"{}", b"[2]", b"2", b"", b"\xff", b"{\"format\":2"]
    {
        assert_eq!(of_json(read), None, "{}", String::from_utf8_lossy(read));
    }
}

mod golden;
