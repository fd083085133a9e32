//! Integration tests, against real Apache Kafka and the real program.

/// The commands, as somebody at a terminal sees them.
mod cli;
/// A deployment of the program on topics of its own, and its vendor.
mod deployment;
/// `trunkline dev` as the README says to use it.
mod dev;
/// Every command of the documents, run.
mod docs;
/// What dies under load.
mod faults;
/// What fuzzing checks, for its seeds.
mod fuzz;
/// One test for each guard of exactly-once.
mod guards;
/// The Kafka harness itself.
mod harness;
/// Senders that are no vendor.
mod hostile;
/// Starting and stopping Apache Kafka.
mod kafka;
/// Signed callbacks in, CloudEvents out, once.
mod line;
/// Metrics, dashboards and alerts, on a real Prometheus.
mod observe;
/// Asking vendors for results.
mod polling;
/// TLS, SASL, client certificates.
mod security;
/// Simulated vendors: what they send, and a run with faults.
mod simulator;
/// Every vendor of the registry at once.
mod vendors;
