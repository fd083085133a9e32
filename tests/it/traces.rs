//! One delivery, one trace: from the vendor's request over both topics to the collector.

#[cfg(feature = "otlp")]
mod collector;

use std::collections::BTreeSet;

use super::deployment::{Deployment, call_body, client};
use super::kafka::Cluster;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn trace_parent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_a_valid_trace_context_goes_on_as_it_came() {
    let deployment = Deployment::new(Cluster::shared().bootstrap(), "");
    let mut replica = deployment.start();
    for (call, given) in [
        ("good", trace_parent("01")),
        ("not-sampled", trace_parent("00")),
        ("zeros", trace_parent("01").replace(TRACE, &"0".repeat(32))),
        ("upper-case", trace_parent("01").to_uppercase()),
        ("long", format!("{}-00", trace_parent("01"))),
    ] {
        let mut request = deployment.signed("call", &call_body(call, "486"));
        request.headers.push(("traceparent", given));
        let answer = request.post(&client(), &replica.url()).await.expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    for topic in ["inbox", "events"] {
        let records = deployment.read_until(topic, |records| {
            let calls: BTreeSet<_> = records.iter().map(|record| record.json()["subject"].to_string()).collect();
            calls.len() == 5
        });
        for record in records {
            let given = record.headers.get("traceparent").map(String::as_str);
            let wanted = match record.json()["subject"].as_str() {
                Some("good") => Some(trace_parent("01")),
                Some("not-sampled") => Some(trace_parent("00")),
                _ => None,
            };
            assert_eq!(given, wanted.as_deref(), "{topic}: {}", record.summary());
        }
    }
}

#[cfg(feature = "otlp")]
mod recorded {
    use super::collector::{Collector, Kind};
    use super::*;
    use crate::deployment::{SECRET, eventually, get};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_delivery_is_one_trace_from_the_vendor_to_the_consumer() {
        let collector = Collector::start().await;
        let extra = "http.max_in_flight = 64\ntelemetry.sample_ratio = 0.0\nlog.filter = \"debug\"";
        let deployment = Deployment::new(Cluster::shared().bootstrap(), extra);
        let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())];
        let endpoint = endpoint.each_ref().map(|(name, value)| (*name, value.as_str()));
        let mut replica = deployment.spawn(&[], &endpoint);
        replica.wait_ready();

        let url = replica.url();
        let send = async |call: &str, given: Option<String>, break_it: bool| {
            let mut request = deployment.signed("call", &call_body(call, "486"));
            request.headers.extend(given.map(|given| ("traceparent", given)));
            if break_it {
                request.body.push(' ');
            }
            request.post(&client(), &url).await.expect("an answer").status().as_u16()
        };
        assert_eq!(send("traced-1", Some(trace_parent("01")), false).await, 200);
        assert_eq!(send("traced-2", Some(trace_parent("00")), false).await, 200, "the vendor does not record this one");
        assert_eq!(send("traced-3", None, false).await, 200, "and of others a share of 0 is recorded");
        let events = deployment.read_until("events", |records| {
            let calls: BTreeSet<_> = records.iter().map(|record| record.json()["subject"].to_string()).collect();
            calls.len() == 3
        });
        let written = deployment.read("inbox");
        let of = |records: &[crate::deployment::Record], call: &str| -> BTreeSet<Option<String>> {
            let records = records.iter().filter(|record| record.json()["subject"] == call);
            records.map(|record| record.headers.get("traceparent").cloned()).collect()
        };
        assert_eq!(of(&events, "traced-2"), [Some(trace_parent("00"))].into());
        assert_eq!(of(&events, "traced-3"), [None].into());

        eventually("the decisions are exported", || collector.spans().iter().any(|span| span.kind == Kind::Consumer));
        let spans = collector.spans();
        assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:?}");
        let one = |kind: Kind| {
            let found: Vec<_> = spans.iter().filter(|span| span.kind == kind).collect();
            assert_eq!(found.len(), 1, "{kind:?}: {spans:?}");
            found[0]
        };
        let (server, producer) = (one(Kind::Server), one(Kind::Producer));
        assert_eq!((&*server.name, &*server.parent), ("POST /v1/callbacks/{source}/{kind}", PARENT));
        for (name, value) in [
            ("http.request.method", "POST"),
            ("http.route", "/v1/callbacks/{source}/{kind}"),
            ("url.path", "/v1/callbacks/nx/call"),
            ("url.scheme", "http"),
            ("http.response.status_code", "200"),
            ("trunkline.source", "nx"),
            ("trunkline.kind", "call"),
            ("trunkline.result", "accepted"),
        ] {
            assert_eq!(server.attribute(name), Some(value), "{name}");
        }
        let inbox = deployment.topic("inbox");
        assert_eq!((&*producer.name, &producer.parent), (&*format!("send {inbox}"), &server.id));
        for (name, value) in [
            ("messaging.system", "kafka"),
            ("messaging.operation.type", "send"),
            ("messaging.destination.name", &inbox),
        ] {
            assert_eq!(producer.attribute(name), Some(value), "{name}");
        }
        let context = |span: &str| Some(format!("00-{TRACE}-{span}-01"));
        assert_eq!(of(&written, "traced-1"), [context(&producer.id)].into());

        let decisions: Vec<_> = spans.iter().filter(|span| span.kind == Kind::Consumer).collect();
        for decision in &decisions {
            assert_eq!((&*decision.name, &decision.parent), (&*format!("process {inbox}"), &producer.id));
            assert_eq!(decision.links, [(TRACE.to_owned(), producer.id.clone())]);
            assert_eq!(decision.attribute("messaging.operation.type"), Some("process"));
            assert_eq!(decision.attribute("messaging.destination.name"), Some(&*inbox));
            assert_eq!(decision.attribute("trunkline.decision"), Some("first"));
            assert!(decision.attribute("messaging.kafka.offset").is_some());
        }
        assert_eq!(of(&events, "traced-1"), decisions.iter().map(|decision| context(&decision.id)).collect());

        // The same again is a duplicate; a forgery is no failure of the server, and is recorded too.
        assert_eq!(send("traced-1", Some(trace_parent("01")), false).await, 200);
        assert_eq!(send("traced-4", Some(trace_parent("01")), true).await, 401);
        eventually("both are exported", || {
            let spans = collector.spans();
            let with = |name: &str, value: &str| spans.iter().any(|span| span.attribute(name) == Some(value));
            with("trunkline.decision", "duplicate") && with("trunkline.result", "signature_mismatch")
        });
        let told = collector.bytes();
        let holds = |text: &str| told.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("trunkline.source") && holds("POST"));
        for secret in [SECRET, "6281200000001", "traced-1", "127.0.0.1", "callInfoDetail"] {
            assert!(!holds(secret), "{secret} is in the spans");
        }
        let log = replica.log();
        let delivery = log.lines().find(|line| line.contains(r#""message":"delivery""#)).expect("a line");
        assert!(delivery.contains(&format!(r#""trace_id":"{TRACE}""#)), "{delivery}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_path_token_is_in_no_span() {
        let collector = Collector::start().await;
        let extra = format!(
            "sources.kv.vendor = \"sestek-knovvu\"\nsources.kv.account = \"a\"\n\
             sources.kv.path_tokens = [\"only-for-tests-path\"]\ntelemetry.endpoint = \"{}\"\ntelemetry.sample_ratio = 1.0",
            collector.url()
        );
        let deployment = Deployment::new(Cluster::shared().bootstrap(), &extra);
        let mut replica = deployment.start();
        let url = format!("{}/v1/callbacks/kv/only-for-tests-path/result", replica.url());
        client().post(url).header("content-type", "application/json").body("{}").send().await.expect("an answer");
        eventually("it is exported", || !collector.spans().is_empty());
        let spans = collector.spans();
        let server = spans.iter().find(|span| span.kind == Kind::Server).expect("the request");
        assert_eq!(server.attribute("url.path"), Some("/v1/callbacks/kv/REDACTED/result"));
        assert_eq!(server.parent, "", "nobody asked for it, so it begins the trace");
        let told = collector.bytes();
        assert!(!told.windows(19).any(|window| window == b"only-for-tests-path"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_collector_that_never_answers_makes_nobody_wait() {
        let collector = Collector::silent().await;
        let extra = format!(
            "telemetry.endpoint = \"{}\"\ntelemetry.sample_ratio = 1.0\ntelemetry.queue_max_spans = 4",
            collector.url()
        );
        let deployment = Deployment::new(Cluster::shared().bootstrap(), &extra);
        let mut replica = deployment.start();
        let (url, admin) = (replica.url(), replica.admin());
        let metric = |name: &str| -> f64 {
            let text = get(&format!("{admin}/metrics")).1;
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
            line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
        };
        // The first ones until the collector has a request it does not answer; then more than may wait.
        for number in 0.. {
            let request = deployment.signed("call", &call_body(&format!("s-{number}"), "486"));
            assert_eq!(request.post(&client(), &url).await.expect("an answer").status(), 200);
            if collector.is_asked() && number > 20 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        eventually("spans are dropped, and counted", || metric(r#"trunkline_spans_total{result="dropped"}"#) > 0.0);
        assert_eq!(metric(r#"trunkline_answers_total{answer="late",source="nx"}"#), 0.0);
        assert_eq!(metric(r#"trunkline_spans_total{result="exported"}"#), 0.0);
    }
}
