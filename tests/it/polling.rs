//! Asking vendors for results: placed calls, hints, deadlines, outages, take-overs.

/// A vendor's API under the test's control.
mod knovvu;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use self::knovvu::{Knovvu, Mood};
use super::deployment::{Deployment, Record, Replica, client, eventually};
use super::kafka::Cluster;

const TOKEN: &str = "only-for-tests-dialer-token";
const PATH_TOKEN: &str = "only-for-tests-path-token";

/// A source `kv` that asks `vendor`; `poll` changes keys of its `[sources.kv.poll]`.
fn deployment(vendor: &Knovvu, poll: &[(&str, u32)]) -> Deployment {
    deployment_with(Cluster::shared().bootstrap(), vendor, "", poll)
}

/// The same on another cluster and with more keys of the source.
fn deployment_with(bootstrap: &str, vendor: &Knovvu, more: &str, poll: &[(&str, u32)]) -> Deployment {
    let mut keys = BTreeMap::from([
        ("first_delay_seconds", 1),
        ("pause_seconds", 1),
        ("longest_pause_seconds", 2),
        ("deadline_seconds", 600),
        ("requests_per_minute", 3000),
        ("burst", 20),
        ("timeout_ms", 2000),
        ("circuit_longest_pause_seconds", 2),
    ]);
    keys.extend(poll.iter().copied());
    let poll: String = keys.iter().map(|(key, value)| format!("poll.{key} = {value}\n")).collect();
    let (group, url) = (uuid::Uuid::new_v4().simple(), vendor.url());
    let extra = format!(
        r#"
        poll.group = "{group}-poll"
        poll.calls_group = "{group}-calls"
        poll.session_timeout_ms = 6000
        [sources.kv]
        vendor = "sestek-knovvu"
        account = "tenant-a"
        country = "TR"
        path_tokens = ["{PATH_TOKEN}"]
        dialer_tokens = ["{TOKEN}"]
        api.base_url = "{url}"
        api.batch = 10
        {more}
        {poll}
        "#
    );
    Deployment::new(bootstrap, &extra)
}

async fn place(replica: &mut Replica, body: &Value) -> (u16, Value) {
    let url = format!("{}/v1/sources/kv/calls", replica.url());
    let sent = client().post(url).bearer_auth(TOKEN).json(body).send().await.expect("an answer");
    (sent.status().as_u16(), sent.json().await.unwrap_or(Value::Null))
}

/// A push of the vendor.
async fn push(replica: &mut Replica, body: &Value) {
    let url = format!("{}/v1/callbacks/kv/{PATH_TOKEN}/result", replica.url());
    assert_eq!(client().post(url).json(body).send().await.expect("an answer").status(), 200);
}

fn summaries(records: &[Record]) -> Vec<String> {
    let mut all: Vec<_> = records.iter().map(Record::summary).collect();
    all.sort();
    all
}

