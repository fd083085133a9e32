//! Kafka transactions, one call at a time, on the worker's own thread: every call blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{Offset, TopicPartitionList};

use crate::kafka::Heartbeat;
use crate::kafka::{Observer, flush};

/// How long one call may block before it is called again.
const CALL: Duration = Duration::from_secs(5);

/// What to do after a transactional call failed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The transaction cannot be committed, the producer can go on: abort, rewind, decide again.
    #[error("the transaction must be aborted: {0}")]
    Abort(KafkaError),
    /// The producer is finished: fenced by another, or something librdkafka cannot say.
    #[error("the transactional producer is finished: {0}")]
    Finished(KafkaError),
}

/// A transactional producer.
pub struct Transactions {
    producer: ThreadedProducer<Observer>,
    heartbeat: Heartbeat,
    open: bool,
}

impl Transactions {
    /// Creates the producer and fences whoever had its `transactional.id` before.
    pub fn new(settings: &ClientConfig, observer: Observer, heartbeat: Heartbeat) -> Result<Self, Trouble> {
        let producer: ThreadedProducer<Observer> = settings.create_with_context(observer).map_err(Trouble::Finished)?;
        let transactions = Self { producer, heartbeat, open: false };
        transactions.call("init_transactions", || transactions.producer.init_transactions(CALL))?;
        Ok(transactions)
    }

    /// Whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Opens a transaction unless one is open.
    pub fn begin(&mut self) -> Result<(), Trouble> {
        if !self.open {
            self.producer.begin_transaction().map_err(Trouble::Finished)?;
            self.open = true;
        }
        Ok(())
    }

    /// Adds a record to the open transaction.
    pub fn send(&self, record: BaseRecord<'_, [u8], [u8]>) -> Result<(), Trouble> {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    self.heartbeat.beat();
                    flush(&self.producer, Duration::from_millis(100));
                    record = back;
                }
                // The transaction already failed in the background.
                Err((error, _)) => return Err(Trouble::Abort(error)),
            }
        }
    }

    /// Commits the open transaction together with the input offsets to go on from.
    pub fn commit<C: ConsumerContext>(
        &mut self,
        consumer: &BaseConsumer<C>,
        topic: &str,
        next: &BTreeMap<i32, i64>,
    ) -> Result<(), Trouble> {
        // Not sent in time is no error here: the commit below waits on, and says what went wrong.
        flush(&self.producer, CALL);
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            offsets.add_partition_offset(topic, *partition, Offset::Offset(*offset)).map_err(Trouble::Abort)?;
        }
        // Taken afresh at every commit: it carries the group's generation, which is what fences zombies.
        let group = consumer.group_metadata().ok_or(Trouble::Abort(KafkaError::Canceled))?;
        self.call("send_offsets_to_transaction", || self.producer.send_offsets_to_transaction(&offsets, &group, CALL))?;
        self.call("commit_transaction", || self.producer.commit_transaction(CALL))?;
        self.open = false;
        Ok(())
    }

    /// Aborts the open transaction. Afterwards nothing of it was ever visible.
    pub fn abort(&mut self) -> Result<(), Trouble> {
        match self.call("abort_transaction", || self.producer.abort_transaction(CALL)) {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            Err(Trouble::Abort(error) | Trouble::Finished(error)) => Err(Trouble::Finished(error)),
        }
    }

    /// Calls until it is done. Retriable means: the same call again, it is still running in the background.
    fn call(&self, what: &'static str, call: impl Fn() -> KafkaResult<()>) -> Result<(), Trouble> {
        loop {
            self.heartbeat.beat();
            let Err(error) = call() else { return Ok(()) };
            match &error {
                KafkaError::Transaction(flags) if flags.is_fatal() => return Err(Trouble::Finished(error)),
                KafkaError::Transaction(flags) if flags.txn_requires_abort() => return Err(Trouble::Abort(error)),
                KafkaError::Transaction(flags) if flags.is_retriable() => {
                    tracing::debug!(%error, what, "calling again");
                    if self.heartbeat.is_stopping() {
                        return Err(Trouble::Finished(error));
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                _ => return Err(Trouble::Finished(error)),
            }
        }
    }
}
