//! Scenarios as data: which faults, when, for how long, on how many replicas. All of it follows from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use fastrand::Rng;

use super::proxy::Lie;
use super::wire::Api;

/// Nodes of the cluster.
pub const NODES: usize = 3;

/// What one fault does, and to whom.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// kill -9 of a replica; its successor starts when the fault is over.
    KillReplica(usize),
    /// SIGSTOP, then SIGCONT.
    FreezeReplica(usize),
    /// SIGTERM; its successor starts when the fault is over.
    StopReplica(usize),
    /// One replica more, which leaves again.
    AddReplica,
    /// The clock of a replica is so many seconds off.
    ShiftClock(usize, i64),
    /// kill -9 of a Kafka node.
    KillNode(usize),
    /// SIGTERM: it hands over what it leads.
    StopNode(usize),
    /// SIGSTOP, then SIGCONT.
    FreezeNode(usize),
    /// Every write to its disk fails, until it is started anew.
    FillDisk(usize),
    /// Connections to a node are slower by so many milliseconds each way.
    Delay(usize, u64),
    /// Nothing passes to or from a node; later everything does.
    Hold(usize),
    /// Requests reach a node, answers do not come back; then the connections break.
    Deafen(usize),
    /// Connections to a node break.
    Reset(usize),
    /// The topics ask for more in-sync replicas than there are.
    TooFewReplicas,
    /// Nodes answer with an error.
    Lie(Lie),
}

impl Fault {
    /// Whose state the fault changes: two faults of one target are never at once.
    fn target(&self) -> String {
        match self {
            Self::KillReplica(index) | Self::FreezeReplica(index) | Self::StopReplica(index) => {
                format!("replica {index}")
            }
            Self::ShiftClock(index, _) => format!("clock {index}"),
            Self::KillNode(node) | Self::StopNode(node) | Self::FreezeNode(node) | Self::FillDisk(node) => {
                format!("node {node}")
            }
            Self::Delay(node, _) | Self::Hold(node) | Self::Deafen(node) | Self::Reset(node) => {
                format!("network of {node}")
            }
            Self::AddReplica => "another replica".to_owned(),
            Self::TooFewReplicas => "topics".to_owned(),
            Self::Lie(_) => "answers".to_owned(),
        }
    }

    /// Whether it is Kafka that is disturbed, or the way to it: replicas may then fail to finish in time.
    pub fn is_of_kafka(&self) -> bool {
        !matches!(
            self,
            Self::KillReplica(_)
                | Self::FreezeReplica(_)
                | Self::StopReplica(_)
                | Self::AddReplica
                | Self::ShiftClock(..)
        )
    }
}

/// A fault at its time.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub at: Duration,
    pub lasts: Duration,
    pub fault: Fault,
}

/// The replicas of a run.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Replicas with both roles.
    pub together: usize,
    /// Replicas that only take callbacks.
    pub ingest: usize,
    /// Replicas that only deduplicate.
    pub dedup: usize,
    /// Whether they have stable names (`dedup.instance`).
    pub named: bool,
    /// Dedup workers in each.
    pub workers: usize,
}

impl Layout {
    pub fn replicas(&self) -> usize {
        self.together + self.ingest + self.dedup
    }

    fn draw(rng: &mut Rng) -> Self {
        let (together, ingest, dedup) = [(2, 0, 0), (3, 0, 0), (0, 2, 2), (1, 1, 1)][rng.usize(..4)];
        Self { together, ingest, dedup, named: rng.bool(), workers: rng.usize(1..3) }
    }
}

/// Kinds of faults, each a scenario when it runs alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ReplicasKilled,
    ReplicasFrozen,
    ReplicasRestarted,
    ReplicasAdded,
    ClocksStepped,
    BrokersKilled,
    BrokersRestarted,
    BrokersFrozen,
    QuorumLost,
    DiskFull,
    ConnectionsSlow,
    ConnectionsFrozen,
    ConnectionsReset,
    AnswersLost,
    TooFewReplicas,
    ProduceRefused,
    TransactionsRefused,
    ReadsRefused,
}

impl Kind {
    pub const ALL: [Self; 18] = [
        Self::ReplicasKilled,
        Self::ReplicasFrozen,
        Self::ReplicasRestarted,
        Self::ReplicasAdded,
        Self::ClocksStepped,
        Self::BrokersKilled,
        Self::BrokersRestarted,
        Self::BrokersFrozen,
        Self::QuorumLost,
        Self::DiskFull,
        Self::ConnectionsSlow,
        Self::ConnectionsFrozen,
        Self::ConnectionsReset,
        Self::AnswersLost,
        Self::TooFewReplicas,
        Self::ProduceRefused,
        Self::TransactionsRefused,
        Self::ReadsRefused,
    ];

