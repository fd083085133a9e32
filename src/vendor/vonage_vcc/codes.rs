//! Vonage Contact Center's words and what they mean in the common schema.

use std::collections::BTreeMap;

use crate::event::Outcome;

/// Outcome of a `reason` of `channel.connectionfailed`. `released` is the only one the vendor shows; it does not say who
/// released, hence no more than "failed". A source can configure the others.
pub const CONNECTION_FAILED: &[(&str, Outcome)] = &[("released", Outcome::Failed)];

/// Outcome of a `reason` of `channel.ended`: that a leg was released does not tell whether somebody had spoken.
pub const ENDED: &[(&str, Outcome)] = &[("released", Outcome::Unknown)];

/// Outcome of a `result.code` of the Calls API. `Failure` is the only one the vendor shows; the reason says more.
pub const RESULT_CODE: &[(&str, Outcome)] = &[("Success", Outcome::Answered), ("Failure", Outcome::Failed)];

/// Outcome of an `endReason` of the Insights Stats API. The vendor shows no other; who released is not told.
pub const END_REASON: &[(&str, Outcome)] = &[("Released", Outcome::Unknown)];

/// Outcome of a reason of the called party, `result.reason` or `endReason`, that holds one of these words. `NoAnswer` is the
/// only one the vendor shows, in `result.reason`; the others read clearly.
pub const REASON: &[(&str, Outcome)] = &[
    ("no answer", Outcome::NoAnswer),
    ("not answered", Outcome::NoAnswer),
    ("busy", Outcome::Busy),
    ("reject", Outcome::Rejected),
    ("declined", Outcome::Rejected),
    ("invalid", Outcome::InvalidNumber),
];

/// Outcome of an error text that holds these words, of a request that placed no call.
/// <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568664632/Making+a+call>
pub const MESSAGE: &[(&str, Outcome)] = &[
    ("number is invalid", Outcome::InvalidNumber),
    ("telephone number exceeds", Outcome::InvalidNumber),
    // The calling agent's own telephone: the called party was not dialled.
    ("agent number busy", Outcome::Failed),
    ("dialed agent is not currently available", Outcome::Busy),
    ("please try again", Outcome::Failed),
];

/// Of what a source has configured, without regard to case.
pub fn configured(words: &BTreeMap<String, Outcome>, word: &str) -> Option<Outcome> {
    words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, outcome)| *outcome)
}

/// The outcome of a word, without regard to case.
pub fn look_up(table: &[(&str, Outcome)], word: &str) -> Option<Outcome> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, outcome)| *outcome)
}

/// The outcome of a reason that reads clearly, in whatever spelling.
pub fn reading(reason: &str) -> Option<Outcome> {
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-', '_'], "");
    let reason = plain(reason);
    REASON.iter().find(|(words, _)| reason.contains(&plain(words))).map(|(_, outcome)| *outcome)
}
