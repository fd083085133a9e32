//! The commands. Exit codes: 0 done, 1 something failed while running, 2 usage or configuration.

mod check;
mod dev;
mod probe;
mod replay;
mod report;
mod request;
mod schema;
mod serve;
mod simulate;
mod tail;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::app::Failed;
use crate::config::Config;

/// Verifies, normalises and deduplicates what telephony vendors say about calls, into one Kafka stream.
#[derive(Parser)]
#[command(version, after_help = "Exit codes: 0 done, 1 something failed while running, 2 usage or configuration.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run against a Kafka cluster.
    Serve(serve::Serve),
    /// Try it out: everything in one process, with a broker in memory and demo sources.
    Dev(dev::Dev),
    /// Play the vendors: serve their APIs, place calls and send their callbacks, with faults.
    Simulate(Box<simulate::Simulate>),
    /// Check a deployment: configuration, sources, Kafka, topics, clock.
    Check(check::Check),
    /// Send each source of a running deployment a delivery that no consumer sees.
    Probe(probe::Probe),
    /// Follow the published events.
    Tail(tail::Tail),
    /// Normalise again, with today's configuration, what was received before.
    Replay(Box<replay::Replay>),
    /// Print a curl line that sends a body as the vendor would, signed.
    Sign(request::Sign),
    /// Say step by step whether a captured request is genuine, and what becomes of it.
    Verify(request::Verify),
    /// Print a document for machines: JSON Schema, OpenAPI or AsyncAPI.
    Schema(schema::Schema),
    /// Print a reference page in Markdown.
    #[command(hide = true)]
    Docs(schema::Docs),
    /// Print a shell completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(clap::Args)]
struct ConfigFile {
    /// TOML file; variables `TRUNKLINE__SECTION__KEY` override it.
    #[arg(long = "config", short = 'c', env = "TRUNKLINE_CONFIG", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, Failed> {
        Config::load(self.file.as_deref()).map_err(Failed::Configuration)
    }
}

/// Runs the command the arguments name.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Check(check) => return ended(check.run()),
        Command::Replay(replay) => return ended(replay.run()),
        Command::Probe(probe) => return ended(probe.run()),
        Command::Verify(verify) => return ended(verify.run()),
        Command::Simulate(simulate) => return ended(simulate.run()),
        Command::Serve(serve) => serve.run(),
        Command::Dev(dev) => dev.run(),
        Command::Tail(tail) => tail.run(),
        Command::Sign(sign) => sign.run(),
        Command::Schema(schema) => schema.run(),
        Command::Docs(docs) => docs.run(),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "trunkline", &mut std::io::stdout());
            Ok(())
        }
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

/// What the process ends with. A command that ran to its end may still have a bad finding to report.
fn ended(done: Result<ExitCode, Failed>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failed) => {
            for line in failed.to_string().lines() {
                eprintln!("error: {line}");
            }
            ExitCode::from(match failed {
                Failed::Running(_) => 1,
                Failed::Configuration(_) => 2,
            })
        }
    }
}

/// A runtime for the commands that need one.
fn runtime() -> Result<tokio::runtime::Runtime, Failed> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::Running(format!("cannot start the runtime: {error}")))
}
