//! One inbox record: decided, and what follows from it added to the open transaction.

use std::collections::BTreeMap;
use std::time::Instant;

use prometheus::IntCounter;
use rdkafka::message::{BorrowedMessage, Header, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use super::fact::{Head, revise};
use super::setup::Setup;
use super::transaction::{Transactions, Trouble};
use super::{Decision, Remembered, Window, decide, encode};
use crate::clock;
use crate::event::cloudevents::header;
use crate::rejected;
use crate::telemetry::Span;
use crate::trace::TraceParent;

/// What is decided but not yet committed.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) started: Option<Instant>,
    pub(super) records: usize,
    /// By partition: first offset of the batch, and the offset to go on from.
    pub(super) offsets: BTreeMap<i32, (i64, i64)>,
    /// What each key was before, to be put back when the transaction aborts.
    pub(super) undo: Vec<(i32, u128, Option<Remembered>)>,
    /// By partition: the record for the seen topic.
    pub(super) seen: BTreeMap<i32, Vec<u8>>,
    /// When the published records were received, Unix milliseconds.
    pub(super) received: Vec<i64>,
    /// Counters of what was decided; counted when it is committed, because an aborted record is decided again.
    pub(super) counters: Vec<IntCounter>,
    /// Traces of the records; they end with the transaction.
    pub(super) spans: Vec<Span>,
}

/// Decides about one inbox record and adds what follows to the transaction. Returns the record's hour.
pub(super) fn take(
    setup: &Setup,
    transactions: &mut Transactions,
    windows: &mut BTreeMap<i32, Window>,
    batch: &mut Batch,
    message: &BorrowedMessage<'_>,
    head: &Head<'_>,
) -> Result<u32, Trouble> {
    let Some(window) = windows.get_mut(&message.partition()) else { return Ok(0) };
    let mut span = setup.tracer.decision(
        || head.text(header::TRACE_PARENT),
        &setup.topics.inbox.name,
        &setup.config.dedup.group,
        (message.partition(), message.offset()),
    );
    let context = span.as_ref().and_then(Span::context);
    let (hour, decision) = settle(setup, transactions, window, batch, message, head, context)?;
    span.iter_mut().for_each(|span| span.decided(decision));
    batch.spans.extend(span);
    Ok(hour)
}

/// Returns the record's hour, and what was decided: a value of the label `decision`.
fn settle(
    setup: &Setup,
    transactions: &mut Transactions,
    window: &mut Window,
    batch: &mut Batch,
    message: &BorrowedMessage<'_>,
    head: &Head<'_>,
    context: Option<TraceParent>,
) -> Result<(u32, &'static str), Trouble> {
    let (partition, offset) = (message.partition(), message.offset());
    // Ingest always sets a time; a record without one is somebody else's.
    let received =
        message.timestamp().to_millis().filter(|at| *at > 0).unwrap_or_else(|| clock::now().as_millisecond());
    let hour = u32::try_from(received / 3_600_000).unwrap_or_default();
    batch.started.get_or_insert_with(Instant::now);
    batch.records += 1;
    batch.offsets.entry(partition).or_insert((offset, offset)).1 = offset + 1;

    let replayed = head.text(header::REPLAYED_AT).is_some();
    let channel = match head.text(header::CHANNEL) {
        _ if replayed => "replay",
        Some("poll") => "poll",
        _ => "callback",
    };
    let decided = |decision: &str| setup.metrics.decisions.with_label_values(&[decision, channel]);
    let fact = match head.fact() {
        Ok(fact) => fact,
        Err(why) => {
            batch.counters.push(decided("poison"));
            tracing::error!(partition, offset, why, "an inbox record cannot be read; it goes to the rejected topic");
            transactions.begin()?;
            return reject(setup, transactions, message, why).map(|()| (hour, "poison"));
        }
    };
    let kind = head.text("ce_type").unwrap_or_default();
    let kind = kind.strip_prefix("trunkline.").and_then(|kind| kind.strip_suffix(".v1")).unwrap_or("other");
    let source = head.text(header::SOURCE).unwrap_or_default();
    let topic = &setup.topics.route(source, kind).name;
    let known = window.get(fact.key.0, hour);
    let (remembered, decision) = match decide(known, fact.material, hour) {
        Decision::Duplicate => {
            batch.counters.push(decided("duplicate"));
            return Ok((hour, "duplicate"));
        }
        Decision::First(remembered) => {
            transactions.begin()?;
            let headers = head.published(None, context);
            publish(topic, transactions, message, message.payload().unwrap_or_default(), headers)?;
            (remembered, "first")
        }
        Decision::Revision(remembered) => {
            transactions.begin()?;
            match revise(message.payload().unwrap_or_default(), &remembered) {
                Ok(value) => {
                    let headers = head.published(Some((fact.key, remembered.revision)), context);
                    publish(topic, transactions, message, &value, headers)?;
                }
                Err(_) => {
                    batch.counters.push(decided("poison"));
                    tracing::error!(
                        partition,
                        offset,
                        "an inbox record has no JSON value; it goes to the rejected topic"
                    );
                    return reject(setup, transactions, message, "the value is not JSON").map(|()| (hour, "poison"));
                }
            }
            (remembered, "revision")
        }
    };
    batch.counters.push(decided(decision));
    let outcome = head.text(header::MATERIAL).and_then(|material| material.split('-').next());
    let published = setup.metrics.published.with_label_values(&[source, kind, outcome.unwrap_or("unknown")]);
    batch.counters.push(published);
    if !replayed {
        batch.received.push(received);
    }
    batch.undo.push((partition, fact.key.0, known));
    window.insert(fact.key.0, remembered);

    let seen = batch.seen.entry(partition).or_default();
    encode(seen, fact.key.0, &remembered);
    if seen.len() > setup.config.kafka.max_message_bytes / 2 {
        send_seen(setup, transactions, partition, &std::mem::take(seen))?;
    }
    Ok((hour, decision))
}

/// Output partition = input partition, always set: the seen topic's partition holds the memory of exactly this one.
fn publish(
    topic: &str,
    transactions: &Transactions,
    message: &BorrowedMessage<'_>,
    value: &[u8],
    headers: OwnedHeaders,
) -> Result<(), Trouble> {
    let record = BaseRecord::<[u8], [u8]>::to(topic)
        .partition(message.partition())
        .key(message.key().unwrap_or_default())
        .payload(value)
        .headers(headers)
        .timestamp(message.timestamp().to_millis().unwrap_or_default());
    transactions.send(record)
}

pub(super) fn send_seen(
    setup: &Setup,
    transactions: &Transactions,
    partition: i32,
    record: &[u8],
) -> Result<(), Trouble> {
    if record.is_empty() {
        return Ok(());
    }
    let record = BaseRecord::<[u8], [u8]>::to(&setup.topics.seen.name).partition(partition).payload(record);
    transactions.send(record)
}

fn reject(setup: &Setup, transactions: &Transactions, message: &BorrowedMessage<'_>, why: &str) -> Result<(), Trouble> {
    let origin = format!("{}/{}/{}", message.topic(), message.partition(), message.offset());
    let headers = [(rejected::REASON, rejected::POISON), (rejected::DETAIL, why), (rejected::ORIGIN, &origin)]
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(*value) }));
    let record = BaseRecord::<[u8], [u8]>::to(&setup.topics.rejected.name)
        .key(message.key().unwrap_or_default())
        .payload(message.payload().unwrap_or_default())
        .headers(headers);
    transactions.send(record)
}
