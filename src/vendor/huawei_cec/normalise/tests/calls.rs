//! What becomes of each kind, code and oddity.

use super::*;

fn outcome(kind: &str, body: &Value) -> (Outcome, Option<Cause>) {
    let body = if kind == CAMPAIGN_RESULT { json!([body]) } else { body.clone() };
    let event = read(kind, body).swap_remove(0);
    (event.outcome.expect("an outcome"), event.cause)
}

#[test]
fn a_voice_notification() {
    let events = read(VN_RELEASE, vn(json!({})));
    let [ended, recorded] = events.as_slice() else { panic!("two events") };
    assert_eq!((ended.event_type, ended.subject.as_str()), (EventType::CallEnded, "1300000000000000001"));
    assert_eq!(
        (ended.occurred_at.to_string().as_str(), ended.occurred_at_basis),
        ("2024-03-01T08:00:19.900Z", Basis::Vendor)
    );
    assert_eq!((ended.outcome, ended.handled_by), (Some(Outcome::Answered), Some(HandledBy::Announcement)));
    let call = ended.call.as_ref().expect("a call");
    assert_eq!(call.direction, Some(Direction::Outbound));
    assert_eq!(call.to.as_ref().and_then(|to| to.e164.as_deref()), Some("+8613800000000"));
    assert_eq!(call.from.as_ref().map(|from| from.raw.as_str()), Some("4001000000"));
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(5_330), Some(12_450), Some(19_895)));
    assert_eq!(recorded.event_type, EventType::RecordingAvailable);
    assert_eq!(
        recorded.recording.as_ref().map(|recording| recording.location.as_str()),
        Some("Y:/9/demo folder/a b.wav")
    );
    assert_eq!(recorded.raw, ended.raw);
    assert_eq!(ended.raw.as_ref().map(|raw| raw.0.get().to_owned()), Some(vn(json!({})).to_string()));
}

#[test]
fn a_bidirectional_call() {
    let connected =
        json!({"callSerialNo": "1300000000000000002", "serviceNo": "", "called": "13800000000", "callData": "crm-77"});
    let events = read(DUAL_STATUS, connected);
    let [answered] = events.as_slice() else { panic!("one event") };
    assert_eq!((answered.event_type, answered.occurred_at_basis), (EventType::CallAnswered, Basis::Sent));
    assert_eq!((answered.outcome, answered.links.custom.as_deref()), (None, Some("crm-77")));
    assert!(answered.call.as_ref().is_some_and(|call| call.agent.is_none() && call.answered_at.is_none()));
    assert_eq!(hints(&events), [Hint { call: "1300000000000000002".to_owned() }], "its end is still to come");

    let ended =
        read(DUAL_RELEASE, dual(json!({"callSerialNo": "1300000000000000002", "recordfile": ""}))).swap_remove(0);
    assert_eq!((ended.outcome, ended.handled_by), (Some(Outcome::Answered), Some(HandledBy::Agent)));
    let call = ended.call.as_ref().expect("a call");
    assert_eq!(call.agent.as_ref().and_then(|agent| agent.id.as_deref()), Some("10001"));
    assert_eq!(shown(call.answered_at), "2024-03-01T08:00:07.450Z", "the customer's, not the agent's");
    assert_eq!((ended.subject.clone(), ended.links.custom.as_deref()), (answered.subject.clone(), Some("crm-77")));
    assert_ne!(ended.key, answered.key);
    assert!(hints(std::slice::from_ref(&ended)).is_empty());
    let no_number_shown = read(DUAL_RELEASE, dual(json!({"callerPresent": ""}))).swap_remove(0);
    assert_eq!(no_number_shown.call.and_then(|call| call.from).map(|from| from.raw).as_deref(), Some("02100000001"));
}

