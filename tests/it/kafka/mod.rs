//! Real Apache Kafka for the tests, without Docker: Java processes on loopback that never outlive the test process.
//!
//! Tests do not skip when Kafka cannot run: they panic and say what to do about it.

mod certificates;
mod node;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use self::certificates::Certificates;
use self::node::{Extra, Node, Ports};

const USER: &str = "trunkline";
const PASSWORD: &str = "only-for-tests";

const NO_SECURE: &str = "no secure listeners: a cluster of three nodes has none, and the one that \
    TRUNKLINE_TEST_BOOTSTRAP names is not ours. Unset that variable to have the tests start their own.";

/// A running Apache Kafka of one or three nodes on loopback, each both broker and controller.
///
/// It ends when this is dropped and also when the test process dies by any means, and takes its files with it.
pub struct Cluster {
    bootstrap: String,
    secure: Option<Secure>,
    /// Before the folder, which is removed after the processes that write to it are gone.
    nodes: Vec<Node>,
    proxied: Vec<u16>,
    _folder: Option<TempDir>,
}

/// Listeners with the security that real clusters use, and what a client needs for them.
pub struct Secure {
    /// Bootstrap of the listener with TLS and a password: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    pub sasl_ssl: String,
    /// Bootstrap of the listener with TLS that asks for a client certificate.
    pub mtls: String,
    /// The authority that signed the certificate of the broker, which is for 127.0.0.1 and localhost.
    pub ca_pem: PathBuf,
    /// A certificate that the broker accepts.
    pub client_cert_pem: PathBuf,
    /// The key of that certificate.
    pub client_key_pem: PathBuf,
    /// The only user.
    pub user: &'static str,
    /// The password of that user, the same for every mechanism.
    pub password: &'static str,
}

