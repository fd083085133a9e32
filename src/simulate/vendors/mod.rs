//! The simulated vendors, one file each, written from the vendors' own documents.
//!
//! Everything a vendor does is a plain function of values: what a call's create answer, callbacks and API answers look
//! like. Sending, timing and faults are done once for all vendors, in the files beside this folder.

mod huawei_cec;
mod nxcloud_callbot;
mod sestek_knovvu;
mod tencent_ccc;
mod vonage_vcc;

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::api::{Answer, Request};
use super::call::{Call, Outcome, Placing};
use super::draw::Draw;
use super::site::Site;

/// Every simulated vendor.
pub static REGISTRY: &[&dyn Vendor] = &[
    &sestek_knovvu::SestekKnovvu,
    &huawei_cec::HuaweiCec,
    &nxcloud_callbot::NxcloudCallbot,
    &tencent_ccc::TencentCcc,
    &vonage_vcc::VonageVcc,
];

/// The simulated vendor of that name.
pub fn find(name: &str) -> Option<&'static dyn Vendor> {
    REGISTRY.iter().copied().find(|vendor| vendor.name() == name)
}

/// Settings of a source whose vendor lists calls: quick, for a demonstration.
const SWEEP: &str = "poll.sweep.every_seconds = 5\n\
                     poll.sweep.lag_seconds = 2\n\
                     poll.sweep.overlap_seconds = 300\n\
                     poll.sweep.look_back_seconds = 3600";

/// A simulated vendor.
pub trait Vendor: Sync {
    /// The name, as in the configuration of a source.
    fn name(&self) -> &'static str;

    /// Further keys of `[sources.NAME]`, one a line, in TOML with dotted keys: the secrets of callbacks, `api.*` for a
    /// vendor that serves at `url`, and `poll.sweep.*` where the vendor lists calls. `vendor`, `dialer_tokens` and the
    /// rest of `poll` are written for all vendors alike.
    fn settings(&self, url: &str) -> String;

    /// The outcomes the vendor's codes can tell apart.
    fn outcomes(&self) -> &'static [Outcome];

    /// Whether the vendor documents how it says no to a create request.
    fn refuses(&self) -> bool {
        false
    }

    /// Most calls of one create request.
    fn together(&self) -> usize {
        1
    }

    /// A new id of a call, in the form events have it as their subject.
    fn id(&self, draw: &mut Draw) -> String;

    /// The answer to the create request that placed (or refused) these calls.
    fn created(&self, placing: &Placing) -> Created;

    /// The callbacks about these calls, if all goes well, in any order.
    fn callbacks(&self, placing: &Placing) -> Vec<Callback>;

    /// A callback as it goes over the wire. `signing` says whether it has to be signed wrongly.
    fn sign(&self, callback: &Callback, signing: &Signing) -> Delivery;

    /// Whether the vendor takes this answer to a callback for a yes.
    fn heard(&self, status: u16, _body: &[u8]) -> bool {
        (200..300).contains(&status)
    }

    /// The pauses before the vendor's repetitions of a callback nobody said yes to; none where it documents none. A
    /// documented pause of minutes is shortened to seconds.
    fn repeats(&self) -> &'static [Duration] {
        &[]
    }

    /// What has to be on `trunkline.events` about these calls in the end.
    fn due(&self, placing: &Placing) -> Vec<Due>;

    /// Which action of the vendor's API a request is for, by the vendor's own name of it; `"other"` for none.
    fn action(&self, request: &Request) -> &'static str;

    /// Requests of an action the vendor documents to answer in a second; `None` where it documents no number.
    fn limit(&self, _action: &str) -> Option<u32> {
        None
    }

    /// The vendor's answer to a request above its limit.
    fn throttled(&self) -> Answer {
        Answer::refused(http::StatusCode::TOO_MANY_REQUESTS, &serde_json::json!({ "message": "Too many requests" }))
    }

    /// The vendor's answer to a request: as strict as its documents, and no call's result before the call is over.
    fn answer(&self, request: &Request, site: &Site) -> Answer;
}

/// The vendor's answer to a create request.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// HTTP status.
    pub status: u16,
    /// Its `Location` header.
    pub location: Option<String>,
    /// Its body.
    pub body: Value,
    /// Whether the body names the calls. Where it does not, the dialer says which ids it gave them.
    pub names_calls: bool,
}

/// A callback the vendor means to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Callback {
    /// The kind: last segment of its URL.
    pub kind: &'static str,
    /// Its name among the callbacks about one [`Placing`]; unique there.
    pub name: Cow<'static, str>,
    /// When the vendor sends it.
    pub at: Timestamp,
    /// The body, before signing.
    pub body: Value,
}

/// What a callback is signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// The time.
    pub now: Timestamp,
    /// Unique text: 32 hex digits. A copy with the same bytes has the same.
    pub nonce: String,
    /// Sign it wrongly; the bits choose in which way.
    pub wrong: Option<u64>,
}

/// A callback as it goes over the wire: always a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The path below `/v1/callbacks/SOURCE/`, with the query if there is one.
    pub path: String,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// An event that has to come of a [`Placing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The event's type.
    pub event_type: &'static str,
    /// The event's subject.
    pub subject: String,
    /// The event's outcome, where its type has one.
    pub outcome: Option<Outcome>,
    /// Other outcomes that are right as long as not everything is known: a callback that says less than the API.
    pub also: Vec<Outcome>,
    /// The ways trunkline can come to know it. One that works is enough.
    pub ways: Vec<Way>,
}

/// A way trunkline can come to know a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The callback of this name states it.
    Callback(Cow<'static, str>),
    /// The callback of this name says that there is something to ask for: the call of this id.
    Hint(Cow<'static, str>, String),
    /// The API states it to those who ask for the call of this id, which trunkline does when the dialer told it.
    Asked(String),
    /// The API lists it, with the call of this id, for those who ask what happened in a time.
    Listed(String),
    /// The answer to the create request states it, which trunkline knows when the dialer told it.
    Created,
}

impl Due {
    /// `call.ended` of a call.
    pub fn ended(call: &Call, ways: Vec<Way>) -> Self {
        Self { event_type: "call.ended", subject: call.id.clone(), outcome: Some(call.outcome), also: Vec::new(), ways }
    }
}

#[cfg(test)]
mod tests;
