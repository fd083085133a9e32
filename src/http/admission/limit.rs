//! How many requests are worked on at a time.

use std::time::Duration;

/// How often the limit is set.
pub(super) const TICK: Duration = Duration::from_millis(50);
/// The limit does not fall below this. Refusing costs time too: when that alone is too much, less work does not help.
const LEAST: f64 = 8.0;
/// How fast the limit may rise. All of the way up takes two seconds; on the way down a busy processor is slower than that.
const RISE: f64 = 1.1;

/// A limit that keeps the processor as busy as it may be: it falls and rises with what is missing to that.
///
/// Waiting for Kafka keeps no processor busy. So a slow or absent Kafka does not look like overload, and a limit that was
/// lowered rises again as time passes, whatever comes and whatever is refused.
pub(super) struct Limit {
    most: f64,
    /// How busy the processor may be, share of the time.
    wanted: f64,
    now: f64,
}

impl Limit {
    /// Begins with `most`.
    pub(super) fn new(most: usize, wanted: f64) -> Self {
        Self { most: most as f64, wanted, now: most as f64 }
    }

    /// The processor was busy for this share of the time since the last call. Returns the limit from now on.
    pub(super) fn observe(&mut self, busy: f64) -> usize {
        let missing = (self.wanted / busy.max(f64::EPSILON)).min(RISE);
        self.now = (self.now * missing).clamp(LEAST.min(self.most), self.most);
        self.now as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: f64 = 0.85;

    /// Observes `times` with always the same share.
    fn observe(limit: &mut Limit, times: usize, busy: f64) -> usize {
        (0..times).map(|_| limit.observe(busy)).last().expect("at least once")
    }

    #[test]
    fn it_falls_while_the_processor_is_too_busy_and_rises_again() {
        let mut limit = Limit::new(512, WANTED);
        assert_eq!(observe(&mut limit, 10, 0.5), 512, "busy, and not too much");
        assert_eq!(observe(&mut limit, 1, 1.0), 435);
        assert_eq!(observe(&mut limit, 50, 1.0), 8, "after two and a half seconds");
        assert_eq!(observe(&mut limit, 45, 0.0), 512, "and after as many");
    }

    #[test]
    fn all_of_the_time_is_never_too_busy() {
        assert_eq!(observe(&mut Limit::new(512, 1.0), 100, 1.0), 512);
    }

    /// A processor that has three times as much to do as it can: to work on a request costs `cost`, to refuse it a fifth.
    #[test]
    fn it_finds_how_much_can_be_done_in_time() {
        let (kafka, cost) = (0.004, 60e-6);
        let offered = 3.0 / cost;
        let mut limit = Limit::new(512, WANTED);
        let (mut allowed, mut behind, mut seen) = (512_usize, 0.0_f64, Vec::new());
        let tick = TICK.as_secs_f64();
        for number in 0..400 {
            let accepted = (allowed as f64 / (kafka + behind)).min(offered);
            let work = (accepted * cost + (offered - accepted) * cost / 5.0) * tick + behind;
            behind = (work - tick).max(0.0);
            allowed = limit.observe((work / tick).min(1.0));
            if number > 100 {
                seen.push((behind, accepted));
            }
        }
        let late = seen.iter().map(|(behind, _)| *behind).fold(0.0, f64::max);
        assert!(late < 0.001, "nothing waits: {late}");
        let least = seen.iter().map(|(_, accepted)| *accepted).fold(f64::MAX, f64::min);
        assert!(least > 0.4 * (1.0 - 0.6) / cost, "and work is done: {least}");
    }

    proptest! {
        #[test]
        fn it_stays_within_its_bounds_and_time_alone_mends_it(
            most in 1_usize..2000,
            shares in prop::collection::vec(0.0..1.5, 0..400)
        ) {
            let mut limit = Limit::new(most, WANTED);
            for busy in shares {
                let now = limit.observe(busy);
                prop_assert!(((LEAST as usize).min(most)..=most).contains(&now), "{now} of {most}");
            }
            prop_assert_eq!(observe(&mut limit, 60, 0.1), most);
        }
    }
}
