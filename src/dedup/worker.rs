//! One dedup worker: consume, decide, transact. It runs on a plain thread, because every transactional call blocks.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use prometheus::IntCounter;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::Window;
use super::fact::Head;
use super::rebuild::{RebuildError, rebuild};
use super::record::{Batch, send_seen, take};
use super::setup::{Failure, Setup};
use super::transaction::{Transactions, Trouble};
use crate::clock;
use crate::form::Newer;
use crate::kafka::Heartbeat;
use crate::kafka::{Check, DEDUP_CONSUMER, Observer, consumer_config};
use crate::kafka::{Group, Rebalance, list};
use crate::metrics::{Metrics, Share};

/// How long the group may take to give this member its partitions before readiness stops waiting for it: a member
/// beyond the number of partitions never gets any.
const ASSIGNMENT_WAIT: Duration = Duration::from_secs(30);

/// A consumer and a transactional producer, and the seen-sets of the partitions they own.
pub struct Worker<'a> {
    setup: &'a Setup,
    index: usize,
    heartbeat: Heartbeat,
    check: Check,
    consumer: BaseConsumer<Group>,
    transactions: Transactions,
    windows: BTreeMap<i32, Window>,
    batch: Batch,
    latest_hour: u32,
    shares: Shares,
}

/// What this worker adds to the gauges of the process.
struct Shares {
    assigned: Share,
    ids: Share,
    bytes: Share,
    rebuilding: Share,
}

impl Shares {
    fn of(metrics: &Metrics) -> Self {
        Self {
            assigned: Share::of(&metrics.assigned),
            ids: Share::of(&metrics.seen_ids),
            bytes: Share::of(&metrics.seen_bytes),
            rebuilding: Share::of(&metrics.rebuilding),
        }
    }
}

impl<'a> Worker<'a> {
    /// Connects: fences a predecessor of the same name and joins the group.
    pub fn new(setup: &'a Setup, index: usize, heartbeat: Heartbeat, check: Check) -> Result<Self, Failure> {
        let dedup = &setup.config.dedup;
        let member = dedup.instance.as_ref().map(|instance| format!("{instance}-{index}"));
        let mut consumer = consumer_config(&setup.client);
        consumer
            .set("group.id", &dedup.group)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", dedup.session_timeout_ms.to_string())
            .set("max.poll.interval.ms", dedup.max_poll_interval_ms.to_string());
        if let Some(member) = &member {
            consumer.set("group.instance.id", member);
        }
        // Fencing rests on the group's generation, so an instance without a stable name may take a fresh id.
        let unique = member.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let mut producer = setup.client.clone();
        producer
            .set("transactional.id", format!("{}-{unique}", dedup.group))
            .set("transaction.timeout.ms", dedup.transaction_timeout_ms.to_string())
            .set("message.max.bytes", (setup.config.kafka.max_message_bytes + 50_000).to_string())
            .set("compression.type", "lz4")
            .set("linger.ms", "5");

        let observer = |name| Observer::new(name, setup.metrics.clone());
        check.fails("joining the consumer group");
        let transactions =
            Transactions::new(&producer, observer("dedup-producer"), heartbeat.clone()).map_err(trouble)?;
        let consumer: BaseConsumer<Group> =
            consumer.create_with_context(Group::new(observer(DEDUP_CONSUMER))).map_err(kafka)?;
        consumer.subscribe(&[&setup.topics.inbox.name]).map_err(kafka)?;
        Ok(Self {
            setup,
            index,
            heartbeat,
            check,
            consumer,
            transactions,
            windows: BTreeMap::new(),
            batch: Batch::default(),
            latest_hour: 0,
            shares: Shares::of(&setup.metrics),
        })
    }

