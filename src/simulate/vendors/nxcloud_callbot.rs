//! NXCloud Callbot, API version 3: <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-callCallback>.
//!
//! What a dialer places is an order, many of them with one request and in one task; each is dialled once or twice. The
//! events of a call have the vendor's call id as their subject, those of an order the dialer's own id.
//!
//! | file | holds |
//! |---|---|
//! | `sign.rs` | signatures |
//! | `actions.rs` | the API's actions |
//! | `order.rs` | tasks, orders and calls, as callbacks and the API have them |

mod actions;
mod order;
mod sign;

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::order::{rounds, taken};
use self::sign::{Algorithm, Stamp, Wrong, wrong};
use super::{Callback, Created, Delivery, Due, Signing, Vendor, Way};
use crate::simulate::api::{Answer, Request};
use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;
use crate::simulate::site::Site;

const UUID: &str = "UID-SIMULATED-01";
const SECRET: &str = "simulated-secret-nxcloud";

/// Where the API is, below the base URL.
const PREFIX: &str = "/callcentre/api/v3/";

/// Names of the task's callbacks.
const TASK_RUNS: &str = "task runs";
const TASK_DONE: &str = "task done";

/// The simulated vendor.
pub struct NxcloudCallbot;

impl Vendor for NxcloudCallbot {
    fn name(&self) -> &'static str {
        "nxcloud-callbot"
    }

    fn settings(&self, url: &str) -> String {
        let mut lines = vec![
            format!("uuid = \"{UUID}\""),
            format!("secrets = [\"{SECRET}\"]"),
            "algorithm = \"sha256\"".to_owned(),
            format!("call_status.{} = \"{}\"", order::BLOCKED, Outcome::Blocked.as_str()),
            format!("call_status.{} = \"{}\"", order::CANCELLED, Outcome::Cancelled.as_str()),
            format!("api.base_url = \"{url}\""),
            // Small enough for several pages.
            "api.page_size = 20".to_owned(),
            "api.batch = 10".to_owned(),
            "api.task_days = 1".to_owned(),
        ];
        let explained = order::REFUSALS.iter().filter(|refusal| refusal.explained);
        lines.extend(
            explained.map(|refusal| format!("api.err_msg.\"{}\" = \"{}\"", refusal.text, refusal.outcome.as_str())),
        );
        let sweep = ["every_seconds = 10", "lag_seconds = 2", "overlap_seconds = 300", "look_back_seconds = 3600"];
        lines.extend(sweep.map(|line| format!("poll.sweep.{line}")));
        lines.join("\n")
    }

    fn outcomes(&self) -> &'static [Outcome] {
        Outcome::ALL
    }

    fn refuses(&self) -> bool {
        true
    }

    fn together(&self) -> usize {
        20
    }

    /// The dialer's own id: unique among all orders.
    fn id(&self, draw: &mut Draw) -> String {
        format!("order-{}", draw.hex(16))
    }

    /// As `createAndCall` answers: only the numbers that were refused are named.
    fn created(&self, placing: &Placing) -> Created {
        let errors: Vec<_> = placing
            .calls
            .iter()
            .filter_map(|order| {
                let refusal = order::refusal(order, placing)?;
                Some(json!({ "phone": order.digits(), "errMsg": refusal.text }))
            })
            .collect();
        let body = json!({
            "retCode": 0,
            "retMsg": "success",
            "responseID": Draw::new(0, &["nxcloud response", &placing.task], 0).hex(32),
            "taskID": order::task_id(&placing.task),
            "totalCount": placing.calls.len(),
            "successCount": placing.calls.len() - errors.len(),
            "errList": errors,
        });
        Created { status: 200, location: None, body, names_calls: false }
    }

    fn callbacks(&self, placing: &Placing) -> Vec<Callback> {
        let mut callbacks: Vec<_> = taken(placing).flat_map(|order| of_order(order, &placing.task)).collect();
        let orders = || taken(placing);
        let Some((first, last)) = orders().map(|order| order.placed).min().zip(orders().map(|order| order.ended).max())
        else {
            return callbacks;
        };
        for (name, at, status) in [(TASK_RUNS, first, order::RUNNING), (TASK_DONE, last, order::COMPLETED)] {
            let mut body = order::task(placing, at);
            body["taskStatus"] = status.into();
            body["callbackType"] = 1.into();
            callbacks.push(Callback { kind: "task", name: name.into(), at: at + Duration::from_millis(200), body });
        }
        callbacks
    }

    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery {
        let fault = signing.wrong.map(|bits| sign::FAULTS[(bits % sign::FAULTS.len() as u64) as usize]);
        let (headers, body) = sign::callback(callback.body.to_string(), signing, fault);
        Delivery { path: callback.kind.to_owned(), headers, body }
    }

    /// The vendor's neighbouring products take 200 alone for a yes; of Callbot nothing is documented.
    fn heard(&self, status: u16, _body: &[u8]) -> bool {
        status == 200
    }

    fn due(&self, placing: &Placing) -> Vec<Due> {
        let mut due: Vec<_> = placing.calls.iter().flat_map(|order| due(order, placing)).collect();
        if taken(placing).next().is_some() {
            due.extend([TASK_RUNS, TASK_DONE].map(|name| Due {
                event_type: "task.changed",
                subject: placing.task.clone(),
                outcome: None,
                also: Vec::new(),
                ways: vec![Way::Callback(name.into())],
            }));
        }
        due
    }

    fn action(&self, request: &Request) -> &'static str {
        let named = request.path.strip_prefix(PREFIX).unwrap_or_default();
        actions::NAMES.iter().copied().find(|name| *name == named).unwrap_or("other")
    }

    /// Errors come with status 200, too.
    fn answer(&self, request: &Request, site: &Site) -> Answer {
        let signed = sign::check(request);
        let answer = signed.and_then(|_| checked(self.action(request), request, site));
        let moment = request.now.as_nanosecond() as u64;
        let response_id = Draw::new(site.seed, &[self.name(), "response"], moment).hex(32);
        let envelope = |code: u32| {
            let text = if code == 0 { "success" } else { "simulated" };
            json!({ "retCode": code, "retMsg": text, "responseID": response_id })
        };
        let answer = match answer {
            Ok(content) => {
                let mut body = envelope(0);
                for (name, value) in content.as_object().into_iter().flatten() {
                    body[name] = value.clone();
                }
                Answer::ok(&body)
            }
            Err(Wrong { what, code }) => Answer::violation(what, StatusCode::OK, &envelope(code)),
        };
        with_signature(answer, request, signed.unwrap_or(Algorithm::Md5))
    }
}

