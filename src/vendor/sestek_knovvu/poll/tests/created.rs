use serde_json::value::RawValue;

use super::*;
use crate::event::{EventKey, EventType, Outcome};
use crate::reject::Reason;

fn common() -> Placed {
    Placed {
        destination: Some("+905550000001".to_owned()),
        reference: Some("ref-1".to_owned()),
        conversation: Some("conv-1".to_owned()),
        task: Some("task-1".to_owned()),
        ..placed("")
    }
}

fn created(answer: &str, common: &Placed, calls: &[Placed]) -> Result<Placement, Reject> {
    let answer = RawValue::from_string(answer.to_owned()).expect("JSON");
    let created = Created { answer: &answer, location: None, common, calls };
    poller(&*with(API)).created(&created, &context(Channel::Poll))
}

#[test]
fn the_answer_names_the_call() {
    for answer in [r#"{"UniqueId":"4f2b9c"}"#, r#"{"uniqueId":"4f2b9c","Status":"OK","x":[1]}"#] {
        let placement = created(answer, &common(), &[]).expect("read");
        assert_eq!(placement.placed, [Placed { call: "4f2b9c".to_owned(), ..common() }]);
        assert!(placement.events.is_empty());
    }
    let placement = created(r#"{"UniqueId":12345678901234567890123}"#, &common(), &[]).expect("read");
    assert_eq!(placement.placed[0].call, "12345678901234567890123");
}

#[test]
fn what_is_said_of_the_one_call_comes_first() {
    let own = Placed { destination: Some("+905550000002".to_owned()), ..placed("") };
    let placement = created(r#"{"UniqueId":"4f2b9c"}"#, &common(), std::slice::from_ref(&own)).expect("read");
    let expected = Placed { call: "4f2b9c".to_owned(), destination: own.destination.clone(), ..common() };
    assert_eq!(placement.placed, [expected]);
    let placement = created(r#"{"UniqueId":"4f2b9c"}"#, &common(), &[own.clone(), own]).expect("read");
    assert_eq!(placement.placed[0].destination, common().destination, "whose it is cannot be told");
}

#[test]
fn an_answer_without_an_id_ends_the_call_that_never_was() {
    for answer in [r#"{"Message":"no"}"#, r#"{"UniqueId":null}"#, r#"{"UniqueId":" "}"#, "{}"] {
        let placement = created(answer, &common(), &[]).expect("read");
        assert!(placement.placed.is_empty());
        let [event] = &placement.events[..] else { panic!("one event") };
        let key = EventKey::new("sestek-knovvu", "eu/tenant-a/project-1", EventType::CallEnded, &["refused", "ref-1"]);
        assert_eq!((event.subject.as_str(), event.key), ("ref-1", key));
        assert_eq!((event.outcome, event.channel), (Some(Outcome::Failed), Channel::Poll));
        let cause = event.cause.as_ref().expect("a cause");
        assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("trunkline", "no_unique_id"));
        let to = event.call.as_ref().and_then(|call| call.to.as_ref()).expect("a number");
        assert_eq!(to.e164.as_deref(), Some("+905550000001"));
        assert_eq!(event.links.conversation.as_deref(), Some("conv-1"));
        assert_eq!(event.raw.as_ref().map(|raw| raw.0.get()), Some(answer));
    }
}

#[test]
fn without_a_reference_there_is_nothing_to_tell() {
    for reference in [None, Some(String::new())] {
        let reject = created("{}", &Placed { reference, ..common() }, &[]).expect_err("refused");
        assert_eq!(reject.reason, Reason::FieldMissing);
        assert!(reject.detail.contains("give a reference"), "{reject}");
    }
    let long = Placed { reference: Some("r".repeat(257)), ..common() };
    assert_eq!(created("{}", &long, &[]).expect_err("no subject").reason, Reason::FieldInvalid);
}

#[test]
fn answers_that_cannot_be_read() {
    for answer in [
        "\"+905550000001\"",
        "[]",
        "null",
        r#"{"UniqueId":["+905550000001"]}"#,
        r#"{"UniqueId":"a","uniqueID":"b"}"#,
        &format!(r#"{{"UniqueId":"{}"}}"#, "a".repeat(257)),
    ] {
        let reject = created(answer, &common(), &[]).expect_err("refused");
        assert!(!reject.to_string().contains("555"), "{reject}");
    }
}
