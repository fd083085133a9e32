//! `trunkline schema` and `trunkline docs`: print what is committed under `schemas/` and `docs/`.

use std::io::Write;

use clap::ValueEnum;

use crate::app::Failed;
use crate::schema;

#[derive(clap::Args)]
pub(super) struct Schema {
    /// Which one.
    what: What,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// JSON Schema of the published events.
    Event,
    /// JSON Schema of the configuration file.
    Config,
    /// OpenAPI document of the HTTP listeners.
    Openapi,
    /// AsyncAPI document of the Kafka topics.
    Asyncapi,
}

#[derive(clap::Args)]
pub(super) struct Docs {
    /// Which one.
    page: Page,
}

#[derive(Clone, Copy, ValueEnum)]
enum Page {
    /// Every key of the configuration.
    Configuration,
    /// Every metric.
    Metrics,
    /// Every answer a vendor can get.
    Answers,
    /// Every vendor.
    Vendors,
    /// The Grafana dashboard of all sources.
    DashboardOverview,
    /// The Grafana dashboard of one source.
    DashboardSource,
}

impl Schema {
    pub(super) fn run(self) -> Result<(), Failed> {
        print(["schema", &name(self.what)])
    }
}

impl Docs {
    pub(super) fn run(self) -> Result<(), Failed> {
        print(["docs", &name(self.page)])
    }
}

fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn print(command: [&str; 2]) -> Result<(), Failed> {
    let text = schema::make(command).ok_or_else(|| Failed::Running(format!("there is no {}", command.join(" "))))?;
    // A reader that goes away early, as `head` does, has what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
