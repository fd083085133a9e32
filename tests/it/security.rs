//! The security real Kafka clusters use: TLS, SASL, client certificates.

use super::deployment::{Deployment, call_body, client, read_topic};
use super::kafka::{Cluster, Secure};

async fn one_callback(deployment: &Deployment, secure: &Secure, topic_reader: &[(&str, &str)]) {
    let mut replica = deployment.start();
    let signed = deployment.signed("call", &call_body("c-1", "486"));
    assert_eq!(signed.post(&client(), &replica.url()).await.expect("an answer").status(), 200);
    let read = || read_topic(&deployment.bootstrap, &deployment.topic("events"), topic_reader);
    super::deployment::eventually("the event", || read().len() == 1);
    assert!(replica.stop().success());
    assert!(!replica.log().contains(secure.password), "the password is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn sasl_over_tls() {
    let secure = Cluster::shared().secure();
    let ca = secure.ca_pem.display().to_string();
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let extra = format!(
            "kafka.tls.ca_file = \"{ca}\"\nkafka.sasl.mechanism = \"{mechanism}\"\nkafka.sasl.username = \"{}\"\nkafka.sasl.password = \"{}\"",
            secure.user, secure.password
        );
        let deployment = Deployment::new(&secure.sasl_ssl, &extra);
        let reader = [
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", ca.as_str()),
            ("sasl.mechanisms", mechanism),
            ("sasl.username", secure.user),
            ("sasl.password", secure.password),
        ];
        one_callback(&deployment, secure, &reader).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mutual_tls_and_properties_passed_through() {
    let secure = Cluster::shared().secure();
    let (ca, cert, key) = (&secure.ca_pem, &secure.client_cert_pem, &secure.client_key_pem);
    let extra = format!(
        "kafka.tls.ca_file = \"{}\"\nkafka.tls.cert_file = \"{}\"\nkafka.tls.key_file = \"{}\"\nkafka.properties.ssl.endpoint.identification.algorithm = \"https\"",
        ca.display(),
        cert.display(),
        key.display()
    );
    let deployment = Deployment::new(&secure.mtls, &extra);
    let (ca, cert, key) = (ca.display().to_string(), cert.display().to_string(), key.display().to_string());
    let reader = [
        ("security.protocol", "ssl"),
        ("ssl.ca.location", ca.as_str()),
        ("ssl.certificate.location", cert.as_str()),
        ("ssl.key.location", key.as_str()),
    ];
    one_callback(&deployment, secure, &reader).await;
}

#[test]
fn a_wrong_password_is_told_and_waited_for() {
    let secure = Cluster::shared().secure();
    let extra = format!(
        "kafka.tls.ca_file = \"{}\"\nkafka.sasl.mechanism = \"PLAIN\"\nkafka.sasl.username = \"{}\"\nkafka.sasl.password = \"wrong-password\"",
        secure.ca_pem.display(),
        secure.user
    );
    let deployment = Deployment::new(&secure.sasl_ssl, &extra);
    let mut replica = deployment.spawn(&[], &[]);
    let admin = replica.admin();
    super::deployment::eventually("the log names the cause", || {
        replica.log().to_lowercase().contains("authentication")
    });
    assert_eq!(super::deployment::get(&format!("{admin}/readyz")).0, 503);
    assert!(!replica.log().contains("wrong-password"));
}
