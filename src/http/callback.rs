//! One callback: match the source, verify, normalise, publish, and only then say yes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::{Path, Request, State};
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use tracing::Instrument;

use super::{Ingest, Peer, problem};
use crate::clock;
use crate::event::cloudevents::header as name;
use crate::event::{self, Channel};
use crate::kafka::{PublishError, Record};
use crate::reject::{Class, Reason, Reject};
use crate::rejected;
use crate::source::Source;
use crate::telemetry::Span;
use crate::trace::TraceParent;
use crate::vendor::{Answer, Context, Explain, Facts, Inbound, Kind, Reply, Verified, kept};

/// Handles `POST /v1/callbacks/{source}/{kind}`.
pub(super) async fn callback(
    State(ingest): State<Arc<Ingest>>,
    Path((source, kind)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer(&ingest, &source, None, &kind, request).await
}

/// Handles `POST /v1/callbacks/{source}/{token}/{kind}`.
pub(super) async fn callback_with_token(
    State(ingest): State<Arc<Ingest>>,
    Path((source, token, kind)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    answer(&ingest, &source, Some(&token), &kind, request).await
}

async fn answer(ingest: &Ingest, source: &str, token: Option<&str>, kind: &str, request: Request) -> Response {
    let started = Instant::now();
    let Some(source) = ingest.sources.get(source) else { return lost(ingest, Reason::SourceUnknown) };
    let Some(kind) = source.kind(kind) else { return lost(ingest, Reason::KindUnknown) };

    let parent = TraceParent::of(request.headers());
    let mut span = ingest.tracer.request(parent, ingest.config.http.scheme(), &source.name, kind.name, token.is_some());
    let log = span.log();
    let delivered = deliver(ingest, source, token, kind, request, &span).instrument(log.clone()).await;
    let result = delivered.as_ref().err().map_or("accepted", |reject| reject.reason.as_str());
    log.in_scope(|| count(ingest, source, kind, &delivered, result, started));
    let response = respond(ingest, source, delivered);
    span.answered(response.status(), result);
    response
}

/// What is counted and logged of a delivery.
fn count(
    ingest: &Ingest,
    source: &Source,
    kind: &Kind,
    delivered: &Result<usize, Reject>,
    result: &'static str,
    started: Instant,
) {
    let took = started.elapsed();
    let metrics = &ingest.inbox.metrics;
    metrics.deliveries.with_label_values(&[&source.name, kind.name, result]).inc();
    metrics.answers.with_label_values(&[&source.name, promise(ingest, delivered, took)]).inc();
    metrics.answer_seconds.with_label_values(&[&source.name]).observe(took.as_secs_f64());
    let milliseconds = took.as_millis() as u64;
    match delivered {
        Ok(events) => tracing::debug!(source = source.name, kind = kind.name, result, events, milliseconds, "delivery"),
        Err(reject) => {
            let detail = reject.detail.as_ref();
            tracing::debug!(source = source.name, kind = kind.name, result, detail, milliseconds, "delivery");
        }
    }
}

fn respond(ingest: &Ingest, source: &Source, delivered: Result<usize, Reject>) -> Response {
    match delivered.map_err(|reject| reject.reason) {
        Ok(_) => accepted(ingest, source),
        Err(reason) => match reason.class() {
            Class::NotUnderstood => accepted(ingest, source),
            Class::Unavailable => {
                let mut response = vendor_form(source.adapter.answer(Answer::TryAgain));
                response.headers_mut().insert(header::RETRY_AFTER, ingest.retry_after());
                response
            }
            _ => problem::response(reason),
        },
    }
}

/// How an answer stands to the promise that deliveries are acknowledged in time: a value of the label `answer`.
fn promise(ingest: &Ingest, delivered: &Result<usize, Reject>, took: Duration) -> &'static str {
    match delivered.as_ref().map_err(|reject| reject.reason.class()) {
        Ok(_) | Err(Class::NotUnderstood) => match took <= Duration::from_millis(ingest.config.http.answer_deadline_ms)
        {
            true => "in_time",
            false => "late",
        },
        Err(Class::Unavailable) => "unavailable",
        Err(Class::NotFound | Class::Unacceptable | Class::Unauthenticated) => "refused",
    }
}

/// Handles everything that is no callback URL.
pub(super) async fn stray(State(ingest): State<Arc<Ingest>>) -> Response {
    lost(&ingest, Reason::SourceUnknown)
}

/// Handles another method than POST where a route takes only that.
pub(super) async fn wrong_method(State(ingest): State<Arc<Ingest>>) -> Response {
    lost(&ingest, Reason::MethodNotAllowed)
}

pub(super) fn lost(ingest: &Ingest, reason: Reason) -> Response {
    ingest.inbox.metrics.strays.with_label_values(&[reason.as_str()]).inc();
    problem::response(reason)
}

fn accepted(ingest: &Ingest, source: &Source) -> Response {
    ingest.inbox.metrics.last_delivery.with_label_values(&[&source.name]).set(clock::now().as_second());
    vendor_form(source.adapter.answer(Answer::Accepted))
}

fn vendor_form(reply: Reply) -> Response {
    (reply.status, [(header::CONTENT_TYPE, reply.content_type)], reply.body).into_response()
}

/// Everything between the request and the answer. `Ok` holds the number of events, all of them safe in Kafka or in the
/// spool; a delivery that is not understood is safe on its way to the rejected topic.
async fn deliver(
    ingest: &Ingest,
    source: &Source,
    token: Option<&str>,
    kind: &'static Kind,
    request: Request,
    span: &Span,
) -> Result<usize, Reject> {
    source.check_address(caller(ingest, request.extensions(), request.headers()))?;
    source.check_path_token(token)?;
    source.check_rate()?;
    let mut admitted = ingest.admission.enter(&source.name)?;
    let received = clock::now();
    let deadline = tokio::time::Instant::now() + Duration::from_millis(ingest.config.http.answer_deadline_ms);
    let inbound = read(ingest, source, kind, request).await?;
    admitted.work()?;
    let verified = verify(ingest, source, inbound, received)?;

    let context = source.context(Channel::Callback, event::Instant::new(received));
    let published = match source.adapter.normalise(&verified, &context) {
        Ok(facts) => {
            let parameters = source.adapter.kept_parameters();
            let mut headers = kept::event_headers(&verified, parameters, &facts.events);
            let mut send = span.send(&ingest.inbox.topics.inbox.name, facts.events.len());
            headers.extend(send.context().map(|context| (name::TRACE_PARENT, context.as_str().to_owned())));
            take(ingest, &facts, &context, &headers, deadline)
                .await
                .inspect_err(|reject| send.failed(reject.reason.as_str()))
        }
        Err(reject) => Err(reject),
    };
    if let Err(reject) = &published
        && reject.reason.class() == Class::NotUnderstood
    {
        let received = event::Instant::new(received);
        let mut send = span.send(&ingest.inbox.topics.rejected.name, 1);
        let kept = keep(ingest, source, &verified, reject, received, deadline).await;
        kept.inspect_err(|reject| send.failed(reject.reason.as_str()))?;
    }
    published
}

/// Who sent it: proven, and the time that took.
fn verify(ingest: &Ingest, source: &Source, inbound: Inbound, received: Timestamp) -> Result<Verified, Reject> {
    let started = Instant::now();
    let verified = source.adapter.verify(inbound, received, &mut Explain::off());
    let seconds = started.elapsed().as_secs_f64();
    ingest.inbox.metrics.verify_seconds.with_label_values(&[&source.name]).observe(seconds);
    verified
}

/// Method, content type, size: then the whole request.
async fn read(ingest: &Ingest, source: &Source, kind: &'static Kind, request: Request) -> Result<Inbound, Reject> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(Reject::new(Reason::MethodNotAllowed, "callbacks are POSTed"));
    }
    if !source.adapter.accepts(&media_type(&head.headers)) {
        return Err(Reject::new(Reason::ContentType, "the vendor does not send this content-type"));
    }
    // Signatures cover the bytes as sent, and no vendor documents a compressed callback.
    if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Reject::new(Reason::ContentType, "a content-encoding is not accepted"));
    }
    let body = read_body(ingest, body).await?;
    let query = head.uri.query().map(str::to_owned);
    Ok(Inbound { kind, method: head.method, query, headers: head.headers, body })
}

