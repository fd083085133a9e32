//! Vendors: how each one signs, what it says, and what that means in the common schema.
//!
//! Every vendor has a folder with the same file names:
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the [`Vendor`] entry of the registry, its settings, its samples for `trunkline dev` |
//! | `wire.rs` | the vendor's own types, each with a link to the vendor's page |
//! | `verify.rs` | the vendor's signature, checked over the bytes as received |
//! | `normalise.rs` | from the vendor's types to [`Event`]s |
//! | `codes.rs` | the vendor's code tables |
//! | `poll.rs` | asking the vendor's API, where it has one |
//!
//! Nothing in here does I/O or reads a clock or randomness: everything is a pure function of bytes, headers,
//! configuration and the time it is given.

pub mod capture;
pub mod code;
mod explain;
#[cfg(test)]
mod fixtures;
pub mod generic;
pub mod hex;
pub mod huawei_cec;
pub mod huawei_voicecall;
pub mod jwt;
pub mod kept;
pub mod lenient;
mod masked;
#[cfg(test)]
mod mutations;
pub mod nxcloud_callbot;
pub mod nxcloud_openapi;
pub mod poll;
mod proof;
#[cfg(test)]
mod purity;
mod registry;
pub mod sestek_knovvu;
pub mod tencent_ccc;
pub mod vonage_vcc;
pub mod vonage_voice;

use std::borrow::Cow;
use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::{Schema, SchemaGenerator};
use serde_json::value::RawValue;

pub use code::CodeTable;
pub use explain::{Explain, Step};
pub use poll::Poller;
pub use registry::{REGISTRY, find};

use crate::config::{SettingsError, SourceSettings};
use crate::event::{Basis, Channel, Country, Event, EventKey, EventType, Instant, Links, Raw};
use crate::reject::Reject;
use crate::secret::Secrets;

