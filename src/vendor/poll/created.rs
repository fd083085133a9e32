//! What vendors' answers to a request that placed one call have in common.

use super::{Created, Placed, Placement};
use crate::event::{Call, Cause, Direction, EventType, Links, Outcome};
use crate::reject::{Reason, Reject};
use crate::vendor::{Context, lenient};

impl Created<'_> {
    /// What is known about the one call of the answer: what the dialer says about it, and about all.
    fn known(&self) -> Placed {
        let ([own], common) = (self.calls, self.common) else { return self.common.clone() };
        let or = |own: &Option<String>, common: &Option<String>| own.clone().or_else(|| common.clone());
        Placed {
            destination: or(&own.destination, &common.destination),
            reference: or(&own.reference, &common.reference),
            conversation: or(&own.conversation, &common.conversation),
            task: or(&own.task, &common.task),
            deadline: own.deadline.or(common.deadline),
            ..own.clone()
        }
    }

    /// The answer names one call, `call`.
    pub fn placed(&self, call: String) -> Placement {
        Placement { placed: vec![Placed { call, hinted: false, ..self.known() }], events: Vec::new() }
    }

    /// The answer says that no call was made: the end of a call that never was. Only the dialer's reference can name it.
    pub fn refused(&self, outcome: Outcome, cause: Cause, context: &Context) -> Result<Placement, Reject> {
        let known = self.known();
        let Some(reference) = known.reference.clone().filter(|reference| !reference.is_empty()) else {
            let detail = "answer says that no call was made, so there is nothing to ask about: give a reference to have \
                          that published";
            return Err(Reject::new(Reason::FieldMissing, detail));
        };
        lenient::required(Some(&reference), "reference")?;
        let to = known.dialled(context.country);
        let mut event = context.event(EventType::CallEnded, &reference, &["refused", &reference]);
        event.outcome = Some(outcome);
        event.cause = Some(cause);
        event.call = Some(Call { id: reference.clone(), direction: Some(Direction::Outbound), to, ..Call::default() });
        event.links = Links {
            reference: Some(reference),
            conversation: known.conversation,
            task: known.task,
            ..Links::default()
        };
        event.raw = context.raw(self.answer);
        Ok(Placement { placed: Vec::new(), events: vec![event] })
    }
}
