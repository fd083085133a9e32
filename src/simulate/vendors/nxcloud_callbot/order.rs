//! Orders and their calls, as callbacks and the API have them:
//! <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-callCallback>,
//! <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-orderCallback>.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulate::call::{Call, Outcome, Placing};
use crate::simulate::draw::Draw;

/// `callStatus` of blocked and of cancelled calls. The vendor does not publish its codes: these are made up, and the
/// settings say what they mean. All other calls have the 1 of the vendor's samples.
pub(super) const BLOCKED: u32 = 8;
/// See [`BLOCKED`].
pub(super) const CANCELLED: u32 = 9;

/// A number that calls: of a range that is reserved for fiction.
const CALLING: &str = "442079460101";

/// A call of an order. An order that nobody answered at first is dialled once more.
pub(super) struct Round<'a> {
    order: &'a Call,
    /// The vendor's call id.
    pub(super) id: String,
    /// When it was dialled.
    pub(super) started: Timestamp,
    answered: Option<Timestamp>,
    /// When it was over.
    pub(super) ended: Timestamp,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// The order is finished with it.
    pub(super) last: bool,
}

/// The calls of an order: one or two, the last one with the order's outcome.
pub(super) fn rounds(order: &Call) -> Vec<Round<'_>> {
    let id = |round| Draw::new(order.variant, &["call", &order.id], round).hex(32);
    let last = |id, started| Round {
        order,
        id,
        started,
        answered: order.answered,
        ended: order.ended,
        outcome: order.outcome,
        last: true,
    };
    if *order.choose(0, &[true, true, true, false]) {
        return vec![last(id(0), order.placed)];
    }
    let until = order.ringing.unwrap_or(order.ended);
    let half = order.placed + (until.duration_since(order.placed) / 2);
    let first = Round {
        order,
        id: id(0),
        started: order.placed,
        answered: None,
        ended: half,
        outcome: Outcome::NoAnswer,
        last: false,
    };
    vec![first, last(id(1), half)]
}

impl Round<'_> {
    /// Whether it is over.
    pub(super) fn over(&self, now: Timestamp) -> bool {
        now >= self.ended
    }

    /// The object `callInfoDetail`. Callbacks of orders do not name the calling line.
    pub(super) fn detail(&self, line: bool, sms: bool) -> Value {
        let (cause, sip) = self.reason();
        let answered = self.answered.map_or(0, Timestamp::as_second);
        let mut detail = json!({
            "callID": self.id,
            "callStatus": match self.outcome {
                Outcome::Blocked => BLOCKED,
                Outcome::Cancelled => CANCELLED,
                _ => 1,
            },
            "callStartTs": self.started.as_second(),
            "callAnswerTs": answered,
            "callEndTs": self.ended.as_second(),
            "callDuration": if answered > 0 { self.ended.as_second() - answered } else { 0 },
            "callAudioUrl": self.audio().unwrap_or_default(),
            "hangupCause": cause,
            "termSipCode": sip,
            "intents": self.intents(),
            "sms": [],
            "agent": {
                "agentName": null, "agentGroup": null, "agentLabel": null, "agentCallStatus": null,
                "agentCallElapsed": null, "manualCallStart": null, "manualCallAnswer": null, "manualCallEnd": null,
                "manualHangupBy": 0,
            },
            "params": [{ "name": "city", "value": "Springfield" }],
        });
        if line {
            detail["callingNumber"] = CALLING.into();
            detail["lineAddress"] = "192.0.2.10".into();
        }
        if sms && self.answered.is_some() && *self.order.choose(3, &[true, false, false]) {
            let id = Draw::new(self.order.variant, &["sms"], 0).digits(12);
            let sms = json!({ "smsSendTs": self.ended.as_second(), "sysMessageID": id, "smsContent": "Thank you." });
            detail["sms"] = json!([sms]);
        }
        detail
    }

    /// Where the recording is, if there is one: of most calls that were answered.
    pub(super) fn audio(&self) -> Option<String> {
        let recorded = self.answered.is_some() && *self.order.choose(2, &[true, true, false]);
        recorded.then(|| format!("https://media.nxcloud.example/{}.wav", self.id))
    }

    fn intents(&self) -> Value {
        if self.answered.is_none() {
            return json!([]);
        }
        let intents = [
            json!([{ "intentID": "101", "intentTag": "interested", "intentName": "A", "intentLevel": 1 }]),
            json!([{ "intentID": "104", "intentTag": "", "intentName": "Refused", "intentLevel": 4 },
                   { "intentID": "107", "intentTag": "later", "intentName": "Call back", "intentLevel": 2 }]),
            json!([]),
        ];
        self.order.choose(4, &intents).clone()
    }

    /// `hangupCause` and `termSipCode`. Neither vocabulary is documented: the causes are those of a neighbouring product, the
    /// codes mean what they mean in SIP, and either may be missing.
    fn reason(&self) -> (&'static str, &'static str) {
        let reasons: &[(&str, &str)] = match self.outcome {
            Outcome::Answered => &[("NORMAL_CLEARING", "200"), ("NORMAL_CLEARING", "")],
            Outcome::Busy => &[("USER_BUSY", "486"), ("USER_BUSY", "600"), ("USER_BUSY", ""), ("", "486")],
            Outcome::NoAnswer => &[("NO_ANSWER", "408"), ("ORIGINATOR_CANCEL", "487"), ("NO_USER_RESPONSE", "")],
            Outcome::Rejected => &[("CALL_REJECTED", "603"), ("CALL_REJECTED", ""), ("", "403")],
            Outcome::InvalidNumber => {
                &[("UNALLOCATED_NUMBER", "404"), ("NUMBER_CHANGED", "410"), ("INVALID_NUMBER_FORMAT", ""), ("", "484")]
            }
            Outcome::Unreachable => &[("SUBSCRIBER_ABSENT", "480"), ("NO_ROUTE_DESTINATION", ""), ("", "480")],
            Outcome::Failed => &[("NETWORK_OUT_OF_ORDER", "503"), ("SWITCH_CONGESTION", ""), ("", "500")],
            Outcome::Blocked | Outcome::Cancelled => &[("", "")],
            // Ambiguous without an answer, and in no table.
            Outcome::Unknown => &[("NORMAL_CLEARING", ""), ("SIMULATED_CAUSE", "")],
        };
        *self.order.choose(5, reasons)
    }
}

