//! How fast callbacks are taken, against how fast they could be: the real program beside servers that do less, on the same
//! core, with the same requests.
//!
//! * `bare` only answers 200: what HTTP costs.
//! * `floor` checks one HMAC, parses the body, writes it as one record and answers when all replicas have it: what nobody
//!   who keeps that promise can be below.
//! * `trunkline` is the program, `--role ingest`, with its default settings, but for turning senders away when it is busy.
//!
//! Server on core 0; on core 1 a sender on one thread, whose connections each send the next request when the last one is
//! answered, and Kafka. Servers take turns, in a reversed order every other round. CPU is what the system counts for the
//! server's process. `cargo bench --bench ingest` prints Markdown; `-- --rounds 1 --only rtt0` a part of it.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/deployment.rs"]
mod deployment;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/kafka/mod.rs"]
mod kafka;
#[expect(dead_code, reason = "other benchmarks use more of it")]
#[path = "load/mod.rs"]
mod load;

#[path = "ingest/brokers.rs"]
mod brokers;
#[path = "ingest/options.rs"]
mod options;
#[path = "ingest/requests.rs"]
mod requests;
#[path = "ingest/results.rs"]
mod results;
#[path = "ingest/sender.rs"]
mod sender;
#[path = "ingest/servers.rs"]
mod servers;
#[path = "ingest/targets.rs"]
mod targets;

use std::time::Duration;

use trunkline::config::Config;
use trunkline::source::demo_settings;

use brokers::{Broker, SETTINGS, Setting};
use deployment::Replica;
use load::figures::median;
use load::process::{cpu, on_core, pin};
use options::Options;
use requests::{Calls, Dialect};
use results::{FLOOR, Results, TRUNKLINE};
use sender::{WARM_UP, closed_loop, first, resident_with_connections, wait_answered};
use servers::Server;
use targets::Once;

/// The server's core.
const SERVER: &str = "0";
/// The core of everything else.
const SENDER: &str = "1";
/// The prefix of its topics.
const PREFIX: &str = "trunkline";
/// How often the program is started to send it a first request.
const STARTS: usize = 10;
/// Connections with which memory is looked at.
const CONNECTIONS: usize = 256;
/// How long idle processes are watched.
const IDLE: Duration = Duration::from_secs(3);

/// A server under load.
struct Target {
    name: String,
    address: String,
    path: String,
    process: Option<u32>,
    dialect: Dialect,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["bare"] => return servers::bare(),
        ["floor", bootstrap] => return servers::floor(bootstrap),
        // `cargo test` runs benches once to see that they work; this one needs its own machine to mean anything.
        arguments if !arguments.contains(&"--bench") => return,
        _ => {}
    }
    let options = Options::read(&arguments);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    // Whatever this process starts is where it is itself, but for the servers.
    pin(SENDER, std::process::id());
    let bench = Bench { options, folder: tempfile::tempdir().expect("a folder") };
    println!("{}\n", bench.head(cores));
    let (mut calls, mut results, mut once) = (Calls::new(), Results::default(), Once::default());
    for setting in &SETTINGS {
        bench.measure(setting, &mut calls, &mut results, &mut once);
    }
    println!("### Targets\n\n{}", targets::table(&results, &once));
}

struct Bench {
    options: Options,
    folder: tempfile::TempDir,
}

impl Bench {
    fn head(&self, cores: usize) -> String {
        let Options { rounds, measured, settings, .. } = &self.options;
        let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model =
            model.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
        let settings = if settings.is_empty() { "its default settings".to_owned() } else { settings.join(", ") };
        format!(
            "{}, {cores} cores: the server on one, sender and Kafka on another. Medians of {rounds} rounds of {} s; ratios are \
             those within a round. trunkline with {settings}.",
            model.unwrap_or("unknown processor"),
            measured.as_secs()
        )
    }

