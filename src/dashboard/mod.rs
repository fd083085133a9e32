//! The Grafana dashboards, made from a list of panels: titles, queries and what to think of them stay readable, and every
//! panel has the same form.
//!
//! In queries `ALL` stands for the matchers of the chosen processes, `ONE` for these and the chosen source, `RATE` for the
//! range that fits the scrape interval.

mod inside;
mod json;
mod overview;
mod source;

pub use json::json;
pub use overview::overview;
pub use source::source;

/// One dashboard.
pub struct Dashboard {
    /// Stable id, part of its URL.
    pub uid: &'static str,
    /// Title.
    pub title: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Whether it is about one source, chosen by a variable.
    pub one_source: bool,
    /// The other dashboard: uid and title.
    pub other: (&'static str, &'static str),
    /// Titled rows of panels.
    pub rows: Vec<(&'static str, Vec<Panel>)>,
}

/// How a panel shows its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One figure for each query.
    Stat,
    /// Lines over time.
    Lines,
    /// Areas over time, one above the other.
    Stacked,
    /// The present values, one row for each series.
    Table,
}

/// One panel.
pub struct Panel {
    kind: Kind,
    title: &'static str,
    description: &'static str,
    unit: &'static str,
    /// Query and legend.
    queries: Vec<(&'static str, &'static str)>,
    /// Where green ends: (value, colour), ascending.
    steps: Vec<(f64, &'static str)>,
    /// The colour below the first step.
    base: &'static str,
    /// Alerts whose runbooks help.
    runbooks: &'static [&'static str],
    width: u64,
    min: Option<f64>,
    max: Option<f64>,
    /// Whether a source in the legend leads to its dashboard.
    by_source: bool,
    /// What is shown when there is nothing to show.
    nothing: Option<&'static str>,
}

const fn panel(kind: Kind, title: &'static str, unit: &'static str, description: &'static str, width: u64) -> Panel {
    Panel {
        kind,
        title,
        description,
        unit,
        queries: Vec::new(),
        steps: Vec::new(),
        base: "green",
        runbooks: &[],
        width,
        min: None,
        max: None,
        by_source: false,
        nothing: None,
    }
}

fn stat(title: &'static str, unit: &'static str, description: &'static str) -> Panel {
    panel(Kind::Stat, title, unit, description, 4)
}

fn lines(title: &'static str, unit: &'static str, description: &'static str) -> Panel {
    panel(Kind::Lines, title, unit, description, 8).from(0.0)
}

fn stacked(title: &'static str, unit: &'static str, description: &'static str) -> Panel {
    panel(Kind::Stacked, title, unit, description, 8).from(0.0)
}

fn table(title: &'static str, unit: &'static str, description: &'static str) -> Panel {
    panel(Kind::Table, title, unit, description, 8)
}

impl Panel {
    /// Shows `query`, each series called `legend`.
    fn query(mut self, query: &'static str, legend: &'static str) -> Self {
        self.queries.push((query, legend));
        self
    }

    /// From `value` on the colour is `colour`.
    fn at(mut self, value: f64, colour: &'static str) -> Self {
        self.steps.push((value, colour));
        self
    }

    /// Below the first step the colour is `colour`.
    fn below(mut self, colour: &'static str) -> Self {
        self.base = colour;
        self
    }

    fn runbooks(mut self, alerts: &'static [&'static str]) -> Self {
        self.runbooks = alerts;
        self
    }

    fn from(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    fn up_to(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Half of a row.
    fn wide(mut self) -> Self {
        self.width = 12;
        self
    }

    fn by_source(mut self) -> Self {
        self.by_source = true;
        self
    }

    fn or_else(mut self, nothing: &'static str) -> Self {
        self.nothing = Some(nothing);
        self
    }
}

#[cfg(test)]
mod tests;
