//! `[dedup]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// The deduplication stage.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dedup {
    /// How long a published fact is remembered, hours. A fact that comes again later is published again. Costs about
    /// 32 bytes of memory for each fact in the window.
    pub window_hours: u16,
    /// Consumer group on the inbox topic.
    pub group: String,
    /// Stable name of this instance among its group (a StatefulSet's pod name): a restart then takes its partitions
    /// back at once. Without it every start is a new member, and a killed instance is replaced after
    /// `session_timeout_ms`. No two running instances may share a name.
    pub instance: Option<String>,
    /// Worker threads, each with a share of the partitions.
    pub workers: usize,
    /// Longest time from the first record of a transaction to its commit, milliseconds. When the inbox is empty the
    /// commit comes at once.
    pub commit_interval_ms: u64,
    /// Most records in one transaction.
    pub max_batch: usize,
    /// How long the group waits for a silent member, milliseconds.
    pub session_timeout_ms: u32,
    /// How long Kafka waits for a silent transaction, milliseconds. Until then readers of its partitions stand still.
    pub transaction_timeout_ms: u32,
    /// Longest time without progress before the process gives up, milliseconds; covers rebuilding the seen-set.
    pub max_poll_interval_ms: u32,
}

impl Default for Dedup {
    fn default() -> Self {
        Self {
            window_hours: 72,
            group: "trunkline-dedup".to_owned(),
            instance: None,
            workers: 1,
            commit_interval_ms: 50,
            max_batch: 10_000,
            session_timeout_ms: 10_000,
            transaction_timeout_ms: 10_000,
            max_poll_interval_ms: 300_000,
        }
    }
}

impl Dedup {
    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        if !(1..=24 * 60).contains(&self.window_hours) {
            complain("dedup.window_hours", "must be from 1 to 1440 (60 days)".into());
        }
        if self.group.is_empty() {
            complain("dedup.group", "must not be empty".into());
        }
        if !(1..=64).contains(&self.workers) {
            complain("dedup.workers", "must be from 1 to 64; more workers than partitions stand idle".into());
        }
        if self.max_batch == 0 {
            complain("dedup.max_batch", "must be at least 1".into());
        }
        if self.transaction_timeout_ms < 1_000 {
            complain("dedup.transaction_timeout_ms", "must be at least 1000".into());
        }
        if u64::from(self.transaction_timeout_ms) <= self.commit_interval_ms * 2 {
            complain("dedup.commit_interval_ms", "must be less than half of dedup.transaction_timeout_ms".into());
        }
        if self.session_timeout_ms >= self.max_poll_interval_ms {
            complain("dedup.session_timeout_ms", "must be less than dedup.max_poll_interval_ms".into());
        }
    }
}
