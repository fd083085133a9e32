//! trunkline receives what telephony vendors say about calls and turns it into one clean Kafka stream.
//!
//! `ARCHITECTURE.md` says how the parts fit together. The modules, from the ground up:

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dashboard;
pub mod dedup;
pub mod dialer;
pub mod event;
pub mod form;
pub mod http;
pub mod inbox;
pub mod kafka;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod outlet;
pub mod pending;
pub mod poll;
pub mod reject;
pub mod rejected;
pub mod replay;
pub mod schema;
pub mod secret;
pub mod series;
pub mod simulate;
pub mod source;
pub mod spool;
pub mod telemetry;
pub mod tls;
pub mod trace;
pub mod vendor;
