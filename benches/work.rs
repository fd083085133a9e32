//! The work of a callback, and nothing else, for `tools/work` to count: for every vendor the end of a call is verified,
//! normalised and encoded. Nothing here depends on the time or on chance, and [`counted`] runs once for each vendor, so
//! that whoever counts begins when it is entered and stops when it is left.

use std::hint::black_box;
use std::sync::Arc;

use jiff::Timestamp;
use trunkline::config::Config;
use trunkline::event::{self, Channel, EventType, cloudevents};
use trunkline::source::{Source, build};
use trunkline::vendor::{Context, Explain, Inbound, REGISTRY, Unsigned, Vendor};

/// Callbacks of each vendor that are counted together.
const REPEATS: usize = 20;

/// When they are signed and arrive: 2024-12-16T10:41:18Z.
const NOW: i64 = 1_734_345_678;

/// One callback, ready to be worked on.
struct Prepared {
    source: Arc<Source>,
    inbound: Inbound,
    context: Context,
    now: Timestamp,
}

fn main() {
    // `cargo test --all-targets` runs benchmarks too, but without this flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    event::warm_up();
    println!("{REPEATS}");
    for vendor in REGISTRY {
        let (kind, callback, events) = typical(*vendor);
        // What is made at the first use only is made.
        work(&callback);
        counted(&callback);
        println!("{}\t{kind}\t{}\t{events}", vendor.name(), callback.inbound.body.len());
    }
}

/// Its name is what `tools/work` looks for.
#[inline(never)]
fn counted(callback: &Prepared) {
    for _ in 0..REPEATS {
        work(callback);
    }
}

/// What is made is freed, as it is in the program. Returns the number of events.
fn work(callback: &Prepared) -> usize {
    let Prepared { source, inbound, context, now } = callback;
    let verified = source.adapter.verify(inbound.clone(), *now, &mut Explain::off()).expect("verified");
    let facts = source.adapter.normalise(&verified, context).expect("understood");
    facts.events.iter().for_each(|event| drop(black_box(cloudevents::encode(event, &[]))));
    facts.events.len()
}

/// The vendor's first sample that ends a call: its kind, the callback, and how many events it gives.
fn typical(vendor: &dyn Vendor) -> (&'static str, Prepared, usize) {
    let ends = |callback: &Prepared| {
        let Prepared { source, inbound, context, now } = callback;
        let verified = source.adapter.verify(inbound.clone(), *now, &mut Explain::off()).expect("verified");
        let facts = source.adapter.normalise(&verified, context).expect("understood");
        facts.events.iter().any(|event| event.event_type == EventType::CallEnded)
    };
    let mut all = vendor.demo().samples.iter().map(|(kind, body)| (*kind, prepared(vendor, kind, body)));
    let (kind, callback) = all.find(|(_, callback)| ends(callback)).expect("a sample that ends a call");
    let events = work(&callback);
    (kind, callback, events)
}

fn prepared(vendor: &dyn Vendor, kind: &str, body: &str) -> Prepared {
    let toml = format!("[sources.work]\nvendor = \"{}\"\n{}", vendor.name(), vendor.demo().settings);
    let config = Config::from_toml(&toml).expect("demo settings");
    let source = build(&config).expect("demo source").remove("work").expect("configured");
    let now = Timestamp::from_second(NOW).expect("in range");
    let kind = source.kind(kind).expect("a kind of the vendor");
    let signed = source.adapter.sign(&Unsigned { kind, body, now, nonce: "0123456789abcdef" }).expect("signed");
    let inbound = signed.received(kind).expect("headers");
    let context = source.context(Channel::Callback, event::Instant::new(now));
    Prepared { source, inbound, context, now }
}
