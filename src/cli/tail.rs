//! `trunkline tail`: follows the published events.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::app::Failed;
use crate::event::{Channel, Event, Outcome};
use crate::kafka::{Topic, Topics, client_config, consumer_config};
use crate::lifecycle;

use super::{ConfigFile, runtime};

#[derive(clap::Args)]
pub(super) struct Tail {
    #[command(flatten)]
    config: ConfigFile,
    /// Also show what was published before.
    #[arg(long)]
    from_beginning: bool,
    /// Stop after this many events.
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// One JSON object a line, as when piped.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    filter: Filter,
}

/// Which events to show.
#[derive(clap::Args, Default)]
pub(super) struct Filter {
    /// Only events of this source.
    #[arg(long)]
    source: Option<String>,
    /// Only events about this call, order or task.
    #[arg(long, value_name = "ID")]
    call: Option<String>,
    /// Only events with this outcome.
    #[arg(long, value_parser = outcome)]
    outcome: Option<Outcome>,
}

fn outcome(text: &str) -> Result<Outcome, String> {
    let known = || Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>().join(", ");
    Outcome::parse(text).ok_or_else(|| format!("there are {}", known()))
}

impl Tail {
    pub(super) fn run(self) -> Result<(), Failed> {
        let config = self.config.load()?;
        let client = client_config(&config)?;
        let topics = Topics::new(&config);
        let json = self.json || !std::io::stdout().is_terminal();
        let from = if self.from_beginning { Offset::Beginning } else { Offset::End };
        let runtime = runtime()?;
        let stop = {
            let _entered = runtime.enter();
            lifecycle::stop_on_signal()
        };
        follow(&client, &topics, from, json, &self.filter, self.count, &stop)
    }
}

/// Prints events until `stop`, or `count` of them. Blocks.
pub(super) fn follow(
    client: &ClientConfig,
    topics: &Topics,
    from: Offset,
    json: bool,
    filter: &Filter,
    count: Option<usize>,
    stop: &CancellationToken,
) -> Result<(), Failed> {
    let (consumer, _) = reader(client, &topics.published(), from)?;
    let mut shown = 0;
    while !stop.is_cancelled() && count.is_none_or(|count| shown < count) {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let payload = message.payload().unwrap_or_default();
        let Ok(event) = serde_json::from_slice::<Event>(payload) else {
            eprintln!("an event of a newer schema at partition {} offset {}", message.partition(), message.offset());
            continue;
        };
        if !filter.wants(&event) {
            continue;
        }
        shown += 1;
        let mut out = std::io::stdout().lock();
        let written = if json {
            out.write_all(payload).and_then(|()| out.write_all(b"\n"))
        } else {
            writeln!(out, "{}", line(&event))
        };
        if written.and_then(|()| out.flush()).is_err() {
            // The reader went away, as `head` does.
            return Ok(());
        }
    }
    Ok(())
}

/// A consumer of all partitions of `topics`, and how many those are. It says when it has come to the end of one.
pub(super) fn reader(client: &ClientConfig, topics: &[&Topic], from: Offset) -> Result<(BaseConsumer, usize), Failed> {
    let names: Vec<_> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let failed = |error: rdkafka::error::KafkaError| Failed::Running(format!("reading {}: {error}", names.join(", ")));
    let mut settings = consumer_config(client);
    // Assigned by hand: a group name is needed, but nothing joins or commits.
    settings.set("group.id", "trunkline-tail").set("enable.partition.eof", "true");
    let consumer: BaseConsumer = settings.create().map_err(failed)?;
    let mut assignment = TopicPartitionList::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(&topic.name), Duration::from_secs(10)).map_err(failed)?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        if partitions == 0 {
            return Err(Failed::Running(format!("topic {} does not exist", topic.name)));
        }
        for partition in 0..partitions {
            assignment.add_partition_offset(&topic.name, partition as i32, from).map_err(failed)?;
        }
    }
    consumer.assign(&assignment).map_err(failed)?;
    Ok((consumer, assignment.count()))
}

impl Filter {
    fn wants(&self, event: &Event) -> bool {
        let about = |id: &String| event.subject == *id || event.call.as_ref().is_some_and(|call| call.id == *id);
        self.source.as_ref().is_none_or(|source| event.source == *source)
            && self.call.as_ref().is_none_or(about)
            && self.outcome.is_none_or(|outcome| event.outcome == Some(outcome))
    }
}

/// One event as a table line. No telephone numbers: terminals are recorded and shared.
fn line(event: &Event) -> String {
    let result = match (&event.outcome, &event.task) {
        (_, Some(task)) => format!("{:?}", task.state).to_lowercase(),
        (Some(outcome), None) => outcome.as_str().to_owned(),
        (None, None) => String::new(),
    };
    let mut notes = Vec::new();
    if event.channel == Channel::Poll {
        notes.push("polled".to_owned());
    }
    if event.revision > 0 {
        notes.push(format!("revision {}", event.revision));
    }
    if let Some(talk) = event.call.as_ref().and_then(|call| call.talk_ms) {
        notes.push(format!("talked {}.{} s", talk / 1000, talk % 1000 / 100));
    }
    if let Some(cause) = &event.cause {
        notes.push(format!("{} {}", cause.interface, cause.code));
    }
    notes.extend(event.intents.iter().filter_map(|intent| intent.name.clone()).map(|name| format!("“{name}”")));
    let kind = event.event_type.as_str();
    format!(
        "{}  {kind:<19}  {result:<14}  {:<24}  {:<24}  {}",
        event.occurred_at,
        event.source,
        event.subject,
        notes.join(", ")
    )
    .trim_end()
    .to_owned()
}
