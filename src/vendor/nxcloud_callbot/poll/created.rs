//! The vendor's answer to a request that placed orders (`createAndCall`, `addBatchCall`, `importBatchCall`).
//! <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-createTaskAndCall>
//!
//! The answer holds no ids of orders, only the numbers that were refused: the dialer says which orders it placed. Which of two
//! orders to the same number was refused cannot be told; unless all of them were, they are asked about.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::codes::{REFUSAL, RET_CODE};
use super::{Api, Asker, wire};
use crate::event::{Call, Cause, Convention, Direction, Event, EventType, Links, Outcome, Phone};
use crate::reject::{Reason, Reject};
use crate::vendor::poll::{Created, Placed, Placement, Poller};
use crate::vendor::{Context, lenient};

/// Longest text of the vendor that is kept as a code, characters.
const LONGEST_CODE: usize = 256;

/// Reads an answer.
pub fn read(asker: &Asker, api: &Api, answer: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    let json = answer.answer.get().as_bytes();
    let envelope: wire::Envelope =
        lenient::object(json).map_err(|reject| Reject::new(reject.reason, format!("answer: {}", reject.detail)))?;
    let mut orders = Vec::new();
    for call in answer.calls {
        orders.push(order(asker, call, answer.common)?);
    }
    match envelope.ret_code {
        Some(0) => {}
        Some(code) if !orders.is_empty() && !says_nothing_was_placed(code) => {
            return Ok(Placement { placed: orders, events: Vec::new() });
        }
        Some(code) => return refused_whole(code, envelope.ret_msg, &orders, answer, context),
        None => return Err(Reject::new(Reason::FieldMissing, "answer.retCode is absent or not a number")),
    }
    let body: wire::Placing = lenient::object(json)?;
    let data = body.data.map(|data| *data).unwrap_or_default();
    let mut refusals = Refusals::read(body.err_list.or(data.err_list).unwrap_or_default());
    if orders.is_empty() && body.success_count.or(data.success_count) != Some(0) {
        let detail = "calls is absent: the answer names no orders, so give their id and destination";
        return Err(Reject::new(Reason::FieldMissing, detail));
    }
    let vendor_task = body.task_id.or(data.task_id);
    let task = answer.common.task.clone().or_else(|| orders.first()?.task.clone());

    let mut placement = Placement::default();
    let refused = |event: Event, refusal: &Refusal| Event {
        outcome: Some(refusal.outcome(api)),
        cause: Some(Cause { interface: "errList".to_owned(), code: refusal.code(), text: None }),
        links: Links { vendor_task: vendor_task.clone(), ..event.links },
        raw: context.raw(&refusal.raw),
        ..event
    };
    for (order, refusal) in refusals.sort_out(orders) {
        match refusal {
            None => placement.placed.push(order),
            Some(refusal) => placement.events.push(refused(finished(&order, context), &refusal)),
        }
    }
    for (number, refusal) in refusals.rest() {
        let Some(task) = task.as_deref().filter(|task| !task.is_empty()) else {
            return Err(Reject::new(
                Reason::FieldMissing,
                "task is absent: give the userTaskID the orders were placed in",
            ));
        };
        let ids = ["errList", task, &number];
        let mut event = context.event(EventType::OrderFinished, &format!("{task}/{number}"), &ids);
        event.links = Links { task: Some(task.to_owned()), ..links(answer.common) };
        placement.events.push(refused(event, &refusal));
    }
    Ok(placement)
}

/// What is known of an order: what the dialer says about it, and about all.
fn order(asker: &Asker, call: &Placed, common: &Placed) -> Result<Placed, Reject> {
    let or = |own: &Option<String>, common: &Option<String>| own.clone().or_else(|| common.clone());
    let order = Placed {
        call: asker.call_id(&call.call)?,
        destination: or(&call.destination, &common.destination),
        reference: or(&call.reference, &common.reference),
        conversation: or(&call.conversation, &common.conversation),
        task: or(&call.task, &common.task),
        placed_at: call.placed_at,
        deadline: call.deadline.or(common.deadline),
        hinted: false,
    };
    asker.check(&order)?;
    Ok(order)
}

/// Whether an error code leaves no doubt. After a general or internal error, or one that is in no table, the orders may be
/// there all the same: asking tells.
fn says_nothing_was_placed(code: i64) -> bool {
    RET_CODE.iter().any(|(known, _, _)| *known == code) && !matches!(code, 1 | 5001)
}

