//! Reads the topic to which dialers write placed calls: the same JSON as over HTTP, with `source` in it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use jiff::SignedDuration;
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use tokio::time::Instant;

use crate::clock;
use crate::config::Config;
use crate::dialer::{self, Complaint};
use crate::event::cloudevents::header;
use crate::form;
use crate::inbox::Inbox;
use crate::kafka::{Observer, PublishError, Record, consumer_config};
use crate::pending::Pending;
use crate::rejected;
use crate::source::{Source, Sources};
use crate::vendor::poll::Placement;

/// Most messages handled together.
const CHUNK: usize = 500;

/// What the intake works with.
pub struct Intake {
    /// The configuration.
    pub config: Arc<Config>,
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The configured sources.
    pub sources: Sources,
    /// The way of events into Kafka.
    pub inbox: Inbox,
    /// The calls somebody waits for.
    pub pending: Pending,
}

impl Intake {
    /// Reads for ever; starts anew after an error that ends a client.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.read().await {
                tracing::warn!(%error, "the reader of placed calls starts anew");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn read(&self) -> KafkaResult<()> {
        let mut settings = consumer_config(&self.client);
        settings
            .set("group.id", &self.config.poll.calls_group)
            // What is stored is handled; it may be committed whenever librdkafka likes.
            .set("enable.auto.commit", "true")
            .set("fetch.wait.max.ms", "100")
            .set("session.timeout.ms", self.config.poll.session_timeout_ms.to_string());
        let observer = Observer::new("calls-consumer", self.inbox.metrics.clone());
        let consumer: StreamConsumer<Observer> = settings.create_with_context(observer)?;
        consumer.subscribe(&[&self.inbox.topics.calls.name])?;
        let mut chunks = consumer.stream().ready_chunks(CHUNK);
        while let Some(chunk) = chunks.next().await {
            let mut messages = Vec::with_capacity(chunk.len());
            for message in chunk {
                match message {
                    Ok(message) => messages.push(message),
                    Err(error @ KafkaError::MessageConsumptionFatal(_)) => return Err(error),
                    Err(error) => tracing::debug!(%error, "reading placed calls"),
                }
            }
            // Their order does not matter: each is about calls of its own.
            join_all(messages.iter().map(|message| self.take(message))).await;
            for message in &messages {
                consumer.store_offset_from_message(message)?;
            }
        }
        Ok(())
    }

    /// Handles one message; returns when everything in it is durable.
    async fn take(&self, message: &BorrowedMessage<'_>) {
        let read = self.placement(message.payload().unwrap_or_default());
        let (source, placement) = match read {
            Ok(read) => read,
            Err((source, complaint)) => return self.reject(message, source.as_deref(), &complaint).await,
        };
        // What was durable once may be written again: the same keys, the same events.
        let again = || Placement { placed: placement.placed.clone(), events: placement.events.clone() };
        while dialer::place(&self.inbox, &self.pending, &source, again(), deadline()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn placement(&self, body: &[u8]) -> Result<(Arc<Source>, Placement), (Option<String>, Complaint)> {
        let placing = dialer::parse(body).map_err(|complaint| (None, complaint))?;
        let Some(source) = placing.source.as_deref().and_then(|name| self.sources.get(name)) else {
            return Err((None, Complaint("source is absent or not the name of a configured source".into())));
        };
        let longest = SignedDuration::from_hours(self.config.dedup.window_hours.into());
        let placement = dialer::placement(source, placing, clock::now(), longest)
            .map_err(|complaint| (Some(source.name.clone()), complaint))?;
        Ok((source.clone(), placement))
    }

    /// Keeps what cannot be read, whole.
    async fn reject(&self, message: &BorrowedMessage<'_>, source: Option<&str>, complaint: &Complaint) {
        let name = source.unwrap_or("unknown");
        let headers = [
            (rejected::REASON, rejected::CALLS_INVALID.to_owned()),
            (rejected::DETAIL, complaint.to_string()),
            (header::SOURCE, name.to_owned()),
        ];
        let topic = &self.inbox.topics.rejected.name;
        if message.payload().and_then(form::of_json).is_some() {
            self.inbox.metrics.newer_records.with_label_values(&["calls"]).inc();
        }
        tracing::warn!(source = name, %complaint, "placed calls cannot be read; kept in the rejected topic");
        self.inbox.metrics.placed_calls.with_label_values(&[name, "invalid"]).inc();
        loop {
            let record = Record {
                topic,
                partition: None,
                key: name,
                value: Some(message.payload().unwrap_or_default()),
                headers: &headers,
                timestamp: clock::now().as_millisecond(),
            };
            match self.inbox.outlet.publish(&[record], deadline()).await {
                Ok(()) => return,
                Err(PublishError::TooLarge) => {
                    tracing::error!(source = name, "a message of the calls topic is too large to be kept");
                    return;
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
            }
        }
    }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(10)
}
