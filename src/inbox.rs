//! The way of events into Kafka: written to the inbox and counted, whichever channel they came by.

use std::sync::Arc;

use tokio::time::Instant;

use crate::event::cloudevents::{self, Encoded};
use crate::event::{Event, Outcome};
use crate::kafka::{PublishError, Record, Topics};
use crate::metrics::Metrics;
use crate::outlet::Outlet;

/// Writes events to the inbox.
#[derive(Clone)]
pub struct Inbox {
    /// The way into Kafka.
    pub outlet: Outlet,
    /// The topics.
    pub topics: Topics,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

impl Inbox {
    /// Returns when every event is acknowledged by all in-sync replicas.
    pub async fn put(
        &self,
        events: &[Event],
        trace_parent: Option<&str>,
        deadline: Instant,
    ) -> Result<(), PublishError> {
        let encoded: Vec<Encoded> = events.iter().map(|event| cloudevents::encode(event, trace_parent)).collect();
        let records: Vec<Record<'_>> = encoded
            .iter()
            .zip(events)
            .map(|(encoded, event)| Record {
                topic: &self.topics.inbox.name,
                partition: None,
                key: &encoded.key,
                value: Some(&encoded.value),
                headers: &encoded.headers,
                timestamp: event.received_at.as_millis(),
            })
            .collect();
        self.outlet.publish(&records, deadline).await?;
        events.iter().for_each(|event| self.count(event));
        Ok(())
    }

    fn count(&self, event: &Event) {
        let outcome = event.outcome.map_or("none", |outcome| outcome.as_str());
        let labels = [&event.source, event.channel.as_str(), event.event_type.as_str(), outcome];
        self.metrics.ingested.with_label_values(&labels).inc();
        if let (Some(Outcome::Unknown), Some(cause)) = (event.outcome, &event.cause) {
            self.metrics.unknown_codes.with_label_values(&[&event.source, &cause.interface]).inc();
        }
    }
}
