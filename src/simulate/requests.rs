//! Counting requests, and how many of them came within one second.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::api::Verdict;

const SECOND: Duration = Duration::from_secs(1);

/// Requests to one vendor's API, by action.
#[derive(Default)]
pub struct Requests {
    actions: BTreeMap<&'static str, Action>,
    violations: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Action {
    /// When the requests of the last second came.
    recent: VecDeque<Instant>,
    counts: Counts,
}

/// Requests of one action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests.
    pub requests: u64,
    /// Those the vendor answered.
    pub accepted: u64,
    /// Those it refused: away, throttled, not as documented.
    pub refused: u64,
    /// Most requests within any second.
    pub highest_per_second: u64,
}

impl Requests {
    /// Notes a request that comes now; how many of its action came within the second that ends with it.
    pub fn begin(&mut self, action: &'static str, now: Instant) -> u64 {
        let action = self.actions.entry(action).or_default();
        while action.recent.front().is_some_and(|earlier| now.duration_since(*earlier) >= SECOND) {
            action.recent.pop_front();
        }
        action.recent.push_back(now);
        let rate = action.recent.len() as u64;
        action.counts.requests += 1;
        action.counts.highest_per_second = action.counts.highest_per_second.max(rate);
        rate
    }

    /// Notes what became of it.
    pub fn end(&mut self, action: &'static str, verdict: &Verdict) {
        let counts = &mut self.actions.entry(action).or_default().counts;
        match verdict {
            Verdict::Accepted => counts.accepted += 1,
            Verdict::Refused => counts.refused += 1,
            Verdict::Violation(what) => {
                counts.refused += 1;
                *self.violations.entry(format!("{action}: {what}")).or_default() += 1;
            }
        }
    }

    /// Requests of all actions.
    pub fn total(&self) -> u64 {
        self.actions.values().map(|action| action.counts.requests).sum()
    }

    /// The counts of every action that was asked for.
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.actions.iter().map(|(name, action)| ((*name).to_owned(), action.counts.clone())).collect()
    }

    /// What was not as the vendor documents it, and how often.
    pub fn violations(&self) -> BTreeMap<String, u64> {
        self.violations.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_rate_is_that_of_any_second() {
        let (mut requests, start) = (Requests::default(), Instant::now());
        let mut at = |ms: u64| requests.begin("query", start + Duration::from_millis(ms));
        // Two in each of two calendar seconds, but three within one second.
        assert_eq!([at(0), at(900), at(1100), at(1800), at(2100), at(9000)], [1, 2, 2, 3, 2, 1]);
        requests.begin("token", start);
        let counts = requests.counts();
        assert_eq!(counts["query"].highest_per_second, 3);
        assert_eq!(counts["query"].requests, 6);
        assert_eq!(counts["token"].highest_per_second, 1);
    }

    #[test]
    fn violations_are_counted_by_what_was_wrong() {
        let mut requests = Requests::default();
        for verdict in
            [Verdict::Accepted, Verdict::Refused, Verdict::Violation("no token"), Verdict::Violation("no token")]
        {
            requests.begin("query", Instant::now());
            requests.end("query", &verdict);
        }
        let counts = &requests.counts()["query"];
        assert_eq!((counts.requests, counts.accepted, counts.refused), (4, 1, 3));
        assert_eq!(requests.violations(), [("query: no token".to_owned(), 2)].into());
    }
}
