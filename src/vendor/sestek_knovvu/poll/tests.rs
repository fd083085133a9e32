use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::*;
use crate::config::Config;
use crate::event::{Channel, Instant};
use crate::source::{Source, build};
use crate::vendor::poll::FailureClass;

fn source(api: &str) -> std::sync::Arc<Source> {
    let toml = format!(
        r#"
        [sources.kv]
        vendor = "sestek-knovvu"
        account = "tenant-a"
        path_tokens = ["only-for-tests-path-token"]
        pending_states = ["In Progress"]
        poll.first_delay_seconds = 1
        [sources.kv.api]
        {api}
        "#
    );
    let config = Config::from_toml(&toml).expect("settings");
    build(&config).unwrap_or_else(|errors| panic!("{errors:?}")).remove("kv").expect("configured")
}

const PLAIN: &str = r#"base_url = "https://ivr.example.com:22222/""#;

const WITH_TOKEN: &str = r#"
    base_url = "https://ivr.example.com:22222"
    headers = { Project = "p-1" }
    identity_url = "https://identity.example.com"
    client_id = "client"
    client_secrets = ["s:cret"]
"#;

fn placed(call: &str) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: Some("+905321234567".to_owned()),
        reference: Some("order-7".to_owned()),
        conversation: None,
        task: None,
        placed_at: Instant::from_millis(1_790_000_000_000).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

fn means(token: Option<&Secret>) -> Means<'_> {
    Means { now: Timestamp::UNIX_EPOCH, nonce: "n", token }
}

fn response(status: u16, body: &str) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn context(source: &Source) -> Context {
    source.poll_context(Instant::from_millis(1_790_000_100_000).expect("in range")).expect("it asks")
}

fn answer(body: &str, asked: &[&str]) -> Result<Vec<Event>, Failure> {
    let source = source(PLAIN);
    let calls: Vec<_> = asked.iter().map(|call| placed(call)).collect();
    let mut inquiry = source.poller().expect("it asks").ask(&calls);
    inquiry.next(&means(None)).expect("a request");
    let read = inquiry.read(&response(200, body), &context(&source));
    assert_eq!(inquiry.next(&means(None)).is_none(), read.is_ok(), "asked again only after a failure");
    read
}

fn outcomes(events: &[Event]) -> Vec<(String, Outcome)> {
    events.iter().map(|event| (event.subject.clone(), event.outcome.expect("an outcome"))).collect()
}

