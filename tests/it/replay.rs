//! `trunkline replay`: what was received is normalised again, and published once.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

use super::deployment::{Deployment, PATIENCE, Record, Replica, call_body, client, eventually};
use super::kafka::Cluster;

const TOKEN: &str = "only-for-tests-path-token";
const NUMBER: &str = "14155550101";

/// A source `pbx` of records in a list, with `map` in its mapping.
fn pbx(token: &str, map: &str) -> String {
    format!(
        r#"
        [sources.pbx]
        vendor = "generic"
        path_tokens = ["{token}"]
        verify.scheme = "path-token"
        [sources.pbx.map]
        items = "/events"
        call = "/id"
        to = "/to"
        numbers = "international"
        time_format = "unix"
        ended_at = "/at"
        {map}
        "#
    )
}

const TYPES: &str = "type = { pointer = \"/event\", table = { hangup = \"call.ended\" } }\n";
const NO_TYPES: &str = "type = { pointer = \"/event\", table = { ring = \"call.ringing\" } }\n";
const OUTCOMES: &str = "outcome = { pointer = \"/result\", table = { ok = \"answered\", busy = \"busy\" } }\n";

fn hangups(calls: &[&str], result: &str) -> String {
    let events = calls.iter().map(|call| {
        format!(r#"{{"event":"hangup","id":"{call}","to":"{NUMBER}","at":1763683230,"result":"{result}"}}"#)
    });
    format!(r#"{{"events":[{}]}}"#, events.collect::<Vec<_>>().join(","))
}

async fn push(replica: &mut Replica, body: &str) {
    let url = format!("{}/v1/callbacks/pbx/{TOKEN}/event", replica.url());
    let sent = client().post(url).body(body.to_owned()).send().await.expect("an answer");
    assert_eq!(sent.status(), 200);
}

/// The deployment as it is after its configuration was changed.
fn mended(deployment: &Deployment, from: &str, to: &str) -> String {
    assert!(deployment.toml.contains(from), "{from}");
    deployment.toml.replace(from, to)
}

/// `trunkline replay` with a configuration.
fn command(toml: &str, arguments: &[&str]) -> (Command, tempfile::NamedTempFile) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(toml.as_bytes()).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.arg("replay").arg("--config").arg(file.path()).args(arguments).stdin(Stdio::null());
    (command, file)
}

fn run(toml: &str, arguments: &[&str]) -> Output {
    let (mut command, _file) = command(toml, arguments);
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// What a replay that ends well prints.
fn said(toml: &str, arguments: &[&str]) -> String {
    let output = run(toml, arguments);
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// What it tells programs: its records, and the summary.
fn told(toml: &str, arguments: &[&str]) -> (Vec<Value>, Value) {
    let said = said(toml, &[arguments, &["--json"]].concat());
    let mut lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary")["summary"].take();
    (lines, summary)
}

fn summaries(records: &[Record]) -> Vec<String> {
    let mut all: Vec<_> = records.iter().map(Record::summary).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_delivery_is_published_once_after_its_mapping_is_mended() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &pbx(TOKEN, &format!("{NO_TYPES}{OUTCOMES}")));
    let mut replica = deployment.start();
    push(&mut replica, &hangups(&["c-1", "c-2"], "busy")).await;
    let nx = deployment.signed("call", r#"{"callInfoDetail":{"callStatus":1}}"#);
    assert_eq!(nx.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    let kept = deployment.read_until("rejected", |kept| kept.len() >= 2);
    assert_eq!(said(&deployment.toml, &[]).matches("not understood: not_handled").count(), 1, "nothing is mended yet");

    // The mapping is mended, and the token was rotated meanwhile: what came was proven then.
    let config = mended(&deployment, NO_TYPES, TYPES).replace(TOKEN, "another-path-token-since-then");
    let (records, summary) = told(&config, &[]);
    assert_eq!(
        (&summary["new"], &summary["rejected"]["field_missing"], &summary["written"]),
        (&2.into(), &1.into(), &0.into())
    );
    let of_pbx = records.iter().find(|record| record["source"] == "pbx").expect("told");
    assert_eq!((&of_pbx["reason"], &of_pbx["events"][0]["verdict"]), (&"not_handled".into(), &"new".into()));
    assert_eq!(of_pbx["events"][0]["event"]["call"]["to"]["raw"], NUMBER, "programs get all of it");
    let lines = said(&config, &["--verbose"]);
    assert!(lines.contains("call.ended c-1 busy: new") && lines.contains("callInfoDetail.callID"), "{lines}");
    assert!(!lines.contains(NUMBER), "terminals are recorded: {lines}");
    assert!(deployment.read("inbox").is_empty(), "a dry run writes nothing");

    // Dedup stands still: it has to tell the second replay from the first by itself.
    assert!(replica.stop().success());
    for _ in 0..2 {
        assert_eq!(told(&config, &["--apply"]).1["written"], 2);
    }
    assert_eq!(deployment.read("inbox").len(), 4);
    let mut replica = deployment.start();
    let events = deployment.read_until("events", |events| events.len() >= 2);
    assert_eq!(summaries(&events), ["call.ended c-1 r0 busy", "call.ended c-2 r0 busy"]);
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["replay", "first"]), 2.0);
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["replay", "duplicate"]), 2.0);
    let came = kept.iter().find(|record| record.header("trunkline_source") == "pbx").expect("kept");
    assert_eq!(events[0].json()["received_at"], came.header("trunkline_received_at"), "as if understood when it came");
    assert!(events.iter().all(|event| event.headers.contains_key("trunkline_replayed_at")));

    // Replayed once more: there is nothing left to write, and what is kept stays kept.
    let (_, summary) = told(&config, &["--apply"]);
    assert_eq!((&summary["nothing_new"], &summary["written"]), (&2.into(), &0.into()));
    assert_eq!(deployment.read("rejected").len(), 2);
    assert_eq!(deployment.read("inbox").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_revised_after_its_mapping_is_mended() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &pbx(TOKEN, &format!("{TYPES}{OUTCOMES}")));
    let mut replica = deployment.start();
    push(&mut replica, &hangups(&["c-1", "c-2"], "engaged")).await;
    push(&mut replica, &hangups(&["c-3"], "ok")).await;
    // A fact that is told twice: the later word counts.
    push(&mut replica, &hangups(&["c-4"], "engaged")).await;
    push(&mut replica, &hangups(&["c-4"], "ok")).await;
    let nx = deployment.signed("call", &call_body("c-9", "486"));
    assert_eq!(nx.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    deployment.read_until("events", |events| events.len() >= 6);

    let (_, summary) = told(&deployment.toml, &["--topic", "inbox"]);
    assert_eq!((&summary["same"], &summary["skipped"]["superseded"]), (&5.into(), &1.into()), "{summary}");

    let config = mended(&deployment, "busy = \"busy\"", "busy = \"busy\", engaged = \"busy\"");
    let lines = said(&config, &["--topic", "inbox"]);
    assert!(lines.contains("call.ended c-1 busy: revision 1") && lines.contains("outcome: unknown -> busy"), "{lines}");
    assert!(!lines.contains("c-4"), "an older word replaces no newer one: {lines}");
    let (_, summary) = told(&config, &["--topic", "inbox", "--source", "pbx", "--apply"]);
    assert_eq!((&summary["revisions"], &summary["same"], &summary["written"]), (&2.into(), &2.into(), &2.into()));
    let events = deployment.read_until("events", |events| events.len() >= 8);
    assert_eq!(
        summaries(&events),
        [
            "call.ended c-1 r0 unknown",
            "call.ended c-1 r1 busy",
            "call.ended c-2 r0 unknown",
            "call.ended c-2 r1 busy",
            "call.ended c-3 r0 answered",
            "call.ended c-4 r0 unknown",
            "call.ended c-4 r1 answered",
            "call.ended c-9 r0 busy",
        ]
    );
    let (_, summary) = told(&config, &["--topic", "inbox", "--apply"]);
    assert_eq!((&summary["written"], &summary["same"]), (&0.into(), &5.into()), "{summary}");

    // Another id is another fact: said loudly, and held back.
    let config = config.replace("call = \"/id\"", "call = \"/to\"");
    let output = run(&config, &["--topic", "inbox", "--source", "pbx", "--apply", "--limit", "100"]);
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{error}");
    assert!(error.contains("WARNING: 4 events would get another key"), "{error}");
    assert!(out.contains("--new-keys") && out.contains("0  events written"), "{out}");
    assert_eq!(deployment.read("events").len(), 8);
    // All four calls went to one number: under the wrong key they are one fact. Calls lie in several partitions, so
    // either outcome may come first.
    assert_eq!(told(&config, &["--topic", "inbox", "--source", "pbx", "--new-keys", "--apply"]).1["moved"], 4);
    let events = deployment.read_until("events", |events| events.len() >= 9);
    let moved: Vec<_> = summaries(&events).into_iter().filter(|event| event.contains(NUMBER)).collect();
    let begun = |event: &&String| [" r0 busy", " r0 answered"].iter().any(|end| event.ends_with(end));
    assert_eq!(moved.iter().filter(begun).count(), 1, "{moved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_wanted_is_replayed() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &pbx(TOKEN, &format!("{NO_TYPES}{OUTCOMES}")));
    let mut replica = deployment.start();
    for call in ["c-1", "c-2", "c-3"] {
        push(&mut replica, &hangups(&[call], "ok")).await;
    }
    push(&mut replica, "no JSON").await;
    deployment.produce("rejected", "key", "a record without headers");
    deployment.produce("inbox", "key", "no event");
    deployment.read_until("rejected", |kept| kept.len() >= 6);

    let config = mended(&deployment, NO_TYPES, TYPES);
    let records = |arguments: &[&str]| told(&config, arguments).1["records"].clone();
    assert_eq!(records(&["--since", "1h"]), 6);
    assert_eq!(records(&["--since", "3h", "--until", "2h"]), 0);
    assert_eq!(records(&["--since", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z"]), 0);
    assert_eq!(records(&["--reason", "not_handled"]), 3);
    assert_eq!(records(&["--reason", "poison"]), 1);
    assert_eq!(records(&["--reason", "field_invalid"]), 0);
    assert_eq!(records(&["--source", "nx"]), 0);
    let (_, summary) = told(&config, &[]);
    assert_eq!(summary["skipped"], serde_json::json!({ "damaged": 1, "no_delivery": 1 }), "{summary}");
    assert_eq!(summary["rejected"], serde_json::json!({ "body_not_json": 1 }));
    let (_, summary) = told(&config, &["--topic", "inbox"]);
    assert_eq!(summary["skipped"], serde_json::json!({ "damaged": 1 }), "what is no event is said, and nothing breaks");

    // A part, and then the rest.
    let (_, summary) = told(&config, &["--source", "pbx", "--limit", "2", "--apply"]);
    assert_eq!((&summary["written"], &summary["complete"]), (&2.into(), &false.into()));
    let offsets: BTreeMap<String, i64> = serde_json::from_value(summary["offsets"].clone()).expect("offsets");
    let from: Vec<_> = offsets.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
    let (_, summary) = told(&config, &["--from", &from.join(","), "--apply"]);
    assert_eq!((&summary["written"], &summary["complete"]), (&1.into(), &true.into()), "{summary}");
    let events = deployment.read_until("events", |events| events.len() >= 3);
    assert_eq!(summaries(&events).len(), 3);

    for wrong in [
        &["--since", "yesterday"][..],
        &["--since", "1h", "--until", "2h"],
        &["--topic", "inbox", "--reason", "poison"],
        &["--reason", "because"],
        &["--source", "nobody"],
        &["--from", "0"],
        &["--max-per-second", "0"],
    ] {
        assert_eq!(run(&config, wrong).status.code(), Some(2), "{wrong:?}");
    }
    let gone = config.replace("[sources.pbx]", "[sources.other]").replace("[sources.pbx.map]", "[sources.other.map]");
    assert_eq!(told(&gone, &[]).1["skipped"]["source_gone"], 4);
    let nowhere = config.replace(&deployment.prefix, "nowhere");
    assert_eq!(run(&nowhere, &[]).status.code(), Some(1), "there are no such topics");
}

/// Writes a rejected delivery that came `hours` ago.
fn kept_long_ago(deployment: &Deployment, hours: i64, call: &str) {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
    let received_at = at.to_string();
    let headers = [
        ("trunkline_reason", "not_handled"),
        ("trunkline_detail", "x"),
        ("trunkline_source", "pbx"),
        ("trunkline_vendor", "generic"),
        ("trunkline_kind", "event"),
        ("trunkline_received_at", &received_at),
    ];
    let headers = headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(*value) }));
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &deployment.bootstrap);
    let producer: BaseProducer = settings.create().expect("a producer");
    let (topic, body) = (deployment.topic("rejected"), hangups(&[call], "ok"));
    let record = BaseRecord::to(&topic).key("pbx").payload(&body).headers(headers).timestamp(at.as_millisecond());
    producer.send(record).map_err(|(error, _)| error).expect("queued");
    producer.flush(PATIENCE).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dedup_may_have_forgotten_is_not_written_unless_somebody_insists() {
    let extra = format!(
        "dedup.window_hours = 2\nsources.nx.freshness_seconds = 600\n{}",
        pbx(TOKEN, &format!("{TYPES}{OUTCOMES}"))
    );
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &extra);
    let _replica = deployment.start();
    kept_long_ago(&deployment, 5, "c-old");
    kept_long_ago(&deployment, 1, "c-young");

    assert_eq!(told(&deployment.toml, &[]).1["records"], 1, "without --since it is the window");
    let (_, summary) = told(&deployment.toml, &["--since", "6h", "--apply"]);
    assert_eq!((&summary["held"]["beyond_window"], &summary["written"]), (&1.into(), &1.into()));
    let said = said(&deployment.toml, &["--since", "6h"]);
    assert!(said.contains("it would be published again (--beyond-window)"), "{said}");
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended c-young r0 answered"]);
    assert_eq!(told(&deployment.toml, &["--since", "6h", "--beyond-window", "--apply"]).1["written"], 1);
    let events = deployment.read_until("events", |events| events.len() >= 2);
    assert_eq!(summaries(&events), ["call.ended c-old r0 answered", "call.ended c-young r0 answered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_replay_says_how_to_go_on() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &pbx(TOKEN, &format!("{NO_TYPES}{OUTCOMES}")));
    let mut replica = deployment.start();
    for call in 0..6 {
        push(&mut replica, &hangups(&[&format!("c-{call}")], "ok")).await;
    }
    let config = mended(&deployment, NO_TYPES, TYPES);
    let (mut command, _file) = command(&config, &["--apply", "--max-per-second", "1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    eventually("the first event is written", || !deployment.read("inbox").is_empty());
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(deployment.read("inbox").len() < 6, "it stopped in between");
    let from = text(&output.stderr).lines().find_map(|line| line.split_once("--from ")).expect("how to go on").1;
    said(&config, &["--apply", "--from", from]);
    let events = deployment.read_until("events", |events| events.len() >= 6);
    let wanted: Vec<_> = (0..6).map(|call| format!("call.ended c-{call} r0 answered")).collect();
    assert_eq!(summaries(&events), wanted, "each once");
    assert_eq!(deployment.read("inbox").len(), 6, "and nothing was written twice");
}
