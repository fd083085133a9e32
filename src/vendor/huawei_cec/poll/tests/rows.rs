//! What becomes of calls: the same as of their callbacks.

use super::super::super::codes::{DUAL_RELEASE_REASON, VN_RELEASE_REASON};
use super::super::super::{DUAL_RELEASE, KINDS, VN_RELEASE, normalise};
use super::*;
use crate::event::{Basis, EventType, HandledBy, Outcome};
use crate::vendor::{Inbound, Verified};

/// What a callback with this body becomes.
fn pushed(asker: &Asker, kind: &str, body: String) -> Event {
    let kind = KINDS.iter().find(|known| known.name == kind).expect("a kind");
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.into() };
    let context = Context { channel: Channel::Callback, ..context() };
    let events = normalise::normalise(&asker.account.settings, &Verified::new(inbound, None), &context);
    events.expect("understood").swap_remove(0)
}

fn only(events: Vec<Event>) -> Event {
    let [event] = events.try_into().expect("one event");
    event
}

fn polled(asker: &Asker, row: Value) -> Event {
    only(listed(asker, 200, page(1, &[row])).expect("understood"))
}

#[test]
fn a_call_is_the_same_pushed_or_listed() {
    let asker = asker("");
    for (kind, body, row) in [
        (VN_RELEASE, include_str!("../../demo/vn-release.json"), vn(json!({}))),
        (DUAL_RELEASE, include_str!("../../demo/dual-release.json"), dual(json!({}))),
    ] {
        let (pushed, polled) = (pushed(&asker, kind, body.to_owned()), polled(&asker, row.clone()));
        assert_eq!((polled.key, &polled.subject, polled.event_type), (pushed.key, &pushed.subject, pushed.event_type));
        assert_eq!(
            (polled.outcome, &polled.cause, polled.handled_by),
            (pushed.outcome, &pushed.cause, pushed.handled_by)
        );
        assert_eq!(polled.material(), pushed.material());
        assert_eq!((polled.occurred_at, polled.occurred_at_basis), (pushed.occurred_at, Basis::Vendor));
        assert_eq!(polled.links, pushed.links);
        let without_agent = pushed.call.map(|call| crate::event::Call { agent: None, ..call });
        assert_eq!(polled.call, without_agent, "times, durations and numbers");
        assert_eq!(polled.channel, Channel::Poll);
        assert_eq!(polled.raw.map(|raw| raw.0.get().to_owned()), Some(row.to_string()));
    }
}

#[test]
fn a_call_is_the_same_pushed_or_asked_about() {
    let asker = asker("");
    let body = include_str!("../../demo/vn-release.json");
    let pushed = pushed(&asker, VN_RELEASE, body.to_owned());
    let answer = json!({"retCode": "0", "retMsg": "", "result": {
        "state": 3, "reasonCode": 1, "called": "13800000000", "startTime": "1734345640005", "endTime": "1734345668900",
        "callerPresent": "4001000000",
    }});
    let asked = only(state(&asker, 200, &answer).expect("understood"));
    assert_eq!((asked.key, &asked.subject, asked.outcome), (pushed.key, &pushed.subject, pushed.outcome));
    assert_eq!((&asked.cause, asked.handled_by), (&pushed.cause, pushed.handled_by));
    let call = asked.call.expect("a call");
    assert_eq!((call.total_ms, call.talk_ms, call.answered_at), (Some(28_895), None, None));
    assert_eq!(asked.raw.map(|raw| raw.0.get().to_owned()), Some(answer["result"].to_string()));
}

