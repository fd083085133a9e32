//! What a call callback says: outcome, times, people.

use super::*;

#[test]
fn an_answered_call_with_everything() {
    let events = read(CALL, &answered());
    assert_eq!(types(&events), ["call.ended", "recording.available"]);
    let (ended, recorded) = (&events[0], &events[1]);
    for event in &events {
        assert_eq!(event.subject, "c-1");
        assert_eq!(event.occurred_at.to_string(), "2024-12-16T10:40:30.000Z");
        assert_eq!(event.occurred_at_basis, Basis::Vendor);
        assert_eq!(event.links.task.as_deref(), Some("ut-0001"));
        assert_eq!(event.links.vendor_task.as_deref(), Some("t-9001"));
        assert_eq!(event.links.order.as_deref(), Some("o-1"));
        assert_eq!(event.links.script.as_deref(), Some("s-77"));
        assert_eq!(event.links.custom.as_deref(), Some("ref-77"));
    }
    assert_eq!(ended.outcome, Some(Outcome::Answered));
    assert_eq!(ended.handled_by, Some(HandledBy::Bot));
    let cause = ended.cause.as_ref().expect("a cause");
    assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("sip", "200"));
    assert_eq!(cause.text.as_deref(), Some("NORMAL_CLEARING"));
    let expected = event::Intent {
        id: Some("i-1".into()),
        name: Some("call back".into()),
        tag: Some("hot".into()),
        level: Some(1),
    };
    assert_eq!(ended.intents, [expected]);
    let call = ended.call.as_ref().expect("a call");
    assert_eq!(call.direction, Some(Direction::Outbound));
    assert_eq!(call.from.as_ref().and_then(|phone| phone.e164.as_deref()), Some("+622150000001"));
    assert_eq!(call.to.as_ref().and_then(|phone| phone.e164.as_deref()), Some("+6281200000001"));
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(6_000), Some(24_000), Some(30_000)));
    assert_eq!(recorded.recording.as_ref().expect("a recording").location, "https://recordings.example/c-1.wav");
    assert_eq!(recorded.outcome, None, "a recording has no outcome of its own");
    assert_ne!(recorded.key, ended.key);
}

#[test]
fn every_row_of_the_sip_table() {
    for (code, outcome) in codes::SIP {
        assert_eq!(outcome_of(&settings(&[]), &unanswered(json!({"termSipCode": code}))), *outcome, "{code}");
        let number: i64 = code.parse().expect("a number");
        assert_eq!(outcome_of(&settings(&[]), &unanswered(json!({"termSipCode": number}))), *outcome, "{code}");
    }
}

#[test]
fn every_row_of_the_hangup_table() {
    for (cause, outcome) in codes::HANGUP_CAUSE {
        assert_eq!(outcome_of(&settings(&[]), &unanswered(json!({"hangupCause": cause}))), *outcome, "{cause}");
    }
}

#[test]
fn no_code_is_twice_in_a_table() {
    let twice = |codes: Vec<&str>| (1..codes.len()).any(|index| codes[..index].contains(&codes[index]));
    assert!(!twice(codes::SIP.iter().map(|(code, _)| *code).collect()));
    assert!(!twice(codes::HANGUP_CAUSE.iter().map(|(code, _)| *code).collect()));
}

#[test]
fn unknown_codes_are_kept_and_mean_nothing() {
    for detail in [
        json!({}),
        json!({"termSipCode": "999", "hangupCause": "SOMETHING_NEW", "callStatus": 77}),
        json!({"hangupCause": "NORMAL_CLEARING"}),
        json!({"termSipCode": "200"}),
    ] {
        assert_eq!(outcome_of(&settings(&[]), &unanswered(detail.clone())), Outcome::Unknown, "{detail}");
    }
    let cause = |detail| read(CALL, &unanswered(detail))[0].cause.clone();
    let of = |interface: &str, code: &str, text: Option<&str>| {
        Some(Cause { interface: interface.into(), code: code.into(), text: text.map(str::to_owned) })
    };
    assert_eq!(cause(json!({})), None);
    assert_eq!(cause(json!({"callStatus": 77})), of("callStatus", "77", None));
    let both = json!({"hangupCause": "SOMETHING_NEW", "callStatus": 77});
    assert_eq!(cause(both), of("hangupCause", "SOMETHING_NEW", Some("SOMETHING_NEW")));
    let all = json!({"termSipCode": "999", "hangupCause": "SOMETHING_NEW", "callStatus": 77});
    assert_eq!(cause(all), of("sip", "999", Some("SOMETHING_NEW")));
}

