//! What dedup would make of an event now: its own rule over its own memory, read from the seen topic.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use tokio_util::sync::CancellationToken;

use crate::dedup::{Decision, Remembered, Window, decide, rebuild};
use crate::event::Event;
use crate::kafka::{Topic, consumer_config};

/// The memory of dedup, and what this replay adds to it.
#[derive(Default)]
pub struct Forecast {
    windows: Vec<Window>,
    added: HashMap<u128, Remembered>,
}

impl Forecast {
    /// Reads the memory. Blocks for as long as dedup itself takes to start.
    pub fn read(
        client: &ClientConfig,
        seen: &Topic,
        window_hours: u16,
        stop: &CancellationToken,
    ) -> Result<Self, String> {
        let partitions: Vec<i32> = (0..seen.partitions).collect();
        let mut settings = consumer_config(client);
        settings.set("group.id", "trunkline-replay");
        let limit = Duration::from_secs(120);
        let windows = rebuild(&settings, &seen.name, &partitions, window_hours, limit, &|| !stop.is_cancelled())
            .map_err(|error| error.to_string())?;
        Ok(Self { windows: windows.into_values().collect(), added: HashMap::new() })
    }

    /// What is known of the fact `event` states, and what dedup would decide about it.
    pub fn decide(&self, event: &Event) -> (Option<Remembered>, Decision) {
        let hour = hour(event);
        let key = event.key.0;
        let known = self.added.get(&key).copied();
        // A key is in the window of its call's partition; looking into all of them needs no partitioner here.
        let known = known.or_else(|| self.windows.iter().find_map(|window| window.get(key, hour)));
        (known, decide(known, event.material(), hour))
    }

    /// The event is written: what comes later in this replay meets it.
    pub fn add(&mut self, event: &Event, decision: Decision) {
        if let Decision::First(remembered) | Decision::Revision(remembered) = decision {
            self.added.insert(event.key.0, remembered);
        }
    }
}

/// The hour dedup takes an event to be of.
pub fn hour(event: &Event) -> u32 {
    u32::try_from(event.received_at.as_millis() / 3_600_000).unwrap_or_default()
}
