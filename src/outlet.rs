//! The way of records into Kafka, for those who wait for it and for those who have somebody waiting.

use std::sync::Arc;

use tokio::time::Instant;

use crate::kafka::{PublishError, Publisher, Record};
use crate::spool::Spool;

/// Publishes records, in the manner of the role it belongs to.
#[derive(Clone)]
pub struct Outlet {
    publisher: Arc<Publisher>,
    manner: Manner,
}

#[derive(Clone)]
enum Manner {
    /// Waits whatever is known about Kafka: the role tries again by itself.
    Patient,
    /// Says no at once while Kafka is known to be away: the sender comes again.
    Refusing,
    /// Puts on disk what Kafka does not take soon.
    Spooling(Arc<Spool>),
}

impl Outlet {
    /// For a role that tries again by itself.
    pub fn patient(publisher: Arc<Publisher>) -> Self {
        Self { publisher, manner: Manner::Patient }
    }

    /// For senders who come again.
    pub fn refusing(publisher: Arc<Publisher>) -> Self {
        Self { publisher, manner: Manner::Refusing }
    }

    /// For senders who are told yes although Kafka is away.
    pub fn spooling(publisher: Arc<Publisher>, spool: Arc<Spool>) -> Self {
        Self { publisher, manner: Manner::Spooling(spool) }
    }

    /// Returns when every record is safe: acknowledged by all in-sync replicas, or in the spool.
    pub async fn publish(&self, records: &[Record<'_>], deadline: Instant) -> Result<(), PublishError> {
        if records.is_empty() {
            return Ok(());
        }
        match &self.manner {
            Manner::Patient => self.publisher.publish(records, deadline).await,
            Manner::Refusing => {
                let _leave = self.publisher.outage().ask(Instant::now()).ok_or(PublishError::Away)?;
                self.publisher.publish(records, deadline).await
            }
            Manner::Spooling(spool) => {
                // Behind what is held, so that the events of a call keep their order; also what is under way when the first
                // delivery goes to the spool.
                let mut holds = spool.holds();
                if !*holds.borrow_and_update() && !self.publisher.outage().is_away(Instant::now()) {
                    let patience = deadline.min(Instant::now() + spool.after());
                    tokio::select! {
                        published = self.publisher.publish(records, patience) => match published {
                            Ok(()) | Err(PublishError::TooLarge) => return published,
                            Err(_) => {}
                        },
                        _ = holds.wait_for(|holds| *holds) => {}
                    }
                }
                spool.put(records, deadline).await
            }
        }
    }

    /// Publishes `record` without waiting: for what may be lost, because it only saves work. A failure is counted.
    pub fn post(&self, record: &Record<'_>) {
        self.publisher.post(record);
    }
}
