//! Secrets, numbers and bodies: where they must not be, however they got in.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio_util::sync::CancellationToken;
use toml::{Table, Value};
use trunkline::simulate::plan::{Away, Faults, Outage, Plan, VendorPlan};
use trunkline::simulate::{Simulation, names};
use trunkline::source::{Source, build, demo_settings};
use trunkline::vendor::{REGISTRY, Unsigned, capture};

use super::deployment::{Deployment, Replica, client, eventually, get, read_topic};
use super::kafka::Cluster;

/// Sources whose secrets are in no fixture, in every other place a secret can stand. `proxied` and `refused` ask vendors that
/// do not answer, and with credentials that a proxy, or the vendor, would not take.
const MORE: &str = r#"
[sources.bearer]
vendor = "generic"
path_tokens = ["marker-path-token-of-bearer"]
verify = { scheme = "bearer", secrets = ["marker-bearer-token-of-generic"] }
map = { type = "call.ended", call = "/id" }

[sources.basic]
vendor = "generic"
verify = { scheme = "basic", user = "marker", secrets = ["marker-password-of-generic"] }
map = { type = "call.ended", call = "/id" }

[sources.webhooks]
vendor = "generic"
verify = { scheme = "standard-webhooks", secrets = ["whsec_bWFya2VyLW9mLXN0YW5kYXJkLXdlYmhvb2tz"] }
map = { type = "call.ended", call = "/id" }

[sources.knovvu-basic]
vendor = "sestek-knovvu"
basic_user = "marker"
basic_passwords = ["marker-password-of-knovvu"]

[sources.tokens]
vendor = "nxcloud-openapi"
cdr_tokens = ["marker-cdr-token-of-nxcloud"]
path_tokens = ["marker-path-token-of-nxcloud"]

[sources.proxied]
vendor = "sestek-knovvu"
path_tokens = ["marker-path-token-of-proxied"]
dialer_tokens = ["marker-dialer-token-of-proxied"]
api = { base_url = "https://127.0.0.1:9", headers = { Project = "marker-header-of-knovvu" } }
poll = { proxy = "http://marker:marker-password-of-proxy@127.0.0.1:9", first_delay_seconds = 1, pause_seconds = 1 }

[sources.refused]
vendor = "tencent-ccc"
sdk_app_ids = [1400000009]
credentials = ["marker:marker-password-of-tencent"]
dialer_tokens = ["marker-dialer-token-of-refused"]
api = { base_url = "http://127.0.0.1:9", secret_keys = ["marker-id-of-tencent:marker-key-of-tencent:marker-token-of-tencent"] }
poll = { first_delay_seconds = 1, pause_seconds = 1 }
"#;

/// All the sources there are: demo sources that take deliveries of any age, and `MORE`.
fn sources() -> String {
    let mut demo: Table = demo_settings().parse().expect("demo settings");
    let sources = demo["sources"].as_table_mut().expect("sources");
    for (name, source) in sources.iter_mut() {
        let source = source.as_table_mut().expect("a source");
        match name.as_str() {
            "generic-demo" => {
                drop(source["verify"].as_table_mut().expect("a scheme").insert("tolerance_seconds".into(), 0.into()))
            }
            "sestek-knovvu-demo" | "tencent-ccc-demo" => {}
            _ => drop(source.insert("freshness_seconds".into(), 0.into())),
        }
        if name == "huawei-voicecall-demo" {
            for key in ["status_urls", "fee_urls"] {
                let urls = source[key].as_array_mut().expect("URLs");
                urls.push(format!("https://trunkline.example/marker-in-{}", key.replace('_', "-")).into());
            }
        }
    }
    format!("{demo}\n{MORE}")
}

