//! The Helm chart: linted, rendered for each of its values files, validated as Kubernetes would.

/// What the chart says about itself and what it has from elsewhere.
mod documents;
/// What holds for every pod.
mod pods;
/// The configuration the program is given.
mod program;
/// What kubeconform validates against.
mod schemas;
/// Helm and kubeconform.
mod tools;

use std::fs;
use std::path::Path;
use std::process::Command;

use self::tools::{KUBERNETES, cases, chart, copy, helm, objects, of_kind, rendered, root, same, tools};

/// With braces of Prometheus' own in them, which are none of Helm's.
const ALERTS: &str = r#"# Alerts.
groups:
  - name: trunkline
    rules:
      - alert: TrunklineVendorSilent
        expr: time() - trunkline_last_delivery_timestamp_seconds > 3600
        for: 5m
        labels: {severity: ticket}
        annotations:
          summary: "{{ $labels.source }} is silent for {{ $value | humanizeDuration }}"
"#;

/// With braces of Grafana's own.
const DASHBOARD: &str = "{\"title\": \"Overview\", \"panels\": [{\"legendFormat\": \"{{source}}\"}]}\n";

#[test]
fn every_values_file_passes_the_linter_and_renders_as_committed() {
    let copy = copy(Some(ALERTS), Some(DASHBOARD));
    for (name, values) in cases() {
        let (chart, file) = (chart(), values.to_str().expect("UTF-8"));
        let chart = chart.to_str().expect("UTF-8");
        let output = helm(&["lint", "--strict", "--kube-version", KUBERNETES[1], "--values", file, chart]);
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let text = rendered(copy.path(), &values, KUBERNETES[1], &[]);
        same(&root().join(format!("helm/goldens/{name}.yaml")), &text);
    }
    let goldens = fs::read_dir(root().join("helm/goldens")).expect("a folder").count();
    assert_eq!(goldens, cases().len(), "helm/goldens holds one file for each in helm/trunkline/ci");
}

