//! What pending calls cost: memory of a million, and time to take, give back and settle one that is due.
//!
//! A plain table, as in the benchmark of the seen-set. `cargo bench --bench pending`

use std::time::{Duration, Instant};

use trunkline::config::SourcePoll;
use trunkline::event::Instant as At;
use trunkline::poll::{Schedule, Store, Unsettled};
use trunkline::vendor::poll::Placed;

/// Calls that wait.
const CALLS: u64 = 1_000_000;
/// Calls asked about together.
const BATCH: usize = 50;
const START_MS: i64 = 1_790_000_000_000;

fn main() {
    // `cargo test --all-targets` runs benchmarks too, but without this flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let before = resident_bytes();
    let mut store = Store::new(Schedule::new(&SourcePoll::default()));
    store.loaded(None);
    let started = Instant::now();
    for number in 0..CALLS {
        let placed = placed(number);
        store.put(&name(&placed.call), &placed, START_MS);
    }
    let put = started.elapsed() / CALLS as u32;
    let resident = resident_bytes() - before;
    println!(
        "{CALLS} pending calls: {:.0} MB resident, {:.0} bytes each; {put:?} to take one up",
        resident / 1e6,
        resident / CALLS as f64
    );

    let now = START_MS + 3_600_000;
    let (mut asked, mut longest) = (0_u32, Duration::ZERO);
    let started = Instant::now();
    loop {
        let step = Instant::now();
        let due = store.take(now, BATCH);
        // As many come back without a result as get one.
        for (index, call) in due.iter().enumerate() {
            match index % 2 {
                0 => store.give_back(call, Unsettled::Open, now),
                _ => drop(store.settle(call.id)),
            }
        }
        longest = longest.max(step.elapsed());
        if due.is_empty() {
            break;
        }
        asked += due.len() as u32;
    }
    println!("{:?} for each of {asked} due calls; at most {longest:?} for {BATCH} together", started.elapsed() / asked);
}

fn placed(number: u64) -> Placed {
    Placed {
        call: format!("6bb56a09-2787-40bc-80c5-{number:012x}"),
        destination: Some(format!("+1555{:07}", number % 10_000_000)),
        reference: Some(format!("order-{number:010}")),
        conversation: None,
        task: None,
        placed_at: At::from_millis(START_MS + number as i64).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

fn name(call: &str) -> String {
    format!("tencent-ccc/1400000000/{call}")
}

/// Resident memory of the process.
fn resident_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("a number");
    pages * 4096.0
}
