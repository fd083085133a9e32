//! What a process did, and what it took.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::load::figures::median;
use crate::load::process::{TICKS, cpu};

/// Between two points of a run.
#[derive(Clone, Copy)]
pub struct Figures {
    /// Events a second.
    pub rate: f64,
    /// CPU microseconds for each event.
    pub micros: f64,
    /// How busy the core was that has Kafka: 1 is always.
    pub rest: f64,
}

impl Figures {
    /// Each figure's own median.
    pub fn median(runs: impl Iterator<Item = Figures> + Clone) -> Self {
        let of = |pick: fn(&Figures) -> f64| median(runs.clone().map(|figures| pick(&figures)));
        Self {
            rate: of(|figures| figures.rate),
            micros: of(|figures| figures.micros),
            rest: of(|figures| figures.rest),
        }
    }
}

/// A point of a run.
#[derive(Clone, Copy)]
pub struct Sample {
    at: Instant,
    /// Events done.
    events: f64,
    cpu: f64,
    rest: f64,
}

impl Sample {
    /// Now, when so many events are done by the processes of these ids.
    pub fn now(events: f64, processes: impl Iterator<Item = u32>) -> Self {
        Self {
            at: Instant::now(),
            events,
            cpu: processes.map(|process| cpu(process).as_secs_f64()).sum(),
            rest: busy_seconds(),
        }
    }

    /// From this point to a later one.
    pub fn until(&self, end: &Sample) -> Figures {
        let (events, seconds) = (end.events - self.events, (end.at - self.at).as_secs_f64());
        Figures {
            rate: events / seconds,
            micros: (end.cpu - self.cpu) / events * 1e6,
            rest: (end.rest - self.rest) / seconds,
        }
    }
}

/// Time the core of everything but the worker was not idle since the machine started.
fn busy_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").expect("Linux");
    let name = format!("cpu{} ", super::REST);
    let line = stat.lines().find_map(|line| line.strip_prefix(&name)).expect("a second core");
    let ticks: Vec<f64> = line.split(' ').map(|ticks| ticks.parse().expect("a number")).collect();
    // user, nice, system; then idle and waiting for disks; then interrupts.
    ticks.iter().enumerate().filter(|(index, _)| !matches!(index, 3 | 4)).take(6).map(|(_, ticks)| ticks).sum::<f64>()
        / TICKS as f64
}

/// The metrics of a process whose admin listener has this address: the plainest request there is, as it is made often.
pub fn scrape(address: &str) -> Option<String> {
    let mut connection = TcpStream::connect(address).ok()?;
    write!(connection, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    connection.read_to_string(&mut text).ok()?;
    Some(text)
}

/// A metric's value, summed over its labels.
pub fn metric(text: &str, name: &str) -> f64 {
    let lines = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}
