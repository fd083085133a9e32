//! The rule of evolution: whoever reads events with an older schema of the same version goes on reading.
//!
//! Within a version members and enumerated values are only added, and what is added is optional. The schemas that were
//! published stand in `schemas/published`.

use serde_json::Value;

/// Keywords that say nothing about which events are valid.
const NOTES: &[&str] = &["description", "title", "x-classification", "$schema", "$defs"];

/// What `new` changes against `old` that a reader of `old` would trip over; each line names the place.
fn incompatible(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(&Pair { old, new }, old, new, "event", &mut found);
    found
}

/// The documents, for their references.
struct Pair<'a> {
    old: &'a Value,
    new: &'a Value,
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or(&Value::Null),
        None => schema,
    }
}

fn compare(documents: &Pair<'_>, old: &Value, new: &Value, place: &str, found: &mut Vec<String>) {
    let (old, new) = (resolve(documents.old, old), resolve(documents.new, new));
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        if old != new {
            found.push(format!("{place}: {old} became {new}"));
        }
        return;
    };
    let none = Value::Null;
    let keywords = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
    for keyword in keywords.filter(|name| !NOTES.contains(&name.as_str()) && *name != "$ref") {
        let (before, after) = (old.get(keyword).unwrap_or(&none), new.get(keyword).unwrap_or(&none));
        match keyword.as_str() {
            "properties" => {
                for (name, schema) in before.as_object().into_iter().flatten() {
                    match after.get(name) {
                        Some(now) => compare(documents, schema, now, &format!("{place}.{name}"), found),
                        None => found.push(format!("{place}.{name} is gone")),
                    }
                }
            }
            "items" => compare(documents, before, after, &format!("{place}[]"), found),
            "required" => {
                let names = |list: &Value| -> Vec<String> {
                    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
                    names.map(str::to_owned).collect()
                };
                let (before, after) = (names(before), names(after));
                let gone = before.iter().filter(|name| !after.contains(name));
                found.extend(gone.map(|name| format!("{place}.{name} is no longer required")));
                // Events that are in the topic already lack it.
                let fresh = after.iter().filter(|name| !before.contains(name));
                found.extend(fresh.map(|name| format!("{place}.{name} is required now")));
            }
            "oneOf" | "anyOf" => variants(documents, before, after, place, found),
            _ if before != after => found.push(format!("{place}: {keyword} {before} became {after}")),
            _ => {}
        }
    }
}

/// Enumerated values may be added; everything else has to stay, in the same order.
fn variants(documents: &Pair<'_>, old: &Value, new: &Value, place: &str, found: &mut Vec<String>) {
    let list = |schema: &Value| schema.as_array().cloned().unwrap_or_default();
    let is_value = |schema: &Value| schema.get("const").is_some();
    let (old, new) = (list(old), list(new));
    for value in old.iter().filter(|schema| is_value(schema)) {
        if !new.iter().any(|schema| schema.get("const") == value.get("const")) {
            found.push(format!("{place}: the value {} is gone", value["const"]));
        }
    }
    let rest = |schemas: &[Value]| -> Vec<Value> { schemas.iter().filter(|one| !is_value(one)).cloned().collect() };
    let (old, new) = (rest(&old), rest(&new));
    if old.len() != new.len() {
        found.push(format!("{place}: {} variants became {}", old.len(), new.len()));
    }
    old.iter().zip(&new).for_each(|(old, new)| compare(documents, old, new, place, found));
}

mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    #[test]
    fn readers_of_published_schemas_go_on_reading() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/published");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let old: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect("readable")).expect("JSON");
            let new: Value = serde_json::from_str(&super::super::pretty(&super::super::event())).expect("JSON");
            let found = incompatible(&old, &new);
            assert!(
                found.is_empty(),
                "not compatible with {}: {found:#?}\nTo fix it: add instead of changing, or make a new schema version.",
                path.display()
            );
            files += 1;
        }
        assert!(files > 0, "the published schemas are there");
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": { "$ref": "#/$defs/Kind" },
                "size": { "type": ["integer", "null"], "minimum": 0 },
                "parts": { "type": "array", "items": { "type": "string" } },
            },
            "$defs": { "Kind": { "oneOf": [{ "const": "a", "type": "string" }, { "const": "b", "type": "string" }] } },
        })
    }

    #[test]
    fn additions_are_compatible() {
        let mut new = schema();
        new["properties"]["note"] = json!({ "type": "string" });
        new["properties"]["size"]["description"] = json!("in bytes");
        let values = new["$defs"]["Kind"]["oneOf"].as_array_mut().expect("a list");
        values.push(json!({ "const": "c", "type": "string" }));
        assert_eq!(incompatible(&schema(), &new), [""; 0]);
    }

    #[test]
    fn every_other_change_is_refused_with_its_place() {
        type Change = fn(&mut Value);
        let changes: [(Change, &str); 9] = [
            (|new| drop(new["properties"].as_object_mut().expect("an object").remove("size")), "event.size is gone"),
            (|new| new["required"] = json!([]), "event.kind is no longer required"),
            (|new| new["required"] = json!(["kind", "size"]), "event.size is required now"),
            (|new| new["properties"]["size"]["type"] = json!("integer"), "event.size: type"),
            (|new| new["properties"]["size"]["minimum"] = json!(1), "event.size: minimum"),
            (|new| new["properties"]["size"]["maximum"] = json!(9), "event.size: maximum"),
            (|new| new["properties"]["parts"]["items"]["type"] = json!("integer"), "event.parts[]: type"),
            (|new| new["$defs"]["Kind"]["oneOf"] = json!([{ "const": "b" }]), "event.kind: the value \"a\" is gone"),
            (|new| new["additionalProperties"] = json!(false), "event: additionalProperties"),
        ];
        for (change, expected) in changes {
            let mut new = schema();
            change(&mut new);
            let found = incompatible(&schema(), &new);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{expected}: {found:?}");
        }
    }
}
