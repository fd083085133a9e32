//! The whole line: signed callbacks in, CloudEvents out, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use super::deployment::{Deployment, Record, call_body, client};
use super::kafka::Cluster;

const ORDER: &str = include_str!("../../src/vendor/nxcloud_callbot/demo/order.json");
const CALL: &str = include_str!("../../src/vendor/nxcloud_callbot/demo/call.json");
const TASK: &str = include_str!("../../src/vendor/nxcloud_callbot/demo/task.json");

fn summaries(records: &[Record]) -> BTreeSet<String> {
    records.iter().map(Record::summary).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn callbacks_become_cloud_events_once_and_valid() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    for (kind, body) in [("call", CALL), ("order", ORDER), ("task", TASK), ("call", CALL), ("order", ORDER)] {
        let answer = deployment.signed(kind, body).post(&client, &url).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.expect("a body"), r#"{"retCode":0,"retMsg":"success"}"#);
    }
    let events = deployment.read_until("events", |events| events.len() >= 4);
    assert_eq!(
        summaries(&events).into_iter().collect::<Vec<_>>(),
        [
            "call.ended call-1001 r0 answered",
            "order.finished order-1001 r0 answered",
            "recording.available call-1001 r0 -",
            "task.changed task-42 r0 -",
        ]
    );
    assert_eq!(events.len(), 4);

    let schema = serde_json::to_value(schemars::schema_for!(trunkline::event::Event)).expect("a schema");
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).expect("valid");
    for event in &events {
        let json = event.json();
        let errors: Vec<_> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        // CloudEvents, Kafka binding, binary mode.
        assert_eq!(event.header("ce_specversion"), "1.0");
        assert_eq!(event.header("content-type"), "application/json");
        assert_eq!(event.header("ce_source"), "/trunkline/nxcloud-callbot/UID-TEST-01");
        assert_eq!(event.header("ce_type"), format!("trunkline.{}.v1", json["type"].as_str().expect("a type")));
        assert_eq!(event.header("ce_subject"), json["subject"]);
        assert_eq!(event.header("ce_time"), json["occurred_at"]);
        assert_eq!(event.header("ce_recordedtime"), json["received_at"]);
        assert_eq!(event.header("ce_dataschema"), schema["$id"]);
        assert_eq!(event.header("trunkline_key"), json["key"]);
        assert_eq!(event.header("ce_partitionkey"), event.key);
        assert!(!event.headers.contains_key("trunkline_material"), "internal headers stay inside");
        let raw = json["raw"].to_string();
        assert!(raw.contains("scene-7"), "the vendor's own object is kept");
    }
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["duplicate"]), 7.0);
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_and_many_repetitions_give_every_fact_once_in_order_per_call() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let (mut one, mut two) = (deployment.start(), deployment.start());
    let urls = [one.url(), two.url()];
    let client = client();
    // Every call is first busy, then answered by the correction; each said four times to each replica.
    for sip in ["486", "404"] {
        for _ in 0..4 {
            let requests = (0..100).flat_map(|call| {
                let signed = deployment.signed("call", &call_body(&format!("c-{call}"), sip));
                urls.iter().map(move |url| (signed.clone(), url.clone())).collect::<Vec<_>>()
            });
            let answers = join_all(requests.map(|(signed, url)| {
                let client = client.clone();
                async move {
                    loop {
                        // A busy machine refuses some of so many at once: the vendor repeats.
                        match signed.post(&client, &url).await.expect("an answer").status().as_u16() {
                            503 => tokio::time::sleep(Duration::from_millis(50)).await,
                            other => return other,
                        }
                    }
                }
            }))
            .await;
            assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
        }
    }
    let events = deployment.read_until("events", |events| events.len() >= 200);
    let mut by_call: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in &events {
        by_call
            .entry(event.json()["subject"].as_str().expect("a subject").to_owned())
            .or_default()
            .push(event.summary());
    }
    assert_eq!(by_call.len(), 100);
    for (call, seen) in by_call {
        let wanted = [format!("call.ended {call} r0 busy"), format!("call.ended {call} r1 invalid_number")];
        assert_eq!(seen, wanted, "each fact once, in order");
    }
    assert_in_order(&events);
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_published_and_vaguer_sights_are_not() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    // SIP 999 is in no table: unknown. In turn: unknown, busy, unknown again, the first again, rejected, busy again.
    for sip in ["999", "486", "999", "999", "603", "486"] {
        let signed = deployment.signed("call", &call_body("c-1", sip));
        assert_eq!(signed.post(&client, &url).await.expect("an answer").status(), 200);
    }
    let events = deployment.read_until("events", |events| events.len() >= 3);
    let seen: Vec<String> = events.iter().map(Record::summary).collect();
    assert_eq!(seen, ["call.ended c-1 r0 unknown", "call.ended c-1 r1 busy", "call.ended c-1 r2 rejected"]);
    let ids: BTreeSet<&str> = events.iter().map(|event| event.header("ce_id")).collect();
    assert_eq!(ids.len(), 3, "every revision has an id of its own");
    let keys: BTreeSet<&str> = events.iter().map(|event| event.header("trunkline_key")).collect();
    assert_eq!(keys.len(), 1, "and all the key of the fact");
    assert_eq!(events[2].header("trunkline_revision"), "2");
    assert!(replica.metric("trunkline_unknown_codes_total", &["sip"]) >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_events_go_to_topics_of_their_own_with_the_same_guarantees() {
    let extra = "kafka.routes = [{ topic = \"recordings\", types = [\"recording.available\"] }]";
    let deployment = Deployment::new(Cluster::shared().bootstrap(), extra);
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    for _ in 0..3 {
        assert_eq!(deployment.signed("call", CALL).post(&client, &url).await.expect("an answer").status(), 200);
    }
    let recordings = deployment.read_until("recordings", |events| !events.is_empty());
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&recordings).into_iter().collect::<Vec<_>>(), ["recording.available call-1001 r0 -"]);
    assert_eq!(summaries(&events).into_iter().collect::<Vec<_>>(), ["call.ended call-1001 r0 answered"]);
    assert_eq!((recordings.len(), events.len()), (1, 1));
    assert_eq!(recordings[0].partition, events[0].partition, "the same partition, because they share the call");
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_acknowledged_and_kept_whole() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    let truncated = &CALL[..CALL.len() / 2];
    for body in [truncated, r#"{"callInfoDetail":{"callStatus":1}}"#] {
        let answer = deployment.signed("call", body).post(&client, &url).await.expect("an answer");
        assert_eq!(answer.status(), 200, "a repetition cannot help");
    }
    let kept = deployment.read_until("rejected", |records| records.len() >= 2);
    let reason = |body: &str| {
        let record = kept.iter().find(|record| record.value == body.as_bytes()).expect("the body as received");
        (record.header("trunkline_reason").to_owned(), record.header("trunkline_detail").to_owned())
    };
    assert_eq!(reason(truncated).0, "body_not_json");
    let (why, detail) = reason(r#"{"callInfoDetail":{"callStatus":1}}"#);
    assert_eq!(why, "field_missing");
    assert!(detail.contains("callInfoDetail.callID"), "{detail}");
    assert_eq!(kept[0].header("trunkline_source"), "nx");
    assert_eq!(kept[0].header("uuid"), "UID-TEST-01");
    assert!(!kept[0].headers.contains_key("sign"));
    assert!(deployment.read("events").is_empty());
}

/// Per partition, what was decided first stands first.
pub fn assert_in_order(events: &[Record]) {
    let mut last: BTreeMap<i32, i64> = BTreeMap::new();
    for event in events {
        let from: i64 = event.header("trunkline_in_offset").parse().expect("a number");
        let before = last.insert(event.partition, from).unwrap_or(-1);
        assert!(before < from, "partition {}: inbox offset {from} after {before}", event.partition);
    }
}
