//! One Kafka process: its settings, its start and its end.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::certificates::Certificates;
use super::{PASSWORD, USER};

/// Long enough for three Java processes on a busy two-core machine.
const START_TIMEOUT: Duration = Duration::from_secs(180);

/// Settings that do not depend on the node: small internal topics, and short waits where the defaults suit production.
const SETTINGS: &str = "\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,MTLS:SSL,PROXIED:PLAINTEXT
auto.create.topics.enable=false
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
log.retention.check.interval.ms=2000
log.cleaner.dedupe.buffer.size=4194304
broker.heartbeat.interval.ms=300
";

/// Whoever comes without a name may do everything: the nodes themselves, and the tests.
const AUTHORIZER: &str = "\
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
";

/// Where Kafka keeps its login modules.
const MODULES: &str = "org.apache.kafka.common.security";

/// The ports of one node.
#[derive(Clone, Copy)]
pub struct Ports {
    pub plaintext: u16,
    pub controller: u16,
    pub sasl_ssl: u16,
    pub mtls: u16,
    pub proxied: u16,
}

impl Ports {
    /// Ports that nobody listens on now.
    ///
    /// They lie below the range from which the system takes the ports of outgoing connections (32768 and up on Linux).
    /// Otherwise a client could occupy the port of a killed node, even by connecting to itself in its attempts to
    /// reach that node, and the node could not start again.
    pub fn free() -> Self {
        static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
            // Test binaries that run side by side begin at different places.
            AtomicU16::new(u16::try_from(std::process::id() * 97 % 12_000).expect("below 12 000"))
        });
        let next = || loop {
            let port = 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 12_000;
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return port;
            }
        };
        Self { plaintext: next(), controller: next(), sasl_ssl: next(), mtls: next(), proxied: next() }
    }
}

/// What only some nodes have.
#[derive(Clone, Copy, Default)]
pub struct Extra<'a> {
    pub tls: Option<&'a Certificates>,
    pub proxy: Option<u16>,
    /// Users who may do what access lists allow and nothing else; without any, everybody may do everything.
    pub users: &'a [&'a str],
}

/// One member of a cluster, running or killed.
pub struct Node {
    id: usize,
    cluster_folder: PathBuf,
    folder: PathBuf,
    libs: PathBuf,
    /// Every port that is listened on once the node has started.
    listening: Vec<u16>,
    process: Option<Process>,
    /// How often it was started again.
    lives: usize,
}

/// The shell that guards a Kafka process (see `node.sh`), and the process id of the latter once it is known.
struct Process {
    guard: Child,
    kafka: Option<u32>,
}

impl Node {
    /// Writes the settings of node `index` of the cluster whose nodes have these ports.
    ///
    /// With certificates it also gets the listeners that need them, with the port of a proxy also one that tells clients
    /// to come through it.
    pub fn create(index: usize, ports: &[Ports], cluster: &Path, libs: &Path, extra: Extra<'_>) -> Self {
        let id = index + 1;
        let folder = cluster.join(format!("node-{id}"));
        fs::create_dir(&folder).expect("create the folder of a node");

        let Ports { plaintext, controller, sasl_ssl, mtls, proxied } = ports[index];
        let mut listeners = format!("PLAINTEXT://127.0.0.1:{plaintext}");
        let mut listening = vec![plaintext, controller];
        let mut settings = SETTINGS.to_owned();
        if let Some(tls) = extra.tls {
            write!(listeners, ",SASL_SSL://127.0.0.1:{sasl_ssl},MTLS://127.0.0.1:{mtls}").expect("a String takes it");
            listening.extend([sasl_ssl, mtls]);
            settings += &tls_settings(tls, extra.users);
        }
        if !extra.users.is_empty() {
            settings += AUTHORIZER;
        }
        let mut advertised = listeners.clone();
        if let Some(proxy) = extra.proxy {
            write!(listeners, ",PROXIED://127.0.0.1:{proxied}").expect("a String takes it");
            write!(advertised, ",PROXIED://127.0.0.1:{proxy}").expect("a String takes it");
            listening.push(proxied);
        }
        let voters: Vec<String> =
            ports.iter().zip(1..).map(|(ports, id)| format!("{id}@127.0.0.1:{}", ports.controller)).collect();
        let replicas = ports.len();
        // All but one of three: one node may be gone and acks=all still succeeds.
        let in_sync = replicas.div_ceil(2);
        // How soon the others replace a silent node, and how long a killed one waits until it may register again: a
        // single node has nobody who replaces it.
        let session = if replicas == 1 { 1500 } else { 3000 };
        settings += &format!(
            "node.id={id}
broker.session.timeout.ms={session}
log.dirs={data}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={advertised}
controller.quorum.voters={voters}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
",
            data = folder.join("data").display(),
            voters = voters.join(","),
        );
        fs::write(folder.join("node.properties"), settings).expect("write the settings of a node");
        let (cluster_folder, libs) = (cluster.to_owned(), libs.to_owned());
        Self { id, cluster_folder, folder, libs, listening, process: None, lives: 0 }
    }

