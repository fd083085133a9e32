//! CloudEvents 1.0, Kafka protocol binding, binary mode: the event is the record's value, its context
//! attributes are record headers. See <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>.

use super::Event;

/// `ce_dataschema` of every event of schema version 1.
pub const DATA_SCHEMA: &str = "urn:trunkline:schema:event:v1";

/// Names of the headers, in the order they are written.
pub mod header {
    /// Media type of the value.
    pub const CONTENT_TYPE: &str = "content-type";
    /// CloudEvents id: UUIDv8 made from key and revision.
    pub const ID: &str = "ce_id";
    /// Identity of the fact.
    pub const KEY: &str = "trunkline_key";
    /// Number of the revision.
    pub const REVISION: &str = "trunkline_revision";
    /// What makes a second sight different; only between ingest and dedup.
    pub const MATERIAL: &str = "trunkline_material";
    /// How the event reached trunkline: `callback` or `poll`.
    pub const CHANNEL: &str = "trunkline_channel";
    /// The configured source.
    pub const SOURCE: &str = "trunkline_source";
    /// Offset of the inbox record the event was made from: proves the order.
    pub const INBOX_OFFSET: &str = "trunkline_in_offset";
    /// W3C trace context.
    pub const TRACE_PARENT: &str = "traceparent";
}

/// The value and headers of an event as published.
pub struct Encoded {
    /// Key of the Kafka record.
    pub key: String,
    /// The event as JSON.
    pub value: Vec<u8>,
    /// Record headers.
    pub headers: Vec<(&'static str, String)>,
}

/// `ce_type` of an event: breaking changes of the schema get a new suffix.
pub fn ce_type(event: &Event) -> String {
    format!("trunkline.{}.v1", event.event_type.as_str())
}

/// Writes `event` for the inbox. Apart from [`header::MATERIAL`] the headers are those consumers see, so that the
/// dedup stage passes a first sight on without touching it.
pub fn encode(event: &Event, trace_parent: Option<&str>) -> Encoded {
    let key = event.record_key();
    let mut headers = vec![
        ("ce_specversion", "1.0".to_owned()),
        (header::ID, event.key.id(event.revision).to_string()),
        ("ce_source", format!("/trunkline/{}/{}", event.vendor, uri_segment(&event.account))),
        ("ce_type", ce_type(event)),
        ("ce_subject", event.subject.clone()),
        ("ce_time", event.occurred_at.to_string()),
        ("ce_dataschema", DATA_SCHEMA.to_owned()),
        (header::CONTENT_TYPE, "application/json".to_owned()),
        ("ce_partitionkey", key.clone()),
        ("ce_recordedtime", event.received_at.to_string()),
        ("ce_dataclassification", "restricted".to_owned()),
        (header::KEY, event.key.to_string()),
        (header::REVISION, event.revision.to_string()),
        (header::MATERIAL, event.material().to_string()),
        (header::CHANNEL, event.channel.as_str().to_owned()),
        (header::SOURCE, event.source.clone()),
    ];
    if let Some(trace_parent) = trace_parent {
        headers.push((header::TRACE_PARENT, trace_parent.to_owned()));
    }
    let value = serde_json::to_vec(event).expect("an event has only string keys and finite numbers");
    Encoded { key, value, headers }
}

/// Percent-encodes what may not stand in a path segment of a URI reference.
fn uri_segment(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}
