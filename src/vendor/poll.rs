//! Asking a vendor about calls: what to send and how to read the answer. Sending it is the driver's work.
//!
//! A [`Poller`] makes [`Inquiry`]s, small state machines: [`Inquiry::next`] gives the next HTTP request,
//! [`Inquiry::read`] takes the vendor's response to it. Neither does I/O or reads a clock, so that everything a vendor's
//! API wants (signatures, paging, odd error forms) is tested with plain values.

mod created;
pub mod oauth;
mod response;

use core::time::Duration;
use std::borrow::Cow;

use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use response::Response;

use super::Context;
use crate::event::{Convention, Country, Event, EventType, Instant, Outcome, Phone};
use crate::reject::Reject;
use crate::secret::{FileError, Secret};

/// One source's way of asking its vendor about calls.
pub trait Poller: Send + Sync {
    /// The names of the requests it makes ([`Request::action`]), each with its own rate limit.
    fn actions(&self) -> &'static [&'static str];

    /// The tenant it asks about, where that is narrower than the source's account.
    fn account(&self) -> Option<&str> {
        None
    }

    /// The id of a call in the form events have it as their subject. Refuses what can be no id of this vendor.
    fn call_id(&self, id: &str) -> Result<String, Reject>;

    /// Refuses a placed call the vendor cannot be asked about, because something is missing that it needs.
    fn check(&self, _call: &Placed) -> Result<(), Reject> {
        Ok(())
    }

    /// Type of the event that ends what a dialer places; its subject is the id a dialer gives.
    fn ends_with(&self) -> EventType {
        EventType::CallEnded
    }

    /// Reads the vendor's answer to a request that placed calls.
    fn created(&self, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject>;

    /// The event of a placed call the vendor never gave a result for: outcome `unknown`, cause `no_result`, and the key
    /// a later result would have, which then becomes its revision.
    fn no_result(&self, call: &Placed, context: &Context) -> Event {
        let mut event = context.event(self.ends_with(), &call.call, &[&call.call]);
        event.outcome = Some(Outcome::Unknown);
        event.cause = Some(no_result());
        event.call = Some(crate::event::Call { id: call.call.clone(), ..crate::event::Call::default() });
        event
    }

    /// Most calls one inquiry of [`Poller::ask`] may be about.
    fn batch(&self) -> usize {
        1
    }

    /// Asks about 1 to [`Poller::batch`] placed calls. Those without a result in the answer stay pending.
    fn ask(&self, calls: &[Placed]) -> Box<dyn Inquiry>;

    /// The longest window [`Poller::list`] can be asked for; `None` when the vendor lists nothing.
    fn longest_window(&self) -> Option<SignedDuration> {
        None
    }

    /// Asks for the results of all calls in a window that is over. Only called when there is a longest window.
    fn list(&self, _window: Window) -> Option<Box<dyn Inquiry>> {
        None
    }

    /// The request for an access token; `None` when the vendor's requests carry a signature instead, or nothing.
    fn token_request(&self, _means: &Means<'_>) -> Option<Request> {
        None
    }

    /// The token in the vendor's answer to [`Poller::token_request`].
    fn read_token(&self, _response: &Response) -> Result<Token, Failure> {
        Err(Failure::configuration("the vendor has no access tokens"))
    }

    /// Re-reads secret files; `true` when anything changed.
    fn reload_secrets(&self) -> Result<bool, FileError>;
}

/// A question and the way to its answer, in one or more requests.
pub trait Inquiry: Send {
    /// The next request; `None` when all is answered. Asked again after a failure, it gives the same request, freshly
    /// signed.
    fn next(&mut self, means: &Means<'_>) -> Option<Request>;

    /// Takes the response to the request [`Inquiry::next`] gave last and returns the facts in it, with channel and
    /// times of `context`. After an error nothing has changed.
    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure>;

    /// For a window: how far it is known to be complete, where the vendor says so. Default: to its end.
    fn reached(&self) -> Option<Timestamp> {
        None
    }
}

/// What a request is made with.
pub struct Means<'a> {
    /// The time.
    pub now: Timestamp,
    /// Unique text.
    pub nonce: &'a str,
    /// The access token, when the vendor has them.
    pub token: Option<&'a Secret>,
}

/// One HTTP request to a vendor. Its headers and body can hold secrets.
pub struct Request {
    /// Which of [`Poller::actions`] it is: metric label, and key of the rate limit.
    pub action: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The whole URL.
    pub url: String,
    /// The headers, `host` and `content-length` left out.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Bytes,
}

/// An access token.
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// How long the vendor says it lives.
    pub lifetime: Duration,
}

/// A span of time that is over: `from` is in it, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// What kind of failure the driver has to deal with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Passes by itself: asked again with growing pauses.
    Retry,
    /// Too many requests: asked again, later.
    Throttled,
    /// The access token is not accepted: asked again once with a new one.
    Token,
    /// Credentials, addresses or permissions are wrong: somebody has to mend the configuration.
    Configuration,
    /// This question can never be answered, another may.
    Permanent,
}

