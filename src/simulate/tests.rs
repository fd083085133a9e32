//! A whole run, against something that takes callbacks and placed calls as trunkline does.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use super::plan::{Faults, VendorPlan};
use super::*;

const SESTEK: &str = "sestek-knovvu";

/// What came in, and what to say.
#[derive(Default)]
struct Fake {
    /// Bodies of callbacks, by the path below the source.
    callbacks: Mutex<BTreeMap<String, Vec<Value>>>,
    /// What dialers told.
    told: Mutex<Vec<Value>>,
    /// Requests still to be answered with 503.
    busy: AtomicU64,
}

impl Fake {
    fn is_busy(&self) -> bool {
        let less = |busy: u64| busy.checked_sub(1);
        self.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    fn callbacks(&self) -> Vec<Value> {
        let callbacks = self.callbacks.lock().expect("not poisoned");
        callbacks.get("simulated-path-token-sestek/result").cloned().unwrap_or_default()
    }

    fn told(&self) -> Vec<Value> {
        self.told.lock().expect("not poisoned").clone()
    }
}

async fn callback(State(fake): State<Arc<Fake>>, Path((_, path)): Path<(String, String)>, body: Bytes) -> StatusCode {
    if fake.is_busy() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let right = path == "simulated-path-token-sestek/result";
    let body = serde_json::from_slice(&body).expect("callbacks hold JSON");
    fake.callbacks.lock().expect("not poisoned").entry(path).or_default().push(body);
    if right { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn calls(State(fake): State<Arc<Fake>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if fake.is_busy() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if headers.get("authorization").is_none_or(|value| value != "Bearer simulated-dialer-token") {
        return StatusCode::UNAUTHORIZED;
    }
    let body = serde_json::from_slice(&body).expect("dialers send JSON");
    fake.told.lock().expect("not poisoned").push(body);
    StatusCode::ACCEPTED
}

/// The fake, and its base URL.
async fn fake(busy: u64) -> (Arc<Fake>, String) {
    let fake = Arc::new(Fake { busy: AtomicU64::new(busy), ..Fake::default() });
    let router = Router::new()
        .route("/v1/callbacks/{source}/{*path}", post(callback))
        .route("/v1/sources/{source}/calls", post(calls))
        .with_state(fake.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (fake, url)
}

async fn simulation(calls: u64, faults: Faults, change: impl FnOnce(&mut VendorPlan)) -> Simulation {
    let mut plan =
        VendorPlan { calls, rate: 200.0, faults, ring_ms: 1..=50, talk_ms: 1..=100, ..VendorPlan::new(SESTEK) };
    change(&mut plan);
    let listen = "127.0.0.1:0".parse().expect("an address");
    Simulation::start(Plan { seed: 7, vendors: vec![plan] }, listen).await.expect("starts")
}

/// Asks the simulated vendor for the results of these calls.
async fn ask(simulation: &Simulation, ids: &[Value]) -> reqwest::Result<reqwest::Response> {
    crate::tls::install_provider();
    let client = reqwest::Client::new();
    let base = format!("http://{}/{SESTEK}", simulation.address());
    let form = "grant_type=client_credentials&client_id=simulated-client\
                &client_secret=simulated-client-secret-sestek&scope=orchestrator_external";
    let request = client.post(format!("{base}/identity/connect/token")).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let token: Value = request.send().await?.error_for_status()?.json().await?;
    let bearer = token["access_token"].as_str().expect("a token");
    let asked = client.post(format!("{base}/v2/callresult")).bearer_auth(bearer).json(&json!({ "UniqueIds": ids }));
    asked.send().await?.error_for_status()
}

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn without_faults_every_call_is_told_and_called_back_once() {
    let (fake, url) = fake(0).await;
    let simulation = simulation(30, Faults::default(), |plan| plan.untold = 0.5).await;
    // Half of the calls are told; of those some callbacks are only hints, which nobody asks for here.
    let ledger = simulation.run(&url, Duration::ZERO, CancellationToken::new()).await.expect("runs");
    let vendor = &ledger.vendors[SESTEK];
    assert_eq!((vendor.placed, vendor.callbacks.sent, vendor.callbacks.accepted), (30, 30, 30));
    assert_eq!(fake.callbacks().len(), 30);
    assert_eq!((vendor.told.accepted + vendor.told.kept, vendor.told.refused), (30, 0));
    assert!(vendor.told.kept > 5 && vendor.told.accepted > 5);
    assert_eq!(ledger.due.iter().filter(|due| due.must).count(), 30, "each callback was taken");
    let told = fake.told();
    assert_eq!(told.len() as u64, vendor.told.accepted);
    for message in &told {
        assert!(message["answer"]["UniqueId"].is_string() && message["reference"].is_string(), "{message}");
        assert!(message["destination"].as_str().is_some_and(|number| number.starts_with("+447700900")), "{message}");
        let placed: Timestamp = message["placed_at"].as_str().expect("a time").parse().expect("RFC 3339");
        assert!(placed <= clock::now());
        assert_eq!(message.get("calls"), None, "the answer names the call");
    }
    simulation.stop().await;
}

#[tokio::test]
async fn faults_are_what_the_ledger_says() {
    let (fake, url) = fake(0).await;
    let faults = Faults {
        lose: 0.3,
        duplicate: 0.5,
        wrong_signatures: 0.2,
        reorder: 0.2,
        hold: Duration::from_millis(200),
        ..Faults::default()
    };
    let simulation = simulation(60, faults, |_| ()).await;
    let ledger = simulation.run(&url, Duration::ZERO, CancellationToken::new()).await.expect("runs");
    let counts = &ledger.vendors[SESTEK].callbacks;
    assert_eq!(fake.callbacks().len() as u64, counts.accepted);
    assert_eq!(counts.sent, 60 - counts.lost + counts.duplicates);
    assert_eq!((counts.refused, counts.wrong_accepted), (counts.wrong, 0), "wrong path tokens are refused");
    for count in [counts.lost, counts.duplicates, counts.held, counts.wrong] {
        assert!(count > 3, "{counts:?}");
    }
    // Told calls are due, whatever became of their callbacks, but nobody asked.
    assert_eq!(ledger.due.iter().filter(|due| due.must).count(), 60);
    assert!(ledger.not_asked_for > 0 && !ledger.complete);
}

#[tokio::test]
async fn a_run_waits_for_lost_results_to_be_asked_for() {
    let (fake, url) = fake(3).await;
    let simulation = Arc::new(simulation(10, Faults { lose: 1.0, ..Faults::default() }, |_| ()).await);
    let run = tokio::spawn({
        let simulation = simulation.clone();
        async move { simulation.run(&url, PATIENCE, CancellationToken::new()).await }
    });
    while simulation.progress().placed < 10 || simulation.progress().under_way > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ids: Vec<_> = fake.told().iter().map(|message| message["answer"]["UniqueId"].clone()).collect();
    assert_eq!(ids.len(), 10, "told again after each 503");

    simulation.outage(SESTEK, Some(Away::Unavailable));
    assert_eq!(ask(&simulation, &ids).await.expect_err("away").status().map(|status| status.as_u16()), Some(503));
    simulation.outage(SESTEK, Some(Away::Dropped));
    assert!(ask(&simulation, &ids).await.expect_err("away").status().is_none(), "no answer at all");
    simulation.outage(SESTEK, None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!run.is_finished());
    let answer: Value = ask(&simulation, &ids).await.expect("results").json().await.expect("JSON");
    assert_eq!(answer["CallResults"].as_array().map(Vec::len), Some(10));

    let ledger = run.await.expect("no panic").expect("runs");
    assert!(ledger.complete);
    let vendor = &ledger.vendors[SESTEK];
    assert_eq!((vendor.callbacks.lost, vendor.callbacks.sent, vendor.results_given), (10, 0, 10));
    assert_eq!((vendor.told.accepted, vendor.told.repeats), (10, 3));
    assert_eq!((vendor.actions["token"].requests, vendor.actions["token"].refused), (3, 2), "both outages");
    assert_eq!(vendor.actions["callresult"].requests, 1);
    assert!(vendor.violations.is_empty());
}

#[tokio::test]
async fn limits_violations_and_strays_are_counted() {
    let simulation = simulation(0, Faults::default(), |plan| plan.limit = Some(2)).await;
    let statuses = async |path: &str| {
        crate::tls::install_provider();
        let request = reqwest::Client::new().post(format!("http://{}{path}", simulation.address()));
        request.send().await.expect("an answer").status().as_u16()
    };
    let asked = [
        statuses("/sestek-knovvu/v2/callresult").await,
        statuses("/sestek-knovvu/v2/callresult").await,
        statuses("/sestek-knovvu/v2/callresult").await,
        statuses("/elsewhere/v2").await,
        statuses("/").await,
    ];
    assert_eq!(asked, [401, 401, 429, 404, 404]);
    let ledger = simulation.ledger(true);
    assert_eq!(ledger.strays, 2);
    let vendor = &ledger.vendors[SESTEK];
    assert_eq!(vendor.violations, [("callresult: no access token".to_owned(), 2)].into());
    assert_eq!((vendor.actions["callresult"].refused, vendor.actions["callresult"].highest_per_second), (3, 3));
}

#[tokio::test]
async fn a_run_that_is_stopped_ends_at_once_with_its_ledger() {
    let (_fake, url) = fake(0).await;
    let simulation =
        simulation(1000, Faults { delay_ms: 60_000..=60_000, ..Faults::default() }, |plan| plan.rate = 50.0).await;
    let stop = CancellationToken::new();
    let after = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        after.cancel();
    });
    let began = std::time::Instant::now();
    let ledger = simulation.run(&url, PATIENCE, stop).await.expect("runs");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(!ledger.complete);
    let vendor = &ledger.vendors[SESTEK];
    assert!(vendor.placed > 0 && vendor.placed < 1000 && vendor.callbacks.sent == 0, "{vendor:?}");
    assert_eq!(ledger.due.len() as u64, vendor.placed);
    let address = simulation.address();
    simulation.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_plan_that_cannot_be_run_is_refused() {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let start = async |names: &[&str]| {
        let vendors = names.iter().map(|name| VendorPlan::new(name)).collect();
        Simulation::start(Plan { seed: 7, vendors }, listen).await.err().expect("refused")
    };
    assert!(matches!(start(&["nobody"]).await, Unfit::Vendor(name) if name == "nobody"));
    assert!(matches!(start(&[SESTEK, SESTEK]).await, Unfit::Twice(name) if name == SESTEK));
}
