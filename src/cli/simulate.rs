//! `trunkline simulate`: plays the vendors.

mod compare;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::Failed;
use crate::lifecycle;
use crate::simulate::ledger::Ledger;
use crate::simulate::plan::{Away, Faults, Outage, Plan, VendorPlan};
use crate::simulate::{self, Simulation, Unfit};

use super::{ConfigFile, runtime};

#[derive(clap::Args)]
#[command(
    after_help = "Calls, numbers and secrets are made up. A run with the same seed places the same calls again: use \
                        another one where trunkline remembers the last run.\n\
                        Exit codes: 0 done and nothing wrong, 1 not, 2 usage or configuration."
)]
pub(super) struct Simulate {
    /// trunkline's base URL for callbacks, as `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL", required_unless_present_any = ["settings", "compare"])]
    target: Option<String>,
    /// Print the sources trunkline needs for this, as TOML, and end.
    #[arg(long, conflicts_with = "compare")]
    settings: bool,
    /// Compare a ledger with the published events, and end.
    #[arg(long, value_name = "LEDGER")]
    compare: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFile,
    /// Seconds to wait until trunkline has asked for every result that is due; with --compare, until every event that is
    /// due is there.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    patience: u64,
    /// Address of the vendors' APIs; the settings name it.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where to write the ledger, as JSON.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Which vendors. Default: all that are simulated.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(simulate::names()), value_name = "NAME,...")]
    vendors: Vec<String>,
    /// Calls of each vendor.
    #[arg(long, default_value_t = 100, value_name = "N")]
    calls: u64,
    /// Calls each vendor places in a second.
    #[arg(long, default_value_t = 10.0, value_parser = rate)]
    rate: f64,
    /// Where all randomness comes from. Default: another one each time, which is printed.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    faults: FaultArguments,
}

/// What goes wrong. Shares are from 0 to 1.
#[derive(clap::Args)]
struct FaultArguments {
    /// Share of the callbacks that are lost.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    lose: f64,
    /// Share of the callbacks that come more than once.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    duplicate: f64,
    /// Most copies of those, beside the first.
    #[arg(long, default_value_t = 3, value_name = "N")]
    copies: u32,
    /// Share of the callbacks that are overtaken by others.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    reorder: f64,
    /// Delay of callbacks, milliseconds, as `0..500`.
    #[arg(long, default_value = "0..0", value_parser = range, value_name = "FROM..TO")]
    delay_ms: RangeInclusive<u64>,
    /// Share of the callbacks that are signed wrongly.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    wrong_signatures: f64,
    /// Share of the calls trunkline is not told of.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    untold: f64,
    /// Share of the calls vendors refuse to place, where they document how.
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    refuse: f64,
    /// A time in which the APIs answer 503, seconds from the start, as `10..20`; may be given several times.
    #[arg(long, value_parser = range, value_name = "FROM..TO")]
    outage: Vec<RangeInclusive<u64>>,
    /// Outages end connections without an answer, instead of answering 503.
    #[arg(long)]
    drop_connections: bool,
    /// How long the APIs take to answer, milliseconds, as `0..20`.
    #[arg(long, default_value = "0..20", value_parser = range, value_name = "FROM..TO")]
    latency_ms: RangeInclusive<u64>,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "must be from 0 to 1".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.001..=100_000.0).contains(rate));
    rate.ok_or_else(|| "must be from 0.001 to 100000".to_owned())
}

fn range(text: &str) -> Result<RangeInclusive<u64>, String> {
    let ends = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    match ends {
        Some((from, to)) if from <= to => Ok(from..=to),
        _ => Err("must be two whole numbers, the lower one first, as 10..20".to_owned()),
    }
}

