//! Calls somebody waits for: written by ingest when a dialer places them or a vendor names them without a result, cleared
//! when a callback ends them, and asked about by the poll role.

mod record;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

pub use record::{Call, Key, Progress, call_key, call_name, hint_key, partition, progress_key};

use crate::clock;
use crate::event::{Event, EventType, Outcome};
use crate::kafka::{PublishError, Record, Topics};
use crate::outlet::Outlet;
use crate::source::Sources;
use crate::vendor::poll::Placed;
use crate::vendor::{Context, Hint};

/// Writes the pending topic.
#[derive(Clone)]
pub struct Pending {
    outlet: Outlet,
    topics: Topics,
    askers: Arc<HashMap<String, Asker>>,
}

/// The source that asks about the calls of an account.
struct Asker {
    source: String,
    ends_with: EventType,
}

impl Pending {
    /// Knows which accounts are asked about from `sources`.
    pub fn new(outlet: Outlet, topics: Topics, sources: &Sources) -> Self {
        let askers = sources.values().filter_map(|source| {
            let context = source.poll_context(crate::event::Instant::new(clock::now()))?;
            let asker = Asker { source: source.name.clone(), ends_with: source.poller()?.ends_with() };
            Some((account_name(context.vendor, &context.account), asker))
        });
        Self { outlet, topics, askers: Arc::new(askers.collect()) }
    }

    /// Writes placed calls of the source and account of `context`; returns when they are durable.
    pub async fn place(&self, context: &Context, calls: Vec<Placed>, deadline: Instant) -> Result<(), PublishError> {
        let records: Vec<_> = calls.into_iter().map(|placed| record::call_record(context, placed)).collect();
        let records: Vec<_> = records
            .iter()
            .map(|(key, value)| self.record(context.vendor, &context.account, key, Some(value)))
            .collect();
        self.outlet.publish(&records, deadline).await
    }

    /// Writes calls a delivery named without their result; returns when they are durable. Does nothing for an account
    /// nobody asks about.
    pub async fn hint(&self, context: &Context, hints: &[Hint], deadline: Instant) -> Result<(), PublishError> {
        let Some(asker) = self.asker(context.vendor, &context.account) else { return Ok(()) };
        let context = Context { source: asker.source.clone(), ..context.clone() };
        let calls = hints.iter().map(|hint| Placed {
            call: hint.call.clone(),
            destination: None,
            reference: None,
            conversation: None,
            task: None,
            placed_at: context.received_at,
            deadline: None,
            hinted: true,
        });
        self.place(&context, calls.collect(), deadline).await
    }

    /// Clears the calls that `events`, all of them safe, have ended. An unknown outcome ends no call: the vendor's API may
    /// know more. Not waited for: a call that stays pending is asked about once more and found to be known.
    pub fn clear(&self, events: &[Event]) {
        for event in events.iter().filter(|event| event.outcome.is_some_and(|outcome| outcome != Outcome::Unknown)) {
            let asker = self.asker(&event.vendor, &event.account);
            if asker.is_some_and(|asker| asker.ends_with == event.event_type) {
                self.delete(&event.vendor, &event.account, &call_key(&event.record_key()));
            }
        }
    }

    /// Deletes a record; not waited for.
    pub fn delete(&self, vendor: &str, account: &str, key: &str) {
        self.outlet.post(&self.record(vendor, account, key, None));
    }

    /// Writes how far the source of `context` has asked; not waited for.
    pub fn progress(&self, context: &Context, progress: Progress) {
        let value = serde_json::to_vec(&progress).expect("progress has only string keys");
        let key = progress_key(&context.source);
        self.outlet.post(&self.record(context.vendor, &context.account, &key, Some(&value)));
    }

    fn asker(&self, vendor: &str, account: &str) -> Option<&Asker> {
        if self.askers.is_empty() {
            return None;
        }
        self.askers.get(&account_name(vendor, account))
    }

    fn record<'a>(&'a self, vendor: &str, account: &str, key: &'a str, value: Option<&'a [u8]>) -> Record<'a> {
        let topic = &self.topics.pending;
        Record {
            topic: &topic.name,
            partition: Some(partition(vendor, account, topic.partitions)),
            key,
            value,
            headers: &[],
            timestamp: clock::now().as_millisecond(),
        }
    }
}

fn account_name(vendor: &str, account: &str) -> String {
    format!("{vendor}/{account}")
}
