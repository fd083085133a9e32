//! What SREs see, on a real Prometheus: every panel and every rule has data, and what goes wrong is told.

/// What goes wrong, made.
mod conditions;
/// Rules of hours, for a test of minutes.
mod hurry;
/// A real Prometheus.
mod prometheus;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::producer::Producer;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use trunkline::simulate::plan::{Away, Faults, Plan, VendorPlan};
use trunkline::simulate::{Simulation, names};

use self::conditions::{Certificate, damaged_spool, hanging_transaction, vendor_that_hangs};
use self::hurry::hurry;
use self::prometheus::{Prometheus, check_metrics};
use super::deployment::{Deployment, PATIENCE, Replica, Signed, call_body, client, eventually, get};
use super::kafka::Cluster;

/// The simulated vendor whose API goes away.
const ASKED: &str = "sestek-knovvu";

/// The trace of a request that is not understood.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

fn plan() -> Plan {
    let faults = Faults { lose: 0.3, duplicate: 0.3, wrong_signatures: 0.02, ..Faults::default() };
    let plan =
        |name: &&str| VendorPlan { calls: 1_000_000, rate: 1.0, faults: faults.clone(), ..VendorPlan::new(name) };
    Plan { seed: 7, vendors: names().iter().map(plan).collect() }
}

/// What has fired so far, and waiting for more.
struct Watch<'a> {
    prometheus: &'a Prometheus,
    fired: BTreeSet<(String, String)>,
    /// Names of those whose condition was seen to hold.
    pending: BTreeSet<String>,
}

impl Watch<'_> {
    /// Waits until each of `wanted` (alert, and the source, instance or job it is about) has fired.
    fn until(&mut self, wanted: &[(&str, &str)]) {
        self.wait(wanted, |watch| watch.fired.clone());
    }

    /// The same for alerts that take too long to fire: their condition holds.
    fn pending(&mut self, wanted: &[(&str, &str)]) {
        self.wait(wanted, |watch| watch.prometheus.active());
        self.pending.extend(wanted.iter().map(|(name, _)| (*name).to_owned()));
    }

    fn wait(&mut self, wanted: &[(&str, &str)], told: impl Fn(&Self) -> BTreeSet<(String, String)>) {
        let deadline = Instant::now() + PATIENCE * 2;
        loop {
            self.fired.extend(self.prometheus.firing());
            let told = told(self);
            let missing: Vec<_> = wanted
                .iter()
                .filter(|(name, about)| !told.contains(&((*name).to_owned(), (*about).to_owned())))
                .collect();
            if missing.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "never fires: {missing:?}; what did: {:?}", self.fired);
            std::thread::sleep(Duration::from_millis(250));
        }
    }
}

/// Whether a query returns a number.
fn has_data(prometheus: &Prometheus, query: &str) -> bool {
    let found = prometheus.query(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    found.iter().any(|series| series["value"][1].as_str().is_some_and(|value| value != "NaN"))
}

/// Every query of a dashboard, with Grafana's variables filled in. What is about a source needs data of one of `sources`.
fn assert_every_panel_has_data(prometheus: &Prometheus, path: &str, sources: &[&str]) {
    let dashboard: Value = serde_json::from_str(&file(path)).expect("JSON");
    let mut queries = 0;
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries += 1;
            let query = target["expr"].as_str().expect("a query");
            let query = query.replace("$job", "trunkline").replace("$instance", ".+").replace("offset 1w", "offset 5s");
            let query = query.replace("$__rate_interval", "20s").replace("$__range", "60s");
            eventually(&format!("{path}: {} has data for {query}", panel["title"]), || {
                sources.iter().any(|source| has_data(prometheus, &query.replace("$source", source)))
            });
        }
    }
    assert!(queries > 30, "{path} has {queries} queries");
}

/// The selectors of a rule: names with their matchers.
fn selectors(query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let mut rest = query;
    while let Some(start) = rest.find(part) {
        let word = &rest[start..];
        let end = word.find(|c| !part(c)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        let matchers = after.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(matchers, _)| matchers);
        if name.contains("trunkline_") || name == "up" {
            found.push(format!("{name}{{{}}}", matchers.unwrap_or_default()));
        }
        rest = matchers.map_or(after, |matchers| &after[matchers.len() + 2..]);
    }
    found
}

