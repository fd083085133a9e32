//! HTTP: the listener vendors call, and the admin listener.

mod admin;
mod callback;
mod problem;
mod router;
mod server;
mod token;

pub use callback::media_type;
pub use problem::{problem, status};
pub use router::{admin_router, callback_router};
pub use server::{Limits, Peer, serve};

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config::Config;
use crate::kafka::{Publisher, Topics};
use crate::metrics::Metrics;
use crate::source::Sources;

/// What the callback handler works with.
pub struct Ingest {
    /// The configuration.
    pub config: Arc<Config>,
    /// The configured sources.
    pub sources: Sources,
    /// The way into Kafka.
    pub publisher: Arc<Publisher>,
    /// The topics.
    pub topics: Topics,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// One permit for each request that may be worked on at a time.
    pub permits: Semaphore,
}
