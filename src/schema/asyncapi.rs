//! AsyncAPI 3.0 of the topics, as they are with the default configuration.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::event_generator;
use crate::config::Config;
use crate::dialer::Placing;
use crate::event::cloudevents::{DATA_SCHEMA, header};
use crate::event::{Channel, Event, EventType, Outcome};
use crate::form;
use crate::kafka::{Topic, Topics};
use crate::reject::{Class, Reason};
use crate::rejected;
use crate::vendor::kept;

/// Version of AsyncAPI's Kafka bindings.
const BINDING: &str = "0.5.0";

/// The document.
pub(super) fn document() -> Value {
    let config = Config::from_toml("").expect("the default configuration is good");
    let topics = Topics::new(&config);
    let channel = |topic: &Topic, message: &str, title: &str, description: &str| {
        json!({
            "address": topic.name,
            "title": title,
            "description": description,
            "messages": { message: { "$ref": format!("#/components/messages/{message}") } },
            "bindings": { "kafka": binding(topic, config.kafka.replication_factor) },
        })
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "trunkline topics",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What trunkline writes to Kafka. Consumers need the channel `events` only. The topics' names \
                            begin with `kafka.topic_prefix`; partitions and settings are those of the defaults.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": { "kafka": {
            "host": "{brokers}",
            "protocol": "kafka",
            "description": "The cluster of `kafka.brokers`.",
            "variables": { "brokers": { "default": config.kafka.brokers } },
        } },
        "channels": {
            "events": channel(&topics.events, "event", "Published events",
                "Every fact once, and again with a higher revision when something material is new. Written in \
                 transactions: read with `isolation.level=read_committed`. All events of one call share a partition."),
            "inbox": channel(&topics.inbox, "observation", "Inbox",
                "Every fact as often as vendors report it, before deduplication. For trunkline itself."),
            "seen": channel(&topics.seen, "memory", "Seen-set",
                "What was published, written in the same transaction: the memory of deduplication. For trunkline itself."),
            "rejected": channel(&topics.rejected, "rejected", "Rejected deliveries",
                "Deliveries that are proven to come from the vendor but are not understood, whole, with the reason. \
                 Bodies hold telephone numbers."),
            "pending": channel(&topics.pending, "waiting", "Pending calls",
                "The calls whose results are asked for, and how far each source has come. For trunkline itself; used when a \
                 source has `poll`."),
            "calls": channel(&topics.calls, "placed", "Placed calls",
                "Dialers may write here which calls they placed, instead of telling it over HTTP; read when a source has \
                 `poll`. Whoever may write here may make trunkline ask about any call."),
        },
        "operations": {
            "publish": operation("send", "events", "event", "Publish each fact once."),
            "ingest": operation("send", "inbox", "observation", "Write what vendors say before they are answered."),
            "decide": operation("receive", "inbox", "observation", "Decide what is new."),
            "remember": operation("send", "seen", "memory", "Remember what was published."),
            "rebuild": operation("receive", "seen", "memory", "Rebuild the memory of a partition."),
            "await": operation("send", "pending", "waiting", "Write down which calls to ask about."),
            "ask": operation("receive", "pending", "waiting", "Know what to ask about."),
            "place": operation("receive", "calls", "placed", "Take over the calls dialers placed."),
            "reject": operation("send", "rejected", "rejected", "Keep what is not understood."),
        },
        "components": { "messages": messages(), "schemas": schemas() },
    })
}

/// A topic's partitions and settings. Numbers are written as such.
fn binding(topic: &Topic, replicas: i32) -> Value {
    let setting = |(name, value): &(&'static str, String)| {
        let value = match *name {
            "cleanup.policy" => json!([value]),
            _ => value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number)),
        };
        ((*name).to_owned(), value)
    };
    json!({
        "topic": topic.name,
        "partitions": topic.partitions,
        "replicas": replicas,
        "topicConfiguration": topic.settings.iter().map(setting).collect::<Map<_, _>>(),
        "bindingVersion": BINDING,
    })
}

fn operation(action: &str, channel: &str, message: &str, summary: &str) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": summary,
        "messages": [{ "$ref": format!("#/channels/{channel}/messages/{message}") }],
    })
}

