//! NXCloud Callbot's own callback bodies, version 3. Only what identifies and times a fact is required; everything
//! else is optional, unknown fields are ignored, and numbers may come as texts.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vendor::lenient::{boolean, number, part, text};

/// Body of a task callback.
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-taskCallback>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskCallback {
    /// The caller's own task id.
    #[serde(rename = "userTaskID", default, deserialize_with = "text")]
    pub user_task_id: Option<String>,
    /// The vendor's task id.
    #[serde(rename = "taskID", default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// The script template.
    #[serde(rename = "sceneID", default, deserialize_with = "text")]
    pub scene_id: Option<String>,
    /// 1 waiting to start, 2 running, 3 completed, 4 failed, 5 paused.
    #[serde(default, deserialize_with = "number")]
    pub task_status: Option<i64>,
    /// Counts of the task.
    #[serde(default, deserialize_with = "part")]
    pub task_stat: Option<TaskStat>,
}

/// Counts of a task.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskStat {
    /// Orders with an answered call.
    #[serde(default, deserialize_with = "number")]
    pub answer_order_count: Option<i64>,
    /// Finished orders.
    #[serde(default, deserialize_with = "number")]
    pub finish_order_count: Option<i64>,
    /// All orders.
    #[serde(default, deserialize_with = "number")]
    pub total_order_count: Option<i64>,
    /// Answered calls.
    #[serde(default, deserialize_with = "number")]
    pub total_answer_call: Option<i64>,
    /// All calls.
    #[serde(default, deserialize_with = "number")]
    pub total_call: Option<i64>,
}

/// Body of an order callback and of a call callback: they have the same fields.
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-orderCallback>
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-callCallback>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderCallback {
    /// The caller's own order id.
    #[serde(rename = "orderID", default, deserialize_with = "text")]
    pub order_id: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub user_phone: Option<String>,
    /// The script template.
    #[serde(rename = "sceneID", default, deserialize_with = "text")]
    pub scene_id: Option<String>,
    /// The caller's own task id.
    #[serde(rename = "userTaskID", default, deserialize_with = "text")]
    pub user_task_id: Option<String>,
    /// The vendor's task id.
    #[serde(rename = "taskID", default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// Whether the order is finished.
    #[serde(default, deserialize_with = "boolean")]
    pub finish: Option<bool>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub other: Option<String>,
    /// One call of the order; in an order callback the last one.
    #[serde(default, deserialize_with = "part")]
    pub call_info_detail: Option<CallInfoDetail>,
}

/// One call.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallInfoDetail {
    /// The vendor's call id.
    #[serde(rename = "callID", default, deserialize_with = "text")]
    pub call_id: Option<String>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub calling_number: Option<String>,
    /// The vendor's code of the result; its table is not public.
    #[serde(default, deserialize_with = "text")]
    pub call_status: Option<String>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_start_ts: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_answer_ts: Option<i64>,
    /// Unix seconds; 0 when it did not happen.
    #[serde(default, deserialize_with = "number")]
    pub call_end_ts: Option<i64>,
    /// Seconds; whether ringing counts is not documented.
    #[serde(default, deserialize_with = "number")]
    pub call_duration: Option<i64>,
    /// The recording.
    #[serde(default, deserialize_with = "text")]
    pub call_audio_url: Option<String>,
    /// Text of the hang-up cause.
    #[serde(default, deserialize_with = "text")]
    pub hangup_cause: Option<String>,
    /// The terminating SIP status.
    #[serde(default, deserialize_with = "text")]
    pub term_sip_code: Option<String>,
    /// What the bot understood.
    #[serde(default, deserialize_with = "part")]
    pub intents: Option<Vec<Intent>>,
    /// The human part of the call.
    #[serde(default, deserialize_with = "part")]
    pub agent: Option<Agent>,
}

/// Something the bot understood.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The script's id.
    #[serde(rename = "intentID", default, deserialize_with = "text")]
    pub intent_id: Option<String>,
    /// The user's own tag.
    #[serde(default, deserialize_with = "text")]
    pub intent_tag: Option<String>,
    /// The script's name.
    #[serde(default, deserialize_with = "text")]
    pub intent_name: Option<String>,
    /// The script's level.
    #[serde(default, deserialize_with = "number")]
    pub intent_level: Option<i64>,
}

/// The human part of a call.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Name of the agent.
    #[serde(default, deserialize_with = "text")]
    pub agent_name: Option<String>,
    /// Group of the agent.
    #[serde(default, deserialize_with = "text")]
    pub agent_group: Option<String>,
    /// What the agent noted.
    #[serde(default, deserialize_with = "text")]
    pub agent_label: Option<String>,
    /// When the agent picked up; 0 or null when not.
    #[serde(default, deserialize_with = "number")]
    pub manual_call_answer: Option<i64>,
}
