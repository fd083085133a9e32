//! One question to the Calls API: how a call ended that a dialer placed.
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568796012/Retrieving+the+call+detail>

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::wire::{CallResult, PlacedCall};
use super::{Account, CALLS, get, is_plain, refusal};
use crate::event::{Agent, Call, Cause, Direction, Event, HandledBy, Instant, Links, Outcome, Phone};
use crate::secret::Secrets;
use crate::vendor::poll::{Failure, Inquiry, Means, Placed, Request, Response};
use crate::vendor::vonage_vcc::{codes, normalise};
use crate::vendor::{Context, lenient};

/// How long the vendor knows a call, milliseconds.
const KNOWN_MS: u64 = 24 * 3600 * 1000;

/// A question about one call.
pub struct Question {
    account: Arc<Account>,
    keys: Secrets,
    call: Option<Placed>,
}

impl Question {
    /// A question about `call`; `keys` are the account's.
    pub fn new(account: Arc<Account>, keys: Secrets, call: Option<Placed>) -> Self {
        Self { account, keys, call }
    }
}

impl Inquiry for Question {
    /// After a day nothing is asked any more: the listing may still find the call.
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let call = self.call.as_ref().filter(|call| is_plain(&call.call) && !is_forgotten(call, means.now))?;
        let keys = self.keys.active();
        let url = format!("{}/v0/{}/calls/{}", self.account.bases.calls, keys.first()?.expose(), call.call);
        let accept = format!("application/json;version={}", self.account.api.calls_version);
        Some(get(CALLS, url, accept, means))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        refusal::check(response, "calls_version")?;
        let Some(call) = &self.call else { return Ok(Vec::new()) };
        let unreadable = |_| Failure::retry("the answer about a call is not the documented object");
        let json: &RawValue = lenient::body(&response.body).map_err(unreadable)?;
        let answer: PlacedCall = lenient::object(json.get().as_bytes()).map_err(unreadable)?;
        let event = ended(&self.account, &call.call, &answer, context);
        self.call = None;
        Ok(event.map(|event| Event { raw: context.raw(json), ..event }).into_iter().collect())
    }
}

fn is_forgotten(call: &Placed, now: Timestamp) -> bool {
    Instant::new(now).since(call.placed_at).is_some_and(|age| age >= KNOWN_MS)
}

/// The end of `call`; `None` while it has no result. The answer holds no times.
fn ended(account: &Account, call: &str, answer: &PlacedCall, context: &Context) -> Option<Event> {
    let (outcome, cause) = conclude(account, answer.result.as_ref()?)?;
    let phone =
        |text: &Option<String>| Phone::read(text.as_deref()?, account.api.numbers.convention(), context.country);
    let agent = answer.from.as_ref().and_then(|from| from.agent_id.clone());
    let mut event = normalise::call_ended(call, context);
    event.outcome = Some(outcome);
    event.cause = Some(cause);
    event.disposition = answer.disposition_code.clone();
    // The agent is called first: whoever picks up speaks with the agent.
    event.handled_by = agent.as_ref().filter(|_| outcome == Outcome::Answered).map(|_| HandledBy::Agent);
    event.call = Some(Call {
        id: call.to_owned(),
        direction: Some(Direction::Outbound),
        from: answer.from.as_ref().and_then(|from| phone(&from.presented_clid)),
        to: answer.to.as_ref().and_then(|to| phone(&to.telephone_number)),
        agent: agent.map(|id| Agent { id: Some(id), ..Agent::default() }),
        ..Call::default()
    });
    let reference = answer.regarding.as_ref().and_then(|regarding| regarding.reference.clone());
    event.links = Links { reference, ..Links::default() };
    Some(event)
}

/// Outcome and cause of a result; `None` when it holds nothing yet.
///
/// The agent's own telephone is dialled first. When that fails, the called party was not dialled at all, and `NoAnswer` is the
/// agent's: such a call has failed, whatever the reason.
fn conclude(account: &Account, result: &CallResult) -> Option<(Outcome, Cause)> {
    let code = result.code.as_deref()?;
    let (known, reason) = (&account.api, result.reason.as_deref());
    let outcome = codes::configured(&known.result_codes, code).or_else(|| codes::look_up(codes::RESULT_CODE, code));
    let cause = |code: String| Cause { interface: "calls.result".to_owned(), code, text: None };
    if outcome != Some(Outcome::Failed) {
        return Some((outcome.unwrap_or(Outcome::Unknown), cause(code.to_owned())));
    }
    if result.party.as_deref().is_some_and(|party| party.eq_ignore_ascii_case("originator")) {
        let code = reason.map_or_else(|| "originator".to_owned(), |reason| format!("originator_{reason}"));
        return Some((Outcome::Failed, cause(code)));
    }
    let told = reason.and_then(|reason| codes::configured(&known.reasons, reason).or_else(|| codes::reading(reason)));
    // Without the party it cannot be told whose reason it is.
    let outcome = told.filter(|_| result.party.is_some()).unwrap_or(Outcome::Failed);
    Some((outcome, cause(reason.unwrap_or(code).to_owned())))
}
