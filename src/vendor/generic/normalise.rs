//! From a sender's records to events, as the mapping says.

use serde_json::value::RawValue;

use super::field::{Choice, Fact};
use super::map::{Map, Mapping};
use super::record::{Record, Word, missing};
use crate::event::{
    Agent, Basis, Call, Cause, Event, EventType, Instant, Links, Outcome, Phone, Recording, Task, TaskState,
};
use crate::reject::{Reason, Reject};
use crate::vendor::hex::digest_hex;
use crate::vendor::{Context, Verified, lenient};

/// The facts of one delivery, in the order of its records.
pub fn normalise(mapping: &Mapping, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let body: &RawValue = lenient::body(delivery.body())?;
    let Some(records) = list(mapping, body)? else { return events(mapping, body, delivery, context) };
    let mut all = Vec::new();
    for (index, record) in records.into_iter().enumerate() {
        let events = events(mapping, record, delivery, context)
            .map_err(|reject| Reject::new(reject.reason, format!("[{index}] {}", reject.detail)))?;
        all.extend(events);
    }
    Ok(all)
}

/// The records of a delivery that has several.
fn list<'a>(mapping: &Mapping, body: &'a RawValue) -> Result<Option<Vec<&'a RawValue>>, Reject> {
    let (Some(tree), Some(pointer)) = (&mapping.items, &mapping.map.items) else { return Ok(None) };
    let twice = |_| Reject::new(Reason::BodyNotJson, "a member on the way to `map.items` stands twice");
    let found = tree.read(body).map_err(twice)?.at(pointer);
    let found = found.ok_or_else(|| Reject::new(Reason::FieldMissing, "map.items: there is nothing at this place"))?;
    let no_list = |_| Reject::new(Reason::FieldInvalid, "map.items: what stands at this place is not a list");
    serde_json::from_str(found.get()).map(Some).map_err(no_list)
}

/// The events of one record.
fn events(mapping: &Mapping, json: &RawValue, delivery: &Verified, context: &Context) -> Result<Vec<Event>, Reject> {
    let reading = Reading {
        map: &mapping.map,
        record: Record::read(mapping, json, &context.time_zone)?,
        json,
        delivery,
        context,
    };
    let Some(event_type) = reading.event_type()? else { return Ok(Vec::new()) };
    let mut events = match event_type {
        EventType::CallRinging | EventType::CallAnswered | EventType::CallEnded => reading.call(event_type)?,
        EventType::RecordingAvailable => vec![reading.recording()?],
        EventType::OrderFinished => vec![reading.order()?],
        EventType::TaskChanged => vec![reading.task()?],
    };
    let raw = context.raw(json);
    for event in &mut events {
        event.raw.clone_from(&raw);
    }
    Ok(events)
}

/// One record being read.
struct Reading<'a> {
    map: &'a Map,
    record: Record<'a>,
    json: &'a RawValue,
    delivery: &'a Verified,
    context: &'a Context,
}

