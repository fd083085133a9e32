//! Every metric, declared once: name, labels and help text. `docs/metrics.md` is made from this file.
//!
//! Labels come from closed sets or from the configuration, never from a request. The struct has its own registry,
//! so that tests start from zero.

use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

/// Seconds. A vendor waits 3 to 10 s for an answer; an unloaded answer takes about 1 ms and a replicated commit 10 to
/// 30 ms, so the buckets are dense from 1 ms to 250 ms and end beyond the answer deadline.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// Seconds of work that waits for nobody: from 10 microseconds, what the cheapest signature costs, to what would stop a
/// core.
const BRIEF: &[f64] =
    &[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0];

/// Seconds a vendor takes to tell what happened: from at once to the longest repetitions, three days later.
const LONG: &[f64] = &[
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 86_400.0, 259_200.0,
];

trait Metric: Sized + Clone + prometheus::core::Collector + 'static {
    fn make(name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> prometheus::Result<Self>;
}

macro_rules! metric_kinds {
    ($($kind:ty, $name:ident, $help:ident, $labels:ident, $buckets:ident => $make:expr;)+) => {
        $(impl Metric for $kind {
            fn make($name: &str, $help: &str, $labels: &[&str], $buckets: &[f64]) -> prometheus::Result<Self> { $make }
        })+
    };
}

metric_kinds! {
    IntCounter, name, help, _labels, _buckets => Self::new(name, help);
    IntGauge, name, help, _labels, _buckets => Self::new(name, help);
    Gauge, name, help, _labels, _buckets => Self::new(name, help);
    Histogram, name, help, _labels, buckets => Self::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()));
    IntCounterVec, name, help, labels, _buckets => Self::new(Opts::new(name, help), labels);
    IntGaugeVec, name, help, labels, _buckets => Self::new(Opts::new(name, help), labels);
    GaugeVec, name, help, labels, _buckets => Self::new(Opts::new(name, help), labels);
    HistogramVec, name, help, labels, buckets => Self::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels);
}

/// One row of the metrics reference.
pub struct Description {
    /// Full name.
    pub name: &'static str,
    /// The Rust type, which names the kind.
    pub kind: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
    /// Help text.
    pub help: &'static str,
}

/// The buckets of a histogram, when it says so, and `SECONDS` otherwise.
macro_rules! buckets {
    () => {
        SECONDS
    };
    ($buckets:ident) => {
        $buckets
    };
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident = $name:literal [$($label:literal),*] $(in $buckets:ident)?;)+) => {
        /// All metrics of the process.
        pub struct Metrics {
            registry: Registry,
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        impl Metrics {
            /// Fresh metrics in a registry of their own.
            pub fn new() -> Self {
                let registry = Registry::new();
                $(let $field = <$kind as Metric>::make($name, concat!($($help,)+).trim(), &[$($label),*], buckets!($($buckets)?))
                    .expect("metric names and labels are literals");
                registry.register(Box::new($field.clone())).expect("metric names differ");)+
                Self { registry, $($field,)+ }
            }
        }

        /// The metrics reference.
        pub const DESCRIPTIONS: &[Description] = &[
            $(Description { name: $name, kind: stringify!($kind), labels: &[$($label),*], help: concat!($($help,)+) },)+
        ];
    };
}

