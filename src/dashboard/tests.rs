use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{json, overview, source};
use crate::metrics::DESCRIPTIONS;
use crate::reject::{Class, Reason};

fn dashboards() -> Vec<Value> {
    [overview(), source()].iter().map(|made| serde_json::from_str(&json(made)).expect("JSON")).collect()
}

/// Every panel but the titles of rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().expect("panels");
    all.iter().filter(|panel| panel["type"] != "row").collect()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} of {value}"))
}

fn expressions(panel: &Value) -> impl Iterator<Item = &str> {
    panel["targets"].as_array().into_iter().flatten().map(|target| text(target, "expr"))
}

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names_in(folder: &str, extension: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards").join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    entries.filter_map(|name| Some(name.to_str()?.strip_suffix(extension)?.to_owned())).collect()
}

/// The alerts, each with its lines up to the next rule.
fn alerts() -> BTreeMap<String, String> {
    let mut alerts: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in file("alerts.yaml").lines() {
        let trimmed = line.trim_start();
        if let Some(name) = trimmed.strip_prefix("- alert: ") {
            current = Some(name.to_owned());
        } else if trimmed.starts_with("- record: ") || trimmed.starts_with("- name: ") {
            current = None;
        }
        if let Some(name) = &current {
            *alerts.entry(name.clone()).or_default() += &format!("{line}\n");
        }
    }
    alerts
}

/// The words of an expression that can be names of series.
fn series(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.contains("trunkline_") || word.starts_with("process_")).collect()
}

fn assert_exists(name: &str, recorded: &BTreeSet<&str>) {
    let parts = |histogram: &str| ["_bucket", "_count", "_sum"].iter().any(|part| format!("{histogram}{part}") == name);
    let ours = DESCRIPTIONS.iter().any(|metric| match metric.kind.starts_with("Histogram") {
        true => parts(metric.name),
        false => metric.name == name,
    });
    // Of the process itself; `tests/it/observe.rs` looks for them in a running one.
    assert!(ours || name.starts_with("process_") || recorded.contains(name), "there is no {name}");
}

#[test]
fn every_query_asks_for_series_that_exist() {
    for dashboard in dashboards() {
        for panel in panels(&dashboard) {
            for expression in expressions(panel) {
                series(expression).iter().for_each(|name| assert_exists(name, &BTreeSet::new()));
            }
        }
    }
    let rules = file("alerts.yaml");
    let recorded: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let code = rules.lines().filter(|line| !line.trim_start().starts_with(['#', 'd']) && !line.contains("- name: "));
    let code: String = code.collect::<Vec<_>>().join("\n");
    let found = series(&code);
    assert!(found.len() > 20, "{found:?}");
    found.iter().for_each(|name| assert_exists(name, &recorded));
}