#[test]
fn a_call_has_one_end_whatever_told_of_it() {
    let key = |kind: &str, body: Value| read(kind, body)[0].key;
    let ended = key(VN_RELEASE, vn(json!({})));
    assert_eq!(key(DUAL_RELEASE, dual(json!({}))), ended, "a poll by serial number does not know the kind");
    assert_eq!(
        key(VN_RELEASE, vn(json!({"callSerialNo": 1300000000000000001_u64, "nonce": "1", "timestamp": "2"}))),
        ended
    );
    assert_eq!(key(VN_RELEASE, vn(json!({"callSerialNo": "13000000 00000000001 "}))), ended, "blanks are not signed");
    assert_ne!(key(VN_RELEASE, vn(json!({"callSerialNo": "1300000000000000002"}))), ended);
}

#[test]
fn release_reasons() {
    let unanswered = json!({"talkingTime": "", "recordfile": ""});
    for (kind, body, table, interface) in [
        (VN_RELEASE, vn(unanswered.clone()), codes::VN_RELEASE_REASON, "vn.releaseReason"),
        (DUAL_RELEASE, dual(unanswered), codes::DUAL_RELEASE_REASON, "dual.releaseReason"),
    ] {
        for (code, expected) in table {
            let number: i64 = code.parse().expect("digits");
            for form in [json!(code), json!(number)] {
                let (outcome, cause) = outcome(kind, &changed(body.clone(), json!({"releaseReason": form})));
                assert_eq!(outcome, *expected, "{kind} {code}");
                let cause = cause.expect("a cause");
                assert_eq!((cause.interface.as_str(), cause.code.as_str()), (interface, *code));
            }
        }
        let (unknown, cause) = outcome(kind, &changed(body.clone(), json!({"releaseReason": "777"})));
        assert_eq!((unknown, cause.map(|cause| cause.code).as_deref()), (Outcome::Unknown, Some("777")));
        assert_eq!(outcome(kind, &changed(body, json!({"releaseReason": null}))), (Outcome::Unknown, None));
    }
    assert_ne!(
        outcome(VN_RELEASE, &vn(json!({"talkingTime": "", "releaseReason": "4"}))).0,
        outcome(DUAL_RELEASE, &dual(json!({"talkingTime": "", "releaseReason": "4"}))).0
    );
}

#[test]
fn a_time_of_answering_overrules_every_code() {
    for code in ["4", "6", "777", ""] {
        assert_eq!(outcome(VN_RELEASE, &vn(json!({"releaseReason": code}))).0, Outcome::Answered, "{code}");
    }
    for no_time in ["", "null", "0", "5", "-", "soon"] {
        assert_eq!(
            outcome(VN_RELEASE, &vn(json!({"talkingTime": no_time, "releaseReason": "4"}))).0,
            Outcome::NoAnswer,
            "{no_time}"
        );
    }
    let event = read(VN_RELEASE, vn(json!({"talkingTime": "", "releaseReason": "4"}))).swap_remove(0);
    assert_eq!(event.handled_by, None);
}

#[test]
fn configured_codes_come_before_the_tables() {
    let settings = settings(
        "vn_release_reason = {\"4\" = \"rejected\", \"11\" = \"unreachable\"}\ndual_release_reason = {\"4\" = \"cancelled\"}\ncampaign_fail_code = {\"00702\" = \"no_answer\"}",
    );
    let outcome =
        |kind: &str, body: Value| deliver(&settings, kind, body.to_string(), None).expect("understood")[0].outcome;
    let vn_code = |code: &str| outcome(VN_RELEASE, vn(json!({"talkingTime": "", "releaseReason": code})));
    assert_eq!(
        (vn_code("4"), vn_code("11"), vn_code("6")),
        (Some(Outcome::Rejected), Some(Outcome::Unreachable), Some(Outcome::Failed))
    );
    assert_eq!(outcome(DUAL_RELEASE, dual(json!({"talkingTime": "", "releaseReason": "4"}))), Some(Outcome::Cancelled));
    assert_eq!(outcome(CAMPAIGN_RESULT, json!([result(json!({"failCode": "00702"}))])), Some(Outcome::NoAnswer));
}

