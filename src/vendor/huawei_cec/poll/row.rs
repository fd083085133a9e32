//! A call in an answer of the vendor's API.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::flat::Flat;
use super::super::normalise::ended;
use super::super::wire::{Release, compact, known};
use super::account::Account;
use crate::event::Event;
use crate::vendor::Context;

/// State of a call that is over. Before that it waits (0), is called (1), talks (2).
const ENDED: &str = "3";

/// A call as `queryCallDetailRecord` lists it. `queryCallState` gives less of it and no serial number. Times are Unix times
/// in milliseconds, numbers or texts; 0 stands for nothing.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1305.html>
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1306.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    #[serde(default, deserialize_with = "compact")]
    call_serial_no: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    called: Option<String>,
    /// The agent's telephone.
    #[serde(default, deserialize_with = "compact")]
    caller: Option<String>,
    /// The number the called party saw.
    #[serde(default, deserialize_with = "compact")]
    caller_present: Option<String>,
    #[serde(default, deserialize_with = "known")]
    call_data: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    start_time: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    alerting_time: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    talking_time: Option<String>,
    /// The end of the called party's leg.
    #[serde(default, deserialize_with = "compact")]
    release_time: Option<String>,
    /// The end of the call.
    #[serde(default, deserialize_with = "compact")]
    end_time: Option<String>,
    /// The number the agent saw.
    #[serde(default, deserialize_with = "compact")]
    agent_present: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    agent_alerting_time: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    agent_talking_time: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    agent_release_time: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    state: Option<String>,
    #[serde(default, deserialize_with = "compact")]
    reason_code: Option<String>,
}

impl Row {
    /// Whether it tells something about an agent, which only bidirectional calls have.
    pub fn has_agent(&self) -> bool {
        let of_agent =
            [&self.agent_present, &self.agent_alerting_time, &self.agent_talking_time, &self.agent_release_time];
        of_agent.into_iter().any(|field| field.as_deref().is_some_and(|text| text != "0"))
    }

    /// Why the call ended.
    pub fn reason_code(&self) -> Option<&str> {
        self.reason_code.as_deref()
    }

    /// The same as a release callback tells it.
    fn release(self) -> Release {
        Release {
            call_serial_no: self.call_serial_no,
            called: self.called,
            caller: self.caller,
            caller_present: self.caller_present,
            service_no: None,
            call_data: self.call_data,
            create_call_time: self.start_time,
            alerting_time: self.alerting_time,
            talking_time: self.talking_time,
            release_time: self.release_time.filter(|time| time != "0").or(self.end_time),
            recordfile: None,
            release_reason: self.reason_code,
        }
    }
}

/// `call.ended` of a call that is over. `None` for a call that is not, and for what is no call or names none. `asked` is the
/// call the question was about, if it was about one; an answer about another one is none.
pub fn event(account: &Account, json: &RawValue, asked: Option<&str>, context: &Context) -> Option<Event> {
    let mut row: Row = fields(json)?;
    if row.state.as_deref() != Some(ENDED) {
        return None;
    }
    if let Some(asked) = asked {
        let serial = row.call_serial_no.get_or_insert_with(|| asked.to_owned());
        if serial != asked {
            return None;
        }
    }
    let interface = account.interface(&row);
    let mut event = ended(&interface, &account.settings, &row.release(), context).ok()?;
    event.raw = context.raw(json);
    Some(event)
}

/// An object of the vendor as one of its types: numbers as sent, because a serial number must not become a float.
pub fn fields<T: DeserializeOwned>(json: &RawValue) -> Option<T> {
    let flat = Flat::read(json.get().as_bytes(), false)?;
    flat.to().ok()
}
