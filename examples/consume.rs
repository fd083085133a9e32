//! Reads trunkline.events and keeps what is true now of every fact.
//!
//!     cargo run --example consume -- localhost:9092 [topic [group [schema [count]]]]

use std::collections::HashMap;

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::Message;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, otherwise: &str| arguments.get(index).map_or(otherwise, |text| text).to_owned();
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(argument(3, "schemas/event.json"))?)?;
    let schema = jsonschema::validator_for(&schema)?;
    // Ends after so many events; 0 goes on for ever.
    let count: u64 = argument(4, "0").parse().context("count is a number")?;

    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", argument(0, "localhost:9092"))
        .set("group.id", argument(2, "consuming-rust"))
        // Events of transactions that were aborted are not for you.
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        // Committed below, when the event is safe with us.
        .set("enable.auto.commit", "false")
        .create()?;
    consumer.subscribe(&[&argument(1, "trunkline.events")])?;

    // Your database: event key -> latest event.
    let mut facts: HashMap<String, Value> = HashMap::new();
    let (mut read, mut invalid) = (0, 0);
    while count == 0 || read < count {
        let message = consumer.recv().await?;
        let event: Value = serde_json::from_slice(message.payload().context("events have values")?)?;
        read += 1;
        // Reported and taken all the same: a newer trunkline may say things an older schema does not know.
        for error in schema.iter_errors(&event) {
            invalid += 1;
            eprintln!("not as the schema says: {}: {error}", error.instance_path());
        }
        let text = |name: &str| event[name].as_str().unwrap_or("-");
        let (key, revision) = (text("key"), event["revision"].as_u64());
        // The highest revision of a fact replaces the others. That also makes it harmless to read an event twice, which
        // happens when this program dies before its commit.
        if facts.get(key).is_none_or(|known| revision > known["revision"].as_u64()) {
            println!("{} {} r{} {}", text("type"), text("subject"), event["revision"], text("outcome"));
            facts.insert(key.to_owned(), event);
        }
        consumer.commit_message(&message, CommitMode::Sync)?;
    }
    println!("{read} events, {} facts, {invalid} not as the schema says", facts.len());
    anyhow::ensure!(invalid == 0, "{invalid} times not as the schema says");
    Ok(())
}
