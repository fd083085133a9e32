//! A simulator of every vendor: it serves the vendors' APIs, places calls, tells trunkline about them as a dialer does,
//! and sends the vendors' callbacks with the faults a plan asks for. It ends with a ledger of what has to be on
//! `trunkline.events`.
//!
//! It is written from the vendors' documents and takes nothing from `crate::vendor`: a mistake there must not be repeated
//! here. A test reads the sources.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs`, `draw.rs` | what a run does; all randomness, from one seed |
//! | `call.rs` | the truth about a call |
//! | `vendors/` | one file for each vendor, and the trait they share |
//! | `site.rs` | one vendor at work: its calls, tokens, counts |
//! | `server.rs`, `api.rs`, `requests.rs` | the vendors' APIs |
//! | `dialer.rs`, `callbacks.rs`, `trunkline.rs` | what goes to trunkline |
//! | `ledger.rs` | what is due, and the comparison |

pub mod api;
pub mod call;
mod callbacks;
mod dialer;
pub mod draw;
#[cfg(test)]
mod independence;
pub mod ledger;
pub mod plan;
mod requests;
mod server;
pub mod site;
mod trunkline;
pub mod vendors;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::ledger::Ledger;
use self::plan::{Away, Plan};
use self::server::Vendors;
use self::site::Site;
use self::trunkline::Trunkline;
use self::vendors::Vendor;
use crate::clock;
use crate::event::Instant;

/// How often a run looks whether it is done.
const GLANCE: Duration = Duration::from_millis(100);

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The plan names a vendor there is no simulation of.
    #[error("{0} is not simulated; there are {known}", known = names().join(", "))]
    Vendor(String),
    /// The plan names a vendor twice.
    #[error("{0} is in the plan twice")]
    Twice(String),
    /// The address is not to be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// trunkline's address cannot be called.
    #[error("no HTTP client: {0}")]
    Client(String),
}

/// The names of all simulated vendors.
pub fn names() -> Vec<&'static str> {
    vendors::REGISTRY.iter().map(|vendor| vendor.name()).collect()
}

/// Settings (TOML) of a source for each of `vendors`, whose APIs the simulator serves at `address`.
pub fn settings(vendors: &[String], address: SocketAddr) -> Result<String, Unfit> {
    let found = vendors.iter().map(|name| vendors::find(name).ok_or_else(|| Unfit::Vendor(name.clone())));
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().map(|vendor| source(vendor, address)).collect())
}

/// Settings of a source for one vendor. Asking begins when calls are usually over, and is quick for a demonstration.
fn source(vendor: &dyn Vendor, address: SocketAddr) -> String {
    let name = vendor.name();
    let own = vendor.settings(&format!("http://{address}/{name}"));
    format!(
        "[sources.{name}-simulated]\n\
         vendor = \"{name}\"\n\
         dialer_tokens = [\"{}\"]\n\
         poll.first_delay_seconds = 3\n\
         poll.pause_seconds = 1\n\
         poll.pause_factor = 1.5\n\
         poll.longest_pause_seconds = 10\n\
         poll.deadline_seconds = 600\n\
         poll.requests_per_minute = 600\n\
         poll.burst = 5\n\
         poll.timeout_ms = 2000\n\
         poll.circuit_longest_pause_seconds = 5\n\
         {}\n\n",
        dialer::TOKEN,
        own.trim()
    )
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Calls the plan places.
    pub planned: u64,
    /// Calls placed.
    pub placed: u64,
    /// Callbacks that are still to be sent, and other things the run has begun.
    pub under_way: usize,
    /// Events trunkline has to make of results it has not asked for.
    pub to_be_asked: usize,
}

/// A simulator at work. Its listener ends when it is dropped.
pub struct Simulation {
    seed: u64,
    address: SocketAddr,
    vendors: Arc<Vendors>,
    started: Timestamp,
    tasks: TaskTracker,
    stop: CancellationToken,
    _stop_with_this: DropGuard,
}