#[test]
fn the_configured_status_wins_then_the_answer_then_sip_then_the_text() {
    let configured = settings(&[("5", Outcome::Blocked)]);
    let mut all =
        json!({"callStatus": 5, "callAnswerTs": 1734345606, "termSipCode": "486", "hangupCause": "NO_ANSWER"});
    let mut expect = |outcome, remove: &str| {
        assert_eq!(outcome_of(&configured, &unanswered(all.clone())), outcome, "{all}");
        all.as_object_mut().expect("an object").remove(remove);
    };
    expect(Outcome::Blocked, "callStatus");
    expect(Outcome::Answered, "callAnswerTs");
    expect(Outcome::Busy, "termSipCode");
    expect(Outcome::NoAnswer, "hangupCause");
    expect(Outcome::Unknown, "callID");
}

#[test]
fn a_status_that_is_not_configured_leaves_the_rest() {
    let configured = settings(&[("5", Outcome::Blocked)]);
    let other = unanswered(json!({"callStatus": "6", "termSipCode": "486"}));
    assert_eq!(outcome_of(&configured, &other), Outcome::Busy);
    let as_text = unanswered(json!({"callStatus": "5", "termSipCode": "486"}));
    assert_eq!(outcome_of(&configured, &as_text), Outcome::Blocked, "as text or number");
}

#[test]
fn a_duration_alone_means_answered() {
    assert_eq!(outcome_of(&settings(&[]), &unanswered(json!({"callDuration": 3}))), Outcome::Answered);
    assert_eq!(
        outcome_of(&settings(&[]), &unanswered(json!({"callDuration": "0", "termSipCode": 486}))),
        Outcome::Busy
    );
}

#[test]
fn a_recording_is_an_event_only_when_named() {
    assert_eq!(types(&read(CALL, &unanswered(json!({"callAudioUrl": "x"})))), ["call.ended", "recording.available"]);
    for nothing in [json!({}), json!({"callAudioUrl": ""}), json!({"callAudioUrl": null}), json!({"callAudioUrl": []})]
    {
        assert_eq!(types(&read(CALL, &unanswered(nothing))), ["call.ended"]);
    }
}

#[test]
fn times_are_seconds_or_milliseconds_and_zero_did_not_happen() {
    let call = |detail| {
        let call = read(CALL, &unanswered(detail))[0].call.clone().expect("a call");
        let text = |at: Option<Instant>| at.map(|at| at.to_string()).unwrap_or_default();
        (text(call.started_at), text(call.answered_at), text(call.ended_at))
    };
    let times = |start: Value, answer: Value, end: Value| {
        call(json!({"callStartTs": start, "callAnswerTs": answer, "callEndTs": end}))
    };
    let due = ("2024-12-16T10:40:00.000Z".into(), String::new(), "2024-12-16T10:40:30.000Z".into());
    assert_eq!(times(json!(1734345600), json!(0), json!(1734345630)), due);
    assert_eq!(times(json!("1734345600"), json!("0"), json!("1734345630")), due);
    assert_eq!(times(json!(1734345600000_i64), json!(null), json!(1734345630000_i64)), due);
    assert_eq!(times(json!(1734345600.0), json!(-1), json!("1734345630.9")), due);
    let nothing = (String::new(), String::new(), String::new());
    assert_eq!(times(json!("yesterday"), json!({}), json!(i64::MAX)), nothing);
}

#[test]
fn without_an_end_the_signing_time_stands_in() {
    let event = &read(CALL, &unanswered(json!({"callEndTs": 0})))[0];
    assert_eq!(event.occurred_at.to_string(), "2024-12-16T10:41:18.000Z");
    assert_eq!(event.occurred_at_basis, Basis::Sent);
    let call = event.call.as_ref().expect("a call");
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (None, None, None));
}

#[test]
fn an_unanswered_call_rang_but_nobody_talked() {
    let event = &read(CALL, &unanswered(json!({"termSipCode": "408"})))[0];
    let call = event.call.as_ref().expect("a call");
    assert_eq!((call.ring_ms, call.talk_ms, call.total_ms), (Some(30_000), None, Some(30_000)));
    assert_eq!(event.handled_by, None);
}

