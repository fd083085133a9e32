//! Series that exist from the start. A counter that appears with its first failure shows no increase, and a gauge that
//! is absent alerts nobody: whatever an alert or a panel asks for begins at 0.

use crate::app::Role;
use crate::config::Config;
use crate::event::Channel;
use crate::http::Cut;
use crate::metrics::Metrics;
use crate::poll::AGES;
use crate::reject::{Class, Reason};
use crate::source::{Source, Sources};
use crate::tls;
use crate::vendor::poll::FailureClass;

/// What deliveries can be answered: values of the label `answer`.
pub const ANSWERS: [&str; 4] = ["in_time", "late", "unavailable", "refused"];

/// Begins the series of `roles` for every configured source.
pub fn begin(metrics: &Metrics, config: &Config, sources: &Sources, roles: &[Role]) {
    for source in sources.values() {
        let name = source.name.as_str();
        for result in ["changed", "unchanged", "failed"] {
            metrics.secret_reloads.with_label_values(&[name, result]);
        }
        source.tell_secrets(metrics);
        if roles.contains(&Role::Ingest) {
            deliveries(metrics, source);
        }
        if roles.contains(&Role::Poll) {
            polling(metrics, source);
        }
    }
    if roles.contains(&Role::Ingest) {
        for reason in Reason::ALL.iter().filter(|reason| reason.class() == Class::NotFound) {
            metrics.strays.with_label_values(&[reason.as_str()]);
        }
        spool(metrics, config);
        connections(metrics);
    }
    for result in ["exported", "dropped", "failed"] {
        metrics.spans.with_label_values(&[result]);
    }
    for topic in ["inbox", "seen", "pending", "calls"] {
        metrics.newer_records.with_label_values(&[topic]);
    }
    if roles.contains(&Role::Dedup) {
        metrics.seen_window.set(i64::from(config.dedup.window_hours) * 3600);
        for channel in [Channel::Callback, Channel::Poll] {
            for decision in ["first", "revision", "duplicate", "poison"] {
                metrics.decisions.with_label_values(&[decision, channel.as_str()]);
            }
        }
    }
}

fn connections(metrics: &Metrics) {
    for cause in Cut::ALL {
        metrics.connections_cut.with_label_values(&[cause.as_str()]);
    }
    let ours = ["ok", "timeout", "dismissed"];
    for result in ours.into_iter().chain(tls::Failure::ALL.map(tls::Failure::as_str)) {
        metrics.tls_handshakes.with_label_values(&[result]);
    }
    for result in ["changed", "unchanged", "failed"] {
        metrics.tls_reloads.with_label_values(&[result]);
    }
}

fn spool(metrics: &Metrics, config: &Config) {
    if config.spool.dir.is_some() {
        metrics.spool_limit.set(config.spool.max_bytes as i64);
    }
    for why in ["full", "failed", "busy"] {
        metrics.spool_refused.with_label_values(&[why]);
    }
    for why in ["damaged", "too_large", "newer"] {
        metrics.spool_set_aside.with_label_values(&[why]);
    }
    for operation in ["write", "read", "rename", "delete"] {
        metrics.spool_errors.with_label_values(&[operation]);
    }
}

fn deliveries(metrics: &Metrics, source: &Source) {
    let name = source.name.as_str();
    for kind in source.vendor.kinds() {
        let reasons = Reason::ALL.iter().filter(|reason| reason.class() != Class::NotFound);
        for result in reasons.map(|reason| reason.as_str()).chain(["accepted"]) {
            metrics.deliveries.with_label_values(&[name, kind.name, result]);
        }
    }
    for answer in ANSWERS {
        metrics.answers.with_label_values(&[name, answer]);
    }
    metrics.last_delivery.with_label_values(&[name]);
    metrics.verify_seconds.with_label_values(&[name]);
    metrics.answer_seconds.with_label_values(&[name]);
    metrics.delay_seconds.with_label_values(&[name, Channel::Callback.as_str()]);
    for table in source.vendor.codes() {
        metrics.unknown_codes.with_label_values(&[name, table.interface]);
    }
}

