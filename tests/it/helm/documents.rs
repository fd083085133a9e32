//! What the chart says about itself, and what it has from elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use trunkline::vendor::REGISTRY;

use super::tools::{KUBERNETES, chart, objects, of_kind, rendered, root, same};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON") + "\n"
}

/// The schema of the values: what is written by hand, with the program's own schema at `config`.
fn schema() -> Value {
    let mut config: Value = serde_json::from_str(&read("schemas/config.json")).expect("JSON");
    assert!(keep_secrets_out(&mut config) > 20);
    config["description"] = "The program's configuration, as in docs/configuration.md.".into();
    let mut schema: Value = serde_json::from_str(&read("helm/trunkline/values.schema.json")).expect("JSON");
    schema["properties"]["config"] = config;
    schema
}

/// A ConfigMap is no place for a secret; the message of a refused value shows this text. Returns how many there are.
fn keep_secrets_out(schema: &mut Value) -> usize {
    let advice =
        "no secret: name a file of a Secret by the setting that ends in _file or _files, or set a variable by pod.env";
    if schema["x-classification"] == "secret" && schema["type"] == "string" {
        schema.as_object_mut().expect("a schema").remove("type");
        schema["const"] = advice.into();
        return 1;
    }
    match schema {
        Value::Object(members) => members.values_mut().map(keep_secrets_out).sum(),
        Value::Array(items) => items.iter_mut().map(keep_secrets_out).sum(),
        _ => 0,
    }
}

#[test]
fn the_schema_of_values_holds_the_programs_own() {
    same(&chart().join("values.schema.json"), &pretty(&schema()));
}

#[test]
fn kinds_are_those_of_the_vendors() {
    let kinds = |vendor: &&dyn trunkline::vendor::Vendor| {
        let names: Vec<&str> = vendor.kinds().iter().map(|kind| kind.name).collect();
        (vendor.name(), names)
    };
    let all: BTreeMap<_, _> = REGISTRY.iter().map(kinds).collect();
    same(&chart().join("files/kinds.json"), &pretty(&json!(all)));
}

/// The dashboards of a folder, by name.
fn dashboards(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|entry| entry.expect("an entry").path());
    let json = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    json.map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("readable"))
    })
    .collect()
}

/// The chart has the project's alerts and dashboards, to the byte: a chart cannot reach what is outside of it.
#[test]
fn alerts_and_dashboards_are_the_projects() {
    let stale = "is stale: run `make generate`";
    let due = dashboards(&root().join("dashboards"));
    let found = dashboards(&chart().join("files/dashboards"));
    assert!(!due.is_empty() && due.keys().eq(found.keys()), "{:?} {stale}", found.keys());
    for (name, text) in &due {
        assert!(found[name] == *text, "helm/trunkline/files/dashboards/{name} {stale}");
    }
    let alerts = read("helm/trunkline/files/alerts.yaml");
    assert!(alerts == read("dashboards/alerts.yaml"), "helm/trunkline/files/alerts.yaml {stale}");

    // And so they arrive.
    let rendered = rendered(&chart(), &chart().join("ci/monitoring.yaml"), KUBERNETES[1], &[]);
    let (_, rule) = rendered.split_once("kind: PrometheusRule\n").expect("a rule");
    let (_, spec) = rule.split_once("\nspec:\n").expect("a spec");
    let lines = spec.lines().take_while(|line| *line != "---");
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    assert_eq!(lines.join("\n").trim_end(), alerts.trim_end());
    let all = objects(&rendered);
    for map in of_kind(&all, "ConfigMap").iter().filter(|map| map["metadata"]["labels"]["grafana_dashboard"] == "1") {
        let (name, text) = map["data"].as_object().and_then(|data| data.iter().next()).expect("one each");
        assert_eq!(text.as_str(), due.get(name).map(String::as_str), "{name}");
    }
}

