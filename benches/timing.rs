//! Whether the time of a refusal tells how much of a proof was right. For every way a sender can prove itself: requests
//! whose proof is wrong in its first byte, in its last byte, and everywhere, in a random order, and Welch's t-test between them, in the
//! manner of dudect (<https://eprint.iacr.org/2016/1123>): |t| above 4.5 is worth a look, above 10 it is a leak. The first
//! rows are controls: `equal`, and a comparison that stops at the first difference, which has to be seen.
//!
//! `cargo bench --bench timing` prints the table; `-- SAMPLES` takes so many of each kind. Instructions can be counted instead
//! of nanoseconds, and do not depend on the machine: see `tools/instructions`.

#[path = "timing/table.rs"]
mod table;
#[path = "timing/ways.rs"]
mod ways;

use std::hint::black_box;
use std::time::Instant;

use table::Samples;
use ways::{Attempt, Way, Wrong, ways};

/// Refusals of each kind, unless an argument says otherwise.
const SAMPLES: usize = 60_000;

fn main() {
    fastrand::seed(7);
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benchmarks too, but without this flag.
    let Some(flag) = arguments.iter().position(|argument| argument == "--bench") else { return };
    arguments.remove(flag);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => measure(SAMPLES),
        ["list"] => ways().iter().for_each(|way| println!("{}", way.name)),
        [samples] => measure(samples.parse().expect("a number of samples")),
        [name, wrong, "prepare"] => drop(prepared(name, wrong)),
        [name, wrong, "refuse"] => {
            let accepted = prepared(name, wrong)
                .into_iter()
                .map(|attempt| black_box(attempt()))
                .filter(|accepted| *accepted)
                .count();
            assert_eq!(accepted, 0, "{name} is refused");
        }
        _ => panic!("usage: [SAMPLES | list | WAY first|last|random prepare|refuse]"),
    }
}

/// A hundred refusals, ready to be counted.
fn prepared(name: &str, wrong: &str) -> Vec<Attempt> {
    let way = ways().into_iter().find(|way| way.name == name).expect("a way: `list` lists them");
    let wrong = match wrong {
        "first" => Wrong::First,
        "last" => Wrong::Last,
        _ => Wrong::Random,
    };
    (0..100).map(|_| (way.prepare)(wrong)).collect()
}

/// Nanoseconds a refusal takes.
fn refuse(way: &Way, wrong: Wrong) -> f64 {
    let attempt = (way.prepare)(wrong);
    let started = Instant::now();
    let accepted = black_box(attempt());
    let elapsed = started.elapsed();
    assert!(!accepted, "{} is refused", way.name);
    elapsed.as_nanos() as f64
}

fn measure(samples: usize) {
    println!("{samples} refusals of each kind; |t| above 4.5 is worth a look, above 10 it is a leak\n");
    println!("{}", table::HEAD);
    for way in ways() {
        let mut taken = Samples::default();
        // In a random order, so that whatever else the machine does falls on all alike.
        let mut order: Vec<Wrong> = Wrong::ALL.iter().flat_map(|wrong| vec![*wrong; samples]).collect();
        fastrand::Rng::with_seed(7).shuffle(&mut order);
        for wrong in order.iter().take(1000) {
            let _ = refuse(&way, *wrong);
        }
        order.into_iter().for_each(|wrong| taken.add(wrong, refuse(&way, wrong)));
        println!("{}", taken.row(way.name));
    }
}
