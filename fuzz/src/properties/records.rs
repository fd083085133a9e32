//! What the dedup stage reads from Kafka, whoever wrote it there.

use std::collections::BTreeMap;

use rdkafka::Timestamp;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use serde_json::value::RawValue;
use trunkline::dedup::fact::{Head, revise};
use trunkline::dedup::{Decision, Remembered, Window, decide, decode, encode};
use trunkline::event::cloudevents::{self, header};
use trunkline::event::{Channel, Instant};
use trunkline::vendor::Explain;

use super::subject::{SUBJECTS, now, signed};

/// A record of the seen topic, and a record of the inbox: lines of headers, a blank line, the value.
pub fn check(input: &[u8]) {
    check_seen(input);
    check_inbox(input);
}

fn check_seen(record: &[u8]) {
    let Ok(entries) = decode(record) else { return };
    let mut window = Window::new(72);
    let mut written = record[..1].to_vec();
    for (key, value) in entries {
        encode(&mut written, key, &value);
        window.insert(key, value);
        assert_eq!(window.get(key, value.hour), Some(value), "what is read is kept whole");
    }
    assert_eq!(written, record, "what is read is all there is");
}

fn check_inbox(input: &[u8]) {
    let message = message(input);
    let head = Head::of(&message);
    let Ok(fact) = head.fact() else { return };
    let text = |name: &str| head.text(name).map(str::to_owned);
    assert_eq!(text(header::KEY), Some(fact.key.to_string()), "a key has one text");
    assert_eq!(text(header::MATERIAL), Some(fact.material.to_string()), "a material has one text");

    let Decision::First(first) = decide(None, fact.material, 482_000) else { panic!("a fact is new at first") };
    assert_eq!(decide(Some(first), fact.material, 482_001), Decision::Duplicate, "and never again");
    let remembered = Remembered { revision: 7, ..first };
    let headers = head.published(Some((fact.key, remembered.revision)), None);
    assert!(headers.iter().all(|header| header.key != header::MATERIAL), "internal headers stay inside");

    let Ok(revised) = revise(message.payload().unwrap_or_default(), &remembered) else { return };
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(&revised).expect("a revision is JSON");
    assert_eq!(members["revision"].get(), "7");
    assert_eq!(revise(&revised, &remembered).expect("revised"), revised, "a revision changes nothing else");
}

fn message(input: &[u8]) -> OwnedMessage {
    let end = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
    let (head, payload) = (&input[..end], input.get(end + 2..).map(<[u8]>::to_vec));
    let mut headers = OwnedHeaders::new();
    for line in head.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        // A header's name is text without a zero byte: Kafka's clients give no other.
        let Ok(key) = std::str::from_utf8(&line[..colon]) else { continue };
        if !key.contains('\0') {
            headers = headers.insert(Header { key, value: line.get(colon + 1..) });
        }
    }
    OwnedMessage::new(payload, None, "inbox".to_owned(), Timestamp::NotAvailable, 0, 0, Some(headers))
}

/// Seeds: the records of every vendor's samples, and what is remembered of them.
pub fn seeds() -> Vec<Vec<u8>> {
    let (mut seeds, mut seen) = (Vec::new(), Vec::new());
    for subject in SUBJECTS.iter() {
        let source = &subject.demo;
        for (name, body) in source.vendor.demo().samples {
            let kind = source.kind(name).expect("a kind of the vendor");
            let inbound = signed(source, kind, body, now(), "nonce-1").expect("a demo secret");
            let verified = source.adapter.verify(inbound, now(), &mut Explain::off()).expect("verified");
            let context = source.context(Channel::Callback, Instant::new(now()));
            for event in source.adapter.normalise(&verified, &context).expect("understood").events {
                let record = cloudevents::encode(&event, &[]);
                let head: String = record.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
                seeds.push([head.as_bytes(), b"\n", &record.value].concat());
                if let Decision::First(first) = decide(None, event.material(), 482_000) {
                    encode(&mut seen, event.key.0, &first);
                    seeds.push(seen.clone());
                }
            }
        }
    }
    seeds
}