pub(super) async fn read_body(ingest: &Ingest, body: Body) -> Result<Bytes, Reject> {
    let timeout = Duration::from_millis(ingest.config.http.read_timeout_ms);
    let limit = ingest.config.http.max_body_bytes;
    let too_large = || Reject::new(Reason::BodyTooLarge, "the body is over http.max_body_bytes");
    // Whoever announces too much need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(timeout, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Reject::new(Reason::BodyIncomplete, "the connection broke before the body was whole")),
        Err(_) => Err(Reject::new(Reason::BodyIncomplete, "the body did not arrive within http.read_timeout_ms")),
    }
}

/// The media type of a body: lower case, without parameters; empty when the header is absent.
pub fn media_type(headers: &HeaderMap) -> String {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else { return String::new() };
    // Not text: no vendor's type, and not absent either.
    let text = content_type.to_str().unwrap_or("?");
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Who calls: the peer, or behind trusted proxies the last address they forward that is no proxy itself.
pub(super) fn caller(ingest: &Ingest, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: IpAddr| ingest.config.http.trusted_proxies.iter().any(|net| net.contains(&address));
    let mut caller = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0).to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    for hop in hops.into_iter().rev() {
        match hop.trim().parse::<IpAddr>() {
            Ok(address) if trusted(caller) => caller = address.to_canonical(),
            _ => break,
        }
    }
    caller
}

