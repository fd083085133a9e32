//! Integration tests, against real Apache Kafka and the real program.

/// A deployment of the program on topics of its own, and its vendor.
mod deployment;
/// One test for each guard of exactly-once.
mod guards;
/// The Kafka harness itself.
mod harness;
/// Starting and stopping Apache Kafka.
mod kafka;
/// Signed callbacks in, CloudEvents out, once.
mod line;
