//! HTTP: the listener vendors call, and the admin listener.

mod admin;
mod admission;
mod callback;
mod calls;
mod connection;
mod problem;
mod room;
mod router;
mod server;
mod token;

pub use admission::Admission;
pub use callback::media_type;
pub(crate) use connection::Cut;
pub use problem::{problem, status};
pub use router::{admin_router, callback_router};
pub use server::{Limits, Peer, serve};

use std::sync::Arc;

use axum::http::HeaderValue;

use crate::config::Config;
use crate::inbox::Inbox;
use crate::pending::Pending;
use crate::source::Sources;
use crate::telemetry::Tracer;

/// What the callback handler works with.
pub struct Ingest {
    /// The configuration.
    pub config: Arc<Config>,
    /// The configured sources.
    pub sources: Sources,
    /// The way of events into Kafka.
    pub inbox: Inbox,
    /// The calls somebody waits for.
    pub pending: Pending,
    /// Who is let in.
    pub admission: Arc<Admission>,
    /// Traces.
    pub tracer: Tracer,
}

impl Ingest {
    /// Value of `Retry-After`: up to twice what is configured, so that those refused together do not come back together.
    fn retry_after(&self) -> HeaderValue {
        let seconds = self.config.http.retry_after_seconds;
        HeaderValue::from(fastrand::u32(seconds..=seconds.saturating_mul(2)))
    }
}
