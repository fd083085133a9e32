//! One row of an answer: an order with its calls, or a call with its order.

use serde_json::value::RawValue;

use super::super::normalise::{call_events, order_event};
use super::super::wire::{CallInfoDetail, OrderCallback};
use super::{Settings, wire};
use crate::event::{Event, Instant};
use crate::vendor::{Context, lenient};

/// A row that can be read.
pub struct Row {
    raw: Box<RawValue>,
    order: OrderCallback,
    calls: Vec<Call>,
}

struct Call {
    detail: CallInfoDetail,
    raw: Box<RawValue>,
}

impl Row {
    /// Reads a row of an answer about `task`. Its calls are in `callInfoDetailList` (documented for `listOrderDetail`), or
    /// its call is in `callInfoDetail` (as in a callback) or beside the order's fields (as `exportBatchCall` has it). `None`
    /// for what is no object.
    pub fn read(raw: &RawValue, task: &str) -> Option<Self> {
        let json = raw.get().as_bytes();
        let mut order: OrderCallback = lenient::object(json).ok()?;
        let list = lenient::object::<wire::OrderCalls>(json).ok()?.call_info_detail_list.unwrap_or_default();
        let mut calls: Vec<_> = list
            .into_iter()
            .filter_map(|raw| Some(Call { detail: lenient::object(raw.get().as_bytes()).ok()?, raw }))
            .collect();
        if calls.is_empty() {
            let beside = || lenient::object(json).ok().filter(|detail: &CallInfoDetail| detail.call_id.is_some());
            let single = order.call_info_detail.take().or_else(beside);
            calls.extend(single.map(|detail| Call { detail, raw: raw.to_owned() }));
        }
        order.user_task_id.get_or_insert_with(|| task.to_owned());
        Some(Self { raw: raw.to_owned(), order, calls })
    }

    /// The ids of its task and order.
    pub fn ids(&self) -> Option<(&str, &str)> {
        Some((self.order.user_task_id.as_deref()?, self.order.order_id.as_deref()?))
    }

    /// Leaves out calls that were over before `earliest`.
    pub fn since(mut self, earliest: Instant) -> Self {
        let last_seen = |call: &Call| call.last_seen().and_then(Instant::from_unix);
        self.calls.retain(|call| last_seen(call).is_none_or(|at| at >= earliest));
        self
    }

    /// `call.ended` and `recording.available` of every call that is over: it has an end, or its order is finished. A call
    /// without a usable id is left out.
    pub fn call_events(&self, settings: &Settings, context: &Context) -> Vec<Event> {
        let mut events = Vec::new();
        for call in self.calls.iter().filter(|call| self.is_finished() || call.detail.call_end_ts.is_some_and(is_time))
        {
            let known = call_events(settings, &self.order, &call.detail, None, context).unwrap_or_default();
            let raw = context.raw(&call.raw);
            events.extend(known.into_iter().map(|event| Event { raw: raw.clone(), ..event }));
        }
        events
    }

    /// `order.finished` of a finished order, with the result of its last call.
    pub fn order_event(&self, settings: &Settings, context: &Context) -> Option<Event> {
        let id = self.order.order_id.as_deref().filter(|_| self.is_finished())?;
        let last = self.calls.iter().max_by_key(|call| call.last_seen());
        let event = order_event(settings, &self.order, id, last.map(|call| &call.detail), None, context);
        Some(Event { raw: context.raw(&self.raw), ..event })
    }

    fn is_finished(&self) -> bool {
        self.order.finish == Some(true)
    }
}

impl Call {
    /// Its end, or else its start.
    fn last_seen(&self) -> Option<i64> {
        let (end, start) = (self.detail.call_end_ts, self.detail.call_start_ts);
        end.filter(|at| is_time(*at)).or(start.filter(|at| is_time(*at)))
    }
}

/// 0 stands for what did not happen.
fn is_time(unix: i64) -> bool {
    unix > 0
}