/// The content of the answer to a request that is signed.
fn checked(action: &str, request: &Request, site: &Site) -> Result<Value, Wrong> {
    if request.method != Method::POST || !request.query.is_empty() || action == "other" {
        return wrong(4, "no such address");
    }
    if request.media_type() != "application/json" {
        return wrong(3, "content-type is not JSON");
    }
    let Some(body) = request.json() else { return wrong(3, "the body is no JSON object") };
    actions::answer(action, &body, request.now, site)
}

/// Answers repeat what names the request, and are signed like it.
fn with_signature(answer: Answer, request: &Request, algorithm: Algorithm) -> Answer {
    let create_ts = request.now.as_second().to_string();
    let echo = |name| request.header(name).unwrap_or_default();
    let stamp = Stamp { create_ts: &create_ts, request_id: echo("requestid"), uuid: echo("uuid") };
    let sign = sign::sign(algorithm, SECRET, &answer.body, stamp);
    answer
        .header("requestID", stamp.request_id)
        .header("uuid", stamp.uuid)
        .header("algorithm", algorithm.word())
        .header("sign", sign)
        .header("createTs", create_ts.clone())
}

fn name_of_call(id: &str) -> String {
    format!("call {id}")
}

fn name_of_order(id: &str) -> String {
    format!("order {id}")
}

/// The callbacks about one order: one for each call, and a last one that repeats the last call.
fn of_order(order: &Call, task: &str) -> Vec<Callback> {
    let mut callbacks = Vec::new();
    for round in rounds(order) {
        let mut body = order::order(order, task, round.last);
        // The page of this callback has a number, that of orders a text, and the samples of both say 1.
        body["callbackType"] = (*order.choose(1, &[3, 1])).into();
        body["callInfoDetail"] = round.detail(true, false);
        callbacks.push(Callback { kind: "call", name: name_of_call(&round.id).into(), at: round.ended, body });
        if round.last {
            let mut body = order::order(order, task, true);
            body["callbackType"] = (*order.choose(1, &["2", "1"])).into();
            body["callInfoDetail"] = round.detail(false, true);
            let at = order.ended + Duration::from_millis(100);
            callbacks.push(Callback { kind: "order", name: name_of_order(&order.id).into(), at, body });
        }
    }
    callbacks
}

/// What comes of one order.
fn due(order: &Call, placing: &Placing) -> Vec<Due> {
    let finished = |outcome, ways| Due {
        event_type: "order.finished",
        subject: order.id.clone(),
        outcome: Some(outcome),
        also: Vec::new(),
        ways,
    };
    if let Some(refusal) = order::refusal(order, placing) {
        return vec![finished(refusal.outcome, vec![Way::Created])];
    }
    let mut due = Vec::new();
    for round in rounds(order) {
        let mut ways = vec![Way::Callback(name_of_call(&round.id).into())];
        if round.last {
            ways.push(Way::Callback(name_of_order(&order.id).into()));
        }
        ways.extend([Way::Asked(order.id.clone()), Way::Listed(round.id.clone())]);
        let event = |event_type, outcome| Due {
            event_type,
            subject: round.id.clone(),
            outcome,
            also: Vec::new(),
            ways: ways.clone(),
        };
        due.push(event("call.ended", Some(round.outcome)));
        due.extend(round.audio().map(|_| event("recording.available", None)));
    }
    let ways = vec![Way::Callback(name_of_order(&order.id).into()), Way::Asked(order.id.clone())];
    due.push(finished(order.outcome, ways));
    due
}

#[cfg(test)]
mod tests;
