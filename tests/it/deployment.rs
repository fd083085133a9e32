//! One deployment under test: its own topics on a Kafka cluster, replicas of the real program, and a vendor that signs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use trunkline::config::Config;
use trunkline::kafka::{Embedded, Topics};
use trunkline::source::{Source, build};
use trunkline::vendor::Unsigned;

/// Secret of the source every deployment has.
pub const SECRET: &str = "only-for-tests-nxcloud";

/// How long anything may take before a test gives up: far above what it needs, because CI machines stall.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The configuration shared by all replicas of one test.
pub struct Deployment {
    pub bootstrap: String,
    pub prefix: String,
    pub toml: String,
    folder: tempfile::TempDir,
}

impl Deployment {
    /// A deployment with topics of its own on `bootstrap`. `extra` is TOML that goes into it.
    pub fn new(bootstrap: &str, extra: &str) -> Self {
        let prefix = format!("t{}", uuid::Uuid::new_v4().simple());
        // Tests share the processor with Java: its being busy is no finding, but where a test is about that.
        let busy = if extra.contains("max_busy_percent") { "" } else { "http.max_busy_percent = 100" };
        let toml = format!(
            r#"
            http.listen = "127.0.0.1:0"
            http.drain_delay_ms = 200
            {busy}
            admin.listen = "127.0.0.1:0"
            kafka.brokers = "{bootstrap}"
            kafka.topic_prefix = "{prefix}"
            kafka.partitions = 3
            kafka.replication_factor = 1
            dedup.group = "{prefix}-dedup"
            dedup.session_timeout_ms = 6000
            dedup.transaction_timeout_ms = 5000
            sources.nx.vendor = "nxcloud-callbot"
            sources.nx.uuid = "UID-TEST-01"
            sources.nx.secrets = ["{SECRET}"]
            {extra}
            "#
        );
        Self { bootstrap: bootstrap.to_owned(), prefix, toml, folder: tempfile::tempdir().expect("a folder") }
    }

    /// The same on an embedded broker of its own, with its topics.
    pub fn embedded(extra: &str) -> (Embedded, Self) {
        // The topics' names are known only with the deployment, which needs the broker's address.
        let broker = Embedded::start(&[]).expect("an embedded broker");
        let deployment = Self::new(broker.bootstrap(), extra);
        for topic in Topics::new(&deployment.config()).all() {
            let (name, partitions) = (topic.name.clone(), topic.partitions);
            broker.with(move |cluster| cluster.create_topic(&name, partitions, 1)).expect("created");
        }
        (broker, deployment)
    }

