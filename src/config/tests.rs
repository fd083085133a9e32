use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::*;
use crate::secret::Secret;
use crate::vendor::nxcloud_callbot::Settings;

mod secrets;

/// An environment variable that only one figment sees: the process has one environment and many test threads.
struct Variable(&'static str, &'static str);

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Env::prefixed(ENV_PREFIX).metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let key = self.0.strip_prefix(ENV_PREFIX).expect("the prefix").to_lowercase().replace("__", ".");
        let value: Value = self.1.parse().expect("any text is a value");
        let dict = figment::util::nest(&key, value).into_dict().expect("a section");
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trunkline.toml");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

/// What is wrong with a file, and its path.
fn complaints(text: &str) -> (Vec<SettingsError>, String) {
    let (_folder, path) = file(text);
    let errors = Config::from_figment(Figment::new().merge(Toml::file_exact(&path))).expect_err("refused");
    (errors, path.display().to_string())
}

/// The only complaint about a file.
fn complaint(text: &str) -> SettingsError {
    let (errors, path) = complaints(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].origin, path, "{} names the file", errors[0]);
    errors[0].clone()
}

#[test]
fn the_defaults_are_usable() {
    let config = Config::from_toml("").expect("usable");
    assert_eq!(config.http.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:9090", "not for the Internet");
    assert_eq!(config.kafka.topic("events"), "trunkline.events");
    assert_eq!((config.kafka.partitions, config.kafka.replication_factor), (12, 3));
    assert_eq!(config.dedup.window_hours, 72);
    assert_eq!(config.log.format, LogFormat::Auto);
    assert_eq!(config.source_names().count(), 0);
}

#[test]
fn a_file_overrides_the_defaults() {
    let (_folder, path) =
        file("[http]\nlisten = \"127.0.0.1:0\"\n[kafka]\ntopic_prefix = \"eu.calls\"\n[log]\nformat = \"json\"");
    let config = Config::load(Some(&path)).expect("usable");
    assert_eq!(config.http.listen.port(), 0);
    assert_eq!(config.http.max_in_flight, 1024, "the rest of the section keeps its defaults");
    assert_eq!(config.kafka.topic("events"), "eu.calls.events");
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn a_file_that_is_not_there() {
    let errors = Config::load(Some(Path::new("/nowhere/trunkline.toml"))).expect_err("refused");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].to_string().starts_with("--config (/nowhere/trunkline.toml): is not a file"), "{}", errors[0]);
}