/// A dashboard that mixes deployments tells nothing of any of them.
#[test]
fn every_series_of_a_dashboard_is_of_the_chosen_processes() {
    for dashboard in dashboards() {
        for panel in panels(&dashboard) {
            for expression in expressions(panel) {
                let selectors = expression.matches(r#"{job=~"$job",instance=~"$instance""#).count();
                let alerts = expression.matches("ALERTS{").count();
                let names = expression
                    .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .filter(|word| word.starts_with("trunkline_") || word.starts_with("process_"))
                    .count();
                assert_eq!(selectors, names, "{expression}");
                assert!(alerts == 0 || expression.contains(r#"job=~"$job""#), "{expression}");
                let one = dashboard["uid"] == "trunkline-source";
                assert_eq!(
                    expression.matches(r#"source="$source""#).count(),
                    if one { names } else { 0 },
                    "{expression}"
                );
                assert!(!expression.contains("RATE") && !expression.contains("{ALL"), "{expression}");
                let ranges: Vec<&str> =
                    expression.split('[').skip(1).filter_map(|rest| rest.split(']').next()).collect();
                assert!(ranges.iter().all(|range| ["$__rate_interval", "$__range"].contains(range)), "{expression}");
                assert!(!expression.contains("rate(") || !ranges.contains(&"$__range"), "{expression}");
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_in_which_unit_and_where_help_is() {
    let runbooks = names_in("runbooks", ".md");
    for dashboard in dashboards() {
        let mut titles = BTreeSet::new();
        assert_eq!(dashboard["editable"], false);
        for panel in panels(&dashboard) {
            let title = text(panel, "title");
            assert!(titles.insert(title.to_owned()), "{title} twice");
            assert!(text(panel, "description").len() > 15, "{title}");
            assert!(text(panel, "description").ends_with('.'), "{title}");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            let unit = text(&panel["fieldConfig"]["defaults"], "unit");
            assert!(["short", "percentunit", "s", "reqps", "cps", "bytes"].contains(&unit), "{title}: {unit}");
            assert!(expressions(panel).count() > 0, "{title}");
            for link in panel["links"].as_array().expect("links") {
                let alert = text(link, "title").strip_prefix("Runbook: ").expect("a runbook");
                assert!(runbooks.contains(alert), "{title}: {alert}");
                assert!(text(link, "url").ends_with(&format!("/{alert}.md")), "{title}");
            }
        }
    }
}

#[test]
fn panels_do_not_overlap() {
    for dashboard in dashboards() {
        let mut taken = BTreeSet::new();
        for panel in dashboard["panels"].as_array().expect("panels") {
            let number = |name: &str| panel["gridPos"][name].as_u64().expect("a number");
            assert!(number("x") + number("w") <= 24, "{panel}");
            for x in number("x")..number("x") + number("w") {
                for y in number("y")..number("y") + number("h") {
                    assert!(taken.insert((x, y)), "{}", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn every_alert_has_a_runbook_tests_and_a_panel() {
    let alerts = alerts();
    let names: BTreeSet<String> = alerts.keys().cloned().collect();
    assert!(names.len() >= 20);
    assert_eq!(names_in("runbooks", ".md"), names);
    assert_eq!(names_in("tests", ".yaml"), names);
    let dashboards = [json(&overview()), json(&source())].concat();
    for (name, rule) in &alerts {
        assert!(rule.contains("severity: page") || rule.contains("severity: ticket"), "{name}");
        assert!(rule.contains(&format!("runbook_url: https://runbooks.example/trunkline/{name}.md")), "{name}");
        assert!(rule.contains("summary: \"") && rule.contains("description: \""), "{name}");
        assert!(dashboards.contains(&format!("Runbook: {name}\"")), "{name} has no panel that shows its cause");
    }
}

#[test]
fn every_alert_is_shown_to_fire_and_not_to_fire() {
    for name in alerts().keys() {
        let tests = file(&format!("tests/{name}.yaml"));
        let count = |wanted: &str| tests.lines().filter(|line| line.trim() == wanted).count();
        let named =
            |start: &str| tests.lines().filter(|line| line.trim().starts_with(&format!("- name: {start}"))).count();
        assert!(count("exp_alerts:") >= 1 && count("exp_alerts:") == named("fires "), "{name}");
        assert!(count("exp_alerts: []") >= 1 && count("exp_alerts: []") == named("does not fire "), "{name}");
        assert_eq!(count(&format!("- alertname: {name}")), count("exp_alerts:") + count("exp_alerts: []"), "{name}");
    }
}

#[test]
fn every_runbook_answers_the_same_questions() {
    for name in alerts().keys() {
        let page = file(&format!("runbooks/{name}.md"));
        assert!(page.starts_with(&format!("# {name}\n")), "{name}");
        let titles: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let wanted = ["What it means", "Who is affected", "How to look", "What to do", "How to know it is over"];
        assert_eq!(titles, wanted, "{name}");
        let rules = file("alerts.yaml");
        let recorded = rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
        series(&page).iter().for_each(|series| match *series {
            // Headers of the rejected topic.
            "trunkline_reason" | "trunkline_kind" | "trunkline_detail" | "trunkline_origin" => {}
            // A histogram as a whole.
            series if DESCRIPTIONS.iter().any(|metric| metric.name == series) => {}
            series => assert_exists(series, &recorded),
        });
    }
}

/// Reasons in rules are written out, because Prometheus knows no classes.
#[test]
fn rules_name_every_reason_of_a_class() {
    let rules = file("alerts.yaml");
    for class in [Class::Unauthenticated, Class::NotUnderstood] {
        let reasons = Reason::ALL.iter().filter(|reason| reason.class() == class);
        let matcher = reasons.map(|reason| reason.as_str()).collect::<Vec<_>>().join("|");
        assert!(rules.contains(&format!("result=~\"{matcher}\"")), "{matcher}");
    }
}
