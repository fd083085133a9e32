//! The vendor's answer to a request that placed a call: `createVoiceNotification` and `createCall`, all versions.
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2801.html>
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2802.html>
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1303.html>

use serde::Deserialize;

use super::super::normalise::{phone, serial};
use super::super::wire::{compact, without_blanks};
use super::super::{Settings, codes};
use super::answer::Envelope;
use super::row::fields;
use crate::event::{Call, Cause, Convention, Direction, Event, EventType, Links, Outcome, Phone};
use crate::reject::{Reason, Reject};
use crate::vendor::code::look_up;
use crate::vendor::poll::{Created, Placed, Placement};
use crate::vendor::{Context, lenient};

/// `result` of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewCall {
    /// The call: a text, or a number beyond what a float can hold.
    #[serde(default, deserialize_with = "compact")]
    call_serial_no: Option<String>,
}

/// Reads an answer. A serial number says that there is a call, whatever the code says.
pub fn read(settings: &Settings, created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    let envelope: Envelope = lenient::object(created.answer.get().as_bytes())?;
    let code = envelope.code();
    let call = envelope.result.and_then(|result| fields::<NewCall>(&result)?.call_serial_no);
    let known = known(call.as_deref(), created)?;
    match (call, code.as_deref()) {
        (Some(call), _) => {
            serial(Some(&call))?;
            Ok(Placement { placed: vec![Placed { call, ..known }], events: Vec::new() })
        }
        (None, Some("0")) => {
            Err(Reject::new(Reason::FieldMissing, "answer.result.callSerialNo is absent or empty: give the call's id"))
        }
        (None, Some(code)) => {
            let event = refused(settings, code, &known, created, context)?;
            Ok(Placement { placed: Vec::new(), events: vec![event] })
        }
        (None, None) => {
            Err(Reject::new(Reason::FieldMissing, "answer.retCode is absent: give the body of the vendor's answer"))
        }
    }
}

/// What the dialer knows about the call; an answer is about one.
fn known(call: Option<&str>, created: &Created<'_>) -> Result<Placed, Reject> {
    let fits = |own: &Placed| own.call.is_empty() || without_blanks(&own.call).as_deref() == call;
    let common = created.common;
    let own = match created.calls {
        [] => common,
        [own] if fits(own) => own,
        _ => {
            let detail = "calls does not fit the answer, which is about one call: give its destination beside answer";
            return Err(Reject::new(Reason::FieldInvalid, detail));
        }
    };
    let or = |own: &Option<String>, common: &Option<String>| own.clone().or_else(|| common.clone());
    Ok(Placed {
        call: String::new(),
        destination: or(&own.destination, &common.destination),
        reference: or(&own.reference, &common.reference),
        conversation: or(&own.conversation, &common.conversation),
        task: or(&own.task, &common.task),
        placed_at: own.placed_at,
        deadline: own.deadline.or(common.deadline),
        hinted: false,
    })
}

/// The event of a call that was never made. It has no id: the caller's reference stands for it.
fn refused(
    settings: &Settings,
    code: &str,
    known: &Placed,
    created: &Created<'_>,
    context: &Context,
) -> Result<Event, Reject> {
    let Some(reference) = known.reference.as_deref().filter(|reference| !reference.is_empty()) else {
        let detail = "the answer says that no call was made, so there is nothing to ask about: give a reference to have \
                      that published";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let id = lenient::required(Some(reference), "reference")?;
    let mut event = context.event(EventType::CallEnded, id, &["refused", id]);
    event.outcome = Some(look_up(codes::CREATE_RET_CODE, code).unwrap_or(Outcome::Failed));
    event.cause = Some(Cause { interface: codes::CREATE.to_owned(), code: code.to_owned(), text: None });
    event.call = Some(Call {
        id: id.to_owned(),
        direction: Some(Direction::Outbound),
        to: destination(settings, &known.destination, context),
        ..Call::default()
    });
    event.links = Links {
        reference: known.reference.clone(),
        conversation: known.conversation.clone(),
        task: known.task.clone(),
        ..Links::default()
    };
    event.raw = context.raw(created.answer);
    Ok(event)
}

/// The number as the vendor was given it, or else in international form, as dialers are asked to give it.
fn destination(settings: &Settings, number: &Option<String>, context: &Context) -> Option<Phone> {
    let phone = phone(settings, number, context)?;
    match phone.e164 {
        Some(_) => Some(phone),
        None => Phone::read(&phone.raw, Convention::International, context.country),
    }
}
