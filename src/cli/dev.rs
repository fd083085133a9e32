//! `trunkline dev`: everything in one process, to try it out.

use std::fmt::Write;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;

use rdkafka::Offset;

use crate::app::{App, Failed, Role};
use crate::config::Config;
use crate::kafka::{Embedded, Topics};
use crate::simulate::plan::{Faults, Plan, VendorPlan};
use crate::simulate::{Simulation, names};
use crate::{clock, lifecycle, log, source};

use super::request::curl;
use super::runtime;
use super::tail::{Filter, follow};

/// Enough to see several at work, few enough to look through.
const PARTITIONS: i32 = 3;

#[derive(clap::Args)]
pub(super) struct Dev {
    /// Address for callbacks; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address for probes and metrics; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    admin: SocketAddr,
    /// Lets simulated vendors place calls all the time: a third of their callbacks is lost, and trunkline asks for the
    /// results.
    #[arg(long)]
    simulate: bool,
    /// What to log: `error`, `warn`, `info` or `debug`.
    #[arg(long, default_value = "warn")]
    log: String,
}

impl Dev {
    pub(super) fn run(self) -> Result<(), Failed> {
        let runtime = runtime()?;
        let simulation = match self.simulate {
            true => Some(runtime.block_on(simulation())?),
            false => None,
        };
        let simulated = simulation.as_ref().map(Simulation::settings).unwrap_or_default();
        let names = Topics::new(&self.config("", &simulated)?);
        let topics: Vec<_> = names.all().iter().map(|topic| (topic.name.clone(), topic.partitions)).collect();
        let broker =
            Embedded::start(&topics).map_err(|error| Failed::Running(format!("the embedded broker: {error}")))?;
        let config = self.config(broker.bootstrap(), &simulated)?;
        log::start(&config.log).map_err(Failed::Running)?;
        let app = App::new(config)?;
        let roles = [Role::Ingest, Role::Dedup, Role::Poll];
        runtime.block_on(async {
            let stop = lifecycle::stop_on_signal();
            let listeners = app.bind(&roles).await.map_err(|failed| match failed {
                Failed::Running(why) => Failed::Running(format!("{why} (with --listen and --admin)")),
                other => other,
            })?;
            let address = |listener: Option<&tokio::net::TcpListener>, asked| {
                listener.and_then(|listener| listener.local_addr().ok()).unwrap_or(asked)
            };
            let callbacks = address(listeners.callbacks.as_ref(), self.listen);
            let admin = address(Some(&listeners.admin), self.admin);
            eprintln!("{}", welcome(&app, callbacks, admin, broker.bootstrap())?);

            let (client, topics, shown) = (app.client.clone(), app.topics.clone(), stop.clone());
            let json = !std::io::stdout().is_terminal();
            let tail = tokio::task::spawn_blocking(move || {
                follow(&client, &topics, Offset::Beginning, json, &Filter::default(), None, &shown)
            });
            let vendors = simulation.map(|simulation| {
                let (target, stop) = (format!("http://{callbacks}"), stop.clone());
                tokio::spawn(async move { simulation.run(&target, Duration::ZERO, stop).await.map(drop) })
            });
            let ended = app.run(&roles, listeners, false, stop.clone()).await;
            stop.cancel();
            if let Some(vendors) = vendors {
                let _ = vendors.await;
            }
            let _ = tail.await;
            ended
        })
    }

    /// One demo source for every vendor, and the `simulated` ones.
    fn config(&self, bootstrap: &str, simulated: &str) -> Result<Config, Failed> {
        let mut toml = format!(
            "http.listen = \"{}\"\nhttp.drain_delay_ms = 0\nadmin.listen = \"{}\"\nlog.filter = \"{}\"\n\
             [kafka]\nbrokers = \"{}\"\npartitions = {PARTITIONS}\nreplication_factor = 1\n\
             [dedup]\nsession_timeout_ms = 6000\n",
            self.listen,
            self.admin,
            self.log,
            if bootstrap.is_empty() { "unused:0" } else { bootstrap },
        );
        toml.push_str(&source::demo_settings());
        toml.push_str(simulated);
        Config::from_toml(&toml).map_err(Failed::Configuration)
    }
}

/// Vendors that place a call every few seconds, for as long as anybody watches.
async fn simulation() -> Result<Simulation, Failed> {
    let faults = Faults { lose: 0.3, duplicate: 0.2, wrong_signatures: 0.05, ..Faults::default() };
    let vendor =
        |name: &str| VendorPlan { calls: 1_000_000, rate: 0.2, faults: faults.clone(), ..VendorPlan::new(name) };
    let plan = Plan { seed: clock::now().as_millisecond() as u64, vendors: names().into_iter().map(vendor).collect() };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Simulation::start(plan, listen).await.map_err(|unfit| Failed::Running(unfit.to_string()))
}

fn welcome(app: &App, callbacks: SocketAddr, admin: SocketAddr, bootstrap: &str) -> Result<String, Failed> {
    let mut text = format!(
        "trunkline dev: ingest, dedup and a Kafka broker in this one process, to try it out.\n\
         The broker is in memory: it keeps the last 5 MiB of each partition and forgets all when you stop it.\n\n  \
         callbacks  http://{callbacks}\n  \
         admin      http://{admin}  (/readyz?verbose, /metrics)\n  \
         Kafka      {bootstrap}  (kcat -b {bootstrap} -t {} -C)\n\n\
         Send these in another terminal; send them twice and nothing is published twice:\n",
        app.topics.events.name
    );
    for source in app.sources.values().filter(|source| source.name.ends_with("-demo")) {
        for (kind, body) in source.vendor.demo().samples {
            let Some(kind) = source.kind(kind) else { continue };
            let line = curl(source, kind, body, &format!("http://{callbacks}"))?;
            let _ = write!(text, "\n# {}: {}\n{line}\n", source.vendor.title(), kind.summary);
        }
    }
    text.push_str("\nEvents appear here as they are published. Ctrl-C stops.\n");
    Ok(text)
}
