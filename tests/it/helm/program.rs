//! The configuration the chart gives the program: the program itself says whether it can be used.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use trunkline::config::Config;

use super::tools::{all, objects_of, of_kind};

/// The rendered `trunkline.toml`, and the chart's own Secret.
fn given(objects: &[Value]) -> (String, Value) {
    let toml = of_kind(objects, "ConfigMap").into_iter().find_map(|map| map["data"]["trunkline.toml"].as_str());
    let secret = of_kind(objects, "Secret").first().map_or(Value::Null, |secret| secret["stringData"].clone());
    (toml.expect("a configuration").to_owned(), secret)
}

/// Puts the files a configuration names into `folder`, as the kubelet would, and makes it name them there.
fn mounted(toml: &str, secret: &Value, folder: &Path) -> String {
    let names = ["callbacks.example.com", "callbacks.example.org"].map(str::to_owned);
    let certified = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let named = toml.split('"').filter(|text| text.starts_with("/run/") || text.starts_with("/var/"));
    for path in named {
        if path.starts_with("/var/spool") {
            fs::create_dir_all(folder.join(path.trim_start_matches('/'))).expect("made");
            continue;
        }
        let file = folder.join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        let content = match path.strip_prefix("/run/secrets/trunkline/") {
            Some(name) => secret[name].as_str().unwrap_or_else(|| panic!("{path} is in no Secret")).to_owned(),
            None if path == "/run/tls/tls.crt" => certified.cert.pem(),
            None if path == "/run/tls/tls.key" => certified.signing_key.serialize_pem(),
            None => "only-for-tests-a-secret-of-others".to_owned(),
        };
        fs::write(file, content).expect("written");
    }
    let at = |path: &str| format!("\"{}{path}", folder.display());
    toml.replace("\"/run/", &at("/run/")).replace("\"/var/", &at("/var/"))
}

#[test]
fn trunkline_takes_every_rendered_configuration() {
    for (name, objects) in all() {
        let (toml, secret) = given(objects);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trunkline.toml");
        fs::write(&file, mounted(&toml, &secret, folder.path())).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        let output = command.args(["check", "--offline", "--config"]).arg(&file).output().expect("the program runs");
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {out}{error}{toml}");
        assert!(out.contains(" 0 FAIL"), "{name}: {out}");
    }
}

/// Numbers, texts and tables are what the values file says, not what a template makes of them.
#[test]
fn values_reach_the_program_unchanged() {
    let toml = |case: &str| given(objects_of(case)).0;
    let generic: toml::Value = toml::from_str(&toml("generic")).expect("TOML");
    let acme = &generic["sources"]["acme"];
    assert_eq!(acme["max_per_second"].as_integer(), Some(200));
    assert_eq!(acme["keep_raw"].as_bool(), Some(false));
    assert_eq!(acme["map"]["call"].as_array().map(Vec::len), Some(2));
    assert_eq!(acme["map"]["outcome"]["table"]["200"].as_str(), Some("answered"));
    assert_eq!(acme["map"]["outcome"]["table"]["gone <away> \"& co\""].as_str(), Some("no_answer"));
    assert_eq!(acme["map"]["type"]["table"]["ring up"].as_str(), Some("call.ringing"));
    assert_eq!(acme["answer"]["accepted"].as_str(), Some("{\"ok\": true}"));

    let config = Config::from_toml(&toml("existing-secrets")).unwrap_or_else(|errors| panic!("{errors:?}"));
    assert_eq!(config.kafka.partitions, 24);
    assert_eq!(config.kafka.routes[0].topic, "events-id");
    let properties = [("client.dns.lookup", "use_all_dns_ips"), ("socket.keepalive.enable", "true")];
    let found: Vec<_> = config.kafka.properties.iter().map(|(name, value)| (&**name, value.expose())).collect();
    assert_eq!(found, properties);

    let ingress: toml::Value = toml::from_str(&toml("ingress")).expect("TOML");
    let tencent = &ingress["sources"]["tencent-prod"];
    assert_eq!(tencent["sdk_app_ids"][0].as_integer(), Some(1_400_000_000));
    assert_eq!(tencent["poll"]["pause_factor"].as_float(), Some(1.5));
    assert_eq!(ingress["http"]["public_url"].as_str(), Some("https://callbacks.example.com"));
}