fn messages() -> Value {
    let event = json!({ "$ref": "#/components/schemas/Event" });
    let subject_key = json!({
        "type": "string",
        "description": "`{vendor}/{account}/{subject}`: keeps the events of one call in order.",
    });
    json!({
        "event": {
            "name": "event",
            "title": "One fact about one call, order or task",
            "contentType": "application/json",
            "description": "CloudEvents 1.0 in binary mode: the attributes are record headers.",
            "headers": event_headers(Written::Event),
            "payload": event,
            "bindings": { "kafka": { "key": subject_key, "bindingVersion": BINDING } },
        },
        "observation": {
            "name": "observation",
            "title": "One fact as a vendor reported it",
            "contentType": "application/json",
            "headers": event_headers(Written::Inbox),
            "payload": event,
            "bindings": { "kafka": { "key": subject_key, "bindingVersion": BINDING } },
        },
        "memory": {
            "name": "memory",
            "title": "The event keys one transaction published",
            "contentType": "application/octet-stream",
            "payload": {
                "type": "string",
                "format": "binary",
                "description": "A version byte, then entries of 27 bytes. Internal: it may change with any release.",
            },
            "bindings": { "kafka": { "bindingVersion": BINDING } },
        },
        "waiting": {
            "name": "waiting",
            "title": "A call somebody waits for, or the progress of a source",
            "contentType": "application/json",
            "payload": { "type": "object", "description": "Internal: it may change with any release." },
            "bindings": { "kafka": {
                "key": {
                    "type": "string",
                    "description": "`call/{vendor}/{account}/{call}`, `hint/{vendor}/{account}/{call}` or \
                                    `progress/{source}`. The partition is chosen by vendor and account.",
                },
                "bindingVersion": BINDING,
            } },
        },
        "placed": {
            "name": "placed",
            "title": "Calls a dialer placed",
            "contentType": "application/json",
            "payload": { "$ref": "#/components/schemas/Placing" },
            "bindings": { "kafka": {
                "key": { "type": "string", "description": "Of no meaning." },
                "bindingVersion": BINDING,
            } },
        },
        "rejected": {
            "name": "rejected",
            "title": "A delivery that is not understood",
            "contentType": "application/octet-stream",
            "headers": rejected_headers(),
            "payload": { "type": "string", "format": "binary", "description": "The body as received." },
            "bindings": { "kafka": {
                "key": { "type": "string", "description": "The configured source." },
                "bindingVersion": BINDING,
            } },
        },
    })
}

/// Where an event is written: the headers differ a little.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    Inbox,
    Event,
}

/// The headers of [`crate::event::cloudevents::encode`], and what the dedup stage changes; a test compares them.
fn event_headers(written: Written) -> Value {
    let types: Vec<String> = EventType::ALL.iter().map(|kind| format!("trunkline.{}.v1", kind.as_str())).collect();
    let mut headers = vec![
        ("ce_specversion", json!({ "const": "1.0" })),
        (header::ID, described("string", "UUIDv8 made of key and revision: the same in every replay.")),
        ("ce_source", described("string", "`/trunkline/{vendor}/{account}`.")),
        ("ce_type", json!({ "enum": types })),
        ("ce_subject", described("string", "What the event is about, as `subject`.")),
        ("ce_time", json!({ "type": "string", "format": "date-time", "description": "When it happened." })),
        ("ce_dataschema", json!({ "const": DATA_SCHEMA })),
        (header::CONTENT_TYPE, json!({ "const": "application/json" })),
        ("ce_partitionkey", described("string", "The record's key.")),
        (
            "ce_recordedtime",
            json!({ "type": "string", "format": "date-time", "description": "When trunkline received it." }),
        ),
        ("ce_dataclassification", json!({ "const": "restricted" })),
        (header::KEY, json!({ "type": "string", "pattern": "^k1-[0-9a-f]{32}$", "description": "As `key`." })),
        (header::REVISION, json!({ "type": "string", "pattern": "^[0-9]+$", "description": "As `revision`." })),
        (header::CHANNEL, json!({ "enum": [Channel::Callback.as_str(), Channel::Poll.as_str()] })),
        (header::SOURCE, described("string", "The configured source.")),
    ];
    headers.push(match written {
        Written::Event => (
            header::INBOX_OFFSET,
            json!({ "type": "string", "pattern": "^[0-9]+$", "description": "Offset of the inbox record." }),
        ),
        Written::Inbox => {
            let outcomes: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
            let pattern = format!("^({})-[0-9a-f]{{6}}$", outcomes.join("|"));
            (header::MATERIAL, json!({ "type": "string", "pattern": pattern, "description": "What could be new." }))
        }
    });
    let required: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let time = |description: &str| json!({ "type": "string", "format": "date-time", "description": description });
    headers.extend([
        (header::TRACE_PARENT, described("string", "W3C trace context of the delivery.")),
        (header::REPLAYED_AT, time("When the delivery was replayed; absent for what came the ordinary way.")),
    ]);
    if written == Written::Inbox {
        headers.extend([
            (form::HEADER, described("string", "Version of the record's form; absent is 1.")),
            (kept::header::KIND, described("string", "The kind of callback; absent for what was asked for.")),
            (kept::header::SENT_AT, time("When the vendor signed the delivery.")),
            (kept::header::QUERY, described("string", "What the query said of the delivery.")),
            (kept::header::RAW, json!({ "const": kept::PART, "description": "`raw` is not the whole body." })),
        ]);
    }
    let object = json!({ "type": "object", "required": required, "properties": Map::from_iter(owned(headers)) });
    object
}

