//! Huawei Cloud CEC (AICC): voice notifications and bidirectional calls.
//!
//! * Callbacks: <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2804.html> and
//!   <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1317.html>
//! * Access tokens: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0002.html>
//! * Questions: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1305.html> and
//!   <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1306.html>
//!
//! Outbound campaigns are left out: no answer of the vendor names their calls, and how to sign questions about them is
//! not documented.
//!
//! | file | holds |
//! |---|---|
//! | `sign.rs` | the signature of callbacks |
//! | `release.rs` | the callbacks, and the codes of a call's end |
//! | `api.rs` | the API: tokens, new calls, questions |
//! | `record.rs` | what the API says of a call |

mod api;
mod record;
mod release;
mod sign;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Callback, Created, Delivery, Due, SWEEP, Signing, Vendor, Way};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;
use crate::simulate::site::Site;

const SHARED_KEY: &str = "simulated-shared-key-huawei";
const PATH_TOKEN: &str = "simulated-path-token-huawei";
const APP_KEY: &str = "simulated-app-key-huawei";
const APP_SECRET: &str = "simulated-app-secret-huawei";

/// The number the called party sees: one Ofcom reserves for drama.
const CALLER_PRESENT: &str = "442079460001";
/// The telephone of the agent, and the number it shows.
const AGENT: &str = "442079460002";
const AGENT_PRESENT: &str = "442079460003";

/// The kinds of callbacks. The end of each sort of call has its own.
const VN_RELEASE: &str = "vn-release";
const DUAL_STATUS: &str = "dual-status";
const DUAL_RELEASE: &str = "dual-release";

/// What the vendor places: the beginning of the serial number tells the simulator which, and nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// A voice notification.
    Notification,
    /// A bidirectional call: the agent is called first, then the called party.
    Bidirectional,
}

impl Sort {
    fn of(call: &Call) -> Self {
        if call.id.starts_with("13") { Self::Bidirectional } else { Self::Notification }
    }

    /// A new serial number: 19 digits that fit into 63 bits.
    fn serial(self, draw: &mut Draw) -> String {
        let first = if self == Self::Bidirectional { "13" } else { "11" };
        format!("{first}{}", draw.digits(17))
    }

    fn release(self) -> &'static str {
        if self == Self::Bidirectional { DUAL_RELEASE } else { VN_RELEASE }
    }
}

/// The simulated vendor.
pub struct HuaweiCec;