/// An answer with an error code: nothing was placed. Every order is finished then; without orders the caller's reference
/// stands for the call that was to be made.
fn refused_whole(
    code: i64,
    text: Option<String>,
    orders: &[Placed],
    answer: &Created<'_>,
    context: &Context,
) -> Result<Placement, Reject> {
    let cause = Cause { interface: "retCode".to_owned(), code: code.to_string(), text };
    let failed = |event: Event| Event {
        outcome: Some(Outcome::Failed),
        cause: Some(cause.clone()),
        raw: context.raw(answer.answer),
        ..event
    };
    if !orders.is_empty() {
        let events = orders.iter().map(|order| failed(finished(order, context))).collect();
        return Ok(Placement { placed: Vec::new(), events });
    }
    let Some(reference) = answer.common.reference.as_deref().filter(|reference| !reference.is_empty()) else {
        let detail = "the answer says that nothing was placed, so there is nothing to ask about: give a reference (or \
                      calls) to have that published";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let reference = lenient::required(Some(reference), "reference")?;
    let mut ended = failed(context.event(EventType::CallEnded, reference, &["refused", reference]));
    ended.links = links(answer.common);
    let destination = answer.common.destination.as_deref();
    ended.call = Some(Call {
        id: reference.to_owned(),
        direction: Some(Direction::Outbound),
        to: destination.and_then(|number| Phone::read(number, Convention::International, context.country)),
        ..Call::default()
    });
    Ok(Placement { placed: Vec::new(), events: vec![ended] })
}

/// `order.finished` of an order, with the key a callback gives it.
pub fn finished(order: &Placed, context: &Context) -> Event {
    let task = order.task.as_deref().unwrap_or_default();
    let mut event = context.event(EventType::OrderFinished, &order.call, &[task, &order.call]);
    event.links = links(order);
    event
}

fn links(placed: &Placed) -> Links {
    Links {
        task: placed.task.clone(),
        order: Some(placed.call.clone()).filter(|order| !order.is_empty()),
        conversation: placed.conversation.clone(),
        reference: placed.reference.clone(),
        ..Links::default()
    }
}

/// A number the vendor refused.
struct Refusal {
    message: Option<String>,
    raw: Box<RawValue>,
}

impl Refusal {
    /// The configured meaning of the vendor's text, or else what its plain words mean.
    fn outcome(&self, api: &Api) -> Outcome {
        let message = self.message.as_deref().unwrap_or_default();
        let words = message.to_lowercase();
        let plain = || REFUSAL.iter().find(|(part, _)| words.contains(part)).map(|(_, outcome)| *outcome);
        api.err_msg.get(message).copied().or_else(plain).unwrap_or(Outcome::Failed)
    }

    /// The vendor has no code but its text.
    fn code(&self) -> String {
        self.message.as_deref().unwrap_or("refused").chars().take(LONGEST_CODE).collect()
    }
}

/// The refused numbers of an answer.
struct Refusals(BTreeMap<String, Vec<Refusal>>);

impl Refusals {
    fn read(rows: Vec<Box<RawValue>>) -> Self {
        let mut refusals = BTreeMap::<String, Vec<_>>::new();
        for raw in rows {
            let Ok(row) = lenient::object::<wire::Refusal>(raw.get().as_bytes()) else { continue };
            let Some(number) = row.phone.as_deref().and_then(plain) else { continue };
            refusals.entry(number).or_default().push(Refusal { message: row.err_msg, raw });
        }
        Self(refusals)
    }

    /// The orders, each with its refusal. Numbers with fewer refusals than orders are passed over. Only the numbers of no
    /// order are left.
    fn sort_out(&mut self, orders: Vec<Placed>) -> Vec<(Placed, Option<Refusal>)> {
        let number = |order: &Placed| order.destination.as_deref().and_then(plain);
        let mut counts = BTreeMap::<String, usize>::new();
        for number in orders.iter().filter_map(number) {
            *counts.entry(number).or_default() += 1;
        }
        self.0.retain(|number, refusals| counts.get(number).is_none_or(|count| refusals.len() >= *count));
        let mut refusal = |order: &Placed| self.0.get_mut(&number(order)?)?.pop();
        let sorted = orders.into_iter().map(|order| (refusal(&order), order)).map(|(refusal, order)| (order, refusal));
        let sorted = sorted.collect();
        self.0.retain(|number, _| !counts.contains_key(number));
        sorted
    }

    /// The numbers of no order, each once.
    fn rest(self) -> impl Iterator<Item = (String, Refusal)> {
        self.0.into_iter().filter_map(|(number, mut refusals)| Some((number, refusals.pop()?)))
    }
}

/// A number in a form to compare: its digits, or the text where it has none. `None` when it is empty or much too long.
fn plain(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let plain = if digits.is_empty() { number.trim().to_owned() } else { digits };
    (1..=64).contains(&plain.len()).then_some(plain)
}
