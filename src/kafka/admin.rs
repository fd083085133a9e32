//! Creating and checking topics.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;

use super::{Topic, Topics};
use crate::config::Config;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A topic that is not as trunkline needs it, and the fix.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Whether trunkline refuses to start with it.
    pub fatal: bool,
    /// Whether the topic does not exist, which `kafka.create_topics` mends at the next start.
    pub missing: bool,
    /// What is wrong and the fix.
    pub text: String,
}

/// Why the topics cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TopicsError {
    /// No broker answered; trying again can help.
    #[error("{0}")]
    Unreachable(String),
    /// The topics are wrong, or may not be created; somebody must act.
    #[error("{0}")]
    Refused(String),
}

use TopicsError::{Refused, Unreachable};

/// Creates what is missing (if allowed), then refuses partition counts that would break deduplication.
/// Other differences are returned as findings, to be logged.
pub async fn ensure_topics(config: &Config, base: &ClientConfig, topics: &Topics) -> Result<Vec<Finding>, TopicsError> {
    let admin: AdminClient<DefaultClientContext> =
        base.create().map_err(|error| Refused(format!("Kafka client: {error}")))?;
    if config.kafka.create_topics {
        create_missing(&admin, config, topics).await?;
    }
    let mut findings = inspect(&admin, topics).await?;
    // Brokers hear of a new topic one after the other, and any of them may be asked.
    for _ in 0..50 {
        if !config.kafka.create_topics || !findings.iter().any(|finding| finding.missing) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        findings = inspect(&admin, topics).await?;
    }
    match findings.iter().find(|finding| finding.fatal) {
        Some(finding) if finding.missing && config.kafka.create_topics => {
            Err(Unreachable("a topic was just created, and not every broker knows of it yet".to_owned()))
        }
        Some(finding) => Err(Refused(finding.text.clone())),
        None => Ok(findings),
    }
}

/// What is different from the documented topics; changes nothing.
pub async fn inspect_topics(base: &ClientConfig, topics: &Topics) -> Result<Vec<Finding>, TopicsError> {
    let admin: AdminClient<DefaultClientContext> =
        base.create().map_err(|error| Refused(format!("Kafka client: {error}")))?;
    inspect(&admin, topics).await
}

async fn create_missing(
    admin: &AdminClient<DefaultClientContext>,
    config: &Config,
    topics: &Topics,
) -> Result<(), TopicsError> {
    let known = partitions(admin)?;
    for topic in topics.all().into_iter().filter(|topic| !known.contains_key(&topic.name)) {
        let replication = TopicReplication::Fixed(config.kafka.replication_factor);
        let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
        for (name, value) in &topic.settings {
            new = new.set(name, value);
        }
        let results = admin
            .create_topics([&new], &AdminOptions::new().operation_timeout(Some(TIMEOUT)))
            .await
            .map_err(|error| Unreachable(format!("cannot create topic {}: {error}", topic.name)))?;
        match results.first() {
            Some(Ok(_)) => tracing::info!(topic = topic.name, partitions = topic.partitions, "topic created"),
            // Another replica was faster.
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => {}
            Some(Err((_, RDKafkaErrorCode::InvalidReplicationFactor))) => {
                return Err(Refused(format!(
                    "cannot create topic {}: the cluster has fewer than {} brokers; set kafka.replication_factor \
                     (1 for a single broker) or add brokers",
                    topic.name, config.kafka.replication_factor
                )));
            }
            Some(Err((_, code))) => {
                return Err(Refused(format!(
                    "cannot create topic {}: {code}; allow it to this user, or create the topic by hand and set \
                     kafka.create_topics = false",
                    topic.name
                )));
            }
            None => {}
        }
    }
    Ok(())
}

async fn inspect(admin: &AdminClient<DefaultClientContext>, topics: &Topics) -> Result<Vec<Finding>, TopicsError> {
    let known = partitions(admin)?;
    let mut findings = Vec::new();
    let mut usable = Vec::new();
    for topic in topics.all() {
        match known.get(&topic.name) {
            None => findings.push(Finding {
                fatal: true,
                missing: true,
                text: format!("topic {} does not exist: create it, or set kafka.create_topics = true", topic.name),
            }),
            Some(&found) if topic.co_partitioned && found != topic.partitions => findings.push(Finding {
                fatal: true,
                missing: false,
                text: format!(
                    "topic {} has {found} partitions, kafka.partitions is {}: inbox, events, seen and routed topics need the same \
                     number, which can never be changed in place; set kafka.partitions to the topics' number, or use a \
                     new kafka.topic_prefix",
                    topic.name, topic.partitions
                ),
            }),
            Some(_) => usable.push(topic),
        }
    }
    let specifiers: Vec<_> = usable.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let described = admin.describe_configs(&specifiers, &AdminOptions::new().request_timeout(Some(TIMEOUT))).await;
    let described: Vec<_> = described.unwrap_or_default().into_iter().flatten().collect();
    for topic in usable {
        let of_it =
            |resource: &&ConfigResource| resource.specifier == OwnedResourceSpecifier::Topic(topic.name.clone());
        match described.iter().find(of_it) {
            Some(settings) => findings.extend(compare_settings(topic, settings)),
            None => findings.push(Finding {
                fatal: false,
                missing: false,
                text: format!(
                    "the settings of topic {} could not be read: allow DescribeConfigs to check them",
                    topic.name
                ),
            }),
        }
    }
    Ok(findings)
}

/// Settings that differ in a way that weakens a guarantee.
fn compare_settings(topic: &Topic, described: &ConfigResource) -> Vec<Finding> {
    let found = |name: &str| described.get(name).and_then(|entry| entry.value.clone());
    let number = |text: &str| text.parse::<i64>().ok().map(|value| if value < 0 { i64::MAX } else { value });
    let mut findings = Vec::new();
    for (name, wanted) in &topic.settings {
        let Some(value) = found(name) else { continue };
        let too_small = matches!((number(&value), number(wanted)), (Some(value), Some(wanted)) if value < wanted);
        let weak = match *name {
            "retention.ms" | "max.message.bytes" | "min.insync.replicas" => too_small,
            "cleanup.policy" | "message.timestamp.type" => value != *wanted,
            _ => false,
        };
        if weak {
            let text = format!("topic {} has {name} = {value}, documented is {wanted}: alter the topic", topic.name);
            findings.push(Finding { fatal: false, missing: false, text });
        }
    }
    findings
}

/// The topics of the cluster, and how many partitions they have.
fn partitions(admin: &AdminClient<DefaultClientContext>) -> Result<HashMap<String, i32>, TopicsError> {
    // Asking for metadata blocks, briefly; it happens at start and in `check` only. All topics, because asking for one
    // by name would create it on clusters that create topics by themselves.
    let metadata = tokio::task::block_in_place(|| admin.inner().fetch_metadata(None, TIMEOUT)).map_err(|error| {
        Unreachable(format!("no broker answers: {error}; is kafka.brokers right, is its security set up?"))
    })?;
    let there = metadata.topics().iter().filter(|topic| topic.error().is_none() && !topic.partitions().is_empty());
    Ok(there.map(|topic| (topic.name().to_owned(), topic.partitions().len() as i32)).collect())
}
