//! What all Kafka clients have in common: address, security, logs and statistics.

use std::sync::Arc;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::statistics::Statistics;

use crate::config::{Config, SettingsError};
use crate::metrics::Metrics;
use crate::secret;

/// Name of the client that consumes the inbox.
pub const DEDUP_CONSUMER: &str = "dedup-consumer";

/// The settings every client starts from.
pub fn client_config(config: &Config) -> Result<ClientConfig, SettingsError> {
    let kafka = &config.kafka;
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", &kafka.brokers);
    client.set("client.id", "trunkline");
    client.set("statistics.interval.ms", "1000");
    // Reconnect fast: vendors repeat within seconds.
    client.set("reconnect.backoff.max.ms", "2000");
    client.set("message.max.bytes", kafka.max_message_bytes.to_string());
    client.set_log_level(RDKafkaLogLevel::Info);
    let protocol = match (&kafka.sasl, &kafka.tls) {
        (None, None) => "plaintext",
        (None, Some(_)) => "ssl",
        (Some(_), None) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    client.set("security.protocol", protocol);
    if let Some(tls) = &kafka.tls {
        for (property, key, file) in [
            ("ssl.ca.location", "ca_file", &tls.ca_file),
            ("ssl.certificate.location", "cert_file", &tls.cert_file),
            ("ssl.key.location", "key_file", &tls.key_file),
        ] {
            let Some(path) = file else { continue };
            if !path.is_file() {
                let message = format!("{} is not a file: give the path of a PEM file", path.display());
                return Err(config.error(&format!("kafka.tls.{key}"), message));
            }
            client.set(property, path.to_string_lossy());
        }
        if let Some(password) = &tls.key_password {
            client.set("ssl.key.password", password.expose());
        }
    }
    if let Some(sasl) = &kafka.sasl {
        client.set("sasl.mechanisms", &sasl.mechanism);
        client.set("sasl.username", &sasl.username);
        let from_file = match &sasl.password_file {
            Some(path) => secret::read_file(path)
                .map_err(|error| config.error("kafka.sasl.password_file", error.to_string()))?
                .into_iter()
                .next(),
            None => None,
        };
        if let Some(password) = sasl.password.as_ref().or(from_file.as_ref()) {
            client.set("sasl.password", password.expose());
        }
    }
    for (name, value) in &kafka.properties {
        client.set(name, value.expose());
    }
    Ok(client)
}

/// The settings of every consumer: nothing is committed behind our back, and only committed records are seen.
pub fn consumer_config(base: &ClientConfig) -> ClientConfig {
    let mut consumer = base.clone();
    consumer
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // Also what makes a group's committed offsets wait until no open transaction can change them.
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "10")
        .set("queued.max.messages.kbytes", "16384");
    consumer
}

/// What an error says, without the value of a property: that can be a password under a name with a slip in it.
pub fn told(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, text, property, value) => {
            let text = if value.is_empty() { text.clone() } else { text.replace(value, "[value]") };
            format!("{property} is not accepted: {text}")
        }
        other => other.to_string(),
    }
}

/// Passes a client's logs to tracing and its statistics to the metrics.
#[derive(Clone)]
pub struct Observer {
    name: &'static str,
    metrics: Arc<Metrics>,
}

impl Observer {
    /// An observer of the client called `name` (a metric label).
    pub fn new(name: &'static str, metrics: Arc<Metrics>) -> Self {
        // There before the first error, so that it counts as an increase.
        metrics.kafka_errors.with_label_values(&[name]);
        Self { name, metrics }
    }
}

impl ClientContext for Observer {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(client = self.name, facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Warning => tracing::warn!(client = self.name, facility, "librdkafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(client = self.name, facility, "librdkafka: {message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(client = self.name, facility, "librdkafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.metrics.kafka_errors.with_label_values(&[self.name]).inc();
        tracing::debug!(client = self.name, %error, reason, "Kafka client error");
    }

    fn stats(&self, statistics: Statistics) {
        let up = statistics.brokers.values().filter(|broker| broker.nodeid >= 0 && broker.state == "UP").count();
        let set = |gauge: &prometheus::IntGaugeVec, value: i64| gauge.with_label_values(&[self.name]).set(value);
        set(&self.metrics.brokers_up, up as i64);
        set(&self.metrics.queue_messages, statistics.msg_cnt as i64);
        set(&self.metrics.queue_bytes, statistics.msg_size as i64);
        // Consumers have none.
        if statistics.msg_max > 0 {
            set(&self.metrics.queue_limit, statistics.msg_max as i64);
        }
        let slowest = statistics.brokers.values().filter_map(|broker| Some(broker.rtt.as_ref()?.avg)).max();
        // Microseconds; 0 when nothing was asked.
        if let Some(slowest) = slowest.filter(|slowest| *slowest > 0) {
            self.metrics.broker_seconds.with_label_values(&[self.name]).set(slowest as f64 / 1e6);
        }
        // Of the inbox: other consumers have other lags.
        if self.name != DEDUP_CONSUMER {
            return;
        }
        for (partition, figures) in statistics.topics.values().flat_map(|topic| &topic.partitions) {
            // Behind what the worker stored. What it committed librdkafka does not know: that goes through a producer.
            if figures.consumer_lag_stored >= 0 && figures.fetch_state == "active" {
                self.metrics.lag.with_label_values(&[&partition.to_string()]).set(figures.consumer_lag_stored);
            }
        }
    }
}

impl ConsumerContext for Observer {}

impl ProducerContext for Observer {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use rdkafka::producer::BaseProducer;

    use super::*;

    #[test]
    fn an_error_repeats_no_value() {
        for (property, value) in
            [("sasl.pasword", "hunter2"), ("security.protocol", "hunter2"), ("linger.ms", "hunter2")]
        {
            let created = ClientConfig::new().set(property, value).create::<BaseProducer>();
            let told = told(&created.err().expect("refused"));
            assert!(told.contains(property) && !told.contains(value), "{told}");
        }
    }
}
