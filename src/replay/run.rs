//! One replay: every wanted record normalised again, judged and, if that is asked for, written.

use std::collections::HashMap;

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use tokio_util::sync::CancellationToken;

use super::diff;
use super::forecast::{Forecast, hour};
use super::range::{Offsets, Range};
use super::record::{Delivery, From, Skip, delivery};
use super::verdict::{Former, Held, Judged, Replayed, Verdict, What};
use super::writer::{Job, Writer};
use crate::dedup::Decision;
use crate::dedup::fact::{self, Head};
use crate::event::cloudevents::header::{CHANNEL, SOURCE};
use crate::event::{Channel, Event, Instant, Material, Outcome};
use crate::kafka::Topics;
use crate::rejected;
use crate::source::Sources;
use crate::vendor::Facts;

/// What a replay works with.
pub struct Setup {
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The topics.
    pub topics: Topics,
    /// The sources, as configured today.
    pub sources: Sources,
    /// `dedup.window_hours`.
    pub window_hours: u16,
}

/// What is to be replayed.
pub struct Wanted {
    /// The topic.
    pub from: From,
    /// First time of receipt, Unix milliseconds.
    pub since: i64,
    /// Times of receipt from here on are left out, Unix milliseconds.
    pub until: i64,
    /// Only this source.
    pub source: Option<String>,
    /// Only deliveries rejected for this reason.
    pub reason: Option<String>,
    /// Most records.
    pub limit: Option<u64>,
    /// Where to begin, by partition.
    pub offsets: Offsets,
    /// The present, Unix milliseconds.
    pub now: i64,
    /// Also what dedup no longer remembers.
    pub beyond_window: bool,
    /// Also what would replace something that was received later.
    pub over_newer: bool,
    /// Also events whose key is not that of the event they stand for.
    pub new_keys: bool,
}

/// How a replay ended.
pub struct Ended {
    /// Whether everything wanted was read and, if asked for, written.
    pub complete: bool,
    /// Where to go on.
    pub offsets: Offsets,
    /// Events written.
    pub written: u64,
    /// Events Kafka takes in no case: over `kafka.max_message_bytes`.
    pub too_large: u64,
    /// Why it stopped early.
    pub failed: Option<String>,
}

/// A replay under way.
pub struct Replay<'a> {
    setup: &'a Setup,
    wanted: &'a Wanted,
    forecast: Forecast,
    /// Where the last word on each fact stands in the inbox.
    last: HashMap<u128, (i32, i64)>,
    chosen: u64,
}

impl<'a> Replay<'a> {
    /// Reads what has to be known before the first record: the memory of dedup and, for the inbox, which facts it holds.
    pub fn prepare(
        setup: &'a Setup,
        wanted: &'a Wanted,
        stop: &CancellationToken,
        progress: &dyn Fn(&str, u64, u64),
    ) -> Result<Self, String> {
        progress("reading what dedup remembers", 0, 0);
        let forecast = Forecast::read(&setup.client, &setup.topics.seen, setup.window_hours, stop)?;
        let mut replay = Self { setup, wanted, forecast, last: HashMap::new(), chosen: 0 };
        if wanted.from == From::Inbox {
            replay.index(stop, progress)?;
        }
        Ok(replay)
    }

    /// Which of several records about one fact counts: the last one, but not what a poll did not find out.
    fn index(&mut self, stop: &CancellationToken, progress: &dyn Fn(&str, u64, u64)) -> Result<(), String> {
        let topic = &self.setup.topics.inbox.name;
        let failed = |error: KafkaError| format!("reading {topic}: {error}");
        let mut range = Range::open(&self.setup.client, topic, self.wanted.since, &Offsets::new()).map_err(failed)?;
        let last = &mut self.last;
        let complete = range.read(stop, |message, range| {
            let (total, read) = range.progress();
            progress("looking for the last word on each fact", total, read);
            let head = Head::of(message);
            if let Ok(fact) = head.fact() {
                let vague = fact.material == Material { outcome: Outcome::Unknown, findings: 0 };
                let polled = head.text(CHANNEL) == Some(Channel::Poll.as_str());
                let here = (message.partition(), message.offset());
                match vague && polled {
                    true => drop(last.entry(fact.key.0).or_insert(here)),
                    false => drop(last.insert(fact.key.0, here)),
                }
            }
            true
        });
        match complete.map_err(failed)? {
            true => Ok(()),
            false => Err("stopped before the first record was replayed".to_owned()),
        }
    }

