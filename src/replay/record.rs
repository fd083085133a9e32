//! From a record of trunkline's own topics to the delivery it was.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use rdkafka::message::Message;

use crate::dedup::fact::text;
use crate::event::cloudevents::header::SOURCE;
use crate::event::{Channel, Event, Instant};
use crate::form;
use crate::rejected;
use crate::source::{Source, Sources};
use crate::vendor::kept::{self, Kept, header};
use crate::vendor::{Context, Verified};

/// Which topic is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// Deliveries that were not understood.
    Rejected,
    /// Events that were written, from the vendor's object in them.
    Inbox,
}

macro_rules! skips {
    ($($name:ident = $text:literal, $meaning:literal;)+) => {
        /// Why a record is not replayed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Skip { $(#[doc = $meaning] $name,)+ }

        impl Skip {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Skip] = &[$(Skip::$name,)+];

            /// The text form: in the output for programs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Skip::$name => $text,)+ }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Skip::$name => $meaning,)+ }
            }
        }
    };
}

skips! {
    Newer = "newer_form", "Written by a newer trunkline: replay it with that one.";
    Damaged = "damaged", "A header that says what the delivery was is absent or cannot be read.";
    NoDelivery = "no_delivery", "No delivery of a vendor: an inbox record or a dialer's message that nobody could read.";
    SourceGone = "source_gone", "Its source is no longer configured.";
    OtherVendor = "other_vendor", "Its source belongs to another vendor now.";
    KindGone = "kind_gone", "The vendor no longer has this kind of callback.";
    Polled = "polled", "The vendor was asked for it: ask again instead.";
    NoRaw = "no_raw", "The event does not hold the vendor's object (keep_raw was off, or the body was no JSON).";
    NoKind = "no_kind", "Written by an older trunkline, which did not keep the kind of callback.";
    PartOnly = "part_only", "The event holds a part of a body, and today's settings read no such parts.";
    Superseded = "superseded", "The same fact was told again later: that one is replayed instead.";
}

/// A delivery as it was received, and what was made of it then.
pub struct Delivery {
    /// The source, as configured today.
    pub source: Arc<Source>,
    /// The delivery.
    pub verified: Verified,
    /// Today's settings, with the time of then.
    pub context: Context,
    /// The event that was made of it; none for what was not understood.
    pub former: Option<Event>,
}

/// Reads a record of the topic `from`.
pub fn delivery(from: From, message: &impl Message, sources: &Sources) -> Result<Delivery, Skip> {
    match form::of_header(text(message, form::HEADER)) {
        Ok(None) => {}
        Ok(Some(_)) => return Err(Skip::Newer),
        Err(_) => return Err(Skip::Damaged),
    }
    match from {
        From::Rejected => not_understood(message, sources),
        From::Inbox => written(message, sources),
    }
}

fn not_understood(message: &impl Message, sources: &Sources) -> Result<Delivery, Skip> {
    match text(message, rejected::REASON) {
        None => return Err(Skip::Damaged),
        Some(rejected::POISON | rejected::CALLS_INVALID) => return Err(Skip::NoDelivery),
        Some(_) => {}
    }
    let vendor = text(message, rejected::VENDOR).ok_or(Skip::Damaged)?;
    let source = source(message, vendor, sources)?;
    let received_at = instant(text(message, rejected::RECEIVED_AT).ok_or(Skip::Damaged)?)?;
    let kind = text(message, header::KIND).ok_or(Skip::Damaged)?;
    let kept_headers = source.adapter.kept_headers().iter().filter_map(|name| {
        let value = HeaderValue::from_str(text(message, name)?).ok()?;
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    });
    let kept = Kept {
        kind: source.kind(kind).ok_or(Skip::KindGone)?,
        query: text(message, header::QUERY).map(str::to_owned),
        headers: kept_headers.collect(),
        sent_at: text(message, header::SENT_AT).map(instant).transpose()?,
        body: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
    };
    let context = source.context(Channel::Callback, received_at);
    Ok(Delivery { verified: kept.verified_when_kept(), context, source, former: None })
}

fn written(message: &impl Message, sources: &Sources) -> Result<Delivery, Skip> {
    let event: Event = serde_json::from_slice(message.payload().unwrap_or_default()).map_err(|_| Skip::Damaged)?;
    let source = source(message, &event.vendor, sources)?;
    if event.channel == Channel::Poll {
        return Err(Skip::Polled);
    }
    let kind = text(message, header::KIND).ok_or(Skip::NoKind)?;
    let kind = source.kind(kind).ok_or(Skip::KindGone)?;
    let raw = &event.raw.as_ref().ok_or(Skip::NoRaw)?.0;
    let body = match text(message, header::RAW) {
        None => kept::body(raw),
        Some(kept::PART) => source.adapter.body_of_part(kind, raw).ok_or(Skip::PartOnly)?,
        Some(_) => return Err(Skip::Damaged),
    };
    let kept = Kept {
        kind,
        query: text(message, header::QUERY).map(str::to_owned),
        // Nothing but the signature is in headers: what `normalise` needs of them is in `sent_at`.
        headers: HeaderMap::new(),
        sent_at: text(message, header::SENT_AT).map(instant).transpose()?,
        body,
    };
    let context = source.context(Channel::Callback, event.received_at);
    Ok(Delivery { verified: kept.verified_when_kept(), context, source, former: Some(event) })
}

/// The source a record names, if it still belongs to `vendor`.
fn source(message: &impl Message, vendor: &str, sources: &Sources) -> Result<Arc<Source>, Skip> {
    let name = text(message, SOURCE).ok_or(Skip::Damaged)?;
    let source = sources.get(name).ok_or(Skip::SourceGone)?;
    if source.vendor.name() == vendor { Ok(source.clone()) } else { Err(Skip::OtherVendor) }
}

fn instant(text: &str) -> Result<Instant, Skip> {
    text.parse::<Timestamp>().map(Instant::new).map_err(|_| Skip::Damaged)
}

#[cfg(test)]
mod tests;
