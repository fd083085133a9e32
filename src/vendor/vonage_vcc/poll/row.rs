//! From an interaction of the Insights Stats API to the event of its end.
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3565192887/Responses+Insights+Stats+API>

use serde_json::value::RawValue;

use super::Account;
use super::settings::EventOffsets;
use super::wire::{Interaction, Leg, LegEvent};
use crate::event::{Agent, Basis, Call, Cause, Direction, Event, HandledBy, Instant, Outcome, Phone};
use crate::vendor::vonage_vcc::{codes, normalise};
use crate::vendor::{Context, lenient};

/// An interaction with its id.
pub struct Row<'a> {
    /// Its id, as events have it.
    pub call: String,
    interaction: Interaction,
    raw: &'a RawValue,
}

impl<'a> Row<'a> {
    /// Reads an interaction; `None` when it has no id.
    pub fn read(raw: &'a RawValue) -> Option<Self> {
        let interaction: Interaction = lenient::object(raw.get().as_bytes()).ok()?;
        let call = normalise::id(interaction.guid.as_deref(), "guid").ok()?;
        Some(Self { call, interaction, raw })
    }

    /// Whether it is final.
    pub fn is_over(&self) -> bool {
        is(&self.interaction.status, "Completed")
    }

    /// Whether it is a call with somebody outside the company: neither a call between agents nor another medium.
    pub fn is_customer_call(&self, account: &Account) -> bool {
        let medium = self.interaction.medium.as_deref();
        let is_call =
            medium.is_none_or(|medium| account.api.media.iter().any(|call| call.eq_ignore_ascii_case(medium)));
        is_call && !is(&self.interaction.direction, "Internal")
    }

    /// The end of the call.
    pub fn ended(&self, account: &Account, context: &Context) -> Event {
        let row = &self.interaction;
        let legs = Legs::new(account, row, context);
        let reason = legs.end_reason();
        let told = reason.and_then(|reason| {
            let configured = codes::configured(&account.api.reasons, reason);
            configured.or_else(|| codes::look_up(codes::END_REASON, reason)).or_else(|| codes::reading(reason))
        });
        let outcome = match self.direction() {
            _ if legs.talk_ms() > 0 => Outcome::Answered,
            // Why the caller's leg ended says nothing about whom they wanted to reach.
            Some(Direction::Inbound) if self.reads_abandoned() => Outcome::Cancelled,
            Some(Direction::Inbound) => Outcome::Unknown,
            _ => told.unwrap_or(Outcome::Unknown),
        };
        // A reason known to tell no outcome is not a code somebody should look up.
        let telling = reason.filter(|_| outcome != Outcome::Unknown || told != Some(Outcome::Unknown));

        let mut event = normalise::call_ended(&self.call, context);
        event.outcome = Some(outcome);
        event.cause = telling.map(|reason| Cause {
            interface: "channels.endReason".to_owned(),
            code: reason.to_owned(),
            text: row.outcome.clone(),
        });
        event.handled_by = legs.agent(true).filter(|_| outcome == Outcome::Answered).map(|_| HandledBy::Agent);
        event.links.conversation = row.conversation_guid.as_deref().map(str::to_ascii_lowercase);
        let call = self.call(account, &legs, context);
        // The interaction ends after the agent's work; that is the better time only when no leg tells one.
        let ended_at = call.ended_at.or_else(|| legs.at(row.duration?));
        if let Some(at) = ended_at {
            (event.occurred_at, event.occurred_at_basis) = (at, Basis::Vendor);
        }
        event.call = Some(call);
        event.raw = context.raw(self.raw);
        event
    }

    fn call(&self, account: &Account, legs: &Legs<'_>, context: &Context) -> Call {
        let phone =
            |text: &Option<String>| Phone::read(text.as_deref()?, account.api.numbers.convention(), context.country);
        let outbound = self.direction() == Some(Direction::Outbound);
        let times = Call {
            started_at: legs.start,
            ringing_at: legs.first("Ringing", 0).filter(|_| outbound),
            answered_at: legs.first("Connected", 1),
            ended_at: legs.end(),
            ..Call::default()
        };
        Call {
            id: self.call.clone(),
            direction: self.direction(),
            from: phone(&self.interaction.connect_from),
            to: phone(&self.interaction.connect_to),
            agent: legs.agent(false).map(|leg| Agent { id: leg.party_id(), ..Agent::default() }),
            talk_ms: Some(legs.talk_ms()).filter(|talk| *talk > 0),
            ..times.with_durations()
        }
    }

