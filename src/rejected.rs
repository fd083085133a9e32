//! Records of the rejected topic: who writes them, and what they hold.
//!
//! | reason | value | written by |
//! |---|---|---|
//! | one of [`Class::NotUnderstood`](crate::reject::Class) | body of a verified delivery | ingest |
//! | `poison` | value of an inbox record nobody can read | dedup |
//! | `calls_invalid` | message of a dialer nobody can read | poll |

use crate::event::{Instant, cloudevents};
use crate::reject::Reject;
use crate::source::Source;
use crate::vendor::{Verified, kept};

/// Why the record is here.
pub const REASON: &str = "trunkline_reason";
/// What to look at; never a value the sender chose.
pub const DETAIL: &str = "trunkline_detail";
/// The vendor of a delivery.
pub const VENDOR: &str = "trunkline_vendor";
/// When a delivery came, RFC 3339.
pub const RECEIVED_AT: &str = "trunkline_received_at";
/// `topic/partition/offset` of an inbox record.
pub const ORIGIN: &str = "trunkline_origin";

/// Reason of an inbox record nobody can read.
pub const POISON: &str = "poison";
/// Reason of a dialer's message nobody can read.
pub const CALLS_INVALID: &str = "calls_invalid";

/// The headers of a verified delivery that is not understood.
pub fn headers(
    source: &Source,
    delivery: &Verified,
    reject: &Reject,
    received_at: Instant,
) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        (REASON, reject.reason.as_str().to_owned()),
        (DETAIL, reject.detail.to_string()),
        (cloudevents::header::SOURCE, source.name.clone()),
        (VENDOR, source.vendor.name().to_owned()),
        (RECEIVED_AT, received_at.to_string()),
    ];
    headers.extend(kept::headers(delivery, source.adapter.kept_parameters()));
    for &name in source.adapter.kept_headers() {
        headers.extend(delivery.inbound().header(name).map(|value| (name, value.to_owned())));
    }
    headers
}
