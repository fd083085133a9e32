//! Asking about single calls.

use super::*;

fn ask(api: &str, calls: &[Placed]) -> Box<dyn Inquiry> {
    poller(with(api).as_ref()).ask(calls)
}

#[test]
fn a_push_and_a_row_are_the_same_fact() {
    let adapter = with("");
    let push = TencentCcc.demo().samples[0].1;
    let id = "6bb56a09-2787-40bc-80c5-dc6dab783eff";
    let inbound = crate::vendor::Inbound {
        kind: &TencentCcc.kinds()[0],
        method: Method::POST,
        query: Some("action=cdr&version=1".to_owned()),
        headers: HeaderMap::new(),
        body: Bytes::from_static(push.as_bytes()),
    };
    let pushed = adapter.normalise(&crate::vendor::Verified::new(inbound, None), &context()).expect("understood");
    let pushed = pushed.events.into_iter().next().expect("an event");
    let mut inquiry = poller(adapter.as_ref()).ask(&[placed(id, 60)]);
    let polled = read(inquiry.as_mut(), page(1, &[row(id)])).expect("read").remove(0);
    assert_eq!((polled.key, &polled.subject, polled.record_key()), (pushed.key, &pushed.subject, pushed.record_key()));
    assert_eq!((polled.material(), &polled.cause), (pushed.material(), &pushed.cause));
    assert_eq!((&polled.call, &polled.links), (&pushed.call, &pushed.links));
    assert_eq!((polled.occurred_at, polled.handled_by), (pushed.occurred_at, pushed.handled_by));
    assert_eq!(polled.channel, Channel::Poll);
    assert_eq!(polled.raw.expect("kept").0.get(), row(id).to_string(), "the row, and nothing of the page around it");
    assert!(next(inquiry.as_mut()).is_none(), "all is answered");
}

#[test]
fn rows_are_found_by_id_in_any_order_and_spelling() {
    let calls = [placed(&session(1), 60), placed(&session(2), 60), placed("Call-7", 60)];
    let mut inquiry = ask("", &calls);
    let plain = session(2).replace('-', "").to_uppercase();
    let rows = [row("Call-7"), row(&plain), row(&session(9)), row(&session(1))];
    assert_eq!(subjects(inquiry.as_mut(), page(4, &rows)), ["Call-7", &session(2), &session(1)]);
    assert!(next(inquiry.as_mut()).is_none());
}

#[test]
fn a_session_that_comes_twice_counts_once() {
    let mut inquiry = ask("", &[placed(&session(1), 60), placed(&session(2), 60)]);
    let rows = [row(&session(1)), row(&session(1))];
    assert_eq!(subjects(inquiry.as_mut(), page(2, &rows)), [session(1)]);
    assert!(next(inquiry.as_mut()).is_none(), "the other one was placed a moment ago");
}

#[test]
fn rows_that_are_not_over_are_left_open() {
    for (members, over) in [
        (json!({}), true),
        (json!({"EndedTimestamp": 0}), true),
        (json!({"EndedTimestamp": 0, "EndStatusString": ""}), true),
        (json!({"EndStatus": 0, "EndStatusString": ""}), true),
        (json!({"EndedTimestamp": 0, "EndStatus": 0, "EndStatusString": ""}), false),
        (json!({"EndedTimestamp": null, "EndStatus": null, "EndStatusString": null}), false),
        (json!({"EndedTimestamp": 0, "EndStatus": 0, "EndStatusString": "error"}), true),
    ] {
        let mut row = row(&session(1));
        members.as_object().expect("an object").iter().for_each(|(name, value)| row[name] = value.clone());
        let mut inquiry = ask("ask_state_after_seconds = 0", &[placed(&session(1), 60)]);
        assert_eq!(subjects(inquiry.as_mut(), page(1, &[row])).len(), usize::from(over), "{members}");
        assert!(next(inquiry.as_mut()).is_none(), "a call with a record exists");
    }
}

#[test]
fn outcomes_follow_the_sources_settings() {
    let settings = format!("{SETTINGS}\nend_status = {{ \"214\" = \"rejected\" }}");
    let ccc = adapter(&settings, API).expect("settings");
    let outcome = |status: Value| {
        let mut row = row(&session(1));
        (row["EndStatus"], row["EndStatusString"], row["AcceptTimestamp"]) = (status, json!(""), json!(0));
        let mut inquiry = poller(ccc.as_ref()).ask(&[placed(&session(1), 60)]);
        let event = read(inquiry.as_mut(), page(1, &[row])).expect("read").remove(0);
        (event.outcome.expect("an outcome"), event.cause.expect("a cause").code)
    };
    assert_eq!(outcome(json!(206)), (Outcome::Busy, "206".to_owned()));
    assert_eq!(outcome(json!("205")), (Outcome::InvalidNumber, "205".to_owned()));
    assert_eq!(outcome(json!(214)), (Outcome::Rejected, "214".to_owned()));
    assert_eq!(outcome(json!(224)), (Outcome::Unknown, "224".to_owned()));
}

