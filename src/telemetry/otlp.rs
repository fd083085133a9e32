//! Spans by OpenTelemetry, sent to a collector by OTLP over HTTP.
//!
//! Whoever ends a span puts it into a bounded queue and never waits. One task sends what is there. While the collector does
//! not take it, the queue fills and what comes is dropped, counted.

use std::env;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanExporter as _, SpanProcessor,
};
use prometheus::IntCounter;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Attributes, Kind, Value};
use crate::config::{Config, SettingsError};
use crate::metrics::Metrics;
use crate::tls;
use crate::trace::TraceParent;

/// Variables every program with OpenTelemetry reads; the first is used as it is, the second gets the path.
const ENDPOINTS: [(&str, &str); 2] =
    [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""), ("OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces")];
/// Most spans in one request to the collector.
const TOGETHER: usize = 512;
/// How long spans wait for company.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the collector may take for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take after a stop.
const LAST: Duration = Duration::from_secs(1);

/// Begins spans, and sends those that ended.
pub(super) struct Recorder {
    tracer: SdkTracer,
    _provider: SdkTracerProvider,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A span that is recorded.
pub(super) struct Recording {
    tracer: SdkTracer,
    span: Span,
}

impl Recorder {
    /// `None` where no endpoint is configured.
    pub(super) fn start(config: &Config, metrics: &Metrics) -> Result<Option<Self>, SettingsError> {
        let settings = &config.telemetry;
        let Some(endpoint) = endpoint(settings.endpoint.as_deref()) else { return Ok(None) };
        let resource = resource();
        let mut exporter = exporter(&endpoint)
            .map_err(|error| config.error("telemetry.endpoint", format!("cannot be used: {error}")))?;
        exporter.set_resource(&resource);
        let (sender, queue) = mpsc::channel(settings.queue_max_spans);
        let result = |result| metrics.spans.with_label_values(&[result]);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.sample_ratio))))
            .with_span_processor(Queue { sender, dropped: result("dropped") })
            .build();
        let stop = CancellationToken::new();
        let export = Export { exporter, queue, exported: result("exported"), failed: result("failed") };
        let task = tokio::spawn(export.run(stop.clone()));
        let tracer = provider.tracer("trunkline");
        Ok(Some(Self { tracer, _provider: provider, stop, task: Mutex::new(Some(task)) }))
    }

    pub(super) async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut task) = task
            && tokio::time::timeout(LAST, &mut task).await.is_err()
        {
            task.abort();
        }
    }

    /// `None` where the sampler says no.
    pub(super) fn begin(
        &self,
        kind: Kind,
        name: String,
        parent: Option<TraceParent>,
        attributes: impl FnOnce() -> Attributes,
    ) -> Option<Recording> {
        let parent = parent.and_then(span_context);
        begin(&self.tracer, kind, name, parent, attributes)
    }
}

impl Recording {
    pub(super) fn begin(&self, kind: Kind, name: String, attributes: impl FnOnce() -> Attributes) -> Option<Self> {
        begin(&self.tracer, kind, name, Some(self.span.span_context().clone()), attributes)
    }

    pub(super) fn context(&self) -> TraceParent {
        let context = self.span.span_context();
        let text = format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8());
        TraceParent::parse(&text).expect("a recorded span has ids")
    }

    pub(super) fn set(&mut self, name: &'static str, value: Value) {
        self.span.set_attribute(attribute(name, value));
    }

    pub(super) fn fail(&mut self, why: &'static str) {
        self.set("error.type", why.into());
        self.span.set_status(Status::error(why));
    }
}

fn begin(
    tracer: &SdkTracer,
    kind: Kind,
    name: String,
    parent: Option<SpanContext>,
    attributes: impl FnOnce() -> Attributes,
) -> Option<Recording> {
    let mut builder = tracer.span_builder(name).with_kind(match kind {
        Kind::Server => SpanKind::Server,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    });
    // A record is linked with what wrote it, also where that is the parent: backends look there.
    if let (Kind::Consumer, Some(parent)) = (kind, &parent) {
        builder = builder.with_links(vec![Link::with_context(parent.clone())]);
    }
    let context = parent.map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
    let mut span = tracer.build_with_context(builder, &context);
    if !span.is_recording() {
        return None;
    }
    span.set_attributes(attributes().into_iter().map(|(name, value)| attribute(name, value)));
    Some(Recording { tracer: tracer.clone(), span })
}