metrics! {
    /// Deliveries by source, kind and result: `accepted`, or the reason they were refused or kept aside.
    deliveries: IntCounterVec = "trunkline_deliveries_total" ["source", "kind", "result"];
    /// Requests that reached no source: unknown source, kind or path, wrong method.
    strays: IntCounterVec = "trunkline_stray_requests_total" ["reason"];
    /// What deliveries were answered: `in_time`, the vendor's success form within `http.answer_deadline_ms`; `late`, the
    /// same after it; `unavailable`, please repeat; `refused`, not proven or not acceptable. The promise to vendors is
    /// measured with it.
    answers: IntCounterVec = "trunkline_answers_total" ["source", "answer"];
    /// Seconds from the head of a request to its answer.
    answer_seconds: HistogramVec = "trunkline_answer_seconds" ["source"];
    /// Seconds to verify who sent a delivery.
    verify_seconds: HistogramVec = "trunkline_verify_seconds" ["source"] in BRIEF;
    /// Seconds Kafka took to acknowledge a delivery's events.
    publish_seconds: Histogram = "trunkline_publish_seconds" [];
    /// Seconds from the end of a call (or whatever else an event tells of) to its receipt, by source and channel; only
    /// where the vendor says when it was. A vendor's clock that is ahead gives 0.
    delay_seconds: HistogramVec = "trunkline_event_delay_seconds" ["source", "channel"] in LONG;
    /// Unix time of the last accepted delivery, 0 before the first one since the start; silence is the commonest failure of
    /// a vendor. Several processes: the latest counts.
    last_delivery: IntGaugeVec = "trunkline_last_delivery_timestamp_seconds" ["source"];
    /// Requests of a source that hold memory; the bound of all together is `http.max_in_flight`.
    in_flight: IntGaugeVec = "trunkline_in_flight_requests" ["source"];
    /// Requests that may be worked on at a time before sources above their fair share are refused: half of
    /// `http.max_in_flight`, and less while the processor does not keep up.
    work_limit: IntGauge = "trunkline_in_flight_limit" [];
    /// How busy the threads that answer requests are, share of the time; above `http.max_busy_percent` fewer requests are let
    /// in.
    busy_ratio: Gauge = "trunkline_busy_ratio" [];
    /// Open connections of the callback listener; the bound is `http.max_connections`.
    connections: IntGauge = "trunkline_open_connections" [];
    /// Connections cut off by cause: `head_timeout`, `idle_timeout`, `write_timeout`, `handshake_timeout`, `room` when the
    /// longest waiting one made place for another, `stop` when it waited while the listener closed.
    connections_cut: IntCounterVec = "trunkline_connections_cut_total" ["cause"];
    /// TLS handshakes by result: `ok`, `timeout`, `dismissed` (for another connection, or a stop), `closed` by the
    /// sender, `refused_by_peer` (it does not accept the certificate), `client_certificate` (none, or of no configured
    /// authority), `incompatible` or `not_tls`.
    tls_handshakes: IntCounterVec = "trunkline_tls_handshakes_total" ["result"];
    /// Unix time at which the certificate in use expires.
    tls_expiry: IntGaugeVec = "trunkline_tls_certificate_expiry_timestamp_seconds" ["listener"];
    /// Attempts to re-read the files of `http.tls`: `changed`, `unchanged`, or `failed`, which keeps what was in use.
    tls_reloads: IntCounterVec = "trunkline_tls_reloads_total" ["result"];
    /// Events written to the inbox, or to the spool on their way there, by source, channel, type and outcome (`none` for
    /// facts without one).
    ingested: IntCounterVec = "trunkline_ingested_events_total" ["source", "channel", "type", "outcome"];
    /// Events whose vendor code is in no table, by source and code table: the outcome is `unknown`.
    unknown_codes: IntCounterVec = "trunkline_unknown_codes_total" ["source", "interface"];
    /// Records Kafka did not take that only save work: deletions of finished calls, progress of polling.
    posts_lost: IntCounter = "trunkline_kafka_posts_lost_total" [];
    /// Calls named by deliveries without a result; they become pending where the source asks its vendor.
    hints: IntCounterVec = "trunkline_poll_hints_total" ["source"];
    /// Calls dialers said they placed: `accepted`, or `refused` by the vendor; requests that are `invalid`, or refused for
    /// one of the reasons for which deliveries are.
    placed_calls: IntCounterVec = "trunkline_placed_calls_total" ["source", "result"];
    /// Requests to vendors by action and result: `ok`, or the class of the failure.
    poll_requests: IntCounterVec = "trunkline_poll_requests_total" ["source", "action", "result"];
    /// Requests a second that the configuration allows towards a vendor, by action.
    poll_budget: GaugeVec = "trunkline_poll_budget_requests_per_second" ["source", "action"];
    /// Seconds a request to a vendor took.
    poll_request_seconds: HistogramVec = "trunkline_poll_request_seconds" ["source", "action"];
    /// Seconds a question about a call waited beyond its time: for the budget, or for the vendor to answer again.
    poll_late_seconds: HistogramVec = "trunkline_poll_late_seconds" ["source"];
    /// Pending calls whose waiting ended: a result `asked` for or `listed`, `cleared` by a callback, `no_result` at the
    /// deadline; `hopeless` counts those the vendor refuses to answer for, which still wait for their deadline.
    poll_settled: IntCounterVec = "trunkline_poll_settled_total" ["source", "how"];
    /// Calls waiting for a result, by how long ago they were placed: `under_1m`, `under_10m`, `under_1h` or `older`. Each
    /// call is in one of them.
    pending_calls: IntGaugeVec = "trunkline_pending_calls" ["source", "age"];
    /// Seconds the oldest question that is due and not answered waits.
    poll_overdue: IntGaugeVec = "trunkline_poll_overdue_seconds" ["source"];
    /// Unix time up to which everything is listed.
    poll_listed: IntGaugeVec = "trunkline_poll_listed_timestamp_seconds" ["source"];
    /// 1 while a vendor is left alone because it does not answer, or because the configuration has to be mended.
    poll_circuit_open: IntGaugeVec = "trunkline_poll_circuit_open" ["source"];
    /// Times the reader of the pending topic started anew after an error that ends a Kafka client.
    poll_restarts: IntCounter = "trunkline_poll_reader_restarts_total" [];
    /// Decisions on inbox records by channel (`callback`, `poll`, `replay`): `first` and `revision` are published,
    /// `duplicate` is dropped, `poison` cannot be read and goes to the rejected topic.
    decisions: IntCounterVec = "trunkline_dedup_decisions_total" ["decision", "channel"];
    /// Events published for consumers, by source, type and outcome (`unknown` also for facts without one).
    published: IntCounterVec = "trunkline_events_total" ["source", "type", "outcome"];
    /// Committed transactions of the dedup stage.
    commits: IntCounter = "trunkline_dedup_commits_total" [];
    /// Aborted transactions of the dedup stage; their records are decided again.
    aborts: IntCounter = "trunkline_dedup_aborts_total" [];
    /// Records whose form is of a newer trunkline, by topic: `inbox` and `seen` end the process, `pending` and `calls` are
    /// left out.
    newer_records: IntCounterVec = "trunkline_newer_records_total" ["topic"];
    /// Times a dedup worker started anew after an error that ends a Kafka client: fenced, lost, out of memory.
    restarts: IntCounter = "trunkline_dedup_worker_restarts_total" [];
    /// Seconds a transaction took to flush and commit.
    commit_seconds: Histogram = "trunkline_dedup_commit_seconds" [];
    /// Seconds from the receipt of a delivery to the commit that made its event visible to consumers.
    visible_seconds: Histogram = "trunkline_visible_seconds" [];
    /// Partitions of the inbox this process decides.
    assigned: IntGauge = "trunkline_dedup_assigned_partitions" [];
    /// Event keys in the seen-set.
    seen_ids: IntGauge = "trunkline_seen_ids" [];
    /// Heap bytes of the seen-set.
    seen_bytes: IntGauge = "trunkline_seen_bytes" [];
    /// Seconds since the oldest remembered fact was published, to the hour. Grows to `trunkline_seen_window_seconds`, and
    /// stays there.
    seen_age: IntGauge = "trunkline_seen_oldest_age_seconds" [];
    /// `dedup.window_hours`, in seconds.
    seen_window: IntGauge = "trunkline_seen_window_seconds" [];
    /// Dedup workers that are rebuilding their seen-set now; their new partitions stand still meanwhile.
    rebuilding: IntGauge = "trunkline_seen_rebuilding" [];
    /// Seconds to rebuild the seen-set of newly assigned partitions.
    rebuild_seconds: Histogram = "trunkline_seen_rebuild_seconds" [];
    /// Inbox records not yet decided, by partition.
    lag: IntGaugeVec = "trunkline_dedup_lag_records" ["partition"];
    /// Records waiting in a Kafka client; the bound of the ingest client is `kafka.queue_max_messages`.
    queue_messages: IntGaugeVec = "trunkline_kafka_queue_messages" ["client"];
    /// Bytes waiting in a Kafka client; the bound of the ingest client is `kafka.queue_max_kbytes`.
    queue_bytes: IntGaugeVec = "trunkline_kafka_queue_bytes" ["client"];
    /// The most records that may wait in a Kafka client that writes.
    queue_limit: IntGaugeVec = "trunkline_kafka_queue_limit_messages" ["client"];
    /// Mean seconds from a request to a broker to its response, of the slowest broker in the last second.
    broker_seconds: GaugeVec = "trunkline_kafka_broker_rtt_seconds" ["client"];
    /// Brokers a Kafka client is connected to.
    brokers_up: IntGaugeVec = "trunkline_kafka_brokers_up" ["client"];
    /// Errors Kafka clients reported: connections lost, requests timed out.
    kafka_errors: IntCounterVec = "trunkline_kafka_errors_total" ["client"];
    /// 1 while Kafka is known to be away: nothing was acknowledged for `http.answer_deadline_ms`, although it was tried.
    kafka_away: IntGauge = "trunkline_kafka_away" [];
    /// Records in the spool.
    spool_records: IntGauge = "trunkline_spool_records" [];
    /// Bytes of the spool on its disk; the bound is `spool.max_bytes`.
    spool_bytes: IntGauge = "trunkline_spool_bytes" [];
    /// `spool.max_bytes`; 0 without a spool.
    spool_limit: IntGauge = "trunkline_spool_limit_bytes" [];
    /// Seconds the oldest record of the spool waits for Kafka.
    spool_oldest: IntGauge = "trunkline_spool_oldest_age_seconds" [];
    /// Records written to the spool.
    spooled: IntCounter = "trunkline_spool_written_records_total" [];
    /// Records of the spool that Kafka acknowledged.
    spool_drained: IntCounter = "trunkline_spool_drained_records_total" [];
    /// Deliveries the spool did not take: `full`, `failed` when the disk did not take them, `busy` when too many wait for it.
    spool_refused: IntCounterVec = "trunkline_spool_refused_deliveries_total" ["why"];
    /// Records of the spool that were not sent and stay in its folder: `damaged`, `too_large` for Kafka, or written by a
    /// `newer` program.
    spool_set_aside: IntCounterVec = "trunkline_spool_set_aside_records_total" ["why"];
    /// Failures of the spool's disk, by operation.
    spool_errors: IntCounterVec = "trunkline_spool_disk_errors_total" ["operation"];
    /// Attempts to re-read secret files: `changed`, `unchanged` or `failed`.
    secret_reloads: IntCounterVec = "trunkline_secret_reloads_total" ["source", "result"];
    /// Secrets accepted now, by the setting that holds them or names their files: two while a secret is being replaced.
    active_secrets: IntGaugeVec = "trunkline_active_secrets" ["source", "setting"];
    /// Times a secret proved who sends, by the setting that holds it and its place there (`first`, `second`, `further`):
    /// first those in the configuration, then the lines of its files. A place that no longer grows can be removed.
    secret_proofs: IntCounterVec = "trunkline_secret_proofs_total" ["source", "setting", "place"];
    /// Unix time at which the newest secret file of a setting was written, which for a mounted file is the mount at the
    /// earliest: its secrets are at least this old. Only where there are files.
    secret_written: IntGaugeVec = "trunkline_secret_files_written_timestamp_seconds" ["source", "setting"];
    /// 1 while the process is ready, as `/readyz` says.
    ready: IntGauge = "trunkline_ready" [];
    /// 1 while one of the conditions of readiness holds; `/readyz?verbose` says why it does not.
    checks: IntGaugeVec = "trunkline_ready_check" ["check"];
    /// Spans of traces: `exported` to the collector, `dropped` because too many waited for it, `failed` when it did not take
    /// them.
    spans: IntCounterVec = "trunkline_spans_total" ["result"];
    /// Always 1; the label names the version.
    build_info: IntGaugeVec = "trunkline_build_info" ["version"];
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Adds the process's own figures (CPU, memory, file descriptors) and the version.
    pub fn with_process(self) -> Self {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        self.registry.register(Box::new(process)).expect("registered once");
        self.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        self
    }

    /// The Prometheus text format.
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out).expect("writing to memory");
        String::from_utf8(out).expect("the text format is UTF-8")
    }
}