    pub fn config(&self) -> Config {
        Config::from_toml(&self.toml).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// Starts `trunkline serve` with `arguments` and does not wait for readiness.
    pub fn spawn(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Replica {
        self.spawn_program(Path::new(env!("CARGO_BIN_EXE_trunkline")), arguments, environment)
    }

    /// The same with another version of the program.
    pub fn spawn_program(&self, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Replica {
        let path = self.folder.path().join("trunkline.toml");
        // Whole or not at all: another replica may be reading it.
        let fresh = self.folder.path().join("trunkline.toml.new");
        std::fs::write(&fresh, &self.toml)
            .and_then(|()| std::fs::rename(&fresh, &path))
            .expect("write the configuration");
        let mut command = Command::new(program);
        command.arg("serve").arg("--config").arg(&path).args(arguments).envs(environment.iter().copied());
        Replica::spawn(command)
    }

    /// Starts a replica with all roles and waits until it is ready.
    pub fn start(&self) -> Replica {
        let mut replica = self.spawn(&[], &[]);
        replica.wait_ready();
        replica
    }

    /// A request for `kind` of source `nx`, signed as the vendor would.
    pub fn signed(&self, kind: &str, body: &str) -> Signed {
        self.signed_for("nx", kind, body)
    }

    /// The same for another configured source.
    pub fn signed_for(&self, source: &str, kind: &str, body: &str) -> Signed {
        let source = self.source_named(source);
        let kind = source.kind(kind).expect("a kind of the vendor");
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let now = jiff::Timestamp::now();
        let signed = source.adapter.sign(&Unsigned { kind, body, now, nonce: &nonce }).expect("signed");
        Signed { path: source.path(kind), headers: signed.headers, body: signed.body }
    }

    pub fn source(&self) -> Arc<Source> {
        self.source_named("nx")
    }

    fn source_named(&self, name: &str) -> Arc<Source> {
        build(&self.config()).unwrap_or_else(|errors| panic!("{errors:?}")).remove(name).expect("configured")
    }

    /// Writes one record.
    pub fn produce(&self, topic: &str, key: &str, value: &str) {
        let mut settings = ClientConfig::new();
        settings.set("bootstrap.servers", &self.bootstrap);
        let producer: BaseProducer = settings.create().expect("a producer");
        let topic = self.topic(topic);
        producer.send(BaseRecord::to(&topic).key(key).payload(value)).map_err(|(error, _)| error).expect("queued");
        producer.flush(PATIENCE).expect("written");
    }

    /// Everything committed on a topic.
    pub fn read(&self, topic: &str) -> Vec<Record> {
        read_topic(&self.bootstrap, &self.topic(topic), &[])
    }

    /// Reads `topic` until `enough` says so, and once more after that: a duplicate would come late.
    pub fn read_until(&self, topic: &str, enough: impl Fn(&[Record]) -> bool) -> Vec<Record> {
        eventually(&format!("enough records on {topic}"), || enough(&self.read(topic)));
        std::thread::sleep(Duration::from_millis(500));
        self.read(topic)
    }
}

/// A signed request.
#[derive(Clone)]
pub struct Signed {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// `Retry-After` of an answer, seconds.
pub fn retry_after(answer: &reqwest::Response) -> u32 {
    answer.headers()["retry-after"].to_str().expect("text").parse().expect("seconds")
}

impl Signed {
    pub async fn post(&self, client: &reqwest::Client, base: &str) -> reqwest::Result<reqwest::Response> {
        let request = client.post(format!("{base}{}", self.path)).body(self.body.clone());
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).send().await
    }
}

/// Body of a call callback.
pub fn call_body(call: &str, sip: &str) -> String {
    format!(
        r#"{{"callbackType":3,"orderID":"o-{call}","userPhone":"6281200000001","userTaskID":"t-1","taskID":"9","finish":true,"other":"","callInfoDetail":{{"callID":"{call}","callStartTs":1763683200,"callAnswerTs":0,"callEndTs":1763683230,"callDuration":0,"termSipCode":"{sip}"}}}}"#
    )
}

/// A record as a `read_committed` consumer sees it.
#[derive(Clone, Debug)]
pub struct Record {
    pub partition: i32,
    pub offset: i64,
    pub key: String,
    pub headers: BTreeMap<String, String>,
    pub value: Vec<u8>,
}

impl Record {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("header {name} is missing"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.value).expect("JSON")
    }

    /// Type, subject, revision and outcome, for assertions that read as sentences.
    pub fn summary(&self) -> String {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} r{} {}", text("type"), text("subject"), json["revision"], text("outcome"))
    }
}

/// Everything committed on `topic`, in order of partition and offset. `properties` go to the client.
pub fn read_topic(bootstrap: &str, topic: &str, properties: &[(&str, &str)]) -> Vec<Record> {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "trunkline-tests-reader")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true");
    for (name, value) in properties {
        settings.set(*name, *value);
    }
    let consumer: BaseConsumer = settings.create().expect("a consumer");
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let partitions = metadata.topics()[0].partitions().len();
    let mut list = TopicPartitionList::new();
    for id in 0..partitions as i32 {
        list.add_partition_offset(topic, id, Offset::Beginning).expect("added");
    }
    consumer.assign(&list).expect("assigned");
    let mut records = Vec::new();
    let mut ended = 0;
    let deadline = Instant::now() + PATIENCE;
    while ended < partitions {
        assert!(Instant::now() < deadline, "{topic} cannot be read to its end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => records.push(Record {
                partition: message.partition(),
                offset: message.offset(),
                key: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
                headers: message.headers().iter().flat_map(|headers| headers.iter()).map(text).collect(),
                value: message.payload().unwrap_or_default().to_vec(),
            }),
            Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
            Some(Err(_)) | None => {}
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}

