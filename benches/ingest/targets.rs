//! What trunkline is to reach.

use std::fmt::Write;

use super::brokers::ROUND_TRIP;
use super::results::{Figure, Results, TRUNKLINE, cpu, p50, p99, rate, shown};

/// What was measured once, beside the cells.
#[derive(Default)]
pub struct Once {
    /// The slowest first request after readiness, ms.
    pub first: Option<f64>,
    /// Resident with 256 connections, MiB.
    pub resident: Option<f64>,
}

enum Bound {
    Most(f64),
    Least(f64),
}

/// The table of the targets.
pub fn table(results: &Results, once: &Once) -> String {
    let ratio = |setting, connections, figure: Figure| results.ratio(setting, connections, TRUNKLINE, figure);
    let round_trip = ROUND_TRIP.as_secs_f64() * 1e3;
    let rows = [
        ("p50 at 1 connection, ÷ floor", Bound::Most(1.8), ratio("rtt0", 1, p50)),
        ("requests/s at 16 connections, ÷ floor", Bound::Least(0.65), ratio("rtt0", 16, rate)),
        ("requests/s at 64 connections, ÷ floor", Bound::Least(0.65), ratio("rtt0", 64, rate)),
        ("requests/s at 256 connections, ÷ floor", Bound::Least(0.75), ratio("rtt0", 256, rate)),
        ("CPU of a request at 256 connections, ÷ floor", Bound::Most(1.25), ratio("rtt0", 256, cpu)),
        ("p99 at 256 connections, ÷ floor", Bound::Most(1.1), ratio("rtt0", 256, p99)),
        (
            "5 ms away, 64 connections: p50, ms",
            Bound::Most(round_trip + 2.0),
            results.median("rtt5", 64, TRUNKLINE, p50),
        ),
        ("5 ms away, 64 connections: CPU of a request, ÷ floor", Bound::Most(1.3), ratio("rtt5", 64, cpu)),
        ("slowest first request after readiness, ms", Bound::Most(20.0), once.first),
        ("resident with all roles and 256 connections, MiB", Bound::Most(45.0), once.resident),
    ];
    let mut text = "| target | bound | measured | |\n|---|--:|--:|---|\n".to_owned();
    for (what, bound, measured) in rows {
        let (bound, reached) = match bound {
            Bound::Most(most) => (format!("≤ {most}"), measured.map(|measured| measured <= most)),
            Bound::Least(least) => (format!("≥ {least}"), measured.map(|measured| measured >= least)),
        };
        let reached = reached.map_or("not measured", |reached| if reached { "reached" } else { "not reached" });
        let _ = writeln!(text, "| {what} | {bound} | {} | {reached} |", shown(measured, 2));
    }
    text
}
