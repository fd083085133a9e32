//! `compose.yaml`: what it mounts is there, what it runs is accepted, and nothing is open that need not be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{instructions, read};

/// The image that is built here.
const OURS: &str = "trunkline:compose";

fn services() -> Vec<(String, Value)> {
    let compose: Value = serde_saphyr::from_str(&read("compose.yaml")).expect("YAML");
    let services = compose["services"].as_object().expect("services").clone();
    services.into_iter().collect()
}

fn service(name: &str) -> Value {
    services().into_iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("no service {name}")).1
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().expect("text")).collect()
}

fn environment(service: &Value) -> Vec<(&str, &str)> {
    let all = service["environment"].as_object().into_iter().flatten();
    all.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_else(|| panic!("{name}: quote it")))).collect()
}

/// What a service has of this folder: where it is here, and where there.
fn mounts(service: &Value) -> Vec<(PathBuf, String)> {
    let mounts = texts(&service["volumes"]).into_iter().map(|volume| {
        let [here, there, mode] = volume.split(':').collect::<Vec<_>>()[..] else { panic!("{volume}") };
        assert_eq!(mode, "ro", "{volume}");
        (Path::new(env!("CARGO_MANIFEST_DIR")).join(here), there.to_owned())
    });
    mounts.collect()
}

/// A file as a service sees it.
fn mounted(service: &Value, path: &str) -> PathBuf {
    let found = mounts(service).into_iter().find_map(|(here, there)| {
        let rest = Path::new(path).strip_prefix(there).ok()?;
        Some(if rest.as_os_str().is_empty() { here } else { here.join(rest) })
    });
    found.unwrap_or_else(|| panic!("{path} is not mounted"))
}

#[test]
fn compose_takes_away_what_is_not_needed() {
    for (name, service) in services() {
        let image = service["image"].as_str().expect("an image");
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag).trim_start_matches('v');
        assert!(image == OURS || tag.split('.').filter(|part| part.parse::<u32>().is_ok()).count() == 3, "{image}");
        // Published on loopback only.
        assert!(texts(&service["ports"]).iter().all(|port| port.starts_with("127.0.0.1:")), "{name}");
        assert!(service["privileged"].is_null() && service["user"].is_null(), "{name}");
        // Kafka's own image changes what it owns at its start.
        if name != "kafka" {
            assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
            assert_eq!(service["security_opt"], serde_json::json!(["no-new-privileges:true"]), "{name}");
        }
        assert_eq!(image == OURS, service["read_only"] == true, "{name}");
        for (here, _) in mounts(&service) {
            assert!(here.exists(), "{name}: there is no {}", here.display());
        }
    }
}

/// The image's command, or the service's own, with the files and variables it is given.
#[test]
fn the_program_takes_what_compose_gives_it() {
    let (trunkline, simulator) = (service("trunkline"), service("simulator"));
    let run = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        let output = command.args(arguments).envs(environment.iter().copied()).output().expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}{error}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // The service names no command of its own.
    assert!(trunkline["command"].is_null() && trunkline["entrypoint"].is_null());
    let all = instructions();
    let (_, command) = all.iter().rfind(|(name, _)| name == "CMD").expect("a command");
    let command: Vec<String> = serde_json::from_str(command).expect("a list");
    assert_eq!(command[..2], ["serve", "--config"]);
    let config = mounted(&trunkline, &command[2]);
    let config = config.to_str().expect("UTF-8");
    let checked = run(&["check", "--offline", "--config", config], &environment(&trunkline));
    assert!(checked.contains(" 0 FAIL"), "{checked}");

    // The simulator's own command line tells the settings: they are those trunkline has.
    let command = texts(&simulator["command"]);
    assert_eq!(command[0], "simulate");
    let told = run(&[&command[..], &["--settings"]].concat(), &[]);
    assert!(told == read("compose/trunkline.toml"), "compose/trunkline.toml is stale: run `make generate`");
    // They name loopback: both are in one network.
    assert!(told.contains("http://127.0.0.1:8090/"));
    assert_eq!(simulator["network_mode"], "service:trunkline");
    assert!(command.contains(&"--target=http://127.0.0.1:8080"), "{command:?}");
    let listen = trunkline::config::Config::from_toml(&told).expect("usable").http.listen;
    assert_eq!(listen.port(), 8080);
    assert!(listen.ip().is_unspecified(), "also reached through the published port");
}

