//! Knovvu's call states and what they mean in the common schema.

use crate::event::Outcome;

/// Outcome of a `CallState`, in the spelling of the vendor's page. Compared in [`canonical`] form, because the page
/// writes blanks where an interface usually has none.
/// <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>
pub const CALL_STATE: &[(&str, Outcome)] = &[
    ("Answered", Outcome::Answered),
    ("Busy", Outcome::Busy),
    ("No Answer", Outcome::NoAnswer),
    ("Rejected", Outcome::Rejected),
    ("Invalid Number", Outcome::InvalidNumber),
    // The telephone is off or out of coverage, which is no fault of the network.
    ("Temporarily Unavailable", Outcome::Unreachable),
    ("Error", Outcome::Failed),
];

/// A state without case, blanks, hyphens and underscores: `No Answer`, `NoAnswer` and `NO_ANSWER` are one state.
pub fn canonical(state: &str) -> String {
    state.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The vendor's outcome of a state in canonical form; `None` for a state that is not in the table.
pub fn outcome(state: &str) -> Option<Outcome> {
    CALL_STATE.iter().find(|(row, _)| canonical(row) == state).map(|(_, outcome)| *outcome)
}
