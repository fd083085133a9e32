//! Kafka: clients, topics, and what is known about the cluster.

mod admin;
mod client;
mod embedded;
mod flush;
mod group;
mod health;
mod heartbeat;
mod outage;
mod producer;
mod topics;

pub use admin::{Finding, TopicsError, ensure_topics, inspect_topics};
pub use client::{DEDUP_CONSUMER, Observer, client_config, consumer_config, told};
pub use embedded::Embedded;
pub use flush::flush;
pub use group::{Group, Rebalance, list};
pub use health::{Check, Health, PROCESS, SPOOL, State, Trouble, probe};
pub use heartbeat::Heartbeat;
pub use outage::{Leave, Outage};
pub use producer::{PublishError, Publisher, Record};
pub use topics::{Topic, Topics};
