//! One vendor account in depth.

use super::{Dashboard, lines, stacked, stat};

/// The dashboard of one source.
pub fn source() -> Dashboard {
    Dashboard {
        uid: "trunkline-source",
        title: "trunkline / source",
        description: "One vendor account in depth: what it sends, how late, what of it is refused and why, and what asking it finds.",
        one_source: true,
        other: ("trunkline-overview", "Overview"),
        rows: vec![
            ("Now", now()),
            ("What it sends", sends()),
            ("What it proves itself with", secrets()),
            ("What becomes of it", becomes()),
            ("Asking it for results", polling()),
        ],
    }
}

fn now() -> Vec<super::Panel> {
    vec![
        stat("Since the last delivery", "s", "Time since the last accepted delivery.")
            .query("time() - max(trunkline_last_delivery_timestamp_seconds{ONE} > 0)", "ago")
            .at(3600.0, "orange")
            .at(86_400.0, "red")
            .or_else("none since the start")
            .runbooks(&["TrunklineSourceSilent", "TrunklineSourceIdle"]),
        stat("Accepted", "percentunit", "Share of deliveries that were accepted, over the shown time.")
            .query(
                r#"sum(increase(trunkline_deliveries_total{ONE,result="accepted"}[$__range])) / sum(increase(trunkline_deliveries_total{ONE}[$__range]))"#,
                "accepted",
            )
            .below("red")
            .at(0.9, "orange")
            .at(0.99, "green")
            .or_else("no deliveries")
            .runbooks(&["TrunklineDeliveriesUnproven", "TrunklineSourceLockedOut", "TrunklineDeliveriesRejected"]),
        stat("Acknowledged in time", "percentunit", "Proven deliveries answered with yes within the deadline, over the shown time.")
            .query(
                r#"sum(increase(trunkline_answers_total{ONE,answer="in_time"}[$__range])) / sum(increase(trunkline_answers_total{ONE,answer=~"in_time|late|unavailable"}[$__range]))"#,
                "in time",
            )
            .below("red")
            .at(0.998, "orange")
            .at(0.999, "green")
            .or_else("no deliveries")
            .runbooks(&["TrunklineErrorBudgetBurningFast"]),
        stat("Answered calls", "percentunit", "Share of ended calls that were answered, over the shown time.").query(
            r#"sum(increase(trunkline_events_total{ONE,type="call.ended",outcome="answered"}[$__range])) / sum(increase(trunkline_events_total{ONE,type="call.ended"}[$__range]))"#,
            "answered",
        )
        .or_else("no calls"),
        stat(
            "Active secrets",
            "short",
            "Secrets accepted now, by the setting that holds them: two while one is being replaced.",
        )
        .query("max by (setting) (trunkline_active_secrets{ONE})", "{{setting}}")
        .at(2.0, "orange")
        .runbooks(&["TrunklineSecretsReloadFailed", "TrunklineSecretUnused"]),
        stat("Circuit", "short", "1 while the vendor is left alone because it does not answer, or because the configuration has to be mended.")
            .query("max(trunkline_poll_circuit_open{ONE})", "open")
            .at(1.0, "red")
            .or_else("is not asked")
            .runbooks(&["TrunklinePollCircuitOpen"]),
    ]
}

