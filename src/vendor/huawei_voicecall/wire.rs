//! Huawei Voice Call's own notification bodies. Only what identifies a fact is required; everything else is optional,
//! unknown fields are ignored, and numbers may come as texts.
//!
//! Times are `yyyy-MM-dd HH:mm:ss` in UTC, at times with two blanks.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::vendor::lenient::{part, text};

/// Body of a status notification.
/// <https://support.huaweicloud.com/api-VoiceCall/rtc_05_0014.html>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `callout`, `alerting`, `answer`, `disconnect` and others.
    #[serde(default, deserialize_with = "text")]
    pub event_type: Option<String>,
    /// What happened.
    #[serde(default, deserialize_with = "part")]
    pub status_info: Option<StatusInfo>,
}

/// What happened to a call.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusInfo {
    /// The call.
    #[serde(default, deserialize_with = "text")]
    pub session_id: Option<String>,
    /// When it happened.
    #[serde(default, deserialize_with = "text")]
    pub timestamp: Option<String>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub caller: Option<String>,
    /// The called number; of the two parties of a callback, the one this is about.
    #[serde(default, deserialize_with = "text")]
    pub called: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub user_data: Option<String>,
    /// Code of the result; only when the call ended.
    #[serde(default, deserialize_with = "text")]
    pub state_code: Option<String>,
    /// The vendor's text for it.
    #[serde(default, deserialize_with = "text")]
    pub state_desc: Option<String>,
}

/// Body of a record notification: up to 50 records.
/// <https://support.huaweicloud.com/api-VoiceCall/rtc_05_0014_1.html>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fee {
    /// `fee`.
    #[serde(default, deserialize_with = "text")]
    pub event_type: Option<String>,
    /// The records, each a [`Record`].
    #[serde(default, deserialize_with = "part")]
    #[schemars(with = "Vec<Record>")]
    pub fee_lst: Option<Vec<Box<serde_json::value::RawValue>>>,
}

/// Record of one call. The `fwd` fields are of callbacks, which dial two parties one after the other.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The call.
    #[serde(default, deserialize_with = "text")]
    pub session_id: Option<String>,
    /// The calling number.
    #[serde(default, deserialize_with = "text")]
    pub caller_num: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "text")]
    pub callee_num: Option<String>,
    /// The number the second party saw.
    #[serde(default, deserialize_with = "text")]
    pub fwd_display_num: Option<String>,
    /// The second party.
    #[serde(default, deserialize_with = "text")]
    pub fwd_dst_num: Option<String>,
    /// Dialling began.
    #[serde(default, deserialize_with = "text")]
    pub call_out_start_time: Option<String>,
    /// The called telephone began to ring.
    #[serde(default, deserialize_with = "text")]
    pub call_out_alerting_time: Option<String>,
    /// The called party picked up.
    #[serde(default, deserialize_with = "text")]
    pub call_out_answer_time: Option<String>,
    /// Dialling the second party began.
    #[serde(default, deserialize_with = "text")]
    pub fwd_start_time: Option<String>,
    /// The second party's telephone began to ring.
    #[serde(default, deserialize_with = "text")]
    pub fwd_alerting_time: Option<String>,
    /// The second party picked up.
    #[serde(default, deserialize_with = "text")]
    pub fwd_answer_time: Option<String>,
    /// The call ended.
    #[serde(default, deserialize_with = "text")]
    pub call_end_time: Option<String>,
    /// The call failed.
    #[serde(default, deserialize_with = "text")]
    pub fail_time: Option<String>,
    /// Q.850 cause, 0 for none.
    #[serde(default, deserialize_with = "text")]
    pub call_out_unasw_rsn: Option<String>,
    /// Q.850 cause of the second party, 0 for none.
    #[serde(default, deserialize_with = "text")]
    pub fwd_unasw_rsn: Option<String>,
    /// SIP status of a failure, 0 for none.
    #[serde(default, deserialize_with = "text")]
    pub sip_status_code: Option<String>,
    /// Keys the called party pressed, joined by hyphens.
    #[serde(rename = "dynIVRPath", default, deserialize_with = "text")]
    pub dyn_ivr_path: Option<String>,
    /// Name of the recording.
    #[serde(default, deserialize_with = "text")]
    pub record_object_name: Option<String>,
    /// Host the recording is on.
    #[serde(default, deserialize_with = "text")]
    pub record_domain: Option<String>,
    /// `001` plays a message.
    #[serde(default, deserialize_with = "text")]
    pub service_type: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "text")]
    pub user_data: Option<String>,
}