#[test]
fn rows_come_in_every_documented_shape() {
    let id = session(1);
    for answer in [
        json!({"TotalCount": 1, "TelCdrList": [row(&id)]}),
        json!({"TotalCount": "1", "TelCdrList": [row(&id)], "TelCdrs": [row(&id)]}),
        json!({"TotalCount": 1, "TelCdrList": null, "TelCdrs": [row(&id)]}),
        json!({"TotalCount": 1, "TelCdrList": [], "TelCdrs": [row(&id)]}),
        json!({"TotalCount": 1, "TelCdrs": [row(&id)]}),
        json!({"TotalCount": 1, "TelCdrList": row(&id)}),
        json!({"TotalCount": null, "TelCdrList": [null, 7, row(&id)]}),
    ] {
        let mut inquiry = ask("", &[placed(&id, 60)]);
        assert_eq!(
            subjects(inquiry.as_mut(), json!({"Response": answer}).to_string()),
            std::slice::from_ref(&id),
            "{answer}"
        );
    }
    for participants in [json!({"Mail": "a@x", "AcceptTimestamp": "1"}), json!([]), json!(null)] {
        let mut row = row(&id);
        (row["SeatUser"], row["ServeParticipants"]) = (json!(null), participants.clone());
        (row["EndedTimestamp"], row["SdkAppId"]) = (json!("1734345636"), json!(APP));
        let mut inquiry = ask("", &[placed(&id, 60)]);
        let event = read(inquiry.as_mut(), page(1, &[row])).expect("read").remove(0);
        let call = event.call.expect("a call");
        assert_eq!(call.ended_at, Some(at(1_734_345_636)));
        assert_eq!(call.agent.is_some(), participants.is_object());
    }
}

#[test]
fn nothing_is_an_answer_too() {
    for answer in [json!({"TotalCount": 0}), json!({"TotalCount": 0, "TelCdrList": null}), json!({"TelCdrs": []})] {
        let mut inquiry = ask("", &[placed(&session(1), 60)]);
        assert!(subjects(inquiry.as_mut(), json!({"Response": answer}).to_string()).is_empty());
        assert!(next(inquiry.as_mut()).is_none());
    }
}

#[test]
fn rows_of_other_applications_are_nobodys() {
    let mut row = row(&session(1));
    row["SdkAppId"] = json!(1_500_000_001);
    let mut inquiry = ask("", &[placed(&session(1), 60)]);
    assert!(subjects(inquiry.as_mut(), page(1, &[row])).is_empty());
}

#[test]
fn the_application_is_the_account_whatever_the_context_says() {
    let settings = SETTINGS.replace("[1400000000]", "[1500000001, 1400000000]");
    let ccc = adapter(&settings, &format!("{API}\nsdk_app_id = 1400000000")).expect("settings");
    assert_eq!(poller(ccc.as_ref()).account(), Some(APP));
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(&session(1), 60)]);
    assert_eq!(body(inquiry.as_mut())["SdkAppId"], 1_400_000_000);
    let context = Context { account: "ccc".to_owned(), ..context() };
    let events = inquiry.read(&response(200, page(1, &[row(&session(1))])), &context).expect("read");
    assert_eq!(events[0].account, APP);
    assert_eq!(events[0].key, EventKey::new("tencent-ccc", APP, EventType::CallEnded, &[&session(1)]));
}

#[test]
fn further_pages_are_read_while_calls_are_missing() {
    let calls: Vec<Placed> = (0..50).map(|number| placed(&session(number), 60)).collect();
    let mut inquiry = ask("", &calls);
    let rows: Vec<Value> = (0..30).map(|number| row(&session(number))).collect();
    assert_eq!(subjects(inquiry.as_mut(), page(120, &rows)).len(), 30);
    assert_eq!(body(inquiry.as_mut())["PageNumber"], 1);
    let rows: Vec<Value> = (30..50).map(|number| row(&session(number))).collect();
    assert_eq!(subjects(inquiry.as_mut(), page(120, &rows)).len(), 20);
    assert!(next(inquiry.as_mut()).is_none());
}