#[test]
fn an_unknown_key_names_the_nearest() {
    let error = complaint("[kafka]\nbroker = \"a:9092\"");
    assert_eq!(
        (error.key.as_str(), error.message.as_str()),
        ("kafka.broker", "is not a setting; did you mean `brokers`?")
    );
    let error = complaint("[kafak]\nbrokers = \"a:9092\"");
    assert_eq!((error.key.as_str(), error.message.as_str()), ("kafak", "is not a setting; did you mean `kafka`?"));
    let error = complaint("[log]\nsomething_else = 1");
    assert_eq!(error.message, "is not a setting; there are format, filter");
    let error = complaint("[kafka.tls]\nca = \"/ca.pem\"");
    assert_eq!(error.key, "kafka.tls.ca");
    assert!(error.message.contains("there are ca_file"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_is_not_repeated() {
    for (text, key) in [
        ("[kafka]\npartitions = \"hunter2\"", "kafka.partitions"),
        ("[kafka]\npartitions = [\"hunter2\"]", "kafka.partitions"),
        ("[kafka]\nbrokers = [\"hunter2\"]", "kafka.brokers"),
        ("[http]\nlisten = \"hunter2\"", "http.listen"),
        ("[log]\nformat = \"hunter2\"", "log.format"),
        ("[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = { hunter2 = 1 }", "kafka.sasl.password"),
        ("kafka = \"hunter2\"", "kafka"),
        ("sources = \"hunter2\"", "sources"),
    ] {
        let error = complaint(text);
        assert_eq!(error.key, key, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    // A number is no secret text, but a secret can be a number.
    let error = complaint("[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = 20241216");
    assert!(!error.to_string().contains("20241216"), "{error}");
    let error = complaint("[dedup]\nwindow_hours = 20241216");
    assert_eq!(error.key, "dedup.window_hours");
}

#[test]
fn a_file_that_is_not_toml_is_located_but_not_shown() {
    for text in [
        "[kafka.sasl]\npassword = hunter2\n",
        "[kafka.sasl\npassword = \"hunter2\"",
        "[kafka.sasl]\npassword = \"hunter2\n",
    ] {
        let (errors, path) = complaints(text);
        let shown = errors.iter().map(|error| format!("{error} {error:?}")).collect::<String>();
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("line ") && shown.contains(&path), "{shown}");
    }
}

#[test]
fn a_missing_key_is_named() {
    let error = complaint("[kafka.sasl]\nmechanism = \"PLAIN\"\npassword = \"p\"");
    assert_eq!((error.key.as_str(), error.message.as_str()), ("kafka.sasl.username", "is required and missing"));
    // Bounds between two settings can be broken by the one that is set: the complaint names its place.
    let error = complaint("[dedup]\ntransaction_timeout_ms = 1000\nmax_poll_interval_ms = 5000");
    assert_eq!(error.key, "dedup.session_timeout_ms");
}

#[test]
fn tls_of_the_listener_needs_a_pair_and_authorities_for_clients() {
    let pair = "[http.tls]\ncert_file = \"a\"\nkey_file = \"b\"\n";
    let config = Config::from_toml(pair).expect("usable");
    assert_eq!((config.http.scheme(), Config::from_toml("").expect("usable").http.scheme()), ("https", "http"));
    for (text, key) in [
        ("[http.tls]\ncert_file = \"a\"", "http.tls.key_file"),
        (&format!("{pair}client_auth = \"optional\""), "http.tls.client_auth"),
        (&format!("{pair}client_auth = \"perhaps\""), "http.tls.client_auth"),
        (&format!("{pair}handshake_timeout_ms = 0"), "http.tls.handshake_timeout_ms"),
        ("[http]\nhead_timeout_ms = 0", "http.head_timeout_ms"),
        ("[http]\nwrite_timeout_ms = 0", "http.write_timeout_ms"),
    ] {
        assert_eq!(complaint(text).key, key, "{text}");
    }
}

#[test]
fn a_variable_overrides_the_file() {
    let figment = Figment::new()
        .merge(Toml::string("[kafka]\npartitions = 6\nbrokers = \"file:9092\""))
        .merge(Variable("TRUNKLINE__KAFKA__PARTITIONS", "24"))
        .merge(Variable("TRUNKLINE__HTTP__PUBLIC_URL", "https://calls.example"));
    let config = Config::from_figment(figment).expect("usable");
    assert_eq!((config.kafka.partitions, config.kafka.brokers.as_str()), (24, "file:9092"));
    assert_eq!(config.http.public_url.as_deref(), Some("https://calls.example"));
}

#[test]
fn a_complaint_names_the_variable() {
    let with = |name, value| {
        let figment = Figment::new().merge(Toml::string("[kafka]\npartitions = 6")).merge(Variable(name, value));
        Config::from_figment(figment).expect_err("refused").remove(0)
    };
    for value in ["0", "many"] {
        let error = with("TRUNKLINE__KAFKA__PARTITIONS", value);
        assert_eq!(error.key, "kafka.partitions");
        assert_eq!(error.origin, "variable TRUNKLINE__KAFKA__PARTITIONS");
        assert!(!error.message.contains("many"), "{error}");
    }
    let error = with("TRUNKLINE__KAFKA__BROKER", "a:9092");
    assert_eq!(error.origin, "variable TRUNKLINE__KAFKA__BROKER");
    assert!(error.message.contains("`brokers`"), "{error}");
    // Digits in a variable are a number: the complaint says how to write a text.
    let error = with("TRUNKLINE__KAFKA__BROKERS", "9092");
    assert!(error.message.contains("quote texts"), "{error}");
}

#[test]
fn all_complaints_come_at_once() {
    let (errors, _) = complaints(
        "[http]\nmax_in_flight = 0\n[kafka]\npartitions = 0\nbrokers = \" \"\n[dedup]\nworkers = 0\n[sources.Not_A_Name]\n",
    );
    let keys: Vec<_> = errors.iter().map(|error| error.key.as_str()).collect();
    assert_eq!(
        keys,
        ["http.max_in_flight", "kafka.brokers", "kafka.partitions", "dedup.workers", "sources.Not_A_Name"]
    );
}

#[test]
fn every_bound_is_checked() {
    for (section, wrong) in [
        ("http", "max_body_bytes = 0"),
        ("http", "max_connections = 0"),
        ("http", "read_timeout_ms = 0"),
        ("http", "answer_deadline_ms = 99"),
        ("kafka", "topic_prefix = \"\""),
        ("kafka", "topic_prefix = \"a/b\""),
        ("kafka", "partitions = 10001"),
        ("kafka", "replication_factor = 0"),
        ("kafka", "max_message_bytes = 9999"),
        ("spool", "max_bytes = 1999999\ndir = \"/tmp\""),
        ("spool", "after_ms = 4000\ndir = \"/tmp\""),
        ("spool", "after_ms = 0\ndir = \"/tmp\""),
        ("dedup", "window_hours = 0"),
        ("dedup", "window_hours = 1441"),
        ("dedup", "group = \"\""),
        ("dedup", "workers = 65"),
        ("dedup", "max_batch = 0"),
        ("dedup", "transaction_timeout_ms = 999"),
        ("dedup", "commit_interval_ms = 5000"),
        ("dedup", "session_timeout_ms = 300000"),
    ] {
        let error = complaint(&format!("[{section}]\n{wrong}"));
        let key = wrong.split(' ').next().expect("a key");
        assert_eq!(error.key, format!("{section}.{key}"));
    }
}

#[test]
fn kafka_properties_dotted_or_quoted_are_the_same() {
    let read = |text: &str| {
        let config = Config::from_toml(text).expect("usable");
        let plain = |(name, value): &(String, Secret)| (name.clone(), value.expose().to_owned());
        config.kafka.properties.iter().map(plain).collect::<Vec<_>>()
    };
    let expected = [("socket.keepalive.enable", "true"), ("socket.timeout.ms", "3000")];
    let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(read("[kafka.properties]\nsocket.timeout.ms = 3000\nsocket.keepalive.enable = true"), expected);
    assert_eq!(
        read("[kafka.properties]\n\"socket.timeout.ms\" = \"3000\"\n\"socket.keepalive.enable\" = true"),
        expected
    );
    assert_eq!(read("[kafka]\nproperties.socket = { timeout.ms = 3000, keepalive.enable = \"true\" }"), expected);
}

#[test]
fn properties_that_carry_the_guarantees_are_refused() {
    for text in ["[kafka.properties]\nenable.idempotence = false", "[kafka.properties]\n\"enable.idempotence\" = false"]
    {
        let error = complaint(text);
        assert_eq!(error.key, "kafka.properties.enable.idempotence");
        assert!(error.message.contains("remove it"), "{error}");
    }
}

#[test]
fn a_property_is_one_value() {
    let error = complaint("[kafka.properties]\n\"debug\" = [\"hunter2\"]");
    assert_eq!(error.key, "kafka.properties");
    assert!(error.message.contains("`debug`") && !error.message.contains("hunter2"), "{error}");
}

#[test]
fn a_client_certificate_needs_its_key() {
    for half in ["cert_file = \"/c.pem\"", "key_file = \"/k.pem\""] {
        assert_eq!(complaint(&format!("[kafka.tls]\n{half}")).key, "kafka.tls");
    }
    for whole in ["", "cert_file = \"/c.pem\"\nkey_file = \"/k.pem\""] {
        assert!(Config::from_toml(&format!("[kafka.tls]\n{whole}")).expect("usable").kafka.tls.is_some());
    }
}

#[test]
fn sasl_has_one_password() {
    let sasl = |rest: &str| format!("[kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"u\"\n{rest}");
    for wrong in ["", "password = \"hunter2\"\npassword_file = \"/p\""] {
        let error = complaint(&sasl(wrong));
        assert_eq!(error.key, "kafka.sasl");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    for right in ["password = \"hunter2\"", "password_file = \"/p\""] {
        let config = Config::from_toml(&sasl(right)).expect("usable");
        assert!(!format!("{:?}", config.kafka).contains("hunter2"));
    }
    let error = complaint("[kafka.sasl]\nmechanism = \"GSSAPI\"\nusername = \"u\"\npassword = \"p\"");
    assert_eq!(error.key, "kafka.sasl.mechanism");
}

const SOURCE: &str = "[sources.nxcloud-prod]\nvendor = \"nxcloud-callbot\"\n";

/// Reads the one source of a file.
fn source(rest: &str) -> (Result<(Source, Settings), SettingsError>, String) {
    let (_folder, path) = file(&format!("{SOURCE}{rest}"));
    let config = Config::from_figment(Figment::new().merge(Toml::file_exact(&path))).expect("usable");
    let settings = config.source("nxcloud-prod");
    let read = settings.common().and_then(|common| Ok((common, settings.read::<Settings>()?)));
    (read, path.display().to_string())
}

#[test]
fn a_source_has_common_and_vendor_settings() {
    let (read, _) =
        source("uuid = \"UID-TEST-01\"\nsecrets = [\"s\"]\ncountry = \"ID\"\ncall_status = { 5 = \"busy\" }");
    let (common, settings) = read.expect("usable");
    assert_eq!((common.vendor.as_str(), common.country.as_deref()), ("nxcloud-callbot", Some("ID")));
    assert_eq!(common.keep_raw, None, "it follows from `numbers_as`");
    assert_eq!(settings.uuid, "UID-TEST-01");
    assert_eq!(settings.freshness_seconds, 24 * 60 * 60);
    assert_eq!(settings.call_status["5"], crate::event::Outcome::Busy);
}

#[test]
fn complaints_about_a_source_name_key_and_file() {
    for (rest, key, message) in [
        ("secrets = [\"hunter2\"]", "uuid", "is required and missing"),
        ("uuid = 7", "uuid", "wrong kind"),
        ("uuid = \"u\"\nsecret_file = [\"/s\"]", "secret_file", "did you mean `secret_files`?"),
        ("uuid = \"u\"\nkeepraw = false", "keepraw", "did you mean `keep_raw`?"),
        ("uuid = \"u\"\nsecrets = \"hunter2\"", "secrets", "wrong kind"),
        ("uuid = \"u\"\nalgorithm = \"hunter2\"", "algorithm", "must be one of md5, sha256"),
        ("uuid = \"u\"\ncall_status = { 5 = \"hunter2\" }", "call_status.5", "must be one of unknown, answered, busy"),
        ("uuid = \"u\"\nfreshness_seconds = -1", "freshness_seconds", "wrong kind"),
        ("uuid = \"u\"\nkeep_raw = \"hunter2\"", "keep_raw", "wrong kind"),
    ] {
        let (read, path) = source(rest);
        let error = read.expect_err(rest);
        assert_eq!(error.key, format!("sources.nxcloud-prod.{key}"), "{error}");
        assert_eq!(error.origin, path, "{error}");
        assert!(error.message.contains(message), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_source_without_vendor_or_that_is_no_table() {
    for (text, key) in [("[sources.a]\nuuid = \"u\"", "sources.a.vendor"), ("[sources]\na = \"hunter2\"", "sources.a")]
    {
        let config = Config::from_toml(text).expect("usable");
        let error = config.source("a").common().expect_err("refused");
        assert_eq!(error.key, key, "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_variable_sets_a_key_of_a_source() {
    let variable = Variable("TRUNKLINE__SOURCES__NXCLOUD-PROD__UUID", "7");
    let config = Config::from_figment(Figment::new().merge(Toml::string(SOURCE)).merge(variable)).expect("usable");
    let error = config.source("nxcloud-prod").read::<Settings>().map(|settings| settings.uuid).expect_err("refused");
    assert_eq!(error.origin, "variable TRUNKLINE__SOURCES__NXCLOUD-PROD__UUID");
}

#[test]
fn names_of_sources() {
    for name in ["a", "nxcloud-prod", "7", &"x".repeat(64)] {
        assert!(source::is_name(name), "{name}");
    }
    for name in ["", "Prod", "a_b", "a.b", "a/b", "é", &"x".repeat(65)] {
        assert!(!source::is_name(name), "{name}");
    }
}

#[test]
fn the_distance_is_that_of_levenshtein() {
    for (a, b, expected) in
        [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("brokers", "broker", 1), ("ab", "ba", 2)]
    {
        assert_eq!((distance(a, b), distance(b, a)), (expected, expected), "{a} {b}");
    }
}

/// The keys of all sources and those of a vendor stand in one table.
#[test]
fn no_vendor_has_a_setting_of_the_name_of_a_common_one() {
    let mut generator = schemars::SchemaGenerator::default();
    let keys = |schema: serde_json::Value| -> Vec<String> {
        schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()).collect()
    };
    let common = keys(super::Source::json_schema(&mut generator).to_value());
    assert!(common.contains(&"numbers_as".to_owned()));
    for vendor in crate::vendor::REGISTRY {
        for key in keys(vendor.settings_schema(&mut generator).to_value()) {
            assert!(!common.contains(&key), "{}: {key}", vendor.name());
        }
    }
}
