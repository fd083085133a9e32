//! All sources on one page: is the promise kept, which vendor hurts, and why.

use super::{Dashboard, inside, lines, stacked, stat, table};

/// The overview.
pub fn overview() -> Dashboard {
    Dashboard {
        uid: "trunkline-overview",
        title: "trunkline / overview",
        description: "Is the promise kept, which vendor hurts, and why.",
        one_source: false,
        other: ("trunkline-source", "One source"),
        rows: vec![
            ("The promise", promise()),
            ("Deliveries by source", deliveries()),
            ("What is published", outcomes()),
            ("Kafka", inside::kafka()),
            ("The spool", inside::spool()),
            ("Who gets in", inside::entrance()),
            ("Deduplication", inside::dedup()),
            ("Asking vendors", polling()),
            ("Processes", inside::processes()),
        ],
    }
}

fn promise() -> Vec<super::Panel> {
    vec![
        stat(
            "Acknowledged in time",
            "percentunit",
            "Proven deliveries answered with yes within http.answer_deadline_ms, over the shown time. The objective is 99.9 % in 30 days.",
        )
        .query(
            r#"sum(increase(trunkline_answers_total{ALL,answer="in_time"}[$__range])) / sum(increase(trunkline_answers_total{ALL,answer=~"in_time|late|unavailable"}[$__range]))"#,
            "in time",
        )
        .below("red")
        .at(0.998, "orange")
        .at(0.999, "green")
        .or_else("no deliveries")
        .runbooks(&["TrunklineErrorBudgetBurningFast", "TrunklineErrorBudgetBurningSlow"]),
        stat(
            "Error budget used",
            "percentunit",
            "Share of the failures the objective allows for as many deliveries as came in the shown time. Choose 30 days to see the real budget.",
        )
        .query(
            r#"sum(increase(trunkline_answers_total{ALL,answer=~"late|unavailable"}[$__range])) / sum(increase(trunkline_answers_total{ALL,answer=~"in_time|late|unavailable"}[$__range])) / 0.001"#,
            "used",
        )
        .at(0.5, "orange")
        .at(1.0, "red")
        .or_else("no deliveries")
        .runbooks(&["TrunklineErrorBudgetBurningFast", "TrunklineErrorBudgetBurningSlow"]),
        stat("Ready instances", "percentunit", "Share of the running processes that are ready for traffic.")
            .query("avg(trunkline_ready{ALL})", "ready")
            .below("red")
            .at(0.5, "orange")
            .at(1.0, "green")
            .runbooks(&["TrunklineUnavailable", "TrunklineInstanceNotReady"]),
        stat(
            "Sources quiet for an hour",
            "short",
            "Configured sources without an accepted delivery in the last hour, or since the start. At night that may be right: the alert compares with the source's own week.",
        )
        .query(
            "count(time() - max by (job, source) (trunkline_last_delivery_timestamp_seconds{ALL}) > 3600) or vector(0)",
            "quiet",
        )
        .at(1.0, "orange")
        .runbooks(&["TrunklineSourceSilent", "TrunklineSourceIdle"]),
        stat(
            "Until consumers see it, p99",
            "s",
            "From the receipt of a delivery to the commit that makes its events visible, 99th percentile over the shown time.",
        )
        .query(
            "histogram_quantile(0.99, sum by (le) (increase(trunkline_visible_seconds_bucket{ALL}[$__range])))",
            "p99",
        )
        .at(1.0, "orange")
        .at(10.0, "red")
        .runbooks(&["TrunklineDedupLagging"]),
        stat("Repeated by vendors", "percentunit", "Share of what came that was known already, over the shown time.")
            .query(
                r#"sum(increase(trunkline_dedup_decisions_total{ALL,decision="duplicate"}[$__range])) / sum(increase(trunkline_dedup_decisions_total{ALL}[$__range]))"#,
                "repeated",
            ),
        lines(
            "Error budget burn",
            "short",
            "How many times faster than allowed the error budget is used. 1 uses it up in exactly 30 days; the pages are at 14.4 (over an hour) and 6 (over six hours).",
        )
        .query(
            r#"sum by (job) (rate(trunkline_answers_total{ALL,answer=~"late|unavailable"}[RATE])) / sum by (job) (rate(trunkline_answers_total{ALL,answer=~"in_time|late|unavailable"}[RATE])) / 0.001"#,
            "{{job}}",
        )
        .at(1.0, "orange")
        .at(14.4, "red")
        .runbooks(&["TrunklineErrorBudgetBurningFast", "TrunklineErrorBudgetBurningSlow"]),
        table(
            "Since the last delivery",
            "s",
            "Time since each source's last accepted delivery, the quietest first. Sources that have not delivered since the start are missing here.",
        )
        .query(
            "sort_desc(time() - max by (source) (trunkline_last_delivery_timestamp_seconds{ALL} > 0))",
            "{{source}}",
        )
        .at(3600.0, "orange")
        .at(86_400.0, "red")
        .by_source()
        .or_else("nobody has delivered")
        .runbooks(&["TrunklineSourceSilent", "TrunklineSourceIdle"]),
        table("Alerts", "short", "What is firing now. Each has a runbook of its name.")
            .query(
                r#"max by (alertname, severity, source) (ALERTS{alertname=~"Trunkline.+",alertstate="firing",job=~"$job"})"#,
                "{{alertname}}",
            )
            .or_else("nothing fires"),
    ]
}

