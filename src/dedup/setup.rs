//! What a worker is given, and what it can end with.

use std::sync::Arc;

use rdkafka::config::ClientConfig;

use crate::config::Config;
use crate::kafka::{Health, Topics};
use crate::metrics::Metrics;
use crate::telemetry::Tracer;

/// Why a worker ended.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A new worker can take over: Kafka ended the old one's clients.
    #[error("{0}")]
    Restart(String),
    /// Trying again cannot help; somebody must act.
    #[error("{0}")]
    Final(String),
}

/// What a worker needs.
#[derive(Clone)]
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The topics.
    pub topics: Topics,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub health: Health,
    /// Traces.
    pub tracer: Tracer,
}