#[test]
fn a_call_an_agent_took() {
    let agent =
        json!({"agentName": "Ani", "agentGroup": "north", "agentLabel": "sold", "manualCallAnswer": 1734345610});
    let event = &read(CALL, &unanswered(json!({"callAnswerTs": 1734345606, "agent": agent})))[0];
    assert_eq!(event.handled_by, Some(HandledBy::Agent));
    assert_eq!(event.disposition.as_deref(), Some("sold"));
    let expected = Agent { id: None, name: Some("Ani".into()), group: Some("north".into()) };
    assert_eq!(event.call.as_ref().and_then(|call| call.agent.clone()), Some(expected));

    // The page's sample of a call without an agent: every member is null.
    let nobody = json!({"agentName": null, "agentGroup": null, "agentLabel": null, "manualCallAnswer": null});
    let event = &read(CALL, &unanswered(json!({"callAnswerTs": 1734345606, "agent": nobody})))[0];
    assert_eq!(event.handled_by, Some(HandledBy::Bot));
    assert_eq!((event.disposition.as_deref(), event.call.as_ref().expect("a call").agent.as_ref()), (None, None));
}

#[test]
fn numbers_may_be_texts_and_texts_numbers() {
    let mut body = answered();
    body["orderID"] = json!(1001);
    body["userPhone"] = json!(6281200000001_i64);
    body["callInfoDetail"]["callID"] = json!(1300000000000000001_i64);
    body["callInfoDetail"]["callEndTs"] = json!("1734345630");
    body["callInfoDetail"]["intents"][0]["intentLevel"] = json!("1");
    let ended = &read(CALL, &body)[0];
    assert_eq!(ended.subject, "1300000000000000001");
    assert_eq!(ended.links.order.as_deref(), Some("1001"));
    assert_eq!(ended.intents[0].level, Some(1));
    let call = ended.call.as_ref().expect("a call");
    assert_eq!(call.to.as_ref().and_then(|phone| phone.e164.as_deref()), Some("+6281200000001"));
    assert_eq!(call.ended_at, Instant::from_unix(1_734_345_630));
}

#[test]
fn a_masked_number_is_kept_as_it_is() {
    let mut body = answered();
    body["userPhone"] = json!("62812****0001");
    let call = read(CALL, &body)[0].call.clone().expect("a call");
    assert_eq!(call.to, Some(Phone { raw: "62812****0001".to_owned(), e164: None }));
}

#[test]
fn raw_is_the_body_and_can_be_switched_off() {
    let body = format!(" {}\n", answered());
    let kind = KINDS.iter().find(|kind| kind.name == CALL).expect("a kind");
    let inbound =
        Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body: body.clone().into() };
    let delivery = Verified::new(inbound, None);
    let with = |keep_raw| normalise(&settings(&[]), &delivery, &Context { keep_raw, ..context() }).expect("understood");
    for event in with(true) {
        assert_eq!(event.raw.expect("kept").0.get(), body.trim());
    }
    let off = with(false);
    assert_eq!(off.len(), 2);
    assert!(off.iter().all(|event| event.raw.is_none()));
}

#[test]
fn unknown_fields_do_not_matter() {
    let mut body = answered();
    body["new"] = json!({"deep": [{"er": null}]});
    body["callInfoDetail"]["new"] = json!([1, "2"]);
    let (plain, more) = (read(CALL, &answered()), read(CALL, &body));
    for (plain, more) in plain.iter().zip(&more) {
        assert!(Event { raw: None, ..plain.clone() } == Event { raw: None, ..more.clone() });
    }
    assert_eq!(plain.len(), more.len());
}

#[test]
fn the_digest_of_findings_tells_intents_apart() {
    let mut body = answered();
    let first = read(CALL, &body)[0].material();
    body["callInfoDetail"]["callDuration"] = json!(25);
    body["other"] = json!("another text");
    assert_eq!(read(CALL, &body)[0].material(), first, "durations and texts are not material");
    body["callInfoDetail"]["intents"][0]["intentLevel"] = json!(2);
    let second = read(CALL, &body)[0].material();
    assert_ne!(second, first);
    body["callInfoDetail"]["intents"] = json!([]);
    assert_eq!(read(CALL, &body)[0].material().findings, 0);
}