fn deliveries() -> Vec<super::Panel> {
    vec![
        lines("Deliveries", "reqps", "Requests to callback URLs of configured sources, whatever became of them.")
            .query("sum by (source) (rate(trunkline_deliveries_total{ALL}[RATE]))", "{{source}}")
            .by_source()
            .runbooks(&["TrunklineSourceSilent"]),
        lines(
            "Not accepted",
            "percentunit",
            "Share of deliveries that were refused, not understood or answered with please repeat. The next panel says why.",
        )
        .query(
            r#"sum by (source) (rate(trunkline_deliveries_total{ALL,result!="accepted"}[RATE])) / sum by (source) (rate(trunkline_deliveries_total{ALL}[RATE]))"#,
            "{{source}}",
        )
        .up_to(1.0)
        .by_source()
        .runbooks(&["TrunklineDeliveriesUnproven", "TrunklineSourceLockedOut", "TrunklineDeliveriesRejected"]),
        stacked(
            "Why not",
            "reqps",
            "Deliveries that were not accepted, by reason. docs/answers.md explains each.",
        )
        .query(
            r#"sum by (source, result) (rate(trunkline_deliveries_total{ALL,result!="accepted"}[RATE])) > 0"#,
            "{{source}}: {{result}}",
        )
        .by_source()
        .or_else("all accepted")
        .runbooks(&["TrunklineDeliveriesUnproven", "TrunklineSourceLockedOut", "TrunklineDeliveriesRejected"]),
        lines(
            "Time to the answer, p99",
            "s",
            "From the head of a request to its answer. Beyond http.answer_deadline_ms (4 s by default) vendors hear please repeat.",
        )
        .query(
            "histogram_quantile(0.99, sum by (source, le) (rate(trunkline_answer_seconds_bucket{ALL}[RATE])))",
            "{{source}}",
        )
        .at(4.0, "red")
        .by_source()
        .runbooks(&["TrunklineErrorBudgetBurningFast"]),
        lines(
            "Time to verify, p99",
            "s",
            "Work of the processor alone: grows with bodies and signatures, and when processors are short.",
        )
        .query(
            "histogram_quantile(0.99, sum by (source, le) (rate(trunkline_verify_seconds_bucket{ALL}[RATE])))",
            "{{source}}",
        )
        .by_source(),
        lines(
            "How late vendors tell, p90",
            "s",
            "From the end of a call (or whatever an event tells of) to its receipt. A vendor that queues shows here first.",
        )
        .query(
            "histogram_quantile(0.9, sum by (source, channel, le) (rate(trunkline_event_delay_seconds_bucket{ALL}[RATE])))",
            "{{source}} by {{channel}}",
        )
        .at(900.0, "orange")
        .by_source(),
        lines(
            "Stray requests",
            "reqps",
            "Requests to no configured source or kind: scanners, or a vendor's console with a wrong URL.",
        )
        .query("sum by (reason) (rate(trunkline_stray_requests_total{ALL}[RATE]))", "{{reason}}"),
        lines(
            "Requests under way",
            "short",
            "Callback requests that hold memory, bounded by http.max_in_flight, and open connections, bounded by http.max_connections.",
        )
        .query("sum by (instance) (trunkline_in_flight_requests{ALL})", "{{instance}} requests")
        .query("sum by (instance) (trunkline_open_connections{ALL})", "{{instance}} connections"),
        lines(
            "Secret files that cannot be read",
            "short",
            "Failed attempts to re-read secret files; the old secrets stay in use, and a rotation does not happen.",
        )
        .query(
            r#"sum by (source) (increase(trunkline_secret_reloads_total{ALL,result="failed"}[RATE]))"#,
            "{{source}}",
        )
        .at(1.0, "red")
        .by_source()
        .runbooks(&["TrunklineSecretsReloadFailed"]),
    ]
}

