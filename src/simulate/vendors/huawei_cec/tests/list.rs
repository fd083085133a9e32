//! The list of calls.

use super::*;

fn window(now: Timestamp) -> Value {
    let end = now.as_millisecond();
    json!({ "startTime": (end - 3_600_000).to_string(), "endTime": end.to_string() })
}

fn list(site: &Site, body: &Value, now: Timestamp) -> (Verdict, StatusCode, Value) {
    ask(site, &authorized(site, &format!("{QUERY}queryCallDetailRecord"), body, now))
}

#[test]
fn rows_come_in_pages_each_once_and_then_no_data() {
    let (site, now) = site(230);
    let mut seen = BTreeSet::new();
    for (offset, limit, rows) in [(0, "100", 100), (100, "1000", 100), (200, "50", 30)] {
        let mut body = window(now);
        body["offset"] = offset.to_string().into();
        body["limit"] = limit.into();
        let (verdict, status, answer) = list(&site, &body, now);
        assert_eq!((verdict, status), (Verdict::Accepted, StatusCode::OK));
        assert_eq!((&answer["retCode"], &answer["result"]["total"]), (&json!("0"), &json!(230)));
        let page = answer["result"]["callInfo"].as_array().expect("a list");
        assert_eq!(page.len(), rows);
        seen.extend(page.iter().filter_map(|row| row["callSerialNo"].as_str().map(str::to_owned)));
    }
    assert_eq!(seen.len(), 230);
    let mut body = window(now);
    body["offset"] = "230".into();
    let (verdict, _, answer) = list(&site, &body, now);
    assert_eq!((verdict, &answer["retCode"], answer.get("result")), (Verdict::Accepted, &json!("1"), None));
}

#[test]
fn a_row_says_what_happened_until_now() {
    let (site, _) = site(60);
    let mut forms = BTreeSet::new();
    for call in site.calls(|_| true) {
        let row = |now: Timestamp| {
            let (_, _, answer) = list(&site, &window(now), now);
            let rows = answer["result"]["callInfo"].as_array().cloned().unwrap_or_default();
            rows.into_iter().find(|row| row["callSerialNo"] == call.id).expect("the call is listed")
        };
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let before = row(call.ended - SignedDuration::from_millis(1));
        assert_ne!(number(&before["state"]), Some(3));
        assert_eq!(number(&before["releaseTime"]).unwrap_or(0), 0);
        let after = row(call.ended + delay(&call));
        assert_eq!(number(&after["state"]), Some(3));
        assert_eq!(number(&after["reasonCode"]), Some(release::reason(&call).into()));
        assert_eq!(number(&after["releaseTime"]), Some(call.ended.as_millisecond()));
        let talking = number(&after["talkingTime"]).filter(|millis| *millis > 0);
        assert_eq!(talking, call.answered.map(|time| time.as_millisecond()));
        let dual = Sort::of(&call) == Sort::Bidirectional;
        assert_eq!(after.get("agentAlertingTime").is_some(), dual);
        assert_eq!(after["agentPresent"].as_str().is_some_and(|number| !number.is_empty()), dual);
        forms.insert((
            after["startTime"].is_string(),
            call.answered.is_none().then(|| after["talkingTime"].to_string()),
        ));
    }
    assert!(forms.len() > 4, "{forms:?}");
}

#[test]
fn a_result_is_given_when_it_is_in_a_list() {
    let (site, now) = site(20);
    let ids: Vec<_> = site.calls(|_| true).iter().map(|call| call.id.clone()).collect();
    assert_eq!(site.to_be_asked(), ids.len(), "lists know all of them, and nobody asked yet");
    list(&site, &window(now), now);
    assert_eq!(site.to_be_asked(), 0);
}

#[test]
fn the_window_the_sort_and_the_caller_are_filters() {
    let (site, now) = site(50);
    let total = |name: &str, value: Value| {
        let mut body = window(now);
        body[name] = value;
        list(&site, &body, now).2["result"]["total"].as_u64().unwrap_or(0) as usize
    };
    let dual = site.calls(|call| Sort::of(call) == Sort::Bidirectional).len();
    assert!(dual > 0 && dual < 50);
    for (name, value, expected) in [
        ("taskType", json!("0"), 50),
        ("taskType", json!("1"), dual),
        ("taskType", json!("2"), 0),
        ("taskType", json!("3"), 50 - dual),
        ("taskType", json!("4"), 0),
        ("caller", json!(AGENT), dual),
        ("caller", json!("442079460009"), 0),
        ("startTime", json!(now.as_millisecond().to_string()), 0),
    ] {
        assert_eq!(total(name, value.clone()), expected, "{name} {value}");
    }
}

#[test]
fn each_fault_is_refused_with_its_code() {
    let (site, now) = site(1);
    let millis = now.as_millisecond();
    let week = 7 * 24 * 3_600_000;
    for (name, value, code) in [
        ("startTime", Value::Null, "2"),
        ("startTime", json!(millis - 1000), "2"),
        ("startTime", json!("2026-03-01 00:00:00"), "2"),
        ("startTime", json!((millis - week - 1).to_string()), "2"),
        ("startTime", json!((millis + 1).to_string()), "2"),
        ("endTime", Value::Null, "2"),
        ("offset", json!(0), "4"),
        ("offset", json!("-1"), "4"),
        ("limit", json!(100), "4"),
        ("limit", json!("0"), "4"),
        ("caller", json!("4".repeat(33)), "12"),
        ("taskType", json!("5"), "4"),
        ("taskType", json!(3), "4"),
    ] {
        let mut body = window(now);
        body[name] = value.clone();
        let (verdict, status, answer) = list(&site, &body, now);
        assert!(matches!(verdict, Verdict::Violation(_)), "{name}: {value}");
        assert_eq!((status, &answer["retCode"]), (StatusCode::OK, &json!(code)), "{name}: {value}");
    }
}