#[test]
fn codes_mean_what_they_mean_in_callbacks() {
    let asker = asker("");
    let unanswered = json!({"talkingTime": 0, "agentTalkingTime": 0});
    for (kind, table, row) in
        [(VN_RELEASE, VN_RELEASE_REASON, vn(unanswered.clone())), (DUAL_RELEASE, DUAL_RELEASE_REASON, dual(unanswered))]
    {
        for code in table.iter().map(|(code, _)| *code).chain(["777", "65535"]) {
            let body = json!({"callSerialNo": "1300000000000000101", "called": "13800000000", "releaseReason": code});
            let body = if kind == DUAL_RELEASE { changed(body, json!({"serviceNo": "1"})) } else { body };
            let pushed = pushed(&asker, kind, body.to_string());
            let number: u32 = code.parse().expect("digits");
            for form in [json!(code), json!(number)] {
                let polled = polled(&asker, changed(row.clone(), json!({"reasonCode": form})));
                assert_eq!((polled.outcome, &polled.cause), (pushed.outcome, &pushed.cause), "{kind} {code}");
                assert_eq!(polled.handled_by, pushed.handled_by);
            }
        }
    }
}

#[test]
fn a_time_of_answering_overrules_every_code() {
    let asker = asker("");
    for code in [4, 6, 777] {
        assert_eq!(polled(&asker, vn(json!({"reasonCode": code}))).outcome, Some(Outcome::Answered), "{code}");
    }
    assert_eq!(polled(&asker, vn(json!({"reasonCode": null}))).cause, None);
    for no_time in [json!(0), json!("0"), json!(""), json!("null"), json!(null), json!("soon"), json!(5)] {
        let event = polled(&asker, vn(json!({"reasonCode": 4, "talkingTime": no_time.clone()})));
        assert_eq!((event.outcome, event.handled_by), (Some(Outcome::NoAnswer), None), "{no_time}");
    }
}

#[test]
fn a_row_tells_which_kind_of_call_it_is() {
    let kind = |asker: &Asker, row: Value| {
        let event = polled(asker, row);
        (event.cause.expect("a cause").interface, event.outcome)
    };
    let (vn_list, dual_list) = ("vn.releaseReason".to_owned(), "dual.releaseReason".to_owned());
    let ended = |more: Value| vn(changed(json!({"talkingTime": "", "reasonCode": 4}), more));
    let asker_of_all = asker("");
    assert_eq!(kind(&asker_of_all, ended(json!({}))), (vn_list.clone(), Some(Outcome::NoAnswer)));
    for name in ["agentPresent", "agentAlertingTime", "agentTalkingTime", "agentReleaseTime"] {
        let with = |value: &str| kind(&asker_of_all, ended(json!({name: value})));
        assert_eq!(with("1734345622120"), (dual_list.clone(), Some(Outcome::Failed)), "{name}");
        for nothing in ["", "0", "null"] {
            assert_eq!(with(nothing).0, vn_list, "{name} {nothing}");
        }
    }
    for (code, outcome) in [(2, Outcome::Failed), (3, Outcome::Failed), (5, Outcome::NoAnswer)] {
        let row = ended(json!({"reasonCode": code}));
        assert_eq!(
            kind(&asker_of_all, row),
            (dual_list.clone(), Some(outcome)),
            "only bidirectional calls have {code}"
        );
    }
    // Whoever has one kind of call only need not let the rows tell.
    let all_dual = asker("task_type = \"dual\"");
    assert_eq!(kind(&all_dual, ended(json!({}))), (dual_list, Some(Outcome::Failed)));
    let all_vn = asker("task_type = \"voice_notification\"");
    let with_agent = ended(json!({"agentPresent": "4001000001"}));
    assert_eq!(kind(&all_vn, with_agent), (vn_list, Some(Outcome::NoAnswer)));
    assert_eq!(kind(&all_vn, ended(json!({"reasonCode": 5}))).1, Some(Outcome::Unknown));
    assert_eq!(polled(&all_dual, vn(json!({}))).handled_by, Some(HandledBy::Agent));
}

#[test]
fn configured_codes_come_first() {
    let own =
        "vn_release_reason = {\"4\" = \"rejected\", \"5\" = \"busy\"}\ndual_release_reason = {\"4\" = \"cancelled\"}";
    let asker = try_asker(own, API).expect("settings");
    let vn_code = |code: u32| polled(&asker, vn(json!({"talkingTime": 0, "reasonCode": code}))).outcome;
    assert_eq!((vn_code(4), vn_code(5)), (Some(Outcome::Rejected), Some(Outcome::Busy)));
    let row = dual(json!({"talkingTime": 0, "reasonCode": 4}));
    assert_eq!(polled(&asker, row).outcome, Some(Outcome::Cancelled));
}

