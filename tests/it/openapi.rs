//! The HTTP interface against its own document, asked by Schemathesis: thousands of requests made from the schemas, good
//! and bad, and for each whether status, media type, headers and body are documented. Requests are proven where that takes
//! a header, a path token or a plain digest, so that what lies behind the proof is reached too.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use trunkline::source::{Source, build};

use super::deployment::{Deployment, SECRET, get};
use super::kafka::Cluster;

const DIALER: &str = "only-for-tests-dialer-token";

/// Beside the source every deployment has, with and without path tokens: sources whose proof is the same in each request.
const SOURCES: &str = r#"
[sources.nx-url]
vendor = "nxcloud-callbot"
uuid = "UID-TEST-01"
secrets = ["only-for-tests-nxcloud"]
path_tokens = ["only-for-tests-path-token"]

[sources.huawei]
vendor = "huawei-cec"
path_tokens = ["only-for-tests-path-token"]

[sources.knovvu]
vendor = "sestek-knovvu"
tokens = ["only-for-tests-header-token"]
dialer_tokens = ["only-for-tests-dialer-token"]
api.base_url = "http://127.0.0.1:9"
poll.first_delay_seconds = 3600

[sources.numbers]
vendor = "nxcloud-openapi"
path_tokens = ["only-for-tests-path-token"]
cdr_tokens = ["only-for-tests-cdr-token"]

[sources.tencent]
vendor = "tencent-ccc"
sdk_app_ids = [1400000000]
credentials = ["trunkline:only-for-tests"]

[sources.mapped]
vendor = "generic"
verify = { scheme = "bearer", secrets = ["only-for-tests-bearer-token"] }
map = { type = { value = "call.ended" }, call = "/id" }
"#;

/// What proves each source in every request: a header; nothing for those proven by their path token or a signature.
const PROOFS: &[(&str, &str, &str)] = &[
    ("knovvu", "x-trunkline-token", "only-for-tests-header-token"),
    ("numbers", "token", "only-for-tests-cdr-token"),
    ("tencent", "authorization", "Basic dHJ1bmtsaW5lOm9ubHktZm9yLXRlc3Rz"),
    ("mapped", "authorization", "Bearer only-for-tests-bearer-token"),
];

/// What the hooks have to know of a source.
fn describe(source: &Source) -> Value {
    let mut kinds: Vec<&str> = source.vendor.kinds().iter().map(|kind| kind.name).collect();
    kinds.extend(
        [("knovvu", "calls"), ("tencent", "token")]
            .iter()
            .filter(|(name, _)| *name == source.name)
            .map(|(_, kind)| *kind),
    );
    let headers: serde_json::Map<String, Value> = PROOFS
        .iter()
        .filter(|(name, ..)| *name == source.name)
        .map(|(_, name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    json!({
        "source": source.name,
        "kinds": kinds,
        "token": (source.path_tokens() > 0).then_some("only-for-tests-path-token"),
        "headers": headers,
        "nxcloud": (source.vendor.name() == "nxcloud-callbot").then(|| json!({ "uuid": "UID-TEST-01", "secret": SECRET })),
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program of Schemathesis.
fn schemathesis() -> PathBuf {
    let output = Command::new(root().join("tools/schemathesis/fetch")).output().expect("tools/schemathesis/fetch runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().into()
}

/// Asks `url` about the operations of the document that `chosen` names.
fn ask(program: &Path, url: &str, sources: &Path, chosen: &[String]) {
    let output = Command::new(program)
        .args(["--no-color", "--config-file", "schemathesis.toml", "run", "../../schemas/openapi.json", "--url", url])
        .args(chosen)
        .current_dir(root().join("tools/schemathesis"))
        .env("TRUNKLINE_SOURCES", sources)
        .env("TRUNKLINE_DIALER_TOKEN", DIALER)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Schemathesis runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains(" generated, "), "requests were made:\n{told}");
}

#[test]
fn every_answer_is_documented() {
    let program = schemathesis();
    let deployment = Deployment::new(Cluster::shared().bootstrap(), SOURCES);
    let sources = build(&deployment.config()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut replica = deployment.start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sources.json");
    let described: Vec<Value> = sources.values().map(|source| describe(source)).collect();
    std::fs::write(&path, json!(described).to_string()).expect("written");

    // Every kind that a source takes: an unknown one gets the same 404 whatever its name is.
    let urls = sources.values().flat_map(|source| {
        source.vendor.kinds().iter().map(|kind| source.path(kind).replace(&format!("/{}/", source.name), "/{source}/"))
    });
    let mut urls: BTreeSet<String> = urls.collect();
    urls.extend(["/v1/sources/{source}/token".to_owned(), "/v1/sources/{source}/calls".to_owned()]);
    let chosen: Vec<String> = urls.into_iter().flat_map(|url| ["--include-path".to_owned(), url]).collect();
    ask(&program, &replica.url(), &path, &chosen);
    ask(&program, &replica.admin(), &path, &["--include-tag".to_owned(), "admin".to_owned()]);

    // It got behind the proofs, and no further than it should.
    let metrics = get(&format!("{}/metrics", replica.admin())).1;
    for source in ["nx", "nx-url", "knovvu", "numbers", "tencent", "mapped"] {
        let proven = ["accepted", "field_missing", "body_not_json", "not_handled"].iter().any(|result| {
            metrics.lines().any(|line| {
                line.starts_with("trunkline_deliveries_total")
                    && line.contains(&format!("result=\"{result}\",source=\"{source}\""))
            })
        });
        assert!(proven, "requests to {source} are proven:\n{metrics}");
    }
    assert!(replica.metric("trunkline_placed_calls_total", &["accepted"]) > 0.0, "calls are placed");
    assert!(replica.stop().success());
    assert!(!replica.log().contains("panicked"), "{}", replica.log());
}
