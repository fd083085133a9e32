//! Asking about single calls, one request for each: `queryCallState`.
//! <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1306.html>

use std::sync::Arc;

use serde_json::json;

use super::account::Account;
use super::answer::Answer;
use super::{QUERY_CALL_STATE, row};
use crate::event::Event;
use crate::vendor::Context;
use crate::vendor::poll::{Failure, Inquiry, Means, Placed, Request, Response};

/// The calls still to be asked about, in order.
pub struct States {
    account: Arc<Account>,
    calls: Vec<String>,
    answered: usize,
}

impl States {
    /// Asks about `calls`.
    pub fn new(account: Arc<Account>, calls: &[Placed]) -> Self {
        Self { account, calls: calls.iter().map(|placed| placed.call.clone()).collect(), answered: 0 }
    }
}

impl Inquiry for States {
    fn next(&mut self, means: &Means<'_>) -> Option<Request> {
        let call = self.calls.get(self.answered)?;
        Some(self.account.post(QUERY_CALL_STATE, &json!({ "callSerialNo": call }), means))
    }

    fn read(&mut self, response: &Response, context: &Context) -> Result<Vec<Event>, Failure> {
        let answer = Answer::read(response)?;
        let asked = self.calls.get(self.answered).map(String::as_str);
        let event = match answer.code.as_str() {
            "0" => answer.result.and_then(|result| row::event(&self.account, &result, asked, context)),
            // The status cannot be found, perhaps not yet. The vendor did answer, so the call just stays pending.
            "1" => None,
            "3" => {
                return Err(Failure::permanent("retCode 3: the vendor says that this is no serial number of a call"));
            }
            _ => return Err(answer.unexpected()),
        };
        self.answered += 1;
        Ok(event.into_iter().collect())
    }
}