fn outcomes() -> Vec<super::Panel> {
    vec![
        stacked("Calls by outcome", "cps", "Ended calls as consumers see them, by outcome.").query(
            r#"sum by (outcome) (rate(trunkline_events_total{ALL,type="call.ended"}[RATE]))"#,
            "{{outcome}}",
        ),
        lines("Answered calls", "percentunit", "Share of ended calls that were answered, by source.")
            .query(
                r#"sum by (source) (rate(trunkline_events_total{ALL,type="call.ended",outcome="answered"}[RATE])) / sum by (source) (rate(trunkline_events_total{ALL,type="call.ended"}[RATE]))"#,
                "{{source}}",
            )
            .up_to(1.0)
            .by_source(),
        lines(
            "Codes in no table",
            "cps",
            "Events whose vendor code trunkline does not know, by code table; their outcome is unknown.",
        )
        .query(
            "sum by (source, interface) (rate(trunkline_unknown_codes_total{ALL}[RATE]))",
            "{{source}} {{interface}}",
        )
        .by_source()
        .runbooks(&["TrunklineUnknownCodes"]),
        stacked("Decisions", "cps", "What deduplication decided about inbox records.").query(
            "sum by (decision) (rate(trunkline_dedup_decisions_total{ALL}[RATE]))",
            "{{decision}}",
        )
        .runbooks(&["TrunklinePoisonRecords"]),
        lines("Revisions", "percentunit", "Share of published events that change what was published before.")
            .query(
                r#"sum(rate(trunkline_dedup_decisions_total{ALL,decision="revision"}[RATE])) / sum(rate(trunkline_dedup_decisions_total{ALL,decision=~"first|revision"}[RATE]))"#,
                "revisions",
            )
            .up_to(1.0),
        lines("Found by asking", "percentunit", "Share of first sights that came by poll: results whose callback was late or lost.")
            .query(
                r#"sum(rate(trunkline_dedup_decisions_total{ALL,decision="first",channel="poll"}[RATE])) / sum(rate(trunkline_dedup_decisions_total{ALL,decision="first"}[RATE]))"#,
                "by poll",
            )
            .up_to(1.0),
    ]
}

fn polling() -> Vec<super::Panel> {
    vec![
        lines("Requests to vendors", "reqps", "What vendors are asked, by what became of it.")
            .query("sum by (source, result) (rate(trunkline_poll_requests_total{ALL}[RATE])) > 0", "{{source}}: {{result}}")
            .by_source()
            .or_else("nobody is asked")
            .runbooks(&["TrunklinePollCircuitOpen"]),
        lines("Budget in use", "percentunit", "Requests as a share of what the configuration allows, by action. At 1 questions wait.")
            .query(
                "sum by (source, action) (rate(trunkline_poll_requests_total{ALL}[RATE])) / max by (source, action) (trunkline_poll_budget_requests_per_second{ALL})",
                "{{source}} {{action}}",
            )
            .at(0.9, "orange")
            .by_source()
            .runbooks(&["TrunklinePollOverdue"]),
        lines("Vendors left alone", "short", "1 while a source's circuit is open: the vendor does not answer, or the configuration has to be mended.")
            .query("max by (source) (trunkline_poll_circuit_open{ALL})", "{{source}}")
            .up_to(1.0)
            .at(1.0, "red")
            .by_source()
            .runbooks(&["TrunklinePollCircuitOpen"]),
        lines("Calls waiting for a result", "short", "Pending calls, by source.")
            .query("sum by (source) (max by (source, age) (trunkline_pending_calls{ALL}))", "{{source}}")
            .by_source(),
        lines("Oldest question overdue", "s", "How long the oldest due question waits for its turn.")
            .query("max by (source) (trunkline_poll_overdue_seconds{ALL})", "{{source}}")
            .at(900.0, "orange")
            .by_source()
            .runbooks(&["TrunklinePollOverdue"]),
        stacked("How waiting ended", "cps", "Pending calls settled: asked for, listed, cleared by a callback, without a result at the deadline.")
            .query("sum by (how) (rate(trunkline_poll_settled_total{ALL}[RATE]))", "{{how}}"),
    ]
}
