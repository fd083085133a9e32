//! `[spool]`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// A folder that takes deliveries while Kafka is away (`docs/spool.md`).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    /// The folder, on a disk that outlives the process; each process needs one of its own. Without it vendors are asked to
    /// repeat while Kafka is away.
    pub dir: Option<PathBuf>,
    /// Most bytes of deliveries on the disk; more get 503. Each file counts in steps of 4096.
    pub max_bytes: u64,
    /// How long Kafka may take to acknowledge before a delivery goes to the spool, milliseconds. Below
    /// `http.answer_deadline_ms`.
    pub after_ms: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self { dir: None, max_bytes: 1024 * 1024 * 1024, after_ms: 1_000 }
    }
}

impl Spool {
    pub(super) fn check(
        &self,
        max_message_bytes: usize,
        answer_deadline_ms: u64,
        complain: &mut impl FnMut(&str, String),
    ) {
        if self.dir.is_none() {
            return;
        }
        if self.max_bytes < 2 * max_message_bytes as u64 {
            complain("spool.max_bytes", "must be at least twice kafka.max_message_bytes".into());
        }
        if self.after_ms == 0 || self.after_ms >= answer_deadline_ms {
            complain("spool.after_ms", "must be at least 1 and below http.answer_deadline_ms".into());
        }
    }
}
