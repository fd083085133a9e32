//! Vonage Contact Center's words and what they mean in the common schema.

use crate::event::Outcome;

/// Outcome of a `reason` of `channel.connectionfailed`. `released` is the only one the vendor shows; it does not say who
/// released, hence no more than "failed". A source can configure the others.
pub const CONNECTION_FAILED: &[(&str, Outcome)] = &[("released", Outcome::Failed)];

/// Outcome of a `reason` of `channel.ended`: that a leg was released does not tell whether somebody had spoken.
pub const ENDED: &[(&str, Outcome)] = &[("released", Outcome::Unknown)];
