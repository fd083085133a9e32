//! Faults under load: what the vendor was told is safe is published once, whatever dies.

/// What was published against what was said.
mod check;
/// A consumer that follows the events.
mod consumer;
/// The replicas and their supervisor.
mod fleet;
/// What vendors said and were told.
mod ledger;
/// Kafka away, and how vendors hear of it.
mod outage;
/// Which faults, when.
mod plan;
/// Records that nobody can read.
mod poison;
/// The network between replicas and Kafka.
mod proxy;
/// One run of a plan.
mod run;
/// Vendors under load.
mod vendor;
/// Kafka's protocol, as far as the proxy speaks it.
mod wire;

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use self::plan::{Fault, Kind, Layout, Plan, Step};
use self::run::{Report, Rig};
use super::kafka::Cluster;

fn setting<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} cannot be read")))
}

/// `make test` runs the short form: every kind of fault in turn, and a mix. `make faults` sets `FAULT_RUNS`, the number of
/// mixes after every kind alone, and may set `FAULT_SEED`, from which all follows, and `FAULT`, the name of one kind or `mix`.
/// `make upgrade` sets `FAULT_PREVIOUS`, the program of an earlier version, and only upgrades and their way back are run.
#[test]
fn every_fault_alone_and_mixes_of_them_lose_and_double_nothing() {
    let runs: Option<u64> = setting("FAULT_RUNS");
    let Some(runs) = runs else {
        let mut rig = Rig::start();
        let layout = Layout { together: 0, ingest: 2, dedup: 2, named: false, workers: 1 };
        rig.run(&Plan::each_in_turn(1, layout));
        rig.run(&Plan::mix(7, Duration::from_secs(15)));
        return;
    };
    let only: Option<String> = setting("FAULT");
    let seed = setting("FAULT_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    let wanted = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let times = if only.is_some() { runs } else { 1 };
    let alone = Kind::ALL.into_iter().filter(|kind| wanted(&kind.name()));
    let alone =
        alone.flat_map(|kind| (0..times).map(move |run| Plan::alone(kind, seed + run, Duration::from_secs(25))));
    let mixes = (0..if wanted("mix") { runs } else { 0 }).map(|run| Plan::mix(seed + run, Duration::from_secs(40)));
    let plans: Vec<Plan> = match setting::<PathBuf>("FAULT_PREVIOUS") {
        Some(previous) => (0..runs).map(|run| Plan::upgrade(seed + run, previous.clone())).collect(),
        None => alone.chain(mixes).collect(),
    };
    assert!(!plans.is_empty(), "FAULT is no kind of fault, or FAULT_RUNS is 0");

    let mut rig = Rig::start();
    let mut total = Report::default();
    plans.iter().for_each(|plan| total += rig.run(plan));
    println!("{} runs: {total}", total.runs);
}

/// Two replicas with both roles, unnamed.
const TWO: Layout = Layout { together: 2, ingest: 0, dedup: 0, named: false, workers: 1 };

fn step(at: u64, lasts: u64, fault: Fault) -> Step {
    Step { at: Duration::from_millis(at), lasts: Duration::from_millis(lasts), fault }
}

#[test]
fn killing_replicas_under_load_loses_and_doubles_nothing() {
    let steps = vec![
        step(900, 0, Fault::KillReplica(0)),
        step(1800, 0, Fault::KillReplica(1)),
        // Longer than the session: the group gives its partitions away, then it comes back.
        step(2700, 6000, Fault::FreezeReplica(0)),
        step(9600, 0, Fault::KillReplica(1)),
        step(10500, 0, Fault::KillReplica(0)),
    ];
    let report = Rig::on(Cluster::shared()).run(&Plan::of("replicas killed", TWO, Duration::from_secs(11), steps));
    assert!(report.accepted > 300, "a load worth the name: {}", report.accepted);
}

/// Each replica ends with exit code 0.
#[test]
fn a_rolling_restart_refuses_nobody_who_was_accepted() {
    let steps = [0, 1, 0, 1].iter().zip(1..).map(|(index, round)| step(round * 1500, 600, Fault::StopReplica(*index)));
    let plan = Plan::of("rolling restart", TWO, Duration::from_secs(8), steps.collect());
    let report = Rig::on(Cluster::shared()).run(&plan);
    assert!(report.accepted > 100, "a load worth the name: {}", report.accepted);
}
