mod requests;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::simulate::api::Verdict;
use crate::simulate::plan::VendorPlan;

fn site(change: impl FnOnce(&mut VendorPlan)) -> Site {
    let mut plan = VendorPlan::new("vonage-vcc");
    plan.mix = Outcome::ALL.iter().map(|outcome| (*outcome, 1)).collect();
    change(&mut plan);
    Site::new(&VonageVcc, plan, 7)
}

fn request(method: Method, path: &str, query: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"));
    }
    Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        body: Bytes::from(body.to_owned()),
        now: crate::clock::now(),
    }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const V3: &str = "application/vnd.newvoicemedia.v3+json";
const CREDENTIALS: &str = "grant_type=client_credentials&client_id=simulated-client\
                           &client_secret=simulated-client-secret-vonage&scope=stats";

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).expect("JSON")
}

fn bearer_token(site: &Site) -> String {
    let answer = VonageVcc.answer(&request(Method::POST, TOKEN_PATH, "", &[FORM], CREDENTIALS), site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::OK, &Verdict::Accepted));
    assert_eq!((&body(&answer)["expires_in"], &body(&answer)["token_type"]), (&json!(7200), &json!("Bearer")));
    format!("Bearer {}", body(&answer)["access_token"].as_str().expect("a token"))
}

/// Reads, and expects a yes.
fn get(site: &Site, path: &str, query: &str, accept: &str, now: Timestamp) -> Value {
    let headers = [("accept", accept), ("authorization", &*bearer_token(site))];
    let request = Request { now, ..request(Method::GET, path, query, &headers, "") };
    let answer = VonageVcc.answer(&request, site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::OK, &Verdict::Accepted), "{path} {}", answer.body);
    body(&answer)
}

/// The detail of a call, by the Calls API.
fn call(site: &Site, guid: &str, now: Timestamp) -> Value {
    get(site, &format!("/v0/{ACCOUNT_KEY}/calls/{guid}"), "", "application/json;version=3", now)
}

/// All pages of a window of Insights.
fn list(site: &Site, from: Timestamp, to: Timestamp, include: &str, now: Timestamp) -> Vec<Value> {
    let mut items = Vec::new();
    for page in 1..30 {
        let query = format!("start={from}&end={to}&include={include}&limit=9&page={page}");
        let answer = get(site, insights::PATH, &query, V3, now);
        let part = answer["items"].as_array().expect("a list");
        let meta = &answer["meta"];
        assert_eq!((&meta["page"], &meta["count"]), (&json!(page), &json!(part.len())));
        assert_eq!(answer["upTo"], legs::milliseconds(now));
        items.extend(part.iter().cloned());
        if page >= meta["pageCount"].as_u64().expect("a number") {
            assert_eq!(meta["totalCount"], items.len());
            return items;
        }
    }
    panic!("no end of pages");
}

