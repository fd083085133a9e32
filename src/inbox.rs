//! The way of events into Kafka: written to the inbox and counted, whichever channel they came by.

use std::sync::Arc;

use tokio::time::Instant;

use crate::event::cloudevents::{self, Encoded};
use crate::event::{Basis, Event, Outcome};
use crate::kafka::{PublishError, Record, Topics};
use crate::metrics::Metrics;
use crate::outlet::Outlet;
use crate::source::Sources;

/// Writes events to the inbox.
#[derive(Clone)]
pub struct Inbox {
    /// The way into Kafka.
    pub outlet: Outlet,
    /// The topics.
    pub topics: Topics,
    /// The sources, which say what may be told.
    pub sources: Sources,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

impl Inbox {
    /// Returns when every event is acknowledged by all in-sync replicas. `headers` are written besides those of the
    /// events themselves.
    pub async fn put(
        &self,
        events: &[Event],
        headers: &[(&'static str, String)],
        deadline: Instant,
    ) -> Result<(), PublishError> {
        let each: Vec<_> = events.iter().map(|event| (event, headers)).collect();
        self.put_each(&each, deadline).await
    }

    /// The same for events of several deliveries, each with its headers.
    pub async fn put_each(
        &self,
        events: &[(&Event, &[(&'static str, String)])],
        deadline: Instant,
    ) -> Result<(), PublishError> {
        let encode =
            |event: &Event, headers| cloudevents::encode(&self.sources[&event.source].concealed(event), headers);
        let encoded: Vec<Encoded> = events.iter().map(|(event, headers)| encode(event, headers)).collect();
        let records: Vec<Record<'_>> = encoded
            .iter()
            .zip(events)
            .map(|(encoded, (event, _))| Record {
                topic: &self.topics.inbox.name,
                partition: None,
                key: &encoded.key,
                value: Some(&encoded.value),
                headers: &encoded.headers,
                timestamp: event.received_at.as_millis(),
            })
            .collect();
        self.outlet.publish(&records, deadline).await?;
        events.iter().for_each(|(event, _)| self.count(event));
        Ok(())
    }

    fn count(&self, event: &Event) {
        let outcome = event.outcome.map_or("none", |outcome| outcome.as_str());
        let labels = [&event.source, event.channel.as_str(), event.event_type.as_str(), outcome];
        self.metrics.ingested.with_label_values(&labels).inc();
        if event.occurred_at_basis == Basis::Vendor {
            let happened = event.call.as_ref().and_then(|call| call.ended_at).unwrap_or(event.occurred_at);
            let seconds = (event.received_at.as_millis() - happened.as_millis()).max(0) as f64 / 1000.0;
            self.metrics.delay_seconds.with_label_values(&labels[..2]).observe(seconds);
        }
        // `trunkline`: its own word for a call without a result, which is no code of the vendor.
        if let (Some(Outcome::Unknown), Some(cause)) = (event.outcome, &event.cause)
            && cause.interface != "trunkline"
        {
            self.metrics.unknown_codes.with_label_values(&[&event.source, &cause.interface]).inc();
        }
    }
}
