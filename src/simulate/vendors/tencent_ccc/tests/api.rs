use super::*;

#[test]
fn records_come_in_pages_from_0_each_once() {
    let (site, now) = site(250);
    let mut body = window(now);
    let mut seen = BTreeSet::new();
    for (number, rows) in [(0, 100), (1, 100), (2, 50), (3, 0)] {
        body["PageNumber"] = number.into();
        let (verdict, response) = ask(&site, &Draft::new("DescribeTelCdr", body.clone(), now).request());
        assert_eq!(verdict, Verdict::Accepted);
        assert_eq!(response["TotalCount"], 250);
        assert_eq!(response["TelCdrList"], response["TelCdrs"]);
        let list = response["TelCdrList"].as_array().expect("a list");
        assert_eq!(list.len(), rows);
        seen.extend(list.iter().filter_map(|row| row["SessionId"].as_str().map(str::to_owned)));
    }
    assert_eq!(seen.len(), 250);
    assert_eq!(site.to_be_asked(), 0, "recordings come by push alone and nothing was told");
}

#[test]
fn a_record_says_what_the_push_says() {
    let (site, now) = site(100);
    let (_, response) = ask(&site, &Draft::new("DescribeTelCdr", window(now), now).request());
    let mut shapes = BTreeSet::new();
    for row in response["TelCdrList"].as_array().expect("a list") {
        let call = site.call_of(row["SessionId"].as_str().expect("an id")).expect("a call");
        let push = record::pushed(&call);
        let same =
            ["EndStatusString", "Caller", "Callee", "StartTimestamp", "AcceptTimestamp", "EndedTimestamp", "Uui"];
        assert!(same.iter().all(|name| row[*name] == push[*name] && !row[*name].is_null()), "{row}");
        assert!(row["EndStatus"].is_u64() && row["Time"] == row["StartTimestamp"]);
        shapes.insert(row["ServeParticipants"].is_array());
    }
    assert_eq!(shapes.len(), 2, "a list or an object");
}

#[test]
fn a_record_is_not_there_before_the_call_is_over() {
    let (site, _) = site(40);
    for call in site.calls(|_| true) {
        let rows = |now: Timestamp, id: &str| {
            let mut body = window(now);
            body["EndTimeStamp"] = (now.as_second() + 60).into();
            body["SessionIds"] = json!([id]);
            ask(&site, &Draft::new("DescribeTelCdr", body, now).request()).1["TotalCount"].clone()
        };
        assert_eq!(rows(call.ended - SignedDuration::from_millis(1), &call.id), 0);
        assert_eq!(rows(call.ended + record::delay(&call), &call.id), 1);
        // The id as most answers to create requests have it.
        assert_eq!(rows(call.ended + SignedDuration::from_secs(5), &call.id.replace('-', "").to_uppercase()), 1);
        assert_eq!(rows(call.ended + SignedDuration::from_secs(5), "6bb56a09-2787-40bc-80c5-dc6dab783eff"), 0);
    }
}

#[test]
fn the_window_and_the_numbers_are_filters() {
    let (site, now) = site(30);
    let call = &site.calls(|_| true)[0];
    let total = |change: &dyn Fn(&mut Value)| {
        let mut body = window(now);
        change(&mut body);
        ask(&site, &Draft::new("DescribeTelCdr", body, now).request()).1["TotalCount"].as_u64()
    };
    assert_eq!(total(&|_| ()), Some(30));
    assert_eq!(total(&|body| body["EndTimeStamp"] = (call.placed.as_second() - 1).into()), Some(0));
    assert_eq!(total(&|body| body["StartTimeStamp"] = now.as_second().into()), Some(0));
    assert_eq!(total(&|body| body["Phones"] = json!([])), Some(0));
    let with_number = site.calls(|other| other.number == call.number).len() as u64;
    assert_eq!(total(&|body| body["Phones"] = json!([format!("00{}", call.digits())])), Some(with_number));
}

#[test]
fn a_session_goes_through_its_states_and_has_no_outcome() {
    let (site, _) = site(50);
    let call = site.calls(|call| call.answered.is_some()).remove(0);
    let (ringing, answered) = (call.ringing.expect("rang"), call.answered.expect("picked up"));
    for (now, state) in
        [(call.placed, "seatJoining"), (ringing, "ringing"), (answered, "inProgress"), (call.ended, "finished")]
    {
        let body = json!({ "SdkAppId": SDK_APP_ID, "SessionId": call.id });
        let (verdict, response) = ask(&site, &Draft::new("DescribeTelSession", body, now).request());
        assert_eq!(verdict, Verdict::Accepted);
        let session = &response["Session"];
        assert_eq!((&session["SessionStatus"], &session["SessionID"]), (&json!(state), &json!(call.id)));
        assert!(session.get("EndStatusString").is_none());
    }
    let body = json!({ "SdkAppId": SDK_APP_ID, "SessionId": "6bb56a09-2787-40bc-80c5-dc6dab783eff" });
    let (_, response) = ask(&site, &Draft::new("DescribeTelSession", body, call.ended).request());
    assert_eq!(response["Session"], Value::Null);
}

#[test]
fn a_call_can_be_created() {
    let (site, now) = site(0);
    let body = json!({
        "SdkAppId": SDK_APP_ID, "UserId": "agent@example.com", "Callee": "00447700900123",
        "IsForceUseMobile": true, "UUI": "order-1",
    });
    let (verdict, response) = ask(&site, &Draft::new("CreateCallOutSession", body, now).request());
    assert_eq!(verdict, Verdict::Accepted);
    let id = response["SessionId"].as_str().expect("an id");
    let calls = site.calls(|_| true);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].id.replace('-', ""), id.replace('-', ""));
    assert_eq!((&*calls[0].number, &*calls[0].reference), ("+447700900123", "order-1"));
}
