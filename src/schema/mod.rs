//! Documents made from the types: JSON Schemas, the HTTP and Kafka interfaces, and reference pages.
//!
//! What is committed under `schemas/` and `docs/` is exactly what these functions return; a test compares them, so a
//! document cannot tell anything else than the program does.

mod asyncapi;
mod config;
#[cfg(test)]
mod evolution;
mod openapi;
mod reference;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::dashboard;
use crate::event::Event;
use crate::source::{self, Sources};

/// A committed document.
pub struct Document {
    /// The arguments of `trunkline` that print it.
    pub command: [&'static str; 2],
    /// The committed file, from the root of the repository.
    pub path: &'static str,
    /// Makes its text.
    pub make: fn() -> String,
}

/// Every generated document.
pub static DOCUMENTS: &[Document] = &[
    Document { command: ["schema", "event"], path: "schemas/event.json", make: || pretty(&event()) },
    Document { command: ["schema", "config"], path: "schemas/config.json", make: || pretty(&config::schema()) },
    Document { command: ["schema", "openapi"], path: "schemas/openapi.json", make: || pretty(&openapi::document()) },
    Document { command: ["schema", "asyncapi"], path: "schemas/asyncapi.json", make: || pretty(&asyncapi::document()) },
    Document { command: ["docs", "configuration"], path: "docs/configuration.md", make: reference::configuration },
    Document { command: ["docs", "metrics"], path: "docs/metrics.md", make: reference::metrics },
    Document { command: ["docs", "answers"], path: "docs/answers.md", make: reference::answers },
    Document { command: ["docs", "vendors"], path: "docs/vendors.md", make: reference::vendors },
    Document {
        command: ["docs", "dashboard-overview"],
        path: "dashboards/overview.json",
        make: || dashboard::json(&dashboard::overview()),
    },
    Document {
        command: ["docs", "dashboard-source"],
        path: "dashboards/source.json",
        make: || dashboard::json(&dashboard::source()),
    },
];

/// The document that `trunkline FIRST SECOND` prints.
pub fn make(command: [&str; 2]) -> Option<String> {
    DOCUMENTS.iter().find(|document| document.command == command).map(|document| (document.make)())
}

/// JSON Schema of the published event, as it is written.
fn event() -> Value {
    event_generator(SchemaSettings::draft2020_12()).into_root_schema_for::<Event>().to_value()
}

/// For the event as it is written: what is left out when empty is not required.
fn event_generator(settings: SchemaSettings) -> SchemaGenerator {
    settings.for_serialize().into_generator()
}

/// One source of every vendor, to ask the vendors how they answer.
fn demo_sources() -> Sources {
    let built = Config::from_toml(&source::demo_settings()).and_then(|config| source::build(&config));
    built.unwrap_or_else(|errors| panic!("the demo settings of a vendor are wrong: {}", errors[0]))
}

/// An object, empty if it is none.
fn object(value: &Value, member: &str) -> Map<String, Value> {
    value.get(member).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// The text of a document. Descriptions are flowed, because the line ends of doc comments mean nothing; the Rust names
/// of number types go, because no other tool knows these formats.
fn pretty(document: &Value) -> String {
    let mut document = document.clone();
    plain(&mut document);
    let mut text = serde_json::to_string_pretty(&document).expect("JSON values can be written");
    text.push('\n');
    text
}

fn plain(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let rust = |format: &str| format.trim_start_matches('u').starts_with("int");
            members.retain(|name, member| name != "format" || !member.as_str().is_some_and(rust));
            if let Some(Value::String(text)) = members.get_mut("description") {
                let paragraphs: Vec<String> = text.split("\n\n").map(flow).collect();
                *text = paragraphs.join("\n\n");
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// One line, unless it is a list.
fn flow(paragraph: &str) -> String {
    if paragraph.starts_with("* ") { paragraph.to_owned() } else { paragraph.replace('\n', " ") }
}

#[cfg(test)]
mod tests;
