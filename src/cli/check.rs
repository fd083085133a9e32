//! `trunkline check`: whether a deployment will work, before it has to.

mod kafka;
mod samples;
mod sources;
mod tls;

use std::process::ExitCode;

use crate::app::Failed;
use crate::clock;
use crate::config::Config;
use crate::kafka::client_config;
use crate::{source, spool};

use super::report::{Report, count};
use super::{ConfigFile, runtime};

/// Some vendors stop waiting after 5 s, and the answer has to travel.
const LONGEST_ANSWER_MS: u64 = 4_500;

#[derive(clap::Args)]
#[command(
    after_help = "Each line is `ok`, `warn` or `FAIL`, what was checked, the finding and its fix. Kafka is asked for its \
                        topics, for a transactional producer, and for the time of a record in a topic that is created for \
                        it and deleted again.\n\n\
                        Exit codes: 0 no FAIL, 1 at least one, 2 usage or configuration."
)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// Ask nobody: check the configuration and the sources only.
    #[arg(long)]
    offline: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<ExitCode, Failed> {
        let config = self.config.load()?;
        let sources = source::build(&config).map_err(Failed::Configuration)?;
        let client = client_config(&config)?;
        let mut report = Report::default();
        report.ok("configuration", "every key is known and has a usable value");
        tls::check(&mut report, &config, clock::now());
        sources::check(&mut report, &config, &sources);
        limits(&mut report, &config);
        spool(&mut report, &config);
        if !self.offline {
            runtime()?.block_on(kafka::check(&mut report, &config, &client));
        }
        report.end()
    }
}

/// Whether the spool can be used by whoever checks.
fn spool(report: &mut Report, config: &Config) {
    let Some(dir) = &config.spool.dir else { return };
    match spool::look(dir) {
        Ok(0) => report.ok("spool.dir", "can be written, nothing is in it"),
        Ok(records) => report.ok("spool.dir", &format!("can be written; it holds {records} records for Kafka")),
        Err(in_use @ spool::Unusable::InUse(_)) => {
            report.warn("spool.dir", &in_use.to_string(), "no fault while trunkline runs with it")
        }
        Err(broken) => report.fail("spool.dir", &broken.to_string(), "trunkline would not start"),
    }
}

/// Limits that are legal and yet unwise.
fn limits(report: &mut Report, config: &Config) {
    let http = &config.http;
    let deadline = http.answer_deadline_ms;
    if deadline <= u64::from(config.kafka.linger_ms) {
        let finding = format!("{deadline} ms is not above kafka.linger_ms: no record can be acknowledged in time");
        report.fail("http.answer_deadline_ms", &finding, "raise it to 4000, or lower kafka.linger_ms");
    } else if deadline > LONGEST_ANSWER_MS {
        let finding = format!("{deadline} ms is longer than some vendors wait (5 s): they repeat what is under way");
        report.warn("http.answer_deadline_ms", &finding, "set it to 4000 unless your vendors wait longer");
    } else {
        report.ok("http.answer_deadline_ms", &format!("{deadline} ms is shorter than vendors wait"));
    }
    if http.drain_timeout_ms < deadline {
        let finding = "requests under way are cut on a stop before their answer is due";
        report.warn("http.drain_timeout_ms", finding, "set it above http.answer_deadline_ms");
    }
}
