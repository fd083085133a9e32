//! Every vendor of the registry at once, through real Kafka.

use std::collections::BTreeSet;

use trunkline::source::{build, demo_settings};
use trunkline::vendor::{REGISTRY, Unsigned};

use super::deployment::{Deployment, Signed, client};
use super::kafka::Cluster;

/// All samples of all demo sources, signed as their vendors would.
fn samples(deployment: &Deployment) -> Vec<(String, Signed)> {
    let sources = build(&deployment.config()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut signed = Vec::new();
    for vendor in REGISTRY {
        let source = &sources[&format!("{}-demo", vendor.name())];
        for (index, (kind, body)) in vendor.demo().samples.iter().enumerate() {
            let kind = source.kind(kind).expect("a kind of the vendor");
            let nonce = format!("{index:032x}");
            let request = Unsigned { kind, body, now: jiff::Timestamp::now(), nonce: &nonce };
            let made = source.adapter.sign(&request).expect("a demo secret");
            let query = if made.query.is_empty() { String::new() } else { format!("?{}", made.query) };
            let path = format!("{}{query}", source.secret_path(kind));
            signed.push((source.name.clone(), Signed { path, headers: made.headers, body: made.body }));
        }
    }
    signed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_all_vendors_becomes_one_stream_of_valid_events_once() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &demo_settings());
    let mut replica = deployment.start();
    let (client, url) = (client(), replica.url());
    let samples = samples(&deployment);
    for _ in 0..2 {
        for (source, signed) in &samples {
            let status = signed.post(&client, &url).await.expect("an answer").status();
            assert!(status.is_success(), "{source}: {status}");
        }
    }
    let all: BTreeSet<String> = REGISTRY.iter().map(|vendor| format!("{}-demo", vendor.name())).collect();
    let sources = |events: &[super::deployment::Record]| -> BTreeSet<String> {
        events.iter().map(|event| event.header("trunkline_source").to_owned()).collect()
    };
    let events = deployment.read_until("events", |events| sources(events) == all);
    let facts: BTreeSet<(&str, &str)> =
        events.iter().map(|event| (event.header("trunkline_key"), event.header("trunkline_revision"))).collect();
    assert_eq!(facts.len(), events.len(), "no revision of a fact twice");
    let schema = serde_json::to_value(schemars::schema_for!(trunkline::event::Event)).expect("a schema");
    let validator = jsonschema::draft202012::new(&schema).expect("valid");
    for event in &events {
        let errors: Vec<_> = validator.iter_errors(&event.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", event.summary());
    }
    assert!(deployment.read("rejected").is_empty());
    assert!(replica.stop().success());
}

/// Tokens are self-contained: any replica accepts what another one gave.
#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_of_one_replica_is_accepted_by_another() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &demo_settings());
    let (mut one, mut two) = (deployment.start(), deployment.start());
    let client = client();
    let ask = async |url: String, password: &str| {
        let form = format!("grant_type=client_credentials&client_id=trunkline&client_secret={password}");
        let request = client.post(format!("{url}/v1/sources/tencent-ccc-demo/token"));
        request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.expect("an answer")
    };
    assert_eq!(ask(one.url(), "wrong").await.status(), 401);
    let given = ask(one.url(), "demo-password-tencent").await;
    assert_eq!(given.status(), 200);
    assert_eq!(given.headers()["cache-control"], "no-store");
    let token: serde_json::Value = serde_json::from_str(&given.text().await.expect("a body")).expect("JSON");
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));

    let (_, mut push) =
        samples(&deployment).into_iter().find(|(source, _)| source == "tencent-ccc-demo").expect("a sample");
    push.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    assert_eq!(push.post(&client, &two.url()).await.expect("an answer").status(), 401);
    push.headers.push(("authorization", bearer));
    assert_eq!(push.post(&client, &two.url()).await.expect("an answer").status(), 200);
    let other = client.post(format!("{}/v1/sources/nx/token", one.url())).send().await.expect("an answer");
    assert_eq!(other.status(), 404, "a vendor without tokens");
    assert!(one.stop().success() && two.stop().success());
}
