//! Huawei CEC's own callback bodies. Only what identifies a fact is required; everything else is optional, unknown
//! fields are ignored, and numbers may come as texts.
//!
//! Times name no zone: they are read in the source's `time_zone`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::vendor::lenient;

/// Body of the release callback of a voice notification and of a bidirectional call.
/// <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2805.html>
/// <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1319.html>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// The call: a number of up to 50 digits as text.
    #[serde(default, deserialize_with = "compact")]
    pub call_serial_no: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "compact")]
    pub called: Option<String>,
    /// The agent's telephone; only of bidirectional calls.
    #[serde(default, deserialize_with = "compact")]
    pub caller: Option<String>,
    /// The number the called party saw.
    #[serde(default, deserialize_with = "compact")]
    pub caller_present: Option<String>,
    /// The agent; only of bidirectional calls.
    #[serde(default, deserialize_with = "compact")]
    pub service_no: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "known")]
    pub call_data: Option<String>,
    /// The call began, `yyyy/MM/dd,HH:mm:ss:SSS`.
    #[serde(default, deserialize_with = "compact")]
    pub create_call_time: Option<String>,
    /// The called telephone began to ring.
    #[serde(default, deserialize_with = "compact")]
    pub alerting_time: Option<String>,
    /// The called party picked up.
    #[serde(default, deserialize_with = "compact")]
    pub talking_time: Option<String>,
    /// The call ended.
    #[serde(default, deserialize_with = "compact")]
    pub release_time: Option<String>,
    /// Path of the recording in the vendor's system.
    #[serde(default, deserialize_with = "known")]
    pub recordfile: Option<String>,
    /// Code of the result; the two kinds of call have different tables.
    #[serde(default, deserialize_with = "compact")]
    pub release_reason: Option<String>,
}

/// Body of the connection callback of a bidirectional call.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0067.html>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DualStatus {
    /// The call.
    #[serde(default, deserialize_with = "compact")]
    pub call_serial_no: Option<String>,
    /// The agent.
    #[serde(default, deserialize_with = "compact")]
    pub service_no: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "compact")]
    pub called: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "known")]
    pub call_data: Option<String>,
}

/// One record of the array that is the body of a campaign's result callback.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0788.html>
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignRecord {
    /// The campaign.
    #[serde(default, deserialize_with = "known")]
    pub campaign_id: Option<String>,
    /// The customer, as whoever imported it calls it: not an id of a call.
    #[serde(default, deserialize_with = "known")]
    pub session_id: Option<String>,
    /// The called number.
    #[serde(default, deserialize_with = "known")]
    pub called: Option<String>,
    /// Dialling began, `yyyy-MM-dd HH:mm:ss`.
    #[serde(default, deserialize_with = "known")]
    pub call_time_str: Option<String>,
    /// 5 failed, 6 succeeded.
    #[serde(default, deserialize_with = "known")]
    pub call_status: Option<String>,
    /// Code of the result.
    #[serde(default, deserialize_with = "known")]
    pub fail_code: Option<String>,
    /// The virtual call centre.
    #[serde(default, deserialize_with = "known")]
    pub vdn_id: Option<String>,
    /// The call within the virtual call centre.
    #[serde(default, deserialize_with = "known")]
    pub call_id: Option<String>,
    /// The caller's own data, passed through unchanged.
    #[serde(default, deserialize_with = "known")]
    pub custom_field: Option<String>,
    /// Path of the recording in the vendor's system.
    #[serde(default, deserialize_with = "known")]
    pub record_path: Option<String>,
}

/// A text. The word `null` gives `None`, because the vendor's signature does not tell it from JSON's null.
pub fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    lenient::text(deserializer).map(|text| text.filter(|text| text != "null"))
}

/// A [`known`] text without its blanks, because the vendor's signature does not cover them: whoever saw a request could
/// add some, and a call id with a blank more would be another call.
pub fn compact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(lenient::text(deserializer)?.as_deref().and_then(without_blanks))
}

/// What [`compact`] reads from a text.
pub fn without_blanks(text: &str) -> Option<String> {
    let text = text.replace(' ', "");
    (!text.is_empty() && text != "null").then_some(text)
}