impl Reading<'_> {
    /// What the record states; `None` when nobody needs it.
    fn event_type(&self) -> Result<Option<EventType>, Reject> {
        let unhandled = |detail: &'static str| Err(Reject::new(Reason::NotHandled, detail));
        match self.record.word(Some(&self.map.fact)) {
            Word::Known(Fact::Event(event_type), _) => Ok(Some(event_type)),
            Word::Known(Fact::Ignore, _) => Ok(None),
            Word::Known(Fact::Reject, _) => unhandled("`map.type` says \"reject\" for this kind of record"),
            Word::Unknown(_) => unhandled("map.type: the code is not in the table; add it, perhaps as \"ignore\""),
            Word::Nothing => Err(missing("type", self.map.fact.place())),
        }
    }

    /// An event of a call; with a recording, if a call that is over has one.
    fn call(&self, event_type: EventType) -> Result<Vec<Event>, Reject> {
        let id = self.record.required_id("call", self.map.call.as_ref())?;
        let mut event = self.context.event(event_type, &id, &[&id]);
        let call = self.call_of(id)?;
        let own_time = match event_type {
            EventType::CallRinging => call.ringing_at,
            EventType::CallAnswered => call.answered_at,
            _ => call.ended_at,
        };
        self.occurred(&mut event, own_time)?;
        event.links = self.links()?;
        if event_type == EventType::CallEnded {
            self.conclude(&mut event, Some(&call));
        }
        let recording = match self.location() {
            Some(location) if event_type == EventType::CallEnded => {
                Some(self.recording_of(call.clone(), event.links.clone(), location)?)
            }
            _ => None,
        };
        event.call = Some(call);
        Ok([Some(event), recording].into_iter().flatten().collect())
    }

    fn recording(&self) -> Result<Event, Reject> {
        let id = self.record.required_id("call", self.map.call.as_ref())?;
        let location = self.location().ok_or_else(|| missing("recording", self.map.recording.as_ref()))?;
        self.recording_of(self.call_of(id)?, self.links()?, location)
    }

    fn recording_of(&self, call: Call, links: Links, location: String) -> Result<Event, Reject> {
        let id = self.record.id("recording_id", self.map.recording_id.as_ref())?;
        let ids: Vec<&str> = [Some(call.id.as_str()), id.as_deref()].into_iter().flatten().collect();
        let mut event = self.context.event(EventType::RecordingAvailable, &call.id, &ids);
        self.occurred(&mut event, call.ended_at)?;
        event.links = links;
        event.call = Some(call);
        event.recording = Some(Recording { location, id });
        Ok(event)
    }

    fn order(&self) -> Result<Event, Reject> {
        let links = self.links()?;
        let id = links.order.clone().ok_or_else(|| missing("order", self.map.order.as_ref()))?;
        let task = links.task.as_deref().or(links.vendor_task.as_deref()).unwrap_or_default();
        let mut event = self.context.event(EventType::OrderFinished, &id, &[task, &id]);
        let call = match self.record.id("call", self.map.call.as_ref())? {
            Some(call) => Some(self.call_of(call)?),
            None => None,
        };
        self.occurred(&mut event, None)?;
        self.conclude(&mut event, call.as_ref());
        event.call = call;
        event.links = links;
        Ok(event)
    }

    fn task(&self) -> Result<Event, Reject> {
        let links = self.links()?;
        let id = links.task.clone().or_else(|| links.vendor_task.clone());
        let id = id.ok_or_else(|| missing("vendor_task", self.map.vendor_task.as_ref().or(self.map.task.as_ref())))?;
        let (state, code) = match self.record.word(self.map.task_state.as_ref()) {
            Word::Known(state, code) => (state, code.unwrap_or_default()),
            Word::Unknown(code) => (TaskState::Unknown, code),
            Word::Nothing => {
                return Err(missing("task_state", self.map.task_state.as_ref().and_then(Choice::place)));
            }
        };
        let change = match self.record.id("task_change", self.map.task_change.as_ref())? {
            Some(change) => change,
            // Written with sorted members, so that the form of the record does not matter.
            None => digest_hex(lenient::body::<serde_json::Value>(self.json.get().as_bytes())?.to_string().as_bytes()),
        };
        let mut event = self.context.event(EventType::TaskChanged, &id, &[&id, &code, &change]);
        self.occurred(&mut event, None)?;
        event.links = links;
        event.task = Some(Task {
            state,
            code,
            orders_total: None,
            orders_finished: None,
            orders_answered: None,
            calls_total: None,
            calls_answered: None,
        });
        Ok(event)
    }

    fn call_of(&self, id: String) -> Result<Call, Reject> {
        let (map, record) = (self.map, &self.record);
        let phone = |place| Phone::read(&record.text(place)?, map.numbers.convention(), self.context.country);
        let agent = Agent {
            id: record.text(map.agent_id.as_ref()),
            name: record.text(map.agent_name.as_ref()),
            group: record.text(map.agent_group.as_ref()),
        };
        let call = Call {
            id,
            attempt: record.count(map.attempt.as_ref()),
            direction: known(record.word(map.direction.as_ref())),
            from: phone(map.from.as_ref()),
            to: phone(map.to.as_ref()),
            agent: (agent != Agent::default()).then_some(agent),
            started_at: record.time("started_at", map.started_at.as_ref())?,
            ringing_at: record.time("ringing_at", map.ringing_at.as_ref())?,
            answered_at: record.time("answered_at", map.answered_at.as_ref())?,
            ended_at: record.time("ended_at", map.ended_at.as_ref())?,
            ..Call::default()
        };
        let mut call = call.with_durations();
        // A duration the sender counted itself is closer to its bill than the difference of its times.
        call.ring_ms = record.span(map.ring.as_ref()).or(call.ring_ms);
        call.talk_ms = record.span(map.talk.as_ref()).or(call.talk_ms);
        call.total_ms = record.span(map.total.as_ref()).or(call.total_ms);
        Ok(call)
    }

    /// How the call, or the last call of an order, ended, and what was found out.
    fn conclude(&self, event: &mut Event, call: Option<&Call>) {
        let (map, record) = (self.map, &self.record);
        let answered = call.is_some_and(|call| call.answered_at.is_some() || call.talk_ms.is_some_and(|ms| ms > 0));
        let (outcome, code) = match record.word(map.outcome.as_ref()) {
            Word::Known(outcome, code) => (outcome, code),
            Word::Unknown(code) => (Outcome::Unknown, Some(code)),
            Word::Nothing if answered => (Outcome::Answered, None),
            Word::Nothing => (Outcome::Unknown, None),
        };
        event.outcome = Some(outcome);
        event.cause = self.cause(outcome, code);
        event.handled_by = known(record.word(map.handled_by.as_ref()));
        event.disposition = record.text(map.disposition.as_ref());
        event.key_presses = record.texts(map.key_presses.as_ref());
    }

    /// The code of `cause`; but an outcome nobody knows must show its own code, because that is what has to be added.
    fn cause(&self, outcome: Outcome, code: Option<String>) -> Option<Cause> {
        let text = self.record.text(self.map.cause_text.as_ref());
        let own = |code: String, text| Cause { interface: "outcome".to_owned(), code, text };
        match (self.record.text(self.map.cause.as_ref()), code) {
            (_, Some(code)) if outcome == Outcome::Unknown => Some(own(code, text)),
            (Some(code), _) => Some(Cause { interface: self.map.cause_interface.clone(), code, text }),
            (None, code) => code.map(|code| own(code, text)),
        }
    }

    fn links(&self) -> Result<Links, Reject> {
        let (map, record) = (self.map, &self.record);
        Ok(Links {
            task: record.id("task", map.task.as_ref())?,
            vendor_task: record.id("vendor_task", map.vendor_task.as_ref())?,
            order: record.id("order", map.order.as_ref())?,
            script: record.text(map.script.as_ref()),
            conversation: record.text(map.conversation.as_ref()),
            reference: record.text(map.reference.as_ref()),
            custom: record.data(map.custom.as_ref()),
        })
    }

    fn location(&self) -> Option<String> {
        self.record.text(self.map.recording.as_ref())
    }

    /// The configured time of the fact, or else the call's own time, or else when the sender signed the delivery.
    fn occurred(&self, event: &mut Event, own_time: Option<Instant>) -> Result<(), Reject> {
        let configured = self.record.time("occurred_at", self.map.occurred_at.as_ref())?;
        if let Some(at) = configured.or(own_time) {
            (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
        } else if let Some(at) = self.delivery.sent_at() {
            (event.occurred_at, event.occurred_at_basis) = (at, Basis::Sent);
        }
        Ok(())
    }
}

fn known<T>(word: Word<T>) -> Option<T> {
    match word {
        Word::Known(word, _) => Some(word),
        Word::Unknown(_) | Word::Nothing => None,
    }
}

#[cfg(test)]
mod tests;