/// Every text that is a secret of `toml`, and those it is made of: what the schema calls a secret is one.
fn secrets(toml: &str) -> BTreeSet<String> {
    let schema = trunkline::schema::make(["schema", "config"]).expect("a document");
    let mut keys = BTreeSet::new();
    names_of_secrets(&serde_json::from_str(&schema).expect("JSON"), &mut keys);
    let mut found = BTreeSet::new();
    collect(&toml.parse::<Table>().expect("TOML").into(), false, &keys, &mut found);
    // Parts of the demo's secrets that are known to everybody: host and source of secret URLs, names of vendors.
    let names: Vec<&str> = trunkline::vendor::REGISTRY.iter().map(|vendor| vendor.name()).collect();
    let ends = ["/status", "/fee", ".example", "-demo"];
    let public = |part: &str| names.contains(&part) || ends.iter().any(|end| part.ends_with(end));
    found.retain(|secret| secret.len() >= 12 && !public(secret));
    found
}

fn names_of_secrets(schema: &serde_json::Value, keys: &mut BTreeSet<String>) {
    let is_secret = |part: &serde_json::Value| part["x-classification"] == "secret";
    for (name, part) in schema["properties"].as_object().into_iter().flatten() {
        if is_secret(part) || is_secret(&part["items"]) || is_secret(&part["additionalProperties"]) {
            keys.insert(name.clone());
        }
    }
    match schema {
        serde_json::Value::Object(members) => members.values().for_each(|member| names_of_secrets(member, keys)),
        serde_json::Value::Array(items) => items.iter().for_each(|item| names_of_secrets(item, keys)),
        _ => {}
    }
}

fn collect(value: &Value, is_secret: bool, keys: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(key, value)| collect(value, is_secret || keys.contains(key), keys, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, is_secret, keys, found)),
        Value::String(text) if is_secret => {
            found.insert(text.clone());
            // `user:password`, `id:key:token`, `whsec_KEY`, a URL with a password in it.
            found.extend(text.split([':', '@', '_', '/']).map(str::to_owned));
        }
        _ => {}
    }
}

/// The forms in which a text could be written by somebody who does not know that it is a secret.
fn forms(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url, secret.replace('"', "\\\"")];
    forms.push(format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned());
    // Base64 of a text that holds the secret: at each of three places, without what depends on its neighbours.
    for before in 0..3 {
        let text = STANDARD_NO_PAD.encode([&b"xx"[..before], secret.as_bytes()].concat());
        let (start, end) = ([0, 2, 3][before], text.len() - 2);
        forms.push(text[start..end].to_owned());
        forms.push(text[start..end].replace('+', "-").replace('/', "_"));
    }
    // The key of whoever writes it in Base64.
    let decoded =
        base64::engine::general_purpose::STANDARD.decode(secret).ok().and_then(|text| String::from_utf8(text).ok());
    forms.extend(decoded.filter(|text| text.len() >= 12));
    forms
}

/// What was seen anywhere, and what must not be in it.
struct Search {
    secrets: BTreeSet<String>,
    /// Numbers and names of members of the bodies that were sent.
    private: BTreeSet<String>,
}

impl Search {
    fn new(toml: &str) -> Self {
        Self { secrets: secrets(toml), private: BTreeSet::new() }
    }

    /// A body that was sent: its numbers, and its members' names, which no log line has.
    fn sent(&mut self, body: &str) {
        let numbers = body.split(|c: char| !c.is_ascii_digit()).filter(|number| number.len() >= 9);
        self.private.extend(numbers.map(str::to_owned));
        let members =
            body.split('"').filter(|name| name.len() >= 8 && name.bytes().all(|byte| byte.is_ascii_alphabetic()));
        self.private
            .extend(members.filter(|name| body.contains(&format!("\"{name}\":"))).map(|name| format!("\"{name}\":")));
    }

    /// Looks for secrets in what `place` holds.
    fn in_public(&self, place: &str, text: &str) {
        for secret in &self.secrets {
            for form in forms(secret) {
                assert!(!text.contains(&form), "{place} holds {secret} as {form}:\n{}", around(text, &form));
            }
        }
    }

    /// Looks for secrets, numbers and bodies.
    fn in_log(&self, place: &str, text: &str) {
        self.in_public(place, text);
        for private in &self.private {
            let logs_own = ["\"timestamp\":", "\"facility\":", "\"component\":", "\"partition\":", "\"milliseconds\":"];
            if !logs_own.contains(&private.as_str()) {
                assert!(!text.contains(private), "{place} holds {private}:\n{}", around(text, private));
            }
        }
    }
}

