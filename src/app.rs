//! Builds the parts of a process, starts its roles, and stops them in an order that loses nothing.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, SettingsError};
use crate::dedup::{Setup, Stage};
use crate::event;
use crate::http::{self, Admission, Ingest, Limits};
use crate::inbox::Inbox;
use crate::kafka::{Check, Health, PROCESS, Publisher, SPOOL, Topics, TopicsError, client_config, ensure_topics};
use crate::lifecycle;
use crate::metrics::Metrics;
use crate::outlet::Outlet;
use crate::pending::Pending;
use crate::poll::{self, Polling};
use crate::series;
use crate::source::{self, Sources};
use crate::spool::{self, Drainer, Spool};
use crate::telemetry::Tracer;
use crate::{clock, tls};

/// On a stop: how long what was written may take to reach Kafka.
const FLUSH: Duration = Duration::from_secs(5);
/// On a stop: how long questions of probes and metrics under way may take. Spans take no longer.
const LAST_QUESTIONS: Duration = Duration::from_secs(1);

/// How long a stop takes at most, beside `http.drain_delay_ms` and `http.drain_timeout_ms`: the poller, the spool and what they
/// wrote, one after the other, then the admin listener with the last spans. Dedup's last commit is side by side with them.
pub const LONGEST_STOP: Duration = Duration::from_secs(
    lifecycle::PATIENCE.as_secs() + spool::LAST.as_secs() + FLUSH.as_secs() + LAST_QUESTIONS.as_secs(),
);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Takes callbacks and writes them to the inbox.
    Ingest,
    /// Decides the inbox and writes what consumers read.
    Dedup,
    /// Asks vendors for results.
    Poll,
}

/// Why a process ended badly.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The configuration cannot be used: exit code 2.
    #[error("{}", .0.iter().map(|error| error.to_string()).collect::<Vec<_>>().join("\n"))]
    Configuration(Vec<SettingsError>),
    /// Something failed while running: exit code 1.
    #[error("{0}")]
    Running(String),
}

impl From<SettingsError> for Failed {
    fn from(error: SettingsError) -> Self {
        Self::Configuration(vec![error])
    }
}

/// A configured process, before it starts.
pub struct App {
    /// The configuration.
    pub config: Arc<Config>,
    /// The configured sources.
    pub sources: Sources,
    /// Settings every Kafka client starts from.
    pub client: ClientConfig,
    /// The topics.
    pub topics: Topics,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub health: Health,
}

/// The listeners of a process, bound before anything starts so that a taken port is known at once.
pub struct Listeners {
    /// For vendors.
    pub callbacks: Option<TcpListener>,
    /// TLS towards vendors, if it ends here.
    pub tls: Option<Arc<tls::Server>>,
    /// For probes and metrics.
    pub admin: TcpListener,
}

impl App {
    /// Builds everything that can be wrong without talking to anybody.
    pub fn new(config: Config) -> Result<Self, Failed> {
        let sources = source::build(&config).map_err(Failed::Configuration)?;
        let client = client_config(&config)?;
        let topics = Topics::new(&config);
        let metrics = Arc::new(Metrics::new().with_process());
        Ok(Self { config: Arc::new(config), sources, client, topics, metrics, health: Health::default() })
    }

    /// Binds the listeners the roles need.
    pub async fn bind(&self, roles: &[Role]) -> Result<Listeners, Failed> {
        let (callbacks, tls) = match roles.contains(&Role::Ingest) {
            true => (Some(bind("http.listen", self.config.http.listen).await?), self.tls()?),
            false => (None, None),
        };
        Ok(Listeners { callbacks, tls, admin: bind("admin.listen", self.config.admin.listen).await? })
    }

