//! What the NXCloud Open API products push. Only what identifies a fact is required; everything else is optional,
//! unknown fields are ignored, and numbers may come as texts.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vendor::lenient::{boolean, number, part, text};

/// Call record of the NXLink call centre. The query API returns the same object.
/// <https://github.com/nxtele/http-api-document/wiki/NXCC-API-Webhook>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallCentreRecord {
    /// The vendor's call id.
    #[serde(default, deserialize_with = "text")]
    pub call_id: Option<String>,
    /// 0 inbound, 1 outbound, 2 a call of an AI task.
    #[serde(default, deserialize_with = "number")]
    pub direction: Option<i64>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub caller: Option<String>,
    /// The called number, or a SIP address.
    #[serde(default, deserialize_with = "text")]
    pub callee: Option<String>,
    /// Whether the call was answered.
    #[serde(default, deserialize_with = "boolean")]
    pub answered: Option<bool>,
    /// Unix milliseconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub start_time: Option<i64>,
    /// Unix milliseconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub ring_time: Option<i64>,
    /// Unix milliseconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub answer_time: Option<i64>,
    /// Unix milliseconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub end_time: Option<i64>,
    /// Text of the result; its values are not public.
    #[serde(default, deserialize_with = "text")]
    pub call_status: Option<String>,
    /// The vendor's own code of the cause; its table is not public.
    #[serde(default, deserialize_with = "text")]
    pub hangup_code: Option<String>,
    /// Text of the cause.
    #[serde(default, deserialize_with = "text")]
    pub hangup_reason: Option<String>,
    /// The recording.
    #[serde(default, deserialize_with = "text")]
    pub record_url: Option<String>,
    /// Pressed keys, separated by commas.
    #[serde(default, deserialize_with = "text")]
    pub dtmf_keys: Option<String>,
    /// Name of what the bot understood.
    #[serde(default, deserialize_with = "text")]
    pub intent: Option<String>,
    /// Account of the agent.
    #[serde(default, deserialize_with = "text")]
    pub agent_name: Option<String>,
    /// Name of the agent.
    #[serde(default, deserialize_with = "text")]
    pub agent_nick_name: Option<String>,
    /// The AI task.
    #[serde(default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// The caller's own id of the call.
    #[serde(default, deserialize_with = "text")]
    pub order_id: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub other: Option<String>,
}

/// Call record of an AI agent task.
/// <https://github.com/nxtele/http-api-document-en/wiki/AI-Agent-Task-%E2%80%90-Call-Record-Callback>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentCall {
    /// The vendor's call id.
    #[serde(default, deserialize_with = "text")]
    pub call_id: Option<String>,
    /// The vendor's task id.
    #[serde(default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// The caller's own task id.
    #[serde(default, deserialize_with = "text")]
    pub user_task_id: Option<String>,
    /// The contact of the task: one number to reach.
    #[serde(default, deserialize_with = "text")]
    pub contact_id: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub other: Option<String>,
    /// The AI agent.
    #[serde(default, deserialize_with = "text")]
    pub auto_flow_id: Option<String>,
    /// 1 when this is the first call to the contact.
    #[serde(default, deserialize_with = "boolean")]
    pub order_head: Option<bool>,
    /// 1 when this is the last call to the contact.
    #[serde(default, deserialize_with = "boolean")]
    pub order_tail: Option<bool>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub caller_phone: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub callee_phone: Option<String>,
    /// The vendor's code of the state; its table is not public.
    #[serde(default, deserialize_with = "text")]
    pub call_status: Option<String>,
    /// The vendor's code of the result; its table is not public.
    #[serde(default, deserialize_with = "text")]
    pub call_result: Option<String>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_start: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_answer: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_end: Option<i64>,
}

/// State of an AI agent task.
/// <https://github.com/nxtele/http-api-document-en/wiki/AI-Agent-Task-Callback>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentTask {
    /// The vendor's task id.
    #[serde(default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// The caller's own task id.
    #[serde(default, deserialize_with = "text")]
    pub user_task_id: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub other: Option<String>,
    /// The AI agent.
    #[serde(default, deserialize_with = "text")]
    pub auto_flow_id: Option<String>,
    /// 1 waiting to start, 2 running, 3 completed, 4 failed, 5 paused, 6 paused for lack of balance.
    #[serde(default, deserialize_with = "number")]
    pub task_status: Option<i64>,
}

/// Call record of number masking. The vendor documents two forms: an older one with the times in the record itself,
/// and a newer one with a list of legs.
/// <https://github.com/nxtele/http-api-document/wiki/PNS-API-webhook>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaskedCall {
    /// The vendor's call id.
    #[serde(default, deserialize_with = "text")]
    pub call_id: Option<String>,
    /// Code of a notice about a call that was never connected; call records have none.
    #[serde(default, deserialize_with = "text")]
    pub code: Option<String>,
    /// The caller's own id of the binding.
    #[serde(default, deserialize_with = "text")]
    pub customer_bind_id: Option<String>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub caller: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub callee: Option<String>,
    /// 0 unknown, 1 ended normally, 2 ended abnormally.
    #[serde(default, deserialize_with = "text")]
    pub call_status: Option<String>,
    /// Text of `callStatus`.
    #[serde(default, deserialize_with = "text")]
    pub call_status_msg: Option<String>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub start_at: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub answer_at: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub hangup_at: Option<i64>,
    /// Name of the cause.
    #[serde(default, deserialize_with = "text")]
    pub hangup_cause: Option<String>,
    /// ITU-T Q.850 cause; 0 for none.
    #[serde(default, deserialize_with = "text")]
    pub hangup_code: Option<String>,
    /// The recording.
    #[serde(default, deserialize_with = "text")]
    pub record_file: Option<String>,
    /// The legs: to the caller and, once dialled, to the called party.
    #[serde(default, deserialize_with = "part")]
    pub leg_list: Option<Vec<Leg>>,
}

/// One leg of a masked call.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// 1 the caller's leg, 2 the called party's.
    #[serde(default, deserialize_with = "number")]
    pub call_type: Option<i64>,
    /// The vendor's id of the leg.
    #[serde(default, deserialize_with = "text")]
    pub uuid: Option<String>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_start_at: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_ring_at: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_answer_at: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_finish_at: Option<i64>,
    /// The recording.
    #[serde(default, deserialize_with = "text")]
    pub call_record_file: Option<String>,
    /// Name of the cause.
    #[serde(default, deserialize_with = "text")]
    pub hangup_cause: Option<String>,
    /// ITU-T Q.850 cause.
    #[serde(default, deserialize_with = "text")]
    pub hangup_code: Option<String>,
}
