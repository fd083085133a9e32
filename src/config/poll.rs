//! `[poll]` and `[sources.NAME.poll]`: asking vendors for results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;

/// Asking vendors for results: what all sources have in common.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Poll {
    /// Consumer group of the poll role. Its members share the vendor accounts among each other.
    pub group: String,
    /// How long Kafka waits for a member that fell silent before another one takes its accounts over, milliseconds.
    pub session_timeout_ms: u32,
    /// Consumer group that reads the topic to which dialers write placed calls.
    pub calls_group: String,
}

impl Default for Poll {
    fn default() -> Self {
        Self {
            group: "trunkline-poll".to_owned(),
            session_timeout_ms: 10_000,
            calls_group: "trunkline-calls".to_owned(),
        }
    }
}

impl Poll {
    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        for (key, value) in [("poll.group", &self.group), ("poll.calls_group", &self.calls_group)] {
            if value.is_empty() {
                complain(key, "must not be empty".into());
            }
        }
        if self.group == self.calls_group {
            complain("poll.calls_group", "must be another group than poll.group".into());
        }
        if !(1_000..=300_000).contains(&self.session_timeout_ms) {
            complain("poll.session_timeout_ms", "must be from 1000 to 300000".into());
        }
    }
}

/// How one source asks its vendor. Its presence switches asking on; addresses and credentials are in `api`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SourcePoll {
    /// Seconds from placing a call to the first question about it: as long as calls and their callbacks usually take.
    pub first_delay_seconds: u32,
    /// Seconds from the first question about a call to the second. Each pause is `pause_factor` times the one before.
    pub pause_seconds: u32,
    /// Growth of the pauses, at least 1.
    pub pause_factor: f64,
    /// Longest pause, seconds.
    pub longest_pause_seconds: u32,
    /// Seconds from placing a call to the event that says there is no result. Must not exceed the dedup window.
    pub deadline_seconds: u32,
    /// Most requests of each action in a minute, on average.
    pub requests_per_minute: u32,
    /// Most requests of an action at once above that average.
    pub burst: u32,
    /// Other averages for single actions; the vendor's page names the actions.
    pub action_requests_per_minute: BTreeMap<String, u32>,
    /// Most requests under way at a time.
    pub concurrency: u32,
    /// How long a request may take, milliseconds.
    pub timeout_ms: u64,
    /// Failures in a row that open the circuit: then nothing is asked but one trial from time to time.
    pub circuit_failures: u32,
    /// Longest pause between trials while the circuit is open, seconds.
    pub circuit_longest_pause_seconds: u32,
    /// PEM file of certificate authorities to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Proxy for requests to the vendor, as `"http://proxy.example:3128"`. The environment's proxy settings are not used.
    pub proxy: Option<Secret>,
    /// Listing what happened in a window, to find results whose callback was lost. Its presence switches it on.
    pub sweep: Option<Sweep>,
}

impl SourcePoll {
    /// Most requests of `action` in a minute, on average.
    pub fn requests_per_minute_of(&self, action: &str) -> u32 {
        self.action_requests_per_minute.get(action).copied().unwrap_or(self.requests_per_minute)
    }
}

impl Default for SourcePoll {
    fn default() -> Self {
        Self {
            first_delay_seconds: 60,
            pause_seconds: 60,
            pause_factor: 2.0,
            longest_pause_seconds: 1800,
            deadline_seconds: 24 * 3600,
            requests_per_minute: 300,
            burst: 5,
            action_requests_per_minute: BTreeMap::new(),
            concurrency: 4,
            timeout_ms: 10_000,
            circuit_failures: 5,
            circuit_longest_pause_seconds: 300,
            ca_file: None,
            proxy: None,
            sweep: None,
        }
    }
}

/// Listing what happened in a window.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sweep {
    /// Seconds between two listings.
    pub every_seconds: u32,
    /// Seconds a window's end lies in the past: how late the vendor may be with a result.
    pub lag_seconds: u32,
    /// Seconds a window reaches back into the one before: the longest call and a margin, because vendors do not say which
    /// time of a call they list it by.
    pub overlap_seconds: u32,
    /// How far back a new source begins, seconds. Must not exceed the dedup window.
    pub look_back_seconds: u32,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { every_seconds: 300, lag_seconds: 120, overlap_seconds: 3600, look_back_seconds: 24 * 3600 }
    }
}
