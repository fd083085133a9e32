//! Integration tests, against real Apache Kafka and the real program.

/// The Kafka harness itself.
mod harness;
/// Starting and stopping Apache Kafka.
mod kafka;
