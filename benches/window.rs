//! What the seen-set costs at ten million ids: decisions per second, bytes per id, longest pause.
//!
//! A plain table instead of a benchmark harness: memory and the longest pause are not averages over repetitions.
//! `cargo bench --bench window`

use std::hint::black_box;
use std::time::{Duration, Instant};

use trunkline::dedup::{Remembered, Window};

/// Ids to hold.
const IDS: u64 = 10_000_000;
/// Ids that arrive in all.
const ARRIVALS: u64 = 2 * IDS;
const IDS_PER_HOUR: u64 = 1_000_000;
/// The window holds `IDS`, counting the current hour, and one hour's more that sweeps leave. From then on as many expire
/// as arrive.
const WINDOW_HOURS: u16 = 9;
const FIRST_HOUR: u32 = 490_000;

/// Decisions timed together: to read the clock for each would cost a quarter of what is measured. The longest time of
/// so many is at least the longest of a single one.
const STEP: u64 = 20;
/// Decisions between two sweeps.
const BATCH: u64 = 500;
/// Every step is timed in so many runs, and its shortest time counts: its work is the same in each run, what else the
/// machine does is not.
const RUNS: usize = 5;

fn main() {
    // `cargo test --all-targets` runs benchmarks too, but without this flag.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut times = vec![Duration::MAX; (ARRIVALS / STEP) as usize];
    let mut memory = Vec::new();
    let resident_before = resident_bytes();
    for run in 1..=RUNS {
        let mut window = Window::new(WINDOW_HOURS);
        memory = decide_all(&mut window, &mut times, resident_before);
        if run == RUNS {
            ask(&window);
        }
    }
    println!("\nget and insert of new ids, and sweeps; per million, the longest of {STEP} decisions");
    println!("arrived   held   decisions/s      longest   heap B/id at most   resident B/id");
    for (row, times) in memory.iter().zip(times.chunks((IDS_PER_HOUR / STEP) as usize)) {
        let Row { arrived, held, heap, resident } = row;
        let rate = IDS_PER_HOUR as f64 / times.iter().sum::<Duration>().as_secs_f64();
        let longest = times.iter().max().copied().unwrap_or_default();
        println!("{arrived:>5} M {held:>4.0} M {rate:>13.0} {longest:>12.1?} {heap:>19.2} {resident:>15.2}");
    }
}

/// Memory after one more million of ids: millions of ids, and bytes per id held.
struct Row {
    arrived: u64,
    held: f64,
    /// The most since the row before.
    heap: f64,
    resident: f64,
}

fn decide_all(window: &mut Window, times: &mut [Duration], resident_before: f64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut most = 0.0;
    for (time, first) in times.iter_mut().zip((0..).step_by(STEP as usize)) {
        let hour = FIRST_HOUR + (first / IDS_PER_HOUR) as u32;
        let started = Instant::now();
        (first..first + STEP).for_each(|id| decide(window, id, hour));
        if first.is_multiple_of(BATCH) {
            window.sweep(hour);
        }
        *time = started.elapsed().min(*time);
        let arrived = first + STEP;
        if arrived.is_multiple_of(1_000) && arrived > IDS_PER_HOUR / 2 {
            most = f64::max(most, window.heap_bytes() as f64 / window.len() as f64);
        }
        if arrived.is_multiple_of(IDS_PER_HOUR) {
            let held = window.len() as f64;
            let resident = (resident_bytes() - resident_before) / held;
            rows.push(Row { arrived: arrived / 1_000_000, held: held / 1e6, heap: most, resident });
            most = 0.0;
        }
    }
    rows
}

/// A new id is looked up and, as it is absent, inserted.
fn decide(window: &mut Window, id: u64, hour: u32) {
    let key = key(id);
    if black_box(window.get(key, hour)).is_none() {
        window.insert(key, Remembered { outcome: 1, seen: 2, findings: 0, revision: 0, hour });
    }
}

/// Looks up what the window holds, as duplicates do, and what it does not.
fn ask(window: &Window) {
    for (name, first) in [("known", ARRIVALS - IDS), ("unknown", ARRIVALS)] {
        let started = Instant::now();
        for step in 0..IDS {
            // The stride visits every id once, far from the order of insertion.
            let id = first + step * 7_368_787 % IDS;
            black_box(window.get(key(id), FIRST_HOUR + 20));
        }
        println!("get of {name} ids: {:.0} per second", IDS as f64 / started.elapsed().as_secs_f64());
    }
}

/// The key of an id: 128 bits from the splitmix generator, as evenly distributed as a hash's.
fn key(id: u64) -> u128 {
    u128::from(splitmix(2 * id)) << 64 | u128::from(splitmix(2 * id + 1))
}

fn splitmix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// Memory of this process that is backed by pages: shows what the allocator adds. Not a number where Linux is not.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok());
    pages.unwrap_or(f64::NAN) * 4096.0
}