    /// Works until asked to stop. Then commits, so that nothing decided is lost, and leaves the group.
    pub fn run(mut self) -> Result<(), Failure> {
        let joined = Instant::now();
        let mut assigned_once = false;
        while !self.heartbeat.is_stopping() {
            self.heartbeat.beat();
            self.poll()?;
            while let Some(event) = self.consumer.context().next() {
                assigned_once = true;
                self.rebalance(event)?;
            }
            if !assigned_once && joined.elapsed() > ASSIGNMENT_WAIT {
                assigned_once = true;
                self.check.holds("no partitions: there are more members than partitions");
            }
        }
        self.commit()
    }

    /// Takes one record, and commits when the batch is full, old, or the inbox is empty.
    fn poll(&mut self) -> Result<(), Failure> {
        let dedup = &self.setup.config.dedup;
        let wait = if self.batch.records > 0 { Duration::ZERO } else { Duration::from_millis(50) };
        let mut idle = false;
        // The message borrows the consumer, so that everything `take` changes is passed on its own.
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                let at = (message.partition(), message.offset());
                let head = Head::of(&message);
                let taken = match head.newer() {
                    Some(newer) => Err(newer),
                    None => Ok(take(
                        self.setup,
                        &mut self.transactions,
                        &mut self.windows,
                        &mut self.batch,
                        &message,
                        &head,
                    )),
                };
                drop(head);
                drop(message);
                match taken {
                    Err(newer) => return self.leave_to_newer(newer, at),
                    Ok(Ok(hour)) => self.latest_hour = self.latest_hour.max(hour),
                    Ok(Err(Trouble::Abort(error))) => self.abort(&error)?,
                    Ok(Err(error)) => return Err(trouble(error)),
                }
            }
            Some(Err(KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::FencedInstanceId))) => {
                return Err(Failure::Final(
                    "another running instance has the same dedup.instance: give every instance a name of its own"
                        .into(),
                ));
            }
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => return Err(kafka(error)),
            Some(Err(error)) => tracing::debug!(%error, "consuming the inbox"),
            None => idle = true,
        }
        let full = self.batch.records >= dedup.max_batch;
        let old = self.batch.started.is_some_and(|at| at.elapsed().as_millis() as u64 >= dedup.commit_interval_ms);
        if idle || full || old { self.commit() } else { Ok(()) }
    }

    /// Commits what is decided and ends the process. Deciding a record whose form is not known would be a guess, and moving
    /// it away would hide it from the newer replicas that can.
    fn leave_to_newer(&mut self, newer: Newer, (partition, offset): (i32, i64)) -> Result<(), Failure> {
        self.commit()?;
        self.setup.metrics.newer_records.with_label_values(&["inbox"]).inc();
        Err(Failure::Final(format!(
            "inbox record at partition {partition} offset {offset}: {newer}: upgrade this instance; it stays undecided until then"
        )))
    }

    fn rebalance(&mut self, event: Rebalance) -> Result<(), Failure> {
        match event {
            Rebalance::Assign(partitions) => self.assign(&partitions)?,
            Rebalance::Revoke(partitions) => self.revoke(&partitions)?,
        }
        self.shares.assigned.set(self.windows.len() as i64);
        self.check.holds(format!("{} partitions, seen-set rebuilt", self.windows.len()));
        Ok(())
    }

    fn assign(&mut self, partitions: &[i32]) -> Result<(), Failure> {
        // No open transaction while rebuilding: others may be waiting for its end.
        self.commit()?;
        let started = Instant::now();
        self.check.note(format!("rebuilding the seen-set of {} partitions", partitions.len()));
        let inbox = &self.setup.topics.inbox.name;

        if partitions.is_empty() {
            return self.consumer.incremental_assign(&TopicPartitionList::new()).map_err(kafka);
        }
        self.shares.rebuilding.set(1);
        // First the offsets, then the memory: see `rebuild`.
        let committed = self.committed_offsets(partitions)?;
        let rebuilt = rebuild(
            consumer_config(&self.setup.client).set("group.id", &self.setup.config.dedup.group),
            &self.setup.topics.seen.name,
            partitions,
            self.setup.config.dedup.window_hours,
            Duration::from_millis(u64::from(self.setup.config.dedup.max_poll_interval_ms) / 2),
            &|| {
                self.heartbeat.beat();
                !self.heartbeat.is_stopping()
            },
        );
        let windows = match rebuilt {
            Ok(windows) => windows,
            Err(RebuildError::Unreadable(error)) => {
                self.setup.metrics.newer_records.with_label_values(&["seen"]).inc();
                return Err(Failure::Final(error.to_string()));
            }
            Err(error) => return Err(Failure::Restart(error.to_string())),
        };
        let mut starts = TopicPartitionList::new();
        for (partition, offset) in committed {
            starts.add_partition_offset(inbox, partition, offset).map_err(kafka)?;
        }
        self.consumer.incremental_assign(&starts).map_err(kafka)?;
        let start = |offset| if let Offset::Offset(offset) = offset { offset } else { 0 };
        self.show_lag_behind(starts.elements().iter().map(|element| (element.partition(), start(element.offset()))));
        self.windows.extend(windows);
        self.shares.rebuilding.set(0);
        self.setup.metrics.rebuild_seconds.observe(started.elapsed().as_secs_f64());
        self.report_windows();
        tracing::info!(
            worker = self.index,
            ?partitions,
            milliseconds = started.elapsed().as_millis() as u64,
            "partitions taken over"
        );
        Ok(())
    }

    /// Where the group stands, once no open transaction can change it. `Beginning` where it never was.
    fn committed_offsets(&self, partitions: &[i32]) -> Result<Vec<(i32, Offset)>, Failure> {
        loop {
            self.heartbeat.beat();
            let asked = list(&self.setup.topics.inbox.name, partitions);
            match self.consumer.committed_offsets(asked, Duration::from_secs(5)) {
                Ok(found) if found.elements().iter().all(|element| element.error().is_ok()) => {
                    let offset = |offset| if let Offset::Offset(_) = offset { offset } else { Offset::Beginning };
                    return Ok(found.elements().iter().map(|e| (e.partition(), offset(e.offset()))).collect());
                }
                Ok(_) => tracing::debug!("committed offsets are not stable yet"),
                Err(error) => tracing::debug!(%error, "asking for the committed offsets"),
            }
            if self.heartbeat.is_stopping() {
                return Err(Failure::Restart("stopped".into()));
            }
        }
    }

    fn revoke(&mut self, partitions: &[i32]) -> Result<(), Failure> {
        if self.consumer.assignment_lost() {
            // Somebody else already decides these records: what is not committed must never be.
            self.forget_batch()?;
        } else {
            self.commit()?;
        }
        for partition in partitions {
            self.windows.remove(partition);
            // Fails only when it was never set.
            let _ = self.setup.metrics.lag.remove_label_values(&[&partition.to_string()]);
        }
        self.consumer.incremental_unassign(&list(&self.setup.topics.inbox.name, partitions)).map_err(kafka)?;
        self.report_windows();
        tracing::info!(worker = self.index, ?partitions, "partitions given up");
        Ok(())
    }

    /// Makes the batch visible: events, memory and input offsets at once. A batch of duplicates has offsets only.
    fn commit(&mut self) -> Result<(), Failure> {
        if self.batch.records == 0 {
            return Ok(());
        }
        let started = Instant::now();
        match self.try_commit() {
            Ok(()) => {
                let batch = std::mem::take(&mut self.batch);
                self.show_lag_behind(batch.offsets.iter().map(|(partition, (_, next))| (*partition, *next)));
                let metrics = &self.setup.metrics;
                metrics.commits.inc();
                metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                batch.counters.iter().for_each(IntCounter::inc);
                let now = clock::now().as_millisecond();
                batch.received.iter().for_each(|at| metrics.visible_seconds.observe((now - at).max(0) as f64 / 1000.0));
                self.sweep();
                Ok(())
            }
            Err(Trouble::Abort(error)) => self.abort(&error),
            Err(error) => Err(trouble(error)),
        }
    }

    /// Tells the client up to where each partition is decided, for its statistics: nothing is ever committed from there.
    fn show_lag_behind(&self, next: impl Iterator<Item = (i32, i64)>) {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in next {
            let _ = offsets.add_partition_offset(&self.setup.topics.inbox.name, partition, Offset::Offset(offset));
        }
        if let Err(error) = self.consumer.store_offsets(&offsets) {
            tracing::debug!(%error, "the lag is not known");
        }
    }

    fn try_commit(&mut self) -> Result<(), Trouble> {
        self.transactions.begin()?;
        for (partition, record) in &self.batch.seen {
            send_seen(self.setup, &self.transactions, *partition, record)?;
        }
        let next = self.batch.offsets.iter().map(|(partition, (_, next))| (*partition, *next)).collect();
        self.transactions.commit(&self.consumer, &self.setup.topics.inbox.name, &next)
    }

    /// Undoes the batch and goes back to its first records, to decide them again.
    fn abort(&mut self, error: &KafkaError) -> Result<(), Failure> {
        tracing::warn!(%error, records = self.batch.records, "transaction aborted; its records are decided again");
        let rewind: Vec<_> = self.batch.offsets.iter().map(|(partition, (first, _))| (*partition, *first)).collect();
        self.forget_batch()?;
        for (partition, first) in rewind {
            // A partition that cannot be rewound would skip records: give up, the next worker starts at the committed offset.
            let topic = &self.setup.topics.inbox.name;
            self.consumer.seek(topic, partition, Offset::Offset(first), Duration::from_secs(5)).map_err(kafka)?;
        }
        Ok(())
    }

    /// Aborts the transaction and takes its keys out of the seen-sets again.
    fn forget_batch(&mut self) -> Result<(), Failure> {
        if self.transactions.is_open() {
            self.setup.metrics.aborts.inc();
            self.transactions.abort().map_err(trouble)?;
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.spans.iter_mut().for_each(|span| span.failed("aborted"));
        for (partition, key, before) in batch.undo.into_iter().rev() {
            match (self.windows.get_mut(&partition), before) {
                (Some(window), Some(before)) => window.insert(key, before),
                (Some(window), None) => window.remove(key),
                (None, _) => {}
            }
        }
        Ok(())
    }

    /// Frees a little of what has left the window. By the records' hours as long as they are behind the clock, so that a
    /// backlog is decided as it would have been in time.
    fn sweep(&mut self) {
        let clock_hour = (clock::now().as_second() / 3600) as u32;
        for window in self.windows.values_mut() {
            window.sweep(self.latest_hour.min(clock_hour));
        }
        self.report_windows();
    }

    fn report_windows(&mut self) {
        self.shares.ids.set(self.windows.values().map(Window::len).sum::<usize>() as i64);
        self.shares.bytes.set(self.windows.values().map(Window::heap_bytes).sum::<usize>() as i64);
        let hour = (clock::now().as_second() / 3600) as u32;
        let oldest = self.windows.values().filter_map(|window| window.oldest(hour)).max();
        self.setup.metrics.seen_age.set(i64::from(oldest.unwrap_or_default()) * 3600);
    }
}

impl Drop for Worker<'_> {
    /// Dropping the consumer waits until its partitions are given up; nobody handles rebalance events any more.
    fn drop(&mut self) {
        self.consumer.context().close();
        // Whoever decides these partitions next tells their lag.
        for partition in self.windows.keys() {
            let _ = self.setup.metrics.lag.remove_label_values(&[&partition.to_string()]);
        }
    }
}

fn kafka(error: KafkaError) -> Failure {
    Failure::Restart(error.to_string())
}

fn trouble(error: Trouble) -> Failure {
    Failure::Restart(error.to_string())
}
