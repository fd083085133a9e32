//! How a call ended, in the words every consumer shares.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! outcomes {
    ($($name:ident = $text:literal, $code:literal, $meaning:literal;)+) => {
        /// How a call (or the last call of an order) ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Outcome { $(#[doc = $meaning] $name,)+ }

        impl Outcome {
            /// All outcomes, in the order of the documentation.
            pub const ALL: &'static [Outcome] = &[$(Outcome::$name,)+];

            /// The text form: in events, headers and metric labels.
            pub const fn as_str(self) -> &'static str {
                match self { $(Outcome::$name => $text,)+ }
            }

            /// The code kept in the seen-set and in `trunkline.seen`: never renumbered.
            pub const fn code(self) -> u8 {
                match self { $(Outcome::$name => $code,)+ }
            }

            /// The outcome of a seen-set code; `None` for a code of a newer version.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Outcome::$name),)+ _ => None }
            }
        }
    };
}

outcomes! {
    Unknown = "unknown", 0, "The vendor gave no outcome, or a code that is not in its table.";
    Answered = "answered", 1, "Somebody or something (person, voicemail, fax) picked up.";
    Busy = "busy", 2, "The called party was on another call.";
    NoAnswer = "no_answer", 3, "It rang until somebody gave up.";
    Rejected = "rejected", 4, "The called party or its network declined the call.";
    InvalidNumber = "invalid_number", 5, "The number does not exist or cannot be dialled.";
    Unreachable = "unreachable", 6, "The telephone is off, out of area or has no route.";
    Blocked = "blocked", 7, "A list or rule of the vendor or the operator forbade the call.";
    Cancelled = "cancelled", 8, "The caller's side withdrew the call before it was answered.";
    Failed = "failed", 9, "The vendor or the network could not place or keep the call.";
}

impl Outcome {
    /// The outcome with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|outcome| outcome.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_code_and_serde_agree() {
        for &outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
            assert_eq!(Outcome::from_code(outcome.code()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).expect("serialises"), outcome.as_str());
        }
        assert_eq!(Outcome::from_code(200), None);
    }
}
