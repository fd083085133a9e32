//! How many requests are worked on at a time.

use std::time::Duration;

/// How often it is measured how late tasks run.
pub(super) const TICK: Duration = Duration::from_millis(20);
/// The limit moves once in so much time, by the least lateness in it: one hiccup is no overload.
const WINDOW: Duration = Duration::from_millis(100);
/// The limit does not fall below this. Refusing costs time too: when that alone is too much, less work does not help.
const LEAST: usize = 8;

/// A limit that follows how late tasks run: when the processor does not keep up, three quarters of what is worked on;
/// otherwise a tenth more, up to the most there may be.
///
/// Waiting for Kafka makes no task late. So a slow or absent Kafka does not look like overload, and a limit that was
/// lowered rises again as time passes, whatever comes and whatever is refused.
pub(super) struct Limit {
    most: usize,
    /// Lateness that is put up with. A request meets it twice: when it comes, and when Kafka has acknowledged.
    bearable: Duration,
    now: f64,
    passed: Duration,
    late: Duration,
    busiest: usize,
}

impl Limit {
    /// Begins with `most`.
    pub(super) fn new(most: usize, bearable: Duration) -> Self {
        Self { most, bearable, now: most as f64, passed: Duration::ZERO, late: Duration::MAX, busiest: 0 }
    }

    /// A task that was to run [`TICK`] after the last one ran so much later, while `working` requests were worked on.
    /// Returns the limit when it is time to set it anew.
    pub(super) fn observe(&mut self, late: Duration, working: usize) -> Option<usize> {
        self.passed += TICK + late;
        self.late = self.late.min(late);
        self.busiest = self.busiest.max(working);
        if self.passed < WINDOW {
            return None;
        }
        let least = LEAST.min(self.most) as f64;
        let moved = match self.late > self.bearable {
            true => self.now.min(self.busiest as f64) * 0.75,
            false => self.now * 1.1,
        };
        *self = Self { now: moved.clamp(least, self.most as f64), ..Self::new(self.most, self.bearable) };
        Some(self.now as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LATE: Duration = Duration::from_millis(5);
    const QUIET: Duration = Duration::from_micros(300);

    /// Observes for `windows` with always the same lateness, `working` at the limit.
    fn observe(limit: &mut Limit, windows: usize, late: Duration) -> usize {
        let mut last = limit.now as usize;
        let mut moved = 0;
        while moved < windows {
            if let Some(now) = limit.observe(late, last) {
                last = now;
                moved += 1;
            }
        }
        last
    }

    #[test]
    fn it_falls_while_tasks_run_late_and_rises_again() {
        let mut limit = Limit::new(512, LATE);
        assert_eq!(observe(&mut limit, 10, QUIET), 512, "nothing is late");
        assert_eq!(observe(&mut limit, 1, 2 * LATE), 384);
        assert_eq!(observe(&mut limit, 1, 2 * LATE), 288);
        assert_eq!(observe(&mut limit, 50, 2 * LATE), LEAST);
        assert_eq!(observe(&mut limit, 10, QUIET), 20);
        assert_eq!(observe(&mut limit, 40, QUIET), 512, "within five seconds");
    }

    #[test]
    fn it_falls_from_what_is_worked_on_not_from_where_it_stood() {
        let mut limit = Limit::new(512, LATE);
        let moved = (0..10).find_map(|_| limit.observe(2 * LATE, 40));
        assert_eq!(moved, Some(30));
    }

    #[test]
    fn one_hiccup_moves_nothing_and_a_long_one_is_seen_at_once() {
        let mut limit = Limit::new(512, LATE);
        for late in [QUIET, Duration::from_millis(60), QUIET] {
            assert!(limit.observe(late, 512).is_none_or(|limit| limit == 512));
        }
        assert_eq!(Limit::new(512, LATE).observe(Duration::from_millis(90), 512), Some(384), "a window by itself");
    }

    /// The runtime as a queue: each request keeps it busy for `cost`, three times as many come as it can do, and those
    /// that are refused cost an eighth.
    #[test]
    fn it_finds_how_much_can_be_done_in_time() {
        let mut limit = Limit::new(512, LATE);
        let (kafka, cost, offered) = (0.004, 60e-6, 3.0 / 60e-6);
        let (mut allowed, mut backlog, mut lateness) = (512_usize, 0.0_f64, Vec::new());
        for tick in 0..1000 {
            // Seconds of work that come in a tick, against the tick.
            let accepted = (allowed as f64 / (kafka + 2.0 * backlog)).min(offered);
            let work = accepted * cost + (offered - accepted) * cost / 8.0;
            backlog = (backlog + (work - 1.0) * TICK.as_secs_f64()).max(0.0);
            let late = Duration::from_secs_f64(backlog);
            if let Some(now) = limit.observe(late, allowed) {
                allowed = now;
            }
            if tick > 200 {
                lateness.push(late);
            }
        }
        lateness.sort();
        assert!(lateness[lateness.len() / 2] < 2 * LATE, "half of the time: {:?}", lateness[lateness.len() / 2]);
        assert!(lateness[lateness.len() - 1] < 8 * LATE, "at worst: {:?}", lateness[lateness.len() - 1]);
        assert!(allowed > LEAST, "and work is done");
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds_and_time_alone_mends_it(
            most in 1_usize..2000,
            samples in prop::collection::vec((0_u64..200_000, 0_usize..3000), 0..400)
        ) {
            let mut limit = Limit::new(most, LATE);
            for (late, working) in samples {
                if let Some(now) = limit.observe(Duration::from_micros(late), working) {
                    prop_assert!((LEAST.min(most)..=most).contains(&now), "{now} of {most}");
                }
            }
            prop_assert_eq!(observe(&mut limit, 60, QUIET), most);
        }
    }
}