fn polling(metrics: &Metrics, source: &Source) {
    let (Some(poller), Some(settings)) = (source.poller(), source.poll()) else { return };
    let name = source.name.as_str();
    for action in poller.actions() {
        for result in FailureClass::ALL.iter().map(|class| class.as_str()).chain(["ok"]) {
            metrics.poll_requests.with_label_values(&[name, action, result]);
        }
        metrics.poll_request_seconds.with_label_values(&[name, action]);
        let budget = f64::from(settings.requests_per_minute_of(action)) / 60.0;
        metrics.poll_budget.with_label_values(&[name, action]).set(budget);
    }
    metrics.delay_seconds.with_label_values(&[name, Channel::Poll.as_str()]);
    metrics.hints.with_label_values(&[name]);
    for (age, _) in AGES {
        metrics.pending_calls.with_label_values(&[name, age]);
    }
    metrics.poll_overdue.with_label_values(&[name]);
    metrics.poll_circuit_open.with_label_values(&[name]);
    metrics.poll_late_seconds.with_label_values(&[name]);
    for how in ["asked", "listed", "cleared", "no_result", "hopeless"] {
        metrics.poll_settled.with_label_values(&[name, how]);
    }
    for result in ["accepted", "refused", "invalid"] {
        metrics.placed_calls.with_label_values(&[name, result]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{build, demo_settings};

    const SILENT: &str = "trunkline_last_delivery_timestamp_seconds";

    fn text(roles: &[Role]) -> String {
        let poll = "[sources.kv]\nvendor = \"sestek-knovvu\"\naccount = \"a\"\ntokens = [\"only-for-tests\"]\n\
                    api.base_url = \"http://127.0.0.1:1\"\npoll.requests_per_minute = 120\n";
        let config = Config::from_toml(&format!("{}{poll}", demo_settings())).expect("settings");
        let sources = build(&config).unwrap_or_else(|errors| panic!("{errors:?}"));
        let metrics = Metrics::new();
        begin(&metrics, &config, &sources, roles);
        metrics.text()
    }

    #[test]
    fn a_source_that_never_delivered_has_its_series() {
        let text = text(&[Role::Ingest, Role::Dedup, Role::Poll]);
        for line in [
            r#"trunkline_last_delivery_timestamp_seconds{source="nxcloud-callbot-demo"} 0"#,
            r#"trunkline_answers_total{answer="unavailable",source="kv"} 0"#,
            r#"trunkline_deliveries_total{kind="result",result="signature_mismatch",source="kv"} 0"#,
            r#"trunkline_secret_reloads_total{result="failed",source="kv"} 0"#,
            r#"trunkline_unknown_codes_total{interface="sip",source="nxcloud-callbot-demo"} 0"#,
            r#"trunkline_poll_circuit_open{source="kv"} 0"#,
            r#"trunkline_pending_calls{age="older",source="kv"} 0"#,
            r#"trunkline_active_secrets{setting="tokens",source="kv"} 1"#,
            r#"trunkline_secret_proofs_total{place="second",setting="tokens",source="kv"} 0"#,
            r#"trunkline_stray_requests_total{reason="source_unknown"} 0"#,
            r#"trunkline_spool_set_aside_records_total{why="damaged"} 0"#,
            r#"trunkline_newer_records_total{topic="pending"} 0"#,
            r#"trunkline_tls_handshakes_total{result="refused_by_peer"} 0"#,
            r#"trunkline_connections_cut_total{cause="room"} 0"#,
            r#"trunkline_dedup_decisions_total{channel="callback",decision="poison"} 0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let budget = text.lines().find(|line| line.starts_with("trunkline_poll_budget")).expect("a budget");
        assert!(budget.contains(r#"source="kv""#) && budget.ends_with(" 2"), "{budget}");
    }

    /// A process without callbacks must not say that no vendor delivers.
    #[test]
    fn each_role_has_its_own() {
        assert!(!text(&[Role::Dedup, Role::Poll]).contains(SILENT));
        assert!(!text(&[Role::Ingest]).contains("trunkline_poll_circuit_open"));
    }
}
