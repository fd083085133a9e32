//! What docs/operations.md tells to do: rights in Kafka, and what to do when something of Kafka is lost.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio_util::sync::CancellationToken;
use trunkline::simulate::Simulation;
use trunkline::simulate::ledger::Seen;
use trunkline::simulate::plan::{Faults, Plan, VendorPlan};

use super::deployment::{Deployment, PATIENCE, Replica, call_body, client, eventually};
use super::kafka::{Cluster, Secure, tool};

/// The lines of the page that run one of Kafka's tools, with those that end in a backslash joined.
fn commands(scripts: &[&str]) -> Vec<String> {
    let page = include_str!("../../docs/operations.md").replace("\\\n", " ");
    let wanted = |line: &&str| scripts.iter().any(|script| line.starts_with(&format!("{script} ")));
    page.lines().filter(wanted).map(str::to_owned).collect()
}

/// Runs a command line of the page on the topics and the group of `deployment`.
fn run(line: &str, deployment: &Deployment) {
    let line = line
        .replace("kafka:9092", &deployment.bootstrap)
        .replace("--command-config admin.properties", "")
        .replace("trunkline-dedup", &format!("{}-dedup", deployment.prefix))
        .replace("trunkline.", &deployment.topic(""));
    let mut words = line.split_whitespace();
    let script = words.next().expect("a script");
    tool(script, &words.collect::<Vec<_>>());
}