/// A vendor trunkline understands: the entry of the registry.
pub trait Vendor: Sync {
    /// The name in configuration, events and metrics: lower case with hyphens.
    fn name(&self) -> &'static str;
    /// The vendor's name for the product.
    fn title(&self) -> &'static str;
    /// The vendor's page about its callbacks.
    fn docs(&self) -> &'static str;
    /// The kinds of callbacks, each with its own URL.
    fn kinds(&self) -> &'static [Kind];
    /// The vendor's code tables, for the documentation; codes that are in none are `unknown`.
    fn codes(&self) -> Vec<CodeTable> {
        Vec::new()
    }
    /// JSON Schema of the vendor's own settings of a source.
    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Reads the settings of one source.
    fn adapter(&self, settings: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError>;
    /// Settings (TOML) and sample bodies with made-up content, for `trunkline dev` and the documentation.
    fn demo(&self) -> Demo;
}

/// One kind of callback of a vendor.
pub struct Kind {
    /// Last segment of the callback URL, metric label.
    pub name: &'static str,
    /// What the vendor reports with it.
    pub summary: &'static str,
    /// The events it can give.
    pub events: &'static [EventType],
    /// JSON Schema of the body.
    pub body: fn(&mut SchemaGenerator) -> Schema,
}

/// What `trunkline dev` shows of a vendor.
pub struct Demo {
    /// Settings of a source of this vendor, as TOML.
    pub settings: &'static str,
    /// Kind and body of sample deliveries.
    pub samples: &'static [(&'static str, &'static str)],
}

/// One source's way of reading its vendor: settings and secrets applied.
pub trait Adapter: Send + Sync {
    /// The vendor-side tenant, where the settings name it.
    fn account(&self) -> Option<&str>;
    /// Checks that the vendor sent this, over the bytes as received. Each check is told to `explain`.
    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject>;
    /// The facts a verified delivery states, in the order they happened.
    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject>;
    /// What the vendor wants to hear.
    fn answer(&self, answer: Answer) -> Reply;
    /// Whether the vendor sends this media type (lower case, without parameters; empty when there is no header). By
    /// default everything that may hold JSON: vendors rarely document it.
    fn accepts(&self, media_type: &str) -> bool {
        matches!(media_type, "" | "application/json" | "text/json" | "text/plain") || media_type.ends_with("+json")
    }
    /// Answers a request for an access token at `/v1/sources/{source}/token`, for vendors that ask for one before they
    /// call. `None` when the vendor does not; `nonce` makes tokens differ.
    fn token(&self, _request: &TokenRequest<'_>) -> Option<Reply> {
        None
    }
    /// Signs a request as the vendor would, with the first active secret; `None` when there is none.
    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed>;
    /// How long a signed request can be repeated by anybody who saw it, seconds: 0 for ever, `None` when the source does
    /// not sign a time. Must not exceed the dedup window.
    fn replay_window_seconds(&self) -> Option<u32>;
    /// The setting that says so, for complaints.
    fn replay_window_key(&self) -> &'static str {
        "freshness_seconds"
    }
    /// What the vendor proves itself with, by the name of the setting that holds it. They are read again and counted by
    /// whoever holds the adapter.
    fn secrets(&self) -> Vec<(&'static str, &Secrets)>;
    /// The way to ask the vendor; `None` when the vendor cannot be asked, or the settings do not say where and as whom
    /// (`api`).
    fn poller(&self) -> Option<&dyn Poller> {
        None
    }
    /// Headers kept with a delivery that was not understood, so that it can be replayed.
    fn kept_headers(&self) -> &'static [&'static str];
    /// Query parameters kept with it: those that say what the delivery is, never a signature.
    fn kept_parameters(&self) -> &'static [&'static str] {
        &[]
    }
    /// The body of a delivery of `kind` that holds nothing but `part`, the `raw` of an event made of a part of a body.
    /// `None` where the settings of today read no such delivery, and for vendors whose events hold whole bodies.
    fn body_of_part(&self, _kind: &'static Kind, _part: &RawValue) -> Option<Bytes> {
        None
    }
    /// Sample bodies the settings name, for `trunkline check`.
    fn sample_files(&self) -> &[PathBuf] {
        &[]
    }
    /// The facts a sample body states, for `trunkline check`; `None` where a source has no samples. A sample has no
    /// sender to prove, so nothing but its facts leaves this method: it is no way to a [`Verified`].
    fn read_sample(&self, _body: Bytes, _context: &Context) -> Option<Result<Facts, Reject>> {
        None
    }
}

/// One HTTP request that claims to be a vendor's delivery. Nothing in it is proven.
#[derive(Clone)]
pub struct Inbound {
    /// The kind the URL names.
    pub kind: &'static Kind,
    /// The HTTP method.
    pub method: Method,
    /// The query of the URL, without `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
}

impl Inbound {
    /// The only value of a header, as text. `None` when absent, repeated or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        only_header(&self.headers, name)
    }

    /// The parts of the query with these names, as received; empty when there are none. A `?` separates too: vendors
    /// append their query to URLs that have one already.
    pub fn parameters(&self, names: &[&str]) -> String {
        let parts = self.query.as_deref().unwrap_or_default().split(['&', '?']);
        let kept: Vec<_> = parts.filter(|part| names.contains(&part.split('=').next().unwrap_or_default())).collect();
        kept.join("&")
    }
}

/// The only value of a header, as text. `None` when absent, repeated or not text.
pub fn only_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// A delivery proven to come from the vendor. Only a vendor's `verify` can make one, now or when it was [`kept`].
#[derive(Clone)]
pub struct Verified {
    inbound: Inbound,
    sent_at: Option<Instant>,
}

impl Verified {
    pub(in crate::vendor) fn new(inbound: Inbound, sent_at: Option<Instant>) -> Self {
        Self { inbound, sent_at }
    }

    /// The kind the URL names.
    pub fn kind(&self) -> &'static Kind {
        self.inbound.kind
    }

    /// The request.
    pub fn inbound(&self) -> &Inbound {
        &self.inbound
    }

    /// The body as received.
    pub fn body(&self) -> &Bytes {
        &self.inbound.body
    }

    /// When the vendor signed the request, where it says so.
    pub fn sent_at(&self) -> Option<Instant> {
        self.sent_at
    }
}

