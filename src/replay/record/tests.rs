use proptest::prelude::*;
use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

use super::*;
use crate::config::Config;
use crate::form::tests::{message, text};
use crate::source::{build, demo_settings};

fn sources() -> Sources {
    build(&Config::from_toml(&demo_settings()).expect("settings")).expect("sources")
}

fn skip(from: From, text: &str) -> Option<Skip> {
    delivery(from, &message(text), &sources()).err()
}

#[test]
fn what_a_rejected_record_lacks_is_said() {
    let good = text("rejected.record");
    assert_eq!(skip(From::Rejected, &good), None);
    let table = [
        ("trunkline_source: nxcloud-callbot-demo", "trunkline_source: gone", Skip::SourceGone),
        ("trunkline_vendor: nxcloud-callbot", "trunkline_vendor: generic", Skip::OtherVendor),
        ("trunkline_kind: call", "trunkline_kind: calls", Skip::KindGone),
        ("trunkline_reason: field_missing\n", "", Skip::Damaged),
        ("trunkline_source: nxcloud-callbot-demo\n", "", Skip::Damaged),
        ("trunkline_vendor: nxcloud-callbot\n", "", Skip::Damaged),
        ("trunkline_kind: call\n", "", Skip::Damaged),
        ("trunkline_received_at: 2024", "trunkline_received_at: year 2024", Skip::Damaged),
        ("trunkline_sent_at: 2024", "trunkline_sent_at: year 2024", Skip::Damaged),
    ];
    for (from, to, wanted) in table {
        assert!(good.contains(from), "{from}");
        assert_eq!(skip(From::Rejected, &good.replace(from, to)), Some(wanted), "{to}");
    }
}

#[test]
fn what_an_inbox_record_lacks_is_said() {
    let good = text("inbox.record");
    assert_eq!(skip(From::Inbox, &good), None);
    let table = [
        ("trunkline_source: nxcloud-callbot-demo", "trunkline_source: gone", Skip::SourceGone),
        ("\"vendor\":\"nxcloud-callbot\"", "\"vendor\":\"generic\"", Skip::OtherVendor),
        ("trunkline_kind: call", "trunkline_kind: calls", Skip::KindGone),
        ("\"channel\":\"callback\"", "\"channel\":\"poll\"", Skip::Polled),
        ("\"channel\":\"callback\"", "\"channel\":\"letter\"", Skip::Damaged),
        ("\"raw\":{\"callbackType\"", "\"other\":{\"callbackType\"", Skip::NoRaw),
        ("trunkline_kind: call", "trunkline_raw: part\ntrunkline_kind: call", Skip::PartOnly),
        ("trunkline_kind: call", "trunkline_raw: some\ntrunkline_kind: call", Skip::Damaged),
    ];
    for (from, to, wanted) in table {
        assert!(good.contains(from), "{from}");
        assert_eq!(skip(From::Inbox, &good.replace(from, to)), Some(wanted), "{to}");
    }
}

proptest! {
    #[test]
    fn no_record_panics(
        value in prop::collection::vec(any::<u8>(), 0..200),
        headers in prop::collection::vec(("trunkline_(reason|vendor|source|kind|raw|format|received_at|sent_at)", prop::collection::vec(any::<u8>(), 0..20)), 0..8),
        whole in any::<bool>(),
    ) {
        let kept = headers.iter().fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        let kept = if whole { message(&text("rejected.record")).headers().cloned() } else { Some(kept) };
        let random = OwnedMessage::new(Some(value), None, "t".to_owned(), rdkafka::Timestamp::NotAvailable, 0, 0, kept);
        let sources = sources();
        for from in [From::Rejected, From::Inbox] {
            if let Ok(delivery) = delivery(from, &random, &sources) {
                let _ = delivery.source.adapter.normalise(&delivery.verified, &delivery.context);
            }
        }
    }
}