/// What one of several workers adds to a gauge they share; taken out again when it is dropped.
pub struct Share {
    gauge: IntGauge,
    value: i64,
}

impl Share {
    /// Nothing yet.
    pub fn of(gauge: &IntGauge) -> Self {
        Self { gauge: gauge.clone(), value: 0 }
    }

    /// This worker's part is now `value`.
    pub fn set(&mut self, value: i64) {
        self.gauge.add(value - self.value);
        self.value = value;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up() {
        let gauge = IntGauge::new("a", "a").expect("a gauge");
        let (mut one, mut other) = (Share::of(&gauge), Share::of(&gauge));
        one.set(3);
        other.set(4);
        one.set(5);
        assert_eq!(gauge.get(), 9);
        drop(one);
        assert_eq!(gauge.get(), 4);
    }

    #[test]
    fn names_follow_the_conventions() {
        for metric in DESCRIPTIONS {
            assert!(metric.name.starts_with("trunkline_"), "{}", metric.name);
            assert_eq!(metric.kind.starts_with("IntCounter"), metric.name.ends_with("_total"), "{}", metric.name);
            assert!(!metric.kind.starts_with("Histogram") || metric.name.ends_with("_seconds"), "{}", metric.name);
            for word in ["request", "path", "address", "call", "code", "number"] {
                assert!(!metric.labels.contains(&word), "{}: requests choose it", metric.name);
            }
        }
    }

    #[test]
    fn text_holds_what_was_counted() {
        let metrics = Metrics::new().with_process();
        metrics.deliveries.with_label_values(&["s", "call", "accepted"]).inc();
        let text = metrics.text();
        assert!(text.contains(r#"trunkline_deliveries_total{kind="call",result="accepted",source="s"} 1"#));
        assert!(text.contains("trunkline_build_info"));
        assert!(text.contains("process_resident_memory_bytes"));
    }
}
