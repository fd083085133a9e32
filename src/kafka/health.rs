//! Whether this process can do its work: what `/readyz` answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;

use super::Topics;

/// The condition that says that the process is not stopping.
pub const PROCESS: &str = "process";
/// The condition of the spool, where there is one.
pub const SPOOL: &str = "spool";

/// Named conditions that must all hold before traffic is welcome; while Kafka is away, those of a process with a spool are
/// that and the process itself.
#[derive(Clone, Debug, Default)]
pub struct Health {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    checks: BTreeMap<String, State>,
    away: bool,
}

/// State of one condition: `Ok` when it holds, with a note either way.
pub type State = Result<String, String>;

impl Health {
    /// A condition called `name`, which does not hold yet.
    pub fn check(&self, name: impl Into<String>) -> Check {
        let check = Check { name: name.into(), health: self.clone() };
        check.fails("not checked yet");
        check
    }

    /// Whether every condition holds.
    pub fn is_ready(&self) -> bool {
        let known = self.lock();
        let holds = |name| matches!(known.checks.get(name), Some(Ok(_)));
        match known.away && known.checks.contains_key(SPOOL) {
            true => holds(PROCESS) && holds(SPOOL),
            false => known.checks.values().all(Result::is_ok),
        }
    }

    /// Every condition in alphabetical order.
    pub fn list(&self) -> Vec<(String, State)> {
        self.lock().checks.iter().map(|(name, state)| (name.clone(), state.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One condition of [`Health`].
#[derive(Clone, Debug)]
pub struct Check {
    name: String,
    health: Health,
}

impl Check {
    /// The condition holds.
    pub fn holds(&self, note: impl Into<String>) {
        self.health.lock().checks.insert(self.name.clone(), Ok(note.into()));
    }

    /// The condition does not hold, and why.
    pub fn fails(&self, why: impl Into<String>) {
        self.health.lock().checks.insert(self.name.clone(), Err(why.into()));
    }

    /// Kafka is away, and why.
    pub fn away(&self, why: impl Into<String>) {
        self.fails(why);
        self.health.lock().away = true;
    }

    /// Kafka is back.
    pub fn back(&self, note: impl Into<String>) {
        self.holds(note);
        self.health.lock().away = false;
    }

    /// What is going on, without a change of whether it holds.
    pub fn note(&self, note: impl Into<String>) {
        let checks = &mut self.health.lock().checks;
        let state = if matches!(checks.get(&self.name), Some(Ok(_))) { Ok(note.into()) } else { Err(note.into()) };
        checks.insert(self.name.clone(), state);
    }
}

/// Why records cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody answers.
    #[error("no broker answers: {0}")]
    Unreachable(KafkaError),
    /// A topic or a leader is missing.
    #[error("{0}")]
    Incomplete(String),
}

/// Asks the cluster whether every partition of the topics that are written has a leader.
pub fn probe<C: ClientContext>(client: &Client<C>, topics: &Topics, timeout: Duration) -> Result<(), Trouble> {
    for topic in [&topics.inbox, &topics.rejected] {
        let metadata = client.fetch_metadata(Some(&topic.name), timeout).map_err(Trouble::Unreachable)?;
        let found = metadata.topics().first().filter(|found| found.error().is_none() && !found.partitions().is_empty());
        let Some(found) = found else {
            return Err(Trouble::Incomplete(format!("topic {} does not exist", topic.name)));
        };
        if let Some(partition) = found.partitions().iter().find(|partition| partition.leader() < 0) {
            let text = format!("partition {} of {} has no leader", partition.id(), topic.name);
            return Err(Trouble::Incomplete(text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_stands_in_for_kafka_and_what_needs_it() {
        let health = Health::default();
        let [process, kafka, dedup] = [PROCESS, "kafka", "dedup-0"].map(|name| health.check(name));
        process.holds("");
        kafka.back("");
        dedup.holds("");
        assert!(health.is_ready());
        kafka.away("");
        dedup.fails("");
        assert!(!health.is_ready(), "no spool");
        let spool = health.check(SPOOL);
        spool.holds("");
        assert!(health.is_ready());
        spool.fails("full");
        assert!(!health.is_ready());
        spool.holds("");
        kafka.fails("not all of it is back");
        assert!(health.is_ready());
        kafka.back("");
        assert!(!health.is_ready(), "dedup is not ready yet");
        process.fails("stopping");
        dedup.holds("");
        assert!(!health.is_ready());
    }
}
