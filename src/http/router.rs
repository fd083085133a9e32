//! The whole URL surface.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};

use super::{Ingest, admin, callback, calls, problem, token};
use crate::kafka::Health;
use crate::metrics::Metrics;

/// What vendors can reach.
pub fn callback_router(ingest: Arc<Ingest>) -> Router {
    Router::new()
        // One URL for each source and kind of callback.
        .route("/v1/callbacks/{source}/{kind}", any(callback::callback))
        // The same with a secret in it, for sources that have path tokens.
        .route("/v1/callbacks/{source}/{token}/{kind}", any(callback::callback_with_token))
        // Access tokens, for vendors that ask for one before they call.
        .route("/v1/sources/{source}/token", post(token::token))
        // Calls a dialer placed, for sources that ask their vendor.
        .route("/v1/sources/{source}/calls", post(calls::calls))
        .fallback(callback::stray)
        .method_not_allowed_fallback(callback::wrong_method)
        .with_state(ingest)
}

/// What only the operator can reach.
pub fn admin_router(health: Health, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/", get(admin::index))
        .route("/livez", get(admin::livez))
        .route("/readyz", get(admin::readyz))
        .route("/metrics", get(admin::metrics))
        .fallback(|| async { problem::not_found() })
        .with_state((health, metrics))
}
