use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::event::{Channel, Event, Instant};
use crate::secret::Secret;
use crate::vendor::poll::FailureClass;
use crate::vendor::sestek_knovvu::SestekKnovvu;
use crate::vendor::{Adapter, Vendor};

mod answers;
mod created;
mod requests;
mod settings;

const API: &str = r#"base_url = "https://ivr.example.com:22222""#;

const IDENTITY: &str = r#"
    base_url = "https://ivr.example.com:22222/"
    identity_url = "https://identity.example.com/"
    client_id = "client-1"
    client_secrets = ["demo-client-secret", "demo-old-secret"]
"#;

fn adapter(settings: &str, api: &str) -> Result<Box<dyn Adapter>, String> {
    let toml = format!(
        "[sources.va]\nvendor = \"sestek-knovvu\"\npath_tokens = [\"demo-path-token-sestek\"]\n{settings}\n\
         [sources.va.api]\n{api}\n"
    );
    let config = Config::from_toml(&toml).expect("TOML");
    SestekKnovvu.adapter(&config.source("va")).map_err(|error| error.to_string())
}

fn with(api: &str) -> Box<dyn Adapter> {
    adapter("", api).expect("settings")
}

fn poller(adapter: &dyn Adapter) -> &dyn Poller {
    adapter.poller().expect("it can be asked")
}

fn context(channel: Channel) -> Context {
    Context {
        source: "va".to_owned(),
        vendor: "sestek-knovvu",
        account: "eu/tenant-a/project-1".to_owned(),
        country: None,
        time_zone: TimeZone::UTC,
        keep_raw: true,
        channel,
        received_at: Instant::from_millis(1_734_345_678_000).expect("in range"),
    }
}

fn placed(call: &str) -> Placed {
    Placed {
        call: call.to_owned(),
        destination: None,
        reference: None,
        conversation: None,
        task: None,
        placed_at: Instant::from_millis(1_734_345_600_000).expect("in range"),
        deadline: None,
        hinted: false,
    }
}

fn ask(adapter: &dyn Adapter, ids: &[&str]) -> Box<dyn Inquiry> {
    let calls: Vec<_> = ids.iter().map(|id| placed(id)).collect();
    poller(adapter).ask(&calls)
}

fn next(inquiry: &mut dyn Inquiry, token: Option<&str>) -> Option<Request> {
    let token = token.map(Secret::new);
    let now = Timestamp::from_second(1_734_345_678).expect("in range");
    inquiry.next(&Means { now, nonce: "nonce", token: token.as_ref() })
}

fn response(status: u16, body: impl Into<Bytes>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    Response { status, headers: HeaderMap::new(), body: body.into() }
}

fn read(inquiry: &mut dyn Inquiry, body: impl Into<Bytes>) -> Result<Vec<Event>, Failure> {
    inquiry.read(&response(200, body), &context(Channel::Poll))
}

/// Subject and outcome of each event.
fn told(events: &[Event]) -> Vec<(&str, &str)> {
    events.iter().map(|event| (event.subject.as_str(), event.outcome.map_or("none", |it| it.as_str()))).collect()
}

fn answer(results: &[Value]) -> String {
    json!({ "CallResults": results }).to_string()
}

fn result(id: &str, state: &str) -> Value {
    json!({"UniqueId": id, "CallRequestId": "", "CallState": state})
}
