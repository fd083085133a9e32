//! Settings: what is refused at start and how, the samples, the answers.

use super::*;
use crate::config::Config;
use crate::event::{Channel, Instant};
use crate::reject::Reason;
use jiff::tz::TimeZone;

/// A source of these settings.
pub(super) fn source(settings: &str) -> Result<Box<dyn Adapter>, SettingsError> {
    let toml = format!("[sources.acme]\nvendor = \"generic\"\n{settings}");
    let config = Config::from_toml(&toml).map_err(|mut errors| errors.remove(0))?;
    Generic.adapter(&config.source("acme"))
}

/// A source that checks nothing, with this mapping.
pub(super) fn mapped(map: &str) -> Result<Box<dyn Adapter>, SettingsError> {
    source(&format!("verify = {{ scheme = \"none\", allow_unverified = true }}\n[sources.acme.map]\n{map}"))
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_734_345_678).expect("in range")
}

pub(super) fn context() -> Context {
    Context {
        source: "acme".to_owned(),
        vendor: "generic",
        account: "acme".to_owned(),
        country: None,
        time_zone: TimeZone::get("Asia/Jakarta").expect("a zone"),
        keep_raw: true,
        channel: Channel::Callback,
        received_at: Instant::new(now()),
    }
}

fn complaint(settings: &str) -> String {
    source(settings).map(|_| ()).expect_err(settings).to_string()
}

const MAP: &str = "map.type = \"call.ended\"\nmap.call = \"/id\"";
const OPEN: &str = "verify.scheme = \"none\"\nverify.allow_unverified = true";

#[test]
fn ten_lines_are_enough() {
    let settings = r#"
        [sources.acme.verify]
        scheme = "hmac"
        header = "x-acme-signature"
        secrets = ["s"]
        [sources.acme.map]
        type = { pointer = "/event", table = { hangup = "call.ended", ring = "call.ringing" }, default = "ignore" }
        call = "/data/call/id"
        outcome = { pointer = "/data/result", table = { ok = "answered", busy = "busy" } }
    "#;
    let adapter = source(settings).expect("usable");
    assert_eq!(adapter.replay_window_seconds(), None);
    assert_eq!(adapter.kept_headers(), ["content-type"]);
    assert!(adapter.sample_files().is_empty());
}

