//! JSON Schema of the configuration file: the sections, and for each source what its vendor asks for.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Value, json};

use super::object;
use crate::config::{Sections, Source};
use crate::vendor::{REGISTRY, Vendor};

/// The whole configuration. Secrets are texts.
pub(super) fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let vendors: Vec<(&str, Value)> =
        REGISTRY.iter().map(|vendor| (vendor.name(), source(*vendor, &mut generator))).collect();
    let mut root = generator.into_root_schema_for::<Sections>().to_value();
    root["$id"] = json!("urn:trunkline:schema:config:v1");
    root["title"] = json!("trunkline configuration");
    root["description"] = json!(
        "The TOML file of `--config`. A variable `TRUNKLINE__SECTION__KEY` overrides each key. Every member that is \
         left out has the default given here."
    );
    root["properties"]["sources"] = json!({
        "description": "The configured entry points, by name (`[sources.nxcloud-prod]`).",
        "type": "object",
        "propertyNames": { "pattern": "^[a-z0-9-]{1,64}$" },
        "additionalProperties": { "$ref": "#/$defs/AnySource" },
    });
    let names: Vec<&str> = vendors.iter().map(|(name, _)| *name).collect();
    // If-then instead of one-of: an editor then shows what is wrong for the vendor that is written there.
    let branches: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "if": { "properties": { "vendor": { "const": name } }, "required": ["vendor"] },
                "then": { "$ref": format!("#/$defs/source-{name}") },
            })
        })
        .collect();
    root["$defs"]["AnySource"] = json!({
        "description": "One configured entry point: what all sources have in common, and what the vendor asks for.",
        "type": "object",
        "properties": { "vendor": { "enum": names } },
        "required": ["vendor"],
        "allOf": branches,
    });
    for (name, schema) in vendors {
        root["$defs"][format!("source-{name}")] = schema;
    }
    for_toml(&mut root);
    root
}

/// What all sources have in common.
pub(super) fn common() -> Value {
    let mut schema = schemars::schema_for!(Source).to_value();
    for_toml(&mut schema);
    schema
}

/// The common keys and the vendor's own, merged: `additionalProperties` sees only what stands beside it.
fn source(vendor: &dyn Vendor, generator: &mut SchemaGenerator) -> Value {
    let own = vendor.settings_schema(generator).to_value();
    let mut properties = object(&Source::json_schema(generator).to_value(), "properties");
    properties.extend(object(&own, "properties"));
    properties.insert(
        "vendor".to_owned(),
        json!({ "const": vendor.name(), "description": format!("{}, see <{}>.", vendor.title(), vendor.docs()) }),
    );
    let mut required = vec![json!("vendor")];
    required.extend(own.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
    let mut merged = own;
    merged["title"] = json!(vendor.title());
    merged["description"] = json!(format!("A source of {}.", vendor.title()));
    merged["type"] = json!("object");
    merged["properties"] = properties.into();
    merged["required"] = required.into();
    merged["additionalProperties"] = json!(false);
    merged
}

/// What the types say about absent values, in the words of a TOML file: there is no `null`, and a list that may be left
/// out is empty. (Lists of secrets have no default of their own, because secrets cannot be written.)
fn for_toml(value: &mut Value) {
    match value {
        Value::Object(schema) => {
            schema.retain(|name, member| name != "default" || !member.is_null());
            if let Some(Value::Array(types)) = schema.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    schema.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") {
                alternatives.retain(|alternative| alternative["type"] != "null");
                if let [Value::Object(one)] = alternatives.as_slice() {
                    let one = one.clone();
                    schema.remove("anyOf");
                    schema.extend(one);
                }
            }
            let required = schema.get("required").cloned().unwrap_or_default();
            let optional = |name: &str| required.as_array().is_none_or(|names| names.iter().all(|other| other != name));
            for (name, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
                if property["type"] == "array" && property.get("default").is_none() && optional(name) {
                    property["default"] = json!([]);
                }
            }
            schema.values_mut().for_each(for_toml);
        }
        Value::Array(items) => items.iter_mut().for_each(for_toml),
        _ => {}
    }
}