    fn direction(&self) -> Option<Direction> {
        let words = [("Inbound", Direction::Inbound), ("Outbound", Direction::Outbound)];
        words.iter().find(|(word, _)| is(&self.interaction.direction, word)).map(|(_, direction)| *direction)
    }

    /// The text is for people: it only says more about a call that is known to have had no conversation.
    fn reads_abandoned(&self) -> bool {
        self.interaction.outcome.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains("abandon"))
    }
}

/// The legs of an interaction, by side.
struct Legs<'a> {
    start: Option<Instant>,
    offsets: EventOffsets,
    external: Vec<&'a Leg>,
    agents: Vec<&'a Leg>,
}

impl<'a> Legs<'a> {
    fn new(account: &Account, row: &'a Interaction, context: &Context) -> Self {
        let legs = row.channels.as_deref().unwrap_or_default();
        let of = |wanted: &dyn Fn(&str) -> bool| legs.iter().filter(|leg| leg.role().is_some_and(wanted)).collect();
        Self {
            start: row.start.as_deref().and_then(|text| Instant::from_iso(text, &context.time_zone)),
            offsets: account.api.event_offsets,
            external: of(&|role| account.settings.is_customer(role)),
            agents: of(&|role| role.eq_ignore_ascii_case("agent")),
        }
    }

    /// The moment `offset` milliseconds after the interaction's start.
    fn at(&self, offset: i64) -> Option<Instant> {
        let millis = self.start?.as_millis().checked_add(offset)?;
        (offset >= 0).then(|| Instant::from_millis(millis)).flatten()
    }

    /// Why the last leg to the outside ended.
    fn end_reason(&self) -> Option<&'a str> {
        self.external.iter().rev().find_map(|leg| leg.end_reason.as_deref())
    }

    /// When the last leg to the outside ended.
    fn end(&self) -> Option<Instant> {
        let ends = self.external.iter().filter_map(|leg| self.at(leg.offset?.checked_add(leg.duration?)?));
        ends.max()
    }

    /// When the outside first was in this state for at least so many milliseconds.
    fn first(&self, kind: &str, least: i64) -> Option<Instant> {
        let begin = |leg: &Leg, event: &LegEvent| match self.offsets {
            EventOffsets::Leg => self.at(leg.offset?.checked_add(event.offset?)?),
            EventOffsets::Interaction => self.at(event.offset?),
        };
        let all = self.external.iter().flat_map(|leg| states(leg, kind, least).map(move |event| begin(leg, event)));
        all.flatten().min()
    }

    /// How long the outside was connected, milliseconds.
    fn talk_ms(&self) -> u64 {
        let connected = self.external.iter().flat_map(|leg| states(leg, "Connected", 1));
        connected.filter_map(|event| event.duration?.try_into().ok()).fold(0, u64::saturating_add)
    }

    /// The leg of the first agent who was connected, or else, unless only those count, of the first.
    fn agent(&self, connected: bool) -> Option<&'a Leg> {
        let was_connected = |leg: &&Leg| states(leg, "Connected", 1).next().is_some();
        let mut agents = self.agents.iter().copied();
        agents.clone().find(was_connected).or_else(|| agents.next().filter(|_| !connected))
    }
}

impl Leg {
    fn role(&self) -> Option<&str> {
        self.party.as_ref()?.role.as_deref()
    }

    fn party_id(&self) -> Option<String> {
        self.party.as_ref()?.id.clone()
    }
}

/// The events of a leg of this kind that took at least so many milliseconds.
fn states<'a>(leg: &'a Leg, kind: &str, least: i64) -> impl Iterator<Item = &'a LegEvent> {
    let events = leg.events.as_deref().unwrap_or_default();
    events.iter().filter(move |event| is(&event.kind, kind) && event.duration.unwrap_or(0) >= least)
}

/// Whether a word of the vendor is this one, in any case.
fn is(word: &Option<String>, this: &str) -> bool {
    word.as_deref().is_some_and(|word| word.eq_ignore_ascii_case(this))
}