#[test]
fn fail_codes() {
    for (code, expected) in codes::CAMPAIGN_FAIL_CODE {
        let (outcome, cause) = outcome(CAMPAIGN_RESULT, &result(json!({"failCode": code})));
        assert_eq!(outcome, *expected, "{code}");
        let cause = cause.expect("a cause");
        assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("campaign.failCode", *code));
    }
    let lost_zeros = [json!("0"), json!(0), json!(145), json!("145")]
        .map(|code| outcome(CAMPAIGN_RESULT, &result(json!({"failCode": code}))).0);
    assert_eq!(lost_zeros, [Outcome::Answered, Outcome::Answered, Outcome::Busy, Outcome::Busy]);
    let rows = codes::CAMPAIGN_FAIL_CODE;
    assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, and no code twice");
}

#[test]
fn call_status_counts_where_no_code_tells() {
    let of = |changes: Value| outcome(CAMPAIGN_RESULT, &result(changes));
    for (status, expected) in codes::CAMPAIGN_CALL_STATUS {
        let (outcome, cause) = of(json!({"failCode": "", "callStatus": status}));
        let cause = cause.expect("a cause");
        assert_eq!(
            (outcome, cause.interface.as_str(), cause.code.as_str()),
            (*expected, "campaign.callStatus", *status)
        );
    }
    assert_eq!(of(json!({"failCode": "99999", "callStatus": 6})).0, Outcome::Answered);
    let (unknown, cause) = of(json!({"failCode": "99999", "callStatus": 5}));
    assert_eq!((unknown, cause.map(|cause| cause.code).as_deref()), (Outcome::Unknown, Some("99999")));
    assert_eq!(of(json!({"failCode": null, "callStatus": 3})).0, Outcome::Unknown);
}

#[test]
fn every_record_of_a_campaign_is_a_call() {
    let records = json!([
        result(json!({})),
        result(json!({"callId": "1709280000-102", "recordPath": "rec/102.wav", "callStatus": "6", "failCode": "0"}))
    ]);
    let events = read(CAMPAIGN_RESULT, &records);
    let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
    assert_eq!(types, ["call.ended", "call.ended", "recording.available"]);
    let first = &events[0];
    assert_eq!((first.subject.as_str(), first.occurred_at_basis), ("1709280000-101", Basis::Sent));
    assert_eq!(shown(first.call.as_ref().and_then(|call| call.started_at)), "2024-03-01T08:00:00.000Z");
    let links = &first.links;
    assert_eq!(
        (links.vendor_task.as_deref(), links.reference.as_deref(), links.custom.as_deref()),
        (Some("77"), Some("customer-1"), Some("crm-77"))
    );
    assert_eq!(first.raw.as_ref().map(|raw| raw.0.get().to_owned()), Some(records[0].to_string()));
    let other_centre = read(CAMPAIGN_RESULT, json!([result(json!({"vdnId": "13"}))]));
    assert_ne!(other_centre[0].key, first.key);
    let polled_form = read(CAMPAIGN_RESULT, json!([result(json!({"vdnId": "12", "callStatus": "5"}))]));
    assert_eq!(polled_form[0].key, first.key);
}

#[test]
fn a_call_without_id_is_known_by_customer_and_time() {
    let read =
        |changes: Value| read(CAMPAIGN_RESULT, json!([changed(result(json!({"callId": ""})), changes)])).swap_remove(0);
    let event = read(json!({}));
    assert_eq!(event.subject, "77/customer-1/2024-03-01 08:00:00");
    assert!(!event.subject.contains("138"), "the subject is a header and holds no number");
    assert_eq!(read(json!({})).key, event.key);
    for change in [
        json!({"callTimeStr": "2024-03-01 08:00:01"}),
        json!({"called": "13800000001"}),
        json!({"sessionId": "customer-2"}),
    ] {
        assert_ne!(read(change).key, event.key);
    }
}

