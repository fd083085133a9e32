//! Runs a plan: replicas under load, faults at their times, everything mended, everything compared.

use std::fs;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use tokio::runtime::Runtime;
use trunkline::source;

use super::super::deployment::{Deployment, PATIENCE, Record};
use super::super::kafka::Cluster;
use super::check::{PARTITIONS, Verdict, check, wait_until_decided};
use super::consumer::Follower;
use super::fleet::{Fleet, clock_library};
use super::ledger::{Counts, Ledger};
use super::plan::{Fault, NODES, Plan, Step};
use super::poison::Poisoner;
use super::proxy::Proxy;
use super::vendor::{HUAWEI, Vendors};

/// Kafka for one run after the other.
pub struct Rig {
    bootstrap: String,
    /// Three nodes, each behind a proxy; absent where only replicas are disturbed.
    cluster: Option<Cluster>,
    proxies: Vec<Proxy>,
    /// After the cluster: it carries the proxies' connections.
    runtime: Runtime,
}

/// What a run that held came to.
#[derive(Clone, Default)]
pub struct Report {
    pub runs: usize,
    pub faults: usize,
    pub counts: Counts,
    pub accepted: usize,
    pub published: usize,
    pub revisions: usize,
    pub rejected: usize,
    pub restarts: usize,
    pub own_ends: usize,
    pub aborts: usize,
    /// From the end of the last fault until every replica was ready.
    pub recovery: Duration,
    /// From a vendor's yes to the consumer's sight: median and longest.
    pub waits: (Duration, Duration),
}

impl AddAssign for Report {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.counts.accepted += other.counts.accepted;
        self.counts.refused += other.counts.refused;
        self.counts.unanswered += other.counts.unanswered;
        self.counts.longest_no = self.counts.longest_no.max(other.counts.longest_no);
        self.accepted += other.accepted;
        self.published += other.published;
        self.revisions += other.revisions;
        self.rejected += other.rejected;
        self.restarts += other.restarts;
        self.own_ends += other.own_ends;
        self.aborts += other.aborts;
        self.recovery = self.recovery.max(other.recovery);
        self.waits = self.waits.max(other.waits);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Counts { accepted, refused, unanswered, longest_no } = self.counts;
        write!(
            f,
            "{} faults, {accepted} deliveries accepted ({refused} refused, {unanswered} unanswered), {} facts acknowledged, \
             {} events published ({} revisions), {} put aside; {} aborts, {} workers anew, {} processes ended; no yes for \
             {:.1} s, ready again in {:.1} s, yes to sight {:.0} ms median, {:.1} s longest",
            self.faults,
            self.accepted,
            self.published,
            self.revisions,
            self.rejected,
            self.aborts,
            self.restarts,
            self.own_ends,
            longest_no.as_secs_f64(),
            self.recovery.as_secs_f64(),
            self.waits.0.as_secs_f64() * 1000.0,
            self.waits.1.as_secs_f64(),
        )
    }
}

impl Rig {
    /// On a cluster that stays as it is.
    pub fn on(cluster: &Cluster) -> Self {
        Self { bootstrap: cluster.bootstrap().to_owned(), cluster: None, proxies: Vec::new(), runtime: runtime() }
    }

    /// On a cluster of its own.
    pub fn start() -> Self {
        let runtime = runtime();
        let proxies: Vec<Proxy> = (0..NODES).map(|_| Proxy::start(runtime.handle())).collect();
        let ports: Vec<u16> = proxies.iter().map(|proxy| proxy.port).collect();
        let cluster = Cluster::behind(&ports);
        proxies.iter().enumerate().for_each(|(node, proxy)| proxy.forward(cluster.proxied(node)));
        Self { bootstrap: cluster.bootstrap().to_owned(), cluster: Some(cluster), proxies, runtime }
    }