#[test]
fn a_vendor_that_overlooks_the_ids_is_not_read_to_the_end() {
    let mut inquiry = ask("", &[placed(&session(1), 60)]);
    let rows: Vec<Value> = (1000..1100).map(|number| row(&session(number))).collect();
    let mut pages = 0;
    while next(inquiry.as_mut()).is_some() {
        assert!(subjects(inquiry.as_mut(), page(1_000_000_000, &rows)).is_empty());
        pages += 1;
    }
    assert_eq!(pages, 10);
}

#[test]
fn calls_without_a_record_are_asked_about_when_they_are_old() {
    let mut hinted = placed(&session(3), 7000);
    hinted.hinted = true;
    let calls = [placed(&session(1), 7000), placed(&session(2), 60), hinted, placed(&session(4), 3600)];
    let asked = |api: &str| {
        let mut inquiry = ask(api, &calls);
        read(inquiry.as_mut(), page(0, &[])).expect("read");
        let mut asked = Vec::new();
        while let Some(request) = next(inquiry.as_mut()) {
            let body: Value = serde_json::from_slice(&request.body).expect("JSON");
            asked.push(body["SessionId"].as_str().expect("an id").to_owned());
            assert!(read(inquiry.as_mut(), state("inProgress")).expect("read").is_empty(), "no event follows");
        }
        asked.sort();
        asked
    };
    assert!(asked("").is_empty(), "none is older than six hours");
    assert_eq!(asked("ask_state_after_seconds = 3600"), [session(1), session(4)]);
    assert!(asked("ask_state_after_seconds = 3600\nask_state = false").is_empty());
}

#[test]
fn every_known_state_leaves_the_call_open() {
    for status in ["ringing", "seatJoining", "inProgress", "finished", "somethingNew"] {
        let mut inquiry = ask("ask_state_after_seconds = 0", &[placed(&session(1), 60)]);
        read(inquiry.as_mut(), page(0, &[])).expect("read");
        assert!(read(inquiry.as_mut(), state(status)).expect("read").is_empty(), "{status}");
        assert!(next(inquiry.as_mut()).is_none());
    }
}

#[test]
fn a_call_that_does_not_exist_can_never_be_answered() {
    for answer in [
        error("FailedOperation.SessionNotExists"),
        error("ResourceNotFound"),
        json!({"Response": {"Session": null, "RequestId": "r"}}).to_string(),
        json!({"Response": {"RequestId": "r"}}).to_string(),
        state(""),
    ] {
        let mut inquiry = ask("ask_state_after_seconds = 0", &[placed(&session(1), 60)]);
        read(inquiry.as_mut(), page(0, &[])).expect("read");
        assert_eq!(class(inquiry.as_mut(), answer.clone()), FailureClass::Permanent, "{answer}");
    }
    // Of records the same codes say nothing about one call.
    let mut inquiry = ask("", &[placed(&session(1), 60)]);
    assert_eq!(class(inquiry.as_mut(), error("ResourceNotFound")), FailureClass::Retry);
}

#[test]
fn after_a_failure_the_same_is_asked_again() {
    let mut inquiry = ask("ask_state_after_seconds = 0", &[placed(&session(1), 60), placed(&session(2), 60)]);
    for answer in [page(0, &[]), state("inProgress"), state("inProgress")] {
        let before = next(inquiry.as_mut()).expect("a request").body;
        for failure in ["", "{", "[]", "{\"Response\":7}"] {
            assert_eq!(class(inquiry.as_mut(), failure), FailureClass::Retry, "{failure}");
        }
        assert_eq!(class(inquiry.as_mut(), error("RequestLimitExceeded")), FailureClass::Throttled);
        assert_eq!(next(inquiry.as_mut()).expect("a request").body, before);
        read(inquiry.as_mut(), answer).expect("read");
    }
    assert!(next(inquiry.as_mut()).is_none());
}

#[test]
fn ids_have_one_form() {
    let ccc = with("");
    let id = |id: &str| poller(ccc.as_ref()).call_id(id);
    assert_eq!(id("6BB56A09278740BC80C5000000000001").as_deref(), Ok(session(1).as_str()));
    assert_eq!(id("Call-7").as_deref(), Ok("Call-7"));
    assert!(id("").is_err());
    assert!(id(&"x".repeat(256)).is_ok());
    assert!(id(&"x".repeat(257)).is_err());
}

#[test]
fn a_later_result_is_a_revision_of_having_none() {
    let ccc = with("");
    let none = poller(ccc.as_ref()).no_result(&placed(&session(1), 60), &context());
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(&session(1), 60)]);
    let event = read(inquiry.as_mut(), page(1, &[row(&session(1))])).expect("read").remove(0);
    assert_eq!((none.key, none.record_key()), (event.key, event.record_key()));
    assert_eq!(none.outcome, Some(Outcome::Unknown));
}
