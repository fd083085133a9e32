//! When a call is asked about: a function of when it was placed, so that nothing has to be written down between two
//! questions and every process comes to the same times.

use crate::config::SourcePoll;

/// The times at which one call is asked about, Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    first: i64,
    pause: f64,
    factor: f64,
    longest: f64,
    deadline: i64,
}

impl Schedule {
    /// The schedule of the source's settings.
    pub fn new(settings: &SourcePoll) -> Self {
        let seconds = |seconds: u32| i64::from(seconds) * 1000;
        Self {
            first: seconds(settings.first_delay_seconds),
            pause: f64::from(settings.pause_seconds) * 1000.0,
            factor: settings.pause_factor,
            longest: f64::from(settings.longest_pause_seconds) * 1000.0,
            deadline: seconds(settings.deadline_seconds),
        }
    }

    /// When to stop asking about a call placed at `placed_at` that has no deadline of its own.
    pub fn deadline(&self, placed_at: i64) -> i64 {
        placed_at + self.deadline
    }

    /// The longest pause between two questions about a call, milliseconds.
    pub fn longest_pause(&self) -> i64 {
        self.longest as i64
    }

    /// The first time to ask about a call that is after `after`, and the deadline when there is none before it. `salt`
    /// moves the times of a call by up to a tenth, so that calls placed together are not all asked about at once.
    pub fn next(&self, placed_at: i64, deadline: i64, after: i64, salt: u128) -> i64 {
        let stretch = 0.9 + 0.2 * ((salt % 1024) as f64 / 1023.0);
        let longest = self.longest * stretch;
        let mut growing = self.pause * stretch;
        let mut at = placed_at + self.first;
        while at <= after {
            let pause = (growing.min(longest) as i64).max(1);
            if growing >= longest || self.factor <= 1.0 {
                // From here on all pauses are alike.
                at += ((after - at) / pause + 1) * pause;
            } else {
                at += pause;
                growing *= self.factor;
            }
        }
        at.min(deadline)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A salt that stretches by nothing.
    const EVEN: u128 = 511;

    fn schedule() -> Schedule {
        Schedule::new(&SourcePoll {
            first_delay_seconds: 60,
            pause_seconds: 60,
            pause_factor: 2.0,
            longest_pause_seconds: 300,
            deadline_seconds: 3600,
            ..SourcePoll::default()
        })
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let mut times = vec![schedule().next(0, 3_600_000, 0, EVEN)];
        while times.len() < 6 {
            times.push(schedule().next(0, 3_600_000, times[times.len() - 1], EVEN));
        }
        let seconds: Vec<_> = times.iter().map(|time| (*time as f64 / 1000.0).round() as i64).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 780, 1080]);
    }

    proptest! {
        #[test]
        fn the_next_time_is_later_and_the_last_is_the_deadline(after in 0_i64..4_000_000, salt in any::<u128>()) {
            let next = schedule().next(0, 3_600_000, after, salt);
            prop_assert!(next > after.min(3_599_999));
            prop_assert!(next <= 3_600_000);
        }

        #[test]
        fn asking_again_from_any_point_keeps_the_times(salt in any::<u128>()) {
            let next = |after| schedule().next(1_000, 3_600_000, after, salt);
            let mut at = 1_000;
            while at < 3_600_000 {
                let following = next(at);
                prop_assert_eq!(next(at + (following - at) / 2), following);
                at = following;
            }
        }
    }
}