#[test]
fn unusable_schemes_are_refused_with_key_and_fix() {
    let hmac = "verify.scheme = \"hmac\"\nverify.header = \"x-sign\"\nverify.secrets = [\"s\"]";
    let table = [
        ("", "sources.acme.verify", "required"),
        ("verify = { }", "sources.acme.verify.scheme", "required"),
        ("verify.scheme = \"magic\"", "sources.acme.verify.scheme", "one of standard-webhooks, hmac, bearer"),
        ("verify.scheme = \"none\"", "sources.acme.verify.allow_unverified", "must be true"),
        ("verify.scheme = \"none\"\nverify.allow_unverified = false", "allow_unverified", "must be true"),
        ("verify.scheme = \"path-token\"", "sources.acme.path_token_files", "is missing"),
        ("verify.scheme = \"path-token\"\nverify.header = \"x\"", "sources.acme.verify.header", "not a setting"),
        ("verify.scheme = \"hmac\"\nverify.secrets = [\"s\"]", "sources.acme.verify.header", "required"),
        ("verify.scheme = \"hmac\"\nverify.header = \"x-sign\"", "sources.acme.verify.secret_files", "is missing"),
        (
            "verify.scheme = \"hmac\"\nverify.header = \"x sign\"\nverify.secrets = [\"s\"]",
            "verify.header",
            "name of a header",
        ),
        ("verify.scheme = \"hmac\"\nverify.header = \"x-sign\"\nverify.secrets = [\" \"]", "verify.secrets", "empty"),
        (&format!("{hmac}\nverify.secret_files = [\"/nowhere\"]"), "verify.secret_files", "cannot read"),
        (&format!("{hmac}\nverify.algorithm = \"md5\""), "sources.acme.verify.algorithm", "sha1, sha256, sha512"),
        (&format!("{hmac}\nverify.prefx = \"v1\""), "sources.acme.verify.prefx", "did you mean `prefix`"),
        (&format!("{hmac}\nverify.tolerance_seconds = \"5m\""), "sources.acme.verify.tolerance_seconds", "wrong kind"),
        (&format!("{hmac}\nverify.signed = \"{{timestamp}}\""), "verify.signed", "lacks {body}"),
        (&format!("{hmac}\nverify.signed = \"{{timestamp}}.{{body}}\""), "verify.timestamp_header", "is missing"),
        (&format!("{hmac}\nverify.signed = \"{{body\""), "verify.signed", "without its"),
        (&format!("{hmac}\nverify.signed = \"{{url}}{{body}}\""), "verify.signed", "nothing else in braces"),
        (&format!("{hmac}\nverify.signed = \"{{header:X-Sign}}{{body}}\""), "verify.signed", "cannot cover itself"),
        (&format!("{hmac}\nverify.timestamp_header = \"x-time\""), "verify.signed", "lacks {timestamp}"),
        (&format!("{hmac}\nverify.tolerance_seconds = 60"), "verify.tolerance_seconds", "timestamp_header"),
        (&format!("{hmac}\nverify.timestamp_format = \"unix\""), "verify.timestamp_format", "timestamp_header"),
        (&format!("{hmac}\nverify.separator = \"\""), "verify.separator", "is empty"),
        (&format!("{hmac}\nverify.secret_encoding = \"hex\""), "verify.secrets", "not hex"),
        (&format!("{hmac}\nverify.secret_encoding = \"base64\""), "verify.secrets", "not Base64"),
        ("verify.scheme = \"standard-webhooks\"\nverify.secrets = [\"whpk_AAAA\"]", "verify.secrets", "whsec_"),
        ("verify.scheme = \"standard-webhooks\"\nverify.secrets = [\"whsec_\"]", "verify.secrets", "whsec_"),
        ("verify.scheme = \"bearer\"", "verify.secret_files", "is missing"),
        ("verify.scheme = \"basic\"\nverify.user = \"a:b\"\nverify.secrets = [\"s\"]", "verify.user", "colon"),
        (
            "verify.scheme = \"mtls\"\nverify.header = \"x-dn\"\nverify.subjects = [\"CN=a\"]",
            "allowed_addresses",
            "spell out",
        ),
        (
            "verify.scheme = \"mtls\"\nverify.header = \"x-dn\"\nverify.subjects = []\nverify.allow_unverified_peer = true",
            "verify.subjects",
            "every subject",
        ),
    ];
    for (verify, key, message) in table {
        let complaint = complaint(&format!("{verify}\n{MAP}"));
        assert!(complaint.contains(key) && complaint.contains(message), "{verify}: {complaint}");
    }
}

