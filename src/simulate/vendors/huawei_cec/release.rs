//! The callbacks about a call.
//!
//! * Voice notifications: <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2805.html>
//! * Bidirectional calls: <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1318.html> and
//!   <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1319.html>

use jiff::{Timestamp, tz};
use serde_json::{Value, json};

use super::{AGENT, CALLER_PRESENT, Sort};
use crate::simulate::call::{Call, Outcome};

/// Why the call ended: `releaseReason` of callbacks, `reasonCode` of the API. The same number means different things
/// for the two sorts of calls. Only those are used whose meaning leaves one outcome.
pub(super) fn reason(call: &Call) -> u32 {
    match (Sort::of(call), call.outcome) {
        (Sort::Notification, Outcome::Answered) => *call.choose(0, &[0, 1]),
        (Sort::Notification, Outcome::NoAnswer) => 4,
        (Sort::Notification, Outcome::Failed) => *call.choose(0, &[6, 8, 9, 999]),
        (Sort::Bidirectional, Outcome::Answered) => *call.choose(0, &[0, 1]),
        (Sort::Bidirectional, Outcome::NoAnswer) => 5,
        (Sort::Bidirectional, Outcome::Failed) => *call.choose(0, &[2, 3, 4]),
        // In neither table.
        _ => *call.choose(0, &[77, 4711]),
    }
}

/// When the agent's telephone rang, and when the agent picked up. Code 2 is that the agent could not be called, code 4
/// that the agent did not answer.
pub(super) fn agent(call: &Call) -> (Option<Timestamp>, Option<Timestamp>) {
    match (call.outcome, reason(call)) {
        (Outcome::Failed, 2) => (None, None),
        (Outcome::Failed, 4) => (Some(call.placed), None),
        _ => (Some(call.placed), Some(call.placed)),
    }
}

/// Path of the recording, with blanks as in the vendor's sample: the signature leaves them out.
pub(super) fn recording(call: &Call) -> Option<String> {
    let kept = call.answered.is_some() && *call.choose(5, &[true, false]);
    kept.then(|| format!("Y:/9/0/simulated calls/{}.wav", call.id))
}

/// The local time in China, as in the settings of the source. No callback names a zone.
fn local(time: Timestamp) -> String {
    time.to_zoned(tz::offset(8).to_time_zone()).strftime("%Y/%m/%d,%H:%M:%S:%3f").to_string()
}

/// The body of `vn.release` or `dual.release`, before signing.
pub(super) fn released(call: &Call) -> Value {
    let seconds = (call.talk_ms() / 1000).to_string();
    let mut body = json!({
        "callSerialNo": call.id,
        "called": call.digits(),
        "callerPresent": CALLER_PRESENT,
        "createCallTime": local(call.placed),
        "releaseTime": local(call.ended),
        // The vendor's sample has 0 for a call that was answered.
        "talkDuration": *call.choose(6, &["0", &seconds]),
        "locationId": "0",
        "releaseReason": reason(call).to_string(),
    });
    // What there is not is left out, or empty.
    let empty = *call.choose(7, &[true, false]);
    let mut set = |name: &str, value: Option<String>| match value {
        Some(value) => body[name] = value.into(),
        None if empty => body[name] = "".into(),
        None => {}
    };
    set("alertingTime", call.ringing.map(local));
    set("talkingTime", call.answered.map(local));
    set("recordfile", recording(call));
    if Sort::of(call) == Sort::Bidirectional {
        let (rang, talked) = agent(call);
        set("agentAlertingTime", rang.map(local));
        set("agentTalkingTime", talked.map(local));
        set("agentReleaseTime", rang.map(|_| local(call.ended)));
        // The vendor's sample has a time in place of a duration.
        set("agentTalkDuration", talked.map(|_| local(call.ended)));
        for (name, value) in [("serviceNo", "101"), ("caller", AGENT), ("callData", &*call.reference)] {
            body[name] = value.into();
        }
    }
    body
}

/// The body of `dual.status`.
pub(super) fn connected(call: &Call) -> Value {
    json!({ "callSerialNo": call.id, "serviceNo": "", "called": call.digits(), "callData": call.reference })
}