    pub fn name(self) -> String {
        let words = format!("{self:?}");
        let spaced =
            words.chars().flat_map(|c| if c.is_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] });
        spaced.skip(1).collect()
    }

    /// The steps of one occurrence, from `at` on.
    fn steps(self, rng: &mut Rng, layout: &Layout, at: Duration) -> Vec<Step> {
        let replica = rng.usize(..layout.replicas());
        let node = rng.usize(..NODES);
        let mut step = |fault, after: u64, lasts: Range<u64>| Step {
            at: at + Duration::from_millis(after),
            lasts: Duration::from_millis(rng.u64(lasts)),
            fault,
        };
        match self {
            // Each in turn, and with it each role.
            Self::ReplicasKilled => (0..layout.replicas())
                .map(|index| step(Fault::KillReplica(index), index as u64 * 700, 0..1500))
                .collect(),
            // Longer than the session; the transaction may outlive the freeze or not.
            Self::ReplicasFrozen => vec![step(Fault::FreezeReplica(replica), 0, 3500..8000)],
            Self::ReplicasRestarted => (0..layout.replicas())
                .map(|index| step(Fault::StopReplica(index), index as u64 * 1500, 300..1200))
                .collect(),
            Self::ReplicasAdded => vec![step(Fault::AddReplica, 0, 1500..4000)],
            Self::ClocksStepped => {
                // More than an hour ahead brokers refuse, as Kafka 4 does by default.
                let seconds = [-43_200, -3_600, -60, 60, 3_000, 10_800][node * 2 + replica % 2];
                vec![step(Fault::ShiftClock(replica, seconds), 0, 1500..4000)]
            }
            Self::BrokersKilled => vec![step(Fault::KillNode(node), 0, 500..4000)],
            Self::BrokersRestarted => {
                (0..NODES).map(|index| step(Fault::StopNode(index), index as u64 * 9000, 2500..4000)).collect()
            }
            // The controller replaces a node that is silent for three seconds.
            Self::BrokersFrozen => vec![step(Fault::FreezeNode(node), 0, 1500..8000)],
            Self::QuorumLost => (0..2)
                .map(|index| step(Fault::KillNode((node + index) % NODES), index as u64 * 200, 2000..4000))
                .collect(),
            Self::DiskFull => vec![step(Fault::FillDisk(node), 0, 2000..4000)],
            Self::ConnectionsSlow => {
                (0..NODES).map(|index| step(Fault::Delay(index, 50 * (index as u64 + 1)), 0, 2500..5000)).collect()
            }
            Self::ConnectionsFrozen => vec![step(Fault::Hold(node), 0, 1000..8000)],
            Self::ConnectionsReset => {
                (0..4).map(|count| step(Fault::Reset((node + count) % NODES), count as u64 * 400, 1..2)).collect()
            }
            Self::AnswersLost => vec![step(Fault::Deafen(node), 0, 500..6000)],
            Self::TooFewReplicas => vec![step(Fault::TooFewReplicas, 0, 1500..4000)],
            Self::ProduceRefused => {
                let (error, done) = PRODUCE_ERRORS[replica * NODES % 5 + node];
                vec![step(Fault::Lie(Lie { api: Api::Produce, error, done, every: 3 }), 0, 1000..3000)]
            }
            Self::TransactionsRefused => (0..3)
                .map(|count| {
                    let (api, error, done) =
                        TRANSACTION_ERRORS[(replica * NODES + node * 2 + count * 5) % TRANSACTION_ERRORS.len()];
                    step(Fault::Lie(Lie { api, error, done, every: 4 }), count as u64 * 1200, 500..1000)
                })
                .collect(),
            // Somebody has to rebuild while offsets are hard to get: not the leader (6), an epoch unknown yet (75), an end that
            // is not known yet (78).
            Self::ReadsRefused => {
                let lie = Lie { api: Api::ListOffsets, error: [75, 75, 6, 78][replica % 4], done: false, every: 2 };
                vec![
                    step(Fault::Lie(lie), 0, 3000..4000),
                    step(Fault::KillReplica(replica), 100, 0..300),
                    step(Fault::KillReplica((replica + 1) % layout.replicas()), 600, 0..300),
                ]
            }
        }
    }
}

/// Errors of writes, and whether the write happened all the same: request timed out (7), not the leader (6), not enough
/// replicas (19) and only after the append (20), the disk (56).
const PRODUCE_ERRORS: [(i16, bool); 8] =
    [(56, false), (19, false), (20, true), (7, true), (6, false), (56, true), (7, false), (6, true)];

/// Errors of transactions: the coordinator loads (14), is not available (15), is another (16), is busy with the transaction
/// before (51); the group's generation is over (22), the member unknown (25), a rebalance is on (27); the disk (56).
const TRANSACTION_ERRORS: [(Api, i16, bool); 14] = [
    (Api::EndTxn, 15, true),
    (Api::TxnOffsetCommit, 22, false),
    (Api::AddPartitionsToTxn, 51, false),
    (Api::EndTxn, 16, false),
    (Api::TxnOffsetCommit, 15, true),
    (Api::AddOffsetsToTxn, 15, true),
    (Api::TxnOffsetCommit, 25, false),
    (Api::EndTxn, 14, true),
    (Api::AddPartitionsToTxn, 16, true),
    (Api::TxnOffsetCommit, 14, false),
    (Api::EndTxn, 51, false),
    (Api::TxnOffsetCommit, 16, true),
    (Api::AddOffsetsToTxn, 51, false),
    (Api::TxnOffsetCommit, 27, false),
];