#[test]
fn a_question_is_as_documented() {
    let source = source(PLAIN);
    let mut inquiry = source.poller().expect("it asks").ask(&[placed("a"), placed("b\"")]);
    let request = inquiry.next(&means(None)).expect("a request");
    assert_eq!((request.action, request.method), ("callresult", Method::POST));
    assert_eq!(request.url, "https://ivr.example.com:22222/v2/callresult");
    assert_eq!(request.headers, [("content-type", "application/json".to_owned())]);
    assert_eq!(request.body, r#"{"UniqueIds":["a","b\""]}"#);
}

#[test]
fn a_token_is_asked_for_and_sent() {
    let source = source(WITH_TOKEN);
    let poller = source.poller().expect("it asks");
    let request = poller.token_request(&means(None)).expect("a request");
    assert_eq!(request.url, "https://identity.example.com/connect/token");
    assert_eq!(request.headers, [("content-type", "application/x-www-form-urlencoded".to_owned())]);
    let form = "grant_type=client_credentials&client_id=client&client_secret=s%3Acret&scope=orchestrator_external";
    assert_eq!(request.body, form);

    let given = response(200, r#"{"access_token":"t-1","expires_in":86399,"token_type":"Bearer","scope":"x"}"#);
    let token = poller.read_token(&given).expect("a token");
    assert_eq!((token.secret.expose(), token.lifetime), ("t-1", Duration::from_secs(86399)));
    let mut inquiry = poller.ask(&[placed("a")]);
    let request = inquiry.next(&means(Some(&token.secret))).expect("a request");
    assert!(request.headers.contains(&("authorization", "Bearer t-1".to_owned())));
    assert!(request.headers.contains(&("Project", "p-1".to_owned())));

    for (status, body) in [(200, "{}"), (200, "no"), (400, r#"{"error":"invalid_client"}"#)] {
        let refused = poller.read_token(&response(status, body)).map(drop).expect_err("no token");
        assert!(!format!("{refused}").contains("s:cret"));
    }
}

#[test]
fn results_are_matched_by_id_and_calls_without_a_state_stay_pending() {
    let body = r#"{"CallResults":[
        {"UniqueId":"b","CallRequestId":"","CallState":"No Answer"},
        {"UniqueId":"foreign","CallState":"Busy"},
        {"UniqueId":"c","CallState":""},
        {"UniqueId":"d","CallState":null},
        {"UniqueId":"e","CallState":"in-progress"},
        {"UniqueId":"a","CallState":"Temporarily Unavailable","CallRequestId":null}
    ]}"#;
    let events = answer(body, &["a", "b", "c", "d", "e", "f"]).expect("read");
    assert_eq!(outcomes(&events), [("b".into(), Outcome::NoAnswer), ("a".into(), Outcome::Unreachable)]);
    assert!(events.iter().all(|event| event.channel == Channel::Poll));
    assert!(answer(r#"{"CallResults":[]}"#, &["a"]).expect("read").is_empty());
}

#[test]
fn a_push_and_a_poll_state_the_same_fact() {
    let source = source(PLAIN);
    let polled = answer(r#"{"CallResults":[{"UniqueId":"a","CallState":"Busy"}]}"#, &["a"]).expect("read").remove(0);
    let pushed = context(&source).event(EventType::CallEnded, "a", &["a"]);
    assert_eq!((polled.key, &polled.subject), (pushed.key, &pushed.subject));
    let none = source.poller().expect("it asks").no_result(&placed("a"), &context(&source));
    assert_eq!((none.key, none.outcome), (pushed.key, Some(Outcome::Unknown)));
}

#[test]
fn answers_that_cannot_be_read_pass_and_refusals_split_the_batch() {
    for body in ["", "{", "[[[[[[1]]]]]]", r#"{"Other":1}"#, r#"{"CallResults":[{"CallState":"Busy"}]}"#] {
        assert_eq!(answer(body, &["a"]).expect_err("unreadable").class, FailureClass::Retry, "{body}");
    }
    let source = source(PLAIN);
    for (status, class) in [(400, FailureClass::Permanent), (401, FailureClass::Token), (500, FailureClass::Retry)] {
        let mut inquiry = source.poller().expect("it asks").ask(&[placed("a")]);
        let failure = inquiry.read(&response(status, ""), &context(&source)).expect_err("refused");
        assert_eq!(failure.class, class);
    }
}

#[test]
fn the_answer_to_a_created_call_names_it() {
    let source = source(PLAIN);
    let poller = source.poller().expect("it asks");
    let read = |answer: &str, common: &Placed| {
        let answer: Box<RawValue> = serde_json::from_str(answer).expect("JSON");
        let created = Created { answer: &answer, location: None, common, calls: &[] };
        poller.created(&created, &context(&source))
    };
    let placement = read(r#"{"UniqueId":"4f2b9c"}"#, &placed("")).expect("placed");
    assert_eq!(placement.placed, [placed("4f2b9c")]);

    let refused = read(r#"{"Message":"no line"}"#, &placed("")).expect("an event");
    let event = &refused.events[0];
    assert!(refused.placed.is_empty());
    assert_eq!((event.subject.as_str(), event.outcome), ("order-7", Some(Outcome::Failed)));
    let to = event.call.as_ref().and_then(|call| call.to.as_ref()).and_then(|to| to.e164.as_deref());
    assert_eq!(to, Some("+905321234567"));

    let nameless = Placed { reference: None, ..placed("") };
    assert!(read("{}", &nameless).expect_err("nothing to ask about").detail.contains("give a reference"));
}

#[test]
fn wrong_settings_are_told_with_their_key() {
    let told = |api: &str| {
        let toml = format!(
            "[sources.kv]\nvendor = \"sestek-knovvu\"\npath_tokens = [\"only-for-tests-path-token\"]\n[sources.kv.api]\n{api}"
        );
        let errors = build(&Config::from_toml(&toml).expect("settings")).map(drop).expect_err("refused");
        format!("{}: {}", errors[0].key, errors[0].message)
    };
    assert!(
        told(r#"base_url = "http://ivr.example.com""#).starts_with("sources.kv.api.base_url: must begin with https")
    );
    assert!(told(&format!("{PLAIN}\nbatch = 0")).starts_with("sources.kv.api.batch: must be from 1"));
    assert!(told(&format!("{PLAIN}\nclient_id = \"c\"")).starts_with("sources.kv.api.identity_url: is missing"));
    let identity = format!("{PLAIN}\nidentity_url = \"https://i.example.com\"");
    assert!(told(&identity).starts_with("sources.kv.api.client_id: is missing"));
    assert!(
        told(&format!("{identity}\nclient_id = \"c\"")).starts_with("sources.kv.api.client_secret_files: is missing")
    );
    assert!(told(&format!("{PLAIN}\nheaders = {{ \"a b\" = \"c\" }}")).starts_with("sources.kv.api.headers"));
}