    /// Runs `plan`. On a violation everything that helps to find its cause is kept, and this panics with the place.
    pub fn run(&mut self, plan: &Plan) -> Report {
        let started = Instant::now();
        print!("{plan}");
        let mut run = Run::start(self, plan);
        let outcome = run.work();
        let logs = run.fleet.logs();
        let deployment = run.deployment.clone();
        match outcome {
            Ok(report) => {
                println!("  {report}; {:.0} s", started.elapsed().as_secs_f64());
                self.delete_topics(&deployment);
                report
            }
            Err(violations) => {
                let folder = self.keep(plan, &deployment, &violations, logs);
                let shown: Vec<_> = violations.iter().take(10).cloned().collect();
                panic!(
                    "{plan}{} violations:\n{}\nlogs and topics: {}",
                    violations.len(),
                    shown.join("\n"),
                    folder.display()
                );
            }
        }
    }

    fn keep(
        &self,
        plan: &Plan,
        deployment: &Deployment,
        violations: &[String],
        logs: Vec<(String, String)>,
    ) -> PathBuf {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults");
        let folder = root.join(format!("{}-{}", plan.name, plan.seed));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for what was found");
        let write = |name: &str, text: String| fs::write(folder.join(name), text).expect("keep what was found");
        write("plan.txt", plan.to_string());
        write("violations.txt", violations.join("\n"));
        let nodes = self.cluster.as_ref().map(Cluster::logs).unwrap_or_default();
        logs.into_iter().chain(nodes).for_each(|(name, text)| write(&name, text));
        for topic in ["inbox", "seen", "events", "rejected"] {
            let line = |record: &Record| {
                let value = String::from_utf8_lossy(&record.value);
                format!("{}/{} {} {:?} {value}\n", record.partition, record.offset, record.key, record.headers)
            };
            // It may be Kafka that is in a bad state: then there is less to keep.
            let read = std::panic::catch_unwind(|| deployment.read(topic));
            write(&format!("{topic}.txt"), read.unwrap_or_default().iter().map(line).collect());
        }
        folder
    }

    fn cluster(&mut self) -> &mut Cluster {
        self.cluster.as_mut().expect("only a rig with nodes of its own runs plans that disturb them")
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create().expect("an admin client")
    }

    fn delete_topics(&self, deployment: &Deployment) {
        let topics = ["inbox", "seen", "events", "rejected"].map(|name| deployment.topic(name));
        let names = topics.each_ref().map(|topic| &**topic);
        self.runtime.block_on(self.admin().delete_topics(&names, &AdminOptions::new())).expect("deleted");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// One run.
struct Run<'a> {
    rig: &'a mut Rig,
    plan: &'a Plan,
    deployment: Arc<Deployment>,
    fleet: Fleet,
    /// Numbers of the replicas that were added, the latest last.
    added: Vec<usize>,
    /// In-sync replicas the topics are to ask for from now on.
    replicas_due: Option<u8>,
    began: Instant,
    _folder: tempfile::TempDir,
}

impl<'a> Run<'a> {
    fn start(rig: &'a mut Rig, plan: &'a Plan) -> Self {
        let proxies: Vec<String> = rig.proxies.iter().map(|proxy| format!("127.0.0.1:{}", proxy.port)).collect();
        // The replicas come through the proxies, whoever looks on does not.
        let bootstrap = if proxies.is_empty() { rig.bootstrap.clone() } else { proxies.join(",") };
        let settings = format!("http.answer_deadline_ms = 2000\n{HUAWEI}");
        let mut deployment = Deployment::new(&bootstrap, &settings);
        let replicas = if rig.cluster.is_some() { NODES } else { 1 };
        deployment.toml = deployment
            .toml
            .replace("replication_factor = 1", &format!("replication_factor = {replicas}"))
            .replace("session_timeout_ms = 6000", "session_timeout_ms = 3000")
            .replace("transaction_timeout_ms = 5000", "transaction_timeout_ms = 4000");
        if plan.programs.len() > 1 {
            // Only what an earlier version knows too.
            deployment.toml = deployment.toml.replace("http.max_busy_percent = 100", "");
        }
        deployment.bootstrap.clone_from(&rig.bootstrap);
        let deployment = Arc::new(deployment);
        let folder = tempfile::tempdir().expect("a folder");
        let shifts = plan.steps.iter().any(|step| matches!(step.fault, Fault::ShiftClock(..)));
        let clock = shifts.then(|| clock_library(folder.path()));
        let fleet = Fleet::start(&deployment, plan, folder.path(), clock.as_deref());
        Self {
            rig,
            plan,
            deployment,
            fleet,
            added: Vec::new(),
            replicas_due: None,
            began: Instant::now(),
            _folder: folder,
        }
    }

