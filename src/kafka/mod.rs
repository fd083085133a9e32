//! Kafka: clients, topics, and what is known about the cluster.

mod admin;
mod client;
mod embedded;
mod flush;
mod health;
mod producer;
mod topics;

pub use admin::{Finding, TopicsError, ensure_topics, inspect_topics};
pub use client::{Observer, client_config, consumer_config};
pub use embedded::Embedded;
pub use flush::flush;
pub use health::{Check, Health, State, probe};
pub use producer::{PublishError, Publisher, Record};
pub use topics::{Topic, Topics};