impl Simulate {
    pub(super) fn run(mut self) -> Result<ExitCode, Failed> {
        if self.vendors.is_empty() {
            self.vendors = simulate::names().into_iter().map(str::to_owned).collect();
        }
        if let Some(path) = &self.compare {
            let config = self.config.load()?;
            return compare::run(&config, &read(path)?, Duration::from_secs(self.patience));
        }
        if self.settings {
            print!("{}", simulate::settings(&self.vendors, self.listen).map_err(failed)?);
            return Ok(ExitCode::SUCCESS);
        }
        let target = self.target.clone().unwrap_or_default();
        let ledger = runtime()?.block_on(self.play(&target))?;
        if let Some(path) = &self.ledger {
            write(path, &ledger)?;
        }
        print!("{ledger}");
        Ok(if ledger.complaints().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn play(&self, target: &str) -> Result<Ledger, Failed> {
        let stop = lifecycle::stop_on_signal();
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let simulation = Simulation::start(self.plan(seed), self.listen).await.map_err(failed)?;
        eprintln!("vendors' APIs at http://{}, seed {seed}; Ctrl-C ends", simulation.address());
        let shown = show(&simulation);
        let run = simulation.run(target, Duration::from_secs(self.patience), stop);
        let ledger = tokio::select! {
            ledger = run => ledger.map_err(failed)?,
            never = shown => match never {},
        };
        simulation.stop().await;
        Ok(ledger)
    }

    fn plan(&self, seed: u64) -> Plan {
        let faults = &self.faults;
        let form = if faults.drop_connections { Away::Dropped } else { Away::Unavailable };
        let outage = |times: &RangeInclusive<u64>| Outage {
            from: Duration::from_secs(*times.start()),
            to: Duration::from_secs(*times.end()),
            form,
        };
        let vendor = |vendor: &String| VendorPlan {
            calls: self.calls,
            rate: self.rate,
            untold: faults.untold,
            refuse: faults.refuse,
            faults: Faults {
                lose: faults.lose,
                duplicate: faults.duplicate,
                copies: faults.copies,
                reorder: faults.reorder,
                delay_ms: faults.delay_ms.clone(),
                wrong_signatures: faults.wrong_signatures,
                ..Faults::default()
            },
            outages: faults.outage.iter().map(outage).collect(),
            latency_ms: faults.latency_ms.clone(),
            ..VendorPlan::new(vendor)
        };
        Plan { seed, vendors: self.vendors.iter().map(vendor).collect() }
    }
}

/// Shows how far the run is, on a terminal only, until it is dropped.
async fn show(simulation: &Simulation) -> std::convert::Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let style = "{elapsed_precise} {bar:30} {pos}/{len} calls placed{msg}";
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    loop {
        let progress = simulation.progress();
        bar.set_length(progress.planned);
        bar.set_position(progress.placed);
        bar.set_message(format!(", {} under way, {} to be asked for", progress.under_way, progress.to_be_asked));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn failed(unfit: Unfit) -> Failed {
    Failed::Running(unfit.to_string())
}

fn read(path: &Path) -> Result<Ledger, Failed> {
    let complain = |error: &dyn std::fmt::Display| Failed::Running(format!("{}: {error}", path.display()));
    let text = std::fs::read(path).map_err(|error| complain(&error))?;
    serde_json::from_slice(&text).map_err(|error| complain(&error))
}

fn write(path: &Path, ledger: &Ledger) -> Result<(), Failed> {
    let complain = |error: std::io::Error| Failed::Running(format!("{}: {error}", path.display()));
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(complain)?);
    serde_json::to_writer_pretty(&mut file, ledger).map_err(|error| complain(error.into()))?;
    file.write_all(b"\n").and_then(|()| file.flush()).map_err(complain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_rates_and_ranges_are_checked() {
        assert_eq!((share("0"), share("0.25"), share("1")), (Ok(0.0), Ok(0.25), Ok(1.0)));
        assert_eq!(range("0..500"), Ok(0..=500));
        for wrong in ["-0.1", "1.1", "NaN", "inf", "x", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0", "-1", "NaN", "1e9"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        for wrong in ["5", "5..", "..5", "6..5", "a..b", "1...2", "-1..2"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
