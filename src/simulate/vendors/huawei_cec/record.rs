//! What the API says of a call.
//!
//! * The list: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1305.html>
//! * One call: <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1306.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::release::{agent, reason};
use super::{AGENT, AGENT_PRESENT, CALLER_PRESENT, Sort, delay};
use crate::simulate::call::Call;

/// `state`: 0 waiting, 1 calling, 2 talking, 3 ended.
pub(super) fn state(call: &Call, now: Timestamp) -> u32 {
    let by_now = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
    match (by_now(call.ringing), by_now(call.answered)) {
        _ if now >= call.ended + delay(call) => 3,
        (_, true) => 2,
        (true, false) => 1,
        (false, false) => 0,
    }
}

/// `result` of `queryCallState`.
pub(super) fn one(call: &Call, now: Timestamp) -> Value {
    let over = state(call, now) == 3;
    let mut result = json!({
        "state": state(call, now),
        // As long as there is none it is 0, which is also a reason.
        "reasonCode": if over { reason(call) } else { 0 },
        "called": call.digits(),
        "callerPresent": CALLER_PRESENT,
        "startTime": millis(call.placed, true),
        "endTime": if over { millis(call.ended, true) } else { "".into() },
    });
    parties(&mut result, call);
    result
}

/// A row of `queryCallDetailRecord`. The table has times as texts and the sample as numbers; what did not happen is
/// null, empty or 0.
pub(super) fn row(call: &Call, now: Timestamp) -> Value {
    let over = state(call, now) == 3;
    let as_text = *call.choose(1, &[true, false]);
    let number = |value: i64| if as_text { value.to_string().into() } else { Value::from(value) };
    let never = [Value::Null, "".into(), 0.into(), "0".into()];
    let never = call.choose(3, &never);
    let by_now = |time: Option<Timestamp>| {
        let time = time.filter(|time| *time <= now);
        time.map_or_else(|| never.clone(), |time| millis(time, as_text))
    };
    let ended = || by_now(over.then_some(call.ended));
    let mut row = json!({
        "callSerialNo": call.id,
        "called": call.digits(),
        "callerPresent": CALLER_PRESENT,
        "startTime": millis(call.placed, as_text),
        "endTime": ended(),
        "alertingTime": by_now(call.ringing),
        "talkingTime": by_now(call.answered),
        "releaseTime": ended(),
        "talkDuration": number(if over { call.talk_ms() / 1000 } else { 0 }),
        "state": number(state(call, now).into()),
        "reasonCode": number(if over { reason(call).into() } else { 0 }),
    });
    parties(&mut row, call);
    if Sort::of(call) == Sort::Bidirectional {
        let (rang, talked) = agent(call);
        row["agentAlertingTime"] = by_now(rang);
        row["agentTalkingTime"] = by_now(talked);
        row["agentReleaseTime"] = rang.map_or_else(|| never.clone(), |_| ended());
        let seconds = talked.map_or(0, |talked| (call.ended.as_millisecond() - talked.as_millisecond()) / 1000);
        row["agentTalkDuration"] = number(if over { seconds } else { 0 });
    }
    row
}

/// What only bidirectional calls have: a caller, the number it is shown, the caller's data.
fn parties(target: &mut Value, call: &Call) {
    for (name, value) in [("caller", AGENT), ("agentPresent", AGENT_PRESENT), ("callData", &*call.reference)] {
        match Sort::of(call) {
            Sort::Bidirectional => target[name] = value.into(),
            Sort::Notification if *call.choose(7, &[true, false]) => target[name] = "".into(),
            Sort::Notification => {}
        }
    }
}

fn millis(time: Timestamp, as_text: bool) -> Value {
    let millis = time.as_millisecond();
    if as_text { millis.to_string().into() } else { millis.into() }
}