    /// Everything that is measured with one broker.
    fn measure(&self, setting: &Setting, calls: &mut Calls, results: &mut Results, once: &mut Once) {
        let wants = |part| self.options.wants(part);
        let (cells, starts) = (wants(setting.name), wants("first") && setting.name != "rtt5");
        let memory = wants("memory") && setting.name == "kafka";
        if !(cells || starts || memory) {
            return;
        }
        let known = settings("unused:0", PREFIX);
        let known = Config::from_toml(&known).unwrap_or_else(|errors| panic!("{errors:?}"));
        let broker = Broker::start(setting, &known);
        println!("### {}\n", setting.title);
        if cells {
            self.cells(setting, &broker, calls, results);
        }
        if starts {
            let times: Vec<f64> = (0..STARTS).map(|_| self.first(&broker, calls)).collect();
            let worst = times.iter().copied().fold(0.0, f64::max);
            println!(
                "First request after readiness, {STARTS} fresh processes: {:.1} ms median, {worst:.1} ms at worst.\n",
                median(times.into_iter())
            );
            once.first = Some(once.first.map_or(worst, |known| known.max(worst)));
        }
        if memory {
            once.resident = Some(self.memory(&broker, calls));
        }
    }

    fn cells(&self, setting: &Setting, broker: &Broker, calls: &mut Calls, results: &mut Results) {
        let bare = (setting.name == "rtt0").then(|| Server::start(SERVER, &["bare"]));
        let floor = Server::start(SERVER, &["floor", broker.bootstrap()]);
        let mut trunkline = self.start(broker, PREFIX, &["--role", "ingest"]);
        let simple = |name: &str, server: &Server| Target {
            name: name.to_owned(),
            address: server.address.clone(),
            path: servers::PATH.to_owned(),
            process: Some(server.id()),
            dialect: Dialect::Floor,
        };
        let mut targets: Vec<Target> = bare.iter().map(|bare| simple("bare", bare)).collect();
        targets.push(simple(FLOOR, &floor));
        targets.push(Target {
            name: TRUNKLINE.to_owned(),
            address: address(&mut trunkline),
            path: String::new(),
            process: Some(trunkline.id()),
            dialect: Dialect::Vendors,
        });
        if let Some(peer) = &self.options.peer {
            eprintln!("{}: {} is to write to topic `peer` of {}", setting.name, peer.name, broker.bootstrap());
            peer.process.inspect(|process| pin(SERVER, *process));
            targets.push(Target {
                name: peer.name.clone(),
                address: peer.address.clone(),
                path: peer.path.clone(),
                process: peer.process,
                dialect: Dialect::Floor,
            });
        }
        for target in &targets {
            wait_answered(&target.name, &target.address, &calls.take(target.dialect, 1, &target.path)[0]);
        }
        for round in 0..self.options.rounds {
            for connections in setting.connections {
                for target in &targets {
                    let expected = results.last_rate(setting, *connections, &target.name);
                    let measured = self.options.measured;
                    let requests = calls.take(target.dialect, enough(*connections, measured, expected), &target.path);
                    let figures = closed_loop(&target.address, target.process, requests, *connections, measured);
                    let figures = figures.unwrap_or_else(|wrong| {
                        panic!("{}, {}, {connections} connections: {wrong}", setting.name, target.name)
                    });
                    eprintln!(
                        "{} round {round}, {connections} connections, {}: {figures:.2?}",
                        setting.name, target.name
                    );
                    results.add(setting, *connections, &target.name, figures);
                }
            }
            targets.reverse();
        }
        if self.options.rounds % 2 == 1 {
            targets.reverse();
        }
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        println!("{}", results.table(setting, &names));
        println!("{}\n", idle(&targets));
        println!("{}\n", understood(&mut trunkline));
    }

    /// The first request to a process that says it is ready.
    fn first(&self, broker: &Broker, calls: &mut Calls) -> f64 {
        let mut replica = self.start(broker, PREFIX, &["--role", "ingest"]);
        replica.wait_ready();
        first(&address(&mut replica), &calls.take(Dialect::Vendors, 1, "")[0])
    }

