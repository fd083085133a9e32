//! Whether Kafka is known to be away, so that nobody waits for what cannot come.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Deliveries that may wait for Kafka while it is away: the first acknowledgement ends the outage. More than one, because a
/// single partition may be the one that stays away.
const TRIALS: usize = 4;

/// What was not tried for so long is not known any more.
const STALE: Duration = Duration::from_secs(10);

/// What acknowledgements, failures and the watcher tell about the cluster.
#[derive(Clone)]
pub struct Outage {
    after: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Everything tried since then failed.
    since: Option<Instant>,
    failed: Option<Instant>,
    acknowledged: Option<Instant>,
    unreachable: bool,
    trials: usize,
}

/// Leave to wait for Kafka.
pub struct Leave(Option<Outage>);

impl Outage {
    /// Kafka counts as away when nothing was acknowledged for as long as `after`, although it was tried.
    pub fn new(after: Duration) -> Self {
        Self { after, state: Arc::default() }
    }

    /// A record was acknowledged.
    pub fn acknowledged(&self, now: Instant) {
        let mut state = self.lock();
        state.since = None;
        state.acknowledged = Some(now);
    }

    /// What was tried from `started` on was not acknowledged in time.
    pub fn failed(&self, started: Instant, now: Instant) {
        self.lock().failed(started, now);
    }

    /// The cluster was asked at `started` and does not answer.
    pub fn unreachable(&self, started: Instant, now: Instant) {
        let mut state = self.lock();
        state.failed(started, now);
        state.unreachable = true;
    }

    /// Every partition has a leader. After a time without an answer this ends the outage; brokers that answer and
    /// acknowledge nothing do not.
    pub fn reachable(&self) {
        let mut state = self.lock();
        if std::mem::take(&mut state.unreachable) {
            state.since = None;
        }
    }

    /// Whether Kafka is known to be away.
    pub fn is_away(&self, now: Instant) -> bool {
        self.is_away_in(&self.lock(), now)
    }

    /// Whether a delivery may wait for Kafka: always, unless it is known to be away and enough others wait already.
    pub fn ask(&self, now: Instant) -> Option<Leave> {
        let mut state = self.lock();
        if !self.is_away_in(&state, now) {
            return Some(Leave(None));
        }
        if state.trials >= TRIALS {
            return None;
        }
        state.trials += 1;
        Some(Leave(Some(self.clone())))
    }

    fn is_away_in(&self, state: &State, now: Instant) -> bool {
        let long = state.since.is_some_and(|since| now.saturating_duration_since(since) >= self.after);
        long && state.failed.is_some_and(|failed| now.saturating_duration_since(failed) < STALE.max(self.after * 2))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failed(&mut self, started: Instant, now: Instant) {
        // One partition without a leader is no outage while the others acknowledge.
        if self.acknowledged.is_none_or(|acknowledged| acknowledged < started) {
            self.since = Some(self.since.map_or(started, |since| since.min(started)));
            self.failed = Some(now);
        }
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(outage) = &self.0 {
            outage.lock().trials -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(4);

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn away_after_one_deadline_without_an_acknowledgement() {
        let (outage, start) = (Outage::new(DEADLINE), Instant::now());
        outage.failed(start, start + seconds(1));
        assert!(!outage.is_away(start + seconds(3)), "not for a deadline yet");
        assert!(outage.is_away(start + seconds(4)));
        outage.acknowledged(start + seconds(5));
        assert!(!outage.is_away(start + seconds(5)), "one acknowledgement ends it");
        outage.failed(start + seconds(4), start + seconds(8));
        assert!(!outage.is_away(start + seconds(9)), "others were acknowledged meanwhile");
    }

    #[test]
    fn a_few_trials_at_a_time_are_let_through() {
        let (outage, start) = (Outage::new(DEADLINE), Instant::now());
        let before: Vec<_> = (0..100).map(|_| outage.ask(start).expect("nothing is known")).collect();
        outage.failed(start, start + seconds(4));
        let now = start + seconds(4);
        let mut trials: Vec<_> = (0..TRIALS).map(|_| outage.ask(now).expect("a trial")).collect();
        assert!(outage.ask(now).is_none(), "the others hear it at once");
        drop(before);
        assert!(outage.ask(now).is_none(), "those of before were no trials");
        trials.pop();
        let _trial = outage.ask(now).expect("the next trial");
        outage.acknowledged(now);
        assert!((0..100).all(|_| outage.ask(now).is_some()), "all, as soon as one was acknowledged");
    }

    #[test]
    fn the_watcher_knows_without_any_delivery() {
        let (outage, start) = (Outage::new(DEADLINE), Instant::now());
        for second in (0..=6).step_by(3) {
            outage.unreachable(start + seconds(second), start + seconds(second + 2));
        }
        assert!(outage.is_away(start + seconds(8)));
        outage.reachable();
        assert!(!outage.is_away(start + seconds(8)), "nobody is refused after Kafka is back");
    }

    #[test]
    fn brokers_that_answer_and_acknowledge_nothing_are_away() {
        let (outage, start) = (Outage::new(DEADLINE), Instant::now());
        outage.failed(start, start + seconds(4));
        outage.reachable();
        assert!(outage.is_away(start + seconds(4)));
        assert!(!outage.is_away(start + seconds(15)), "what was not tried for long is not known");
    }
}