/// A site with calls that are long over, and a time after it.
fn over(count: usize, change: impl FnOnce(&mut VendorPlan)) -> (Site, Vec<Call>, Timestamp) {
    let site = site(change);
    let calls: Vec<_> = (0..count).map(|_| site.place(1).calls[0].clone()).collect();
    let now = calls.iter().map(|call| call.ended).max().expect("calls") + SignedDuration::from_secs(60);
    (site, calls, now)
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn a_call_has_no_result_before_its_end() {
    let (site, calls, now) = over(100, |_| ());
    let mut seen: BTreeMap<Outcome, BTreeSet<String>> = BTreeMap::new();
    for one in &calls {
        assert_eq!(self::call(&site, &one.id, one.ended - SECOND)["result"], Value::Null);
        let detail = self::call(&site, &one.id.to_uppercase(), now);
        assert_eq!((&detail["id"], &detail["to"]["telephoneNumber"]), (&json!(one.id), &json!(one.number)));
        let result = &detail["result"];
        seen.entry(one.outcome)
            .or_default()
            .insert(format!("{} {} {}", result["code"], result["party"], result["reason"]));
    }
    let expected = |outcome: Outcome| seen.get(&outcome).expect("seen");
    assert_eq!(expected(Outcome::Answered), &[r#""Success" null null"#.to_owned()].into());
    assert_eq!(expected(Outcome::NoAnswer), &[r#""Failure" "Destination" "NoAnswer""#.to_owned()].into());
    // The trap: that the agent did not answer is no answer of the customer's.
    assert!(expected(Outcome::Failed).contains(r#""Failure" "Originator" "NoAnswer""#));
    assert!(expected(Outcome::Unknown).iter().all(|result| !result.contains("Failure")));

    let headers = [("accept", "application/json;version=3"), ("authorization", &*bearer_token(&site))];
    let path = format!("/v0/{ACCOUNT_KEY}/calls/{}", calls[0].id);
    let late = Request {
        now: calls[0].ended + SignedDuration::from_hours(24),
        ..request(Method::GET, &path, "", &headers, "")
    };
    let token = site.issue_token(TOKEN_SECONDS, late.now).0;
    let mut late = late;
    late.headers.insert("authorization", format!("Bearer {token}").parse().expect("a value"));
    assert_eq!(VonageVcc.answer(&late, &site).status, StatusCode::NOT_FOUND, "a day later");
}

#[test]
fn a_window_lists_every_interaction_by_its_moments() {
    let (site, calls, now) = over(60, |_| ());
    let (from, to) = (calls[0].placed - SECOND, now);
    let items = list(&site, from, to, "Processed", now);
    let customers: Vec<_> = items.iter().filter(|item| item["direction"] != "Internal").collect();
    assert_eq!(customers.len(), 60);
    assert!(items.len() > 60, "talks between agents are listed, too");
    let starts: Vec<_> = items.iter().map(|item| item["start"].as_str().expect("a time").to_owned()).collect();
    assert!(starts.is_sorted());
    for (call, item) in calls.iter().zip(&customers) {
        assert_eq!((&item["guid"], &item["status"]), (&json!(call.id), &json!("Completed")));
        assert_eq!(item["duration"], call.ended.as_millisecond() - call.placed.as_millisecond());
        assert_eq!(item["connectTo"], call.digits());
        let external = item["channels"].as_array().expect("legs").iter().find(|leg| leg["party"]["role"] == "External");
        let talk = external.map(|leg| {
            let connected =
                leg["events"].as_array().expect("events").iter().filter(|event| event["type"] == "Connected");
            connected.filter_map(|event| event["duration"].as_i64()).sum::<i64>()
        });
        assert_eq!(talk.unwrap_or_default(), call.talk_ms());
        assert_eq!(external.is_none(), without_customer(call));
        assert_eq!(item["channels"][0]["guid"], call.id, "the first leg has the interaction's id");
    }
    assert!(list(&site, from - SECOND, from, "Processed", now).is_empty());

    // A call that was analysed later comes again, in a window in which nothing else happened to it.
    let ended = calls.iter().map(|call| call.ended).max().expect("calls");
    let mut again = list(&site, ended + SignedDuration::from_millis(1201), now, "Processed", now);
    again.retain(|item| item["direction"] == "Outbound");
    assert!(!again.is_empty() && again.iter().all(|item| item["categorizedAt"].is_string()));
    assert!(list(&site, ended + SignedDuration::from_millis(1), now, "StartedOrEnded", now).is_empty());
    assert_eq!(list(&site, from, to, "Started", now).len(), items.len());
}

#[test]
fn what_is_not_over_is_listed_as_ongoing() {
    let (site, calls, _) = over(20, |plan| plan.talk_ms = 60_000..=60_000);
    let call = calls.iter().find(|call| call.outcome == Outcome::Answered).expect("one");
    let early = call.ended - SECOND;
    let items = list(&site, call.placed, call.placed + SignedDuration::from_millis(1), "Processed", early);
    let item = items.iter().find(|item| item["guid"] == call.id).expect("listed");
    assert_eq!((&item["status"], &item["duration"]), (&json!("Ongoing"), &Value::Null));
    let single = get(&site, &format!("{}/{}", insights::PATH, call.id), "", V3, early);
    assert_eq!(single, *item);
    assert!(!single.to_string().contains("Connected"));
}

#[test]
fn insights_settle_what_nobody_can_ask_better() {
    for (untold, open) in [(1.0, false), (0.0, true)] {
        let (site, calls, now) = over(60, |plan| plan.untold = untold);
        assert_eq!(site.to_be_asked(), 60);
        list(&site, calls[0].placed, now, "Processed", now);
        let left: Vec<_> = calls.iter().filter(|call| insights::outcome(call) != call.outcome).collect();
        assert!(!left.is_empty());
        assert_eq!(site.to_be_asked(), if open { left.len() } else { 0 });
        left.iter().for_each(|one| drop(self::call(&site, &one.id, now)));
        assert_eq!(site.to_be_asked(), 0);
        for call in &calls {
            let due = due(call, open);
            assert_eq!(due[0].outcome, Some(if open { call.outcome } else { insights::outcome(call) }));
        }
    }
}

#[test]
fn webhooks_have_the_documented_fields() {
    let (_, calls, _) = over(200, |_| ());
    let (mut types, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for call in &calls {
        let webhooks = legs::webhooks(call);
        for webhook in &webhooks {
            let body = &webhook.body;
            let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text in {body}")).to_owned();
            let kind = text(&body["type"]);
            assert_eq!((&body["specversion"], &body["source"]), (&json!("1.0"), &json!("/channel")));
            assert_eq!(body["datacontenttype"], "application/json");
            let id = text(&body["id"]);
            assert!(id.len() == 27 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
            assert!(ids.insert(id), "the id is unique");
            let channel = &body["data"]["channel"];
            assert_eq!(text(&channel["interactionId"]).to_lowercase(), call.id);
            assert_eq!(body["subject"], channel["channelId"]);
            assert_eq!(channel["party"]["agentId"].is_string(), channel["party"]["role"] == "agent");
            let (time, moment) = (text(&body["time"]), text(&body["data"]["timestamp"]));
            assert_eq!((time.len(), moment.len()), (28, 24), "{time} {moment}");
            let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_millisecond();
            assert_eq!(at(&time) - at(&moment), 525);
            assert_eq!(webhook.at.as_millisecond(), at(&time));
            let ends = kind.contains("connectionfailed") || kind.contains("ended");
            assert_eq!(body["data"]["reason"], if ends { json!("released") } else { Value::Null });
            types.insert(kind.rsplit_once('.').expect("three parts").0.to_owned());
        }
        let customer = webhooks.iter().filter(|webhook| webhook.name.starts_with("customer")).count();
        match call.outcome {
            Outcome::Answered => assert_eq!(customer, 3),
            Outcome::Failed if without_customer(call) => assert_eq!(customer, 0),
            _ => assert!((1..=2).contains(&customer)),
        }
    }
    let all = ["channel.alerted", "channel.connected", "channel.connectionfailed", "channel.ended"];
    assert_eq!(types, all.map(str::to_owned).into());
}

#[test]
fn a_placed_call_is_named_in_location_and_links_and_not_in_id() {
    let site = site(|_| ());
    let mut bare = 0;
    for _ in 0..50 {
        let placing = site.place(1);
        let (call, created) = (&placing.calls[0], VonageVcc.created(&placing));
        assert_eq!(created.status, 201);
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_lowercase();
        assert_eq!(last(created.body["links"][0]["href"].as_str().expect("a link")), call.id);
        assert_ne!(created.body["id"], call.id);
        bare += usize::from(created.location.is_none());
        assert!(created.location.is_none_or(|location| last(&location) == call.id));
    }
    assert!((5..45).contains(&bare));
}

#[test]
fn a_refused_call_is_due_by_its_reference() {
    let site = site(|plan| plan.refuse = 1.0);
    for _ in 0..50 {
        let placing = site.place(1);
        let (call, created) = (&placing.calls[0], VonageVcc.created(&placing));
        let (text, outcome) = calls::refusal(call);
        assert_eq!((created.status, &created.location, &created.body), (400, &None, &json!({ "message": text })));
        let due = VonageVcc.due(&placing);
        assert_eq!((due.len(), &due[0].subject, due[0].outcome), (1, &call.reference, Some(outcome)));
        assert_eq!(due[0].ways, [Way::Created]);
        assert!(VonageVcc.callbacks(&placing).is_empty());
    }
}
