//! The embedded broker of `trunkline dev`: librdkafka's mock cluster, which speaks the Kafka protocol on loopback.
//!
//! In memory and bounded: each partition keeps its last 5 MiB, it forgets transactional offsets, shows aborted records
//! and dies with the process. Good for trying out and for fast fault injection; no guarantee is ever tested on it.

use std::sync::mpsc;

use rdkafka::error::KafkaResult;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

type Job = Box<dyn FnOnce(&MockCluster<'static, DefaultProducerContext>) + Send>;

/// A running embedded broker; stopped when dropped.
pub struct Embedded {
    bootstrap: String,
    jobs: mpsc::Sender<Job>,
}

impl Embedded {
    /// Starts a broker on a free port of 127.0.0.1, with `topics` (name, partitions).
    pub fn start(topics: &[(String, i32)]) -> KafkaResult<Self> {
        let (answer, answers) = mpsc::channel();
        let (jobs, queue) = mpsc::channel::<Job>();
        let topics = topics.to_vec();
        // The mock cluster must stay on the thread that made it.
        std::thread::spawn(move || {
            let cluster = MockCluster::new(1).and_then(|cluster| {
                topics.iter().try_for_each(|(name, partitions)| cluster.create_topic(name, *partitions, 1))?;
                Ok(cluster)
            });
            match cluster {
                Err(error) => drop(answer.send(Err(error))),
                Ok(cluster) => {
                    drop(answer.send(Ok(cluster.bootstrap_servers())));
                    while let Ok(job) = queue.recv() {
                        job(&cluster);
                    }
                }
            }
        });
        let bootstrap = answers.recv().expect("the thread answers before it ends")?;
        Ok(Self { bootstrap, jobs })
    }

    /// The bootstrap address.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Runs `job` on the cluster's thread and waits for it: for injecting faults.
    pub fn with<T: Send + 'static>(
        &self,
        job: impl FnOnce(&MockCluster<'static, DefaultProducerContext>) -> T + Send + 'static,
    ) -> T {
        let (answer, answers) = mpsc::channel();
        let job: Job = Box::new(move |cluster| drop(answer.send(job(cluster))));
        self.jobs.send(job).expect("the cluster's thread lives as long as this");
        answers.recv().expect("the job answers")
    }
}