fn sends() -> Vec<super::Panel> {
    vec![
        lines("Deliveries, and a week ago", "reqps", "Accepted deliveries now and at the same time last week.")
            .query(r#"sum(rate(trunkline_deliveries_total{ONE,result="accepted"}[RATE]))"#, "now")
            .query(r#"sum(rate(trunkline_deliveries_total{ONE,result="accepted"}[RATE] offset 1w))"#, "a week ago")
            .runbooks(&["TrunklineSourceSilent"]),
        stacked("Deliveries by kind", "reqps", "All deliveries by the kind of callback.")
            .query("sum by (kind) (rate(trunkline_deliveries_total{ONE}[RATE]))", "{{kind}}"),
        stacked(
            "Not accepted",
            "reqps",
            "Deliveries that were not accepted, by kind and reason. docs/answers.md explains each.",
        )
        .query(
            r#"sum by (kind, result) (rate(trunkline_deliveries_total{ONE,result!="accepted"}[RATE])) > 0"#,
            "{{kind}}: {{result}}",
        )
        .or_else("all accepted")
        .runbooks(&["TrunklineDeliveriesUnproven", "TrunklineSourceLockedOut", "TrunklineDeliveriesRejected"]),
        lines(
            "How late it tells",
            "s",
            "From the end of a call (or whatever an event tells of) to its receipt, by channel.",
        )
        .query(
            "histogram_quantile(0.5, sum by (channel, le) (rate(trunkline_event_delay_seconds_bucket{ONE}[RATE])))",
            "{{channel}} p50",
        )
        .query(
            "histogram_quantile(0.9, sum by (channel, le) (rate(trunkline_event_delay_seconds_bucket{ONE}[RATE])))",
            "{{channel}} p90",
        )
        .at(900.0, "orange"),
        lines("Time to the answer", "s", "From the head of a request to its answer.")
            .query("histogram_quantile(0.5, sum by (le) (rate(trunkline_answer_seconds_bucket{ONE}[RATE])))", "p50")
            .query("histogram_quantile(0.99, sum by (le) (rate(trunkline_answer_seconds_bucket{ONE}[RATE])))", "p99")
            .at(4.0, "red"),
        lines("Time to verify", "s", "Work of the processor alone.")
            .query("histogram_quantile(0.5, sum by (le) (rate(trunkline_verify_seconds_bucket{ONE}[RATE])))", "p50")
            .query("histogram_quantile(0.99, sum by (le) (rate(trunkline_verify_seconds_bucket{ONE}[RATE])))", "p99"),
    ]
}

fn secrets() -> Vec<super::Panel> {
    vec![
        lines(
            "Proven by which secret",
            "reqps",
            "Requests and answers by the setting and the place of the secret that proved them. A place at 0 is no longer used: its line can be removed.",
        )
        .query("sum by (setting, place) (rate(trunkline_secret_proofs_total{ONE}[RATE]))", "{{setting}}: {{place}}")
        .wide()
        .runbooks(&["TrunklineSecretUnused"]),
        lines(
            "Since a secret file was written",
            "s",
            "Time since the newest secret file of a setting was written, in the process that has it longest. A mounted file is written when it is mounted: its secrets are at least this old.",
        )
        .query(
            "time() - min by (setting) (trunkline_secret_files_written_timestamp_seconds{ONE})",
            "{{setting}}",
        )
        .wide()
        .or_else("no secret files")
        .runbooks(&["TrunklineSecretsReloadFailed"]),
    ]
}

fn becomes() -> Vec<super::Panel> {
    vec![
        stacked("Calls by outcome", "cps", "Ended calls as consumers see them, by outcome.").query(
            r#"sum by (outcome) (rate(trunkline_events_total{ONE,type="call.ended"}[RATE]))"#,
            "{{outcome}}",
        ),
        lines("Answered calls, and a week ago", "percentunit", "Share of ended calls that were answered, now and at the same time last week.")
            .query(
                r#"sum(rate(trunkline_events_total{ONE,type="call.ended",outcome="answered"}[RATE])) / sum(rate(trunkline_events_total{ONE,type="call.ended"}[RATE]))"#,
                "now",
            )
            .query(
                r#"sum(rate(trunkline_events_total{ONE,type="call.ended",outcome="answered"}[RATE] offset 1w)) / sum(rate(trunkline_events_total{ONE,type="call.ended"}[RATE] offset 1w))"#,
                "a week ago",
            )
            .up_to(1.0),
        stacked("Events by type", "cps", "Events published for consumers, by type.")
            .query("sum by (type) (rate(trunkline_events_total{ONE}[RATE]))", "{{type}}"),
        lines("Events by channel", "cps", "Events written to the inbox, before deduplication: pushed by the vendor, or found by asking it.")
            .query("sum by (channel) (rate(trunkline_ingested_events_total{ONE}[RATE]))", "{{channel}}"),
        lines("Told more than once", "percentunit", "Share of what was written to the inbox that was known already.")
            .query(
                "1 - sum(rate(trunkline_events_total{ONE}[RATE])) / sum(rate(trunkline_ingested_events_total{ONE}[RATE]))",
                "known",
            ),
        lines("Codes in no table", "cps", "Events whose vendor code trunkline does not know, by code table; their outcome is unknown.")
            .query("sum by (interface) (rate(trunkline_unknown_codes_total{ONE}[RATE]))", "{{interface}}")
            .runbooks(&["TrunklineUnknownCodes"]),
    ]
}

fn polling() -> Vec<super::Panel> {
    vec![
        stacked("Requests", "reqps", "What it is asked, by action and what became of it.").query(
            "sum by (action, result) (rate(trunkline_poll_requests_total{ONE}[RATE])) > 0",
            "{{action}}: {{result}}",
        )
        .or_else("is not asked")
        .runbooks(&["TrunklinePollCircuitOpen"]),
        lines("Time of a request, p99", "s", "How long it takes to answer, by action.").query(
            "histogram_quantile(0.99, sum by (action, le) (rate(trunkline_poll_request_seconds_bucket{ONE}[RATE])))",
            "{{action}}",
        ),
        lines("Budget in use", "percentunit", "Requests as a share of what the configuration allows. At 1 questions wait.")
            .query(
                "sum by (action) (rate(trunkline_poll_requests_total{ONE}[RATE])) / max by (action) (trunkline_poll_budget_requests_per_second{ONE})",
                "{{action}}",
            )
            .at(0.9, "orange")
            .runbooks(&["TrunklinePollOverdue"]),
        stacked("Calls waiting for a result", "short", "Calls of this source whose result is not known yet, by how long ago they were placed. Old ones that grow are results that do not come.")
            .query("max by (age) (trunkline_pending_calls{ONE})", "{{age}}")
            .runbooks(&["TrunklinePollOverdue"]),
        lines("Questions behind their time", "s", "How long the oldest due question waits, and how late questions were asked (p90).")
            .query("max(trunkline_poll_overdue_seconds{ONE})", "oldest due")
            .query("histogram_quantile(0.9, sum by (le) (rate(trunkline_poll_late_seconds_bucket{ONE}[RATE])))", "asked late, p90")
            .at(900.0, "orange")
            .runbooks(&["TrunklinePollOverdue"]),
        stacked("How waiting ended", "cps", "Pending calls settled: asked for, listed, cleared by a callback, without a result at the deadline; hopeless ones still wait for it.")
            .query("sum by (how) (rate(trunkline_poll_settled_total{ONE}[RATE]))", "{{how}}"),
        stacked("What is asked about", "cps", "Calls dialers said they placed, by what became of that, and calls the vendor named without a result.")
            .query("sum by (result) (rate(trunkline_placed_calls_total{ONE}[RATE]))", "placed: {{result}}")
            .query("sum(rate(trunkline_poll_hints_total{ONE}[RATE]))", "named by the vendor"),
        lines("Not listed yet", "s", "How far the listing of past windows is behind. Only where `poll.sweep` is set.")
            .query("time() - max(trunkline_poll_listed_timestamp_seconds{ONE})", "behind")
            .or_else("is not listed")
            .runbooks(&["TrunklineSweepBehind"]),
    ]
}
