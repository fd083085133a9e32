//! Records in forms of a newer version: left to whoever can read them.

use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::deployment::{Deployment, PATIENCE, Record, Replica, call_body, client, eventually};
use super::kafka::Cluster;

/// Writes `record` to the inbox once more, in a form of version 2.
fn write_newer(deployment: &Deployment, record: &Record) {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &deployment.bootstrap).set("partitioner", "murmur2_random");
    let producer: BaseProducer = settings.create().expect("a producer");
    let headers = record
        .headers
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .chain([("trunkline_format", "2")])
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
    let topic = deployment.topic("inbox");
    let new = BaseRecord::to(&topic).key(&record.key).payload(&record.value).headers(headers);
    producer.send(new).map_err(|(error, _)| error).expect("queued");
    producer.flush(PATIENCE).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_inbox_record_ends_the_process_and_stays_undecided() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let nx = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(nx.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    let inbox = deployment.read_until("inbox", |records| !records.is_empty());
    deployment.read_until("events", |events| !events.is_empty());
    write_newer(&deployment, &inbox[0]);
    let ended = |replica: &mut Replica| {
        assert_eq!(replica.wait().code(), Some(1));
        let log = replica.log();
        assert!(log.contains("version 2 of its form") && log.contains("upgrade this instance"), "{log}");
    };
    ended(&mut replica);
    // Whoever starts next meets it again: it is neither lost nor decided.
    ended(&mut deployment.spawn(&[], &[]));
    assert_eq!(deployment.read("events").len(), 1);
    assert!(deployment.read("rejected").is_empty(), "nor moved away");
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_pending_records_and_dialers_messages_are_left_out_and_kept() {
    let prefix = uuid::Uuid::new_v4().simple();
    let extra = format!(
        r#"
        poll.group = "{prefix}-poll"
        poll.calls_group = "{prefix}-calls"
        poll.session_timeout_ms = 6000
        [sources.kv]
        vendor = "sestek-knovvu"
        account = "tenant-a"
        path_tokens = ["only-for-tests-path-token"]
        dialer_tokens = ["only-for-tests-dialer-token"]
        api.base_url = "http://127.0.0.1:1"
        poll.first_delay_seconds = 600
        "#
    );
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &extra);
    let mut replica = deployment.start();
    let key = "call/sestek-knovvu/tenant-a/c-1";
    let placed_at = jiff::Timestamp::now();
    let call = |more: &str| format!(r#"{{"source":"kv","call":"c-1","placed_at":"{placed_at}"{more}}}"#);
    deployment.produce("pending", key, &call(""));
    let waiting = |replica: &mut Replica| replica.metric("trunkline_pending_calls", &["kv"]);
    let replica = std::sync::Mutex::new(&mut replica);
    eventually("the call is pending", || waiting(&mut replica.lock().expect("not poisoned")) == 1.0);
    deployment.produce("pending", key, &call(r#","format":2"#));
    deployment.produce("pending", key, r#"{"format":2,"calls":"of another form"}"#);
    let message = r#"{"format":2,"source":"kv","dialled":["c-2"]}"#;
    deployment.produce("calls", "any", message);
    let seen = |replica: &mut Replica, topic: &str| replica.metric("trunkline_newer_records_total", &[topic]);
    eventually("all of them are seen", || {
        let mut replica = replica.lock().expect("not poisoned");
        seen(&mut replica, "pending") >= 2.0 && seen(&mut replica, "calls") >= 1.0
    });
    let kept = deployment.read_until("rejected", |kept| !kept.is_empty());
    assert_eq!(kept[0].value, message.as_bytes());
    assert_eq!(kept[0].header("trunkline_reason"), "calls_invalid");
    assert!(kept[0].header("trunkline_detail").contains("version 2"), "{}", kept[0].header("trunkline_detail"));
    let left = deployment.read("pending").into_iter().filter(|record| record.key == key).count();
    assert_eq!(left, 3, "they stay, and nothing deletes them");
    eventually("nobody asks about the call", || waiting(&mut replica.lock().expect("not poisoned")) == 0.0);
    let mut replica = replica.lock().expect("not poisoned");
    assert!(replica.stop().success());
}