/// Makes every fact of a delivery safe. Calls it names without their result become pending.
async fn take(
    ingest: &Ingest,
    facts: &Facts,
    context: &Context,
    headers: &[(&'static str, String)],
    deadline: tokio::time::Instant,
) -> Result<usize, Reject> {
    ingest.inbox.put(&facts.events, headers, deadline).await.map_err(unavailable)?;
    if !facts.hints.is_empty() {
        ingest.inbox.metrics.hints.with_label_values(&[&context.source]).inc_by(facts.hints.len() as u64);
        ingest.pending.hint(context, &facts.hints, deadline).await.map_err(unavailable)?;
    }
    ingest.pending.clear(&facts.events);
    Ok(facts.events.len())
}

/// Writes a verified delivery that is not understood to the rejected topic, whole.
async fn keep(
    ingest: &Ingest,
    source: &Source,
    delivery: &Verified,
    reject: &Reject,
    received_at: event::Instant,
    deadline: tokio::time::Instant,
) -> Result<(), Reject> {
    let inbound = delivery.inbound();
    let headers = rejected::headers(source, delivery, reject, received_at);
    let record = Record {
        topic: &ingest.inbox.topics.rejected.name,
        partition: None,
        key: &source.name,
        value: Some(&inbound.body),
        headers: &headers,
        timestamp: received_at.as_millis(),
    };
    tracing::warn!(source = source.name, kind = inbound.kind.name, %reject, "delivery not understood; kept in the rejected topic");
    ingest.inbox.outlet.publish(&[record], deadline).await.map_err(unavailable)
}

pub(super) fn unavailable(error: PublishError) -> Reject {
    match error {
        PublishError::QueueFull => Reject::new(Reason::Overloaded, "the producer queue is full"),
        PublishError::TooLarge => Reject::new(Reason::EventTooLarge, "an event is over kafka.max_message_bytes"),
        PublishError::Unavailable => Reject::new(Reason::KafkaUnavailable, "Kafka did not acknowledge in time"),
        PublishError::Away => Reject::new(Reason::KafkaAway, "Kafka is away"),
        PublishError::SpoolFull => Reject::new(Reason::SpoolFull, "the spool is at spool.max_bytes"),
        PublishError::SpoolFailed => Reject::new(Reason::SpoolFailed, "the spool cannot be written: see the log"),
    }
}
