use serde_json::{Value, json};

use super::*;
use crate::clock;
use crate::event::{Channel, Instant};
use crate::vendor::{Explain, Inbound, REGISTRY, Unsigned};

/// What every vendor's samples become.
pub(super) fn demo_events() -> Vec<Event> {
    let mut events = Vec::new();
    for source in demo_sources().values() {
        for (kind, body) in source.vendor.demo().samples {
            let kind = source.kind(kind).expect("samples are of a kind");
            let now = clock::now();
            let unsigned = Unsigned { kind, body, now, nonce: "nonce" };
            let Some(signed) = source.adapter.sign(&unsigned) else { continue };
            let headers = signed.headers.iter().map(|(name, value)| {
                let name: http::HeaderName = name.parse().expect("a header name");
                (name, value.parse().expect("a header value"))
            });
            let inbound = Inbound {
                kind,
                method: http::Method::POST,
                query: Some(signed.query.clone()).filter(|query| !query.is_empty()),
                headers: headers.collect(),
                body: signed.body.clone().into(),
            };
            let verified = source.adapter.verify(inbound, now, &mut Explain::off()).expect("verifies");
            let context = source.context(Channel::Callback, Instant::new(now));
            events.extend(source.adapter.normalise(&verified, &context).expect("normalises").events);
        }
    }
    assert!(!events.is_empty());
    events
}

fn complaints(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn toml(text: &str) -> Value {
    toml::from_str(text).expect("TOML")
}

#[test]
fn committed_documents_are_what_the_program_prints() {
    for document in DOCUMENTS {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(document.path);
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == (document.make)(), "{} is stale: run `make generate` and commit it", document.path);
    }
}

#[test]
fn json_schemas_are_valid() {
    for schema in [event(), config::schema()] {
        jsonschema::meta::validate(&schema).expect("valid against its meta-schema");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    }
}

#[test]
fn events_of_every_vendor_fit_the_schema() {
    let schema = event();
    for event in demo_events() {
        let value = serde_json::to_value(&event).expect("serialises");
        assert_eq!(complaints(&schema, &value), [""; 0], "{event:?}");
    }
    assert!(!complaints(&schema, &json!({ "type": "call.ended" })).is_empty());
}

#[test]
fn settings_of_every_vendor_fit_the_schema() {
    let schema = config::schema();
    assert_eq!(complaints(&schema, &toml(&source::demo_settings())), [""; 0]);
    for vendor in REGISTRY {
        let mut config = toml(&source::demo_settings());
        config["sources"][format!("{}-demo", vendor.name())]["uncle"] = json!("bob");
        assert_eq!(complaints(&schema, &config).len(), 1, "{}: an unknown key is refused", vendor.name());
    }
}

#[test]
fn wrong_settings_do_not_fit_the_schema() {
    let schema = config::schema();
    for (text, fits) in [
        ("", true),
        ("http.listen = \"127.0.0.1:0\"\n[kafka.properties]\n\"security.protocol\" = \"ssl\"", true),
        ("[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = \"p\"", true),
        ("[htp]", false),
        ("http.lisen = \"127.0.0.1:0\"", false),
        ("http.max_in_flight = \"many\"", false),
        ("log.format = \"xml\"", false),
        ("[sources.x]", false),
        ("[sources.x]\nvendor = \"nobody\"", false),
        ("[sources.X_Y]\nvendor = \"nxcloud-callbot\"\nuuid = \"u\"", false),
    ] {
        assert_eq!(complaints(&schema, &toml(text)).is_empty(), fits, "{text}");
    }
}

