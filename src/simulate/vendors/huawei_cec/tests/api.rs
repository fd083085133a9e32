//! Tokens, questions about one call, new calls.

use super::*;

const TOKEN: &str = "/apigovernance/api/oauth/tokenByAkSk";

#[test]
fn a_token_is_given_for_as_long_as_asked() {
    let (site, now) = site(1);
    let body = json!({ "app_key": APP_KEY, "app_secret": APP_SECRET });
    let headers = [("content-type", "application/json"), ("x-token-expire", "900")];
    let (verdict, status, token) = ask(&site, &request(TOKEN, &headers, &body, now));
    assert_eq!((verdict, status), (Verdict::Accepted, StatusCode::OK));
    assert_eq!((&token["Expires"], &token["ApplyType"]), (&json!("900"), &json!("Bearer")));
    assert_eq!(token["CreateTime"], now.as_second().to_string());
    let bearer = format!("Bearer {}", token["AccessToken"].as_str().expect("a token"));
    let headers = [("content-type", "application/json"), ("authorization", &*bearer), ("x-app-key", APP_KEY)];
    let body = json!({ "callSerialNo": site.calls(|_| true)[0].id });
    let at =
        |seconds| request(&format!("{QUERY}queryCallState"), &headers, &body, now + SignedDuration::from_secs(seconds));
    assert_eq!(ask(&site, &at(899)).0, Verdict::Accepted);
    // A token that is too old is no fault of the client.
    let (verdict, status, _) = ask(&site, &at(900));
    assert_eq!((verdict, status), (Verdict::Refused, StatusCode::UNAUTHORIZED));
}

#[test]
fn each_fault_of_a_token_request_is_refused() {
    let (site, now) = site(0);
    let good = json!({ "app_key": APP_KEY, "app_secret": APP_SECRET });
    let (json, expire) = (("content-type", "application/json"), ("x-token-expire", "600"));
    let cases = [
        (vec![expire], good.clone(), StatusCode::BAD_REQUEST),
        (vec![("content-type", "application/x-www-form-urlencoded"), expire], good.clone(), StatusCode::BAD_REQUEST),
        (vec![json, ("x-token-expire", "3601")], good.clone(), StatusCode::BAD_REQUEST),
        (vec![json, ("x-token-expire", "0")], good.clone(), StatusCode::BAD_REQUEST),
        (vec![json, expire], json!([]), StatusCode::BAD_REQUEST),
        (vec![json, expire], json!({ "app_key": APP_KEY }), StatusCode::UNAUTHORIZED),
        (vec![json, expire], json!({ "app_key": APP_KEY, "app_secret": "another" }), StatusCode::UNAUTHORIZED),
        (vec![json, expire], json!({ "app_key": "another", "app_secret": APP_SECRET }), StatusCode::UNAUTHORIZED),
    ];
    for (headers, body, expected) in cases {
        let (verdict, status, _) = ask(&site, &request(TOKEN, &headers, &body, now));
        assert!(matches!(verdict, Verdict::Violation(_)), "{headers:?} {body}");
        assert_eq!(status, expected);
    }
}

