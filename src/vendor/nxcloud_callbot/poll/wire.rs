//! NXCloud Callbot's answers, version 3. Rows have the fields of the callbacks; what is here is around them.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::vendor::lenient::{number, part, text};

/// What every answer has.
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-createTaskAndCall>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// 0 for success.
    #[serde(default, deserialize_with = "number")]
    pub ret_code: Option<i64>,
    /// The vendor's text for it.
    #[serde(default, deserialize_with = "text")]
    pub ret_msg: Option<String>,
}

/// The calls of an order, each as it came.
/// <https://github.com/nxtele/http-api-document/wiki/Callbot-API-orderDetailList>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCalls {
    /// Every call.
    #[serde(default, deserialize_with = "part")]
    pub call_info_detail_list: Option<Vec<Box<RawValue>>>,
}

/// What an answer to `createAndCall`, `addBatchCall` or `importBatchCall` says beside its code.
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-createTaskAndCall>
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placing {
    /// The vendor's task id.
    #[serde(rename = "taskID", default, deserialize_with = "text")]
    pub task_id: Option<String>,
    /// How many orders were accepted.
    #[serde(default, deserialize_with = "number")]
    pub success_count: Option<i64>,
    /// The numbers that were refused.
    #[serde(default, deserialize_with = "part")]
    pub err_list: Option<Vec<Box<RawValue>>>,
    /// The same once more, where the vendor wraps it.
    #[serde(default, deserialize_with = "part")]
    pub data: Option<Box<Placing>>,
}

/// A number that was refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The number.
    #[serde(default, deserialize_with = "text")]
    pub phone: Option<String>,
    /// Why, in the vendor's words.
    #[serde(default, deserialize_with = "text")]
    pub err_msg: Option<String>,
}
