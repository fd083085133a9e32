//! One source at work: asks about its pending calls when they are due, and gives up at their deadline.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};

use super::ages::AGES;
use super::line::Line;
use super::schedule::Schedule;
use super::store::{Due, Store, Unsettled};
use crate::clock;
use crate::config::{Config, SettingsError, SourcePoll};
use crate::event::{Event, Instant, Outcome};
use crate::inbox::Inbox;
use crate::kafka::PublishError;
use crate::metrics::Metrics;
use crate::pending::{Pending, Progress, call_key, call_name, hint_key};
use crate::source::Source;
use crate::vendor::poll::{Failure, FailureClass, Placed};
use crate::vendor::{Context, Poller};

/// First pause before a call that may be why a question failed is asked about by itself, milliseconds; doubles.
const SUSPECT_PAUSE_MS: i64 = 2_500;

/// How a call was settled that was asked about: a value of the label `how`.
const ASKED: &str = "asked";

/// How often progress is written down.
const REPORT_INTERVAL: Duration = Duration::from_secs(15);

/// One source at work.
pub struct Desk {
    /// The source.
    pub source: Arc<Source>,
    /// The vendor-side tenant it asks about.
    account: String,
    pub(super) settings: SourcePoll,
    pub(super) line: Line,
    progress: Mutex<Progress>,
    store: Mutex<Store>,
    wake: Notify,
    /// Whether this process has the source's partition and has read it to the end.
    ours: watch::Sender<bool>,
    inbox: Inbox,
    pending: Pending,
    pub(super) metrics: Arc<Metrics>,
}

impl Desk {
    /// A desk that waits until its partition is ours.
    pub fn new(
        config: &Config,
        source: Arc<Source>,
        settings: SourcePoll,
        inbox: Inbox,
        pending: Pending,
    ) -> Result<Self, SettingsError> {
        let metrics = inbox.metrics.clone();
        let account = context(&source).account;
        Ok(Self {
            account,
            line: Line::new(config, source.clone(), &settings, metrics.clone())?,
            store: Mutex::new(Store::new(Schedule::new(&settings))),
            progress: Mutex::default(),
            wake: Notify::new(),
            ours: watch::Sender::new(false),
            settings,
            source,
            inbox,
            pending,
            metrics,
        })
    }

    /// The source's vendor and account, as in the keys of the pending topic.
    pub fn account(&self) -> (&'static str, &str) {
        (self.source.vendor.name(), &self.account)
    }

    /// The partition is ours: what it holds comes next.
    pub fn acquire(&self) {
        self.store().clear();
        *self.progress() = Progress::default();
    }

    /// A record of a call; `None` when it was deleted.
    pub fn apply(&self, name: &str, hint: bool, placed: Option<&Placed>) {
        let mut store = self.store();
        match placed {
            Some(placed) => store.put(name, placed, clock::now().as_millisecond()),
            None => {
                if store.delete(name, hint) {
                    self.count("cleared");
                }
            }
        }
        drop(store);
        self.wake.notify_one();
    }

    /// A record of the source's progress.
    pub fn apply_progress(&self, progress: Progress) {
        // Once at work, the only ones are our own.
        if !*self.ours.borrow() {
            *self.progress() = progress;
        }
    }

    /// Everything the partition held is read: work begins.
    pub fn loaded(&self) {
        let asked = self.progress().asked;
        self.store().loaded(asked);
        self.line.start_empty(&self.settings);
        self.line.show_circuit(true);
        self.ours.send_replace(true);
    }

    /// The partition is somebody else's: nothing more is asked.
    pub fn release(&self) {
        if self.ours.send_replace(false) {
            self.report();
        }
        self.store().clear();
        self.gauge();
        // What this process knows of the vendor grows old; whoever asks now says it.
        self.line.show_circuit(false);
        let _ = self.metrics.poll_listed.remove_label_values(&[&self.source.name]);
    }

