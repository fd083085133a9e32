//! `trunkline replay`: normalises again, with today's configuration, what was received before.

mod report;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use clap::error::ErrorKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{Span, SpanRelativeTo, Timestamp};

use self::report::Report;
use super::{Cli, ConfigFile, runtime};
use crate::app::Failed;
use crate::config::{Config, suggest};
use crate::inbox::Inbox;
use crate::kafka::{Publisher, Topics, client_config};
use crate::metrics::Metrics;
use crate::outlet::Outlet;
use crate::pending::Pending;
use crate::reject::{Class, Reason};
use crate::replay::{self, From, Setup, Wanted, Writer};
use crate::source::{self, Sources};
use crate::{clock, event, lifecycle, rejected};

#[derive(clap::Args)]
#[command(
    after_help = "Without --apply nothing is written: the replay says what each record gives today, and what dedup would \
                  make of that. With --apply the events go to the inbox, where dedup decides about them as about all \
                  others, so that a replay can be repeated. Telephone numbers and texts are shown with --json only.\n\n\
                  Exit codes: 0 all that was wanted is replayed, 1 it failed or was stopped (the last line says how to go \
                  on), 2 usage or configuration."
)]
pub(super) struct Replay {
    #[command(flatten)]
    config: ConfigFile,
    /// What to replay: deliveries that were not understood, or events from the vendor's objects in them.
    #[arg(long, value_enum, default_value = "rejected", value_name = "TOPIC")]
    topic: From,
    /// Only what was received from then on: RFC 3339, or how long ago, as `24h` or `7d`. Default: the dedup window.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only what was received before then. Default: now.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only this source.
    #[arg(long)]
    source: Option<String>,
    /// Only deliveries that were rejected for this reason.
    #[arg(long, value_parser = reason)]
    reason: Option<String>,
    /// Stop after this many records.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Go on where an earlier replay stopped, as it said.
    #[arg(long, value_parser = offset, value_delimiter = ',', value_name = "PARTITION:OFFSET,…")]
    from: Vec<(i32, i64)>,
    /// Write what is new to the inbox.
    #[arg(long)]
    apply: bool,
    /// Most events to write in a second.
    #[arg(long, default_value_t = 500, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_per_second: u32,
    /// Show every record; without this only the first that give something new.
    #[arg(long, short)]
    verbose: bool,
    /// One JSON object a line, whole events in it, and the summary as the last.
    #[arg(long)]
    json: bool,
    /// Also write what was received before the dedup window, though it may have been published then.
    #[arg(long)]
    beyond_window: bool,
    /// Also write what would replace another outcome that was received later.
    #[arg(long)]
    over_newer: bool,
    /// Also write events that get another key than the one they stand for: new facts for consumers.
    #[arg(long)]
    new_keys: bool,
}

/// A time, or a time ago.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let ago = text.parse::<Span>().ok().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let ago = ago.filter(|ago| !ago.is_negative()).and_then(|ago| clock::now().checked_sub(ago).ok());
    ago.ok_or_else(|| "write RFC 3339, as 2025-11-21T08:00:00Z, or how long ago, as 24h or 7d".to_owned())
}

fn reason(text: &str) -> Result<String, String> {
    let understood = Reason::ALL.iter().filter(|reason| reason.class() == Class::NotUnderstood);
    let mut known: Vec<_> = understood.map(|reason| reason.as_str()).collect();
    known.extend([rejected::POISON, rejected::CALLS_INVALID]);
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(format!("there are {}", known.join(", "))),
    }
}

fn offset(text: &str) -> Result<(i32, i64), String> {
    let numbers = text.split_once(':').and_then(|(partition, offset)| {
        Some((partition.parse::<u16>().ok()?.into(), offset.parse::<i64>().ok().filter(|offset| *offset >= 0)?))
    });
    numbers.ok_or_else(|| "write partition and offset, as 0:17".to_owned())
}

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode, Failed> {
        let config = self.config.load()?;
        let sources = source::build(&config).map_err(Failed::Configuration)?;
        let setup = Setup {
            client: client_config(&config)?,
            topics: Topics::new(&config),
            sources,
            window_hours: config.dedup.window_hours,
        };
        let wanted = self.wanted(&config, &setup.sources)?;
        event::warm_up();
        let runtime = runtime()?;
        let _entered = runtime.enter();
        let stop = lifecycle::stop_on_signal();
        let mut writer = match self.apply {
            true => Some(self.writer(&config, &setup, runtime.handle().clone())?),
            false => None,
        };

        let bar = bar();
        let progress = |what: &str, total: u64, read: u64| {
            bar.set_message(what.to_owned());
            bar.set_length(total);
            bar.set_position(read);
        };
        let prepared = replay::Replay::prepare(&setup, &wanted, &stop, &progress).map_err(Failed::Running)?;
        let mut report = Report::new(self.json, self.verbose, &wanted, bar.clone());
        let ended = prepared.run(writer.as_mut(), &stop, &mut |replayed| report.tell(&replayed), &progress);
        bar.finish_and_clear();
        report.end(&ended, self.apply);
        match ended.failed {
            Some(why) => Err(Failed::Running(why)),
            None if stop.is_cancelled() && !ended.complete => Ok(ExitCode::FAILURE),
            None => Ok(ExitCode::SUCCESS),
        }
    }

    fn wanted(&self, config: &Config, sources: &Sources) -> Result<Wanted, Failed> {
        if let Some(name) = self.source.as_deref().filter(|name| !sources.contains_key(*name)) {
            let known = suggest(name, sources.keys().map(String::as_str));
            return Err(config.error(&format!("sources.{name}"), format!("is not configured; {known}")).into());
        }
        let now = clock::now().as_millisecond();
        let window_start = now - i64::from(config.dedup.window_hours) * 3_600_000;
        let since = self.since.map_or(window_start, Timestamp::as_millisecond);
        let until = self.until.map_or(now, Timestamp::as_millisecond);
        let usage = |message: &str| Cli::command().error(ErrorKind::ArgumentConflict, message).exit();
        if since >= until {
            usage("--since is not before --until");
        }
        if self.reason.is_some() && self.topic == From::Inbox {
            usage("--reason is of rejected deliveries: events in the inbox have none");
        }
        Ok(Wanted {
            from: self.topic,
            since,
            until,
            source: self.source.clone(),
            reason: self.reason.clone(),
            limit: self.limit,
            offsets: self.from.iter().copied().collect::<BTreeMap<_, _>>(),
            now,
            beyond_window: self.beyond_window,
            over_newer: self.over_newer,
            new_keys: self.new_keys,
        })
    }

    fn writer(&self, config: &Config, setup: &Setup, runtime: tokio::runtime::Handle) -> Result<Writer, Failed> {
        let metrics = Arc::new(Metrics::new());
        let outlet = Outlet::patient(Arc::new(Publisher::new(config, &setup.client, metrics.clone())?));
        let pending = Pending::new(outlet.clone(), setup.topics.clone(), &setup.sources);
        let inbox = Inbox { outlet, topics: setup.topics.clone(), sources: setup.sources.clone(), metrics };
        Ok(Writer::new(runtime, inbox, pending, self.max_per_second))
    }
}

/// Shown on a terminal only.
fn bar() -> ProgressBar {
    let style = "{elapsed_precise} {bar:30} {pos}/{len} {msg}";
    let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style)
}