    /// Replays every wanted record and tells of each. Without a writer nothing is written.
    pub fn run(
        mut self,
        mut writer: Option<&mut Writer>,
        stop: &CancellationToken,
        tell: &mut dyn FnMut(Replayed),
        progress: &dyn Fn(&str, u64, u64),
    ) -> Ended {
        let topic = match self.wanted.from {
            From::Rejected => &self.setup.topics.rejected.name,
            From::Inbox => &self.setup.topics.inbox.name,
        };
        let opened = Range::open(&self.setup.client, topic, self.wanted.since, &self.wanted.offsets);
        let mut range = match opened {
            Ok(range) => range,
            Err(error) => return Ended::failed(self.wanted.offsets.clone(), format!("reading {topic}: {error}")),
        };
        // Everything before these is written, or need not be.
        let mut safe = range.offsets().clone();
        let mut failed = None;
        let read = range.read(stop, |message, range| {
            let (total, read) = range.progress();
            progress("replaying", total, read);
            if !self.wants(message) {
                return true;
            }
            self.chosen += 1;
            let (replayed, job) = self.take(message);
            tell(replayed);
            if let (Some(writer), Some(job)) = (writer.as_deref_mut(), job) {
                // Before this one is added: its offset is not behind us yet.
                if writer.is_full() {
                    match writer.flush() {
                        Ok(()) => safe.clone_from(range.offsets()),
                        Err(why) => {
                            failed = Some(why);
                            return false;
                        }
                    }
                }
                writer.push(job);
            }
            self.wanted.limit.is_none_or(|limit| self.chosen < limit)
        });
        let complete = read.unwrap_or_else(|error| {
            failed = Some(format!("reading {topic}: {error}"));
            false
        });
        // Also when it stops early: what was judged is written.
        if failed.is_none() {
            match writer.as_deref_mut().map_or(Ok(()), Writer::flush) {
                Ok(()) => safe.clone_from(range.offsets()),
                Err(why) => failed = Some(why),
            }
        }
        let (written, too_large) = writer.map_or((0, 0), |writer| (writer.written, writer.too_large));
        Ended { complete: complete && failed.is_none(), offsets: safe, written, too_large, failed }
    }

    fn wants(&self, message: &impl Message) -> bool {
        let wanted = self.wanted;
        let is =
            |name: &str, value: &Option<String>| value.as_deref().is_none_or(|v| fact::text(message, name) == Some(v));
        let received = received(message);
        (wanted.since..wanted.until).contains(&received)
            && is(SOURCE, &wanted.source)
            && is(rejected::REASON, &wanted.reason)
    }

    /// Replays one record, and says what is to be written for it.
    fn take(&mut self, message: &impl Message) -> (Replayed, Option<Job>) {
        let (what, job) = match self.delivery(message) {
            Err(skip) => (What::Skipped(skip), None),
            Ok(delivery) => match delivery.source.adapter.normalise(&delivery.verified, &delivery.context) {
                Err(reject) => (What::Rejected(reject), None),
                Ok(facts) => self.facts(&delivery, facts),
            },
        };
        let replayed = Replayed {
            partition: message.partition(),
            offset: message.offset(),
            received: received(message),
            source: fact::text(message, SOURCE).unwrap_or_default().to_owned(),
            reason: fact::text(message, rejected::REASON).map(str::to_owned),
            what,
        };
        (replayed, job)
    }

