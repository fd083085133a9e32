//! The vendor's answers to a request that placed a call: `CreateCallOutSession`, `CreateIVRSession`, `CreateAICall` and
//! `CreateAIAgentCall`. <https://www.tencentcloud.com/document/api/1229/59778>

use serde::Deserialize;

use super::answer::{self, Answer, Code};
use crate::event::{Call, Cause, Convention, Direction, Event, EventType, Links, Outcome, Phone};
use crate::reject::{Reason, Reject};
use crate::vendor::Context;
use crate::vendor::code::look_up;
use crate::vendor::lenient::text;
use crate::vendor::poll::{Created, Placed, Placement};
use crate::vendor::tencent_ccc::{codes, members, normalise};

#[derive(Deserialize)]
struct Session {
    #[serde(rename = "SessionId", default, deserialize_with = "text")]
    session_id: Option<String>,
}

/// The call that was placed; or, when the vendor refused, the end of a call that never was.
pub fn created(created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    match answer::open(created.answer.get().as_bytes()) {
        Answer::Said(said) => {
            let Session { session_id } = members::object(said.get().as_bytes())?;
            let call = normalise::session(session_id.as_deref())?;
            Ok(Placement { placed: vec![placed(created, call)], events: Vec::new() })
        }
        Answer::Refused(code) => Ok(Placement { placed: Vec::new(), events: vec![refused(created, &code, context)?] }),
        Answer::Unreadable => Err(Reject::new(Reason::BodyNotJson, "answer is not one of this vendor")),
    }
}

fn placed(created: &Created<'_>, call: String) -> Placed {
    let own = created.calls.iter().find(|own| normalise::session(Some(&own.call)).is_ok_and(|own| own == call));
    match own {
        None => Placed { call, ..created.common.clone() },
        Some(own) => {
            let common = created.common.clone();
            let own = own.clone();
            Placed {
                call,
                destination: own.destination.or(common.destination),
                reference: own.reference.or(common.reference),
                conversation: own.conversation.or(common.conversation),
                task: own.task.or(common.task),
                deadline: own.deadline.or(common.deadline),
                ..own
            }
        }
    }
}

/// Without a session only the dialer's reference can name the call.
fn refused(created: &Created<'_>, code: &Code, context: &Context) -> Result<Event, Reject> {
    let known = match created.calls {
        [only] => only,
        _ => created.common,
    };
    let reference = known.reference.clone().or_else(|| created.common.reference.clone());
    let Some(reference) = reference.filter(|reference| !reference.is_empty()) else {
        let detail =
            "answer says that no call was made: there is nothing to ask about; give `reference` to publish that";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let destination = known.destination.as_deref().or(created.common.destination.as_deref());
    let mut event = context.event(EventType::CallEnded, &reference, &["refused", &reference]);
    event.outcome = Some(look_up(codes::REFUSED, code.as_str()).unwrap_or(Outcome::Failed));
    event.cause = Some(Cause { interface: "Error.Code".to_owned(), code: code.as_str().to_owned(), text: None });
    event.call = Some(Call {
        id: reference.clone(),
        direction: Some(Direction::Outbound),
        to: destination.and_then(|number| dialled(number, context)),
        ..Call::default()
    });
    event.links = Links {
        reference: Some(reference),
        conversation: known.conversation.clone().or_else(|| created.common.conversation.clone()),
        task: known.task.clone().or_else(|| created.common.task.clone()),
        ..Links::default()
    };
    event.raw = context.raw(created.answer);
    Ok(event)
}

/// Dialers give numbers in international form, or as the vendor wants them: with `00` instead of the plus.
fn dialled(number: &str, context: &Context) -> Option<Phone> {
    match number.trim().starts_with("00") {
        true => normalise::phone(Some(number), context),
        false => Phone::read(number, Convention::International, context.country),
    }
}
