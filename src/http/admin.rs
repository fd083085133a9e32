//! Probes and metrics.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::kafka::Health;
use crate::metrics::Metrics;

type Parts = (Health, Arc<Metrics>);

/// What there is to see here.
pub(super) async fn index() -> &'static str {
    "trunkline admin\n\n/livez    is the process alive (never asks Kafka)\n/readyz   is traffic welcome; ?verbose lists every check\n/metrics  Prometheus metrics\n"
}

/// Alive as long as it answers. Kafka being away is no reason to restart.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether traffic is welcome.
pub(super) async fn readyz(State((health, _)): State<Parts>, RawQuery(query): RawQuery) -> Response {
    let ready = health.is_ready();
    let mut text = String::new();
    if query.is_some_and(|query| query.split('&').any(|part| part == "verbose" || part.starts_with("verbose="))) {
        for (name, state) in health.list() {
            let (mark, note) = match &state {
                Ok(note) => ('+', note),
                Err(why) => ('-', why),
            };
            let _ = writeln!(text, "[{mark}] {name}: {note}");
        }
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, text).into_response()
}

/// The Prometheus text format.
pub(super) async fn metrics(State((health, metrics)): State<Parts>) -> Response {
    metrics.ready.set(health.is_ready().into());
    for (check, state) in health.list() {
        metrics.checks.with_label_values(&[&check]).set(state.is_ok().into());
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text()).into_response()
}
