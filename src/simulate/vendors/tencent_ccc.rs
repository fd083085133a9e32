//! Tencent Cloud Contact Center (CCC), API version 2020-02-10.
//!
//! * Data push: <https://www.tencentcloud.com/document/product/1229/59640>
//! * Calls: <https://www.tencentcloud.com/document/product/1229/59641>
//! * Recordings: <https://www.tencentcloud.com/document/product/1229/59642>
//! * API: <https://www.tencentcloud.com/document/api/1229/59764>
//!
//! | file | holds |
//! |---|---|
//! | `tc3.rs` | the signature of API requests |
//! | `actions.rs` | the API's actions |
//! | `record.rs` | call records and recordings, as pushes and as the API has them |
//! | `status.rs` | the end status of a call |

mod actions;
mod record;
mod status;
mod tc3;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Callback, Created, Delivery, Due, SWEEP, Signing, Vendor, Way};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;
use crate::simulate::site::Site;

const SDK_APP_ID: u64 = 1_400_000_001;
const SECRET_ID: &str = "SimulatedSecretIdTencent";
const SECRET_KEY: &str = "SimulatedSecretKeyTencent";
const USER: &str = "simulated-user";
const PASSWORD: &str = "simulated-password-tencent";

/// The name of the push about a call's end. It begins with the value of `action`, as all names of pushes do.
const CDR: &str = "cdr";

/// Requests of one action in a second, as the pages of the actions say.
const LIMIT: u32 = 20;

/// The simulated vendor.
pub struct TencentCcc;

impl Vendor for TencentCcc {
    fn name(&self) -> &'static str {
        "tencent-ccc"
    }

    fn settings(&self, url: &str) -> String {
        format!(
            "sdk_app_ids = [{SDK_APP_ID}]\n\
             credentials = [\"{USER}:{PASSWORD}\"]\n\
             api.base_url = \"{url}\"\n\
             api.secret_id = \"{SECRET_ID}\"\n\
             api.secret_keys = [\"{SECRET_KEY}\"]\n\
             {SWEEP}"
        )
    }

    fn outcomes(&self) -> &'static [Outcome] {
        Outcome::ALL
    }

    fn refuses(&self) -> bool {
        true
    }

    fn id(&self, draw: &mut Draw) -> String {
        draw.guid()
    }

    /// As `CreateCallOutSession` answers. Its samples have the id without hyphens, its text and all else with them.
    fn created(&self, placing: &Placing) -> Created {
        let Some(call) = placing.calls.first() else {
            return Created { status: 200, location: None, body: json!({}), names_calls: true };
        };
        let request_id = Draw::new(0, &["request", &call.id], 0).guid();
        let body = match call.refused {
            true => error(refusal(call), &request_id),
            false => {
                let bare = call.id.replace('-', "");
                let id = *call.choose(1, &[call.id.as_str(), &bare]);
                json!({ "Response": { "SessionId": id, "RequestId": request_id } })
            }
        };
        Created { status: 200, location: None, body, names_calls: true }
    }

    fn callbacks(&self, placing: &Placing) -> Vec<Callback> {
        placing.placed().flat_map(pushes).collect()
    }

    /// Basic authentication; nothing covers the body. A repeated push has the same id.
    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery {
        let basic =
            |user: &str, password: &str| format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let authorization = match signing.wrong.map(|bits| bits % 5) {
            None => Some(basic(USER, PASSWORD)),
            Some(0) => None,
            Some(1) => Some(basic(USER, &PASSWORD[1..])),
            Some(2) => Some(basic(&USER.to_uppercase(), PASSWORD)),
            Some(3) => Some(basic(PASSWORD, USER)),
            Some(_) => Some(format!("Bearer {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")))),
        };
        let session = callback.body["SessionId"].as_str().unwrap_or_default();
        let mut headers = vec![
            ("content-type", "application/json;charset=utf8".to_owned()),
            ("x-tccc-push-uuid", Draw::new(0, &["push", session, &callback.name], 0).guid()),
        ];
        headers.extend(authorization.map(|value| ("authorization", value)));
        let action = callback.name.split(' ').next().unwrap_or_default();
        let path = format!("{}?action={action}&version=1", callback.kind);
        Delivery { path, headers, body: callback.body.to_string() }
    }

    /// `ErrCode` 0 alone is a yes.
    fn heard(&self, status: u16, body: &[u8]) -> bool {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        status == 200 && answer["ErrCode"] == 0 && answer["ErrMsg"].is_string()
    }

    /// Three repetitions. The pauses are not documented.
    fn repeats(&self) -> &'static [Duration] {
        const { &[Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)] }
    }

    fn due(&self, placing: &Placing) -> Vec<Due> {
        let mut due = Vec::new();
        for call in &placing.calls {
            if call.refused {
                due.push(refused(call));
                continue;
            }
            let ways = vec![Way::Callback(CDR.into()), Way::Asked(call.id.clone()), Way::Listed(call.id.clone())];
            due.push(Due::ended(call, ways));
            due.extend(record::tracks(call).iter().map(|track| Due {
                event_type: "recording.available",
                subject: call.id.clone(),
                outcome: None,
                also: Vec::new(),
                ways: vec![Way::Callback(track.push.into())],
            }));
        }
        due
    }

    fn action(&self, request: &Request) -> &'static str {
        let named = request.header("x-tc-action").unwrap_or_default();
        actions::NAMES.iter().copied().find(|name| *name == named).unwrap_or("other")
    }

    fn limit(&self, action: &str) -> Option<u32> {
        actions::NAMES.contains(&action).then_some(LIMIT)
    }

    fn throttled(&self) -> Answer {
        let request_id = Draw::new(0, &["throttled"], 0).guid();
        Answer::refused(StatusCode::OK, &error("RequestLimitExceeded", &request_id))
    }

    /// Errors come with status 200, too.
    fn answer(&self, request: &Request, site: &Site) -> Answer {
        let moment = request.now.as_nanosecond() as u64;
        let request_id = Draw::new(site.seed, &[self.name(), "request"], moment).guid();
        match checked(self, request, site) {
            Ok(mut response) => {
                response["RequestId"] = request_id.into();
                Answer::ok(&json!({ "Response": response }))
            }
            Err(Wrong { what, code }) => Answer::violation(what, StatusCode::OK, &error(code, &request_id)),
        }
    }
}

