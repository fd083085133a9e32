//! The one listener all simulated vendors share, each below a path of its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::api::{Answer, Request, Verdict};
use super::draw::Draw;
use super::plan::Away;
use super::site::Site;
use crate::clock;

/// Largest request body, bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a connection may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// What the listener serves.
pub(super) struct Vendors {
    pub(super) sites: Vec<Arc<Site>>,
    pub(super) strays: AtomicU64,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped")]
struct Dropped;

/// Serves the vendors until `stop`, then ends all connections at once.
pub(super) async fn serve(listener: TcpListener, vendors: Arc<Vendors>, tasks: TaskTracker, stop: CancellationToken) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: closing connections will free some.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let vendors = vendors.clone();
        let service = hyper::service::service_fn(move |request| answer(vendors.clone(), request));
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let stop = stop.clone();
        tasks.spawn(async move {
            let _ = stop.run_until_cancelled(connection).await;
        });
    }
}

async fn answer(
    vendors: Arc<Vendors>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Dropped> {
    let path = request.uri().path();
    let (name, rest) = path[1.min(path.len())..].split_once('/').unwrap_or_default();
    let Some(site) = vendors.sites.iter().find(|site| site.vendor.name() == name) else {
        vendors.strays.fetch_add(1, Ordering::Relaxed);
        return Ok(wire(Answer::refused(StatusCode::NOT_FOUND, &json!({ "message": "no such vendor" }))));
    };
    let rest = format!("/{rest}");
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(|_| Dropped)?.to_bytes();
    let request = Request {
        method: head.method,
        path: rest,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
        now: clock::now(),
    };
    handle(site, request).await.map(wire)
}

/// What a vendor answers, after outages, limits and latency.
async fn handle(site: &Site, mut request: Request) -> Result<Answer, Dropped> {
    let action = site.vendor.action(&request);
    let rate = site.requests().begin(action, Instant::now());
    let away = site.away();
    let limit = site.plan.limit.or_else(|| site.vendor.limit(action));
    if away.is_none() {
        let number = site.requests().total();
        let latency = Draw::new(site.seed, &[site.vendor.name(), "latency"], number).between(&site.plan.latency_ms);
        tokio::time::sleep(Duration::from_millis(latency)).await;
        request.now = clock::now();
    }
    let answer = match away {
        Some(_) => Answer::unavailable(),
        None if limit.is_some_and(|limit| rate > u64::from(limit)) => {
            Answer { verdict: Verdict::Refused, ..site.vendor.throttled() }
        }
        None => site.vendor.answer(&request, site),
    };
    site.requests().end(action, &answer.verdict);
    if away == Some(Away::Dropped) { Err(Dropped) } else { Ok(answer) }
}

fn wire(answer: Answer) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::builder().status(answer.status).header("content-type", answer.content_type);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Full::from(answer.body)).expect("vendors answer with headers of plain text")
}