/// Grafana asks Prometheus, Prometheus asks trunkline, trunkline writes to Kafka: each under a name and port there are.
#[test]
fn services_find_each_other() {
    let (kafka, trunkline, grafana) = (service("kafka"), service("trunkline"), service("grafana"));
    let variable = |service: &Value, name: &str| {
        service["environment"][name].as_str().unwrap_or_else(|| panic!("{name} is not set")).to_owned()
    };
    let inside = format!("INSIDE://{}", variable(&trunkline, "TRUNKLINE__KAFKA__BROKERS"));
    assert!(variable(&kafka, "KAFKA_ADVERTISED_LISTENERS").split(',').any(|listener| listener == inside), "{inside}");

    let prometheus = mounted(&service("prometheus"), "/etc/prometheus/prometheus.yml");
    let prometheus: Value = serde_saphyr::from_str(&fs::read_to_string(prometheus).expect("readable")).expect("YAML");
    let scraped = &prometheus["scrape_configs"][0];
    assert_eq!(scraped["job_name"], "trunkline");
    let (_, port) = variable(&trunkline, "TRUNKLINE__ADMIN__LISTEN").rsplit_once(':').map(own).expect("a port");
    assert_eq!(scraped["static_configs"][0]["targets"], serde_json::json!([format!("trunkline:{port}")]));

    let yaml = |path: &str| -> Value {
        serde_saphyr::from_str(&fs::read_to_string(mounted(&grafana, path)).expect("readable")).expect("YAML")
    };
    let source = &yaml("/etc/grafana/provisioning/datasources/trunkline.yaml")["datasources"][0];
    assert_eq!(source["url"], "http://prometheus:9090");
    assert_eq!(source["jsonData"]["timeInterval"], prometheus["global"]["scrape_interval"]);
    let provider = yaml("/etc/grafana/provisioning/dashboards/trunkline.yaml")["providers"][0].clone();
    let folder = mounted(&grafana, provider["options"]["path"].as_str().expect("a path"));
    let home = variable(&grafana, "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH");
    assert_eq!(mounted(&grafana, &home), folder.join("overview.json"));
    for name in ["overview.json", "source.json"] {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let dashboard: Value = serde_json::from_str(&text).expect("JSON");
        let variables = dashboard["templating"]["list"].as_array().expect("variables");
        let asked = variables.iter().find(|variable| variable["type"] == "datasource").expect("asks for one");
        assert_eq!(asked["query"], source["type"], "{name}");
    }
}

fn own((host, port): (&str, &str)) -> (String, String) {
    (host.to_owned(), port.to_owned())
}

/// With the rules it loads, each file where the service has it.
#[test]
fn prometheus_takes_its_configuration() {
    let fetch = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/observe/fetch");
    let fetched = Command::new(fetch).stderr(Stdio::inherit()).output().expect("run tools/observe/fetch");
    assert!(fetched.status.success(), "tools/observe/fetch failed; what it says above tells what to do");
    let promtool = Path::new(String::from_utf8_lossy(&fetched.stdout).trim_end()).join("promtool");
    let root = tempfile::tempdir().expect("a folder");
    for (here, there) in mounts(&service("prometheus")) {
        let there = root.path().join(there.trim_start_matches('/'));
        fs::create_dir_all(there.parent().expect("a folder")).expect("made");
        fs::copy(here, there).expect("copied");
    }
    let check = |file: &Path| {
        let output = Command::new(&promtool).args(["check", "config"]).arg(file).output().expect("promtool runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), told)
    };
    let file = root.path().join("etc/prometheus/prometheus.yml");
    let (fine, told) = check(&file);
    assert!(fine && told.contains("rules found"), "{told}");
    let text = fs::read_to_string(&file).expect("readable").replace("scrape_interval", "scrape_intervall");
    fs::write(&file, text).expect("written");
    assert!(!check(&file).0, "and it would be seen if it did not");
}