/// What a delivery states.
#[derive(Debug, Default)]
pub struct Facts {
    /// The facts, in the order they happened.
    pub events: Vec<Event>,
    /// Calls the delivery names without their result: worth asking the vendor about.
    pub hints: Vec<Hint>,
}

impl From<Vec<Event>> for Facts {
    fn from(events: Vec<Event>) -> Self {
        Self { events, hints: Vec::new() }
    }
}

/// A call that is known to exist, without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The vendor's id of the call.
    pub call: String,
}

/// What every event of a source has in common.
#[derive(Clone, Debug)]
pub struct Context {
    /// The source's name.
    pub source: String,
    /// The vendor's name.
    pub vendor: &'static str,
    /// The vendor-side tenant.
    pub account: String,
    /// Country for numbers in national form.
    pub country: Option<Country>,
    /// Zone of the vendor's times that name none.
    pub time_zone: TimeZone,
    /// Whether events carry the vendor's own object.
    pub keep_raw: bool,
    /// How the delivery came.
    pub channel: Channel,
    /// When the delivery came.
    pub received_at: Instant,
}

impl Context {
    /// An event of this source with nothing but its identity: the fact of type `event_type` about `subject`,
    /// which the vendor identifies by `ids`.
    pub fn event(&self, event_type: EventType, subject: &str, ids: &[&str]) -> Event {
        Event {
            event_type,
            key: EventKey::new(self.vendor, &self.account, event_type, ids),
            revision: 0,
            source: self.source.clone(),
            vendor: self.vendor.to_owned(),
            account: self.account.clone(),
            subject: subject.to_owned(),
            channel: self.channel,
            occurred_at: self.received_at,
            occurred_at_basis: Basis::Received,
            received_at: self.received_at,
            call: None,
            outcome: None,
            cause: None,
            handled_by: None,
            disposition: None,
            task: None,
            links: Links::default(),
            recording: None,
            key_presses: Vec::new(),
            intents: Vec::new(),
            raw: None,
        }
    }

    /// The vendor's object for an event, if the source keeps it.
    pub fn raw(&self, json: &RawValue) -> Option<Raw> {
        self.keep_raw.then(|| Raw(json.to_owned()))
    }

    /// The same where the whole body is the object; `None` when it is no JSON.
    pub fn raw_body(&self, body: &[u8]) -> Option<Raw> {
        if self.keep_raw { serde_json::from_slice(body).ok() } else { None }
    }
}

/// The two things a vendor can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Every event is safe, or a repetition could not help.
    Accepted,
    /// Not now: please repeat.
    TryAgain,
}

/// A vendor's own form of an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Cow<'static, str>,
}

/// A request for an access token.
pub struct TokenRequest<'a> {
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body as received.
    pub body: &'a [u8],
    /// The time.
    pub now: Timestamp,
    /// Unique text.
    pub nonce: &'a str,
}

/// What `trunkline sign` asks a vendor to sign.
pub struct Unsigned<'a> {
    /// The kind of callback.
    pub kind: &'static Kind,
    /// The body to sign.
    pub body: &'a str,
    /// The signing time.
    pub now: Timestamp,
    /// Unique text for the vendor's request id.
    pub nonce: &'a str,
}

/// A request signed as the vendor would.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Query of the URL, without `?`; empty for none.
    pub query: String,
    /// Headers to send.
    pub headers: Vec<(&'static str, String)>,
    /// Body to send.
    pub body: String,
}

impl Signed {
    /// The request as it arrives; `None` when a setting gives a header that HTTP cannot carry.
    pub fn received(&self, kind: &'static Kind) -> Option<Inbound> {
        let header = |(name, value): &(&str, String)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
        };
        Some(Inbound {
            kind,
            method: Method::POST,
            query: Some(self.query.clone()).filter(|query| !query.is_empty()),
            headers: self.headers.iter().map(header).collect::<Option<_>>()?,
            body: self.body.clone().into(),
        })
    }
}
