//! `[log]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Logs go to standard error. They never hold telephone numbers, bodies, secrets or signatures.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Form of the lines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` (one line a delivery) or `trace`; also filters by module, as in
    /// `info,trunkline::http=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Auto, filter: "info".to_owned() }
    }
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}
