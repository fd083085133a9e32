//! Vonage Voice's words and what they mean in the common schema.
//!
//! `detail` says more than `status`, hence it goes first.
//! <https://developer.vonage.com/en/voice/voice-api/webhook-reference>

use crate::event::Outcome;

/// Outcome of a `status` that ends a call. `completed` is here for a call without a sign that anybody answered: which
/// side gave up is then not told.
pub const STATUS: &[(&str, Outcome)] = &[
    ("busy", Outcome::Busy),
    ("cancelled", Outcome::Cancelled),
    ("completed", Outcome::Unknown),
    ("failed", Outcome::Failed),
    ("rejected", Outcome::Rejected),
    ("timeout", Outcome::NoAnswer),
    ("unanswered", Outcome::NoAnswer),
];

/// Outcome of a `detail` beside `failed`, `rejected`, `unanswered` or `timeout`.
pub const DETAIL: &[(&str, Outcome)] = &[
    ("cannot_route", Outcome::Unreachable),
    ("carrier_timeout", Outcome::Failed),
    ("declined", Outcome::Rejected),
    ("internal_error", Outcome::Failed),
    ("invalid_number", Outcome::InvalidNumber),
    ("number_out_of_service", Outcome::InvalidNumber),
    ("restricted", Outcome::Blocked),
    ("timeout", Outcome::NoAnswer),
    ("unavailable", Outcome::Unreachable),
];
