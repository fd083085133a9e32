//! A collector: takes spans by OTLP over HTTP, and tells them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::trace::v1 as wire;
use prost::Message;

/// What a span is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Server,
    Producer,
    Consumer,
}

/// A span as a collector gets it.
#[derive(Clone, Debug)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: Kind,
    pub attributes: Vec<(String, String)>,
    /// Trace and span of each.
    pub links: Vec<(String, String)>,
}

impl Span {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Taken {
    spans: Vec<Span>,
    bytes: Vec<u8>,
    asked: bool,
}

/// Ends with the test's runtime.
pub struct Collector {
    url: String,
    taken: Arc<Mutex<Taken>>,
}

impl Collector {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::serve(true).await
    }

    /// One that takes requests and never answers.
    pub async fn silent() -> Self {
        Self::serve(false).await
    }

    async fn serve(answers: bool) -> Self {
        let taken: Arc<Mutex<Taken>> = Arc::default();
        let take = move |State(taken): State<Arc<Mutex<Taken>>>, headers: HeaderMap, body: Bytes| async move {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(body.clone()).expect("OTLP");
            {
                let mut taken = taken.lock().expect("not poisoned");
                taken.asked = true;
                taken.bytes.extend_from_slice(&body);
                taken.spans.extend(request.resource_spans.iter().flat_map(|resource| {
                    let named = resource.resource.iter().flat_map(|resource| attributes(&resource.attributes));
                    assert!(named.into_iter().any(|pair| pair == ("service.name".to_owned(), "trunkline".to_owned())));
                    resource.scope_spans.iter().flat_map(|scope| &scope.spans).map(span)
                }));
            }
            if !answers {
                std::future::pending::<()>().await;
            }
            StatusCode::OK
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(taken.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, taken }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn spans(&self) -> Vec<Span> {
        self.taken.lock().expect("not poisoned").spans.clone()
    }

    /// Everything as it came.
    pub fn bytes(&self) -> Vec<u8> {
        self.taken.lock().expect("not poisoned").bytes.clone()
    }

    pub fn is_asked(&self) -> bool {
        self.taken.lock().expect("not poisoned").asked
    }
}

fn span(span: &wire::Span) -> Span {
    let kind = match span.kind() {
        wire::span::SpanKind::Server => Kind::Server,
        wire::span::SpanKind::Producer => Kind::Producer,
        wire::span::SpanKind::Consumer => Kind::Consumer,
        other => panic!("{other:?}: {}", span.name),
    };
    Span {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name.clone(),
        kind,
        attributes: attributes(&span.attributes),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
    }
}

fn attributes(pairs: &[opentelemetry_proto::tonic::common::v1::KeyValue]) -> Vec<(String, String)> {
    let text = |value: &any_value::Value| match value {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let value = |pair: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        pair.value.as_ref().and_then(|value| value.value.as_ref()).map(text).unwrap_or_default()
    };
    pairs.iter().map(|pair| (pair.key.clone(), value(pair))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
