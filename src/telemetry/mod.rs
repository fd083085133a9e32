//! Traces: which spans there are, and what stands in them. Where none is recorded, the `traceparent` that came in goes on.
//!
//! A span holds names from the configuration, closed sets and numbers of Kafka's, never what a request chose: no telephone
//! number, body, secret or address. Names of attributes are those of OpenTelemetry's conventions for HTTP and messaging.

#[cfg(not(feature = "otlp"))]
mod off;
#[cfg(feature = "otlp")]
mod otlp;

#[cfg(not(feature = "otlp"))]
use off::{Recorder, Recording};
#[cfg(feature = "otlp")]
use otlp::{Recorder, Recording};

use std::sync::Arc;

use axum::http::StatusCode;

use crate::config::{Config, SettingsError};
use crate::metrics::Metrics;
use crate::trace::TraceParent;

/// Begins spans. Without a collector it begins none.
#[derive(Clone, Default)]
pub struct Tracer {
    recorder: Option<Arc<Recorder>>,
}

/// What a span is about.
#[derive(Clone, Copy)]
enum Kind {
    Server,
    Producer,
    Consumer,
}

/// Value of an attribute.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "nobody reads what is not recorded"))]
enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

type Attributes = Vec<(&'static str, Value)>;

/// A piece of work. It ends when it is dropped.
pub struct Span {
    /// What the work was asked for with.
    parent: Option<TraceParent>,
    recording: Option<Recording>,
}

impl Tracer {
    /// Traces of one process, to the collector the configuration names. To be called in a runtime.
    pub fn start(config: &Config, metrics: &Metrics) -> Result<Self, SettingsError> {
        Ok(Self { recorder: Recorder::start(config, metrics)?.map(Arc::new) })
    }

    /// Gives the collector a moment to take what waits.
    pub async fn stop(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.stop().await;
        }
    }

    /// A request for a callback URL of `source`. Path tokens are secrets, so the path has another word for them.
    pub fn request(&self, parent: Option<TraceParent>, scheme: &str, source: &str, kind: &str, token: bool) -> Span {
        let recording = self.recorder.as_ref().and_then(|recorder| {
            let (route, between) = match token {
                true => ("/v1/callbacks/{source}/{token}/{kind}", "/REDACTED"),
                false => ("/v1/callbacks/{source}/{kind}", ""),
            };
            recorder.begin(Kind::Server, format!("POST {route}"), parent, || {
                vec![
                    ("http.request.method", "POST".into()),
                    ("http.route", route.into()),
                    ("url.path", Value::Text(format!("/v1/callbacks/{source}{between}/{kind}"))),
                    ("url.scheme", scheme.into()),
                    ("trunkline.source", source.into()),
                    ("trunkline.kind", kind.into()),
                ]
            })
        });
        Span { parent, recording }
    }

    /// The decision about an inbox record. `None` where its delivery has no recorded trace.
    pub fn decision<'a>(
        &self,
        parent: impl FnOnce() -> Option<&'a str>,
        topic: &str,
        group: &str,
        (partition, offset): (i32, i64),
    ) -> Option<Span> {
        let recorder = self.recorder.as_ref()?;
        // What ingest did not record is not begun in the middle.
        let parent = TraceParent::parse(parent()?).filter(TraceParent::is_sampled)?;
        let recording = recorder.begin(Kind::Consumer, format!("process {topic}"), Some(parent), || {
            vec![
                ("messaging.system", "kafka".into()),
                ("messaging.operation.name", "process".into()),
                ("messaging.operation.type", "process".into()),
                ("messaging.destination.name", topic.into()),
                ("messaging.destination.partition.id", Value::Text(partition.to_string())),
                ("messaging.kafka.offset", offset.into()),
                ("messaging.consumer.group.name", group.into()),
            ]
        })?;
        Some(Span { parent: Some(parent), recording: Some(recording) })
    }
}

impl Span {
    /// What goes on to whoever works next: this span, or what came in where it is not recorded.
    pub fn context(&self) -> Option<TraceParent> {
        self.recording.as_ref().map(Recording::context).or(self.parent)
    }

    /// For log lines: those within it have its `trace_id`, where there is one.
    pub fn log(&self) -> tracing::Span {
        match self.context() {
            // As loud as can be, so that no filter of lines takes it away.
            Some(context) => tracing::error_span!("request", trace_id = context.trace_id()),
            None => tracing::Span::none(),
        }
    }

    /// Writing `records` to `topic`, as part of this.
    pub fn send(&self, topic: &str, records: usize) -> Span {
        let recording = self.recording.as_ref().and_then(|recording| {
            recording.begin(Kind::Producer, format!("send {topic}"), || {
                vec![
                    ("messaging.system", "kafka".into()),
                    ("messaging.operation.name", "send".into()),
                    ("messaging.operation.type", "send".into()),
                    ("messaging.destination.name", topic.into()),
                    ("messaging.batch.message_count", (records as i64).into()),
                ]
            })
        });
        Span { parent: self.parent, recording }
    }

    /// The request was answered. `result` is that of `trunkline_deliveries_total`.
    pub fn answered(&mut self, status: StatusCode, result: &'static str) {
        let Some(recording) = &mut self.recording else { return };
        recording.set("http.response.status_code", i64::from(status.as_u16()).into());
        recording.set("trunkline.result", result.into());
        // What a vendor did wrong is no failure of the server.
        if status.is_server_error() {
            recording.fail(result);
        }
    }

    /// It was decided: a value of the label `decision` of `trunkline_dedup_decisions_total`.
    pub fn decided(&mut self, decision: &'static str) {
        if let Some(recording) = &mut self.recording {
            recording.set("trunkline.decision", decision.into());
        }
    }

    /// It failed, and why: a word of a closed set.
    pub fn failed(&mut self, why: &'static str) {
        if let Some(recording) = &mut self.recording {
            recording.fail(why);
        }
    }
}