    fn tls(&self) -> Result<Option<Arc<tls::Server>>, SettingsError> {
        let Some(settings) = &self.config.http.tls else { return Ok(None) };
        let refused = |wrong: tls::Unusable| self.config.error(wrong.key, format!("{}: {}", wrong.finding, wrong.fix));
        let server = tls::Server::load(settings).map_err(refused)?;
        Ok(Some(Arc::new(server)))
    }

    /// Runs `roles` until `stop`, or until one of them cannot go on. `check_topics` is off for the embedded broker, whose
    /// topics exist.
    pub async fn run(
        self,
        roles: &[Role],
        listeners: Listeners,
        check_topics: bool,
        stop: CancellationToken,
    ) -> Result<(), Failed> {
        series::begin(&self.metrics, &self.config, &self.sources, roles);
        let tracer = Tracer::start(&self.config, &self.metrics)?;
        let spool = match listeners.callbacks.is_some() {
            true => Spool::open(&self.config, self.metrics.clone())?,
            false => None,
        };
        let draining = self.health.check(PROCESS);
        draining.holds("running");
        let admin_stop = CancellationToken::new();
        let admin = tokio::spawn(http::serve(
            listeners.admin,
            http::admin_router(self.health.clone(), self.metrics.clone()),
            self.limits(LAST_QUESTIONS),
            None,
            None,
            admin_stop.clone(),
        ));
        let kafka = self.health.check("kafka");
        let callbacks_stop = CancellationToken::new();
        let polls = roles.contains(&Role::Poll);
        let publisher = match listeners.callbacks.is_some() || polls {
            true => Some(Arc::new(Publisher::new(&self.config, &self.client, self.metrics.clone())?)),
            false => None,
        };
        let callbacks = listeners.callbacks.zip(publisher.clone()).map(|(listener, publisher)| {
            let outlet = match &spool {
                Some(spool) => Outlet::spooling(publisher, spool.clone()),
                None => Outlet::refusing(publisher),
            };
            let router = http::callback_router(Arc::new(self.ingest(outlet, tracer.clone())));
            let limits = self.limits(Duration::from_millis(self.config.http.drain_timeout_ms));
            let (tls, metrics) = (listeners.tls.clone(), Some(self.metrics.clone()));
            tokio::spawn(http::serve(listener, router, limits, tls, metrics, callbacks_stop.clone()))
        });
        let polling = match publisher.clone().filter(|_| polls) {
            Some(publisher) => Some(self.polling(publisher)?),
            None => None,
        };
        if let (Some(spool), Some(publisher)) = (&spool, &publisher) {
            tokio::spawn(spool.clone().watch(publisher.outage().clone(), self.health.check(SPOOL)));
        }
        let secrets = tokio::spawn(reload(self.sources.clone(), listeners.tls, self.metrics.clone()));

        event::warm_up();
        let checked = match check_topics {
            true => self.wait_for_topics(&kafka, publisher.as_ref(), &stop).await,
            false => Ok(()),
        };
        let (mut drainer, ended) = (None, checked.map_err(Failed::Running));
        let (stages, polling, ended) = match ended {
            Ok(()) if !stop.is_cancelled() => {
                drainer = spool.zip(publisher.clone()).map(|(spool, publisher)| Drainer::spawn(spool, publisher));
                self.work(roles, publisher.as_ref(), polling, kafka, &tracer, &stop).await
            }
            ended => (Vec::new(), None, ended),
        };

        // First readiness, so that nobody new comes; then the requests under way; then what they wrote; then dedup, which
        // commits what it decided; last the admin listener, so that all of this can be watched.
        draining.fails("stopping");
        let mut clean = true;
        if let Some(callbacks) = callbacks {
            tokio::time::sleep(Duration::from_millis(self.config.http.drain_delay_ms)).await;
            callbacks_stop.cancel();
            clean &= callbacks.await.unwrap_or(false);
        }
        let writers = async {
            if let Some(polling) = polling {
                polling.stop().await;
            }
            if let Some(drainer) = drainer {
                drainer.stop().await;
            }
            let Some(publisher) = publisher else { return true };
            let flushed = tokio::task::spawn_blocking(move || publisher.flush(FLUSH));
            flushed.await.unwrap_or(false)
        };
        // Side by side: when Kafka is silent each takes its time, and supervisors are patient for half a minute at most.
        let (flushed, committed) = tokio::join!(writers, stop_stages(stages));
        clean &= flushed && committed;
        secrets.abort();
        admin_stop.cancel();
        let _ = tokio::join!(admin, tracer.stop());
        tracing::info!(clean, "stopped");
        match ended {
            Err(failed) => Err(failed),
            Ok(()) if !clean => Err(Failed::Running("stopped before everything under way was finished".to_owned())),
            Ok(()) => Ok(()),
        }
    }

