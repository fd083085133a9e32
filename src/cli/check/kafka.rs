//! The cluster: can it be reached, are the topics right, are transactions allowed, do its clocks agree with ours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, DeliveryResult, FutureProducer, FutureRecord, Producer, ProducerContext};

use super::{Report, count};
use crate::clock;
use crate::config::Config;
use crate::kafka::{Topics, inspect_topics, told};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Beyond this times in events and of signatures look odd.
const CLOCK_WARN_MS: u64 = 1_000;
/// Beyond this signatures of vendors are refused.
const CLOCK_FAIL_MS: u64 = 60_000;

pub(super) async fn check(report: &mut Report, config: &Config, client: &ClientConfig) {
    let Some(brokers) = reach(report, client) else { return };
    topics(report, config, client, brokers).await;
    transactions(report, config, client);
    clock_difference(report, config, client, brokers).await;
}

/// The last thing librdkafka complained about: a failed connection or login, which its errors do not tell.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<String>>>);

impl ClientContext for Heard {
    fn error(&self, error: KafkaError, reason: &str) {
        // That all are down follows from what was said about each.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
        }
    }
}

impl ProducerContext for Heard {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// How many brokers there are; `None` when none answers.
fn reach(report: &mut Report, client: &ClientConfig) -> Option<usize> {
    let heard = Heard::default();
    let producer: BaseProducer<Heard> = match client.create_with_context(heard.clone()) {
        Ok(producer) => producer,
        Err(error) => {
            report.fail("kafka", &told(&error), "correct kafka.properties, kafka.tls and kafka.sasl");
            return None;
        }
    };
    match tokio::task::block_in_place(|| producer.client().fetch_metadata(None, TIMEOUT)) {
        Ok(metadata) => {
            let brokers = metadata.brokers().len();
            report.ok("kafka", &format!("{} in the cluster", count(brokers, "broker")));
            Some(brokers)
        }
        Err(error) => {
            // What happened to the connections waits to be picked up.
            producer.poll(Duration::from_millis(100));
            let heard = heard.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let finding = format!("no broker answers: {}", heard.unwrap_or_else(|| error.to_string()));
            report.fail("kafka", &finding, "correct kafka.brokers, kafka.tls and kafka.sasl");
            None
        }
    }
}

async fn topics(report: &mut Report, config: &Config, client: &ClientConfig, brokers: usize) {
    let topics = Topics::new(config);
    let findings = match inspect_topics(client, &topics).await {
        Ok(findings) => findings,
        Err(error) => return report.fail("topics", &error.to_string(), "allow Describe to this user"),
    };
    if findings.is_empty() {
        report.ok("topics", &format!("{}.*: all exist, with the documented settings", config.kafka.topic_prefix));
    }
    let missing = findings.iter().filter(|finding| finding.missing).count();
    if config.kafka.create_topics && missing > 0 {
        let finding = format!("{} under {} to be created", count(missing, "topic"), config.kafka.topic_prefix);
        if usize::try_from(config.kafka.replication_factor).is_ok_and(|replicas| replicas > brokers) {
            let finding = format!("{finding} with more replicas than there are brokers");
            report.fail("topics", &finding, "set kafka.replication_factor, or add brokers");
        } else {
            report.ok("topics", &format!("{finding} at the first start"));
        }
    }
    for finding in findings.iter().filter(|finding| !(finding.missing && config.kafka.create_topics)) {
        // The text of a finding ends with its fix, after a colon or semicolon.
        let (text, fix) = finding.text.rsplit_once(": ").unwrap_or((&finding.text, "alter the topic"));
        match finding.fatal {
            true => report.fail("topics", text, fix),
            false => report.warn("topics", text, fix),
        }
    }
}

/// The dedup stage needs a transactional producer.
fn transactions(report: &mut Report, config: &Config, client: &ClientConfig) {
    let id = format!("{}-check", config.dedup.group);
    let mut settings = client.clone();
    settings.set("transactional.id", &id);
    settings.set("transaction.timeout.ms", config.dedup.transaction_timeout_ms.to_string());
    let started = settings
        .create::<BaseProducer>()
        .and_then(|producer| tokio::task::block_in_place(|| producer.init_transactions(TIMEOUT)));
    match started {
        Ok(()) => report.ok("transactions", &format!("allowed for transactional.id {id}")),
        Err(error) => report.fail(
            "transactions",
            &format!("transactional.id {id} cannot be used: {error}"),
            &format!(
                "allow Write on transactional ids that begin with {}, and see that the cluster's \
                 transaction.state.log.replication.factor is not above its number of brokers",
                config.dedup.group
            ),
        ),
    }
}

/// Compares clocks by a record whose time the broker sets, in a topic that is deleted again.
async fn clock_difference(report: &mut Report, config: &Config, client: &ClientConfig, brokers: usize) {
    let admin: AdminClient<DefaultClientContext> = match client.create() {
        Ok(admin) => admin,
        Err(error) => return report.warn("clock", &format!("not compared: {error}"), "see the other findings"),
    };
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT)).request_timeout(Some(TIMEOUT));
    let name = config.kafka.topic(&format!("check.{}", uuid::Uuid::new_v4().simple()));
    let most = i32::try_from(brokers).unwrap_or(i32::MAX).max(1);
    let replication = TopicReplication::Fixed(config.kafka.replication_factor.min(most));
    let topic = NewTopic::new(&name, 1, replication).set("message.timestamp.type", "LogAppendTime");
    let created = match admin.create_topics([&topic], &options).await.map(|mut results| results.pop()) {
        Ok(Some(Err((_, code)))) => Err(code.to_string()),
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = created {
        let finding = format!("not compared: topic {name} could not be created: {why}");
        return report.warn("clock", &finding, "allow it to this user, or watch the clocks by other means");
    }
    match ahead(client, &name).await {
        Err(why) => report.warn("clock", &format!("not compared: {why}"), "see the other findings"),
        Ok(ahead) => judge(report, ahead),
    }
    let deleted = admin.delete_topics(&[&name], &options).await.map(|mut results| results.pop());
    if !matches!(deleted, Ok(Some(Ok(_)))) {
        report.warn("clock", &format!("topic {name} could not be deleted again"), "delete it by hand");
    }
}

