//! How long ago pending calls were placed.

use std::collections::BTreeMap;

use crate::event::Instant;

/// Values of the label `age`, and up to which age they reach, seconds; the last one holds the rest.
pub const AGES: [(&str, u32); 4] = [("under_1m", 60), ("under_10m", 600), ("under_1h", 3600), ("older", u32::MAX)];

/// Calls by the second they were placed in. Telling their ages looks at the seconds of an hour, however many calls wait.
#[derive(Default)]
pub struct Ages(BTreeMap<u32, u32>);

impl Ages {
    /// Counts a call. Returns the second, Unix time, to [`remove`](Self::remove) it by.
    pub fn add(&mut self, placed_at: Instant) -> u32 {
        let second = second(placed_at.as_millis());
        *self.0.entry(second).or_default() += 1;
        second
    }

    /// No longer counts a call.
    pub fn remove(&mut self, second: u32) {
        if let Some(calls) = self.0.get_mut(&second) {
            *calls -= 1;
            if *calls == 0 {
                self.0.remove(&second);
            }
        }
    }

    /// How many calls of `all` have which age at `now`, Unix milliseconds. What is placed in the future is young.
    pub fn at(&self, now: i64, all: usize) -> [usize; AGES.len()] {
        let now = second(now);
        let mut told = 0;
        AGES.map(|(_, seconds)| {
            // Those that are younger, without those told before.
            let younger = match now.checked_sub(seconds) {
                Some(oldest) => self.0.range(oldest + 1..).map(|(_, calls)| *calls as usize).sum(),
                None => all,
            };
            let these = younger - told;
            told = younger;
            these
        })
    }
}

/// Unix seconds of Unix milliseconds.
fn second(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds.div_euclid(1000).max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Instant {
        Instant::from_millis(second * 1000 + 7).expect("in range")
    }

    #[test]
    fn ages_begin_at_the_second() {
        let mut ages = Ages::default();
        for age in [-5, 0, 59, 60, 599, 600, 3599, 3600, 1_000_000] {
            ages.add(at(2_000_000 - age));
        }
        assert_eq!(ages.at(2_000_000_999, 9), [3, 2, 2, 2]);
    }

    proptest! {
        #[test]
        fn every_call_has_one_age(placed in prop::collection::vec((0_i64..20_000, any::<bool>()), 0..50), now in 0_i64..20_000) {
            let mut ages = Ages::default();
            let mut left = Vec::new();
            for (second, ends) in placed {
                let added = ages.add(at(second));
                if ends { ages.remove(added) } else { left.push(second) }
            }
            let mut wanted = [0; AGES.len()];
            for second in &left {
                let age = now - second;
                let index = AGES.iter().position(|(_, seconds)| age < i64::from(*seconds)).expect("the last holds all");
                wanted[index] += 1;
            }
            prop_assert_eq!(ages.at(now * 1000, left.len()), wanted);
        }
    }
}
