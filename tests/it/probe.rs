//! `trunkline probe` against a running deployment.

use std::io::Write;
use std::process::{Command, Output};

use tempfile::NamedTempFile;
use trunkline::source::demo_settings;
use trunkline::vendor::REGISTRY;

use super::deployment::{Deployment, SECRET};
use super::kafka::Cluster;

/// A source that makes an event of whatever it gets, and one that only a proxy may call.
const ODD: &str = r#"
[sources.eager]
vendor = "generic"
verify = { scheme = "bearer", secrets = ["only-for-tests-eager"] }
map = { type = "call.ended", call = "/trunkline" }

[sources.proxied]
vendor = "generic"
allowed_addresses = ["203.0.113.0/24"]
verify = { scheme = "mtls", header = "x-client-subject", subjects = ["CN=acme"] }
map = { type = "call.ended", call = "/id" }
"#;

fn probe(toml: &str, arguments: &[&str]) -> (i32, String) {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(toml.as_bytes()).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    let Output { status, stdout, stderr } =
        command.arg("probe").arg("--config").arg(file.path()).args(arguments).output().expect("the program runs");
    let text = String::from_utf8(stdout).expect("UTF-8") + &String::from_utf8(stderr).expect("UTF-8");
    assert!(!text.contains("only-for-tests") && !text.contains("demo-"), "a secret is shown: {text}");
    (status.code().expect("not killed"), text)
}

#[test]
fn a_probe_proves_every_source_and_no_consumer_sees_it() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), &format!("{}\n{ODD}", demo_settings()));
    let mut replica = deployment.start();
    let (code, text) = probe(&deployment.toml, &["--url", &replica.url()]);
    assert_eq!(code, 0, "{text}");
    let line = |source: &str| {
        let found = text.lines().find(|line| line.contains(&format!("sources.{source}:")));
        found.unwrap_or_else(|| panic!("{source} is not in\n{text}"))
    };
    for vendor in REGISTRY {
        let line = line(&format!("{}-demo", vendor.name()));
        assert!(line.starts_with("ok    ") && line.contains("a signed delivery is taken"), "{line}");
    }
    assert!(line("nx").starts_with("ok    "), "{text}");
    assert!(line("eager").starts_with("warn  ") && line("eager").contains("would become an event"), "{text}");
    assert!(line("proxied").starts_with("warn  ") && line("proxied").contains("answered 401"), "{text}");

    let rejected = deployment.read_until("rejected", |records| !records.is_empty());
    assert!(rejected.iter().all(|record| String::from_utf8_lossy(&record.value).contains(r#""trunkline":"probe""#)));
    assert!(rejected.iter().any(|record| record.key == "nx"), "Kafka was asked to keep it");
    // What is accepted later passes dedup after what was accepted before.
    assert!(deployment.read("inbox").is_empty() && deployment.read("events").is_empty());
    assert_eq!(replica.metric("trunkline_ingested_events_total", &[]), 0.0);
    assert!(replica.stop().success());
}

#[test]
fn a_probe_says_what_is_wrong() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    let url = replica.url();

    let (code, text) = probe(&deployment.toml.replace(SECRET, "another-secret"), &["--url", &url]);
    assert!(code == 1 && text.contains("FAIL  sources.nx: answered 401: not believed"), "{text}");

    let (code, text) = probe(&deployment.toml.replace("sources.nx.", "sources.other."), &["--url", &url]);
    assert!(code == 1 && text.contains("FAIL  sources.other: answered 404"), "{text}");

    let (code, text) = probe(&deployment.toml, &["--url", &replica.admin()]);
    assert!(code == 1 && text.contains("FAIL  sources.nx: answered 404"), "{text}");

    let (code, text) = probe(&deployment.toml, &["--url", &url, "--source", "ny"]);
    assert!(code == 2 && text.contains("did you mean `nx`?"), "{text}");

    let (code, text) = probe(&deployment.toml, &["--url", &url, "--ca-file", "Cargo.toml"]);
    assert!(code == 1 && text.contains("--ca-file Cargo.toml: holds no certificates"), "{text}");

    assert!(replica.stop().success());
    let (code, text) = probe(&deployment.toml, &["--url", &url]);
    assert!(code == 1 && text.contains("FAIL  sources.nx: no answer: "), "{text}");
}
