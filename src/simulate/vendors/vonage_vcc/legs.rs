//! The two legs of a call, and what webhooks say of them:
//! <https://newvoicemedia.atlassian.net/wiki/spaces/VCCA/pages/3913679071>.
//!
//! The agent is dialled first. Only when the agent picks up is the customer called.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulate::call::{Call, Outcome};
use crate::simulate::draw::Draw;
use crate::simulate::vendors::Callback;

/// The name of the webhook about the customer's telephone that rings, and of the one about the customer who picks it up.
pub(super) const RINGS: &str = "customer alerted";
/// See [`RINGS`].
pub(super) const ANSWERS: &str = "customer connected";
/// The name of the webhook that ends the customer's leg, whichever it is.
pub(super) const ENDS: &str = "customer ends";

/// One participant of a call.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    /// The leg's id. The first leg of an interaction has the interaction's own.
    pub(super) id: String,
    /// It is the agent's.
    pub(super) agent: bool,
    /// When its telephone began to ring; `None` where it never did.
    pub(super) alerted: Option<Timestamp>,
    /// When it was picked up.
    pub(super) connected: Option<Timestamp>,
    /// When it was over.
    pub(super) ended: Timestamp,
}

/// Whether the agent did not pick up, so that nobody called the customer.
pub(super) fn without_customer(call: &Call) -> bool {
    call.outcome == Outcome::Failed && *call.choose(0, &[true, true, false])
}

/// The legs of a call, the agent's first.
pub(super) fn legs(call: &Call) -> Vec<Leg> {
    let begins = call.ringing.unwrap_or(call.ended);
    let half = call.placed + (begins.duration_since(call.placed) / 2);
    let alone = without_customer(call);
    let agent = Leg {
        id: call.id.clone(),
        agent: true,
        alerted: Some(call.placed),
        connected: (!alone).then_some(half),
        ended: call.ended,
    };
    if alone {
        return vec![agent];
    }
    let customer = Leg {
        id: Draw::new(call.variant, &["customer", &call.id], 0).guid(),
        agent: false,
        alerted: call.ringing,
        connected: call.answered,
        ended: call.ended,
    };
    vec![agent, customer]
}

/// Whether the webhook about a customer's leg that nobody answered is `connectionfailed` and not `ended`. Which one it is
/// for a telephone that nobody picks up is not documented.
pub(super) fn fails_to_connect(call: &Call) -> bool {
    match call.outcome {
        Outcome::Answered | Outcome::Unknown => false,
        Outcome::NoAnswer => *call.choose(1, &[true, false]),
        _ => !without_customer(call),
    }
}

/// The conversation of a call: it groups calls, though here it has one only.
pub(super) fn conversation(call: &Call) -> String {
    Draw::new(call.variant, &["conversation", &call.id], 0).guid()
}

/// The webhooks about a call.
pub(super) fn webhooks(call: &Call) -> Vec<Callback> {
    let mut webhooks = Vec::new();
    for leg in legs(call) {
        let failed = if leg.agent { without_customer(call) } else { fails_to_connect(call) };
        let end = if failed { "connectionfailed" } else { "ended" };
        let names = match leg.agent {
            true => ["agent alerted", "agent connected", "agent ends"],
            false => [RINGS, ANSWERS, ENDS],
        };
        let moments = [("alerted", leg.alerted), ("connected", leg.connected), (end, Some(leg.ended))];
        for (name, (event, at)) in names.into_iter().zip(moments) {
            let Some(at) = at else { continue };
            let body = webhook(call, &leg, event, at);
            // The vendor's samples are written half a second after what they tell.
            webhooks.push(Callback { kind: "events", name: name.into(), at: at + DELAY, body });
        }
    }
    webhooks
}

/// From what happens to the writing of its webhook, as in the vendor's samples.
const DELAY: Duration = Duration::from_millis(525);

/// A CloudEvent about a leg.
fn webhook(call: &Call, leg: &Leg, event: &str, at: Timestamp) -> Value {
    let mut draw = Draw::new(call.variant, &["webhook", &leg.id, event, &call.id], u64::from(leg.agent));
    let version = call.choose(2, &["v1", "v1", "v1", "v0"]);
    let interaction = match call.choose(3, &[false, false, true]) {
        true => call.id.to_uppercase(),
        false => call.id.clone(),
    };
    let party = match leg.agent {
        true => json!({ "role": "agent", "agentId": AGENT, "userId": "ef71f453-556a-3abc-7769-bc678ef6e090" }),
        // The word for customers is not documented.
        false => json!({ "role": call.choose(4, &["customer", "external"]) }),
    };
    let mut body = json!({
        "specversion": "1.0",
        "type": format!("channel.{event}.{version}"),
        "id": ksuid(&mut draw),
        "source": "/channel",
        "subject": leg.id,
        "time": (at + DELAY).strftime("%FT%T.%7fZ").to_string(),
        "datacontenttype": "application/json",
        "data": {
            "timestamp": milliseconds(at),
            "channel": {
                "conversationId": conversation(call),
                "interactionId": interaction,
                "channelId": leg.id,
                "party": party,
            },
        },
    });
    if matches!(event, "connectionfailed" | "ended") {
        body["data"]["reason"] = "released".into();
    }
    body
}

/// The agent who calls.
pub(super) const AGENT: &str = "1544";

/// A time as the vendor writes it.
pub(super) fn milliseconds(at: Timestamp) -> String {
    at.strftime("%FT%T.%3fZ").to_string()
}

/// 27 letters and digits.
fn ksuid(draw: &mut Draw) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    (0..27).map(|_| char::from(DIGITS[draw.between(&(0..=61)) as usize])).collect()
}
