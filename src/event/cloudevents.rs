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
    /// When the delivery was replayed; absent for what came the ordinary way.
    pub const REPLAYED_AT: &str = "trunkline_replayed_at";
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
/// dedup stage passes a first sight on without touching it. `more` are headers of the delivery.
pub fn encode(event: &Event, more: &[(&'static str, String)]) -> Encoded {
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
    headers.extend_from_slice(more);
    // Room for most events, so that the text is not moved while it grows.
    let raw = event.raw.as_ref().map_or(0, |raw| raw.0.get().len());
    let mut value = Vec::with_capacity(1024 + raw);
    serde_json::to_writer(&mut value, event).expect("an event has only string keys and finite numbers");
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::event::tests::sample;
    use crate::event::{EventKey, EventType};

    fn headers(event: &Event) -> HashMap<&'static str, String> {
        encode(event, &[]).headers.into_iter().collect()
    }

    #[test]
    fn every_attribute_is_there_once() {
        let trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
        let headers = encode(&sample(), &[(header::TRACE_PARENT, trace_parent)]).headers;
        let written: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            written,
            [
                "ce_specversion: 1.0",
                "ce_id: 02bf3a2c-63d3-8e92-b097-7425484f88aa",
                "ce_source: /trunkline/nxcloud-callbot/UID-TEST-01",
                "ce_type: trunkline.call.ended.v1",
                "ce_subject: c-1",
                "ce_time: 2024-12-16T10:41:00.000Z",
                "ce_dataschema: urn:trunkline:schema:event:v1",
                "content-type: application/json",
                "ce_partitionkey: nxcloud-callbot/UID-TEST-01/c-1",
                "ce_recordedtime: 2024-12-16T10:41:00.000Z",
                "ce_dataclassification: restricted",
                "trunkline_key: k1-d1b373c773cd29bafbf4257d8d4f74ee",
                "trunkline_revision: 0",
                "trunkline_material: answered-000000",
                "trunkline_channel: callback",
                "trunkline_source: nxcloud-prod",
                "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ]
        );
    }

    #[test]
    fn attribute_names_are_lower_case_letters_and_digits() {
        // The specification allows nothing else after the binding's prefix.
        for (name, value) in encode(&sample(), &[]).headers {
            let attribute = name.strip_prefix("ce_").unwrap_or("x");
            assert!(attribute.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{name}");
            assert_eq!(name, name.to_lowercase());
            assert!(!value.is_empty(), "{name}");
        }
        assert!(!headers(&sample()).contains_key(header::TRACE_PARENT), "no trace, no header");
    }

    #[test]
    fn equal_facts_have_one_id_and_revisions_have_others() {
        let id = |event: &Event| headers(event)[header::ID].clone();
        let repeated = Event { source: "other".to_owned(), outcome: None, ..sample() };
        assert_eq!(id(&sample()), id(&repeated));
        assert_ne!(id(&sample()), id(&Event { revision: 1, ..sample() }));
        let other = EventKey::new("nxcloud-callbot", "UID-TEST-01", EventType::CallEnded, &["c-2"]);
        assert_ne!(id(&sample()), id(&Event { key: other, ..sample() }));
    }

    #[test]
    fn the_source_is_a_uri_reference_whatever_the_account() {
        let event = Event { account: "a/b?c#d%e 张~".to_owned(), ..sample() };
        assert_eq!(headers(&event)["ce_source"], "/trunkline/nxcloud-callbot/a%2Fb%3Fc%23d%25e%20%E5%BC%A0~");
        assert_eq!(encode(&event, &[]).key, "nxcloud-callbot/a/b?c#d%e 张~/c-1", "the record key is the plain text");
    }

    #[test]
    fn the_value_is_the_event() {
        let event = Event { disposition: Some("张三 & co".to_owned()), ..sample() };
        let encoded = encode(&event, &[]);
        assert!(serde_json::from_slice::<Event>(&encoded.value).expect("reads") == event);
        assert_eq!(encoded.key, event.record_key());
    }
}
