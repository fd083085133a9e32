//! Rows of the overview about trunkline's own parts: when all vendors hurt at once.

use super::{Panel, lines, table};

/// The clients of Kafka.
pub(super) fn kafka() -> Vec<Panel> {
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
            "Connections lost and requests timed out, by client; records lost that only save work; readers of pending calls started anew.",
        )
        .query("sum by (client) (rate(trunkline_kafka_errors_total{ALL}[RATE]))", "{{client}}")
        .query("sum(rate(trunkline_kafka_posts_lost_total{ALL}[RATE]))", "posts lost")
        .query("sum(rate(trunkline_poll_reader_restarts_total{ALL}[RATE]))", "readers anew")
        .runbooks(&["TrunklineKafkaUnreachable"]),
    ]
}

/// The spool.
pub(super) fn spool() -> Vec<Panel> {
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
        lines("Records in the spool", "short", "Accepted, safe on the disk, and not in Kafka yet.")
            .query("sum by (instance) (trunkline_spool_records{ALL})", "{{instance}}")
            .runbooks(&["TrunklineSpoolFilling", "TrunklineSpoolNotDraining"]),
        lines("Through the spool", "cps", "Records written, sent on, set aside unsent, and deliveries it did not take.")
            .query("sum(rate(trunkline_spool_written_records_total{ALL}[RATE]))", "written")
            .query("sum(rate(trunkline_spool_drained_records_total{ALL}[RATE]))", "sent on")
            .query("sum by (why) (rate(trunkline_spool_set_aside_records_total{ALL}[RATE]))", "set aside: {{why}}")
            .query("sum by (why) (rate(trunkline_spool_refused_deliveries_total{ALL}[RATE]))", "refused: {{why}}")
            .runbooks(&["TrunklineSpoolFilling", "TrunklineSpoolRecordsSetAside"]),
        lines("Failures of the spool's disk", "short", "Failed operations on files of the spool; the log names the file.")
            .query("sum by (instance, operation) (increase(trunkline_spool_disk_errors_total{ALL}[RATE]))", "{{instance}} {{operation}}")
            .at(1.0, "red")
            .runbooks(&["TrunklineSpoolNotDraining", "TrunklineSpoolRecordsSetAside"]),
    ]
}

/// Connections and requests, and who is turned away.
pub(super) fn entrance() -> Vec<Panel> {
    vec![
        lines("Requests of sources", "short", "Requests that hold memory, by source, and how many may be worked on before sources above their fair share are refused. A limit that falls is a processor that does not keep up.")
            .query("sum by (source) (trunkline_in_flight_requests{ALL})", "{{source}}")
            .query("sum(trunkline_in_flight_limit{ALL})", "limit")
            .by_source()
            .runbooks(&["TrunklineErrorBudgetBurningFast"]),
        lines("How busy the threads are", "percentunit", "Share of the time in which the threads that answer requests have something to do. Above http.max_busy_percent fewer requests are let in.")
            .query("max by (instance) (trunkline_busy_ratio{ALL})", "{{instance}}")
            .up_to(1.0)
            .runbooks(&["TrunklineErrorBudgetBurningFast"]),
        lines("Turned away", "reqps", "Deliveries that heard please repeat because too much came at once, or their source sent more than its max_per_second.")
            .query(
                r#"sum by (source) (rate(trunkline_deliveries_total{ALL,result=~"overloaded|rate_limited"}[RATE]))"#,
                "{{source}}",
            )
            .by_source()
            .runbooks(&["TrunklineErrorBudgetBurningFast", "TrunklineErrorBudgetBurningSlow"]),
        lines("Connections cut", "cps", "Connections ended by us, by cause: senders that are slow or idle, and room made when http.max_connections are open.")
            .query("sum by (cause) (rate(trunkline_connections_cut_total{ALL}[RATE]))", "{{cause}}"),
        lines("TLS handshakes", "cps", "By result; none without http.tls. refused_by_peer: vendors that do not accept our certificate; client_certificate: we do not accept theirs.")
            .query("sum by (result) (rate(trunkline_tls_handshakes_total{ALL}[RATE]))", "{{result}}")
            .runbooks(&["TrunklineHandshakesRefused"]),
        lines("Certificate is good for", "s", "Time until the certificate in use expires. Only where http.tls is set.")
            .query("min by (instance) (trunkline_tls_certificate_expiry_timestamp_seconds{ALL} - time())", "{{instance}}")
            .below("red")
            .at(172_800.0, "orange")
            .at(1_209_600.0, "green")
            .or_else("no TLS here")
            .runbooks(&["TrunklineCertificateExpiring", "TrunklineCertificateAboutToExpire"]),
        lines(
            "Files of TLS",
            "short",
            "Attempts to re-read certificate, key and authorities, by result; none without http.tls. A failed one keeps what was in use.",
        )
        .query("sum by (result) (increase(trunkline_tls_reloads_total{ALL}[RATE]))", "{{result}}")
        .runbooks(&["TrunklineCertificateReloadFailed"]),
    ]
}

/// Deduplication.
pub(super) fn dedup() -> Vec<Panel> {
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

/// The processes themselves.
pub(super) fn processes() -> Vec<Panel> {
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
        lines("Spans", "cps", "Spans of traces: sent to the collector, dropped because too many waited for it, not taken by it. None without telemetry.endpoint.")
            .query("sum by (result) (rate(trunkline_spans_total{ALL}[RATE]))", "{{result}}"),
        table("Versions", "short", "Processes by version; two versions at once outside a rollout are a mistake.")
            .query("count by (version) (trunkline_build_info{ALL})", "{{version}}"),
    ]
}
