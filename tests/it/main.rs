//! Integration tests, against real Apache Kafka and the real program.

/// The commands, as somebody at a terminal sees them.
mod cli;
/// The Kafka harness itself.
mod harness;
/// Starting and stopping Apache Kafka.
mod kafka;