#[test]
fn unusable_mappings_are_refused_with_key_and_fix() {
    let table = [
        ("map.call = \"/id\"", "sources.acme.map.type", "required"),
        ("map.type = \"call.ended\"", "sources.acme.map.call", "call.ended"),
        ("map.type = \"call.over\"", "sources.acme.map.type", "one of call.ringing"),
        ("map.type = \"ignore\"\nmap.call = \"/id\"", "sources.acme.map.type", "no event at all"),
        (
            "map.type = { pointer = \"/e\", table = { x = \"ignore\" } }\nmap.call = \"/id\"",
            "map.type",
            "no event at all",
        ),
        ("map.type = { table = { x = \"call.ended\" } }\nmap.call = \"/id\"", "map.type.pointer", "required"),
        ("map.type = { pointer = \"/e\", table = { x = \"call.over\" } }", "sources.acme.map.type.table.x", "one of"),
        (
            "map.type = { pointer = \"/e\",  tabel = { x = \"call.ended\" } }",
            "sources.acme.map.type.tabel",
            "did you mean `table`",
        ),
        ("map.type = 7", "sources.acme.map.type", "wrong kind"),
        ("map.type = \"order.finished\"\nmap.call = \"/id\"", "sources.acme.map.order", "order.finished"),
        ("map.type = \"recording.available\"\nmap.recording = \"/url\"", "sources.acme.map.call", "recording"),
        ("map.type = \"recording.available\"\nmap.call = \"/id\"", "sources.acme.map.recording", "recording"),
        ("map.type = \"task.changed\"\nmap.task_state = \"running\"", "sources.acme.map.vendor_task", "task's id"),
        ("map.type = \"task.changed\"\nmap.task = \"/id\"", "sources.acme.map.task_state", "task's state"),
        ("map.type = \"/event\"", "sources.acme.map.call", "call's id"),
        ("map.type = \"call.ended\"\nmap.call = \"id\"", "sources.acme.map.call", "start it with `/`"),
        ("map.type = \"call.ended\"\nmap.call = \"/a~2\"", "sources.acme.map.call", "~0"),
        ("map.type = \"call.ended\"\nmap.call = \"\"", "sources.acme.map.call", "member of the record"),
        ("map.type = \"call.ended\"\nmap.call = []", "sources.acme.map.call", "member of the record"),
        ("map.type = \"call.ended\"\nmap.call = [\"/a\", \"b\"]", "sources.acme.map.call.1", "start it with `/`"),
        ("map.type = \"call.ended\"\nmap.calll = \"/id\"", "sources.acme.map.calll", "did you mean `call`"),
        ("map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.time_format = \"iso\"", "map.time_format", "rfc3339"),
        (
            "map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.ended_at = { pointer = \"/t\", format = \"%Y\" }",
            "sources.acme.map.ended_at.format",
            "date and time",
        ),
        (
            "map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.outcome = { pointer = \"/r\", table = { ok = \"fine\" } }",
            "sources.acme.map.outcome.table.ok",
            "one of unknown, answered",
        ),
        (
            "map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.talk = { pointer = \"/t\", unit = \"min\" }",
            "sources.acme.map.talk.unit",
            "one of s, ms",
        ),
        (
            "map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.cause_interface = \"outcome\"",
            "cause_interface",
            "letters",
        ),
        ("map.type = \"call.ended\"\nmap.call = \"/id\"\nmap.cause_interface = \"a b\"", "cause_interface", "letters"),
    ];
    for (map, key, message) in table {
        let complaint = complaint(&format!("{OPEN}\n{map}"));
        assert!(complaint.contains(key) && complaint.contains(message), "{map}: {complaint}");
    }
}

