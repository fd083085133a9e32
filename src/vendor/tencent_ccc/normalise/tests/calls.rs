//! What `action=cdr` says: identity, times, people.

use super::*;

#[test]
fn an_answered_call_with_everything() {
    let event = read(CDR, &answered());
    assert_eq!(event.event_type, EventType::CallEnded);
    assert_eq!((event.account.as_str(), event.subject.as_str()), (APP, SESSION));
    assert_eq!(event.key, key(EventType::CallEnded, &[SESSION]));
    assert_eq!(event.occurred_at.to_string(), "2024-12-16T10:40:36.000Z");
    assert_eq!(event.occurred_at_basis, Basis::Vendor);
    assert_eq!(event.outcome, Some(Outcome::Answered));
    assert_eq!(event.handled_by, Some(HandledBy::Agent));
    assert_eq!(event.key_presses, ["1", "2", "5"]);
    assert_eq!(event.links.custom.as_deref(), Some("ref-77"));
    assert_eq!(event.raw.as_ref().expect("kept").0.get(), answered().to_string());
    let call = event.call.expect("a call");
    assert_eq!(call.direction, Some(Direction::Outbound));
    assert_eq!(call.from.expect("a number").e164.as_deref(), Some("+8675500000001"));
    assert_eq!(call.to.expect("a number").e164.as_deref(), Some("+8613800000001"));
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(6_000), Some(24_000), Some(36_000)));
    let agent = call.agent.expect("an agent");
    assert_eq!(agent.id.as_deref(), Some("agent@example.com"));
    assert_eq!(agent.name.as_deref(), Some("Demo"));
    assert_eq!(agent.group.as_deref(), Some("north"));
}

#[test]
fn only_application_and_session_are_needed() {
    let event = read(CDR, &json!({"SdkAppId": 1_400_000_000, "SessionId": SESSION}));
    assert_eq!(event.key, read(CDR, &answered()).key);
    assert_eq!((event.outcome, &event.cause, event.handled_by), (Some(Outcome::Unknown), &None, None));
    assert_eq!(event.occurred_at_basis, Basis::Received);
    assert_eq!(event.call.expect("a call"), Call { id: SESSION.to_owned(), ..Call::default() });
}

#[test]
fn nulls_are_as_good_as_absent() {
    let names: Vec<String> = answered().as_object().expect("an object").keys().cloned().collect();
    for name in names.iter().filter(|name| !matches!(name.as_str(), "SdkAppId" | "SessionId")) {
        for nothing in [json!(null), json!({}), json!([]), json!(""), json!([null])] {
            let event = read(CDR, &with(json!({name: nothing})));
            assert_eq!(event.subject, SESSION, "{name}");
        }
    }
}

#[test]
fn a_session_keeps_its_key_in_every_spelling() {
    let first = read(CDR, &answered());
    for id in ["6bb56a09278740bc80c5dc6dab783eff", "6BB56A09-2787-40BC-80C5-DC6DAB783EFF"] {
        let event = read(CDR, &with(json!({"SessionId": id})));
        assert_eq!((event.key, event.record_key()), (first.key, first.record_key()));
        assert_eq!(event.call.expect("a call").id, SESSION);
    }
    let other = read(CDR, &with(json!({"SessionId": "Call-7"})));
    assert_eq!(other.subject, "Call-7", "what is no UUID stays as it is");
    let number = read(CDR, &with(json!({"SessionId": 1_300_000_000_000_000_001_u64})));
    assert_eq!(number.subject, "1300000000000000001");
}

#[test]
fn an_answer_of_the_api_has_the_same_key_and_material() {
    let mut row = answered();
    row["EndStatus"] = json!(1);
    row["Time"] = json!(1_734_345_600);
    row["UUI"] = row["Uui"].clone();
    row["Uui"] = json!("");
    row["SessionID"] = row["SessionId"].take();
    row["PostIVRKeyPressed"] = json!([{"Key": "5", "Label": "very good"}]);
    row["RecordURL"] = json!("https://recordings.example/rec-1.mp3?sign=x");
    let (push, poll) = (read(CDR, &answered()), read(CDR, &row));
    assert_eq!((push.key, push.material(), push.record_key()), (poll.key, poll.material(), poll.record_key()));
    assert_eq!(poll.links.custom.as_deref(), Some("ref-77"));
}

#[test]
fn applications_are_accounts_of_their_own() {
    let other = read(CDR, &with(json!({"SdkAppId": "1500000001"})));
    assert_eq!(other.account, "1500000001");
    assert_ne!(other.key, read(CDR, &answered()).key);
    for foreign in [json!(1_400_000_001), json!("x"), json!(-1), json!(1.5), json!("1400000000.0")] {
        let reject = refused("action=cdr", with(json!({"SdkAppId": foreign})).to_string());
        assert_eq!(reject.reason, Reason::FieldInvalid);
        assert!(reject.detail.starts_with("SdkAppId is not in the source's sdk_app_ids"), "{reject}");
        assert!(!reject.detail.contains("1400000001"));
    }
}

