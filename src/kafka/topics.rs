//! The topics, and the settings they are created with.

use crate::config::{Config, Kafka, Route};

/// One topic and its settings.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Full name.
    pub name: String,
    /// Number of partitions.
    pub partitions: i32,
    /// Whether dedup needs exactly this number of partitions.
    pub co_partitioned: bool,
    /// Topic settings, as Kafka names them.
    pub settings: Vec<(&'static str, String)>,
}

/// All topics of a deployment.
#[derive(Clone, Debug)]
pub struct Topics {
    /// Normalised events before deduplication.
    pub inbox: Topic,
    /// What consumers read.
    pub events: Topic,
    /// The dedup stage's memory.
    pub seen: Topic,
    /// Deliveries that were not understood.
    pub rejected: Topic,
    /// Calls and windows still to be asked about; compacted.
    pub pending: Topic,
    /// Calls dialers say they placed, where they write them to Kafka.
    pub calls: Topic,
    /// Whether any source asks its vendor: without one, `pending` and `calls` are not needed.
    polled: bool,
    /// Where chosen events go instead of `events`, in the order of the configuration.
    pub routes: Vec<(Route, Topic)>,
}

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

impl Topics {
    /// The topics of this configuration.
    pub fn new(config: &Config) -> Self {
        let kafka = &config.kafka;
        let window_ms = u64::from(config.dedup.window_hours) * HOUR_MS;
        let topic = |name: &str, partitions: i32, co_partitioned: bool, retention_ms: u64, segment_ms: u64| Topic {
            name: kafka.topic(name),
            partitions,
            co_partitioned,
            settings: vec![
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", retention_ms.to_string()),
                ("segment.ms", segment_ms.to_string()),
                ("max.message.bytes", (kafka.max_message_bytes + 100_000).to_string()),
                ("message.timestamp.type", "CreateTime".to_owned()),
                ("min.insync.replicas", min_insync_replicas(kafka)),
            ],
        };
        Self {
            inbox: topic("inbox", kafka.partitions, true, 7 * DAY_MS, DAY_MS),
            events: topic("events", kafka.partitions, true, 30 * DAY_MS, DAY_MS),
            // Kept a quarter longer than the window; in segments of a sixteenth, because Kafka deletes whole segments.
            seen: topic("seen", kafka.partitions, true, window_ms + window_ms / 4, (window_ms / 16).max(HOUR_MS / 4)),
            rejected: topic("rejected", kafka.partitions.min(3), false, 30 * DAY_MS, DAY_MS),
            pending: Topic { settings: compacted(kafka), ..topic("pending", kafka.partitions, true, 0, 0) },
            calls: topic("calls", kafka.partitions, false, 7 * DAY_MS, DAY_MS),
            polled: config.polls(),
            routes: kafka
                .routes
                .iter()
                .map(|route| (route.clone(), topic(&route.topic, kafka.partitions, true, 30 * DAY_MS, DAY_MS)))
                .collect(),
        }
    }

    /// All of them, each once.
    pub fn all(&self) -> Vec<&Topic> {
        let polled: &[&Topic] = if self.polled { &[&self.pending, &self.calls] } else { &[] };
        [&[&self.inbox, &self.seen, &self.rejected][..], polled, &self.published()].concat()
    }

    /// The topics consumers read, each once.
    pub fn published(&self) -> Vec<&Topic> {
        let mut topics = vec![&self.events];
        for (_, topic) in &self.routes {
            if topics.iter().all(|known| known.name != topic.name) {
                topics.push(topic);
            }
        }
        topics
    }

    /// Where an event of `source` and type `event_type` is published.
    pub fn route(&self, source: &str, event_type: &str) -> &Topic {
        let fits = |route: &Route| {
            (route.sources.is_empty() || route.sources.iter().any(|name| name == source))
                && (route.types.is_empty() || route.types.iter().any(|name| name.as_str() == event_type))
        };
        self.routes.iter().find(|(route, _)| fits(route)).map_or(&self.events, |(_, topic)| topic)
    }
}

/// Settings of a topic that keeps the last record of each key.
fn compacted(kafka: &Kafka) -> Vec<(&'static str, String)> {
    vec![
        ("cleanup.policy", "compact".to_owned()),
        ("segment.ms", HOUR_MS.to_string()),
        ("min.cleanable.dirty.ratio", "0.2".to_owned()),
        ("max.message.bytes", (kafka.max_message_bytes + 100_000).to_string()),
        ("message.timestamp.type", "CreateTime".to_owned()),
        ("min.insync.replicas", min_insync_replicas(kafka)),
    ]
}

fn min_insync_replicas(kafka: &Kafka) -> String {
    (kafka.replication_factor / 2 + 1).min(2).to_string()
}