impl Vendor for HuaweiCec {
    fn name(&self) -> &'static str {
        "huawei-cec"
    }

    fn settings(&self, url: &str) -> String {
        format!(
            "secrets = [\"{SHARED_KEY}\"]\n\
             path_tokens = [\"{PATH_TOKEN}\"]\n\
             time_zone = \"Asia/Shanghai\"\n\
             numbers = \"international\"\n\
             api.base_url = \"{url}\"\n\
             api.app_key = \"{APP_KEY}\"\n\
             api.app_secrets = [\"{APP_SECRET}\"]\n\
             {SWEEP}"
        )
    }

    /// The vendor has one code for numbers that are busy, off or wrong, and one for calls that are rejected or ring out.
    fn outcomes(&self) -> &'static [Outcome] {
        &[Outcome::Answered, Outcome::NoAnswer, Outcome::Failed, Outcome::Unknown]
    }

    fn refuses(&self) -> bool {
        true
    }

    fn id(&self, draw: &mut Draw) -> String {
        let sort = if draw.chance(0.4) { Sort::Bidirectional } else { Sort::Notification };
        sort.serial(draw)
    }

    /// As `createVoiceNotification` and `createCall` answer: the latter's table has the serial number as a number.
    fn created(&self, placing: &Placing) -> Created {
        let created = |body| Created { status: 200, location: None, body, names_calls: true };
        let Some(call) = placing.calls.first() else { return created(json!({})) };
        if call.refused {
            let (code, text) = refusal(call);
            return created(json!({ "retCode": code, "retMsg": text }));
        }
        let serial = match (Sort::of(call), call.id.parse::<u64>()) {
            (Sort::Bidirectional, Ok(number)) => number.into(),
            _ => Value::from(call.id.as_str()),
        };
        created(json!({ "retCode": "0", "retMsg": "Created successfully.", "result": { "callSerialNo": serial } }))
    }

    fn callbacks(&self, placing: &Placing) -> Vec<Callback> {
        let callback = |kind: &'static str, at, body| Callback { kind, name: kind.into(), at, body };
        let mut callbacks = Vec::new();
        for call in placing.placed() {
            let sort = Sort::of(call);
            if let (Sort::Bidirectional, Some(answered)) = (sort, call.answered) {
                callbacks.push(callback(DUAL_STATUS, answered, release::connected(call)));
            }
            callbacks.push(callback(sort.release(), call.ended + delay(call), release::released(call)));
        }
        callbacks
    }

    /// Ends are signed, connections never are; the token in the path is all that proves these.
    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery {
        let headers = vec![("content-type", "application/json".to_owned())];
        let own = format!("{PATH_TOKEN}/");
        let is_signed = callback.kind != DUAL_STATUS;
        let (token, fault) = match signing.wrong {
            None => (own, None),
            Some(bits) if is_signed && bits % 4 != 0 => (own, Some(sign::FAULTS[(bits / 4 % 7) as usize])),
            Some(bits) => (["", "another-path-token/"][(bits / 4 % 2) as usize].to_owned(), None),
        };
        let body = match is_signed {
            true => sign::signed(&callback.body, signing, fault).to_string(),
            false => callback.body.to_string(),
        };
        Delivery { path: format!("{token}{}", callback.kind), headers, body }
    }

    /// Both texts are mandatory: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0067.html>. What the vendor
    /// does after anything else is not documented, so nothing is repeated.
    fn heard(&self, status: u16, body: &[u8]) -> bool {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        status == 200 && answer["retCode"] == "0" && answer["retMsg"].is_string()
    }

    fn due(&self, placing: &Placing) -> Vec<Due> {
        let mut due = Vec::new();
        for call in &placing.calls {
            if call.refused {
                due.push(refused(call));
                continue;
            }
            let sort = Sort::of(call);
            let release = || Way::Callback(sort.release().into());
            due.push(Due::ended(call, vec![release(), Way::Asked(call.id.clone()), Way::Listed(call.id.clone())]));
            // The answers of the API have no recordings, and no time of the connection.
            let by_callback = |event_type, way| Due {
                event_type,
                subject: call.id.clone(),
                outcome: None,
                also: Vec::new(),
                ways: vec![way],
            };
            if release::recording(call).is_some() {
                due.push(by_callback("recording.available", release()));
            }
            if sort == Sort::Bidirectional && call.answered.is_some() {
                due.push(by_callback("call.answered", Way::Callback(DUAL_STATUS.into())));
            }
        }
        due
    }

    fn action(&self, request: &Request) -> &'static str {
        api::action(&request.path).unwrap_or("other")
    }

    fn answer(&self, request: &Request, site: &Site) -> Answer {
        match api::action(&request.path) {
            Some(action) if request.method == Method::POST => api::answer(action, request, site),
            Some(_) => Answer::violation("not a POST", StatusCode::METHOD_NOT_ALLOWED, &json!({})),
            None => Answer::violation("no such address", StatusCode::NOT_FOUND, &json!({})),
        }
    }
}

/// How long the vendor takes from the end of a call to saying so.
fn delay(call: &Call) -> Duration {
    Duration::from_millis(*call.choose(4, &[0, 50, 200, 900]))
}

/// Why the vendor does not place a call: <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2802.html>.
fn refusal(call: &Call) -> (&'static str, &'static str) {
    *call.choose(2, &[("5", "Called is not configured"), ("3", "No serial number"), ("16", "Not on the trial list")])
}

/// What comes of a call that was not placed: only the dialer's reference names it. That the number was not accepted can
/// be read in more ways than one.
fn refused(call: &Call) -> Due {
    let also = match refusal(call).0 {
        "5" => vec![Outcome::InvalidNumber],
        "16" => vec![Outcome::Blocked],
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

#[cfg(test)]
mod tests;
