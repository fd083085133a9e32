//! Why a delivery was refused: one closed set of reasons, used by every layer.
//!
//! The core never names an HTTP status. A [`Reject`] carries a [`Reason`] (the only thing that becomes a
//! metric label) and a detail that names the field or header and the fix. A detail never repeats a value
//! the sender chose: values can be phone numbers or secrets.

use std::borrow::Cow;

/// What a reason means for the sender and for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// There is nothing at this address.
    NotFound,
    /// The request can never be a delivery: method, content type or size.
    Unacceptable,
    /// The sender did not prove who it is. Nothing is published.
    Unauthenticated,
    /// Proven to come from the vendor, but not understood. Kept whole in the rejected topic and
    /// acknowledged, because a repetition cannot help.
    NotUnderstood,
    /// trunkline cannot take it now; the vendor should repeat it.
    Unavailable,
}

macro_rules! reasons {
    ($($name:ident = $text:literal, $class:ident, $meaning:literal;)+) => {
        /// Every reason for not publishing a delivery. The text form is a metric label and part of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $(#[doc = $meaning] $name,)+ }

        impl Reason {
            /// All reasons, in the order of the documentation.
            pub const ALL: &'static [Reason] = &[$(Reason::$name,)+];

            /// The text form: a metric label, a header of the rejected topic, a member of problem bodies.
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $text,)+ }
            }

            /// What the reason means for the delivery.
            pub const fn class(self) -> Class {
                match self { $(Reason::$name => Class::$class,)+ }
            }

            /// One sentence for the documentation.
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$name => $meaning,)+ }
            }
        }
    };
}

reasons! {
    SourceUnknown = "source_unknown", NotFound, "No source of that name is configured.";
    KindUnknown = "kind_unknown", NotFound, "The source's vendor has no such kind of callback.";
    AddressNotAllowed = "address_not_allowed", Unauthenticated, "The caller's address is not in the source's `allowed_addresses`.";
    PathTokenWrong = "path_token_wrong", Unauthenticated, "The URL does not hold one of the source's path tokens.";
    CredentialsWrong = "credentials_wrong", Unauthenticated, "User, password or access token are wrong or absent.";
    MethodNotAllowed = "method_not_allowed", Unacceptable, "The vendor does not use this HTTP method.";
    ContentType = "content_type", Unacceptable, "The vendor does not send this content type or encoding.";
    BodyTooLarge = "body_too_large", Unacceptable, "The body is over `http.max_body_bytes`.";
    BodyIncomplete = "body_incomplete", Unacceptable, "The body did not arrive whole or in time.";
    HeaderMissing = "header_missing", Unauthenticated, "A header or field that proves the sender is absent.";
    HeaderInvalid = "header_invalid", Unauthenticated, "A header or field that proves the sender has an impossible form.";
    AccountMismatch = "account_mismatch", Unauthenticated, "The delivery names another vendor account than the source.";
    SignatureMismatch = "signature_mismatch", Unauthenticated, "No active secret gives this signature.";
    Stale = "stale", Unauthenticated, "The signing time is outside the freshness window.";
    BodyNotJson = "body_not_json", NotUnderstood, "The body is not JSON of the documented shape.";
    FieldMissing = "field_missing", NotUnderstood, "A field that identifies the fact is absent or empty.";
    FieldInvalid = "field_invalid", NotUnderstood, "A field has a type or form that cannot be read.";
    NotHandled = "not_handled", NotUnderstood, "A kind of notification trunkline makes no event of.";
    EventTooLarge = "event_too_large", NotUnderstood, "An event made of the delivery is over `kafka.max_message_bytes`.";
    RateLimited = "rate_limited", Unavailable, "More deliveries a second than the source's `max_per_second`.";
    Overloaded = "overloaded", Unavailable, "Too many requests are in flight for the processor, or for the source's fair share, or the producer queue is full.";
    KafkaUnavailable = "kafka_unavailable", Unavailable, "Kafka did not acknowledge in time.";
    KafkaAway = "kafka_away", Unavailable, "Kafka is known to be away: refused at once, without waiting for `http.answer_deadline_ms`.";
    SpoolFull = "spool_full", Unavailable, "Kafka is away, or not yet caught up with, and the spool is at `spool.max_bytes`.";
    SpoolFailed = "spool_failed", Unavailable, "Kafka is away, and the spool cannot be written.";
}

/// A refused delivery: the reason, and what to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", .reason.as_str())]
pub struct Reject {
    /// The closed reason.
    pub reason: Reason,
    /// Names the field or header and the fix; never a value the sender chose.
    pub detail: Cow<'static, str>,
}

impl Reject {
    /// A refusal for `reason`, saying what to look at.
    pub fn new(reason: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