impl Cluster {
    /// One node for the whole test binary, started on first use: tests that use it name their own topics.
    ///
    /// `TRUNKLINE_TEST_BOOTSTRAP` names another cluster to test against instead.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| match env::var("TRUNKLINE_TEST_BOOTSTRAP") {
            Ok(bootstrap) => Self { bootstrap, secure: None, nodes: Vec::new(), proxied: Vec::new(), _folder: None },
            Err(_) => Self::start(1),
        })
    }

    /// A cluster of its own, of one node or three, for a test that kills or pauses nodes.
    pub fn start(nodes: usize) -> Self {
        assert!(nodes == 1 || nodes == 3, "a cluster has one node or three");
        Self::start_with(nodes, &[], &[])
    }

    /// A node of its own on which these users, who have the password of [`Secure`], may do what access lists allow them.
    /// Without security everything is allowed.
    pub fn guarded(users: &[&str]) -> Self {
        Self::start_with(1, &[], users)
    }

    /// A cluster of its own, of as many nodes as there are ports: each node tells clients of its listener [`Self::proxied`]
    /// that it is to be found at the port of its proxy.
    pub fn behind(proxies: &[u16]) -> Self {
        Self::start_with(proxies.len(), proxies, &[])
    }

    fn start_with(nodes: usize, proxies: &[u16], users: &[&str]) -> Self {
        let libs = libs();
        let mut started = Self::try_start(nodes, proxies, users, &libs);
        if started.as_ref().is_err_and(|why| why.contains("Address already in use")) {
            // Another process took a port between our finding it free and Kafka's listening on it.
            started = Self::try_start(nodes, proxies, users, &libs);
        }
        started.unwrap_or_else(|why| panic!("{why}"))
    }

    fn try_start(nodes: usize, proxies: &[u16], users: &[&str], libs: &Path) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("trunkline-kafka-").tempdir().expect("create a temporary folder");
        let ports: Vec<Ports> = (0..nodes).map(|_| Ports::free()).collect();
        // Three nodes are for tests of failures, which need no second way in.
        let certificates = (nodes == 1).then(|| Certificates::create(folder.path()).expect("make certificates"));
        let bootstrap: Vec<String> = ports.iter().map(|ports| format!("127.0.0.1:{}", ports.plaintext)).collect();
        let mut cluster = Self {
            bootstrap: bootstrap.join(","),
            nodes: (0..nodes)
                .map(|index| {
                    let extra = Extra { tls: certificates.as_ref(), proxy: proxies.get(index).copied(), users };
                    Node::create(index, &ports, folder.path(), libs, extra)
                })
                .collect(),
            proxied: ports.iter().map(|ports| ports.proxied).collect(),
            secure: certificates.map(|certificates| Secure::new(ports[0], certificates)),
            _folder: Some(folder),
        };
        cluster.nodes.iter_mut().for_each(Node::spawn);
        cluster.nodes.iter_mut().try_for_each(Node::wait_ready)?;
        Ok(cluster)
    }

    /// `host:port` of every node's listener without security, separated by commas.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// The listeners with security; clusters of one node have them.
    pub fn secure(&self) -> &Secure {
        self.secure.as_ref().expect(NO_SECURE)
    }

    /// Kills a node at once, as a crash would. Nodes count from 0.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Stops a node without ending it: its connections stay open and nothing answers.
    pub fn pause(&self, node: usize) {
        assert!(self.nodes[node].signal("-STOP"), "node {node} is not running");
    }

    /// Lets a paused node go on.
    pub fn resume(&self, node: usize) {
        assert!(self.nodes[node].signal("-CONT"), "node {node} is not running");
    }

    /// Starts a killed node again, with its data and on its ports, and waits until it is ready.
    ///
    /// A node is ready only when two of three run: after killing two, this works for either of them.
    pub fn restart(&mut self, node: usize) {
        self.spawn(node);
        self.wait_ready(node);
    }

    /// Starts a killed node again without waiting for it.
    pub fn spawn(&mut self, node: usize) {
        self.nodes[node].spawn();
        self.nodes[node].meet();
    }

    /// Waits until a node that was started again is ready.
    pub fn wait_ready(&mut self, node: usize) {
        self.nodes[node].wait_ready().unwrap_or_else(|why| panic!("{why}"));
    }

    /// Asks a node to hand over what it leads and to end.
    pub fn terminate(&self, node: usize) {
        assert!(self.nodes[node].signal("-TERM"), "node {node} is not running");
    }

    /// Whether the Kafka process of a node is there.
    pub fn runs(&self, node: usize) -> bool {
        self.nodes[node].signal("-0")
    }

    /// From now on every write of a node to its disk fails. Kafka ends a node that has no disk left.
    pub fn fill_disk(&self, node: usize) {
        let pid = self.nodes[node].pid().expect("the node was not killed").to_string();
        let limited = Command::new("prlimit").args(["--pid", &pid, "--fsize=1"]).status().expect("run prlimit");
        assert!(limited.success(), "prlimit --fsize of node {node}");
    }

    /// The port of a node's own listener for clients that come through its proxy.
    pub fn proxied(&self, node: usize) -> u16 {
        self.proxied[node]
    }

    /// What the nodes wrote: the name of each log and its text.
    pub fn logs(&self) -> Vec<(String, String)> {
        let read = |(index, node): (usize, &Node)| {
            let text = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
            let logs = node.logs().into_iter().enumerate();
            logs.map(|(life, path)| (format!("node-{index}-life-{life}.log"), text(path))).collect::<Vec<_>>()
        };
        self.nodes.iter().enumerate().flat_map(read).collect()
    }
}

impl Secure {
    fn new(ports: Ports, certificates: Certificates) -> Self {
        Self {
            sasl_ssl: format!("127.0.0.1:{}", ports.sasl_ssl),
            mtls: format!("127.0.0.1:{}", ports.mtls),
            ca_pem: certificates.ca,
            client_cert_pem: certificates.client_cert,
            client_key_pem: certificates.client_key,
            user: USER,
            password: PASSWORD,
        }
    }
}

/// Runs one of Kafka's command-line tools, by the name of its script, and returns what it says.
pub fn tool(script: &str, arguments: &[&str]) -> String {
    let class = match script {
        "kafka-acls.sh" => "org.apache.kafka.tools.AclCommand",
        "kafka-consumer-groups.sh" => "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "kafka-topics.sh" => "org.apache.kafka.tools.TopicCommand",
        other => panic!("{other} is not known here"),
    };
    let mut java = Command::new("java");
    java.args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
        .arg(format!("{}/*", libs().display()));
    let output = java.arg(class).args(arguments).output().expect("run java");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {told}");
    told
}

/// The folder of Kafka's jars; fetched if they are not there yet.
fn libs() -> PathBuf {
    if let Some(libs) = env::var_os("TRUNKLINE_KAFKA_LIBS") {
        return libs.into();
    }
    let fetch = concat!(env!("CARGO_MANIFEST_DIR"), "/tools/kafka/fetch");
    let output = Command::new(fetch).stderr(Stdio::inherit()).output().expect("run tools/kafka/fetch");
    let libs = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "tools/kafka/fetch failed; what it says above tells what to do");
    libs.trim_end().into()
}
