//! The programs of docs/consuming.md, built and run: each reads what the test reads, and keeps the same facts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::deployment::{Deployment, PATIENCE, Record, call_body, client};
use super::kafka::Cluster;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the libraries of the Python and Java programs are.
fn libraries() -> PathBuf {
    let fetched = Command::new(root().join("tools/consuming/fetch")).status().expect("bash");
    assert!(fetched.success(), "tools/consuming/fetch says why");
    root().join("target/consuming")
}

/// A topic with three facts, one of them revised, and records of a transaction that was aborted.
async fn published() -> (Deployment, Vec<Record>) {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    for (call, sip) in [("c-1", "486"), ("c-2", "486"), ("c-2", "480"), ("c-3", "404"), ("c-1", "486")] {
        let answer = deployment.signed("call", &call_body(call, sip)).post(&client, &url).await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    let events = deployment.read_until("events", |events| events.len() >= 4);
    assert_eq!(events.len(), 4, "three facts and a revision");
    assert!(replica.stop().success());
    write_and_abort(&deployment);
    (deployment, events)
}

/// An event in a transaction that is aborted: nobody may read it.
fn write_and_abort(deployment: &Deployment) {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &deployment.bootstrap).set("transactional.id", &deployment.prefix);
    let producer: BaseProducer = settings.create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("initialised");
    producer.begin_transaction().expect("begun");
    let (topic, value) = (deployment.topic("events"), r#"{"key":"not for you","type":"-","subject":"-","revision":9}"#);
    producer.send(BaseRecord::to(&topic).key("k").payload(value)).map_err(|(error, _)| error).expect("queued");
    producer.flush(PATIENCE).expect("written");
    producer.abort_transaction(PATIENCE).expect("aborted");
}

/// What a program has to print: the events in the order of one partition, in any order of partitions, and a summary.
fn assert_says(what: &str, mut command: Command, events: &[Record]) {
    let output = command.current_dir(root()).output().unwrap_or_else(|error| panic!("{what}: {error}"));
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}: {out}\n{error}");
    let count = |lines: &mut dyn Iterator<Item = String>| {
        lines.fold(BTreeMap::new(), |mut counts: BTreeMap<String, u32>, line| {
            *counts.entry(line).or_default() += 1;
            counts
        })
    };
    let mut said: Vec<String> = out.lines().map(str::to_owned).collect();
    assert_eq!(said.pop().as_deref(), Some("4 events, 3 facts, 0 not as the schema says"), "{what}: {out}\n{error}");
    assert_eq!(count(&mut said.into_iter()), count(&mut events.iter().map(Record::summary)), "{what}: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_consuming_program_reads_what_is_published_and_nothing_else() {
    let (deployment, events) = published().await;
    let (topic, libraries) = (deployment.topic("events"), libraries());
    let arguments =
        |group: &str| [&deployment.bootstrap, &topic, group, "schemas/event.json", "4"].map(str::to_owned).to_vec();

    let mut python = Command::new(libraries.join("python/bin/python"));
    python.arg("examples/consuming/consume.py");
    let names = ["--brokers", "--topic", "--group", "--schema", "--count"];
    for (name, value) in names.iter().zip(arguments("python")) {
        python.arg(name).arg(value);
    }
    assert_says("Python", python, &events);

    let mut java = Command::new("java");
    java.args(["-cp", &format!("{}/libs/*", libraries.display()), "examples/consuming/Consume.java"]);
    java.args(arguments("java"));
    assert_says("Java", java, &events);

    // Cargo builds examples next to the tests it runs.
    let examples = Path::new(env!("CARGO_BIN_EXE_trunkline")).parent().expect("a folder").join("examples");
    let mut rust = Command::new(examples.join("consume"));
    rust.args(arguments("rust"));
    assert_says("Rust", rust, &events);
}