    /// Memory of a process with all roles, and topics of its own: what others wrote is no work for it.
    fn memory(&self, broker: &Broker, calls: &mut Calls) -> f64 {
        let mut replica = self.start(broker, "empty", &[]);
        replica.wait_ready();
        let address = address(&mut replica);
        let resident =
            resident_with_connections(&address, replica.id(), &calls.take(Dialect::Vendors, CONNECTIONS, ""));
        let requests = calls.take(Dialect::Vendors, enough(CONNECTIONS, self.options.measured, None), "");
        let loaded = closed_loop(&address, Some(replica.id()), requests, CONNECTIONS, self.options.measured);
        let loaded = loaded.map_or_else(|wrong| wrong, |figures| format!("{:.0} MiB", figures.resident));
        println!(
            "All roles, {CONNECTIONS} connections, empty window: {resident:.0} MiB resident; after {} s of all they can \
             send: {loaded}.\n",
            self.options.measured.as_secs()
        );
        resident
    }

    /// Starts the program, with topics called `prefix`, without waiting for it.
    fn start(&self, broker: &Broker, prefix: &str, arguments: &[&str]) -> Replica {
        let path = self.folder.path().join("trunkline.toml");
        let settings = format!("{}\n{}", self.options.settings.join("\n"), settings(broker.bootstrap(), prefix));
        std::fs::write(&path, settings).expect("write the configuration");
        let mut command = on_core(SERVER, &self.options.program);
        command.arg("serve").arg("--config").arg(path).args(arguments);
        Replica::spawn(command)
    }
}

/// Nothing but what has to be said: where Kafka is, that it is a single node, and the sources. And that all of the processor
/// may be used: senders that wait for their answers make it as busy as it can be, and nobody is to be turned away for that.
fn settings(bootstrap: &str, prefix: &str) -> String {
    format!(
        "http.listen = \"127.0.0.1:0\"\nhttp.max_busy_percent = 100\nadmin.listen = \"127.0.0.1:0\"\nkafka.brokers = \"{bootstrap}\"\n\
         kafka.topic_prefix = \"{prefix}\"\nkafka.replication_factor = 1\n{}",
        demo_settings()
    )
}

fn address(replica: &mut Replica) -> String {
    replica.url().trim_start_matches("http://").to_owned()
}

/// So many requests that none comes twice in `measured` and the time before, at half as much again as the rate `expected`.
fn enough(connections: usize, measured: Duration, expected: Option<f64>) -> usize {
    let expected = expected.unwrap_or((5_000 * connections).min(25_000) as f64);
    ((measured + WARM_UP).as_secs_f64() * expected * 1.5) as usize + connections
}

/// What processes use when nothing comes.
fn idle(targets: &[Target]) -> String {
    let used = || targets.iter().map(|target| target.process.map(cpu)).collect::<Vec<_>>();
    let before = used();
    std::thread::sleep(IDLE);
    let shares = targets.iter().zip(before.into_iter().zip(used())).map(|(target, (before, after))| {
        let used = after.zip(before).map(|(after, before)| (after - before).as_secs_f64() / IDLE.as_secs_f64() * 1e3);
        format!("{} {}", target.name, results::shown(used, 1))
    });
    format!("Idle, CPU ms a second: {}.", shares.collect::<Vec<_>>().join(", "))
}

/// Every callback was understood: those that are not are answered as well, and kept.
fn understood(trunkline: &mut Replica) -> String {
    let deliveries = trunkline.metric("trunkline_deliveries_total", &[]);
    let accepted = trunkline.metric("trunkline_deliveries_total", &["result=\"accepted\""]);
    assert!(deliveries == accepted, "{accepted} of {deliveries} callbacks were understood and acknowledged");
    let events = trunkline.metric("trunkline_ingested_events_total", &[]);
    format!("trunkline wrote {:.2} records a callback, the floor 1.", events / accepted)
}
