//! What holds for every pod of every values file.

use serde_json::{Value, json};
use trunkline::app::LONGEST_STOP;

use super::tools::{all, objects_of, of_kind};

/// The pods of a rendered chart: what they belong to, by kind and name, and their template.
fn pods(objects: &[Value]) -> Vec<(String, String, Value)> {
    let of = |object: &Value| {
        let pod = match object["kind"].as_str()? {
            "Deployment" | "StatefulSet" => object["spec"]["template"].clone(),
            "Pod" => object.clone(),
            _ => return None,
        };
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        Some((text(&object["kind"]), text(&object["metadata"]["name"]), pod))
    };
    objects.iter().filter_map(of).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn each(mut check: impl FnMut(&str, &[Value], &str, &str, &Value)) {
    let mut seen = 0;
    for (case, objects) in all() {
        for (kind, name, pod) in pods(objects) {
            check(&format!("{case} {name}"), objects, &kind, &name, &pod);
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// The restricted Pod Security Standard, and no token of the API server.
#[test]
fn every_pod_is_restricted() {
    each(|what, _, _, _, pod| {
        let spec = &pod["spec"];
        assert_eq!(spec["automountServiceAccountToken"], false, "{what}");
        assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{what}");
        assert_eq!(spec["securityContext"]["runAsUser"], 65532, "{what}");
        assert_eq!(spec["securityContext"]["seccompProfile"], json!({"type": "RuntimeDefault"}), "{what}");
        for absent in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
            assert!(spec[absent].is_null(), "{what}: {absent}");
        }
        for container in list(&spec["containers"]) {
            let due = json!({
                "allowPrivilegeEscalation": false,
                "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]},
            });
            assert_eq!(container["securityContext"], due, "{what}");
            assert!(!container["resources"]["limits"]["memory"].is_null(), "{what}");
            assert!(container["resources"]["limits"]["cpu"].is_null(), "{what}: a CPU limit throttles callbacks");
        }
    });
}

/// A rotated Secret arrives only where all of it is mounted: neither by sub-path nor by variable.
#[test]
fn secrets_are_folders_of_files() {
    let mut mounted = 0;
    each(|what, _, _, _, pod| {
        let container = &pod["spec"]["containers"][0];
        let mounts = list(&container["volumeMounts"]);
        assert!(mounts.iter().all(|mount| mount["subPath"].is_null() && mount["subPathExpr"].is_null()), "{what}");
        for volume in list(&pod["spec"]["volumes"]) {
            let mount = mounts.iter().find(|mount| mount["name"] == volume["name"]);
            assert!(mount.is_some(), "{what}: {volume} is mounted nowhere");
            if !volume["secret"].is_null() {
                assert!(volume["secret"]["items"].is_null(), "{what}");
                // Only the pod's group reads it.
                assert_eq!(volume["secret"]["defaultMode"], 0o440, "{what}");
                mounted += 1;
            }
        }
        let text = container["env"].to_string() + &container["envFrom"].to_string();
        assert!(!text.contains("secretKeyRef") && !text.contains("secretRef"), "{what}");
    });
    assert!(mounted > 20);
}

/// Whoever is killed before may leave consumers waiting for its open transaction.
#[test]
fn a_pod_has_the_time_its_stop_takes() {
    each(|what, objects, kind, _, pod| {
        if kind == "Pod" {
            return;
        }
        let map = of_kind(objects, "ConfigMap").into_iter().find(|map| !map["data"]["trunkline.toml"].is_null());
        let text = map.expect("the configuration")["data"]["trunkline.toml"].as_str().expect("text");
        let config: toml::Value = toml::from_str(text).expect("TOML");
        let milliseconds = |key: &str| config["http"][key].as_integer().expect("a number");
        let stop = milliseconds("drain_delay_ms") + milliseconds("drain_timeout_ms") + LONGEST_STOP.as_millis() as i64;
        let grace = pod["spec"]["terminationGracePeriodSeconds"].as_i64().expect("a number") * 1000;
        assert!((stop + 1_000..=stop + 5_000).contains(&grace), "{what}: {grace} ms of grace, {stop} ms of work");
    });
}

#[test]
fn pods_run_the_roles_their_workload_is_for() {
    each(|what, _, kind, name, pod| {
        let container = &pod["spec"]["containers"][0];
        if kind == "Pod" {
            assert_eq!(container["args"][0], "probe", "{what}");
            assert_eq!(pod["metadata"]["annotations"]["helm.sh/hook"], "test", "{what}");
            return;
        }
        let role = ["ingest", "dedup", "poll"].into_iter().find(|role| name.ends_with(&format!("-{role}")));
        let arguments: Vec<&str> = list(&container["args"]).iter().filter_map(Value::as_str).collect();
        let due = role.map(|role| format!("--role={role}"));
        assert_eq!(arguments.get(2).copied(), due.as_deref(), "{what}");
        // Who runs dedup under a name of its own has to keep that name, and nobody else may use it.
        let instance = list(&container["env"]).iter().find(|variable| variable["name"] == "TRUNKLINE__DEDUP__INSTANCE");
        let decides = role.is_none_or(|role| role == "dedup");
        assert_eq!(instance.is_some(), decides && kind == "StatefulSet", "{what}");
        if let Some(instance) = instance {
            assert_eq!(instance["valueFrom"]["fieldRef"]["fieldPath"], "metadata.name", "{what}");
        }
        assert!(role != Some("dedup") || kind == "StatefulSet", "{what}");
        let ports: Vec<_> = list(&container["ports"]).iter().map(|port| &port["name"]).collect();
        let due = if role.is_none_or(|role| role == "ingest") { vec!["callbacks", "admin"] } else { vec!["admin"] };
        assert_eq!(ports, due, "{what}");
        for (probe, path) in [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
            assert_eq!(container[probe]["httpGet"], json!({"path": path, "port": "admin"}), "{what}");
        }
    });
}

/// What is reachable from outside is callbacks, and what was named beside them.
#[test]
fn routes_lead_to_callbacks_alone() {
    for (case, objects) in all() {
        let mut paths = Vec::new();
        for ingress in of_kind(objects, "Ingress") {
            for rule in list(&ingress["spec"]["rules"]) {
                paths.extend(list(&rule["http"]["paths"]).iter().map(|path| path["path"].clone()));
            }
        }
        for route in of_kind(objects, "HTTPRoute") {
            for rule in list(&route["spec"]["rules"]) {
                paths.extend(list(&rule["matches"]).iter().map(|found| found["path"]["value"].clone()));
            }
        }
        let expected: &[&str] = match case.as_str() {
            "ingress" => &["/v1/callbacks", "/v1/sources/tencent-prod/calls", "/v1/sources/tencent-prod/token"],
            "gateway" => &["/v1/callbacks"],
            "all-on" => &["/v1/callbacks", "/v1/sources/nxcloud-prod/calls"],
            _ => &[],
        };
        // all-on has two hosts and a route.
        let times = if case == "all-on" { 3 } else { 1 };
        assert_eq!(paths, expected.repeat(times), "{case}");
    }
}

/// Each workload is closed but for what its role needs.
#[test]
fn network_policies_open_what_each_role_needs() {
    let policies = of_kind(objects_of("network-policy"), "NetworkPolicy");
    let of = |role: &str| {
        let name = format!("demo-trunkline-{role}");
        let policy = policies.iter().find(|policy| policy["metadata"]["name"] == *name).expect("a policy");
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]), "{role}");
        assert_eq!(policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/component"], role);
        let ports = |direction: &str| -> Vec<Value> {
            let rules = list(&policy["spec"][direction]);
            rules.iter().flat_map(|rule| list(&rule["ports"])).map(|port| port["port"].clone()).collect()
        };
        (ports("ingress"), ports("egress"))
    };
    let egress = vec![json!(53), json!(53), json!(9092)];
    assert_eq!(of("ingest"), (vec![json!("callbacks"), json!("admin")], egress.clone()));
    assert_eq!(of("dedup"), (vec![json!("admin")], egress.clone()));
    let vendors = [egress, vec![json!(443), json!(22222)]].concat();
    assert_eq!(of("poll"), (vec![json!("admin")], vendors));
    // A rule without peers is open to everybody.
    for policy in policies {
        for rule in list(&policy["spec"]["ingress"]) {
            assert!(!list(&rule["from"]).is_empty(), "{policy}");
        }
    }
}