    /// Starts the process without waiting for it, so that the nodes of a cluster start side by side.
    pub fn spawn(&mut self) {
        assert!(self.process.is_none(), "Kafka node {} runs already", self.id);
        // What an earlier life wrote stays beside it.
        if self.log().exists() {
            self.lives += 1;
            fs::rename(self.log(), self.folder.join(format!("log-{}", self.lives))).expect("keep the log of a node");
        }
        let log = File::create(self.log()).expect("create the log of a node");
        let log_settings = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/kafka/log4j2.properties");
        let guard = Command::new("bash")
            .args(["-c", include_str!("node.sh"), "node.sh"])
            .args([&self.cluster_folder, &self.folder])
            .arg(format!("name={USER},password={PASSWORD}"))
            .args(["java", "-Xms256m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-Dlog4j2.configurationFile={log_settings}"))
            .args(["-cp", &format!("{}/*", self.libs.display())])
            .current_dir(&self.folder)
            // Ctrl-C in a terminal goes to the whole group of the test process; the guard must outlive that.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("run bash");
        self.process = Some(Process { guard, kafka: None });
    }

    /// Waits until the Kafka process is there, which for a node that has its data already is at once.
    pub fn meet(&mut self) {
        let process = self.process.as_mut().expect("spawned before");
        let Some(stdout) = process.guard.stdout.take() else { return };
        let mut first_line = String::new();
        BufReader::new(stdout).read_line(&mut first_line).expect("read from the guard of a node");
        process.kafka = first_line.trim_end().parse().ok();
    }

    /// Waits until the node serves on every listener, or says why it does not.
    pub fn wait_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        self.meet();
        while Instant::now() < deadline {
            if !self.signal("-0") {
                return Err(self.failure("ended while starting"));
            }
            let log = fs::read_to_string(self.log()).unwrap_or_default();
            let connects = |&port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            if log.contains("Kafka Server started") && self.listening.iter().all(connects) {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        Err(self.failure("was not ready in time"))
    }

    /// Ends the process at once, as a crash would, and keeps its data.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("only a running node can be killed");
        let mut lifeline = process.guard.stdin.take().expect("a pipe, closed only here");
        lifeline.write_all(b"keep\n").expect("tell the guard of a node to keep its data");
        process.guard.wait().expect("wait for the guard of a node");
    }

    /// Sends a signal to the process, and tells whether there was one to take it.
    pub fn signal(&self, signal: &str) -> bool {
        let Some(kafka) = self.pid() else { return false };
        let mut kill = Command::new("kill");
        kill.args([signal, &kafka.to_string()]).stderr(Stdio::null()).status().expect("run kill").success()
    }

    /// The Kafka process, as long as the node was not killed.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.kafka
    }

    /// Every log of every life.
    pub fn logs(&self) -> Vec<PathBuf> {
        (1..=self.lives).map(|life| self.folder.join(format!("log-{life}"))).chain([self.log()]).collect()
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn failure(&self, what: &str) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(40)..].join("\n");
        format!(
            "Kafka node {} {what}. The end of its log:\n{tail}\n\
             To fix it: tools/setup checks for Java 17; removing target/kafka has the jars fetched again\n\
             (or, if TRUNKLINE_KAFKA_LIBS is set, check that folder).",
            self.id
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Closes the pipe first; what then happens is the same as when the test process dies.
            process.guard.wait().expect("wait for the guard of a node");
        }
    }
}

fn tls_settings(tls: &Certificates, users: &[&str]) -> String {
    let users: String = users.iter().map(|user| format!(" user_{user}=\"{PASSWORD}\"")).collect();
    format!(
        "ssl.keystore.type=PEM
ssl.keystore.location={}
ssl.truststore.type=PEM
ssl.truststore.location={}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={MODULES}.plain.PlainLoginModule required user_{USER}=\"{PASSWORD}\"{users};
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={MODULES}.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={MODULES}.scram.ScramLoginModule required;
listener.name.mtls.ssl.client.auth=required
",
        tls.server.display(),
        tls.ca.display()
    )
}
