//! Helm and kubeconform, as `tools/helm/fetch` built them, and the chart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// What the chart is rendered and validated for: the versions `tools/helm/fetch` has the documents of.
pub const KUBERNETES: [&str; 2] = ["1.30.14", "1.36.3"];

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The chart's folder.
pub fn chart() -> PathBuf {
    root().join("helm/trunkline")
}

/// The values files of the chart, by name.
pub fn cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<_> = fs::read_dir(chart().join("ci"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_stem().expect("a name").to_string_lossy().into_owned(), path))
        .collect();
    cases.sort();
    assert!(cases.len() >= 12, "{cases:?}");
    cases
}

/// The folder of the tools; fetched if they are not there yet.
pub fn tools() -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let output = Command::new(root().join("tools/helm/fetch")).stderr(Stdio::inherit()).output();
        let output = output.expect("run tools/helm/fetch");
        assert!(output.status.success(), "tools/helm/fetch failed; what it says above tells what to do");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
    })
}

/// Runs Helm with no settings, plug-ins and clusters of this machine.
pub fn helm(arguments: &[&str]) -> Output {
    let mut command = Command::new(tools().join("helm"));
    for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "KUBECONFIG"] {
        command.env(name, "/nonexistent");
    }
    command.args(arguments).output().expect("helm runs")
}

/// What `chart` becomes with a values file, as the release `demo` in the namespace `calls`.
pub fn rendered(chart: &Path, values: &Path, kubernetes: &str, more: &[&str]) -> String {
    let (chart, file) = (chart.to_str().expect("UTF-8"), values.to_str().expect("UTF-8"));
    let arguments = ["template", "demo", chart, "--namespace", "calls", "--kube-version", kubernetes, "--values", file];
    let output = helm(&[&arguments, more].concat());
    assert!(output.status.success(), "{}: {}", values.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The objects of a rendered chart.
pub fn objects(rendered: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(rendered).unwrap_or_else(|error| panic!("{error}\n{rendered}"));
    all.into_iter().filter(|object| !object.is_null()).collect()
}

/// The objects of a values file; rendered once for all tests.
pub fn objects_of(case: &str) -> &'static [Value] {
    &all().iter().find(|(name, _)| name == case).unwrap_or_else(|| panic!("there is no ci/{case}.yaml")).1
}

/// Every values file, by name, and its objects.
pub fn all() -> &'static [(String, Vec<Value>)] {
    static ALL: OnceLock<Vec<(String, Vec<Value>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        let of = |values: PathBuf| objects(&rendered(&chart(), &values, KUBERNETES[1], &[]));
        cases().into_iter().map(|(name, values)| (name, of(values))).collect()
    })
}

/// Those of one kind.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// Whether files that are made from others are to be written instead of compared.
pub fn writing() -> bool {
    std::env::var_os("HELM_GOLDENS").is_some_and(|value| value == "write")
}

/// Compares a file with what it should hold, or writes it.
pub fn same(path: &Path, due: &str) {
    if writing() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, due).expect("written");
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let line = found.lines().zip(due.lines()).take_while(|(found, due)| found == due).count();
    assert!(
        found == due,
        "{} is stale from line {} on: run `make helm-goldens`, look at the difference, commit it\n  there: {:?}\n  due:   {:?}",
        path.display(),
        line + 1,
        found.lines().nth(line).unwrap_or_default(),
        due.lines().nth(line).unwrap_or_default(),
    );
}

/// A copy of the chart with alerts and dashboards of its own: `alerts` (if any) and one dashboard.
pub fn copy(alerts: Option<&str>, dashboard: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp").arg("-r").arg(chart().join(".")).arg(folder.path()).status().expect("cp");
    assert!(copied.success());
    let files = folder.path().join("files");
    let _ = fs::remove_file(files.join("alerts.yaml"));
    let _ = fs::remove_dir_all(files.join("dashboards"));
    if let Some(text) = alerts {
        fs::write(files.join("alerts.yaml"), text).expect("written");
    }
    if let Some(text) = dashboard {
        fs::create_dir_all(files.join("dashboards")).expect("made");
        fs::write(files.join("dashboards/Overview_1.json"), text).expect("written");
    }
    folder
}
