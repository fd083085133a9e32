//! The way of records into Kafka, for those who wait for it and for those who have somebody waiting.

use std::sync::Arc;

use tokio::time::Instant;

use crate::kafka::{PublishError, Publisher, Record};

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

    /// Returns when every record is safe: acknowledged by all in-sync replicas.
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
        }
    }

    /// Publishes `record` without waiting: for what may be lost, because it only saves work. A failure is counted.
    pub fn post(&self, record: &Record<'_>) {
        self.publisher.post(record);
    }
}
