use bytes::Bytes;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::simulate::api::Verdict;
use crate::simulate::plan::VendorPlan;

fn site() -> Site {
    Site::new(&SestekKnovvu, VendorPlan::new("sestek-knovvu"), 7)
}

fn post(path: &str, headers: &[(&'static str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("a header"));
    }
    Request {
        method: Method::POST,
        path: path.to_owned(),
        query: String::new(),
        headers: map,
        body: Bytes::from(body.to_owned()),
        now: crate::clock::now(),
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const CREDENTIALS: &str = "grant_type=client_credentials&client_id=simulated-client\
                           &client_secret=simulated-client-secret-sestek&scope=orchestrator_external";

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

fn token(site: &Site) -> String {
    let answer = SestekKnovvu.answer(&post("/identity/connect/token", &[FORM], CREDENTIALS), site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::OK, &Verdict::Accepted));
    assert_eq!(body(&answer)["token_type"], "Bearer");
    assert_eq!(body(&answer)["expires_in"], 86_399);
    body(&answer)["access_token"].as_str().expect("a token").to_owned()
}

fn ask(site: &Site, ids: &[&str], now: Timestamp) -> Answer {
    let bearer = format!("Bearer {}", token(site));
    let body = json!({ "UniqueIds": ids }).to_string();
    let request = Request { now, ..post("/v2/callresult", &[JSON, ("authorization", &bearer)], &body) };
    assert_eq!(SestekKnovvu.action(&request), "callresult");
    SestekKnovvu.answer(&request, site)
}

#[test]
fn tokens_need_the_right_client() {
    for (from, to) in [
        ("client_credentials", "password"),
        ("simulated-client&", "other&"),
        ("secret-sestek", "secret"),
        ("orchestrator_external", "other"),
        ("&scope=orchestrator_external", ""),
    ] {
        let request = post("/identity/connect/token", &[FORM], &CREDENTIALS.replace(from, to));
        let answer = SestekKnovvu.answer(&request, &site());
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{from}");
        assert!(matches!(answer.verdict, Verdict::Violation(_)), "{from}");
    }
    let as_json = SestekKnovvu.answer(&post("/identity/connect/token", &[JSON], CREDENTIALS), &site());
    assert!(matches!(as_json.verdict, Verdict::Violation(_)));
}

#[test]
fn results_come_when_calls_are_over_and_unknown_ids_are_left_out() {
    let site = site();
    let placings: Vec<_> = (0..60).map(|_| site.place(1)).collect();
    let calls: Vec<_> = placings.iter().map(|placing| &placing.calls[0]).collect();
    let ids: Vec<_> = calls.iter().map(|call| call.id.as_str()).chain(["nobody"]).collect();

    // Nothing is over: left out, blank or null, never a state.
    let early = body(&ask(&site, &ids, calls[0].placed));
    let rows = early["CallResults"].as_array().expect("a list");
    assert!(!rows.is_empty() && rows.len() < 60, "{}", rows.len());
    assert!(rows.iter().all(|row| row["CallState"] == "" || row["CallState"].is_null()));

    let late = calls.iter().map(|call| call.ended).max().expect("calls");
    let late = body(&ask(&site, &ids, late));
    let rows = late["CallResults"].as_array().expect("a list");
    assert_eq!(rows.len(), 60);
    assert_eq!(rows[0]["UniqueId"], calls[59].id, "not in the order of the question");
    for call in calls {
        let row = rows.iter().find(|row| row["UniqueId"] == call.id).expect("each call");
        assert_eq!(row["CallState"], state(call.outcome));
    }
}

#[test]
fn a_result_is_given_to_those_with_a_token_only() {
    let site = site();
    let known = token(&site);
    let asked = r#"{"UniqueIds":["x"]}"#;
    let with = |authorization: &str, content_type: &str, body: &str| {
        let headers = [("content-type", content_type), ("authorization", authorization)];
        SestekKnovvu.answer(&post("/v2/callresult", &headers, body), &site)
    };
    let right = format!("Bearer {known}");
    assert_eq!(with(&right, "application/json; charset=utf-8", asked).verdict, Verdict::Accepted);
    for (authorization, content_type, body, status) in [
        ("Bearer nothing", "application/json", asked, 401),
        ("Basic nothing", "application/json", asked, 401),
        (&*right, "text/plain", asked, 415),
        (&*right, "application/json", "[]", 400),
        (&*right, "application/json", r#"{"UniqueIds":[]}"#, 400),
        (&*right, "application/json", r#"{"UniqueIds":[1]}"#, 400),
        (&*right, "application/json", r#"{"uniqueIds":["x"]}"#, 400),
    ] {
        let answer = with(authorization, content_type, body);
        assert_eq!(answer.status.as_u16(), status, "{authorization} {content_type} {body}");
        assert!(matches!(answer.verdict, Verdict::Violation(_)), "{body}");
    }
    // A token that was right once is no violation: clients learn of its end by this answer.
    let late =
        Request { now: crate::clock::now() + SignedDuration::from_hours(25), ..post("/v2/callresult", &[JSON], asked) };
    let mut headers = late.headers.clone();
    headers.insert("authorization", right.parse().expect("a header"));
    let answer = SestekKnovvu.answer(&Request { headers, ..late }, &site);
    assert_eq!((answer.status, answer.verdict), (StatusCode::UNAUTHORIZED, Verdict::Refused));
}

#[test]
fn anybody_with_a_token_can_place_a_call() {
    let site = site();
    let mut wanted = json!({
        "Project": "p", "Tenant": "Default", "ConversationId": "c-1", "AccessToken": token(&site),
        "ScenarioPath": "https://ivr.example/s", "OrchestratorUrl": "https://ivr.example/o",
        "ScenarioInputParameters": [
            { "Name": "_DisplayNumber", "Value": "+447700900001" }, { "Name": "_Destination", "Value": "+447700900002" },
        ],
    });
    let place = |wanted: &Value| SestekKnovvu.answer(&post("/v2/call", &[JSON], &wanted.to_string()), &site);
    let answer = place(&wanted);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::OK, &Verdict::Accepted));
    let call = site.call_of(body(&answer)["UniqueId"].as_str().expect("an id")).expect("placed");
    assert_eq!((&*call.number, &*call.reference), ("+447700900002", "c-1"));
    for name in ["Project", "AccessToken", "ScenarioInputParameters", "ConversationId"] {
        let kept = wanted[name].take();
        assert!(matches!(place(&wanted).verdict, Verdict::Violation(_)), "without {name}");
        wanted[name] = kept;
    }
    assert_eq!(site.calls(|_| true).len(), 1);
}

#[test]
fn pushes_come_in_every_form_and_as_a_hint_only_where_somebody_asks() {
    let untold = Site::new(&SestekKnovvu, VendorPlan { untold: 1.0, ..VendorPlan::new("sestek-knovvu") }, 7);
    let (site, mut forms) = (site(), [0; 4]);
    for _ in 0..100 {
        let placing = site.place(1);
        let push = &SestekKnovvu.callbacks(&placing)[0].body;
        let hint = push.is_object() && push.get("CallState").is_none() && push.get("CallResults").is_none();
        let form =
            if hint { 0 } else { 1 + usize::from(push.is_array()) + 2 * usize::from(push["CallResults"].is_array()) };
        forms[form] += 1;
        let ways = &SestekKnovvu.due(&placing)[0].ways;
        assert_eq!(matches!(ways[0], Way::Hint(..)), hint);
        let push = SestekKnovvu.callbacks(&untold.place(1))[0].body.to_string();
        assert!(push.contains("CallState"), "{push}");
    }
    assert!(forms.iter().all(|count| *count > 5), "{forms:?}");
}
