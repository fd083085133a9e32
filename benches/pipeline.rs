//! What one core does with a callback: verify, normalise, encode. For every vendor's samples.

use divan::Bencher;
use jiff::Timestamp;
use trunkline::config::Config;
use trunkline::event::{self, Channel, cloudevents};
use trunkline::source::{Source, build};
use trunkline::vendor::{Explain, Inbound, REGISTRY, Unsigned};

/// A vendor's sample, named as vendor/kind.
#[derive(Clone)]
struct Sample {
    vendor: usize,
    index: usize,
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let demo = REGISTRY[self.vendor].demo();
        let (kind, body) = demo.samples[self.index];
        write!(f, "{}/{kind} ({} bytes)", REGISTRY[self.vendor].name(), body.len())
    }
}

fn samples() -> Vec<Sample> {
    let of = |vendor: usize| (0..REGISTRY[vendor].demo().samples.len()).map(move |index| Sample { vendor, index });
    (0..REGISTRY.len()).flat_map(of).collect()
}

fn main() {
    event::warm_up();
    divan::main();
}

#[divan::bench(args = samples())]
fn verify_normalise_encode(bencher: Bencher<'_, '_>, sample: &Sample) {
    let vendor = REGISTRY[sample.vendor];
    let demo = vendor.demo();
    let toml = format!("[sources.bench]\nvendor = \"{}\"\n{}", vendor.name(), demo.settings);
    let config = Config::from_toml(&toml).expect("demo settings");
    let source = build(&config).expect("demo source").remove("bench").expect("configured");
    let now = Timestamp::now();
    let inbound = signed(&source, demo.samples[sample.index], now);
    let context = source.context(Channel::Callback, event::Instant::new(now));
    // What is made is freed within the measured time, as it is in the program.
    bencher.bench(|| {
        let verified = source.adapter.verify(inbound.clone(), now, &mut Explain::off()).expect("verified");
        let facts = source.adapter.normalise(&verified, &context).expect("understood");
        facts.events.iter().for_each(|event| drop(divan::black_box(cloudevents::encode(event, &[]))));
    });
}

fn signed(source: &Source, (kind, body): (&str, &str), now: Timestamp) -> Inbound {
    let kind = source.kind(kind).expect("a kind of the vendor");
    let signed = source.adapter.sign(&Unsigned { kind, body, now, nonce: "0123456789abcdef" }).expect("signed");
    signed.received(kind).expect("headers")
}