/// What kubeconform says about the files of a folder; `None` when all are valid.
fn refused(manifests: &Path, kubernetes: &str, schemas: &Path) -> Option<String> {
    let mut command = Command::new(tools().join("kubeconform"));
    command.args(["-strict", "-summary", "-kubernetes-version", kubernetes, "-schema-location"]);
    let output = command.arg(schemas.join(schemas::LOCATION)).arg(manifests).output().expect("kubeconform runs");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn kubernetes_takes_what_is_rendered() {
    let folder = tempfile::tempdir().expect("a folder");
    for kubernetes in KUBERNETES {
        let (schemas, manifests) = (folder.path().join(kubernetes), folder.path().join("manifests"));
        fs::create_dir_all(&schemas).and_then(|()| fs::create_dir_all(&manifests)).expect("made");
        schemas::write(kubernetes, &schemas);
        for (name, values) in cases() {
            let text = rendered(&chart(), &values, kubernetes, &[]);
            fs::write(manifests.join(format!("{name}.yaml")), &text).expect("written");
        }
        assert_eq!(refused(&manifests, kubernetes, &schemas), None, "{kubernetes}");

        // And it would be seen if it did not.
        let minimal = fs::read_to_string(manifests.join("minimal.yaml")).expect("written");
        let bad = [
            ("automountServiceAccountToken", "autoMountServiceAccountToken"),
            ("containerPort: 8080", "containerPort: eighty"),
            ("serviceAccountName: demo-trunkline", "serviceAccountName: [demo]"),
            ("kind: PodDisruptionBudget", "kind: PodDisruption"),
        ];
        for (index, (from, to)) in bad.into_iter().enumerate() {
            fs::write(folder.path().join(format!("bad-{index}.yaml")), minimal.replace(from, to)).expect("written");
            let told = refused(&folder.path().join(format!("bad-{index}.yaml")), kubernetes, &schemas);
            assert!(told.is_some(), "{to} on {kubernetes}");
        }
    }
}

#[test]
fn alerts_and_dashboards_arrive_as_they_are() {
    let values = chart().join("ci/monitoring.yaml");
    let of = |chart: &tempfile::TempDir| objects(&rendered(chart.path(), &values, KUBERNETES[1], &[]));
    let all = of(&copy(Some(ALERTS), Some(DASHBOARD)));
    let rules = of_kind(&all, "PrometheusRule");
    let due: serde_json::Value = serde_saphyr::from_str(ALERTS).expect("YAML");
    assert_eq!(rules.iter().map(|rule| &rule["spec"]).collect::<Vec<_>>(), [&due]);
    assert_eq!(rules[0]["metadata"]["labels"]["release"], "kube-prometheus-stack");
    let maps = of_kind(&all, "ConfigMap");
    let dashboard =
        maps.iter().find(|map| map["metadata"]["name"] == "demo-trunkline-overview-1").expect("a dashboard");
    assert_eq!(dashboard["data"]["Overview_1.json"], DASHBOARD);
    assert_eq!(dashboard["metadata"]["labels"]["grafana_dashboard"], "1");

    let none = of(&copy(None, None));
    assert!(of_kind(&none, "PrometheusRule").is_empty());
    assert_eq!(of_kind(&none, "ConfigMap").len(), 1, "the program's own");
    assert_eq!(of_kind(&none, "ServiceMonitor").len(), 1);
}

/// What is no value is told by name, before anything is rendered.
#[test]
fn values_that_cannot_be_are_refused() {
    let minimal = chart().join("ci/minimal.yaml");
    let (chart, minimal) = (chart(), minimal.to_str().expect("UTF-8"));
    let chart = chart.to_str().expect("UTF-8");
    for (set, told) in [
        ("replicas=3", "additional properties 'replicas' not allowed"),
        ("roles.all.replica=3", "additional properties 'replica' not allowed"),
        ("roles.all.replicas=-1", "/roles/all/replicas"),
        ("image.tag=5", "/image/tag"),
        ("image.digest=sha256:0", "/image/digest"),
        ("service.type=Ingress", "/service/type"),
        ("service.port=https", "/service/port"),
        ("networkPolicy.kafkaPorts[0]=90000", "/networkPolicy/kafkaPorts/0"),
        ("secrets.existing[0]=trunkline", "/secrets/existing/0"),
        ("ingress.enabled=true", "/ingress/hosts"),
        ("gateway.enabled=true", "/gateway/parentRefs"),
        ("config.http.lisen=0.0.0.0:80", "additional properties 'lisen' not allowed"),
        ("config.kafka.partitions=many", "/config/kafka/partitions"),
        ("config.sources.nxcloud-prod.vendor=nxcloud", "/config/sources/nxcloud-prod/vendor"),
        ("config.sources.nxcloud-prod.uid=1", "/config/sources/nxcloud-prod"),
        // A ConfigMap is no place for a secret.
        ("config.sources.nxcloud-prod.secrets[0]=hunter2", "/config/sources/nxcloud-prod/secrets/0"),
        ("config.kafka.sasl.password=hunter2", "name a file of a Secret"),
        ("config.kafka.brokers=", "config.kafka.brokers: name the brokers"),
        ("config.sources=null", "config.sources: name at least one source"),
    ] {
        let arguments = ["template", "demo", chart, "--kube-version", KUBERNETES[1], "--values", minimal, "--set", set];
        let output = helm(&arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{set} is taken");
        assert!(error.contains(told), "{set}: {error}");
        assert!(!error.contains("hunter2"), "{set}: {error}");
    }
}

#[test]
fn notes_name_the_callback_urls() {
    // Helm shows notes only when it installs; here they are made an object.
    let copy = copy(None, None);
    let notes = fs::read_to_string(copy.path().join("templates/NOTES.txt")).expect("readable");
    let template =
        format!("{{{{ define \"notes\" }}}}{notes}{{{{ end }}}}notes: {{{{ include \"notes\" . | toJson }}}}\n");
    fs::write(copy.path().join("templates/notes.yaml"), template).expect("written");
    let of = |name: &str, more: &[&str]| {
        let values = chart().join(format!("ci/{name}.yaml"));
        let shown = ["--show-only", "templates/notes.yaml"];
        let all = objects(&rendered(copy.path(), &values, KUBERNETES[1], &[&shown, more].concat()));
        all[0]["notes"].as_str().expect("text").to_owned()
    };
    let ingress = of("ingress", &[]);
    for line in [
        "\n    https://callbacks.example.com/v1/callbacks/tencent-prod/push\n",
        "\n    for dialers: https://callbacks.example.com/v1/sources/tencent-prod/calls\n",
        "\n    access tokens: https://callbacks.example.com/v1/sources/tencent-prod/token\n",
    ] {
        assert!(ingress.contains(line), "{line}{ingress}");
    }
    let gateway = of("gateway", &[]);
    let path = "\n    https://callbacks.example.com/v1/callbacks/knovvu-prod/<path token>/result\n";
    assert!(gateway.contains(path), "{gateway}");
    let minimal = of("minimal", &[]);
    for kind in ["task", "order", "call"] {
        assert!(minimal.contains(&format!("\n    https://<host>/v1/callbacks/nxcloud-prod/{kind}\n")), "{minimal}");
    }
    assert!(minimal.contains("set config.http.public_url"), "{minimal}");
    assert!(!of("minimal", &["--set", "config.http.public_url=https://x.example"]).contains("<host>"));
}