/// The line of `text` in which `part` stands.
fn around<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_default()
}

/// A request as it goes out.
struct Sent {
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Every fixture of every vendor, sent to its demo source, and every sample, signed now.
fn corpus(sources: &trunkline::source::Sources) -> Vec<Sent> {
    let mut all = Vec::new();
    for vendor in REGISTRY {
        let source = &sources[&format!("{}-demo", vendor.name())];
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(vendor.name());
        for entry in std::fs::read_dir(folder).expect("fixtures") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "http") {
                continue;
            }
            let request = capture::parse(&std::fs::read(&path).expect("readable")).expect("a request");
            let kind = vendor.kinds().iter().find(|kind| request.path.ends_with(&format!("/{}", kind.name)));
            let query = request.query.map(|query| format!("?{query}")).unwrap_or_default();
            let headers =
                request.headers.iter().filter(|(name, _)| !["host", "content-length"].contains(&name.as_str()));
            all.push(Sent {
                path: format!("{}{query}", source.secret_path(kind.expect("a kind of the vendor"))),
                headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
                body: request.body.to_vec(),
            });
        }
        for (number, (kind, body)) in vendor.demo().samples.iter().enumerate() {
            all.push(signed(source, kind, body, &format!("{number:032x}")));
        }
    }
    for (name, kind) in [
        ("bearer", "event"),
        ("basic", "event"),
        ("webhooks", "event"),
        ("knovvu-basic", "result"),
        ("tokens", "cc-cdr"),
    ] {
        all.push(signed(&sources[name], kind, r#"{"id":"6281200000009"}"#, "0123456789abcdef"));
    }
    all
}

fn signed(source: &Source, kind: &str, body: &str, nonce: &str) -> Sent {
    let kind = source.kind(kind).expect("a kind of the vendor");
    let request = Unsigned { kind, body, now: jiff::Timestamp::now(), nonce };
    let signed = source.adapter.sign(&request).expect("a secret");
    let query = if signed.query.is_empty() { String::new() } else { format!("?{}", signed.query) };
    Sent {
        path: format!("{}{query}", source.secret_path(kind)),
        headers: signed.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect(),
        body: signed.body.into_bytes(),
    }
}

/// Sends a request and returns its status, and headers and body of the answer.
async fn send(client: &reqwest::Client, url: &str, sent: &Sent) -> (u16, String) {
    let request = client.post(format!("{url}{}", sent.path)).body(sent.body.clone());
    let request = sent.headers.iter().fold(request, |request, (name, value)| request.header(name, value.as_slice()));
    let answer = request.send().await.expect("an answer");
    let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
    (status, format!("{headers}\n{}", answer.text().await.unwrap_or_default()))
}

/// The whole corpus, dialers, strangers, and simulated vendors that fail, against the program at its most talkative.
async fn nothing_is_told(format: &str) {
    let secure = Cluster::shared().secure();
    let faults = Faults { lose: 0.5, wrong_signatures: 0.3, ..Faults::default() };
    let away = |form| vec![Outage { from: Duration::from_secs(1), to: Duration::from_secs(4), form }];
    let plan = |(number, name): (usize, &&str)| VendorPlan {
        calls: 12,
        rate: 6.0,
        refuse: 0.2,
        faults: faults.clone(),
        outages: away(if number % 2 == 0 { Away::Unavailable } else { Away::Dropped }),
        token_seconds: Some(3),
        ..VendorPlan::new(name)
    };
    let plan = Plan { seed: 7, vendors: names().iter().enumerate().map(plan).collect() };
    let simulation = Simulation::start(plan, "127.0.0.1:0".parse().expect("an address")).await.expect("starts");
    let group = uuid::Uuid::new_v4().simple();
    let extra = format!(
        "log.format = \"{format}\"\nlog.filter = \"trace\"\n\
         poll.group = \"{group}-poll\"\npoll.calls_group = \"{group}-calls\"\npoll.session_timeout_ms = 6000\n\
         kafka.tls.ca_file = \"{}\"\nkafka.sasl.mechanism = \"SCRAM-SHA-256\"\nkafka.sasl.username = \"{}\"\n\
         kafka.sasl.password = \"{}\"\nkafka.properties.debug = \"conf,security,broker\"\n{}\n{}",
        secure.ca_pem.display(),
        secure.user,
        secure.password,
        simulation.settings(),
        sources(),
    );
    let deployment = Deployment::new(&secure.sasl_ssl, &extra);
    let mut search = Search::new(&deployment.toml);
    assert!(search.secrets.len() > 50, "{:?}", search.secrets);
    assert!(search.secrets.contains("marker-password-of-proxy") && search.secrets.contains(secure.password));
    let built = build(&deployment.config()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let corpus = corpus(&built);
    assert!(corpus.len() > 250, "{}", corpus.len());

    let mut replica = deployment.spawn(&[], &[("NO_COLOR", "1")]);
    replica.wait_ready();
    let (client, url) = (client(), replica.url());
    let mut statuses = BTreeSet::new();
    for sent in &corpus {
        search.sent(&String::from_utf8_lossy(&sent.body));
        let (status, answer) = send(&client, &url, sent).await;
        statuses.insert(status);
        search.in_public("an answer", &answer);
    }
    assert!(statuses.contains(&200) && statuses.contains(&401), "{statuses:?}");
    strangers(&search, &client, &url).await;
    dialers(&mut search, &client, &url).await;
    let ledger = simulation.run(&url, Duration::from_secs(60), CancellationToken::new()).await.expect("runs");
    search.private.extend(ledger.due.iter().map(|due| due.subject.clone()).filter(|subject| subject.len() >= 9));
    simulation.stop().await;
    let failures = |replica: &mut Replica| replica.metric("trunkline_poll_requests_total", &["proxied", "retry"]);
    let mut asked = 0.0;
    while asked == 0.0 {
        asked = failures(&mut replica);
        std::thread::sleep(Duration::from_millis(100));
    }

    let admin = replica.admin();
    for path in ["/", "/livez", "/readyz?verbose", "/metrics", "/nothing"] {
        search.in_public(path, &get(&format!("{admin}{path}")).1);
    }
    eventually("events are published", || !topic(&deployment, "events").is_empty());
    for name in ["inbox", "events", "rejected", "pending", "seen"] {
        for record in topic(&deployment, name) {
            search.in_public(
                name,
                &format!("{} {:?}\n{}", record.key, record.headers, String::from_utf8_lossy(&record.value)),
            );
        }
    }
    assert!(topic(&deployment, "rejected").len() > 20, "what is not understood is kept");
    assert!(replica.stop().success());
    let log = replica.log();
    assert!(log.lines().count() > 500 && log.contains("delivery"), "it is talkative");
    search.in_log("the log", &log);
}

/// Requests that are none, with secrets in wrong places.
async fn strangers(search: &Search, client: &reqwest::Client, url: &str) {
    let path = "/v1/callbacks/sestek-knovvu-demo/demo-path-token-sestek";
    for request in [
        client.get(format!("{url}{path}/result")),
        client.post(format!("{url}{path}/other")).body("{}"),
        client.post(format!("{url}{path}-1/result")).body("{}"),
        client.post(format!("{url}/v1/callbacks/other/demo-path-token-sestek/result")).body("{}"),
        client.post(format!("{url}{path}/result?token=demo-header-token-sestek")).body("{"),
        client.put(format!("{url}/demo-path-token-sestek")).basic_auth("marker", Some("marker-password-of-generic")),
        client.post(format!("{url}/v1/sources/tencent-ccc-demo/token")).body("client_secret=demo-password-tencent"),
        client.post(format!("{url}/v1/sources/other/token")).basic_auth("trunkline", Some("demo-password-tencent")),
        client
            .post(format!("{url}/v1/sources/tencent-ccc-demo/token"))
            .basic_auth("trunkline", Some("demo-password-tencen")),
    ] {
        let answer = request.send().await.expect("an answer");
        let told = format!("{:?}", answer.headers());
        search.in_public("an answer", &format!("{told}\n{}", answer.text().await.unwrap_or_default()));
    }
}

/// Calls that dialers tell of: good ones, so that vendors are asked, and such as cannot be read.
async fn dialers(search: &mut Search, client: &reqwest::Client, url: &str) {
    for (source, token) in [
        ("proxied", "marker-dialer-token-of-proxied"),
        ("refused", "marker-dialer-token-of-refused"),
        ("proxied", "wrong"),
    ] {
        for body in [
            r#"{"id":"6bb56a09-2787-40bc-80c5-000000000001","destination":"+6281200000007"}"#,
            r#"{"id":"6bb56a09-2787-40bc-80c5-000000000001","6281200000008":1}"#,
            r#"{"answer":{"Response":{"Error":{"Code":"6281200000008","Message":"6281200000008"}}}}"#,
            r#"{"destination":6281200000008"#,
        ] {
            search.sent(body);
            let request = client.post(format!("{url}/v1/sources/{source}/calls")).bearer_auth(token).body(body);
            let answer = request.send().await.expect("an answer").text().await.unwrap_or_default();
            search.in_public("an answer", &answer);
            assert!(!answer.contains("6281200000008"), "{answer}");
        }
    }
}

fn topic(deployment: &Deployment, name: &str) -> Vec<super::deployment::Record> {
    read_topic(Cluster::shared().bootstrap(), &deployment.topic(name), &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_told_anywhere_with_logs_as_json() {
    nothing_is_told("json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_told_anywhere_with_logs_for_people() {
    nothing_is_told("pretty").await;
}

/// What a panic, a mistake in the configuration and the commands say.
#[test]
fn commands_tell_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, body) = (folder.path().join("trunkline.toml"), folder.path().join("request.http"));
    let toml = sources();
    let search = Search::new(&toml);
    let run = |toml: &str, arguments: &[&str]| {
        std::fs::write(&path, toml).expect("written");
        // What is accepted after all would serve for ever.
        let mut command = Command::new("timeout");
        command.args(["20", env!("CARGO_BIN_EXE_trunkline")]).args(arguments).arg("--config").arg(&path);
        let output = command.env("RUST_BACKTRACE", "full").output().expect("it runs");
        let told = [output.stdout, output.stderr].concat();
        search.in_public(&arguments.join(" "), &String::from_utf8_lossy(&told));
    };
    run(&toml, &["check", "--offline"]);
    // Each secret under a name nobody knows, as a wrong type, and in a file that is no TOML.
    for (from, to) in [
        ("secrets = [", "secretz = ["),
        ("secrets = [\"", "secrets = [[\""),
        ("secrets = [\"", "secrets = [\"\n"),
        ("tokens = [", "keep_raw = ["),
        ("credentials = [", "sdk_app_ids = ["),
        ("path_tokens = [\"", "path_tokens = [\"%"),
        ("proxy = \"http://", "proxy = \"//"),
    ] {
        assert!(toml.contains(from), "{from}");
        run(&toml.replace(from, to), &["check", "--offline"]);
        run(&toml.replace(from, to), &["serve"]);
    }
    let broken =
        "[kafka.properties]\n\"sasl.pasword\" = \"marker-password-of-proxy\"\n[sources.x]\nvendor = \"generic\"\n";
    run(&format!("{broken}{}", MORE.split_once("vendor = \"generic\"").expect("a source").1), &["check"]);
    run("kafka.properties.\"ssl.key.pem\" = \"marker-password-of-proxy\"\nkafka.brokers = \"127.0.0.1:9\"", &["check"]);
    let sources = build(&trunkline::config::Config::from_toml(&toml).expect("settings")).expect("sources");
    let source = &sources["basic"];
    let request = signed(source, "event", r#"{"id":"6281200000009"}"#, "nonce");
    for password in ["marker-password-of-generic", "marker-password-of-generif"] {
        let credential = base64::engine::general_purpose::STANDARD.encode(format!("marker:{password}"));
        let text = format!("POST {} HTTP/1.1\nAuthorization: Basic {credential}\n\n{{", request.path);
        std::fs::write(&body, text).expect("written");
        run(&toml, &["verify", "--source", "basic", &body.display().to_string()]);
    }
}