#[test]
fn only_calls_that_are_over_become_events() {
    let asker = asker("");
    for state in [json!(0), json!(1), json!(2), json!("2"), json!(4), json!(null), json!("three"), json!([3])] {
        let events = listed(&asker, 200, page(1, &[vn(json!({"state": state.clone()}))])).expect("understood");
        assert!(events.is_empty(), "{state}");
    }
    assert_eq!(polled(&asker, vn(json!({"state": "3"}))).event_type, EventType::CallEnded);
    for state_of_call in [json!({"state": 2}), json!({"state": null}), json!({}), json!(null), json!([]), json!("3")] {
        let answer = json!({"retCode": "0", "result": state_of_call.clone()});
        assert!(state(&asker, 200, answer).expect("understood").is_empty(), "{state_of_call}");
    }
}

#[test]
fn an_answer_about_another_call_is_none() {
    let asker = asker("");
    let about = |serial: Value| {
        let answer = json!({"retCode": "0", "result": {"state": 3, "reasonCode": 0, "callSerialNo": serial}});
        state(&asker, 200, answer).expect("understood").iter().map(|event| event.subject.clone()).collect::<Vec<_>>()
    };
    assert!(about(json!("1300000000000000102")).is_empty());
    assert_eq!(about(json!(1_300_000_000_000_000_101_u64)), ["1300000000000000101"]);
    assert_eq!(about(json!(null)), ["1300000000000000101"]);
}

#[test]
fn a_serial_number_never_becomes_a_float() {
    let asker = asker("");
    let long = "12345678901234567890123456789012345678901234567890";
    let body = page(1, &[vn(json!({}))]).to_string().replace("\"1300000000000000101\"", long);
    assert_eq!(only(listed(&asker, 200, body).expect("understood")).subject, long);
    assert_eq!(polled(&asker, vn(json!({"callSerialNo": "13000000 00000000101"}))).subject, "1300000000000000101");
}

#[test]
fn the_called_partys_end_counts_before_the_calls() {
    let asker = asker("");
    let end = |changes: Value| polled(&asker, vn(changes)).occurred_at.as_millis();
    assert_eq!(end(json!({"endTime": 1_734_345_670_000_u64})), 1_734_345_668_900);
    for none in [json!(null), json!(0), json!("0"), json!("")] {
        assert_eq!(end(json!({"endTime": 1_734_345_670_000_u64, "releaseTime": none})), 1_734_345_670_000);
    }
    let event = polled(&asker, vn(json!({"endTime": null, "releaseTime": null})));
    assert_eq!(event.occurred_at_basis, Basis::Received);
}

#[test]
fn the_vendors_sample() {
    let row = json!({
        "releaseTime": 1_621_577_022_000_u64, "called": "88889060", "callerPresent": "640003",
        "agentAlertingTime": 1_621_576_992_000_u64, "agentPresent": "640060", "talkingTime": 1_621_576_995_000_u64,
        "alertingTime": 1_621_576_994_000_u64, "caller": "88889050", "agentTalkingTime": 1_621_576_994_000_u64,
        "agentReleaseTime": 1_621_577_022_000_u64, "agentTalkDuration": 27, "callSerialNo": "1037058396471308289",
        "startTime": 1_621_576_992_000_u64, "endTime": 1_621_577_022_000_u64, "talkDuration": 26, "state": 3,
        "reasonCode": 1,
    });
    let event = polled(&asker(""), row);
    assert_eq!((event.subject.as_str(), event.outcome), ("1037058396471308289", Some(Outcome::Answered)));
    assert_eq!(event.handled_by, Some(HandledBy::Agent));
    let call = event.call.expect("a call");
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(1_000), Some(27_000), Some(30_000)));
    assert_eq!(event.occurred_at.to_string(), "2021-05-21T06:03:42.000Z");
}
