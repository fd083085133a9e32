//! Writing what a replay gives: the same way as what comes by callback, at a limited rate.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::record::Delivery;
use super::verdict::Judged;
use crate::clock;
use crate::event::Event;
use crate::event::cloudevents::header::REPLAYED_AT;
use crate::inbox::Inbox;
use crate::kafka::PublishError;
use crate::pending::Pending;
use crate::vendor::{Context, Hint, kept};

/// Most events that wait for their acknowledgement together.
const CHUNK: usize = 200;

/// How long one attempt may take, and how many there are.
const PATIENCE: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 5;

/// What one delivery gives.
pub struct Job {
    events: Vec<Event>,
    headers: Vec<(&'static str, String)>,
    hints: Vec<Hint>,
    context: Context,
}

impl Job {
    /// The events to be written, and the calls to ask about; `None` when there is nothing to do.
    pub(super) fn new(delivery: &Delivery, judged: &[Judged], hints: Vec<Hint>) -> Option<Self> {
        let written = judged.iter().filter(|judged| judged.verdict.is_written());
        let events: Vec<Event> = written.map(|judged| judged.event.clone()).collect();
        if events.is_empty() && hints.is_empty() {
            return None;
        }
        let parameters = delivery.source.adapter.kept_parameters();
        let headers = kept::event_headers(&delivery.verified, parameters, &events);
        Some(Self { events, headers, hints, context: delivery.context.clone() })
    }
}

/// Writes to the inbox.
pub struct Writer {
    runtime: Handle,
    inbox: Inbox,
    pending: Pending,
    pause: Duration,
    next: Instant,
    jobs: Vec<Job>,
    /// Events written.
    pub written: u64,
    /// Events that are over `kafka.max_message_bytes`.
    pub too_large: u64,
}

impl Writer {
    /// A writer of at most `max_per_second` events a second.
    pub fn new(runtime: Handle, inbox: Inbox, pending: Pending, max_per_second: u32) -> Self {
        Self {
            runtime,
            inbox,
            pending,
            pause: Duration::from_secs(1) / max_per_second.max(1),
            next: Instant::now(),
            jobs: Vec::new(),
            written: 0,
            too_large: 0,
        }
    }

    /// Whether it is time for [`Writer::flush`].
    pub fn is_full(&self) -> bool {
        let events: usize = self.jobs.iter().map(|job| job.events.len()).sum();
        // No more at once than a tenth of a second has.
        let most = (Duration::from_millis(100).as_nanos() / self.pause.as_nanos().max(1)) as usize;
        events >= most.clamp(1, CHUNK)
    }

    /// Adds what is to be written next.
    pub fn push(&mut self, job: Job) {
        self.jobs.push(job);
    }

    /// Writes what was added, in its order, and returns when it is acknowledged by all in-sync replicas. Blocks.
    pub fn flush(&mut self) -> Result<(), String> {
        let jobs = std::mem::take(&mut self.jobs);
        let events: u32 = jobs.iter().map(|job| job.events.len() as u32).sum();
        if jobs.is_empty() {
            return Ok(());
        }
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.next = Instant::now() + self.pause * events;
        match self.attempt(&jobs) {
            Ok(()) => self.written += u64::from(events),
            // One of them is: the others are written one delivery at a time.
            Err(PublishError::TooLarge) => {
                for job in &jobs {
                    match self.attempt(std::slice::from_ref(job)) {
                        Ok(()) => self.written += job.events.len() as u64,
                        Err(PublishError::TooLarge) => self.too_large += job.events.len() as u64,
                        Err(error) => return Err(error.to_string()),
                    }
                }
            }
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Repeated as a whole, so that the order stays: dedup drops what did arrive.
    fn attempt(&self, jobs: &[Job]) -> Result<(), PublishError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.runtime.block_on(self.write(jobs)) {
                Err(PublishError::Unavailable | PublishError::QueueFull) if attempt < ATTEMPTS => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                ended => return ended,
            }
        }
    }

    async fn write(&self, jobs: &[Job]) -> Result<(), PublishError> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let replayed_at = (REPLAYED_AT, crate::event::Instant::new(clock::now()).to_string());
        let headers: Vec<Vec<_>> =
            jobs.iter().map(|job| [&job.headers[..], std::slice::from_ref(&replayed_at)].concat()).collect();
        let each: Vec<_> = jobs
            .iter()
            .zip(&headers)
            .flat_map(|(job, headers)| job.events.iter().map(move |event| (event, &headers[..])))
            .collect();
        self.inbox.put_each(&each, deadline).await?;
        for job in jobs {
            if !job.hints.is_empty() {
                self.pending.hint(&job.context, &job.hints, deadline).await?;
            }
            self.pending.clear(&job.events);
        }
        Ok(())
    }
}
