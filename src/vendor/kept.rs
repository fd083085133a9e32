//! Deliveries kept in trunkline's own topics, and the way back from there.
//!
//! A delivery was verified when it came. It cannot be verified again: since then its signing time has become stale and
//! its secret may have been rotated. So a replay takes the topic's word for it, and whoever may write that topic is
//! trusted as a vendor is. [`Kept::verified_when_kept`] is the only way around a vendor's `verify`; a test sees to it
//! that nothing but the replay calls it.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::value::RawValue;

use super::{Inbound, Kind, Verified};
use crate::event::{Event, Instant};

/// Names of the headers that say what a delivery was besides its body.
pub mod header {
    /// The kind of callback.
    pub const KIND: &str = "trunkline_kind";
    /// When the vendor signed it, RFC 3339; absent when it signs no time.
    pub const SENT_AT: &str = "trunkline_sent_at";
    /// The parts of the query that say what it is; absent when there are none.
    pub const QUERY: &str = "trunkline_query";
    /// `part` when the event's `raw` is not the whole body.
    pub const RAW: &str = "trunkline_raw";

    /// All of them: for whoever passes records on without them.
    pub const ALL: &[&str] = &[KIND, SENT_AT, QUERY, RAW];
}

/// Value of [`header::RAW`].
pub const PART: &str = "part";

/// The headers of a record that holds `delivery` as its body; `parameters` are the query parameters to keep.
pub fn headers(delivery: &Verified, parameters: &[&str]) -> Vec<(&'static str, String)> {
    let mut headers = vec![(header::KIND, delivery.kind().name.to_owned())];
    headers.extend(delivery.sent_at().map(|at| (header::SENT_AT, at.to_string())));
    let query = delivery.inbound().parameters(parameters);
    if !query.is_empty() {
        headers.push((header::QUERY, query));
    }
    headers
}

/// The same for the records of its `events`, which hold the body as `raw`, whole or in parts.
pub fn event_headers(delivery: &Verified, parameters: &[&str], events: &[Event]) -> Vec<(&'static str, String)> {
    let mut headers = headers(delivery, parameters);
    let body = delivery.body().trim_ascii();
    let whole = |event: &Event| event.raw.as_ref().is_none_or(|raw| raw.0.get().as_bytes() == body);
    if !events.iter().all(whole) {
        headers.push((header::RAW, PART.to_owned()));
    }
    headers
}

/// A delivery as a topic of trunkline's own holds it.
pub struct Kept {
    /// The kind of callback it was.
    pub kind: &'static Kind,
    /// What was kept of the query.
    pub query: Option<String>,
    /// What was kept of the headers.
    pub headers: HeaderMap,
    /// When the vendor signed it.
    pub sent_at: Option<Instant>,
    /// The body as received.
    pub body: Bytes,
}

impl Kept {
    /// The delivery, verified when it came. To be called for records of the topics `rejected` and `inbox` only.
    pub fn verified_when_kept(self) -> Verified {
        let Self { kind, query, headers, sent_at, body } = self;
        Verified::new(Inbound { kind, method: Method::POST, query, headers, body }, sent_at)
    }
}

/// The vendor's object as a body.
pub fn body(raw: &RawValue) -> Bytes {
    Bytes::copy_from_slice(raw.get().as_bytes())
}