    /// Works whenever the partition is ours, for ever.
    pub async fn run(&self) {
        let mut ours = self.ours.subscribe();
        loop {
            if ours.wait_for(|ours| *ours).await.is_err() {
                return;
            }
            tracing::info!(source = self.source.name, calls = self.store().len(), "asking the vendor for results");
            let revoked = ours.wait_for(|ours| !*ours);
            tokio::select! {
                _ = revoked => {}
                () = self.ask() => {}
                () = super::sweep::run(self) => {}
                () = self.keep_reporting() => {}
            }
        }
    }

    /// Asks about what is due, some questions at a time.
    async fn ask(&self) {
        let poller = self.poller();
        let mut questions = FuturesUnordered::new();
        loop {
            let now = clock::now().as_millisecond();
            while questions.len() < self.settings.concurrency as usize {
                let calls = self.store().take(now, poller.batch());
                if calls.is_empty() {
                    break;
                }
                questions.push(self.question(calls));
            }
            let next = self.store().next_due().filter(|_| questions.len() < self.settings.concurrency as usize);
            let wait = next.map_or(Duration::from_secs(60), |due| {
                Duration::from_millis(u64::try_from(due - now).unwrap_or_default().clamp(1, 60_000))
            });
            tokio::select! {
                Some(()) = questions.next() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Asks about `calls` and settles what has a result.
    async fn question(&self, calls: Vec<Due>) {
        for call in &calls {
            let late = (clock::now().as_millisecond() - call.due).max(0);
            self.metrics.poll_late_seconds.with_label_values(&[&self.source.name]).observe(late as f64 / 1000.0);
        }
        let result = match calls.iter().any(|call| call.hopeless) {
            true => Ok(()),
            false => self.inquire(&calls).await,
        };
        let settled = |call: &Due| self.store().get(&self.name(&call.placed.call)).is_none();
        for call in calls.iter().filter(|call| !settled(call)) {
            match &result {
                Ok(()) if call.last => self.give_up(call).await,
                Ok(()) => self.give_back(call, Unsettled::Open),
                Err(failure) => self.give_back(call, self.judge(failure, calls.len(), call)),
            }
        }
    }

    /// Every request of one question. What was found counts, also when a later request fails.
    async fn inquire(&self, calls: &[Due]) -> Result<(), Failure> {
        let placed: Vec<Placed> = calls.iter().map(|call| call.placed.clone()).collect();
        let mut inquiry = self.poller().ask(&placed);
        while let Some(found) = self.line.step(inquiry.as_mut()).await {
            self.found(found?, ASKED).await;
        }
        Ok(())
    }

    /// Publishes what the vendor said and settles the calls that have ended.
    pub(super) async fn found(&self, mut events: Vec<Event>, how: &str) {
        let ends_with = self.poller().ends_with();
        let mut ended = Vec::new();
        for event in &mut events {
            let order = event.links.order.clone();
            let call = [Some(event.subject.clone()), order].into_iter().flatten();
            let known = call.map(|call| self.name(&call)).find_map(|name| Some((self.store().get(&name)?, name)));
            let Some(((id, placed), name)) = known else { continue };
            self.fill(event, &placed);
            // A list may say less than the answer about the one call.
            let tells = how == ASKED || event.outcome.is_some_and(|outcome| outcome != Outcome::Unknown);
            if tells && event.event_type == ends_with && name == self.name(&event.subject) {
                ended.push((id, name));
            }
        }
        self.publish(events).await;
        for (id, name) in ended {
            self.settle(id, &name);
            self.count(how);
        }
    }

    /// Completes an event with what the dialer knows and the vendor left out.
    fn fill(&self, event: &mut Event, placed: &Placed) {
        let links = &mut event.links;
        for (link, known) in [
            (&mut links.reference, &placed.reference),
            (&mut links.conversation, &placed.conversation),
            (&mut links.task, &placed.task),
        ] {
            if link.is_none() {
                link.clone_from(known);
            }
        }
        if let Some(call) = &mut event.call {
            let to = || placed.dialled(self.context().country);
            call.to = call.to.take().or_else(to);
        }
    }

    /// No result came and none will: says so.
    async fn give_up(&self, call: &Due) {
        let mut event = self.poller().no_result(&call.placed, &self.context());
        self.fill(&mut event, &call.placed);
        self.publish(vec![event]).await;
        self.settle(call.id, &self.name(&call.placed.call));
        self.count("no_result");
    }

    /// Returns when all of `events` are safe, however long Kafka is away.
    async fn publish(&self, mut events: Vec<Event>) {
        while !events.is_empty() {
            let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
            match self.inbox.put(&events, &[], deadline).await {
                Ok(()) => return,
                // The vendor's own object is what can be too large.
                Err(PublishError::TooLarge) if events.iter().any(|event| event.raw.is_some()) => {
                    tracing::warn!(source = self.source.name, "a polled event is too large: published without `raw`");
                    events.iter_mut().for_each(|event| event.raw = None);
                }
                Err(error) => {
                    tracing::debug!(source = self.source.name, %error, "polled events not safe yet");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn settle(&self, id: u128, name: &str) {
        let Some((placed, hinted)) = self.store().settle(id) else { return };
        let (vendor, account) = self.account();
        if placed {
            self.pending.delete(vendor, account, &call_key(name));
        }
        if hinted {
            self.pending.delete(vendor, account, &hint_key(name));
        }
    }

    fn give_back(&self, call: &Due, why: Unsettled) {
        if why == Unsettled::Hopeless {
            self.count("hopeless");
            // Nobody placed it, and the vendor says that there is nothing to tell.
            if call.placed.hinted {
                return self.settle(call.id, &self.name(&call.placed.call));
            }
        }
        self.store().give_back(call, why, clock::now().as_millisecond());
    }

    /// What a failed question means for one of its calls.
    fn judge(&self, failure: &Failure, batch: usize, call: &Due) -> Unsettled {
        match failure.class {
            FailureClass::Permanent if batch > 1 => Unsettled::Suspect(0),
            FailureClass::Permanent => Unsettled::Hopeless,
            FailureClass::Throttled | FailureClass::Token | FailureClass::Configuration => Unsettled::Untold,
            // While nothing is answered no call is to blame, but for one that failed before when others did not: it must
            // not be the only one that is tried.
            FailureClass::Retry if self.line.is_open() && !call.suspect => Unsettled::Untold,
            FailureClass::Retry => Unsettled::Suspect(SUSPECT_PAUSE_MS),
        }
    }

    async fn keep_reporting(&self) {
        loop {
            self.report();
            tokio::time::sleep(REPORT_INTERVAL).await;
        }
    }

    /// Writes down how far this source has come, and how much waits.
    pub(super) fn report(&self) {
        let mut store = self.store();
        let asked = Instant::from_millis(store.asked_until(clock::now().as_millisecond()));
        let orphans = store.take_orphans();
        drop(store);
        let (vendor, account) = self.account();
        orphans.iter().for_each(|key| self.pending.delete(vendor, account, key));
        let mut progress = self.progress();
        progress.asked = asked;
        self.pending.progress(&self.context(), *progress);
        drop(progress);
        self.gauge();
    }

    fn gauge(&self) {
        let store = self.store();
        let now = clock::now().as_millisecond();
        // Also what is being asked: a question can wait for the budget, and for the vendor.
        let overdue = now - store.asked_until(now);
        let labels = [self.source.name.as_str()];
        for ((age, _), calls) in AGES.into_iter().zip(store.ages(now)) {
            self.metrics.pending_calls.with_label_values(&[&self.source.name, age]).set(calls as i64);
        }
        self.metrics.poll_overdue.with_label_values(&labels).set(overdue / 1000);
    }

    fn count(&self, how: &str) {
        self.metrics.poll_settled.with_label_values(&[&self.source.name, how]).inc();
    }

    fn name(&self, call: &str) -> String {
        let (vendor, account) = self.account();
        call_name(vendor, account, call)
    }

    fn context(&self) -> Context {
        context(&self.source)
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poller(&self) -> &dyn Poller {
        self.source.poller().expect("a desk is made for sources that ask")
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What all events have in common that are asked for now.
fn context(source: &Source) -> Context {
    source.poll_context(Instant::new(clock::now())).expect("a desk is made for sources that ask")
}