#[test]
fn times_are_read_in_the_sources_zone() {
    let kind = KINDS.iter().find(|kind| kind.name == VN_RELEASE).expect("a kind");
    let body = vn(json!({})).to_string().into();
    let inbound = Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body };
    let events =
        normalise(&settings(""), &Verified::new(inbound, None), &context("Asia/Shanghai")).expect("understood");
    assert_eq!(events[0].occurred_at.to_string(), "2024-03-01T00:00:19.900Z");
    // What the vendor's queries give.
    let unix = read(VN_RELEASE, vn(json!({"releaseTime": "1709280019900"})));
    assert_eq!(unix[0].occurred_at.to_string(), "2024-03-01T08:00:19.900Z");
}

#[test]
fn a_call_without_times_is_of_the_signing_or_the_receiving() {
    let body = vn(json!({"releaseTime": "", "talkingTime": "", "createCallTime": "?", "alertingTime": null}));
    assert_eq!(read(VN_RELEASE, &body)[0].occurred_at_basis, Basis::Sent);
    let unsigned = deliver(&settings(""), VN_RELEASE, body.to_string(), None).expect("understood");
    assert_eq!(unsigned[0].occurred_at_basis, Basis::Received);
}

#[test]
fn numbers_are_national_unless_configured() {
    let number = |more: &str, called: &str| {
        let body = vn(json!({"called": called})).to_string();
        let events = deliver(&settings(more), VN_RELEASE, body, None).expect("understood");
        events[0].call.as_ref().and_then(|call| call.to.as_ref()?.e164.clone())
    };
    assert_eq!(number("", "13800000000").as_deref(), Some("+8613800000000"));
    assert_eq!(number("numbers = \"international\"", "8613800000000").as_deref(), Some("+8613800000000"));
    assert_eq!(number("", "+14155550100").as_deref(), Some("+14155550100"));
    assert_eq!(Numbers::default(), Numbers::National);
}

#[test]
fn printed_maps_are_read_when_configured() {
    let map = "{callSerialNo=1300000000000000003, serviceNo=, called=13800000000, callData=null, talkingTime=, agentTalkDuration=2024/03/01,08:00:19:900, releaseReason=5, recordfile=Y:/a, b.wav}";
    assert!(refused(DUAL_RELEASE, map).detail.contains("accept_printed_map = true"));
    assert!(refused(DUAL_STATUS, "{callSerialNo=1}").detail.contains("accept_printed_map = true"));
    assert!(!refused(VN_RELEASE, map).detail.contains("accept_printed_map"), "documented for bidirectional calls only");
    let settings = settings("accept_printed_map = true");
    let events = deliver(&settings, DUAL_RELEASE, map, None).expect("understood");
    assert_eq!((events[0].outcome, events[0].subject.as_str()), (Some(Outcome::NoAnswer), "1300000000000000003"));
    assert_eq!(
        (&events[0].links.custom, events[1].recording.as_ref().map(|recording| recording.location.as_str())),
        (&None, Some("Y:/a, b.wav"))
    );
    let raw: String = serde_json::from_str(events[0].raw.as_ref().expect("kept").0.get()).expect("a JSON string");
    assert_eq!(raw, map);
    let as_json = read(DUAL_RELEASE, dual(json!({"callSerialNo": "1300000000000000003"})));
    assert_eq!(as_json[0].key, events[0].key, "the form does not matter");
    assert_eq!(deliver(&settings, DUAL_STATUS, "{callSerialNo=3, callData=}", None).expect("understood").len(), 1);
    assert_eq!(
        deliver(&settings, DUAL_STATUS, "{callSerialNo=3, callSerialNo=4}", None)
            .map(|events| events.len())
            .map_err(|reject| reject.reason),
        Err(Reason::BodyNotJson)
    );
}

#[test]
fn the_demo_is_understood_and_lists_its_types() {
    for (kind, body) in HuaweiCec.demo().samples {
        let kind = KINDS.iter().find(|known| known.name == *kind).expect("a kind");
        for event in read(kind.name, *body) {
            assert!(kind.events.contains(&event.event_type));
            assert_ne!(event.outcome, Some(Outcome::Unknown));
        }
    }
}
