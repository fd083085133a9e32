//! The Kafkas that are written to.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use trunkline::config::Config;
use trunkline::kafka::{Embedded, Topics};

use super::servers;
use crate::kafka::Cluster;

/// Where a peer writes.
const PEER_TOPIC: &str = "peer";

/// A way to be answered by Kafka.
pub struct Setting {
    /// Its name on the command line.
    pub name: &'static str,
    /// Head of its table.
    pub title: &'static str,
    /// How many connections it is measured with.
    pub connections: &'static [usize],
    /// How long the mock cluster takes for an answer; `None` for real Kafka.
    round_trip: Option<Duration>,
}

/// The round trip of the slow one.
pub const ROUND_TRIP: Duration = Duration::from_millis(5);

/// All of them.
pub const SETTINGS: [Setting; 3] = [
    Setting {
        name: "rtt0",
        title: "A broker that answers at once (librdkafka's mock cluster)",
        connections: &[1, 16, 64, 256],
        round_trip: Some(Duration::ZERO),
    },
    Setting {
        name: "rtt5",
        title: "A broker 5 ms away (the same, answers delayed)",
        connections: &[64, 256],
        round_trip: Some(ROUND_TRIP),
    },
    Setting { name: "kafka", title: "Apache Kafka, a single node", connections: &[64], round_trip: None },
];

/// A running one; stopped when dropped.
pub enum Broker {
    /// In this process.
    Mock(Embedded),
    /// In a process of its own.
    Kafka(Box<Cluster>),
}

impl Broker {
    /// Starts it, with the topics of all servers.
    pub fn start(setting: &Setting, config: &Config) -> Self {
        let partitions = config.kafka.partitions;
        let others = [servers::TOPIC, PEER_TOPIC].map(|topic| (topic.to_owned(), partitions));
        match setting.round_trip {
            Some(round_trip) => {
                let own = Topics::new(config);
                let own = own.all().into_iter().map(|topic| (topic.name.clone(), topic.partitions));
                let embedded = Embedded::start(&own.chain(others).collect::<Vec<_>>()).expect("a mock cluster");
                let delayed = embedded.with(move |cluster| cluster.broker_round_trip_time(-1, round_trip));
                delayed.expect("a round trip");
                Self::Mock(embedded)
            }
            None => {
                let cluster = Cluster::start(1);
                create(cluster.bootstrap(), &others);
                Self::Kafka(Box::new(cluster))
            }
        }
    }

    /// The bootstrap address.
    pub fn bootstrap(&self) -> &str {
        match self {
            Self::Mock(embedded) => embedded.bootstrap(),
            Self::Kafka(cluster) => cluster.bootstrap(),
        }
    }
}

fn create(bootstrap: &str, topics: &[(String, i32)]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", bootstrap);
    let admin: AdminClient<DefaultClientContext> = settings.create().expect("a client");
    let new = |(name, partitions)| NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    let new: Vec<_> = topics.iter().map(|(name, partitions)| new((name.as_str(), *partitions))).collect();
    let created = runtime.block_on(admin.create_topics(&new, &AdminOptions::new())).expect("an answer");
    assert!(created.iter().all(Result::is_ok), "{created:?}");
}
