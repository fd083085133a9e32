//! Whether this process can do its work: what `/readyz` answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;

use super::Topics;

/// Named conditions that must all hold before traffic is welcome.
#[derive(Clone, Debug, Default)]
pub struct Health {
    checks: Arc<Mutex<BTreeMap<String, State>>>,
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
        self.lock().values().all(Result::is_ok)
    }

    /// Every condition in alphabetical order.
    pub fn list(&self) -> Vec<(String, State)> {
        self.lock().iter().map(|(name, state)| (name.clone(), state.clone())).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, State>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.health.lock().insert(self.name.clone(), Ok(note.into()));
    }

    /// The condition does not hold, and why.
    pub fn fails(&self, why: impl Into<String>) {
        self.health.lock().insert(self.name.clone(), Err(why.into()));
    }

    /// What is going on, without a change of whether it holds.
    pub fn note(&self, note: impl Into<String>) {
        let mut checks = self.health.lock();
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
