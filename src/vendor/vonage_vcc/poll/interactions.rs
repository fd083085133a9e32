//! One question to the Insights Stats API: how one interaction ended.
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3565193000/Get+a+single+interaction+Insights+Stats+API>

use std::sync::Arc;

use http::StatusCode;
use serde_json::value::RawValue;

use super::row::Row;
use super::{Account, is_plain, refusal};
use crate::event::Event;
use crate::vendor::poll::{Failure, Inquiry, Means, Placed, Request, Response};
use crate::vendor::{Context, lenient};

/// A question about one interaction.
pub struct Question {
    account: Arc<Account>,
    call: Option<Placed>,
}

impl Question {
    /// A question about `call`.
    pub fn new(account: Arc<Account>, call: Option<Placed>) -> Self {
        Self { account, call }
    }
}

impl Inquiry for Question {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let call = self.call.as_ref().filter(|call| is_plain(&call.call))?;
        Some(self.account.interactions(&format!("/{}", call.call), means))
    }

    /// An interaction the vendor does not know may be one it does not know yet. One that is not the one asked about says
    /// nothing about it.
    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        if response.status == StatusCode::NOT_FOUND {
            self.call = None;
            return Ok(Vec::new());
        }
        refusal::check(response, "stats_version")?;
        let Some(call) = &self.call else { return Ok(Vec::new()) };
        let unreadable = || Failure::retry("the answer about an interaction is not the documented object");
        let json: &RawValue = lenient::body(&response.body).map_err(|_| unreadable())?;
        let row = Row::read(json).ok_or_else(unreadable)?;
        let asked = row.call == call.call;
        if asked && row.is_over() && !row.is_customer_call(&self.account) {
            return Err(Failure::permanent("the interaction is no call with somebody outside the company"));
        }
        let event = (asked && row.is_over()).then(|| row.ended(&self.account, context));
        self.call = None;
        Ok(event.into_iter().collect())
    }
}