/// Every rule is evaluated without an error, whatever is recorded is there, and whatever rules ask for exists.
fn assert_every_rule_has_data(prometheus: &Prometheus) {
    let rules = prometheus.rules();
    assert!(rules.len() >= 30, "{rules:?}");
    for (name, query, error) in &rules {
        assert!(error.as_deref().unwrap_or_default().is_empty(), "{name}: {error:?}");
        if name.contains(':') {
            eventually(&format!("{name} is recorded"), || has_data(prometheus, name));
        }
        let asked = selectors(query);
        assert!(!asked.is_empty(), "{name}: {query}");
        for selector in asked {
            eventually(&format!("{name}: there is {selector}"), || {
                has_data(prometheus, &format!("max_over_time({selector}[5m])"))
            });
        }
    }
}

/// Sends all of `requests` again and again, whatever the answer, until `stop`.
async fn keep_sending(url: String, requests: Vec<Signed>, stop: CancellationToken) {
    let client = client();
    while !stop.is_cancelled() {
        let sent = requests.iter().map(|request| request.post(&client, &url));
        futures_util::future::join_all(sent).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lag_is_what_is_not_decided() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    // The second one begins where the first one ended.
    for start in ["a", "b"] {
        let mut replica = deployment.start();
        for number in 0..20 {
            let request = deployment.signed("call", &call_body(&format!("{start}-{number}"), "486"));
            assert_eq!(request.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
        }
        let admin = replica.admin();
        let lags = || -> Vec<String> {
            let text = get(&format!("{admin}/metrics")).1;
            let lines = text.lines().filter_map(|line| line.strip_prefix("trunkline_dedup_lag_records{"));
            lines.filter_map(|line| Some(line.rsplit(' ').next()?.to_owned())).collect()
        };
        deployment.read_until("events", |events| {
            events
                .iter()
                .filter(|event| event.json()["subject"].as_str().is_some_and(|call| call.starts_with(start)))
                .count()
                >= 20
        });
        eventually("nothing waits in any of three partitions", || lags() == ["0", "0", "0"]);
        assert!(replica.stop().success());
    }
}

/// Host and port of a process's metrics.
fn target(replica: &mut Replica) -> String {
    replica.admin().replace("http://", "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_panel_and_rule_has_data_and_every_fault_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let with_file = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, "only-for-tests-file").expect("written");
        format!("[sources.{name}]\nvendor = \"nxcloud-callbot\"\nuuid = \"UID-{name}\"\nsecret_files = [{path:?}]\n")
    };
    let mut cluster = Cluster::start(1);
    let simulation = Simulation::start(plan(), "127.0.0.1:0".parse().expect("an address")).await.expect("starts");
    let group = uuid::Uuid::new_v4().simple();
    let (_hole, slow) = vendor_that_hangs();
    let extra = format!(
        "http.answer_deadline_ms = 2000\npoll.group = \"{group}-poll\"\npoll.calls_group = \"{group}-calls\"\n\
         poll.session_timeout_ms = 6000\n{}{}{}{}{slow}{}",
        with_file("quiet"),
        with_file("locked"),
        with_file("filed"),
        with_file("forgotten"),
        simulation.settings(),
    );
    // The new one is in use, and nobody removed the old one.
    std::fs::write(folder.path().join("forgotten"), "only-for-tests-file\nonly-for-tests-old").expect("written");
    let deployment = Deployment::new(cluster.bootstrap(), &extra);
    // The other one ends TLS itself, so that there is a certificate to expire.
    let certificate = Certificate::in_folder(folder.path());
    let [cert, key] = [&certificate.cert, &certificate.key].map(|path| path.to_str().expect("UTF-8"));
    let tls = [("TRUNKLINE__HTTP__TLS__CERT_FILE", cert), ("TRUNKLINE__HTTP__TLS__KEY_FILE", key)];
    let (mut replica, mut other) = (deployment.start(), deployment.spawn(&[], &tls));
    other.wait_ready();
    let mut targets = [&mut replica, &mut other].map(target).to_vec();
    let prometheus = Prometheus::start(&hurry(&file("dashboards/alerts.yaml")), &targets);
    let mut watch = Watch { prometheus: &prometheus, fired: BTreeSet::new(), pending: BTreeSet::new() };

    let stop = CancellationToken::new();
    let simulation = Arc::new(simulation);
    let (running, url, stopped) = (simulation.clone(), replica.url(), stop.clone());
    let vendors = tokio::spawn(async move { running.run(&url, Duration::ZERO, stopped).await.map(drop) });
    // What will fall silent, or be locked out, delivers before. The same again is a duplicate, a changed outcome a revision.
    let (client, url) = (client(), replica.url());
    let mut good = vec![
        deployment.signed_for("locked", "call", &call_body("l-1", "486")),
        deployment.signed_for("forgotten", "call", &call_body("f-1", "486")),
        deployment.signed("call", &call_body("c-1", "486")),
        deployment.signed("call", &call_body("c-1", "603")),
        deployment.signed("call", &call_body("c-1", "603")),
    ];
    good.extend(
        (0..60).map(|number| deployment.signed_for("quiet", "call", &call_body(&format!("q-{number}"), "486"))),
    );
    for request in &good {
        assert_eq!(request.post(&client, &url).await.expect("an answer").status(), 200);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(check_metrics(&get(&format!("{}/metrics", replica.admin())).1), "", "promtool check metrics");
    // Simulated vendors send codes nobody knows, and one vendor hangs from the start.
    let (simulated, wrong): (Vec<_>, Vec<_>) = prometheus
        .firing()
        .into_iter()
        .filter(|(_, about)| about != "slow")
        .partition(|(_, about)| about.ends_with("-simulated"));
    assert!(simulated.iter().all(|(name, _)| name == "TrunklineUnknownCodes"), "{simulated:?}");
    assert!(wrong.is_empty(), "nothing is wrong yet, but {wrong:?}");

    // What goes wrong with a certificate: clients that do not know it, its end, and a renewal that does not work.
    let handshakes = CancellationToken::new();
    let secure = other.url().replace("http://127.0.0.1", "https://localhost");
    let strangers = tokio::spawn(keep_sending(secure, good[..4].to_vec(), handshakes.clone()));
    certificate.about_to_expire();
    watch.until(&[("TrunklineHandshakesRefused", "trunkline"), ("TrunklineCertificateAboutToExpire", "trunkline")]);
    watch.pending(&[("TrunklineCertificateExpiring", "trunkline")]);
    certificate.damage();
    watch.until(&[("TrunklineCertificateReloadFailed", "trunkline")]);
    handshakes.cancel();
    strangers.await.expect("no panic");

    // What goes wrong with single sources.
    let mut forged = deployment.signed_for("locked", "call", &call_body("l-2", "486"));
    forged.body.push(' ');
    let mut unread = deployment.signed("call", r#"{"callbackType":3,"orderID":"o-1"}"#);
    unread.headers.push(("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")));
    let unknown = deployment.signed("call", &call_body("c-2", "299"));
    // The new secret stays in use for as long as the old one is not.
    let proven = deployment.signed_for("forgotten", "call", &call_body("f-2", "486"));
    let bad = vec![forged.clone(), forged, unread, unknown, proven];
    let sending = tokio::spawn(keep_sending(replica.url(), bad, stop.clone()));
    deployment.produce("inbox", "no key", "no event");
    deployment.produce("calls", "any", r#"{"format":2,"source":"slow","dialled":["c-2"]}"#);
    let hour_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    let placed = format!(r#"{{"source":"slow","id":"o-1","task":"t-1","placed_at":"{hour_ago}"}}"#);
    deployment.produce("calls", "any", &placed);
    std::fs::remove_file(folder.path().join("filed")).expect("removed");
    simulation.outage(ASKED, Some(Away::Unavailable));
    let asked = format!("{ASKED}-simulated");
    watch.until(&[
        ("TrunklineDeliveriesUnproven", "locked"),
        ("TrunklineSourceLockedOut", "locked"),
        ("TrunklineDeliveriesRejected", "nx"),
        ("TrunklineUnknownCodes", "nx"),
        ("TrunklinePoisonRecords", "trunkline"),
        ("TrunklineSecretsReloadFailed", "filed"),
        ("TrunklineSecretUnused", "forgotten"),
        ("TrunklinePollCircuitOpen", &asked),
        ("TrunklineSourceSilent", "quiet"),
        ("TrunklineNewerRecords", "trunkline"),
    ]);
    watch.pending(&[
        ("TrunklinePollOverdue", "slow"),
        ("TrunklineSweepBehind", "slow"),
        // Never delivered, from the start.
        ("TrunklineSourceIdle", "filed"),
    ]);
    assert!(replica.log().contains(&format!(r#""trace_id":"{TRACE}""#)), "log lines lead to the vendor's trace");
    let healthy =
        |(name, about): &(String, String)| about == "tencent-ccc-simulated" && name != "TrunklineUnknownCodes";
    assert!(!watch.fired.iter().any(healthy), "a source that is well: {:?}", watch.fired);

    assert_every_panel_has_data(&prometheus, "dashboards/overview.json", &[""]);
    let sources = ["nxcloud-callbot-simulated", &asked, "nx", "quiet"];
    assert_every_panel_has_data(&prometheus, "dashboards/source.json", &sources);
    assert_every_rule_has_data(&prometheus);

    other.kill();
    watch.until(&[("TrunklineInstanceDown", &targets[1])]);

    // Without it nobody starts.
    std::fs::write(folder.path().join("filed"), "only-for-tests-file").expect("written");

    // A process that takes over waits for a transaction nobody ends.
    let hanging = hanging_transaction(&deployment);
    let mut late = deployment.spawn(&["--role", "dedup"], &[]);
    targets[1] = target(&mut late);
    prometheus.read(&targets);
    watch.until(&[("TrunklineRebuildTakesLong", &targets[1])]);
    hanging.abort_transaction(PATIENCE).expect("aborted");
    late.kill();

    cluster.kill(0);
    watch.until(&[
        ("TrunklineKafkaUnreachable", "trunkline"),
        ("TrunklineErrorBudgetBurningFast", "trunkline"),
        ("TrunklineInstanceNotReady", &targets[0]),
        ("TrunklineUnavailable", "trunkline"),
    ]);
    watch.pending(&[("TrunklineErrorBudgetBurningSlow", "trunkline")]);

    // One with a spool and one with a small queue, that wait long for Kafka before they know that it is away.
    let spool = damaged_spool(folder.path());
    let small = [
        ("TRUNKLINE__SPOOL__DIR", spool.to_str().expect("UTF-8")),
        ("TRUNKLINE__SPOOL__MAX_BYTES", "3000000"),
        ("TRUNKLINE__SPOOL__AFTER_MS", "1000"),
        ("TRUNKLINE__KAFKA__MAX_MESSAGE_BYTES", "60000"),
        ("TRUNKLINE__HTTP__MAX_BODY_BYTES", "40000"),
        ("TRUNKLINE__HTTP__ANSWER_DEADLINE_MS", "60000"),
    ];
    let mut spooling = deployment.spawn(&["--role", "ingest"], &small);
    let narrow = [("TRUNKLINE__KAFKA__QUEUE_MAX_MESSAGES", "10"), ("TRUNKLINE__HTTP__ANSWER_DEADLINE_MS", "60000")];
    let mut narrow = deployment.spawn(&["--role", "ingest"], &narrow);
    targets[1] = target(&mut spooling);
    targets.push(target(&mut narrow));
    prometheus.read(&targets);
    let more =
        [spooling.url(), narrow.url()].map(|url| tokio::spawn(keep_sending(url, good[4..24].to_vec(), stop.clone())));
    watch.until(&[
        ("TrunklineSpoolFilling", &targets[1]),
        ("TrunklineSpoolNotDraining", &targets[1]),
        ("TrunklineProducerQueueFilling", &targets[2]),
        ("TrunklineDedupLagging", "trunkline"),
    ]);
    cluster.restart(0);
    watch.until(&[("TrunklineSpoolRecordsSetAside", &targets[1])]);
    let seen: BTreeSet<_> = watch.fired.iter().map(|(name, _)| name.clone()).chain(watch.pending).collect();
    let rules = prometheus.rules().into_iter().map(|(name, ..)| name);
    assert_eq!(rules.filter(|name| !name.contains(':') && !seen.contains(name)).collect::<Vec<_>>(), [""; 0]);
    stop.cancel();
    for more in more {
        more.await.expect("no panic");
    }
    sending.await.expect("no panic");
    vendors.await.expect("no panic").expect("runs");
}