    fn facts(&mut self, delivery: &Delivery, facts: Facts) -> (What, Option<Job>) {
        let former = self.former(delivery.former.as_ref(), &facts.events);
        let written = delivery.former.as_ref();
        let told = facts.events.iter().map(|event| delivery.source.concealed(event).into_owned());
        let events: Vec<Judged> =
            told.filter_map(|event| self.judge(event, written, former == Former::Moved)).collect();
        // Calls are asked about once, as when they came, and never beyond the window: a result could come twice.
        let news = events.is_empty() || events.iter().any(|judged| judged.verdict.is_written());
        let hints = match written.is_none() && news && !self.is_beyond_window(delivery.context.received_at) {
            true => facts.hints,
            false => Vec::new(),
        };
        let count = hints.len();
        let job = Job::new(delivery, &events, hints);
        (What::Facts { events, hints: count, former }, job)
    }

    fn former(&self, former: Option<&Event>, events: &[Event]) -> Former {
        let Some(former) = former else { return Former::None };
        if events.iter().any(|event| event.key == former.key) {
            Former::Found
        } else if events.iter().any(|event| !self.last.contains_key(&event.key.0)) {
            Former::Moved
        } else {
            Former::Gone
        }
    }

    /// Whether dedup may have forgotten what was received then, and nobody insists.
    fn is_beyond_window(&self, received_at: Instant) -> bool {
        let start = self.wanted.now - i64::from(self.setup.window_hours) * 3_600_000;
        received_at.as_millis() < start && !self.wanted.beyond_window
    }

    fn delivery(&self, message: &impl Message) -> Result<Delivery, Skip> {
        let delivery = delivery(self.wanted.from, message, &self.setup.sources)?;
        let here = (message.partition(), message.offset());
        match delivery.former.as_ref().and_then(|former| self.last.get(&former.key.0)) {
            Some(last) if *last != here => Err(Skip::Superseded),
            _ => Ok(delivery),
        }
    }

    /// What becomes of `event`; `None` when another record of the inbox stands for its fact.
    fn judge(&mut self, event: Event, former: Option<&Event>, moved: bool) -> Option<Judged> {
        let own = former.filter(|former| former.key == event.key);
        if own.is_none() && self.last.contains_key(&event.key.0) {
            return None;
        }
        let changes = own.map(|former| diff::changes(former, &event)).unwrap_or_default();
        let verdict = if own.is_some() && changes.is_empty() { Verdict::Same } else { self.verdict(&event, moved) };
        Some(Judged { event, verdict, changes })
    }

    fn verdict(&mut self, event: &Event, moved: bool) -> Verdict {
        let wanted = self.wanted;
        let (known, decision) = self.forecast.decide(event);
        let over_newer = known.is_some_and(|known| {
            known.hour > hour(event) && known.outcome != Outcome::Unknown.code() && decision != Decision::Duplicate
        });
        let verdict = match decision {
            Decision::Duplicate => return Verdict::Nothing,
            _ if moved && !wanted.new_keys => return Verdict::Held(Held::NewKey),
            _ if over_newer && !wanted.over_newer => return Verdict::Held(Held::OverNewer),
            _ if self.is_beyond_window(event.received_at) => return Verdict::Held(Held::BeyondWindow),
            Decision::First(_) => Verdict::New,
            Decision::Revision(remembered) => Verdict::Revision(remembered.revision),
        };
        self.forecast.add(event, decision);
        verdict
    }
}

impl Ended {
    fn failed(offsets: Offsets, why: String) -> Self {
        Self { complete: false, offsets, written: 0, too_large: 0, failed: Some(why) }
    }
}

/// When a record's delivery came: ingest takes that as the record's time.
fn received(message: &impl Message) -> i64 {
    message.timestamp().to_millis().unwrap_or_default()
}

#[cfg(test)]
mod tests;