#[test]
fn directions() {
    let direction = |members| read(CDR, &with(members)).call.expect("a call").direction;
    assert_eq!(direction(json!({"Direction": 0, "CallType": 1})), Some(Direction::Inbound));
    assert_eq!(direction(json!({"Direction": "1"})), Some(Direction::Outbound));
    for (code, expected) in [
        (1, Some(Direction::Outbound)),
        (2, Some(Direction::Inbound)),
        (3, Some(Direction::Inbound)),
        (4, None),
        (5, Some(Direction::Outbound)),
        (6, None),
    ] {
        assert_eq!(direction(json!({"Direction": null, "CallType": code})), expected, "{code}");
    }
    assert_eq!(direction(json!({"Direction": 7, "CallType": null})), None);
}

#[test]
fn numbers_in_every_documented_form() {
    let number = |raw: &str, country| {
        let body = with(json!({"Callee": raw})).to_string();
        let event = deliver(&settings(&[]), "action=cdr", body, country).expect("understood").remove(0);
        event.call.expect("a call").to.inspect(|phone| assert_eq!(phone.raw, raw))
    };
    let e164 = |raw, country| number(raw, country).and_then(|phone| phone.e164);
    assert_eq!(e164("008613800000001", None).as_deref(), Some("+8613800000001"));
    assert_eq!(e164("0086075512345678", None).as_deref(), Some("+8675512345678"), "a trunk 0 after the country code");
    assert_eq!(e164("+8613800000001", None).as_deref(), Some("+8613800000001"));
    assert_eq!(e164("006281200000001", None).as_deref(), Some("+6281200000001"));
    assert_eq!(e164("13800000001", None), None, "a bare number has no country");
    assert_eq!(e164("13800000001", Some("CN")).as_deref(), Some("+8613800000001"));
    assert_eq!(e164("008613800000001", Some("US")).as_deref(), Some("+8613800000001"));
    assert_eq!(e164("agent@example.com", Some("CN")), None);
    assert_eq!(number("", None), None, "protected");
    assert_eq!(e164("00", None), None);
}

#[test]
fn the_agent_is_found_in_every_shape() {
    let agent = |members| read(CDR, &with(members)).call.expect("a call").agent;
    let id = |members| agent(members).and_then(|agent| agent.id);
    let two = json!([{"Mail": "a@x", "AcceptTimestamp": 1}, {"Mail": "b@x", "AcceptTimestamp": "2"}, {"Mail": "c@x"}]);
    assert_eq!(id(json!({"SeatUser": [{"Mail": "z@x"}]})).as_deref(), Some("z@x"));
    assert_eq!(id(json!({"SeatUser": {"UserId": "u-1"}})).as_deref(), Some("u-1"));
    assert_eq!(id(json!({"SeatUser": {}, "ServeParticipants": two})).as_deref(), Some("b@x"), "who picked up last");
    let one = json!({"Mail": "a@x", "AcceptTimestamp": 1, "SkillGroupName": "south"});
    let found = agent(json!({"SeatUser": null, "ServeParticipants": one})).expect("an agent");
    assert_eq!((found.id.as_deref(), found.group.as_deref()), (Some("a@x"), Some("south")));
    let found = agent(json!({"ServeParticipants": null})).expect("an agent");
    assert_eq!(found.group.as_deref(), Some("queue"), "the queue when no participant names a group");
    assert_eq!(agent(json!({"SeatUser": "a@x", "ServeParticipants": [["a@x"]]})), None);
}

#[test]
fn keys_are_not_counted_twice() {
    let presses = |members| read(CDR, &with(members)).key_presses;
    assert_eq!(presses(json!({"PostIVRKeyPressed": null})), ["1", "2"]);
    assert_eq!(presses(json!({"IVRKeyPressed": null})), ["1", "2", "5"]);
    assert_eq!(presses(json!({"IVRKeyPressedEx": null, "IVRKeyPressed": [{"Key": "3"}]})), ["3", "5"]);
    assert_eq!(presses(json!({"PostIVRKeyPressed": [{"Key": "noInput"}]})), ["1", "2"]);
}

#[test]
fn an_inbound_call_lost_in_the_queue() {
    let body = unanswered(json!({
        "Direction": 0, "CallType": 2, "RingTimestamp": 0, "EndStatusString": "waitingGiveUp",
        "Caller": "008613800000001", "Callee": "008675500000001",
    }));
    let event = read(CDR, &body);
    assert_eq!((event.outcome, event.handled_by), (Some(Outcome::Cancelled), None));
    let call = event.call.expect("a call");
    assert_eq!((call.ringing_at, call.answered_at, call.talk_ms), (None, None, None));
    assert_eq!(call.ring_ms, Some(36_000), "from start to end");
    assert_eq!(call.direction, Some(Direction::Inbound));
}
