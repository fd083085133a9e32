//! `[kafka]`: the cluster, its security, the topics.

use std::path::PathBuf;

use figment::value::{Dict, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::event::EventType;
use crate::secret::Secret;

/// The Kafka cluster and its topics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// Bootstrap addresses, comma-separated `host:port`.
    pub brokers: String,
    /// Prefix of all topic names.
    pub topic_prefix: String,
    /// Partitions of the inbox, events and seen topics. Never change it on existing topics: calls would change their
    /// partition. Refused at start when the topics have another number.
    pub partitions: i32,
    /// Replicas of topics that are created.
    pub replication_factor: i32,
    /// Create missing topics at start.
    pub create_topics: bool,
    /// Largest record, bytes; also set on topics that are created.
    pub max_message_bytes: usize,
    /// How long the producer waits for more records before it sends, milliseconds. 0 sends at once, and still together what
    /// comes while it is busy; anything above 0 makes every answer later by at least 1, and saves requests to the brokers.
    pub linger_ms: u32,
    /// Most records waiting to be sent; more requests get 503.
    pub queue_max_messages: u32,
    /// Most kibibytes waiting to be sent; more requests get 503.
    pub queue_max_kbytes: u32,
    /// Events that go to topics of their own instead of the events topic. The first route that fits an event wins.
    pub routes: Vec<Route>,
    /// TLS towards the brokers. Its presence switches TLS on.
    pub tls: Option<Tls>,
    /// SASL towards the brokers. Its presence switches SASL on.
    pub sasl: Option<Sasl>,
    /// Any librdkafka property, for all clients (<https://docs.confluent.io/platform/current/clients/librdkafka/html/md_CONFIGURATION.html>).
    /// Those that carry the guarantees are refused.
    #[serde(deserialize_with = "properties")]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Value>", extend("default" = {}, "x-classification" = "secret"))]
    pub properties: Vec<(String, Secret)>,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            topic_prefix: "trunkline".to_owned(),
            partitions: 12,
            replication_factor: 3,
            create_topics: true,
            max_message_bytes: 1_000_000,
            linger_ms: 0,
            queue_max_messages: 50_000,
            queue_max_kbytes: 65_536,
            routes: Vec::new(),
            tls: None,
            sasl: None,
            properties: Vec::new(),
        }
    }
}

/// Events of chosen sources or types, and the topic they go to. Guarantees, keys and partitions are those of the events
/// topic. Changing a route moves later events only; a revision goes where the route of its time says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Name of the topic, after the prefix.
    pub topic: String,
    /// Sources whose events go there; empty for all.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Types of events that go there; empty for all.
    #[serde(default)]
    pub types: Vec<EventType>,
}

/// TLS towards the brokers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate authorities to trust; without it the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with the client certificate, for mutual TLS.
    pub cert_file: Option<PathBuf>,
    /// PEM file with the client certificate's key.
    pub key_file: Option<PathBuf>,
    /// Password of the key.
    pub key_password: Option<Secret>,
}

/// SASL towards the brokers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`; others by `properties`.
    pub mechanism: String,
    /// The user.
    pub username: String,
    /// The password. Prefer `password_file`.
    pub password: Option<Secret>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
}

/// Properties the guarantees rest on: trunkline sets them itself.
const RESERVED: &[&str] = &[
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "isolation.level",
    "message.timeout.ms",
    "metadata.broker.list",
    "partitioner",
    "request.required.acks",
    "statistics.interval.ms",
    "transactional.id",
];

impl Kafka {
    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        if self.brokers.trim().is_empty() {
            complain("kafka.brokers", "must name at least one `host:port`".into());
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if self.topic_prefix.is_empty() || self.topic_prefix.len() > 200 || !self.topic_prefix.bytes().all(legal) {
            complain("kafka.topic_prefix", "must be 1 to 200 letters, digits, dots, hyphens or underscores".into());
        }
        if !(1..=10_000).contains(&self.partitions) {
            complain("kafka.partitions", "must be from 1 to 10000".into());
        }
        if self.replication_factor < 1 {
            complain("kafka.replication_factor", "must be at least 1 (3 in production)".into());
        }
        if self.max_message_bytes < 10_000 {
            complain("kafka.max_message_bytes", "must be at least 10000".into());
        }
        for (name, _) in &self.properties {
            if RESERVED.contains(&name.as_str()) {
                complain(
                    &format!("kafka.properties.{name}"),
                    "carries trunkline's guarantees and cannot be set; remove it".into(),
                );
            }
        }
        for route in &self.routes {
            let taken = ["inbox", "events", "seen", "rejected", "pending"].contains(&route.topic.as_str());
            if taken || route.topic.is_empty() || !route.topic.bytes().all(legal) {
                let message = "needs a topic of its own: letters, digits, dots, hyphens or underscores, and none of \
                               inbox, events, seen, rejected, pending";
                complain("kafka.routes", format!("`{}` {message}", route.topic));
            }
            if route.sources.is_empty() && route.types.is_empty() {
                complain("kafka.routes", format!("`{}` takes everything: name sources or types", route.topic));
            }
        }
        if let Some(tls) = &self.tls
            && tls.cert_file.is_some() != tls.key_file.is_some()
        {
            complain("kafka.tls", "cert_file and key_file go together".into());
        }
        if let Some(sasl) = &self.sasl {
            if sasl.password.is_some() == sasl.password_file.is_some() {
                complain("kafka.sasl", "needs either password or password_file".into());
            }
            if !matches!(sasl.mechanism.as_str(), "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512") {
                complain(
                    "kafka.sasl.mechanism",
                    "must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; set others by kafka.properties".into(),
                );
            }
        }
    }

    /// Full name of one of trunkline's topics.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.topic_prefix)
    }
}

/// Any of them can hold a password or a key (`ssl.key.pem`, `sasl.oauthbearer.client.secret`), so all are secrets.
/// Properties may be written quoted (`"security.protocol" = "ssl"`) or as dotted keys; both give one flat list.
fn properties<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Secret)>, D::Error> {
    let mut flat = Vec::new();
    flatten("", &Dict::deserialize(deserializer)?, &mut flat).map_err(serde::de::Error::custom)?;
    Ok(flat)
}

fn flatten(prefix: &str, dict: &Dict, flat: &mut Vec<(String, Secret)>) -> Result<(), String> {
    for (key, value) in dict {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Dict(_, inner) => flatten(&name, inner, flat)?,
            Value::String(_, text) => flat.push((name, Secret::new(text.as_str()))),
            Value::Bool(_, value) => flat.push((name, Secret::new(value.to_string()))),
            Value::Num(_, number) => {
                let text = number
                    .to_i128()
                    .map(|number| number.to_string())
                    .or_else(|| number.to_u128().map(|n| n.to_string()));
                let text = text.or_else(|| number.to_f64().map(|n| n.to_string())).unwrap_or_default();
                flat.push((name, Secret::new(text)));
            }
            _ => return Err(format!("`{name}` must be a text, a number, true or false")),
        }
    }
    Ok(())
}