#[test]
fn defaults_are_in_the_configuration_schema() {
    let schema = config::schema();
    for (pointer, default) in [
        ("/$defs/Http/properties/listen/default", json!("0.0.0.0:8080")),
        ("/$defs/Http/properties/max_body_bytes/default", json!(262_144)),
        ("/$defs/Http/properties/trusted_proxies/default", json!([])),
        ("/$defs/Kafka/properties/brokers/default", json!("localhost:9092")),
        ("/$defs/Kafka/properties/properties/default", json!({})),
        ("/$defs/Log/properties/format/default", json!("auto")),
        ("/$defs/Dedup/properties/window_hours/default", json!(72)),
    ] {
        assert_eq!(schema.pointer(pointer), Some(&default), "{pointer}");
    }
}

/// Every `$ref` of a document, with what it leads to.
fn references(root: &Value) -> Vec<(String, bool)> {
    fn walk(value: &Value, root: &Value, found: &mut Vec<(String, bool)>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if let ("$ref", Value::String(target)) = (name.as_str(), member) {
                        let leads = target.strip_prefix('#').is_some_and(|pointer| root.pointer(pointer).is_some());
                        found.push((target.clone(), leads));
                    }
                    walk(member, root, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, root, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found
}

#[test]
fn every_reference_leads_somewhere() {
    for document in [event(), config::schema(), openapi::document(), asyncapi::document()] {
        let found = references(&document);
        assert!(!found.is_empty());
        let lost: Vec<_> = found.into_iter().filter(|(_, leads)| !leads).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }
}

#[test]
fn openapi_has_every_kind_and_what_the_specification_asks_for() {
    let document = openapi::document();
    for vendor in REGISTRY {
        for kind in vendor.kinds() {
            for path in ["/v1/callbacks/{source}", "/v1/callbacks/{source}/{token}"] {
                let operation = &document["paths"][format!("{path}/{}", kind.name)]["post"];
                assert!(operation["description"].as_str().is_some_and(|text| text.contains(vendor.title())), "{path}");
                for code in ["200", "400", "401", "404", "405", "413", "415", "503"] {
                    assert!(!operation["responses"][code].is_null(), "{path} {code}");
                }
                assert!(!operation["responses"]["503"]["headers"]["Retry-After"].is_null());
            }
        }
    }
    let mut operations = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let method = item.get("post").or(item.get("get")).expect("a method");
        assert!(operations.insert(method["operationId"].as_str().expect("an id")), "{path}");
        assert!(method["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{path}");
        let described: Vec<String> = item["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| format!("{{{}}}", parameter["name"].as_str().expect("a name")))
            .collect();
        let templated: Vec<&str> = path.split('/').filter(|part| part.starts_with('{')).collect();
        assert_eq!(described, templated, "{path}");
    }
    let bodies = document["components"]["schemas"].as_object().expect("schemas");
    for (name, schema) in bodies {
        jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn asyncapi_has_every_topic_and_what_the_specification_asks_for() {
    let document = asyncapi::document();
    let topics = crate::kafka::Topics::new(&Config::from_toml("").expect("the default"));
    let all = [topics.all(), vec![&topics.pending, &topics.calls]].concat();
    let channels = document["channels"].as_object().expect("channels");
    for topic in all {
        let channel = channels.values().find(|channel| channel["address"] == topic.name).expect("a channel");
        let binding = &channel["bindings"]["kafka"];
        assert_eq!(binding["partitions"], topic.partitions);
        let kept = topic.settings.iter().find(|(name, _)| *name == "retention.ms").map(|(_, value)| value.clone());
        let written = binding["topicConfiguration"].get("retention.ms").map(ToString::to_string);
        assert_eq!(written, kept);
        assert!(channel["messages"].as_object().is_some_and(|messages| messages.len() == 1));
    }
    for operation in document["operations"].as_object().expect("operations").values() {
        assert!(["send", "receive"].contains(&operation["action"].as_str().expect("an action")));
    }
    let mut payload = document["components"]["schemas"]["Event"].clone();
    payload["components"] = document["components"].clone();
    payload["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    for event in demo_events() {
        assert_eq!(complaints(&payload, &serde_json::to_value(&event).expect("serialises")), [""; 0]);
    }
}
