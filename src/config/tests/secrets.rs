//! Secrets of a configuration, found by what its schema says of them: a new one takes part by itself.

use serde_json::{Value, json};

use super::*;
use crate::schema;

/// What every secret is here.
const MARKER: &str = "MarkerOfASecretOnlyForTests";

/// One step into a value.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item,
}

fn schema() -> Value {
    let text = schema::make(["schema", "config"]).expect("a document");
    serde_json::from_str(&text).expect("JSON")
}

/// Calls `found` for every part of a schema that has a place in a value of its own, with that place.
fn walk(root: &Value, part: &Value, place: &[Step], found: &mut impl FnMut(&[Step], &Value)) {
    if let Some(name) = part["$ref"].as_str() {
        return walk(root, root.pointer(name.trim_start_matches('#')).expect("a definition"), place, found);
    }
    found(place, part);
    let mut into = |step: Step, part: &Value| walk(root, part, &[place, &[step]].concat(), found);
    for (name, part) in part["properties"].as_object().into_iter().flatten() {
        into(Step::Key(name.clone()), part);
    }
    if part["additionalProperties"].is_object() {
        into(Step::Key("any-name".to_owned()), &part["additionalProperties"]);
    }
    if part["items"].is_object() {
        into(Step::Item, &part["items"]);
    }
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|name| part[name].as_array()).flatten();
    alternatives.for_each(|part| walk(root, part, place, found));
}

/// Every place of a value with its schema: those of the sections, and those of a source of each vendor with its name.
fn places() -> Vec<(Option<&'static str>, Vec<Step>, Value)> {
    let root = schema();
    let mut places = Vec::new();
    walk(&root, &root, &[], &mut |place, part| places.push((None, place.to_vec(), part.clone())));
    for vendor in crate::vendor::REGISTRY {
        let source = &root["$defs"][format!("source-{}", vendor.name())];
        walk(&root, source, &[], &mut |place, part| places.push((Some(vendor.name()), place.to_vec(), part.clone())));
    }
    places
}

fn is_secret(part: &Value) -> bool {
    part["x-classification"] == "secret"
}

/// A value with nothing in it but the marker at `place`.
fn planted(place: &[Step], part: &Value) -> Value {
    place.iter().rev().fold(
        if part["type"] == "object" { json!({ "any.name": MARKER }) } else { json!(MARKER) },
        |inner, step| match step {
            Step::Key(name) => json!({ name: inner }),
            Step::Item => json!([inner]),
        },
    )
}

#[test]
fn no_secret_is_in_a_debug_text_or_a_complaint() {
    let (mut read, mut seen) = (0, 0);
    for (vendor, place, part) in places().into_iter().filter(|(_, _, part)| is_secret(part)) {
        let mut value = planted(&place, &part);
        if value["kafka"]["sasl"].is_object() {
            value["kafka"]["sasl"]["mechanism"] = json!("PLAIN");
            value["kafka"]["sasl"]["username"] = json!("user");
        }
        if let Some(vendor) = vendor {
            value["vendor"] = json!(vendor);
            value = json!({ "sources": { "s": value } });
        }
        let text = toml::to_string(&value).expect("TOML");
        assert!(text.contains(MARKER), "{text}");
        seen += 1;
        let mut told = Vec::new();
        match Config::from_toml(&text) {
            Ok(config) => {
                read += 1;
                told.push(format!("{config:?} {config:#?} {:?}", config.source("s").common()));
                let built = crate::source::build(&config).map(|_| ());
                told.extend(built.err().into_iter().flatten().map(|error| format!("{error} {error:?}")));
            }
            Err(errors) => told.extend(errors.iter().map(|error| format!("{error} {error:?}"))),
        }
        assert!(told.iter().all(|told| !told.contains(MARKER)), "{text} is told: {told:?}");
    }
    assert!(seen >= 40, "there are many secrets: {seen}");
    assert_eq!(read, seen, "each can be read");
}

/// A secret that is put under a wrong key, or written in a wrong form, is not repeated either.
#[test]
fn a_misplaced_secret_is_not_repeated() {
    for (vendor, place, part) in places() {
        // What stands in these is told by design: names of files, topics, sources; and what has to be proven is no secret.
        let Some(Step::Key(name)) = place.iter().rev().find(|step| matches!(step, Step::Key(_))) else { continue };
        let told_by_design = ["file", "sample", "route", "sources", "topic"].iter().any(|word| name.contains(word))
            || place.iter().any(|step| matches!(step, Step::Key(name) if name == "routes"));
        if told_by_design || part["type"] == "object" || part["type"] == "array" || !part["properties"].is_null() {
            continue;
        }
        let mut value = planted(&place, &json!({}));
        if let Some(vendor) = vendor {
            if name != "vendor" {
                value["vendor"] = json!(vendor);
            }
            value = json!({ "sources": { "s": value } });
        }
        let text = toml::to_string(&value).expect("TOML");
        let complaints = Config::from_toml(&text).and_then(|config| crate::source::build(&config).map(|_| ()));
        for complaint in complaints.err().into_iter().flatten() {
            assert!(!format!("{complaint} {complaint:?}").contains(MARKER), "{text} is told: {complaint}");
        }
    }
}

/// Whatever is called a secret is one for its type too, so that nothing can print it.
#[test]
fn what_is_named_like_a_secret_is_one() {
    // Ids that vendors write into every request beside what proves them, settings about secrets, and keys to be pressed.
    const IDS: &[&str] = &["app_key", "access_key", "api_key", "secret_id"];
    const ABOUT: &[&str] = &["credentials_in", "key_presses", "secret_encoding", "token_header", "token_url"];
    for (vendor, place, part) in places() {
        let names: Vec<_> = place
            .iter()
            .filter_map(|step| if let Step::Key(name) = step { Some(name.as_str()) } else { None })
            .collect();
        let Some(name) = names.last() else { continue };
        let sounds = ["secret", "password", "token", "credential", "key"].iter().any(|word| name.contains(word));
        let is_file = name.ends_with("_file") || name.ends_with("_files");
        if sounds
            && !is_file
            && ![IDS, ABOUT].concat().contains(name)
            && part["type"] == "string"
            && part["enum"].is_null()
        {
            assert!(is_secret(&part), "{vendor:?} {} is no `Secret`", names.join("."));
        }
    }
}