fn attribute(name: &'static str, value: Value) -> KeyValue {
    match value {
        Value::Text(text) => KeyValue::new(name, text),
        Value::Number(number) => KeyValue::new(name, number),
    }
}

fn span_context(parent: TraceParent) -> Option<SpanContext> {
    let trace = TraceId::from_hex(parent.trace_id()).ok()?;
    let span = SpanId::from_hex(parent.span_id()).ok()?;
    let flags = if parent.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    Some(SpanContext::new(trace, span, flags, true, TraceState::NONE))
}

/// Where spans go.
fn endpoint(configured: Option<&str>) -> Option<String> {
    let with = |base: &str, path: &str| match path {
        "" => base.to_owned(),
        path => format!("{}{path}", base.trim_end_matches('/')),
    };
    let variable = |&(name, path): &(&str, &str)| {
        let base = env::var(name).ok().filter(|base| !base.is_empty())?;
        Some(with(&base, path))
    };
    configured.map(|base| with(base, "/v1/traces")).or_else(|| ENDPOINTS.iter().find_map(variable))
}

/// With our own client, because there is one provider of TLS in the process. Headers (`OTEL_EXPORTER_OTLP_HEADERS`) are read
/// from the environment.
fn exporter(endpoint: &str) -> Result<SpanExporter, String> {
    tls::install_provider();
    let client = reqwest::Client::builder()
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())?;
    let builder = SpanExporter::builder().with_http().with_http_client(client).with_endpoint(endpoint);
    builder.with_timeout(PATIENCE).build().map_err(|error| error.to_string())
}

/// What is said of the process; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more.
fn resource() -> Resource {
    let builder = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    match env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => builder.build(),
        None => builder.with_service_name("trunkline").build(),
    }
}

/// Where ended spans wait.
#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<SpanData>,
    dropped: IntCounter,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.sender.try_send(span).is_err() {
            self.dropped.inc();
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

struct Export {
    exporter: SpanExporter,
    queue: mpsc::Receiver<SpanData>,
    exported: IntCounter,
    failed: IntCounter,
}

impl Export {
    async fn run(mut self, stop: CancellationToken) {
        let mut well = true;
        loop {
            let (batch, more) = self.collect(&stop).await;
            let count = batch.len() as u64;
            if count > 0 {
                let sent = tokio::time::timeout(PATIENCE, self.exporter.export(batch)).await;
                let error = match sent {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(error.to_string()),
                    Err(_) => Some("no answer".to_owned()),
                };
                match &error {
                    None => self.exported.inc_by(count),
                    Some(_) => self.failed.inc_by(count),
                }
                // Once, not for every batch.
                match (well, &error) {
                    (true, Some(error)) => tracing::warn!(error, "the collector does not take traces"),
                    (false, None) => tracing::info!("the collector takes traces again"),
                    _ => {}
                }
                well = error.is_none();
            }
            if !more {
                return;
            }
        }
    }

    /// Waits for spans and a little for more, up to a batch. `false` when no more will come.
    async fn collect(&mut self, stop: &CancellationToken) -> (Vec<SpanData>, bool) {
        let mut batch = Vec::new();
        let full = async {
            while batch.len() < TOGETHER {
                let room = TOGETHER - batch.len();
                tokio::select! {
                    biased;
                    // What waits still comes, then nothing.
                    () = stop.cancelled(), if !self.queue.is_closed() => self.queue.close(),
                    taken = self.queue.recv_many(&mut batch, room) => if taken == 0 { return false },
                }
            }
            true
        };
        let more = tokio::time::timeout(PERIOD, full).await.unwrap_or(true);
        (batch, more)
    }
}
