//! Welch's t-test, and the table of its results.

use super::ways::Wrong;

/// Head of the table.
pub const HEAD: &str =
    "| proof | median ns | last − first, ns | \\|t\\| | random − first, ns | \\|t\\| |\n|---|---|---|---|---|---|";

/// The slowest are left out: the machine did something else meanwhile.
const KEPT: f64 = 0.9;

/// Nanoseconds of refusals.
#[derive(Default)]
pub struct Samples([Vec<f64>; 3]);

impl Samples {
    /// One more.
    pub fn add(&mut self, wrong: Wrong, nanoseconds: f64) {
        self.0[wrong as usize].push(nanoseconds);
    }

    /// The row of the table. All kinds are cut at the same time, so that cutting favours none.
    pub fn row(&self, name: &str) -> String {
        let mut all: Vec<f64> = self.0.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        let (median, most) = (all[all.len() / 2], all[(all.len() as f64 * KEPT) as usize]);
        let cut = |wrong: Wrong| Moments::of(self.0[wrong as usize].iter().copied().filter(|taken| *taken <= most));
        let first = cut(Wrong::First);
        let against = |other: Moments| format!("{:+.1} | {:.1}", other.mean - first.mean, other.t(&first).abs());
        format!("| {name} | {median:.0} | {} | {} |", against(cut(Wrong::Last)), against(cut(Wrong::Random)))
    }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(samples: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for sample in samples {
            count += 1.0;
            let away = sample - mean;
            mean += away / count;
            squares += away * (sample - mean);
        }
        Self { count, mean, variance: squares / (count - 1.0) }
    }

    fn t(&self, other: &Self) -> f64 {
        (self.mean - other.mean) / (self.variance / self.count + other.variance / other.count).sqrt()
    }
}