/// The calls that are still pending, from the compacted topic as a new reader would see them.
fn pending(deployment: &Deployment) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for record in deployment.read("pending") {
        let Some(name) = record.key.strip_prefix("call/").or_else(|| record.key.strip_prefix("hint/")) else {
            continue;
        };
        match record.value.is_empty() {
            true => calls.remove(name),
            false => calls.insert(name.to_owned()),
        };
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placed_call_gets_its_result_with_what_the_dialer_knows() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[]);
    let mut replica = deployment.start();
    let call = json!({
        "id": "u-1", "destination": "+905321234567", "reference": "order-7", "conversation": "conv-9",
    });
    let (status, answer) = place(&mut replica, &call).await;
    assert_eq!((status, &answer), (202, &json!({ "accepted": 1, "calls": ["u-1"], "events": 0 })));
    assert_eq!(pending(&deployment), BTreeSet::from(["sestek-knovvu/tenant-a/u-1".to_owned()]));

    eventually("the call is asked about twice without a result", || vendor.asked("u-1") >= 2);
    vendor.ends("u-1", "No Answer");
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended u-1 r0 no_answer"]);
    let event = events[0].json();
    assert_eq!(event["channel"], "poll");
    assert_eq!(event["call"]["to"]["e164"], "+905321234567");
    assert_eq!(event["links"], json!({ "reference": "order-7", "conversation": "conv-9" }));
    eventually("nothing is pending", || pending(&deployment).is_empty());

    let asked = vendor.asked("u-1");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(vendor.asked("u-1"), asked, "it is asked about no more");
    assert_eq!(replica.metric("trunkline_poll_settled_total", &["asked"]), 1.0);
    assert!(replica.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_clears_its_call_and_a_poll_of_the_same_fact_is_a_duplicate() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[("first_delay_seconds", 4)]);
    let mut replica = deployment.start();
    assert_eq!(place(&mut replica, &json!({ "calls": [{ "id": "u-1" }, { "id": "u-2" }] })).await.0, 202);
    vendor.ends("u-1", "Busy");
    vendor.ends("u-2", "Busy");
    push(&mut replica, &json!({ "UniqueId": "u-1", "CallState": "Busy" })).await;
    eventually("the push clears its call", || pending(&deployment).len() == 1);
    // The dialer says it again, and the vendor is asked: the fact is known.
    assert_eq!(place(&mut replica, &json!({ "id": "u-1", "destination": "+905321234567" })).await.0, 202);
    eventually("nothing is pending", || pending(&deployment).is_empty());
    assert!(vendor.asked("u-1") >= 1);
    let events = deployment.read_until("events", |events| events.len() >= 2);
    assert_eq!(summaries(&events), ["call.ended u-1 r0 busy", "call.ended u-2 r0 busy"]);
    eventually("the poll is a duplicate", || deployment.read("inbox").len() == 3);
    assert_eq!(deployment.read("events").len(), 2);
    assert_eq!(replica.metric("trunkline_dedup_decisions_total", &["duplicate", "poll"]), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_result_is_told_at_its_deadline_and_a_late_result_is_a_revision() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[("deadline_seconds", 4)]);
    let mut replica = deployment.start();
    assert_eq!(place(&mut replica, &json!({ "id": "u-1", "reference": "order-7" })).await.0, 202);
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended u-1 r0 unknown"]);
    let event = events[0].json();
    assert_eq!(event["cause"], json!({ "interface": "trunkline", "code": "no_result" }));
    assert_eq!(event["links"]["reference"], "order-7");
    eventually("nothing is pending", || pending(&deployment).is_empty());
    assert!(vendor.asked("u-1") >= 2, "asked before, and once more at the deadline");
    assert_eq!(replica.metric("trunkline_poll_settled_total", &["no_result"]), 1.0);

    push(&mut replica, &json!({ "UniqueId": "u-1", "CallState": "Answered" })).await;
    let events = deployment.read_until("events", |events| events.len() == 2);
    assert_eq!(summaries(&events), ["call.ended u-1 r0 unknown", "call.ended u-1 r1 answered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_without_a_state_is_asked_about_at_once() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[("first_delay_seconds", 300)]);
    let mut replica = deployment.start();
    assert_eq!(place(&mut replica, &json!({ "id": "u-1", "reference": "order-7" })).await.0, 202);
    vendor.ends("u-1", "Rejected");
    vendor.ends("u-2", "Answered");
    // One call the dialer placed, one nobody did.
    push(&mut replica, &json!([{ "UniqueId": "u-1" }, { "UniqueId": "u-2" }])).await;
    let events = deployment.read_until("events", |events| events.len() >= 2);
    assert_eq!(summaries(&events), ["call.ended u-1 r0 rejected", "call.ended u-2 r0 answered"]);
    let with_reference = events.iter().filter(|event| event.json()["links"]["reference"] == "order-7").count();
    assert_eq!(with_reference, 1, "a hint does not forget what the dialer said");
    eventually("nothing is pending", || pending(&deployment).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_id_spoils_nothing_but_itself() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[("deadline_seconds", 15)]);
    let mut replica = deployment.start();
    vendor.refuses("poison", 400);
    vendor.refuses("broken", 500);
    let ids = (0..20).map(|number| format!("u-{number}"));
    let calls: Vec<_> = ids.clone().chain(["poison".into(), "broken".into()]).map(|id| json!({ "id": id })).collect();
    ids.for_each(|id| vendor.ends(&id, "Answered"));
    assert_eq!(place(&mut replica, &json!({ "calls": calls })).await.0, 202);
    let events = deployment.read_until("events", |events| events.len() >= 20);
    assert!(events.iter().all(|event| event.summary().ends_with("r0 answered")), "{:?}", summaries(&events));
    // The vendor refused to answer for it: it was not asked about again and again.
    let events = deployment.read_until("events", |events| events.len() >= 21);
    assert!(summaries(&events).contains(&"call.ended poison r0 unknown".to_owned()));
    assert!(vendor.asked("poison") <= 4, "{} times", vendor.asked("poison"));
    // An error of the vendor ends nothing: somebody may mend it.
    assert_eq!(pending(&deployment), BTreeSet::from(["sestek-knovvu/tenant-a/broken".to_owned()]));
    vendor.refuses("broken", 200);
    vendor.ends("broken", "Busy");
    let events = deployment.read_until("events", |events| events.len() >= 22);
    assert!(summaries(&events).contains(&"call.ended broken r0 busy".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_time_only_and_the_backlog_stays_within_the_budget() {
    let vendor = Knovvu::start().await;
    // Ten requests a second, and ten calls each.
    let deployment = deployment(&vendor, &[("requests_per_minute", 600), ("burst", 2), ("deadline_seconds", 8)]);
    let mut replica = deployment.start();
    vendor.mood(Mood::Down);
    let calls: Vec<_> = (0..300).map(|number| json!({ "id": format!("u-{number}") })).collect();
    (0..300).for_each(|number| vendor.ends(&format!("u-{number}"), "Answered"));
    assert_eq!(place(&mut replica, &json!({ "calls": calls })).await.0, 202);
    eventually("the circuit opens", || vendor.requests() >= 5);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(replica.metric("trunkline_poll_circuit_open", &["kv"]), 1.0);
    assert!(vendor.requests() < 40, "{} requests to a vendor that is down", vendor.requests());
    assert!(deployment.read("events").is_empty(), "nobody gives up during an outage, also after the deadline");

    vendor.mood(Mood::Throttling);
    tokio::time::sleep(Duration::from_secs(3)).await;
    vendor.mood(Mood::Fine);
    let events = deployment.read_until("events", |events| events.len() >= 300);
    assert_eq!(events.len(), 300);
    assert!(events.iter().all(|event| event.summary().ends_with("r0 answered")));
    let most = vendor.most_in_a_second();
    // A budget of 10 and a burst of 2, and some more because a busy machine lets requests bunch up on their way.
    assert!(most <= 16, "{most} requests in one second");
    assert_eq!(replica.metric("trunkline_poll_circuit_open", &["kv"]), 0.0);
    eventually("nothing is pending", || pending(&deployment).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_asking_process_is_killed_another_goes_on() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[("requests_per_minute", 600), ("burst", 2)]);
    let (mut one, mut two) = (deployment.start(), deployment.start());
    let calls: Vec<_> = (0..400).map(|number| json!({ "id": format!("u-{number}") })).collect();
    assert_eq!(place(&mut one, &json!({ "calls": calls })).await.0, 202);
    (0..150).for_each(|number| vendor.ends(&format!("u-{number}"), "Answered"));
    eventually("some results", || deployment.read("events").len() >= 50);
    let asks = |replica: &mut Replica| replica.metric("trunkline_poll_requests_total", &["kv"]) > 0.0;
    let (first, second) = (asks(&mut one), asks(&mut two));
    assert!(first != second, "one process alone asks for an account");
    if first {
        one.kill()
    } else {
        two.kill()
    };
    (150..400).for_each(|number| vendor.ends(&format!("u-{number}"), "Busy"));
    let events = deployment.read_until("events", |events| events.len() >= 400);
    let subjects: BTreeSet<_> = events.iter().map(|event| event.json()["subject"].to_string()).collect();
    assert_eq!((events.len(), subjects.len()), (400, 400));
    let most = vendor.most_in_a_second();
    // A budget of 10 and a burst of 2, and some more because a busy machine lets requests bunch up on their way.
    assert!(most <= 16, "{most} requests in one second");
    eventually("nothing is pending", || pending(&deployment).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_be_a_process_of_its_own() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[]);
    let mut roles = ["ingest", "dedup", "poll"].map(|role| deployment.spawn(&["--role", role], &[]));
    roles.iter_mut().for_each(Replica::wait_ready);
    assert_eq!(place(&mut roles[0], &json!({ "id": "u-1" })).await.0, 202);
    vendor.ends("u-1", "Invalid Number");
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended u-1 r0 invalid_number"]);
    eventually("nothing is pending", || pending(&deployment).is_empty());
    assert!(roles.iter_mut().all(|role| role.stop().success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_kafka_is_away_dialers_are_told_to_come_again() {
    let vendor = Knovvu::start().await;
    let mut cluster = Cluster::start(1);
    let deployment = deployment_with(cluster.bootstrap(), &vendor, "", &[]);
    let mut replica = deployment.start();
    cluster.kill(0);
    let sent = client().post(format!("{}/v1/sources/kv/calls", replica.url())).bearer_auth(TOKEN);
    let answer = sent.json(&json!({ "id": "u-1" })).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
    cluster.restart(0);
    vendor.ends("u-1", "Answered");
    let deadline = std::time::Instant::now() + super::deployment::PATIENCE;
    while place(&mut replica, &json!({ "id": "u-1" })).await.0 != 202 {
        assert!(std::time::Instant::now() < deadline, "never accepted again");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended u-1 r0 answered"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_tokens_are_renewed_early_one_at_a_time_and_are_in_no_log() {
    let vendor = Knovvu::start().await;
    vendor.token_lifetime(10);
    let identity = format!(
        r#"
        api.identity_url = "{}/identity"
        api.client_id = "client"
        api.client_secrets = ["only-for-tests-client-secret"]
        "#,
        vendor.url()
    );
    let deployment = deployment_with(Cluster::shared().bootstrap(), &vendor, &identity, &[("concurrency", 8)]);
    let mut replica = deployment.spawn(&[], &[("TRUNKLINE__LOG__FILTER", "trace")]);
    replica.wait_ready();
    let calls: Vec<_> = (0..100).map(|number| json!({ "id": format!("u-{number}") })).collect();
    assert_eq!(place(&mut replica, &json!({ "calls": calls })).await.0, 202);
    eventually("questions", || vendor.asked("u-99") >= 1);
    assert_eq!(vendor.tokens(), 1, "eight questions at once need one token");
    eventually("a new token before the old one ends", || vendor.tokens() == 2);
    let refused = replica.metric("trunkline_poll_requests_total", &["callresult", "\"token\""]);
    assert_eq!(refused, 0.0, "no question was refused for its token");

    vendor.token_lifetime(3600);
    vendor.revoke_tokens();
    (0..100).for_each(|number| vendor.ends(&format!("u-{number}"), "Answered"));
    assert_eq!(deployment.read_until("events", |events| events.len() >= 100).len(), 100);
    assert_eq!(replica.metric("trunkline_poll_circuit_open", &["kv"]), 0.0);
    let log = replica.log();
    assert!(log.contains("asking the vendor") && !log.contains("only-for-tests"), "secrets in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn dialers_prove_themselves_and_are_told_what_is_wrong() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[]);
    let mut replica = deployment.start();
    let url = replica.url();
    let post = async |path: &str, token: Option<&str>, body: String| {
        let request = client().post(format!("{url}{path}")).header("content-type", "application/json").body(body);
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap_or(Value::Null))
    };
    let good = r#"{"id":"u-1"}"#.to_owned();
    let path = "/v1/sources/kv/calls";
    assert_eq!(post(path, None, good.clone()).await.0, 401);
    assert_eq!(post(path, Some("only-for-tests-dialer-tokem"), good.clone()).await.0, 401);
    assert_eq!(post("/v1/sources/nobody/calls", Some(TOKEN), good.clone()).await.0, 404);
    // A source without dialers has no token that could be right.
    assert_eq!(post("/v1/sources/nx/calls", Some(TOKEN), good).await.0, 401);

    let detail = async |body: &str| {
        let (status, problem) = post(path, Some(TOKEN), body.to_owned()).await;
        assert_eq!((status, problem["type"].as_str()), (422, Some("urn:trunkline:problem:calls_invalid")), "{body}");
        problem["detail"].as_str().expect("a detail").to_owned()
    };
    assert!(detail("{").await.starts_with("the body is not a JSON object"));
    assert_eq!(detail("{}").await, "id is absent or empty: give id, calls, or the vendor's answer");
    assert!(detail(r#"{"idd":"u-1"}"#).await.starts_with("unknown field `idd`"));
    assert_eq!(detail(r#"{"calls":[{"id":"a"},{}]}"#).await, "calls[1].id is absent or empty");
    let long = "x".repeat(257);
    assert_eq!(detail(&format!(r#"{{"calls":[{{"id":"{long}"}}]}}"#)).await, "calls[0].id is longer than 256 bytes");
    assert!(detail(r#"{"id":"a","placed_at":"2020-01-01T00:00:00Z"}"#).await.starts_with("placed_at is longer ago"));
    assert!(detail(r#"{"id":"a","placed_at":"2100-01-01T00:00:00Z"}"#).await.starts_with("placed_at is in the future"));
    assert!(detail(r#"{"id":"a","calls":[{"id":"b"}]}"#).await.starts_with("id and calls exclude each other"));
    let many: Vec<_> = (0..1001).map(|number| json!({ "id": number.to_string() })).collect();
    assert!(detail(&json!({ "calls": many }).to_string()).await.starts_with("calls holds more than 1000"));
    assert!(pending(&deployment).is_empty());

    let (status, answer) = post(path, Some(TOKEN), r#"{"answer":{"UniqueId":"u-9"}}"#.to_owned()).await;
    assert_eq!((status, &answer["calls"]), (202, &json!(["u-9"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn dialers_may_write_to_kafka_and_what_cannot_be_read_is_kept() {
    let vendor = Knovvu::start().await;
    let deployment = deployment(&vendor, &[]);
    let mut replica = deployment.start();
    vendor.ends("u-1", "Answered");
    for body in
        [r#"{"source":"kv","id":"u-1"}"#, r#"{"source":"kv","id":""}"#, r#"{"source":"other","id":"u-2"}"#, "no"]
    {
        deployment.produce("calls", "any key", body);
    }
    let events = deployment.read_until("events", |events| !events.is_empty());
    assert_eq!(summaries(&events), ["call.ended u-1 r0 answered"]);
    let rejected = deployment.read_until("rejected", |rejected| rejected.len() >= 3);
    let mut details: Vec<_> = rejected.iter().map(|record| record.header("trunkline_detail")).collect();
    details.sort_unstable();
    assert_eq!(rejected.len(), 3);
    assert!(details[0].starts_with("id is absent or empty"), "{details:?}");
    assert!(rejected.iter().all(|record| record.header("trunkline_reason") == "calls_invalid"));
    assert!(replica.stop().success());
    // A restart reads nothing twice: what was handled is committed.
    let mut replica = deployment.start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(deployment.read("rejected").len(), 3);
    assert_eq!(replica.metric("trunkline_placed_calls_total", &["kv"]), 0.0);
}
