//! Listing what happened: windows that are over, each reaching back into the one before, so that a result whose callback
//! was lost is found without anybody having named the call.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::desk::Desk;
use crate::clock;
use crate::config::Sweep;
use crate::event::{Event, Instant};
use crate::vendor::poll::{FailureClass, Window};

/// Failures of one listing after which it is begun anew.
const PATIENCE: u32 = 10;

/// Lists one window after the other, for as long as it is polled.
pub(super) async fn run(desk: &Desk) {
    let (Some(sweep), Some(longest)) = (desk.settings.sweep, desk.poller().longest_window()) else {
        return std::future::pending().await;
    };
    let show = |until: Timestamp| {
        desk.metrics.poll_listed.with_label_values(&[&desk.source.name]).set(until.as_second());
    };
    let mut known = Known::default();
    loop {
        let now = clock::now();
        let listed = desk.progress().listed;
        let from = listed.map_or_else(|| back(now, sweep.look_back_seconds), |listed| timestamp(listed, now));
        // Also before the first window: a vendor that refuses it must not look like one that is not listed.
        show(from);
        match due(&sweep, from, now) {
            Err(wait) => tokio::time::sleep(wait).await,
            Ok(end) => {
                let from = back(from, sweep.overlap_seconds);
                let to = end.min(from.checked_add(longest).unwrap_or(end));
                if let Some(reached) = list(desk, Window { from, to }, &mut known).await {
                    desk.progress().listed = Some(Instant::new(reached));
                    show(reached);
                    desk.report();
                    known.forget(reached, sweep.overlap_seconds);
                    if to < end {
                        continue;
                    }
                }
                // Also when the vendor's clock is behind, and everything seems to be still missing.
                tokio::time::sleep(Duration::from_secs(sweep.every_seconds.into())).await;
            }
        }
    }
}

/// The end of the next window when everything up to `from` is listed, or how long to wait for it.
fn due(sweep: &Sweep, from: Timestamp, now: Timestamp) -> Result<Timestamp, Duration> {
    let end = back(now, sweep.lag_seconds);
    let step = SignedDuration::from_secs(sweep.every_seconds.into());
    let missing = step - end.duration_since(from);
    match Duration::try_from(missing) {
        Ok(wait) if !wait.is_zero() => Err(wait),
        _ => Ok(end),
    }
}

/// Lists one window and returns how far it is complete; `None` when the vendor refuses to list it.
async fn list(desk: &Desk, window: Window, known: &mut Known) -> Option<Timestamp> {
    let mut failures = PATIENCE;
    let mut inquiry = desk.poller().list(window)?;
    loop {
        match desk.line.step(inquiry.as_mut()).await {
            None => return Some(inquiry.reached().unwrap_or(window.to).min(window.to)),
            Some(Ok(mut events)) => {
                failures = 0;
                events.retain(|event| known.is_new(event));
                desk.found(events, "listed").await;
            }
            Some(Err(failure)) if failure.class == FailureClass::Permanent => {
                tracing::error!(source = desk.source.name, %failure, "the vendor refuses to list a window");
                return None;
            }
            Some(Err(_)) => {
                failures += 1;
                // The line waits while nothing is answered; this is for failures of the one question.
                tokio::time::sleep(Duration::from_secs(1)).await;
                if failures >= PATIENCE {
                    failures = 0;
                    inquiry = desk.poller().list(window)?;
                }
            }
        }
    }
}

/// What was listed not long ago: windows overlap, and the inbox need not take everything several times. Only a saving:
/// dedup drops what is forgotten here.
#[derive(Default)]
struct Known {
    recent: HashSet<(u128, u32, u8)>,
    before: HashSet<(u128, u32, u8)>,
    turned: Option<Timestamp>,
}

impl Known {
    fn is_new(&mut self, event: &Event) -> bool {
        let material = event.material();
        let fact = (event.key.0, material.findings, material.outcome as u8);
        !self.before.contains(&fact) && self.recent.insert(fact)
    }

    /// Forgets what no later window can hold.
    fn forget(&mut self, reached: Timestamp, overlap_seconds: u32) {
        let turned = *self.turned.get_or_insert(reached);
        if reached.duration_since(turned) > SignedDuration::from_secs(overlap_seconds.into()) {
            self.before = std::mem::take(&mut self.recent);
            self.turned = Some(reached);
        }
    }
}

fn back(from: Timestamp, seconds: u32) -> Timestamp {
    from.checked_sub(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn timestamp(instant: Instant, otherwise: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(instant.as_millis()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn a_window_is_due_when_it_is_over_and_long_enough() {
        let sweep = Sweep { every_seconds: 300, lag_seconds: 120, ..Sweep::default() };
        assert_eq!(due(&sweep, at(10_000), at(10_000)), Err(Duration::from_secs(420)));
        assert_eq!(due(&sweep, at(10_000), at(10_419)), Err(Duration::from_secs(1)));
        assert_eq!(due(&sweep, at(10_000), at(10_420)), Ok(at(10_300)));
        assert_eq!(due(&sweep, at(10_000), at(99_999)), Ok(at(99_879)));
    }

    #[test]
    fn what_was_listed_is_known_for_an_overlap() {
        let mut known = Known::default();
        let event = crate::event::tests::sample();
        assert!(known.is_new(&event));
        assert!(!known.is_new(&event));
        known.forget(at(0), 100);
        known.forget(at(101), 100);
        assert!(!known.is_new(&event), "still in reach");
        known.forget(at(202), 100);
        assert!(known.is_new(&event));
    }

    #[test]
    fn another_outcome_is_new() {
        let mut known = Known::default();
        let mut event = crate::event::tests::sample();
        assert!(known.is_new(&event));
        event.outcome = Some(crate::event::Outcome::Failed);
        assert!(known.is_new(&event));
    }
}
