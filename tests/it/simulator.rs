//! Simulated vendors, which are written from the vendors' documents, against the code that reads vendors.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use trunkline::config::Config;
use trunkline::event::{Channel, Event, Instant, Outcome};
use trunkline::reject::Reject;
use trunkline::simulate::ledger::{Ledger, Seen};
use trunkline::simulate::plan::{Away, Faults, Outage, Plan, VendorPlan};
use trunkline::simulate::site::Site;
use trunkline::simulate::vendors::{Delivery, Due, REGISTRY, Signing, Way};
use trunkline::simulate::{Simulation, names, settings};
use trunkline::source::{Source, build};
use trunkline::vendor::{Explain, Inbound};

use super::deployment::{Deployment, eventually};
use super::kafka::Cluster;

/// The simulated sources without what is for asking vendors: these tests are about callbacks.
fn sources() -> String {
    let all: Vec<_> = names().into_iter().map(str::to_owned).collect();
    let toml = settings(&all, "127.0.0.1:1".parse().expect("an address")).expect("known");
    let wanted = |line: &&str| !["api.", "poll.", "dialer_tokens"].iter().any(|key| line.starts_with(key));
    toml.lines().filter(wanted).collect::<Vec<_>>().join("\n")
}

/// What trunkline makes of a callback: checks in the order of the HTTP handler.
fn take(source: &Source, delivery: &Delivery) -> Result<Vec<Event>, Reject> {
    let (path, query) = match delivery.path.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (&*delivery.path, None),
    };
    let (token, kind) = match path.split_once('/') {
        Some((token, kind)) => (Some(token), kind),
        None => (None, path),
    };
    source.check_path_token(token)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    let kind = source.kind(kind).expect("a kind of the vendor");
    let body = delivery.body.clone().into();
    let inbound = Inbound { kind, method: Method::POST, query, headers, body };
    let now = Timestamp::now();
    let verified = source.adapter.verify(inbound, now, &mut Explain::off())?;
    let context = source.context(Channel::Callback, Instant::new(now));
    Ok(source.adapter.normalise(&verified, &context)?.events)
}

fn is_due(event: &Event, due: &Due) -> bool {
    let outcome = event.outcome.map(|outcome| outcome.as_str());
    let right = |wanted: &trunkline::simulate::call::Outcome| outcome == Some(wanted.as_str());
    event.event_type.as_str() == due.event_type
        && event.subject == due.subject
        && (outcome == due.outcome.map(|outcome| outcome.as_str()) || due.also.iter().any(right))
}

#[test]
fn every_callback_gives_the_events_that_are_due_and_a_wrong_signature_none() {
    let config = Config::from_toml(&sources()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let sources = build(&config).unwrap_or_else(|errors| panic!("{errors:?}"));
    for vendor in REGISTRY {
        let site = Site::new(*vendor, VendorPlan { refuse: 0.1, ..VendorPlan::new(vendor.name()) }, 7);
        let source = &sources[&site.source];
        for number in 0..200 {
            let placing = site.place(vendor.together());
            let due = vendor.due(&placing);
            for callback in vendor.callbacks(&placing) {
                let what = format!("{} {} of placing {number}", vendor.name(), callback.name);
                let nonce = format!("{number:032x}");
                let right = Signing { now: Timestamp::now(), nonce, wrong: None };
                let events =
                    take(source, &vendor.sign(&callback, &right)).unwrap_or_else(|reject| panic!("{what}: {reject}"));
                let stated = |due: &&Due| due.ways.contains(&Way::Callback(callback.name.clone()));
                for due in due.iter().filter(stated) {
                    assert!(events.iter().any(|event| is_due(event, due)), "{what}: {due:?} is not in {events:?}");
                }
                // What only hints at a result may be an event without one.
                let hinted =
                    |due: &Due| due.ways.iter().any(|way| matches!(way, Way::Hint(name, _) if *name == callback.name));
                for event in &events {
                    let stated = due.iter().filter(stated).any(|due| is_due(event, due));
                    let vague = event.outcome == Some(Outcome::Unknown) && due.iter().any(hinted);
                    assert!(stated || vague, "{what}: {event:?} is not due");
                }
                for bits in 0..12 {
                    let wrong = vendor.sign(&callback, &Signing { wrong: Some(bits), ..right.clone() });
                    assert!(take(source, &wrong).is_err(), "{what}: wrongly signed ({bits})");
                }
            }
        }
    }
}

fn compare(ledger: &Ledger, deployment: &Deployment) -> trunkline::simulate::ledger::Comparison {
    let read = |record: super::deployment::Record| serde_json::from_slice::<Seen>(&record.value).expect("an event");
    ledger.compare(&deployment.read("events").into_iter().map(read).collect::<Vec<_>>())
}

/// How long asking may take after the last call: far above what it needs.
const ASKING: Duration = Duration::from_secs(180);

/// Most requests of an action in any second: what the strictest vendor documents. The simulated sources ask 10 a second
/// with a burst of 5, a process that takes over begins with an empty budget, and a busy machine lets requests bunch up.
const BUDGET: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn every_result_comes_once_whatever_is_lost_also_when_a_poller_dies_during_an_outage() {
    let faults = Faults {
        lose: 0.2,
        duplicate: 0.3,
        reorder: 0.3,
        hold: Duration::from_secs(1),
        delay_ms: 0..=500,
        wrong_signatures: 0.05,
        ..Faults::default()
    };
    let outage = Outage { from: Duration::from_secs(6), to: Duration::from_secs(14), form: Away::Unavailable };
    let plan = |name: &&str| VendorPlan {
        calls: 1000,
        rate: 50.0,
        faults: faults.clone(),
        outages: vec![outage],
        token_seconds: Some(10),
        ..VendorPlan::new(name)
    };
    let plan = Plan { seed: 7, vendors: names().iter().map(plan).collect() };
    let simulation = Simulation::start(plan, "127.0.0.1:0".parse().expect("an address")).await.expect("starts");
    let group = uuid::Uuid::new_v4().simple();
    let extra = format!(
        "poll.group = \"{group}-poll\"\npoll.calls_group = \"{group}-calls\"\npoll.session_timeout_ms = 6000\n{}",
        simulation.settings()
    );
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &extra);
    let (mut replica, mut dies) = (deployment.start(), deployment.start());
    let killer = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(10));
        dies.kill();
    });
    let ledger = simulation.run(&replica.url(), ASKING, CancellationToken::new()).await.expect("runs");
    killer.await.expect("killed");
    assert!(ledger.complete, "{ledger}");
    for (name, vendor) in &ledger.vendors {
        assert_eq!(vendor.violations, Default::default(), "{name}");
        assert_eq!(vendor.callbacks.wrong_accepted, 0, "{name}");
        assert_eq!((vendor.told.refused, vendor.told.unanswered), (0, 0), "{name}: {:?}", vendor.told);
        for (action, counts) in &vendor.actions {
            assert!(counts.highest_per_second <= BUDGET, "{name} {action}: {counts:?}");
        }
    }
    eventually("everything due is published", || compare(&ledger, &deployment).missing.is_empty());
    let comparison = compare(&ledger, &deployment);
    assert!(comparison.is_good(), "{comparison}");
    simulation.stop().await;
    assert!(replica.stop().success());
}
