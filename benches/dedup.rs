//! What exactly-once costs: the real program as dedup alone, against a plain loop that reads the same records and writes
//! them elsewhere, on a real single-node Kafka with a backlog. Then how long the seen-set takes to rebuild, and whether an
//! event costs the same however much is remembered, however many partitions, sources and replicas there are.
//!
//! What is measured has one core to itself; Kafka and this process share another one, so that rates are those of our
//! process unless Kafka's core is busy too, which is printed. `cargo bench --bench dedup`, with options after `--`:
//! `--rounds N`, `--events N` of the backlog, `--ids N` of the largest window, `--only throughput|growth`, `--program PATH` of
//! another build.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/deployment.rs"]
mod deployment;
#[path = "dedup/inbox.rs"]
mod inbox;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/it/kafka/mod.rs"]
mod kafka;
#[expect(dead_code, reason = "other benchmarks use more of it")]
#[path = "load/mod.rs"]
mod load;
#[path = "dedup/meter.rs"]
mod meter;
#[path = "dedup/plain.rs"]
mod plain;
#[path = "dedup/table.rs"]
mod table;

use std::path::PathBuf;

use inbox::Inbox;
use kafka::Cluster;
use load::figures::median;
use load::process::pin;
use meter::Figures;
use table::{cell, reached};

/// Of the worker, or the plain loop: a core to itself.
const WORKER: &str = "0";
/// Of everything else.
const REST: &str = "1";

/// Records to get everybody going, not counted.
const WARM_UP: u64 = 100_000;
/// Events of a run that is one of many.
const SHORT: u64 = 300_000;

struct Options {
    rounds: usize,
    events: u64,
    ids: u64,
    only: Option<String>,
    program: PathBuf,
}

impl Options {
    /// `None` unless run as a benchmark: `cargo test` runs benches once to see that they work; this one needs its own
    /// machine to mean anything.
    fn read() -> Option<Self> {
        let mut options = Self {
            rounds: 3,
            events: 1_000_000,
            ids: 10_000_000,
            only: None,
            program: env!("CARGO_BIN_EXE_trunkline").into(),
        };
        let mut benchmark = false;
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            if argument == "--bench" {
                benchmark = true;
                continue;
            }
            let value = arguments.next().unwrap_or_default();
            let number = || value.parse().unwrap_or_else(|_| panic!("{argument} takes a number"));
            match argument.as_str() {
                "--rounds" => options.rounds = number() as usize,
                "--events" => options.events = number(),
                "--ids" => options.ids = number(),
                "--only" => options.only = Some(value),
                "--program" => options.program = value.into(),
                _ => panic!("usage: [--rounds N] [--events N] [--ids N] [--only throughput|growth] [--program PATH]"),
            }
        }
        benchmark.then_some(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == part)
    }
}

fn main() {
    if plain::run_if_asked() {
        return;
    }
    let Some(options) = Options::read() else { return };
    // Whatever this process starts is where it is itself.
    pin(REST, std::process::id());
    let cluster = Cluster::start(1);
    let events = if options.wants("throughput") { options.events } else { SHORT };
    let mut inbox = Inbox::new(cluster.bootstrap(), &options.program, 4, 1);
    let bytes = inbox.fill(events);
    println!("{events} events, values of {bytes:.0} bytes, 4 partitions\n");
    inbox.decide(1, WARM_UP.min(events), 0);
    inbox.pass_on(WARM_UP.min(events));
    if options.wants("throughput") {
        throughput(&mut inbox, &options);
    }
    if options.wants("growth") {
        growth(&cluster, inbox, &options);
    }
}

