//! Log lines on standard error: for people on a terminal, JSON otherwise.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// Crates that write what they are given into their lines, whatever the filter says: telephone numbers.
const SILENT: &[&str] = &["rlibphonenumber"];

/// Starts logging. Returns a complaint when the filter cannot be read.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::builder().parse(&log.filter).map_err(|error| error.to_string())?;
    let filter = SILENT.iter().fold(filter, |filter, name| {
        filter.add_directive(format!("{name}=off").parse().expect("the name of a crate is a target"))
    });
    let pretty = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Json => false,
        LogFormat::Pretty => true,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = if pretty {
        registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).try_init()
    } else {
        registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init()
    };
    started.map_err(|error| error.to_string())
}
