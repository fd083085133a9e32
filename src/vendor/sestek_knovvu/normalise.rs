//! From Knovvu's results to events.

use indexmap::IndexSet;
use serde_json::value::RawValue;

use super::codes::{self, canonical};
use super::wire::{self, CallResult};
use super::{CALL_STATE, States};
use crate::event::{Call, Cause, Direction, Event, EventType, Links, Outcome};
use crate::reject::Reject;
use crate::vendor::{Context, Facts, Hint, Verified, lenient};

/// The facts of one push, in the order they are written. A result without a final state is only a hint to ask for it.
pub fn normalise(states: &States, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
    let json: &RawValue = lenient::body(delivery.body())?;
    let mut events = Vec::new();
    let mut hints = IndexSet::new();
    for result in wire::read(json)? {
        match ended(states, &result, context) {
            Some(event) => events.push(event),
            None => {
                hints.insert(result.unique_id);
            }
        }
    }
    Ok(Facts { events, hints: hints.into_iter().map(|call| Hint { call }).collect() })
}

/// The end of a call, pushed or asked for; `None` for a result without a final state.
pub fn ended(states: &States, result: &CallResult<'_>, context: &Context) -> Option<Event> {
    let state = result.call_state.as_deref().filter(|state| !states.is_pending(state))?;
    let id = result.unique_id.as_str();
    // The state is not part of the identity: another state of the same call is a revision of the same fact.
    let mut event = context.event(EventType::CallEnded, id, &[id]);
    event.outcome = Some(states.outcome(state));
    event.cause = Some(Cause { interface: CALL_STATE.to_owned(), code: state.to_owned(), text: None });
    event.call = Some(Call { id: id.to_owned(), direction: Some(Direction::Outbound), ..Call::default() });
    event.links = Links { conversation: result.conversation_id.clone(), ..Links::default() };
    event.raw = context.raw(result.raw);
    Some(event)
}

impl States {
    fn is_pending(&self, state: &str) -> bool {
        self.pending.contains(&canonical(state))
    }

    /// What the source's settings say, or else the vendor's table.
    fn outcome(&self, state: &str) -> Outcome {
        let state = canonical(state);
        self.configured.get(&state).copied().or_else(|| codes::outcome(&state)).unwrap_or(Outcome::Unknown)
    }
}

#[cfg(test)]
mod tests;
