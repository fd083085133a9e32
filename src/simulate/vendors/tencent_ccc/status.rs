//! The end status of a call: <https://www.tencentcloud.com/document/product/1229/71847>.

use crate::simulate::call::{Call, Outcome};

/// Name and number of the status. Pushes have the name alone. Only those are used whose meaning leaves one outcome.
pub(super) fn status(call: &Call) -> (&'static str, u32) {
    match call.outcome {
        Outcome::Answered => *call.choose(0, &[("ok", 1), ("ok", 1), ("ok", 1), ("maxCallDurationReached", 229)]),
        Outcome::Busy => ("busy", 206),
        Outcome::NoAnswer => ("notAnswer", 202),
        Outcome::Rejected => ("userReject", 203),
        Outcome::InvalidNumber => *call.choose(0, &[("numberNotExist", 205), ("numberInvalid", 215)]),
        Outcome::Unreachable => {
            *call.choose(0, &[("powerOff", 204), ("notInService", 210), ("outOfCredit", 207), ("callReminder", 213)])
        }
        Outcome::Blocked => {
            *call.choose(0, &[("restrictedCallee", 108), ("carrierBlocked", 212), ("calleeRestricted", 217)])
        }
        Outcome::Cancelled => ("callerCancelWhileRing", 220),
        Outcome::Failed => *call.choose(0, &[("operatorError", 208), ("clientError", 211)]),
        // The second number is in the vendor's model without a name or a meaning.
        Outcome::Unknown => *call.choose(0, &[("unknown", 201), ("undescribed", 214)]),
    }
}
