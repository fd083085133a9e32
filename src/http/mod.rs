//! HTTP: the listener vendors call, and the admin listener.

mod admin;
mod callback;
mod calls;
mod connection;
mod problem;
mod room;
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
use crate::inbox::Inbox;
use crate::pending::Pending;
use crate::source::Sources;

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
    /// One permit for each request that may be worked on at a time.
    pub permits: Semaphore,
}
