//! The poll role: asks vendors for results.
//!
//! One consumer of the pending topic per process (`reader.rs`) shares the accounts among the processes: whoever has a
//! partition asks for all accounts in it. Each source has a `desk.rs`, which keeps the pending calls in memory
//! (`store.rs`), asks about those that are due (`schedule.rs`) and lists windows; all its requests go through one `line.rs`
//! with the source's budget. Nothing is kept that the topic does not hold.

mod ages;
mod circuit;
mod client;
mod desk;
mod intake;
mod line;
mod reader;
mod schedule;
mod store;
mod sweep;

pub use ages::AGES;
pub use schedule::Schedule;
pub use store::{Due, Store, Unsettled};

use std::sync::Arc;

use rdkafka::ClientConfig;
use tokio::task::JoinHandle;

use self::desk::Desk;
use self::intake::Intake;
use self::reader::Reader;
use crate::config::{Config, SettingsError};
use crate::inbox::Inbox;
use crate::kafka::Check;
use crate::pending::Pending;
use crate::source::Sources;

/// The running poll role.
pub struct Polling {
    reader: Reader,
    tasks: Vec<JoinHandle<()>>,
}

/// The poll role before it starts: everything that can be wrong with its settings is found by now.
pub struct Setup {
    config: Arc<Config>,
    client: ClientConfig,
    sources: Sources,
    inbox: Inbox,
    pending: Pending,
    desks: Vec<Arc<Desk>>,
}

impl Setup {
    /// Makes a desk for every source that asks.
    pub fn new(
        config: Arc<Config>,
        client: ClientConfig,
        sources: Sources,
        inbox: Inbox,
        pending: Pending,
    ) -> Result<Self, SettingsError> {
        let mut desks = Vec::new();
        for source in sources.values() {
            if let Some(settings) = source.poll().cloned() {
                let desk = Desk::new(&config, source.clone(), settings, inbox.clone(), pending.clone())?;
                desks.push(Arc::new(desk));
            }
        }
        Ok(Self { config, client, sources, inbox, pending, desks })
    }

    /// Starts asking. `None` when no source asks: then there is nothing to read either.
    pub fn start(self, check: Check) -> Option<Polling> {
        if self.desks.is_empty() {
            check.holds("no source has `poll`");
            return None;
        }
        let mut tasks: Vec<_> = Vec::new();
        for desk in self.desks.clone() {
            tasks.push(tokio::spawn(async move { desk.run().await }));
        }
        let reader = Reader::spawn(reader::Setup {
            config: self.config.clone(),
            client: self.client.clone(),
            topic: self.inbox.topics.pending.clone(),
            desks: self.desks,
            metrics: self.inbox.metrics.clone(),
            check,
        });
        let Self { config, client, sources, inbox, pending, .. } = self;
        tasks.push(tokio::spawn(Intake { config, client, sources, inbox, pending }.run()));
        Some(Polling { reader, tasks })
    }
}

impl Polling {
    /// Stops asking, writes down how far each source has come, and leaves the group. What was under way is asked again by
    /// whoever comes next.
    pub async fn stop(self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.reader.stop().await;
    }
}
