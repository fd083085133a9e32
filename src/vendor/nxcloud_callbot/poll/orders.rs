//! Asking about orders by their ids: `listOrderDetail`.
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-orderDetailList>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::LIST_ORDER_DETAIL;
use super::account::Account;
use super::listing::Listing;
use super::row::Row;
use crate::event::Event;
use crate::vendor::Context;
use crate::vendor::poll::{Failure, Inquiry, Means, Placed, Request, Response};

/// A question about orders, one request for each task. Orders that are not in the answer, or not finished, stay pending.
pub struct Ask {
    account: Arc<Account>,
    /// The orders still to ask about, by task.
    tasks: BTreeMap<String, BTreeSet<String>>,
    request_id: String,
}

impl Ask {
    /// Asks about `calls`, whose tasks are known.
    pub fn new(account: Arc<Account>, calls: &[Placed]) -> Self {
        let mut tasks = BTreeMap::<String, BTreeSet<String>>::new();
        for call in calls {
            let Some(task) = &call.task else { continue };
            tasks.entry(task.clone()).or_default().insert(call.call.clone());
        }
        Self { account, tasks, request_id: String::new() }
    }
}

impl Inquiry for Ask {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let (task, orders) = self.tasks.first_key_value()?;
        means.nonce.clone_into(&mut self.request_id);
        let body = json!({ "productID": "callbot", "userTaskID": task, "orderList": orders });
        Some(self.account.request(LIST_ORDER_DETAIL, &body, means))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let Some((task, orders)) = self.tasks.first_key_value() else { return Ok(Vec::new()) };
        let body = self.account.answer(LIST_ORDER_DETAIL, &self.request_id, response)?;
        let listing = Listing::read(LIST_ORDER_DETAIL, body, &["orderDetailList"])?;
        let mut events = Vec::new();
        for row in listing.rows.iter().filter_map(|raw| Row::read(raw, task)) {
            // An order nobody asked about is left out: a vendor that forgets the filter would send the whole task.
            if row.ids().is_none_or(|(row_task, order)| row_task != task || !orders.contains(order)) {
                continue;
            }
            events.extend(row.call_events(&self.account.settings, context));
            events.extend(row.order_event(&self.account.settings, context));
        }
        self.tasks.pop_first();
        Ok(events)
    }
}