fn as_user(deployment: &Deployment, secure: &Secure, user: &str, arguments: &[&str]) -> Replica {
    let ca = secure.ca_pem.to_str().expect("UTF-8");
    let environment = [
        ("TRUNKLINE__KAFKA__BROKERS", secure.sasl_ssl.as_str()),
        ("TRUNKLINE__KAFKA__CREATE_TOPICS", "false"),
        ("TRUNKLINE__KAFKA__TLS__CA_FILE", ca),
        ("TRUNKLINE__KAFKA__SASL__MECHANISM", "PLAIN"),
        ("TRUNKLINE__KAFKA__SASL__USERNAME", user),
        ("TRUNKLINE__KAFKA__SASL__PASSWORD", secure.password),
    ];
    deployment.spawn(arguments, &environment)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_gets_by_with_the_rights_the_page_names() {
    let roles = ["ingest", "dedup", "poll"];
    let cluster = Cluster::guarded(&[&roles[..], &["consumer"]].concat());
    let faults = Faults { lose: 0.5, ..Faults::default() };
    let plan = VendorPlan { calls: 40, rate: 40.0, faults, ..VendorPlan::new("nxcloud-callbot") };
    let plan = Plan { seed: 5, vendors: vec![plan] };
    let simulation = Simulation::start(plan, "127.0.0.1:0".parse().expect("an address")).await.expect("starts");
    let deployment = Deployment::new(cluster.bootstrap(), &simulation.settings());
    // Makes the topics, as somebody who may.
    assert!(deployment.start().stop().success());
    for role in roles {
        let mut without = as_user(&deployment, cluster.secure(), role, &["--role", role]);
        assert!(!without.wait().success(), "{role} needs no rights");
        assert!(without.log().contains("does not exist"), "{role}: {}", without.log());
    }

    let commands = commands(&["kafka-acls.sh"]);
    assert!(commands.len() >= 8, "{commands:?}");
    commands.iter().for_each(|line| run(line, &deployment));
    let mut replicas = roles.map(|role| as_user(&deployment, cluster.secure(), role, &["--role", role]));
    replicas.iter_mut().for_each(Replica::wait_ready);
    // Without a right nothing is accepted, and vendors would go on for ever.
    let url = replicas[0].url();
    let ledger = tokio::time::timeout(3 * PATIENCE, simulation.run(&url, PATIENCE, CancellationToken::new())).await;
    let ledger = ledger.expect("everything is told and asked for").expect("runs");
    assert!(ledger.complete, "{ledger}");
    let seen = || {
        let records = deployment.read("events");
        records.iter().map(|record| serde_json::from_slice(&record.value).expect("an event")).collect::<Vec<Seen>>()
    };
    eventually("everything due is published", || ledger.compare(&seen()).missing.is_empty());
    assert!(ledger.compare(&seen()).is_good(), "{}", ledger.compare(&seen()));
    let asked = replicas[2].metric("trunkline_ingested_events_total", &["channel=\"poll\""]);
    assert!(asked > 0.0, "results came by asking");

    // What is not understood: of a vendor, of a dialer, of nobody.
    let body = r#"{"callbackType":3}"#;
    let answer = deployment.signed("call", body).post(&client(), &replicas[0].url()).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    deployment.produce("calls", "k", "no call");
    deployment.produce("inbox", "k", "no event");
    let rejected = deployment.read_until("rejected", |records| records.len() >= 3);
    assert_eq!(rejected.len(), 3);

    let (ca, secure) = (cluster.secure().ca_pem.display().to_string(), cluster.secure());
    let mut settings = ClientConfig::new();
    for (name, value) in [
        ("bootstrap.servers", secure.sasl_ssl.as_str()),
        ("security.protocol", "sasl_ssl"),
        ("ssl.ca.location", &ca),
        ("sasl.mechanisms", "PLAIN"),
        ("sasl.username", "consumer"),
        ("sasl.password", secure.password),
        ("group.id", "billing"),
        ("auto.offset.reset", "earliest"),
    ] {
        settings.set(name, value);
    }
    let consumer: BaseConsumer = settings.create().expect("a consumer");
    consumer.subscribe(&[&deployment.topic("events")]).expect("subscribed");
    let deadline = Instant::now() + PATIENCE;
    while !matches!(consumer.poll(Duration::from_millis(100)), Some(Ok(_))) {
        assert!(Instant::now() < deadline, "a consumer reads nothing");
    }

    for mut replica in replicas {
        assert!(replica.stop().success());
        let log = replica.log().to_lowercase();
        assert!(!log.contains("authoriz") && !log.contains("describeconfigs"), "{log}");
    }
    simulation.stop().await;
}

/// Sends a callback about each call.
async fn call(deployment: &Deployment, replica: &mut Replica, calls: &[&str]) {
    for call in calls {
        let answer = deployment.signed("call", &call_body(call, "486")).post(&client(), &replica.url()).await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }
}

/// What consumers see, once `due` events are there.
fn published(deployment: &Deployment, due: usize) -> Vec<String> {
    let mut events: Vec<_> =
        deployment.read_until("events", |events| events.len() >= due).iter().map(|event| event.summary()).collect();
    events.sort();
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_with_a_topic_and_what_is_published_again() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let lose = |topics: &[&str]| {
        let names: Vec<String> = topics.iter().map(|topic| deployment.topic(topic)).collect();
        tool(
            "kafka-topics.sh",
            &["--bootstrap-server", &deployment.bootstrap, "--delete", "--topic", &names.join("|").replace('.', "\\.")],
        );
    };
    let busy = |call: &str| format!("call.ended {call} r0 busy");
    let mut replica = deployment.start();
    call(&deployment, &mut replica, &["c-1", "c-2"]).await;
    assert_eq!(published(&deployment, 2), [busy("c-1"), busy("c-2")]);
    assert!(replica.stop().success());

    // The place in the inbox: all of it is decided again, and nothing is published.
    let told = commands(&["kafka-consumer-groups.sh", "kafka-topics.sh"]);
    let [forget_place, forget_facts, set_place] = &told[..] else { panic!("{told:?}") };
    run(forget_place, &deployment);
    run(set_place, &deployment);
    let mut replica = deployment.start();
    let duplicates =
        |replica: &mut Replica| replica.metric("trunkline_dedup_decisions_total", &["decision=\"duplicate\""]);
    let deadline = Instant::now() + PATIENCE;
    while duplicates(&mut replica) < 2.0 {
        assert!(Instant::now() < deadline, "the inbox is not read again");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(published(&deployment, 2), [busy("c-1"), busy("c-2")]);
    assert!(replica.stop().success());

    // The inbox: what is new is published, what was published is known.
    lose(&["inbox"]);
    let mut replica = deployment.start();
    call(&deployment, &mut replica, &["c-1", "c-3"]).await;
    assert_eq!(published(&deployment, 3), [busy("c-1"), busy("c-2"), busy("c-3")]);
    assert!(replica.stop().success());

    // dedup's memory: what comes again is published again, as the same fact in the same revision.
    lose(&["seen"]);
    let mut replica = deployment.start();
    call(&deployment, &mut replica, &["c-1"]).await;
    assert_eq!(published(&deployment, 4), [busy("c-1"), busy("c-1"), busy("c-2"), busy("c-3")]);
    let events = deployment.read("events");
    let twice: Vec<_> = events.iter().filter(|event| event.summary() == busy("c-1")).collect();
    assert_eq!(twice[0].header("ce_id"), twice[1].header("ce_id"));
    assert_eq!(twice[0].json()["key"], twice[1].json()["key"]);
    assert!(replica.stop().success());

    // The events: with memory and place forgotten, what is in the inbox is published again, once.
    lose(&["events"]);
    run(forget_place, &deployment);
    run(forget_facts, &deployment);
    let mut replica = deployment.start();
    assert_eq!(published(&deployment, 2), [busy("c-1"), busy("c-3")]);
    assert!(replica.stop().success());
}