impl FailureClass {
    /// All classes.
    pub const ALL: [FailureClass; 5] =
        [Self::Retry, Self::Throttled, Self::Token, Self::Configuration, Self::Permanent];

    /// The text form: a metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Throttled => "throttled",
            Self::Token => "token",
            Self::Configuration => "configuration",
            Self::Permanent => "permanent",
        }
    }
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .class.as_str())]
pub struct Failure {
    /// What to do about it.
    pub class: FailureClass,
    /// How long the vendor asks to wait, where it says so.
    pub after: Option<Duration>,
    /// The vendor's code and the fix; never a value that can be a number or a secret.
    pub detail: Cow<'static, str>,
}

impl Failure {
    /// A failure of `class`.
    pub fn new(class: FailureClass, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { class, after: None, detail: detail.into() }
    }

    /// A failure that passes by itself.
    pub fn retry(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureClass::Retry, detail)
    }

    /// A failure somebody has to mend.
    pub fn configuration(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureClass::Configuration, detail)
    }

    /// A question that can never be answered.
    pub fn permanent(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(FailureClass::Permanent, detail)
    }
}

/// A call somebody placed, or that a vendor named without its result: what is asked about, and what the asker knows.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// The vendor's id of the call (for NXCloud Callbot: of the order), as events have it as their subject.
    pub call: String,
    /// The number that was dialled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-classification" = "personal"))]
    pub destination: Option<String>,
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The conversation the call belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// The caller's own id of the task or campaign; NXCloud Callbot's `userTaskID`, without which it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// When it was placed.
    pub placed_at: Instant,
    /// When to stop asking. Default: the source's `poll.deadline_seconds` after `placed_at`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Instant>,
    /// Whether only the vendor named it, in a delivery without a result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hinted: bool,
}

impl Placed {
    /// The number that was dialled: read in `country` first, and else in international form.
    pub fn dialled(&self, country: Option<Country>) -> Option<Phone> {
        let read = |convention| Phone::read(self.destination.as_deref()?, convention, country);
        read(Convention::National).filter(|to| to.e164.is_some()).or_else(|| read(Convention::International))
    }
}

/// A vendor's answer to a request that placed calls, as a dialer passes it on.
pub struct Created<'a> {
    /// The body of the answer.
    pub answer: &'a RawValue,
    /// Its `Location` header.
    pub location: Option<&'a str>,
    /// What the dialer knows about all of the calls; `call` is empty.
    pub common: &'a Placed,
    /// What the dialer knows about each, where it says so.
    pub calls: &'a [Placed],
}

/// What an answer to a request that placed calls says.
#[derive(Debug, Default)]
pub struct Placement {
    /// Calls that were placed.
    pub placed: Vec<Placed>,
    /// Facts that are certain already: numbers the vendor refused.
    pub events: Vec<Event>,
}

/// Most digits of a vendor's code that is shown: the longest have eight, and a number to call has more.
const MOST_DIGITS: usize = 8;

/// Whether a text can be a vendor's code, and is neither a sentence nor a number to call: only then it may be told.
pub fn is_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (1..=64).contains(&text.len()) && text.bytes().all(plain) && digits <= MOST_DIGITS
}

/// The cause of an event without a result.
pub fn no_result() -> crate::event::Cause {
    crate::event::Cause { interface: "trunkline".to_owned(), code: "no_result".to_owned(), text: None }
}

/// A base URL of a vendor's API without its last slash. Plain HTTP only to this machine: tokens and numbers travel there.
pub fn base_url(text: &str) -> Result<String, &'static str> {
    let url: http::Uri = text.parse().map_err(|_| "is not a URL, as \"https://api.example.com\"")?;
    let local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme_str() {
        _ if url.query().is_some() => Err("must not hold a query"),
        Some("https") => Ok(text.trim_end_matches('/').to_owned()),
        Some("http") if local => Ok(text.trim_end_matches('/').to_owned()),
        Some("http") => Err("must begin with https: plain http is for this machine only"),
        _ => Err("must begin with https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_neither_a_sentence_nor_a_number_to_call() {
        for code in ["6001", "0405000", "FailedOperation.SessionNotExists", "invalid_client", "a-b"] {
            assert!(is_code(code), "{code}");
        }
        for none in ["", "6281200000001", "InternalError.6281200000001", "no such call", "a\nb", &"x".repeat(65)] {
            assert!(!is_code(none), "{none}");
        }
    }

    #[test]
    fn a_base_url_is_https_or_local() {
        assert_eq!(base_url("https://api.example.com/v0/").as_deref(), Ok("https://api.example.com/v0"));
        assert_eq!(base_url("http://127.0.0.1:8080").as_deref(), Ok("http://127.0.0.1:8080"));
        for wrong in ["http://api.example.com", "api.example.com", "ftp://x", "https://x/?a=1", ""] {
            assert!(base_url(wrong).is_err(), "{wrong}");
        }
    }
}