impl Simulation {
    /// Begins to serve the APIs of the plan's vendors at `listen`; port 0 takes a free one.
    pub async fn start(plan: Plan, listen: SocketAddr) -> Result<Self, Unfit> {
        let mut sites: Vec<Arc<Site>> = Vec::new();
        for vendor_plan in plan.vendors {
            let name = vendor_plan.vendor.clone();
            let Some(vendor) = vendors::find(&name) else { return Err(Unfit::Vendor(name)) };
            if sites.iter().any(|site| site.vendor.name() == name) {
                return Err(Unfit::Twice(name));
            }
            sites.push(Arc::new(Site::new(vendor, vendor_plan, plan.seed)));
        }
        let refused = |error| Unfit::Listen(listen, error);
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let vendors = Arc::new(Vendors { sites, strays: AtomicU64::new(0) });
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        tasks.spawn(server::serve(listener, vendors.clone(), tasks.clone(), stop.clone()));
        Ok(Self {
            seed: plan.seed,
            address,
            vendors,
            started: clock::now(),
            tasks,
            _stop_with_this: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Where the vendors' APIs are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Settings (TOML) of a source for each vendor of the plan.
    pub fn settings(&self) -> String {
        self.vendors.sites.iter().map(|site| source(site.vendor, self.address)).collect()
    }

    /// The vendor of that name at work.
    pub fn site(&self, vendor: &str) -> Option<&Arc<Site>> {
        self.vendors.sites.iter().find(|site| site.vendor.name() == vendor)
    }

    /// Switches an outage of a vendor's API on or off, whatever the plan says.
    pub fn outage(&self, vendor: &str, away: Option<Away>) {
        if let Some(site) = self.site(vendor) {
            site.set_away(away);
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        self.vendors.sites.iter().fold(Progress::default(), |sum, site| Progress {
            planned: sum.planned + site.plan.calls,
            placed: sum.placed + site.placed(),
            under_way: sum.under_way + site.under_way(),
            to_be_asked: sum.to_be_asked + site.to_be_asked(),
        })
    }

    /// Places the plan's calls, sends their callbacks to trunkline at `target`, and waits, for `patience` at most, until
    /// trunkline has asked for all results that did not reach it. Ends early when `stop` says so. The APIs are served on.
    pub async fn run(&self, target: &str, patience: Duration, stop: CancellationToken) -> Result<Ledger, Unfit> {
        let stop = stop.child_token();
        let trunkline = Arc::new(Trunkline::new(target, stop.clone())?);
        let (dialers, others) = (TaskTracker::new(), TaskTracker::new());
        for site in &self.vendors.sites {
            site.begin_run();
            others.spawn(callbacks::send(site.clone(), trunkline.clone(), others.clone()));
            dialers.spawn(dialer::dial(site.clone(), trunkline.clone(), others.clone()));
        }
        dialers.close();
        let complete = stop.run_until_cancelled(self.done(&dialers, patience)).await.unwrap_or(false);
        stop.cancel();
        dialers.wait().await;
        others.close();
        others.wait().await;
        Ok(self.ledger(complete))
    }

    /// Waits until everything is placed, sent and asked for; whether it all was.
    async fn done(&self, dialers: &TaskTracker, patience: Duration) -> bool {
        dialers.wait().await;
        let mut waited = Duration::ZERO;
        loop {
            let progress = self.progress();
            match (progress.under_way, progress.to_be_asked) {
                (0, 0) => return true,
                (0, _) if waited >= patience => return false,
                (0, _) => waited += GLANCE,
                _ => {}
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The ledger so far.
    pub fn ledger(&self, complete: bool) -> Ledger {
        let mut ledger = Ledger {
            seed: self.seed,
            started_at: Instant::new(self.started),
            ended_at: Instant::new(clock::now()),
            complete,
            not_asked_for: self.progress().to_be_asked,
            strays: self.vendors.strays.load(Ordering::Relaxed),
            vendors: Default::default(),
            due: Vec::new(),
        };
        for site in &self.vendors.sites {
            let (vendor, due) = site.ledger();
            ledger.vendors.insert(site.vendor.name().to_owned(), vendor);
            ledger.due.extend(due);
        }
        ledger
    }

    /// Ends the listener and all connections, and waits for that.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
