//! All sources on one page: is the promise kept, which vendor hurts, and why.

use super::{Dashboard, lines, stacked, stat, table};

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
            ("Kafka", kafka()),
            ("The spool, and who gets in", entrance()),
            ("Deduplication", dedup()),
            ("Asking vendors", polling()),
            ("Processes", processes()),
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

fn kafka() -> Vec<super::Panel> {
    vec![
        lines("Time to be safe", "s", "How long Kafka takes to acknowledge a delivery's events by all in-sync replicas.")
            .query("histogram_quantile(0.5, sum by (le) (rate(trunkline_publish_seconds_bucket{ALL}[RATE])))", "p50")
            .query("histogram_quantile(0.99, sum by (le) (rate(trunkline_publish_seconds_bucket{ALL}[RATE])))", "p99")
            .at(4.0, "red")
            .runbooks(&["TrunklineKafkaUnreachable"]),
        lines("Queues of the clients", "percentunit", "How full the queue of each Kafka client is. Full, deliveries get please repeat.")
            .query(
                "max by (instance, client) (trunkline_kafka_queue_messages{ALL} / trunkline_kafka_queue_limit_messages{ALL})",
                "{{instance}} {{client}}",
            )
            .at(0.5, "red")
            .runbooks(&["TrunklineProducerQueueFilling"]),
        lines("Bytes in the queues", "bytes", "Bytes waiting in each Kafka client.")
            .query("sum by (client) (trunkline_kafka_queue_bytes{ALL})", "{{client}}"),
        lines("Connected brokers", "short", "Brokers each process's ingest producer is connected to.")
            .query(r#"min by (instance) (trunkline_kafka_brokers_up{ALL,client="ingest"})"#, "{{instance}}")
            .runbooks(&["TrunklineKafkaUnreachable"]),
        lines("Round trip to the slowest broker", "s", "Mean time from a request to its response. Fetches wait for records on purpose.")
            .query("max by (client) (trunkline_kafka_broker_rtt_seconds{ALL})", "{{client}}"),
        lines(
            "Client errors",
            "cps",
            "Connections lost and requests timed out, by client; producers replaced after a fatal error; records lost that only save work.",
        )
        .query("sum by (client) (rate(trunkline_kafka_errors_total{ALL}[RATE]))", "{{client}}")
        .query("sum(rate(trunkline_kafka_producer_rebuilds_total{ALL}[RATE]))", "producers replaced")
        .query("sum(rate(trunkline_kafka_posts_lost_total{ALL}[RATE]))", "posts lost")
        .runbooks(&["TrunklineKafkaUnreachable"]),
    ]
}

fn entrance() -> Vec<super::Panel> {
    vec![
        lines("Kafka is away", "short", "1 while a process knows that Kafka is away; deliveries then go to its spool, or hear please repeat at once.")
            .query("max by (instance) (trunkline_kafka_away{ALL})", "{{instance}}")
            .up_to(1.0)
            .at(1.0, "red")
            .runbooks(&["TrunklineKafkaUnreachable"]),
        lines("Spool", "bytes", "Bytes on the disk, and what may be (spool.max_bytes). Full, deliveries hear please repeat.")
            .query("sum by (instance) (trunkline_spool_bytes{ALL})", "{{instance}}")
            .query("max(trunkline_spool_limit_bytes{ALL})", "limit")
            .runbooks(&["TrunklineSpoolFilling"]),
        lines("Oldest in the spool", "s", "How long the oldest record waits for Kafka. With Kafka back it falls to 0.")
            .query("max by (instance) (trunkline_spool_oldest_age_seconds{ALL})", "{{instance}}")
            .at(900.0, "orange")
            .runbooks(&["TrunklineSpoolNotDraining"]),
        lines("Through the spool", "cps", "Records written, sent on, set aside unsent, and deliveries it did not take.")
            .query("sum(rate(trunkline_spool_written_records_total{ALL}[RATE]))", "written")
            .query("sum(rate(trunkline_spool_drained_records_total{ALL}[RATE]))", "sent on")
            .query("sum by (why) (rate(trunkline_spool_set_aside_records_total{ALL}[RATE]))", "set aside: {{why}}")
            .query("sum by (why) (rate(trunkline_spool_refused_deliveries_total{ALL}[RATE]))", "refused: {{why}}")
            .runbooks(&["TrunklineSpoolFilling", "TrunklineSpoolRecordsSetAside"]),
        lines("Requests of sources", "short", "Requests that hold memory, by source, and how many may be worked on before sources above their fair share are refused.")
            .query("sum by (source) (trunkline_in_flight_requests{ALL})", "{{source}}")
            .query("sum(trunkline_in_flight_limit{ALL})", "limit")
            .by_source()
            .runbooks(&["TrunklineErrorBudgetBurningFast"]),
        lines(
            "Files of TLS",
            "short",
            "Attempts to re-read certificate, key and authorities, by result; none without http.tls. A failed one keeps what was in use.",
        )
        .query("sum by (result) (increase(trunkline_tls_reloads_total{ALL}[RATE]))", "{{result}}")
        .runbooks(&["TrunklineCertificateReloadFailed", "TrunklineCertificateExpiring", "TrunklineCertificateAboutToExpire"]),
    ]
}

fn dedup() -> Vec<super::Panel> {
    vec![
        lines("Waiting in the inbox", "short", "Inbox records not yet decided, by partition. A partition nobody decides is missing.")
            .query("sum by (partition) (trunkline_dedup_lag_records{ALL})", "{{partition}}")
            .at(1000.0, "orange")
            .runbooks(&["TrunklineDedupLagging"]),
        lines("Until consumers see it", "s", "From the receipt of a delivery to the commit that makes its events visible.")
            .query("histogram_quantile(0.5, sum by (le) (rate(trunkline_visible_seconds_bucket{ALL}[RATE])))", "p50")
            .query("histogram_quantile(0.99, sum by (le) (rate(trunkline_visible_seconds_bucket{ALL}[RATE])))", "p99")
            .runbooks(&["TrunklineDedupLagging"]),
        lines("Transactions", "cps", "Commits, aborts (their records are decided again) and workers started anew.")
            .query("sum(rate(trunkline_dedup_commits_total{ALL}[RATE]))", "commits")
            .query("sum(rate(trunkline_dedup_aborts_total{ALL}[RATE]))", "aborts")
            .query("sum(rate(trunkline_dedup_worker_restarts_total{ALL}[RATE]))", "workers anew"),
        lines("Time to commit, p99", "s", "How long a transaction takes to flush and commit.")
            .query(
                "histogram_quantile(0.99, sum by (instance, le) (rate(trunkline_dedup_commit_seconds_bucket{ALL}[RATE])))",
                "{{instance}}",
            ),
        lines("Partitions decided", "short", "Inbox partitions by process. Together they are kafka.partitions, but for a moment while they move.")
            .query("sum by (instance) (trunkline_dedup_assigned_partitions{ALL})", "{{instance}}")
            .runbooks(&["TrunklineDedupLagging"]),
        lines("Seen-set", "short", "Facts remembered, by process.")
            .query("sum by (instance) (trunkline_seen_ids{ALL})", "{{instance}}"),
        lines("Memory of the seen-set", "bytes", "About 31 bytes for each fact.")
            .query("sum by (instance) (trunkline_seen_bytes{ALL})", "{{instance}}"),
        lines(
            "How far back it remembers",
            "percentunit",
            "Age of the oldest remembered fact as a share of dedup.window_hours. Grows to 1 in the first days, and stays there.",
        )
        .query(
            "max by (instance) (trunkline_seen_oldest_age_seconds{ALL} / trunkline_seen_window_seconds{ALL})",
            "{{instance}}",
        ),
        lines(
            "Rebuilding",
            "s",
            "How long rebuilding the seen-set took, on average since the start, and workers that are at it now (each counts 1). Their new partitions stand still.",
        )
        .query(
            "sum by (instance) (trunkline_seen_rebuild_seconds_sum{ALL}) / sum by (instance) (trunkline_seen_rebuild_seconds_count{ALL})",
            "{{instance}}",
        )
        .query("sum by (instance) (trunkline_seen_rebuilding{ALL})", "{{instance}} now")
        .runbooks(&["TrunklineRebuildTakesLong"]),
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
            .query("max by (source) (trunkline_pending_calls{ALL})", "{{source}}")
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

fn processes() -> Vec<super::Panel> {
    vec![
        lines("Processor", "percentunit", "Seconds of processor time used each second; 1 is one core.")
            .query("rate(process_cpu_seconds_total{ALL}[RATE])", "{{instance}}"),
        lines("Memory", "bytes", "Resident memory.").query("process_resident_memory_bytes{ALL}", "{{instance}}"),
        lines("File descriptors", "percentunit", "Open ones as a share of the limit.")
            .query("process_open_fds{ALL} / process_max_fds{ALL}", "{{instance}}")
            .at(0.8, "red"),
        lines("Up for", "s", "Time since the start of each process; a saw is a crash loop.")
            .query("time() - process_start_time_seconds{ALL}", "{{instance}}")
            .runbooks(&["TrunklineInstanceDown"]),
        lines("Conditions of readiness", "short", "1 while a condition holds; /readyz?verbose says why one does not.")
            .query("min by (instance, check) (trunkline_ready_check{ALL})", "{{instance}} {{check}}")
            .up_to(1.0)
            .runbooks(&["TrunklineInstanceNotReady"]),
        lines(
            "Records of a newer version",
            "cps",
            "Records a process of an older version met, by topic. Those of inbox and seen end it.",
        )
        .query("sum by (topic) (rate(trunkline_newer_records_total{ALL}[RATE]))", "{{topic}}")
        .runbooks(&["TrunklineNewerRecords"]),
        table("Versions", "short", "Processes by version; two versions at once outside a rollout are a mistake.")
            .query("count by (version) (trunkline_build_info{ALL})", "{{version}}"),
    ]
}