/// The fields of an order without its calls.
pub(super) fn order(order: &Call, task: &str, finish: bool) -> Value {
    json!({
        "orderID": order.id,
        "userPhone": order.digits(),
        "userName": "",
        "sceneID": "scene-1",
        "userTaskID": task,
        "taskID": task_id(task),
        "finish": finish,
        "other": order.reference,
    })
}

/// The vendor's own id of a task.
pub(super) fn task_id(task: &str) -> String {
    Draw::new(0, &["nxcloud task", task], 0).digits(12)
}

/// Why the vendor does not take an order: it names numbers, so all orders of one request with the same number share it.
pub(super) fn refusal(order: &Call, placing: &Placing) -> Option<&'static Refusal> {
    let first = placing.calls.iter().find(|other| other.refused && other.number == order.number)?;
    Some(first.choose(6, &REFUSALS))
}

/// An `errMsg` and what it means.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Free text; the vendor documents none.
    pub(super) text: &'static str,
    /// What it means.
    pub(super) outcome: Outcome,
    /// Whether the settings say what it means. A text that nobody explained is a failure.
    pub(super) explained: bool,
}

/// The texts the simulator uses.
pub(super) static REFUSALS: [Refusal; 2] = [
    Refusal { text: "phone format error", outcome: Outcome::InvalidNumber, explained: true },
    Refusal { text: "simulated refusal", outcome: Outcome::Failed, explained: false },
];

/// The orders the vendor took.
pub(super) fn taken(placing: &Placing) -> impl Iterator<Item = &Call> {
    placing.calls.iter().filter(|order| refusal(order, placing).is_none())
}

/// A task's state and numbers at a time: the body of its callback, and its row in the list.
pub(super) fn task(placing: &Placing, at: Timestamp) -> Value {
    let orders: Vec<_> = taken(placing).collect();
    let over: Vec<_> = orders.iter().copied().flat_map(rounds).filter(|round| round.over(at)).collect();
    let finished = orders.iter().filter(|order| order.over(at)).count();
    let answered = over.iter().filter(|round| round.outcome == Outcome::Answered).count();
    let ratio = |part: usize, whole: usize| (part as f64 / whole.max(1) as f64 * 100.0).round() / 100.0;
    json!({
        "userTaskID": placing.task,
        "taskID": task_id(&placing.task),
        "sceneID": "scene-1",
        "taskStatus": if finished == orders.len() { COMPLETED } else { RUNNING },
        "createTs": placing.calls.first().map_or(0, |order| order.placed.as_second()),
        "taskStat": {
            "answerOrderCount": answered,
            "finishOrderCount": finished,
            "totalOrderCount": orders.len(),
            "finishRate": ratio(finished, orders.len()),
            "totalAnswerCall": answered,
            "totalCall": over.len(),
            "answerRate": ratio(answered, over.len()),
        },
    })
}

/// `taskStatus` of a task that is under way.
pub(super) const RUNNING: u32 = 2;

/// `taskStatus` of a task whose orders are finished.
pub(super) const COMPLETED: u32 = 3;