/// What is wrong with a request, and the vendor's code for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wrong {
    what: &'static str,
    code: &'static str,
}

impl Wrong {
    fn new(what: &'static str, code: &'static str) -> Self {
        Self { what, code }
    }
}

/// The content of the answer, if the request is a POST of JSON that is signed. The vendor takes other forms, too, which
/// trunkline has no use for.
fn checked(vendor: &TencentCcc, request: &Request, site: &Site) -> Result<Value, Wrong> {
    if request.method != Method::POST || request.path != "/" || !request.query.is_empty() {
        return Err(Wrong::new("not a POST to / without a query", "UnsupportedProtocol"));
    }
    tc3::check(request)?;
    if request.header("x-tc-version") != Some("2020-02-10") {
        return Err(Wrong::new("X-TC-Version is not 2020-02-10", "NoSuchVersion"));
    }
    let parameters = request.json().ok_or(Wrong::new("the body is no JSON object", "InvalidParameter"))?;
    actions::answer(vendor.action(request), &parameters, request.now, site)
}

fn error(code: &str, request_id: &str) -> Value {
    json!({ "Response": { "Error": { "Code": code, "Message": "simulated" }, "RequestId": request_id } })
}

/// Why the vendor does not place a call.
fn refusal(call: &Call) -> &'static str {
    let codes = [
        "FailedOperation.CallOutFailed",
        "FailedOperation.CalleeIsLimited",
        "FailedOperation.CallerOverFrequency",
        "FailedOperation.NoCallOutNumber",
        "FailedOperation.SeatStatusBusy",
    ];
    call.choose::<&'static str>(2, &codes)
}

/// What comes of a call that was not placed: only the dialer's reference names it. That a limit was the reason can be
/// read as a rule that forbids the call.
fn refused(call: &Call) -> Due {
    let also = match refusal(call) {
        "FailedOperation.CalleeIsLimited" | "FailedOperation.CallerOverFrequency" => vec![Outcome::Blocked],
        _ => Vec::new(),
    };
    Due {
        event_type: "call.ended",
        subject: call.reference.clone(),
        outcome: Some(Outcome::Failed),
        also,
        ways: vec![Way::Created],
    }
}

/// The pushes about a call: its record, and one for each recorded track a little later.
fn pushes(call: &Call) -> Vec<Callback> {
    let after = |pause: Duration| call.ended + record::delay(call) + pause;
    let push = |name: &'static str, pause, body| Callback { kind: "push", name: name.into(), at: after(pause), body };
    let mut pushes = vec![push(CDR, Duration::ZERO, record::pushed(call))];
    for track in record::tracks(call) {
        pushes.push(push(track.push, Duration::from_millis(300), track.body(call)));
    }
    pushes
}

#[cfg(test)]
mod tests;