/// One worker against the plain loop, one after the other in every round.
fn throughput(inbox: &mut Inbox, options: &Options) {
    println!(
        "| round | dedup events/s | plain events/s | ratio | dedup µs/event | plain µs/event | ratio | Kafka's core |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut rows: Vec<[Figures; 2]> = Vec::new();
    for round in 1..=options.rounds {
        let dedup = inbox.decide(1, options.events, 0).figures;
        let plain = inbox.pass_on(options.events);
        println!("| {round} {}", row(dedup, plain));
        rows.push([dedup, plain]);
    }
    let of = |which: usize| Figures::median(rows.iter().map(|row| row[which]));
    let (dedup, plain) = (of(0), of(1));
    println!("| median {}\n", row(dedup, plain));
    let ratio = median(rows.iter().map(|[dedup, plain]| dedup.rate / plain.rate));
    println!("* at least 0.7 of the plain loop's rate: {ratio:.2}, {}", reached(ratio >= 0.7));
    println!("* at least 120,000 events/s: {}, {}\n", cell(dedup.rate), reached(dedup.rate >= 120_000.0));
}

fn row(dedup: Figures, plain: Figures) -> String {
    format!(
        "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} % / {:.0} % |",
        cell(dedup.rate),
        cell(plain.rate),
        dedup.rate / plain.rate,
        dedup.micros,
        plain.micros,
        dedup.micros / plain.micros,
        dedup.rest * 100.0,
        plain.rest * 100.0
    )
}

/// What an event costs as one thing after the other grows, and how long rebuilding takes.
fn growth(cluster: &Cluster, base: Inbox, options: &Options) {
    let mut inboxes = vec![base];
    for (partitions, sources) in [(1, 1), (12, 1), (4, 200)] {
        let inbox = Inbox::new(cluster.bootstrap(), &options.program, partitions, sources);
        inbox.fill(SHORT);
        inboxes.push(inbox);
    }
    let many = options.ids;
    // Inbox, replicas, ids known before.
    let cases = [
        ("1,000 ids, 4 partitions, 1 source, 1 replica".to_owned(), 0, 1, 1_000),
        (format!("{} ids", cell(many as f64 / 10.0)), 0, 1, many / 10),
        (format!("{} ids", cell(many as f64)), 0, 1, many),
        ("1 partition".to_owned(), 1, 1, 1_000),
        ("12 partitions".to_owned(), 2, 1, 1_000),
        ("200 sources".to_owned(), 3, 1, 1_000),
        ("2 replicas".to_owned(), 0, 2, 1_000),
    ];
    let mut runs = cases.each_ref().map(|_| Vec::new());
    for _ in 0..options.rounds {
        for ((_, inbox, replicas, ids), runs) in cases.iter().zip(&mut runs) {
            runs.push(inboxes[*inbox].decide(*replicas, SHORT, *ids));
        }
    }
    println!("| | events/s | µs/event | against the first | Kafka's core |\n|---|---|---|---|---|");
    let figures = runs.each_ref().map(|runs| Figures::median(runs.iter().map(|run| run.figures)));
    let mut worst: f64 = 1.0;
    for ((name, ..), figures_of) in cases.iter().zip(&figures) {
        let against = figures_of.micros / figures[0].micros;
        worst = if (against - 1.0).abs() > (worst - 1.0).abs() { against } else { worst };
        println!(
            "| {name} | {} | {:.2} | {against:.2} | {:.0} % |",
            cell(figures_of.rate),
            figures_of.micros,
            figures_of.rest * 100.0
        );
    }
    println!("\n* flat within 10 %: at worst {worst:.2}, {}\n", reached((worst - 1.0).abs() <= 0.1));

    println!("| ids | rebuilt in s, median | longest | ids/s |\n|---|---|---|---|");
    for ((.., ids), runs) in cases.iter().zip(&runs).take(3) {
        let seconds = median(runs.iter().map(|run| run.rebuild));
        let longest = runs.iter().map(|run| run.rebuild).fold(0.0, f64::max);
        println!("| {} | {seconds:.2} | {longest:.2} | {} |", cell(*ids as f64), cell(*ids as f64 / seconds));
    }
    let longest = runs[2].iter().map(|run| run.rebuild).fold(0.0, f64::max);
    println!("\n* {} ids within 5 s: {}", cell(many as f64), reached(longest <= 5.0));
}