/// One run: what happens when.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    pub seed: u64,
    pub layout: Layout,
    /// How long vendors send while faults begin.
    pub length: Duration,
    pub steps: Vec<Step>,
    /// The version of the program in each life of a replica, the last one for all that follow.
    pub programs: Vec<PathBuf>,
}

impl Plan {
    fn new(name: &str, seed: u64, layout: Layout, length: Duration, steps: Vec<Step>) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            layout,
            length,
            steps,
            programs: vec![env!("CARGO_BIN_EXE_trunkline").into()],
        }
    }

    /// One kind of fault, again and again for `length`, at least once.
    pub fn alone(kind: Kind, seed: u64, length: Duration) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add((kind as u64) << 32));
        let layout = Layout::draw(&mut rng);
        let mut steps = Vec::new();
        while steps.is_empty() || end(&steps) < length {
            let at = end(&steps) + Duration::from_millis(rng.u64(500..2500));
            steps.extend(kind.steps(&mut rng, &layout, at));
        }
        Self::new(&kind.name(), seed, layout, length, apart(steps))
    }

    /// Every kind of fault once, one after the other.
    pub fn each_in_turn(seed: u64, layout: Layout) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut steps = Vec::new();
        for kind in Kind::ALL {
            // Time to recover in.
            let at = end(&steps) + Duration::from_millis(2500);
            steps.extend(kind.steps(&mut rng, &layout, at));
        }
        Self::new("each in turn", seed, layout, end(&steps), steps)
    }

    /// These steps, on these replicas.
    pub fn of(name: &str, layout: Layout, length: Duration, steps: Vec<Step>) -> Self {
        Self::new(name, 1, layout, length, steps)
    }

    /// Many kinds, at random moments, also at once.
    pub fn mix(seed: u64, length: Duration) -> Self {
        let mut rng = Rng::with_seed(seed);
        let layout = Layout::draw(&mut rng);
        let mut steps = Vec::new();
        let mut at = Duration::from_millis(1000);
        while at < length {
            let kind = Kind::ALL[rng.usize(..Kind::ALL.len())];
            steps.extend(kind.steps(&mut rng, &layout, at));
            at += Duration::from_millis(rng.u64(200..4000));
        }
        Self::new("mix", seed, layout, length, apart(steps))
    }

    /// Every replica begins as `previous`, becomes the program under test, and goes back to `previous`, one after the other;
    /// meanwhile some are killed.
    pub fn upgrade(seed: u64, previous: PathBuf) -> Self {
        let mut rng = Rng::with_seed(seed);
        let layout = Layout::draw(&mut rng);
        let mut steps = Vec::new();
        for _ in 0..2 {
            for index in 0..layout.replicas() {
                let at = end(&steps) + Duration::from_millis(rng.u64(1500..3500));
                let lasts = Duration::from_millis(rng.u64(300..1200));
                let fault = if rng.u8(..3) == 0 { Fault::KillReplica(index) } else { Fault::StopReplica(index) };
                steps.push(Step { at, lasts, fault });
            }
        }
        let mut plan = Self::new("upgrade", seed, layout, end(&steps) + Duration::from_secs(3), steps);
        plan.programs = vec![previous.clone(), plan.programs.remove(0), previous];
        plan
    }
}

/// When all are over.
fn end(steps: &[Step]) -> Duration {
    steps.iter().map(|step| step.at + step.lasts).max().unwrap_or_default()
}

/// In the order of time, without those that would disturb what is disturbed already.
fn apart(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by_key(|step| step.at);
    let mut busy: BTreeMap<String, Duration> = BTreeMap::new();
    steps.retain(|step| {
        let until = busy.entry(step.fault.target()).or_default();
        let free = *until <= step.at;
        if free {
            // A little later than over: the next one finds something that works again.
            *until = step.at + step.lasts + Duration::from_millis(300);
        }
        free
    });
    steps
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout { together, ingest, dedup, named, workers } = self.layout;
        writeln!(
            f,
            "{}, seed {}: {together} replicas with both roles, {ingest} ingest, {dedup} dedup, {workers} workers each, {}",
            self.name,
            self.seed,
            if named { "named" } else { "unnamed" }
        )?;
        for Step { at, lasts, fault } in &self.steps {
            writeln!(f, "  {:6.2} s for {:.2} s: {fault:?}", at.as_secs_f64(), lasts.as_secs_f64())?;
        }
        Ok(())
    }
}