/// Milliseconds by which our clock is ahead of the broker's, as [`difference`] says.
async fn ahead(client: &ClientConfig, topic: &str) -> Result<i64, String> {
    let mut settings = client.clone();
    settings.set("acks", "all").set("message.timeout.ms", TIMEOUT.as_millis().to_string());
    let producer: FutureProducer = settings.create().map_err(|error| error.to_string())?;
    let record = || FutureRecord::<str, str>::to(topic).payload("trunkline check");
    // The first record waits for connections and the new topic's leader; the second one is timed.
    producer.send(record(), TIMEOUT).await.map_err(|(error, _)| error.to_string())?;
    let before = clock::now().as_millisecond();
    let delivery = producer.send(record(), TIMEOUT).await.map_err(|(error, _)| error.to_string())?;
    let after = clock::now().as_millisecond();
    let at = delivery.timestamp.to_millis().ok_or("the broker gave the record no time")?;
    Ok(difference(before, at, after))
}

/// By how much we are ahead of the broker, at least; negative when behind, 0 when the broker's time lies between sending
/// and acknowledgement.
fn difference(before: i64, at: i64, after: i64) -> i64 {
    if at < before { before - at } else { (after - at).min(0) }
}

fn judge(report: &mut Report, ahead: i64) {
    let apart = ahead.unsigned_abs();
    let finding = match ahead {
        0 => "agrees with the broker's".to_owned(),
        _ => format!("{apart} ms {} the broker's", if ahead > 0 { "ahead of" } else { "behind" }),
    };
    match apart {
        0..=CLOCK_WARN_MS => report.ok("clock", &finding),
        _ if apart <= CLOCK_FAIL_MS => report.warn("clock", &finding, "synchronise both clocks (NTP)"),
        _ => report.fail("clock", &finding, "synchronise both clocks (NTP): fresh signatures look stale"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_broker_is_no_difference_of_clocks() {
        for (at, ahead) in [(100, 0), (105, 0), (110, 0), (90, 10), (130, -20)] {
            assert_eq!(difference(100, at, 110), ahead);
        }
    }

    #[test]
    fn a_second_is_worth_a_warning_and_a_minute_a_failure() {
        for (ahead, warned, failed) in [(0, 0, 0), (-1_000, 0, 0), (1_001, 1, 0), (-60_000, 1, 0), (60_001, 0, 1)] {
            let mut report = Report::default();
            judge(&mut report, ahead);
            assert_eq!((report.warned, report.failed), (warned, failed), "{ahead}");
        }
    }
}
