//! The records of version 1, as deployments hold them: written the same today, and read.

use rdkafka::message::Message;

use super::{RECEIVED, assert_golden, golden, text, versioned, written};
use crate::config::Config;
use crate::dedup::fact::Head;
use crate::dedup::{Remembered, decode, encode};
use crate::event::{Channel, Event, Instant, Outcome, cloudevents};
use crate::form::Newer;
use crate::reject::{Reason, Reject};
use crate::rejected;
use crate::replay::{From, Skip, delivery};
use crate::source::{self, Source, Sources};
use crate::vendor::Verified;
use crate::vendor::kept::{self, Kept};

const BODY: &str = include_str!("../../vendor/nxcloud_callbot/demo/call.json");

fn sources() -> Sources {
    source::build(&Config::from_toml(&source::demo_settings()).expect("settings")).expect("sources")
}

fn received() -> Instant {
    Instant::from_millis(RECEIVED).expect("a time")
}

fn kept(source: &Source, body: &str) -> Verified {
    let sent_at = Instant::from_millis(RECEIVED - 1000);
    let kind = source.kind("call").expect("a kind");
    let headers = [("requestid", "r-1"), ("uuid", "UID-DEMO")]
        .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
    let kept =
        Kept { kind, query: None, headers: headers.into_iter().collect(), sent_at, body: body.to_owned().into() };
    kept.verified_when_kept()
}

fn events(source: &Source) -> (Verified, Vec<Event>) {
    let verified = kept(source, BODY.trim());
    let context = source.context(Channel::Callback, received());
    let facts = source.adapter.normalise(&verified, &context).expect("understood");
    (verified, facts.events)
}

#[test]
fn the_inbox_is_written_and_read() {
    let sources = sources();
    let source = &sources["nxcloud-callbot-demo"];
    let (verified, events) = events(source);
    let headers = kept::event_headers(&verified, source.adapter.kept_parameters(), &events);
    let encoded = cloudevents::encode(&events[0], &headers);
    assert_golden("inbox.record", &written(&encoded.key, &encoded.headers, &encoded.value));

    let record = golden("inbox.record");
    let read = Head::of(&record).fact().expect("read");
    assert_eq!((read.key, read.material), (events[0].key, events[0].material()));
    assert_eq!(Head::of(&record).newer(), None);
    let delivery = delivery(From::Inbox, &record, &sources).unwrap_or_else(|skip| panic!("{skip:?}"));
    assert!(delivery.former.is_some_and(|former| former == events[0]));
    let again = delivery.source.adapter.normalise(&delivery.verified, &delivery.context).expect("understood");
    assert!(again.events == events, "the same events as before");
}

/// Before there were replays, records said nothing of the delivery.
#[test]
fn the_inbox_of_before_is_read() {
    let record = golden("inbox-without-delivery.record");
    let event: Event = serde_json::from_slice(record.payload().expect("a value")).expect("an event");
    assert_eq!(Head::of(&record).fact().expect("read").key, event.key);
    assert_eq!(delivery(From::Inbox, &record, &sources()).err(), Some(Skip::NoKind));
}

#[test]
fn a_newer_inbox_record_is_told_from_a_damaged_one() {
    let text = text("inbox.record");
    assert_eq!(Head::of(&versioned(&text, "1")).newer(), None);
    assert!(Head::of(&versioned(&text, "1")).fact().is_ok());
    assert_eq!(Head::of(&versioned(&text, "2")).newer(), Some(Newer(2)));
    assert_eq!(delivery(From::Inbox, &versioned(&text, "2"), &sources()).err(), Some(Skip::Newer));
    assert_eq!(Head::of(&versioned(&text, "second")).newer(), None);
    assert!(Head::of(&versioned(&text, "second")).fact().is_err(), "poison");
}

/// What consumers see has no header of the way from ingest to dedup.
#[test]
fn headers_of_the_delivery_stay_inside() {
    use rdkafka::message::Headers;
    let record = versioned(&text("inbox.record"), "1");
    let published = Head::of(&record).published(None, None);
    let names: Vec<&str> = published.iter().map(|header| header.key).collect();
    assert!(names.contains(&"ce_id") && names.contains(&"trunkline_in_offset"));
    for inside in kept::header::ALL.iter().chain(&["trunkline_material", "trunkline_format"]) {
        assert!(!names.contains(inside), "{inside}");
    }
}

#[test]
fn seen_is_written_and_read() {
    let remembered =
        Remembered { outcome: Outcome::Busy.code(), seen: 5, findings: 0xab_cdef, revision: 3, hour: 481_762 };
    let mut record = Vec::new();
    encode(&mut record, 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff, &remembered);
    encode(&mut record, 7, &Remembered { seen: 4, findings: 0, revision: 0, ..remembered });
    let hex: String = record.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_golden("seen.hex", &hex);
    assert_eq!(decode(&record).expect("read").count(), 2);
}

#[test]
fn a_rejected_delivery_is_written_and_read() {
    let sources = sources();
    let source = &sources["nxcloud-callbot-demo"];
    let body = r#"{"callInfoDetail":{"callStatus":1}}"#;
    let reject = Reject::new(Reason::FieldMissing, "callInfoDetail.callID is absent or empty");
    let headers = rejected::headers(source, &kept(source, body), &reject, received());
    assert_golden("rejected.record", &written(&source.name, &headers, body.as_bytes()));

    for name in ["rejected.record", "rejected-without-sent-at.record"] {
        let delivery = delivery(From::Rejected, &golden(name), &sources).unwrap_or_else(|skip| panic!("{skip:?}"));
        assert_eq!(delivery.verified.body(), body.as_bytes());
        assert_eq!(delivery.verified.kind().name, "call");
        assert_eq!(delivery.context.received_at, received());
        assert_eq!(delivery.verified.sent_at().is_some(), name == "rejected.record");
        assert_eq!(delivery.verified.inbound().header("requestid"), Some("r-1"));
    }
    let newer = versioned(&text("rejected.record"), "2");
    assert_eq!(delivery(From::Rejected, &newer, &sources).err(), Some(Skip::Newer));
}

#[test]
fn other_rejected_records_are_no_deliveries() {
    for name in ["rejected-poison.record", "rejected-calls.record"] {
        assert_eq!(delivery(From::Rejected, &golden(name), &sources()).err(), Some(Skip::NoDelivery), "{name}");
    }
}

#[test]
fn a_dialers_message_is_read() {
    let message = golden("calls.record");
    let placing = crate::dialer::parse(message.payload().expect("a value")).expect("read");
    assert_eq!(placing.source.as_deref(), Some("knovvu"));
    let complaint = crate::dialer::parse(br#"{"format":2,"source":"knovvu","called":"x"}"#).expect_err("newer");
    assert!(complaint.to_string().contains("version 2"), "{complaint}");
    assert!(crate::dialer::parse(br#"{"format":1,"source":"knovvu","id":"c-1"}"#).is_ok());
}