#[test]
fn the_chart_is_made_for_this_program() {
    let chart: Value = serde_saphyr::from_str(&read("helm/trunkline/Chart.yaml")).expect("YAML");
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    let oldest = KUBERNETES[0].rsplit_once('.').expect("a version").0;
    assert_eq!(chart["kubeVersion"], format!(">={oldest}.0-0"));
}

/// The values the README shows, one block on top of the other.
#[test]
fn the_values_of_the_readme_render() {
    let readme = read("helm/trunkline/README.md");
    let blocks: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["first.yaml", "second.yaml"].map(|name| folder.path().join(name));
    for (file, block) in files.iter().zip(blocks) {
        fs::write(file, block).expect("written");
    }
    let more = ["--values", files[1].to_str().expect("UTF-8")];
    let objects = objects(&rendered(&chart(), &files[0], KUBERNETES[1], &more));
    assert_eq!(of_kind(&objects, "Ingress").len(), 1);
    let toml = of_kind(&objects, "ConfigMap")[0]["data"]["trunkline.toml"].as_str().expect("text");
    for line in
        ["password_file = \"/run/secrets/kafka-user/password\"", "public_url = \"https://callbacks.example.com\""]
    {
        assert!(toml.contains(line), "{toml}");
    }
}

/// One value of the chart.
struct Documented {
    key: String,
    kind: String,
    default: Value,
    meaning: String,
}

/// Every value of a schema, and the defaults they add up to.
fn walk(key: &str, schema: &Value, all: &mut Vec<Documented>) -> Value {
    let meaning = schema["description"].as_str().unwrap_or_else(|| panic!("{key} has no description")).to_owned();
    if let (Some(properties), None) = (schema["properties"].as_object(), schema.get("default")) {
        assert_eq!(schema["additionalProperties"], false, "{key} takes what it does not know");
        all.push(Documented { key: key.to_owned(), kind: String::new(), default: Value::Null, meaning });
        let inner = properties.iter().map(|(name, schema)| (name.clone(), walk(&format!("{key}.{name}"), schema, all)));
        let inner: Map<String, Value> = inner.filter(|(_, default)| !default.is_null()).collect();
        return inner.into();
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        kinds => kinds.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
    };
    let default = schema["default"].clone();
    all.push(Documented { key: key.to_owned(), kind, default: default.clone(), meaning });
    default
}

/// The table of values in the chart's README is made of the schema, whose defaults are those of values.yaml.
#[test]
fn the_readme_lists_every_value() {
    let schema = schema();
    let mut values: Value = serde_saphyr::from_str(&read("helm/trunkline/values.yaml")).expect("YAML");
    let config = values.as_object_mut().expect("a table").remove("config").expect("there");
    let mut all = Vec::new();
    let mut defaults = Map::new();
    for (name, schema) in schema["properties"].as_object().expect("properties") {
        if name == "config" {
            all.push(Documented {
                key: name.clone(),
                kind: "object".to_owned(),
                default: config.clone(),
                meaning: schema["description"].as_str().expect("text").to_owned(),
            });
        } else if name != "global" {
            defaults.insert(name.clone(), walk(name, schema, &mut all));
        }
    }
    assert_eq!(values, Value::from(defaults), "values.yaml and the defaults of values.schema.json differ");

    let mut table = "| value | type | default | meaning |\n|---|---|---|---|\n".to_owned();
    for Documented { key, kind, default, meaning } in &all {
        let default = if default.is_null() { String::new() } else { format!("`{default}`") };
        writeln!(table, "| `{key}` | {kind} | {} | {} |", default.replace('|', "\\|"), meaning.replace('|', "\\|"))
            .expect("text");
    }
    let readme = read("helm/trunkline/README.md");
    let (begin, end) = ("<!-- values: made by `make helm-goldens` -->\n", "<!-- end of values -->\n");
    let (before, rest) = readme.split_once(begin).expect("a place for the table");
    let (_, after) = rest.split_once(end).expect("an end of it");
    same(&chart().join("README.md"), &format!("{before}{begin}\n{table}\n{end}{after}"));
}
