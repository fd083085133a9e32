//! What was measured, and its tables.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::brokers::Setting;
use super::sender::Figures;
use crate::load::figures::median;

/// Whoever everything is compared with.
pub const FLOOR: &str = "floor";
/// Whoever it is about.
pub const TRUNKLINE: &str = "trunkline";

/// A figure of a cell.
pub type Figure = fn(&Figures) -> f64;

/// The figures of every cell (broker, connections, server), round after round.
#[derive(Default)]
pub struct Results(BTreeMap<(&'static str, usize, String), Vec<Figures>>);

impl Results {
    /// One more round of a cell.
    pub fn add(&mut self, setting: &Setting, connections: usize, server: &str, figures: Figures) {
        self.0.entry((setting.name, connections, server.to_owned())).or_default().push(figures);
    }

    /// What a server could do in the round before, requests a second.
    pub fn last_rate(&self, setting: &Setting, connections: usize, server: &str) -> Option<f64> {
        Some(self.0.get(&(setting.name, connections, server.to_owned()))?.last()?.rate)
    }

    /// The median of a figure; `None` when it was not measured.
    pub fn median(&self, setting: &'static str, connections: usize, server: &str, figure: Figure) -> Option<f64> {
        let rounds = self.0.get(&(setting, connections, server.to_owned()))?;
        Some(median(rounds.iter().map(figure)))
    }

    /// The median of the rounds' ratios to the floor: both sides of one were measured one after the other.
    pub fn ratio(&self, setting: &'static str, connections: usize, server: &str, figure: Figure) -> Option<f64> {
        let rounds = self.0.get(&(setting, connections, server.to_owned()))?;
        let floor = self.0.get(&(setting, connections, FLOOR.to_owned()))?;
        Some(median(rounds.iter().zip(floor).map(|(own, floor)| figure(own) / figure(floor))))
    }

    /// The table of a broker.
    pub fn table(&self, setting: &Setting, servers: &[String]) -> String {
        let mut text = "| connections | server | requests/s | ÷ floor | p50 ms | ÷ floor | p99 ms | ÷ floor \
                        | CPU µs a request | ÷ floor | core busy |\n\
                        |--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        for connections in setting.connections {
            for server in servers {
                let median = |figure| self.median(setting.name, *connections, server, figure);
                let Some(busy) = median(|figures| figures.busy) else { continue };
                let cell = |figure, decimals| {
                    let ratio = self.ratio(setting.name, *connections, server, figure);
                    format!("{} | {}", shown(median(figure), decimals), shown(ratio, 2))
                };
                let columns: [(Figure, usize); 4] = [(rate, 0), (p50, 2), (p99, 2), (cpu, 1)];
                let columns = columns.map(|(figure, decimals)| cell(figure, decimals)).join(" | ");
                let _ = writeln!(
                    text,
                    "| {connections} | {server} | {columns} | {} |",
                    shown(Some(busy * 100.0), 0) + " %"
                );
            }
        }
        text
    }
}

/// Requests a second.
pub fn rate(figures: &Figures) -> f64 {
    figures.rate
}

/// Half of the answers, ms.
pub fn p50(figures: &Figures) -> f64 {
    figures.p50
}

/// 99 of 100 answers, ms.
pub fn p99(figures: &Figures) -> f64 {
    figures.p99
}

/// CPU of a request, µs.
pub fn cpu(figures: &Figures) -> f64 {
    figures.cpu
}

/// A number, or a dash where there is none.
pub fn shown(value: Option<f64>, decimals: usize) -> String {
    match value.filter(|value| value.is_finite()) {
        Some(value) => format!("{value:.decimals$}"),
        None => "–".to_owned(),
    }
}