    /// Starts what needs Kafka, and watches over it until `stop`.
    async fn work(
        &self,
        roles: &[Role],
        publisher: Option<&Arc<Publisher>>,
        polling: Option<poll::Setup>,
        kafka: Check,
        tracer: &Tracer,
        stop: &CancellationToken,
    ) -> (Vec<Stage>, Option<Polling>, Result<(), Failed>) {
        match publisher {
            Some(publisher) => publisher.watch(self.topics.clone(), kafka),
            None => kafka.back("topics checked at start"),
        }
        let polling = polling.and_then(|polling| polling.start(self.health.check("poll")));
        let setup = Setup {
            config: self.config.clone(),
            client: self.client.clone(),
            topics: self.topics.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            tracer: tracer.clone(),
        };
        let workers = if roles.contains(&Role::Dedup) { self.config.dedup.workers } else { 0 };
        let mut stages: Vec<Stage> = (0..workers).map(|index| Stage::spawn(setup.clone(), index)).collect();
        loop {
            tokio::select! {
                () = stop.cancelled() => return (stages, polling, Ok(())),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
            if let Some(index) = stages.iter().position(Stage::is_finished) {
                let ended = stages.remove(index).join();
                let why = ended.err().map_or_else(|| "a dedup worker ended".to_owned(), |failure| failure.to_string());
                return (stages, polling, Err(Failed::Running(why)));
            }
            if stages.iter().any(Stage::is_stalled) {
                let why = "a dedup worker hangs in a Kafka call; ending the process so that it is replaced".to_owned();
                return (stages, polling, Err(Failed::Running(why)));
            }
        }
    }

    /// Kafka being away at start is waited for; wrong topics are refused.
    async fn wait_for_topics(
        &self,
        kafka: &Check,
        publisher: Option<&Arc<Publisher>>,
        stop: &CancellationToken,
    ) -> Result<(), String> {
        loop {
            let asked = Instant::now();
            match ensure_topics(&self.config, &self.client, &self.topics).await {
                Ok(findings) => {
                    findings.iter().for_each(|finding| tracing::warn!("{}", finding.text));
                    return Ok(());
                }
                Err(TopicsError::Refused(why)) => return Err(why),
                Err(TopicsError::Unreachable(why)) => {
                    tracing::warn!("{why}");
                    kafka.away(why);
                    publisher.inspect(|publisher| publisher.unreachable(asked));
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    fn inbox(&self, outlet: Outlet) -> Inbox {
        let (topics, sources) = (self.topics.clone(), self.sources.clone());
        Inbox { outlet, topics, sources, metrics: self.metrics.clone() }
    }

    fn pending(&self, outlet: Outlet) -> Pending {
        Pending::new(outlet, self.topics.clone(), &self.sources)
    }

    fn polling(&self, publisher: Arc<Publisher>) -> Result<poll::Setup, SettingsError> {
        let outlet = Outlet::patient(publisher);
        let (inbox, pending) = (self.inbox(outlet.clone()), self.pending(outlet));
        poll::Setup::new(self.config.clone(), self.client.clone(), self.sources.clone(), inbox, pending)
    }

    fn ingest(&self, outlet: Outlet, tracer: Tracer) -> Ingest {
        let names = self.sources.keys().map(String::as_str);
        let admission = Arc::new(Admission::new(&self.config.http, names, &self.metrics));
        tokio::spawn(admission.clone().watch());
        Ingest {
            config: self.config.clone(),
            sources: self.sources.clone(),
            inbox: self.inbox(outlet.clone()),
            pending: self.pending(outlet),
            admission,
            tracer,
        }
    }

    fn limits(&self, drain_timeout: Duration) -> Limits {
        let http = &self.config.http;
        let handshake_timeout_ms = http.tls.as_ref().map_or(0, |tls| tls.handshake_timeout_ms);
        Limits {
            max_connections: http.max_connections,
            handshake_timeout: Duration::from_millis(handshake_timeout_ms),
            head_timeout: Duration::from_millis(http.head_timeout_ms),
            idle_timeout: Duration::from_millis(http.idle_timeout_ms),
            write_timeout: Duration::from_millis(http.write_timeout_ms),
            drain_timeout,
        }
    }
}

async fn bind(key: &str, address: std::net::SocketAddr) -> Result<TcpListener, Failed> {
    TcpListener::bind(address).await.map_err(|error| {
        let fix = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program uses this port: choose another one, port 0 takes a free one"
            }
            std::io::ErrorKind::PermissionDenied => "this user may not use this port: choose one above 1023",
            _ => "choose an address of this machine",
        };
        Failed::Running(format!("cannot listen on {address} ({key}): {error}; {fix}"))
    })
}

/// Stops the workers together and waits for their last commits. Kafka aborts the transaction of one that is left behind.
async fn stop_stages(stages: Vec<Stage>) -> bool {
    stages.iter().for_each(Stage::stop);
    lifecycle::finished(|| stages.iter().all(Stage::is_finished)).await
        && stages.into_iter().all(|stage| stage.join().is_ok())
}

/// Re-reads secret files and certificates every few seconds, and at once on SIGHUP.
async fn reload(sources: Sources, tls: Option<Arc<tls::Server>>, metrics: Arc<Metrics>) {
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).expect("signals work");
    if let Some(tls) = &tls {
        watch_expiry(tls, &metrics);
    }
    loop {
        tokio::select! {
            _ = hangup.recv() => tracing::info!("SIGHUP: re-reading secret files and certificates"),
            () = tokio::time::sleep(Duration::from_secs(10)) => {}
        }
        for source in sources.values() {
            let result = match source.reload_secrets() {
                Ok(true) => {
                    tracing::info!(source = source.name, "secrets changed");
                    "changed"
                }
                Ok(false) => "unchanged",
                Err(error) => {
                    tracing::error!(source = source.name, %error, "the old secrets stay in use");
                    "failed"
                }
            };
            metrics.secret_reloads.with_label_values(&[&source.name, result]).inc();
            source.tell_secrets(&metrics);
        }
        if let Some(tls) = &tls {
            reload_tls(tls, &metrics);
        }
    }
}

fn reload_tls(tls: &tls::Server, metrics: &Metrics) {
    let result = match tls.reload(clock::now()) {
        Ok(true) => {
            tracing::info!(expires = %tls.expires(), "certificate changed");
            watch_expiry(tls, metrics);
            "changed"
        }
        Ok(false) => "unchanged",
        Err(error) => {
            tracing::error!(%error, expires = %tls.expires(), "the old certificate stays in use");
            "failed"
        }
    };
    metrics.tls_reloads.with_label_values(&[result]).inc();
}

fn watch_expiry(tls: &tls::Server, metrics: &Metrics) {
    metrics.tls_expiry.with_label_values(&["callbacks"]).set(tls.expires().as_second());
    if tls.expires() < clock::now() {
        tracing::error!(expires = %tls.expires(), "the certificate in use has expired: senders that look turn away");
    }
}
