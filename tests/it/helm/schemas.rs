//! JSON Schemas for kubeconform, from the API documents of Kubernetes and the definitions of custom resources.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::tools::tools;

/// How kubeconform finds the schema of an object in a folder that [`write`] filled.
pub const LOCATION: &str = "{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json";

/// Writes the schemas of one version of Kubernetes. They are strict: a key that is not documented is an error.
pub fn write(kubernetes: &str, folder: &Path) {
    let document = fs::read(tools().join(format!("kubernetes-{kubernetes}.json"))).expect("fetched");
    let mut document: Value = serde_json::from_slice(&document).expect("JSON");
    let definitions = document["definitions"].as_object_mut().expect("definitions");
    for (name, schema) in definitions.iter_mut() {
        match name.rsplit('.').next() {
            Some("IntOrString") => *schema = json!({"type": ["integer", "string"]}),
            Some("Quantity") => *schema = json!({"type": ["number", "string"]}),
            _ => close(schema),
        }
        for object in schema["x-kubernetes-group-version-kind"].as_array().into_iter().flatten() {
            let reference = json!({"$ref": format!("_definitions.json#/definitions/{name}")});
            put(folder, object, &reference);
        }
    }
    fs::write(folder.join("_definitions.json"), json!({ "definitions": definitions }).to_string()).expect("written");

    for file in fs::read_dir(tools().join("crds")).expect("fetched") {
        let text = fs::read_to_string(file.expect("an entry").path()).expect("readable");
        let resource: Value = serde_saphyr::from_str(&text).expect("YAML");
        for version in resource["spec"]["versions"].as_array().expect("versions") {
            let mut schema = version["schema"]["openAPIV3Schema"].clone();
            close(&mut schema);
            let spec = &resource["spec"];
            let object = json!({"group": spec["group"], "version": version["name"], "kind": spec["names"]["kind"]});
            put(folder, &object, &schema);
        }
    }
}

fn put(folder: &Path, object: &Value, schema: &Value) {
    let text = |name: &str| object[name].as_str().expect("text");
    let version = text("version");
    // As kubeconform has it: the core group is called by its version.
    let group = Some(text("group")).filter(|group| !group.is_empty()).unwrap_or(version);
    let name = format!("{group}_{version}_{}.json", text("kind").to_lowercase());
    fs::write(folder.join(name), schema.to_string()).expect("written");
}

/// Refuses what is not documented, in a schema and in those within it.
fn close(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    let open = schema.get("x-kubernetes-preserve-unknown-fields").is_some_and(|keep| keep == true);
    if schema.contains_key("properties") && !open && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    for (_, property) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        close(property);
    }
    for name in ["items", "additionalProperties"] {
        schema.get_mut(name).into_iter().for_each(close);
    }
}