    fn work(&mut self) -> Result<Report, Vec<String>> {
        let runtime = self.rig.runtime.handle().clone();
        let (inbox, events) = (self.deployment.topic("inbox"), self.deployment.topic("events"));
        let ledger = Arc::new(Ledger::default());
        let sources = Arc::new(source::build(&self.deployment.config()).expect("configured"));
        let follower = Follower::start(&self.deployment.bootstrap, &events, PARTITIONS);
        let poisoner = Poisoner::start(&runtime, &self.deployment.bootstrap, inbox);
        let vendors = Vendors::start(&runtime, &sources, &self.fleet.urls(), &ledger, self.plan);
        self.began = Instant::now();

        self.inject();
        self.mend();
        let recovery = self.fleet.wait_ready();
        if recovery.is_ok() {
            // Not only ready: at work.
            self.wait_until(self.began.elapsed() + Duration::from_secs(1));
        }
        vendors.stop(&runtime);
        let poison = poisoner.stop(&runtime);
        let decided = recovery.and_then(|time| wait_until_decided(&self.deployment).map(|()| time));
        let recovery = match decided {
            Ok(recovery) => recovery,
            Err(why) => return Err([vec![why], std::mem::take(&mut self.fleet.wrong)].concat()),
        };
        let (aborts, restarts) = (
            self.fleet.metric("trunkline_dedup_aborts_total"),
            self.fleet.metric("trunkline_dedup_worker_restarts_total"),
        );
        self.fleet.stop();
        // What is committed is shown within moments.
        std::thread::sleep(Duration::from_millis(500));
        let followed = follower.stop();
        let verdict = check(&self.deployment, &ledger, &poison, &followed);
        let Verdict { mut violations, accepted, published, revisions, rejected, waits } = verdict;
        violations.append(&mut self.fleet.wrong);
        if accepted < 50 {
            violations.push(format!("no load worth the name: {accepted} facts"));
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        Ok(Report {
            runs: 1,
            faults: self.plan.steps.len(),
            counts: ledger.counts(),
            accepted,
            published,
            revisions,
            rejected,
            restarts: restarts as usize,
            own_ends: self.fleet.own_ends,
            aborts: aborts as usize,
            recovery,
            waits: (waits[waits.len() / 2], waits[waits.len() - 1]),
        })
    }

    /// Every step at its time, and its end.
    fn inject(&mut self) {
        let mut moments: Vec<(Duration, bool, Step)> = self
            .plan
            .steps
            .iter()
            .flat_map(|step| [(step.at, true, *step), (step.at + step.lasts, false, *step)])
            .collect();
        moments.sort_by_key(|(at, ..)| *at);
        for (at, begins, step) in moments {
            self.wait_until(at);
            if begins { self.begin(step) } else { self.end(step) }
        }
        self.wait_until(self.plan.length);
    }

    fn wait_until(&mut self, at: Duration) {
        while self.began.elapsed() < at {
            self.fleet.supervise();
            self.alter_topics();
            std::thread::sleep(at.saturating_sub(self.began.elapsed()).min(Duration::from_millis(50)));
        }
    }

    fn begin(&mut self, step: Step) {
        let rig = &mut *self.rig;
        match step.fault {
            Fault::KillReplica(index) => self.fleet.kill(index),
            Fault::FreezeReplica(index) => self.fleet.freeze(index),
            Fault::StopReplica(index) => self.fleet.terminate(index),
            Fault::AddReplica => self.added.push(self.fleet.add()),
            Fault::ShiftClock(index, seconds) => self.fleet.shift_clock(index, seconds),
            Fault::KillNode(node) => rig.cluster().kill(node),
            Fault::StopNode(node) => rig.cluster().terminate(node),
            Fault::FreezeNode(node) => rig.cluster().pause(node),
            Fault::FillDisk(node) => rig.cluster().fill_disk(node),
            Fault::Delay(node, delay) => {
                rig.proxies[node].change(|weather| weather.delay = Duration::from_millis(delay))
            }
            Fault::Hold(node) => {
                rig.proxies[node].change(|weather| (weather.hold_requests, weather.hold_answers) = (true, true));
            }
            Fault::Deafen(node) => rig.proxies[node].change(|weather| weather.hold_answers = true),
            Fault::Reset(node) => rig.proxies[node].change(|weather| weather.resets += 1),
            Fault::TooFewReplicas => self.replicas_due = Some(4),
            Fault::Lie(lie) => rig.proxies.iter().for_each(|proxy| proxy.change(|weather| weather.lie = Some(lie))),
        }
    }

    fn end(&mut self, step: Step) {
        let disturbed = self.plan.steps.iter().any(|step| step.fault.is_of_kafka());
        let rig = &mut *self.rig;
        match step.fault {
            Fault::KillReplica(index) => self.fleet.replace(index),
            Fault::FreezeReplica(index) => self.fleet.thaw(index),
            Fault::StopReplica(index) => {
                self.fleet.gone(index, !disturbed);
                self.fleet.replace(index);
            }
            Fault::AddReplica => {
                if let Some(index) = self.added.pop() {
                    self.fleet.terminate(index);
                    self.fleet.gone(index, !disturbed);
                }
            }
            Fault::ShiftClock(index, _) => self.fleet.shift_clock(index, 0),
            Fault::KillNode(node) => rig.cluster().spawn(node),
            Fault::StopNode(node) | Fault::FillDisk(node) => {
                // One that cannot hand over, because others are gone as well, takes long: as with every supervisor,
                // patience ends.
                let patience = Instant::now() + Duration::from_secs(5);
                while rig.cluster().runs(node) && Instant::now() < patience {
                    std::thread::sleep(Duration::from_millis(20));
                }
                rig.cluster().kill(node);
                rig.cluster().spawn(node);
            }
            Fault::FreezeNode(node) => rig.cluster().resume(node),
            Fault::Delay(node, _) => rig.proxies[node].change(|weather| weather.delay = Duration::ZERO),
            Fault::Hold(node) => {
                rig.proxies[node].change(|weather| (weather.hold_requests, weather.hold_answers) = (false, false));
            }
            Fault::Deafen(node) => rig.proxies[node].change(|weather| {
                weather.resets += 1;
                weather.hold_answers = false;
            }),
            Fault::Reset(_) => {}
            Fault::TooFewReplicas => self.replicas_due = Some(2),
            Fault::Lie(_) => rig.proxies.iter().for_each(|proxy| proxy.change(|weather| weather.lie = None)),
        }
    }

    /// Waits until every node that was started again is ready, and the topics are as they were.
    fn mend(&mut self) {
        if let Some(cluster) = &mut self.rig.cluster {
            (0..NODES).for_each(|node| cluster.wait_ready(node));
        }
        let deadline = Instant::now() + PATIENCE;
        while !self.alter_topics() {
            assert!(Instant::now() < deadline, "the topics cannot be altered");
        }
    }

    /// Alters the topics, when it is due and every replica is in sync. Whether nothing is due any more. With this setting
    /// Kafka forgets who may lead a partition that nobody leads (KIP-966), and then nobody ever does.
    ///
    /// Tried once: the node that it waits for may be one that the plan starts again.
    fn alter_topics(&mut self) -> bool {
        let Some(count) = self.replicas_due else { return true };
        let (admin, count) = (self.rig.admin(), count.to_string());
        let topics = ["inbox", "seen", "events", "rejected"].map(|name| self.deployment.topic(name));
        let Ok(metadata) = admin.inner().fetch_metadata(None, Duration::from_secs(1)) else { return false };
        let ours = metadata.topics().iter().filter(|topic| topics.iter().any(|name| name == topic.name()));
        if !ours.flat_map(|topic| topic.partitions()).all(|partition| partition.isr().len() == NODES) {
            return false;
        }
        let alter = |topic| AlterConfig::new(ResourceSpecifier::Topic(topic)).set("min.insync.replicas", &count);
        let changes: Vec<_> = topics.iter().map(|topic| alter(topic)).collect();
        let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(1)));
        let altered = self.rig.runtime.block_on(admin.alter_configs(&changes, &options));
        if altered.is_ok_and(|results| results.iter().all(Result::is_ok)) {
            self.replicas_due = None;
        }
        self.replicas_due.is_none()
    }
}
