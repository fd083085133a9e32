//! Comparing a ledger with the published events.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rdkafka::Offset;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::Message;

use crate::app::Failed;
use crate::cli::tail::reader;
use crate::config::Config;
use crate::kafka::{Topics, client_config};
use crate::simulate::ledger::{Ledger, Seen};

/// How long Kafka may be silent before a topic was read to its end.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads all events there are, waits up to `patience` for those that are due and missing, and prints the differences.
pub(super) fn run(config: &Config, ledger: &Ledger, patience: Duration) -> Result<ExitCode, Failed> {
    let deadline = Instant::now() + patience;
    let (client, topics) = (client_config(config)?, Topics::new(config));
    let mut reading = Vec::new();
    for topic in topics.published() {
        let (consumer, partitions) = reader(&client, &[topic], Offset::Beginning)?;
        reading.push(Reading { consumer, partitions, ended: HashSet::new() });
    }
    let (mut events, mut unreadable) = (Vec::new(), 0);
    let mut heard = Instant::now();
    let comparison = loop {
        let mut more = false;
        for topic in &mut reading {
            more |= topic.take(&mut events, &mut unreadable);
        }
        if more {
            heard = Instant::now();
            continue;
        }
        if !reading.iter().all(Reading::is_whole) {
            if heard.elapsed() > SILENCE {
                return Err(Failed::Running("Kafka does not let the events be read to their end".to_owned()));
            }
            continue;
        }
        let comparison = ledger.compare(&events);
        if comparison.missing.is_empty() || Instant::now() >= deadline {
            break comparison;
        }
    };
    print!("{comparison}");
    if unreadable > 0 {
        println!("{unreadable} records are no events");
    }
    Ok(if comparison.is_good() && unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One topic being read.
struct Reading {
    consumer: BaseConsumer,
    partitions: usize,
    /// Partitions that were read to their end once.
    ended: HashSet<i32>,
}

impl Reading {
    fn is_whole(&self) -> bool {
        self.ended.len() >= self.partitions
    }

    /// Takes one record, if there is one soon; whether there was anything.
    fn take(&mut self, events: &mut Vec<Seen>, unreadable: &mut u64) -> bool {
        match self.consumer.poll(Duration::from_millis(50)) {
            Some(Ok(message)) => {
                match serde_json::from_slice(message.payload().unwrap_or_default()) {
                    Ok(event) => events.push(event),
                    Err(_) => *unreadable += 1,
                }
                true
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                self.ended.insert(partition);
                true
            }
            Some(Err(_)) | None => false,
        }
    }
}