fn text(header: rdkafka::message::Header<'_, &[u8]>) -> (String, String) {
    (header.key.to_owned(), String::from_utf8_lossy(header.value.unwrap_or_default()).into_owned())
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One running `trunkline`; killed when dropped.
pub struct Replica {
    child: Child,
    addresses: mpsc::Receiver<(String, String)>,
    known: BTreeMap<String, String>,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Replica {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("start trunkline");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (found, addresses) = mpsc::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(announced) = announced(&line) {
                    let _ = found.send(announced);
                }
                let mut log = written.lock().expect("not poisoned");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { child, addresses, known: BTreeMap::new(), log, reader: Some(reader) }
    }

    /// Base URL of the listener for vendors.
    pub fn url(&mut self) -> String {
        format!("http://{}", self.address("callbacks"))
    }

    /// Base URL of the admin listener.
    pub fn admin(&mut self) -> String {
        format!("http://{}", self.address("admin"))
    }

    fn address(&mut self, what: &str) -> String {
        while !self.known.contains_key(what) {
            match self.addresses.recv_timeout(PATIENCE) {
                Ok((name, address)) => drop(self.known.insert(name, address)),
                Err(_) => panic!("no address of {what} in the log:\n{}", self.log()),
            }
        }
        self.known[what].clone()
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard output, if that was piped.
    pub fn stdout(&mut self) -> std::process::ChildStdout {
        self.child.stdout.take().expect("piped")
    }

    /// What each of its threads waits for, where the system tells.
    pub fn threads(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let read = |task: &std::fs::DirEntry, name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        tasks.map(|task| format!("{} {}", read(&task, "comm").trim(), read(&task, "syscall"))).collect()
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("not poisoned").clone()
    }

    /// Waits until `/readyz` says yes.
    pub fn wait_ready(&mut self) {
        let admin = self.admin();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, text) = get(&format!("{admin}/readyz?verbose"));
            if status == 200 {
                return;
            }
            assert!(Instant::now() < deadline, "never ready:\n{text}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The value of a metric, summed over its labels; `labels` must all be in the line.
    pub fn metric(&mut self, name: &str, labels: &[&str]) -> f64 {
        let (_, text) = get(&format!("{}/metrics", self.admin()));
        let wanted = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        };
        text.lines().filter(wanted).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().expect("wait")?;
        // The last lines may still be on their way.
        self.reader.take().map(std::thread::JoinHandle::join);
        Some(status)
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM, and the exit status.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        self.wait()
    }
}

/// The listener a log line announces, and its address.
fn announced(line: &str) -> Option<(String, String)> {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(line) {
        return Some((json["message"].as_str()?.to_owned(), json["address"].as_str()?.to_owned()));
    }
    // The form for people, with its colours.
    let plain: String = line
        .split('\x1b')
        .enumerate()
        .map(|(number, part)| match part.split_once('m') {
            Some((_, text)) if number > 0 => text,
            _ => part,
        })
        .collect();
    let (before, after) = plain.split_once(" address=")?;
    Some((before.rsplit(' ').next()?.to_owned(), after.split(' ').next()?.to_owned()))
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client as a vendor or dialer has it.
pub fn client() -> reqwest::Client {
    trunkline::tls::install_provider();
    reqwest::Client::new()
}

/// GET, on a thread of its own so that it works inside and outside a runtime. Status 0 when nobody answers.
pub fn get(url: &str) -> (u16, String) {
    let url = url.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            match client().get(&url).send().await {
                Ok(response) => (response.status().as_u16(), response.text().await.unwrap_or_default()),
                Err(error) => (0, error.to_string()),
            }
        })
    })
    .join()
    .expect("no panic")
}