#[test]
fn each_fault_of_a_question_is_refused() {
    let (site, now) = site(1);
    let path = format!("{QUERY}queryCallState");
    let body = json!({ "callSerialNo": site.calls(|_| true)[0].id });
    let good = authorized(&site, &path, &body, now);
    assert_eq!(ask(&site, &good).0, Verdict::Accepted);
    for (name, value, expected) in [
        ("authorization", None, StatusCode::UNAUTHORIZED),
        ("authorization", Some("Bearer another"), StatusCode::UNAUTHORIZED),
        ("x-app-key", None, StatusCode::FORBIDDEN),
        ("x-app-key", Some("another"), StatusCode::FORBIDDEN),
        ("content-type", None, StatusCode::BAD_REQUEST),
        ("content-type", Some("text/plain"), StatusCode::BAD_REQUEST),
    ] {
        let mut request = good.clone();
        request.headers.remove(name);
        if let Some(value) = value {
            request.headers.insert(name, value.parse().expect("a header"));
        }
        let (verdict, status, _) = ask(&site, &request);
        assert!(matches!(verdict, Verdict::Violation(_)), "{name}");
        assert_eq!(status, expected, "{name}");
    }
    for body in [json!({}), json!({ "callSerialNo": 1 }), json!({ "callSerialNo": "a" }), json!({ "callSerialNo": "" })]
    {
        let (verdict, status, answer) = ask(&site, &authorized(&site, &path, &body, now));
        assert!(matches!(verdict, Verdict::Violation(_)), "{body}");
        assert_eq!((status, &answer["retCode"]), (StatusCode::OK, &json!("3")));
    }
    let get = Request { method: Method::GET, ..good.clone() };
    assert_eq!(ask(&site, &get).1, StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = Request { path: "/queryCallState".to_owned(), ..good };
    assert_eq!((ask(&site, &elsewhere).1, HuaweiCec.action(&elsewhere)), (StatusCode::NOT_FOUND, "other"));
}

#[test]
fn a_call_goes_through_its_states() {
    let (site, _) = site(60);
    let state = |id: &str, now| {
        let body = json!({ "callSerialNo": id });
        ask(&site, &authorized(&site, &format!("{QUERY}queryCallState"), &body, now)).2
    };
    let call = site.calls(|call| call.answered.is_some() && !delay(call).is_zero()).remove(0);
    let (ringing, answered) = (call.ringing.expect("rang"), call.answered.expect("picked up"));
    for (now, expected) in
        [(call.placed, 0), (ringing, 1), (answered, 2), (call.ended, 2), (call.ended + delay(&call), 3)]
    {
        let answer = state(&call.id, now);
        assert_eq!((&answer["retCode"], &answer["result"]["state"]), (&json!("0"), &json!(expected)));
        assert_eq!(answer["result"]["endTime"] == "", expected != 3);
    }
    assert_eq!(state("1100000000000000001", call.ended)["retCode"], "1");
    for call in site.calls(|_| true) {
        let result = state(&call.id, call.ended + SignedDuration::from_secs(5))["result"].clone();
        assert_eq!(result["reasonCode"], release::reason(&call));
        assert_eq!(result["startTime"], call.placed.as_millisecond().to_string());
        let agent = result["agentPresent"].as_str().is_some_and(|number| !number.is_empty());
        assert_eq!(agent, Sort::of(&call) == Sort::Bidirectional, "only the agent tells the two sorts apart");
    }
}

#[test]
fn calls_can_be_created() {
    let (site, now) = site(0);
    let dual = format!("{QUERY}createCall");
    let vn = "/apiaccess/rest/voiceNotification/v2/createVoiceNotification";
    let play = json!([{ "voiceId": "1" }]);
    for (path, body, code) in [
        (vn, json!({ "called": "447700900123", "playList": play }), "0"),
        (vn, json!({ "called": "+447700900123", "playList": play }), "5"),
        (vn, json!({ "playList": play }), "5"),
        (vn, json!({ "called": "447700900123" }), "10"),
        (&dual, json!({ "called": "447700900124", "caller": "442079460002", "callData": "order-1" }), "0"),
        (&dual, json!({ "called": "447700900124" }), "5"),
    ] {
        let (verdict, status, answer) = ask(&site, &authorized(&site, path, &body, now));
        assert_eq!((status, &answer["retCode"]), (StatusCode::OK, &json!(code)), "{body}");
        assert_eq!(verdict == Verdict::Accepted, code == "0");
        let serial = &answer["result"]["callSerialNo"];
        assert_eq!((serial.is_string(), serial.is_u64()), (code == "0" && path == vn, code == "0" && path == dual));
    }
    let calls = site.calls(|_| true);
    let of: BTreeSet<_> = calls.iter().map(|call| (Sort::of(call).release(), &*call.number)).collect();
    assert_eq!(of.into_iter().collect::<Vec<_>>(), [(DUAL_RELEASE, "+447700900124"), (VN_RELEASE, "+447700900123")]);
}
