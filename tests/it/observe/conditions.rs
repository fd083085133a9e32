//! What goes wrong, made.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::super::deployment::{Deployment, PATIENCE};

/// The certificate a process shows, and what becomes of it.
pub struct Certificate {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// One that is good for years.
    pub fn in_folder(folder: &Path) -> Self {
        let certificate = Self { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        certificate.write(&rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name"));
        certificate
    }

    /// Replaces it by one that expires in one day or less.
    pub fn about_to_expire(&self) {
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(36);
        let soon = soon.to_zoned(jiff::tz::TimeZone::UTC).date();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_after = rcgen::date_time_ymd(soon.year().into(), soon.month() as u8, soon.day() as u8);
        self.write(&params);
    }

    /// Replaces it by something else.
    pub fn damage(&self) {
        fs::write(&self.cert, "no certificate").expect("written");
    }

    fn write(&self, params: &rcgen::CertificateParams) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate");
        fs::write(&self.key, key.serialize_pem()).expect("written");
        fs::write(&self.cert, cert.pem()).expect("written");
    }
}

/// Settings of a source whose vendor takes every request and answers none, and what it is called at.
pub fn vendor_that_hangs() -> (TcpListener, String) {
    // Nobody accepts: the system does, and that is all.
    let hole = TcpListener::bind("127.0.0.1:0").expect("a port");
    let settings = format!(
        "[sources.slow]\nvendor = \"nxcloud-callbot\"\nuuid = \"UID-slow\"\nsecrets = [\"only-for-tests-slow\"]\n\
         api.base_url = \"http://{}\"\npoll.timeout_ms = 300000\npoll.sweep.every_seconds = 300\n",
        hole.local_addr().expect("bound")
    );
    (hole, settings)
}

/// A transaction on the seen topic that nobody ends: whoever rebuilds its memory waits for it.
pub fn hanging_transaction(deployment: &Deployment) -> BaseProducer {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", &deployment.bootstrap)
        .set("transactional.id", format!("{}-hangs", deployment.prefix));
    settings.set("transaction.timeout.ms", "600000");
    let producer: BaseProducer = settings.create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("initialised");
    producer.begin_transaction().expect("begun");
    let topic = deployment.topic("seen");
    for partition in 0..3 {
        // No entry of the seen-set at all, and never to be read: it is aborted.
        let record = BaseRecord::<(), [u8]>::to(&topic).partition(partition).payload(&[]);
        producer.send(record).map_err(|(error, _)| error).expect("queued");
    }
    producer.flush(PATIENCE).expect("flushed");
    producer
}

/// A file of the spool from an hour ago, of one record, that nobody can read.
pub fn damaged_spool(folder: &Path) -> PathBuf {
    let spool = folder.join("spool");
    fs::create_dir(&spool).expect("created");
    let hour_ago = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1)).as_millisecond();
    fs::write(spool.join(format!("{:016}-1-{hour_ago}.records", 1)), "damaged").expect("written");
    spool
}
