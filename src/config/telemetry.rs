//! `[telemetry]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Traces, sent to a collector by OTLP over HTTP. Only in a program built with the feature `otlp`, as the image is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Address of the collector, as in `http://collector:4318`; `/v1/traces` is appended. Without it the variables
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_ENDPOINT` say it; without these nothing is recorded.
    pub endpoint: Option<String>,
    /// Share of the deliveries without a `traceparent` that are recorded, from 0 to 1. Where there is one, its flags say.
    pub sample_ratio: f64,
    /// Spans that may wait for the collector. More are dropped and counted: no request waits for it.
    pub queue_max_spans: usize,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { endpoint: None, sample_ratio: 0.1, queue_max_spans: 4096 }
    }
}

impl Telemetry {
    /// Complaints about values that cannot work.
    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        if let Some(endpoint) = &self.endpoint {
            // Not repeated: there can be a password in it, which is what is wrong with it then.
            let rest = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
            if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['@', '?', '#', ' '])) {
                let message = "must be an http:// or https:// address without user and query; credentials go into the \
                               variable OTEL_EXPORTER_OTLP_HEADERS";
                complain("telemetry.endpoint", message.into());
            }
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            complain("telemetry.sample_ratio", "must be from 0 to 1".into());
        }
        if self.queue_max_spans == 0 {
            complain("telemetry.queue_max_spans", "must be at least 1".into());
        }
    }
}