/// The headers written with a delivery that ingest or the dedup stage cannot read.
fn rejected_headers() -> Value {
    let understood = |reason: &&Reason| reason.class() == Class::NotUnderstood;
    let mut reasons: Vec<&str> = Reason::ALL.iter().filter(understood).map(|reason| reason.as_str()).collect();
    reasons.extend([rejected::POISON, rejected::CALLS_INVALID]);
    let headers = vec![
        (
            rejected::REASON,
            json!({ "enum": reasons, "description": "Why; `poison` is an inbox record that trunkline did not write, `calls_invalid` one of the topic `calls`." }),
        ),
        (rejected::DETAIL, described("string", "What to look at. Never a value the sender chose.")),
        (header::SOURCE, described("string", "The configured source; absent for `poison`.")),
        (rejected::VENDOR, described("string", "The vendor; absent for `poison`.")),
        (kept::header::KIND, described("string", "The kind of callback; absent for `poison`.")),
        (
            rejected::RECEIVED_AT,
            json!({ "type": "string", "format": "date-time", "description": "When it came; absent for `poison`." }),
        ),
        (
            kept::header::SENT_AT,
            json!({ "type": "string", "format": "date-time", "description": "When the vendor signed it, if it signs a time." }),
        ),
        (kept::header::QUERY, described("string", "What the query said of the delivery; absent when it said nothing.")),
        (form::HEADER, described("string", "Version of the record's form; absent is 1.")),
        (rejected::ORIGIN, described("string", "`topic/partition/offset` of the record; only for `poison`.")),
    ];
    json!({
        "type": "object",
        "description": "The vendor's own headers that a replay needs are kept under their own names.",
        "required": [rejected::REASON, rejected::DETAIL],
        "properties": Map::from_iter(owned(headers)),
    })
}

fn described(kind: &str, description: &str) -> Value {
    json!({ "type": kind, "description": description })
}

fn owned(members: Vec<(&str, Value)>) -> impl Iterator<Item = (String, Value)> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value))
}

/// The event's schema in draft 7, which AsyncAPI 3.0 understands without an extension.
fn schemas() -> Map<String, Value> {
    let mut generator = event_generator(draft07());
    generator.subschema_for::<Event>();
    let mut schemas = generator.take_definitions(true);
    let mut read = draft07().into_generator();
    read.subschema_for::<Placing>();
    for (name, schema) in read.take_definitions(true) {
        schemas.entry(name).or_insert(schema);
    }
    // With an `$id` of its own, references in it would no longer lead into this document.
    if let Some(event) = schemas.get_mut("Event").and_then(Value::as_object_mut) {
        event.remove("$id");
    }
    schemas
}

fn draft07() -> SchemaSettings {
    SchemaSettings::draft07().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::cloudevents;
    use crate::schema::tests::demo_events;

    #[test]
    fn the_headers_of_the_inbox_are_those_that_are_written() {
        let headers = event_headers(Written::Inbox);
        for event in demo_events() {
            let more = [
                header::TRACE_PARENT,
                header::REPLAYED_AT,
                form::HEADER,
                kept::header::KIND,
                kept::header::SENT_AT,
                kept::header::QUERY,
                kept::header::RAW,
            ];
            let more = more.map(|name| (name, if name == kept::header::RAW { kept::PART } else { "x" }.to_owned()));
            let encoded = cloudevents::encode(&event, &more);
            let written: Map<String, Value> =
                encoded.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            let listed = headers["properties"].as_object().expect("an object");
            assert!(written.keys().eq(listed.keys()), "{:?}", written.keys());
            assert!(jsonschema::is_valid(&headers, &Value::Object(written)));
        }
    }
}
