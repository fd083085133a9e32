//! A configuration with slips in it: a complaint for each, and no secret in any of them.

use toml::{Table, Value};
use trunkline::config::Config;
use trunkline::kafka::client_config;
use trunkline::source::{Sources, build, demo_settings};
use trunkline::vendor::{Explain, Unsigned};
use trunkline::{schema, simulate};

use super::subject::now;

/// What every secret of the seeds is: Base64, and a path token.
const SECRET: &str = "FuzzSecretMarker";

/// TOML.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Files that never end, or hold something of this machine.
    if ["/dev", "/proc", "/sys"].iter().any(|folder| text.contains(folder)) {
        return;
    }
    let mut told = Vec::new();
    match Config::from_toml(text) {
        Ok(config) => {
            told.push(format!("{config:?}"));
            told.extend(client_config(&config).err().map(|complaint| complaint.to_string()));
            match build(&config) {
                Ok(sources) => told.extend(check_sources(&sources)),
                Err(complaints) => told.extend(complaints.iter().map(ToString::to_string)),
            }
        }
        Err(complaints) => {
            assert!(!complaints.is_empty(), "a refusal has a reason");
            told.extend(complaints.iter().map(ToString::to_string));
        }
    }
    if holds_secrets(text) {
        told.iter().for_each(|told| assert!(!told.contains(SECRET), "a secret is told: {told}"));
    }
}

/// What `trunkline check` would say of sources that it cannot prove.
fn check_sources(sources: &Sources) -> Vec<String> {
    let mut told = Vec::new();
    for source in sources.values() {
        for kind in source.vendor.kinds() {
            assert!(source.path(kind).starts_with("/v1/callbacks/"));
            told.push(source.path(kind));
            let request = Unsigned { kind, body: "{}", now: now(), nonce: "nonce-1" };
            let Some(signed) = source.adapter.sign(&request) else { continue };
            let inbound = signed.received(kind);
            let verified = inbound.map(|inbound| source.adapter.verify(inbound, now(), &mut Explain::off()));
            told.extend(verified.and_then(Result::err).map(|reject| reject.to_string()));
        }
    }
    told
}

/// Whether the marker stands for secrets alone: what is a key, a name or a path may be told.
fn holds_secrets(text: &str) -> bool {
    match text.parse::<Table>() {
        Ok(table) => table.iter().all(|(key, value)| is_hidden(key, value)),
        // Of a text that is no TOML only the plainest lines are clear.
        Err(_) => text.lines().filter(|line| line.contains(SECRET)).all(|line| {
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            let plain = |key: &str| key.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            plain(key) && !key.contains(SECRET) && !value.contains(['=', '{']) && !tells(key.trim())
        }),
    }
}

fn is_hidden(key: &str, value: &Value) -> bool {
    let inner = match value {
        Value::Table(table) => table.iter().all(|(key, value)| is_hidden(key, value)),
        Value::Array(values) => values.iter().all(|value| is_hidden(key, value)),
        Value::String(text) => !(text.contains(SECRET) && tells(key)),
        _ => true,
    };
    inner && !key.contains(SECRET)
}

/// Settings whose value is repeated: names, paths and ids that are none of the secrets.
fn tells(key: &str) -> bool {
    !secret_keys().iter().any(|secret| secret == key)
}

/// The names of all settings that are secrets.
fn secret_keys() -> &'static [String] {
    static KEYS: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let text = schema::make(["schema", "config"]).expect("a document");
        let mut keys = Vec::new();
        collect(&serde_json::from_str(&text).expect("JSON"), &mut keys);
        keys
    });
    &KEYS
}

fn collect(schema: &serde_json::Value, keys: &mut Vec<String>) {
    let is_secret = |part: &serde_json::Value| {
        [part, &part["items"], &part["additionalProperties"]].iter().any(|part| part["x-classification"] == "secret")
    };
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        if is_secret(part) {
            keys.push(name.clone());
        }
    }
    match schema {
        serde_json::Value::Object(members) => members.values().for_each(|member| collect(member, keys)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
        _ => {}
    }
}

/// Puts the marker into every secret, in the form the vendor wants.
fn mark(key: &str, value: &mut Value) {
    match value {
        Value::Table(table) => table.iter_mut().for_each(|(key, value)| mark(key, value)),
        Value::Array(values) => values.iter_mut().for_each(|value| mark(key, value)),
        Value::String(text) if secret_keys().iter().any(|secret| secret == key) => {
            // A URL, a user's name or `whsec_` stays in front.
            let end = text.rfind(['/', ':', '_']).map_or(0, |at| at + 1);
            text.replace_range(end.., SECRET);
        }
        _ => {}
    }
}

/// Seeds: the settings of every vendor's demo source and simulated one, and of every section.
pub fn seeds() -> Vec<Vec<u8>> {
    let names: Vec<String> = simulate::names().into_iter().map(str::to_owned).collect();
    let simulated = simulate::settings(&names, "127.0.0.1:9".parse().expect("an address")).expect("known");
    let mut all: Table = demo_settings().parse().expect("demo settings");
    let mut sources = Table::new();
    for mut settings in [std::mem::take(&mut all), simulated.parse().expect("simulated settings")] {
        let Some(Value::Table(table)) = settings.remove("sources") else { continue };
        sources.extend(table);
    }
    let mut seeds: Vec<String> = Vec::new();
    for (name, mut source) in sources {
        mark(&name, &mut source);
        let mut one = Table::new();
        one.insert("sources".to_owned(), Value::Table(Table::from_iter([(name, source)])));
        let text = one.to_string();
        assert!(build(&Config::from_toml(&text).expect("settings")).is_ok(), "{text} can be built");
        seeds.push(text);
    }
    seeds.extend(SECTIONS.iter().map(|text| text.replace("SECRET", SECRET)));
    seeds.into_iter().map(String::into_bytes).collect()
}

const SECTIONS: &[&str] = &[
    "[http]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://x.example\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n",
    "[kafka]\nbrokers = \"a:1,b:2\"\npartitions = 3\n[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = \"SECRET\"\n",
    "[kafka.tls]\nkey_password = \"SECRET\"\ncert_file = \"/a\"\nkey_file = \"/b\"\n",
    "[kafka.properties]\nsasl.password = \"SECRET\"\n\"ssl.key.pem\" = \"SECRET\"\nlinger.ms = 1\n",
    "[[kafka.routes]]\ntopic = \"x\"\nsources = [\"a\"]\ntypes = [\"call.ended\"]\n[sources.a]\nvendor = \"generic\"\n",
    "[dedup]\nwindow_hours = 72\nworkers = 2\nmax_batch = 10\n[poll]\ngroup = \"g\"\n[log]\nformat = \"json\"\n",
    "[sources.x]\nvendor = \"nxcloud-callbot\"\nuuid = \"u\"\nsecrets = \"SECRET\"\n",
    "[sources.x]\nvendor = \"nxcloud-callbot\"\nuuid = \"u\"\nsecrets = [\"SECRET]\n",
    "[sources.x]\nvendor = \"sestek-knovvu\"\npoll.proxy = \"http://u:SECRET@127.0.0.1:1\"\napi.base_url = \"http://127.0.0.1:9\"\n",
    "[sources.x]\nvendor = \"sestek-knovvu\"\npath_tokens = [\"SECRET\", \"short\"]\npath_tokens = [\"SECRET\"]\n",
];