#[test]
fn a_complaint_never_shows_a_secret() {
    for settings in [
        "verify = { scheme = \"hmac\", header = \"x\", secrets = \"hunter2\" }",
        "verify = { scheme = \"hmac\", header = [\"hunter2\"], secrets = [\"hunter2\"] }",
        "verify = { scheme = \"hmac\", header = \"x\", secrets = [\"hunter2\"], secret_encoding = \"hex\" }",
        "verify = { scheme = \"bearer\", secrets = { a = \"hunter2\" } }",
        "verify = \"hunter2\"",
        "map.call = \"hunter2\"\nmap.type = \"hunter2\"",
    ] {
        let complaint = complaint(settings);
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[test]
fn the_words_of_a_fact_are_all_event_types_and_two_more() {
    let types: Vec<_> = EventType::ALL.iter().map(|event_type| event_type.as_str()).collect();
    assert_eq!(field::Fact::WORDS, [types.as_slice(), &["ignore", "reject"]].concat());
}

#[test]
fn the_schema_takes_the_demo_settings_and_refuses_others() {
    let schema = serde_json::to_value(schemars::schema_for!(Settings)).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let demo: toml::Value = toml::from_str(Generic.demo().settings).expect("TOML");
    let mut demo = serde_json::to_value(demo).expect("JSON");
    let problems: Vec<_> = schema.iter_errors(&demo).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    for (pointer, value) in [
        ("/verify/scheme", "magic"),
        ("/map/call", "call"),
        ("/map/outcome/table/ok", "fine"),
        ("/map/time_format", "iso"),
        ("/map/type/default", "drop"),
    ] {
        let old = demo.pointer(pointer).cloned();
        match demo.pointer_mut(pointer) {
            Some(place) => *place = value.into(),
            None => demo["map"]["type"]["default"] = value.into(),
        }
        assert!(!schema.is_valid(&demo), "{pointer} = {value}");
        match old {
            Some(old) => *demo.pointer_mut(pointer).expect("there") = old,
            None => drop(demo["map"]["type"].as_object_mut().expect("a table").remove("default")),
        }
    }
}

#[test]
fn answers_are_json_or_text() {
    let adapter = source(&format!("{OPEN}\n{MAP}")).expect("usable");
    let reply = adapter.answer(Answer::Accepted);
    assert_eq!((reply.status, reply.content_type), (StatusCode::OK, "application/json"));
    let adapter = source(&format!("{OPEN}\n{MAP}\nanswer.accepted = \"OK\"")).expect("usable");
    let reply = adapter.answer(Answer::Accepted);
    assert_eq!((reply.content_type, reply.body.as_ref()), ("text/plain; charset=utf-8", "OK"));
    let reply = adapter.answer(Answer::TryAgain);
    assert_eq!((reply.status, reply.content_type), (StatusCode::SERVICE_UNAVAILABLE, "application/json"));
}

#[test]
fn samples_are_read_without_a_sender() {
    let settings = "verify = { scheme = \"bearer\", secrets = [\"s\"] }\nmap.samples = [\"samples/hangup.json\"]";
    let adapter = source(&format!("{settings}\n{MAP}")).expect("usable");
    assert_eq!(adapter.sample_files(), [PathBuf::from("samples/hangup.json")]);
    let facts =
        adapter.read_sample(Bytes::from_static(b"{\"id\":1}"), &context()).expect("has samples").expect("reads");
    assert_eq!(facts.events.len(), 1);
    let reject = adapter.read_sample(Bytes::from_static(b"{}"), &context()).expect("has samples").expect_err("refused");
    assert_eq!(reject.reason, Reason::FieldMissing);
    assert_eq!(reject.detail, "map.call (/id) is absent or empty");
}

#[test]
fn the_window_complaint_names_the_key_of_the_scheme() {
    let toml = format!(
        "[kafka]\nbrokers = \"unused:0\"\n[sources.acme]\nvendor = \"generic\"\n{MAP}\n\
         verify = {{ scheme = \"standard-webhooks\", secrets = [\"whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw\"], tolerance_seconds = 999999 }}"
    );
    let config = Config::from_toml(&toml).expect("loads");
    let errors = crate::source::build(&config).map(|_| ()).expect_err("refused");
    assert_eq!(errors[0].key, "sources.acme.verify.tolerance_seconds");
}

/// The blocks of a language in the vendor's page.
fn blocks(language: &str) -> Vec<&'static str> {
    let page = include_str!("../../../docs/vendors/generic.md");
    let mark = format!("```{language}\n");
    page.split(mark.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block ends")).collect()
}

#[test]
fn the_examples_of_the_page_work() {
    let inline = |line: &str| match line.split_once("_files = ") {
        Some((key, _)) if key.starts_with("secret") => {
            "secrets = [\"whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw\"]".to_owned()
        }
        Some(_) => "path_tokens = [\"0123456789abcdef\"]".to_owned(),
        None => line.to_owned(),
    };
    let adapters: Vec<_> = blocks("toml")
        .into_iter()
        .map(|toml| {
            let toml: Vec<_> = toml.lines().map(inline).collect();
            let config = Config::from_toml(&toml.join("\n")).expect("TOML");
            let name = config.source_names().next().expect("a source").to_owned();
            Generic.adapter(&config.source(&name)).unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    assert_eq!(adapters.len(), 3);
    let seen = |adapter: &dyn Adapter, body: &'static str| -> Vec<String> {
        let facts = adapter.read_sample(Bytes::from_static(body.as_bytes()), &context()).expect("reads").expect("fits");
        let shown = facts.events.iter().map(|event| {
            let outcome = event.outcome.map_or("-", |outcome| outcome.as_str());
            format!("{} {} {} {outcome}", event.event_type.as_str(), event.subject, event.occurred_at)
        });
        shown.collect()
    };
    let bodies = blocks("json");
    assert_eq!(seen(&*adapters[0], bodies[0]), ["call.ended 7001 2024-12-16T10:41:12.000Z busy"]);
    let batch = ["call.answered l-1 2024-12-16T10:41:02.000Z -", "call.ended l-2 2024-12-16T10:41:12.000Z no_answer"];
    assert_eq!(seen(&*adapters[1], bodies[1]), batch);
    let cdr = r#"{"linkedid":"c-1","start":"2024-12-16 17:41:00","disposition":"NO ANSWER","duration":12}"#;
    assert_eq!(seen(&*adapters[2], cdr), ["call.ended c-1 2024-12-16T10:41:18.000Z no_answer"]);
}
