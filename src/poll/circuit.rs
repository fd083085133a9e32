//! Leaves a vendor alone that does not answer: after some failures in a row only one trial from time to time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::SourcePoll;

/// First pause of an open circuit.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The circuit of one source. Closed, it lets everything through.
pub struct Circuit {
    limit: u32,
    longest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    open: Option<Open>,
    /// Nothing is let through before this: the vendor asked for a pause.
    quiet_until: Option<Instant>,
}

struct Open {
    until: Instant,
    pause: Duration,
    trial: bool,
}

/// What a request may do now.
#[derive(Debug, PartialEq, Eq)]
pub enum Leave {
    /// Go ahead.
    Go,
    /// Ask again at this time.
    Wait(Instant),
}

impl Circuit {
    /// A closed circuit.
    pub fn new(settings: &SourcePoll) -> Self {
        Self {
            limit: settings.circuit_failures,
            longest: Duration::from_secs(settings.circuit_longest_pause_seconds.into()),
            state: Mutex::default(),
        }
    }

    /// Whether a request may be sent now.
    pub fn ask(&self, now: Instant) -> Leave {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.quiet_until.filter(|until| now < *until) {
            return Leave::Wait(until);
        }
        match &mut state.open {
            None => Leave::Go,
            Some(open) if now < open.until => Leave::Wait(open.until),
            Some(open) if open.trial => Leave::Wait(now + Duration::from_millis(100)),
            Some(open) => {
                open.trial = true;
                Leave::Go
            }
        }
    }

    /// The vendor answered. Returns whether that closed the circuit.
    pub fn answered(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
        state.open.take().is_some()
    }

    /// A request failed; `hopeless` when repeating it cannot help until somebody acts. Returns whether that opened the
    /// circuit. `jitter` is from 0 to 1.
    pub fn failed(&self, now: Instant, hopeless: bool, jitter: f64) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        let was_open = state.open.is_some();
        let pause = match &state.open {
            // Others that were under way when it opened fail too: one step for all of them.
            Some(open) if !open.trial => return false,
            Some(open) => (open.pause * 2).min(self.longest),
            None if hopeless => self.longest,
            None if state.failures >= self.limit => FIRST_PAUSE.min(self.longest),
            None => return false,
        };
        state.open =
            Some(Open { until: now + pause.mul_f64(0.75 + jitter.clamp(0.0, 1.0) / 2.0), pause, trial: false });
        !was_open
    }

    /// A request was given up without an answer: a trial may be made again.
    pub fn abandoned(&self) {
        if let Some(open) = &mut self.state.lock().unwrap_or_else(PoisonError::into_inner).open {
            open.trial = false;
        }
    }

    /// The vendor wants a pause. It is alive: this opens nothing.
    pub fn pause(&self, until: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.quiet_until = Some(state.quiet_until.map_or(until, |known| known.max(until)));
        if let Some(open) = &mut state.open {
            open.trial = false;
        }
    }

    /// Whether the circuit is open.
    pub fn is_open(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circuit() -> Circuit {
        Circuit::new(&SourcePoll { circuit_failures: 3, circuit_longest_pause_seconds: 4, ..SourcePoll::default() })
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_after_an_answer() {
        let (circuit, now) = (circuit(), Instant::now());
        assert!(!circuit.failed(now, false, 0.5));
        assert!(!circuit.failed(now, false, 0.5));
        circuit.answered();
        assert!(!circuit.failed(now, false, 0.5));
        assert!(!circuit.failed(now, false, 0.5));
        assert_eq!(circuit.ask(now), Leave::Go);
        assert!(circuit.failed(now, false, 0.5));
        assert_eq!(circuit.ask(now), Leave::Wait(now + Duration::from_secs(1)));
        assert!(circuit.answered());
        assert_eq!(circuit.ask(now), Leave::Go);
    }

    #[test]
    fn one_trial_at_a_time_with_growing_pauses() {
        let (circuit, mut now) = (circuit(), Instant::now());
        (0..3).for_each(|_| assert!(circuit.failed(now, false, 0.5) || !circuit.is_open()));
        for pause in [1, 2, 4, 4] {
            assert_eq!(circuit.ask(now), Leave::Wait(now + Duration::from_secs(pause)));
            now += Duration::from_secs(pause);
            assert_eq!(circuit.ask(now), Leave::Go);
            assert!(matches!(circuit.ask(now), Leave::Wait(_)), "a second trial");
            assert!(!circuit.failed(now, false, 0.5), "open already");
        }
    }

    #[test]
    fn what_somebody_has_to_mend_opens_at_once_for_longest() {
        let (circuit, now) = (circuit(), Instant::now());
        assert!(circuit.failed(now, true, 0.5));
        assert_eq!(circuit.ask(now), Leave::Wait(now + Duration::from_secs(4)));
    }

    #[test]
    fn a_pause_the_vendor_asks_for_is_kept() {
        let (circuit, now) = (circuit(), Instant::now());
        circuit.pause(now + Duration::from_secs(30));
        circuit.pause(now + Duration::from_secs(10));
        assert_eq!(circuit.ask(now), Leave::Wait(now + Duration::from_secs(30)));
        assert!(!circuit.is_open());
        assert_eq!(circuit.ask(now + Duration::from_secs(30)), Leave::Go);
    }

    #[test]
    fn a_trial_given_up_is_made_again() {
        let (circuit, now) = (circuit(), Instant::now());
        (0..3).for_each(|_| assert!(circuit.failed(now, false, 0.5) || !circuit.is_open()));
        let then = now + Duration::from_secs(1);
        assert_eq!(circuit.ask(then), Leave::Go);
        circuit.abandoned();
        assert_eq!(circuit.ask(then), Leave::Go);
    }
}
