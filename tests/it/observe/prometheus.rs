//! A real Prometheus with the rules of the repository, in a hurry.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

use super::super::deployment::get;

/// A running Prometheus. It ends when this is dropped, and also when the test process dies.
pub struct Prometheus {
    url: String,
    guard: Child,
    lifeline: Option<ChildStdin>,
    folder: tempfile::TempDir,
}

/// Waits for the end of the test process as well as for ours: standard input is a pipe only we hold.
const GUARD: &str = r#""$@" </dev/null & read -r _; kill -9 %1; wait"#;

impl Prometheus {
    /// Starts it with `rules`, reading `targets` (host and port) twice a second.
    pub fn start(rules: &str, targets: &[String]) -> Self {
        let folder = tempfile::Builder::new().prefix("trunkline-prometheus-").tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("rules.yaml"), rules).expect("written");
        let config = "global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }\n\
                      rule_files: [rules.yaml]\n\
                      scrape_configs:\n  - job_name: trunkline\n    \
                      file_sd_configs: [{ files: [targets.json], refresh_interval: 1s }]\n";
        fs::write(path("prometheus.yaml"), config).expect("written");
        write_targets(folder.path(), targets);
        let mut guard = Command::new("bash")
            .args(["-c", GUARD, "guard"])
            .arg(home().join("prometheus"))
            .arg(format!("--config.file={}", path("prometheus.yaml").display()))
            .arg(format!("--storage.tsdb.path={}", path("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("bash");
        let lifeline = guard.stdin.take();
        let mut lines = BufReader::new(guard.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let mut log = String::new();
        let address = lines.by_ref().find_map(|line| {
            let found =
                line.contains("\"Listening on\"").then(|| line.split_once("address=").map(|(_, rest)| rest.to_owned()));
            log += &format!("{line}\n");
            Some(found??.split_whitespace().next()?.to_owned())
        });
        let address = address.unwrap_or_else(|| panic!("Prometheus does not start:\n{log}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { url: format!("http://{address}"), guard, lifeline, folder }
    }

    /// From now on reads `targets`.
    pub fn read(&self, targets: &[String]) {
        write_targets(self.folder.path(), targets);
    }

    /// What an instant query returns; `Err` when it cannot be parsed or evaluated.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let encoded: String = form_urlencoded::byte_serialize(expression.as_bytes()).collect();
        let answer = self.api(&format!("query?query={encoded}"));
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"]["result"].as_array().expect("a vector").clone()),
            _ => Err(answer["error"].to_string()),
        }
    }

    /// Names of the alerts that fire, each with its source, instance or job.
    pub fn firing(&self) -> BTreeSet<(String, String)> {
        self.alerts(&["firing"])
    }

    /// The same of those whose condition holds, also if not for long enough yet.
    pub fn active(&self) -> BTreeSet<(String, String)> {
        self.alerts(&["firing", "pending"])
    }

    fn alerts(&self, states: &[&str]) -> BTreeSet<(String, String)> {
        let alerts = self.api("alerts")["data"]["alerts"].as_array().cloned().unwrap_or_default();
        let of = |alert: &Value| {
            let label = |name: &str| alert["labels"][name].as_str().map(str::to_owned);
            let about = label("source").or_else(|| label("instance")).or_else(|| label("job")).unwrap_or_default();
            (label("alertname").unwrap_or_default(), about)
        };
        alerts.iter().filter(|alert| states.iter().any(|state| alert["state"] == *state)).map(of).collect()
    }

    /// Every loaded rule: name, query, and the last error of its evaluation.
    pub fn rules(&self) -> Vec<(String, String, Option<String>)> {
        let groups = self.api("rules")["data"]["groups"].as_array().cloned().unwrap_or_default();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        rules
            .map(|rule| (text(&rule["name"]), text(&rule["query"]), rule["lastError"].as_str().map(str::to_owned)))
            .collect()
    }

    fn api(&self, path: &str) -> Value {
        let (_, text) = get(&format!("{}/api/v1/{path}", self.url));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
    }
}

/// Whole or not at all: Prometheus may be reading them.
fn write_targets(folder: &Path, targets: &[String]) {
    let fresh = folder.join("targets.json.new");
    let text = serde_json::json!([{ "targets": targets }]).to_string();
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, folder.join("targets.json"))).expect("written");
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.guard.wait();
    }
}

/// What `promtool check metrics` says of a text; empty when there is nothing to say.
pub fn check_metrics(text: &str) -> String {
    let mut promtool = Command::new(home().join("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool");
    promtool.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
    let output = promtool.wait_with_output().expect("promtool");
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    if output.status.success() { told } else { format!("{}\n{told}", output.status) }
}

/// The folder with the programs, fetched on first use.
fn home() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/observe/fetch");
    let output = Command::new(script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(output.status.success(), "tools/observe/fetch says why");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim())
}
