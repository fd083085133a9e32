//! Integration tests, against real Apache Kafka and the real program.

/// The commands, as somebody at a terminal sees them.
mod cli;
/// The programs for those who read the events.
mod consuming;
/// The image, as far as it can be judged without building it.
mod container;
/// A deployment of the program on topics of its own, and its vendor.
mod deployment;
/// `trunkline dev` as the README says to use it.
mod dev;
/// Every command of the documents, run.
mod docs;
/// What dies under load.
mod faults;
/// Records in forms of a newer version.
mod forms;
/// What fuzzing checks, for its seeds.
mod fuzz;
/// One test for each guard of exactly-once.
mod guards;
/// The Kafka harness itself.
mod harness;
/// The Helm chart.
mod helm;
/// Senders that are no vendor.
mod hostile;
/// Starting and stopping Apache Kafka.
mod kafka;
/// Signed callbacks in, CloudEvents out, once.
mod line;
/// Metrics, dashboards and alerts, on a real Prometheus.
mod observe;
/// The HTTP interface against its document.
mod openapi;
/// What docs/operations.md tells to do.
mod operations;
/// Kafka away for long, without a spool and with one.
mod outage;
/// More than can be done, and who is refused then.
mod overload;
/// Asking vendors for results.
mod polling;
/// Asking a running deployment whether it works.
mod probe;
/// Normalising again what was received before.
mod replay;
/// Where secrets, numbers and bodies must not be.
mod secrets;
/// TLS, SASL, client certificates towards Kafka.
mod security;
/// Simulated vendors: what they send, and a run with faults.
mod simulator;
/// What every source file keeps to.
mod sources;
/// TLS towards vendors.
mod tls;
/// Traces, from the vendor's request to the consumer's record.
mod traces;
/// Every vendor of the registry at once.
mod vendors;
