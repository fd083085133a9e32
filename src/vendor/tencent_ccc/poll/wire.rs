//! Requests to Tencent Cloud Contact Center's API and what is read of the answers.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::vendor::lenient::{number, text};

/// Body of `DescribeTelCdr`: the records of sessions in a window.
/// <https://www.tencentcloud.com/document/api/1229/59764>
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTelCdr<'a> {
    /// The application.
    pub sdk_app_id: u64,
    /// Start of the window, Unix seconds.
    pub start_time_stamp: i64,
    /// Its end.
    pub end_time_stamp: i64,
    /// Most records in the answer, at most 100.
    pub page_size: usize,
    /// Which page, from 0.
    pub page_number: usize,
    /// Only these sessions; all when empty.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub session_ids: &'a [String],
}

/// Body of `DescribeTelSession`: the state of a session that goes on.
/// <https://www.tencentcloud.com/document/product/1229/59763>
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeTelSession<'a> {
    /// The application.
    pub sdk_app_id: u64,
    /// The session.
    pub session_id: &'a str,
}

/// Answer of `DescribeTelCdr`.
#[derive(Deserialize)]
pub struct Records {
    /// How many records the window has, on all pages.
    #[serde(rename = "TotalCount", default, deserialize_with = "number")]
    pub total: Option<i64>,
    #[serde(rename = "TelCdrList", default, deserialize_with = "rows")]
    list: Option<Vec<Box<RawValue>>>,
    /// The deprecated twin of the list.
    #[serde(rename = "TelCdrs", default, deserialize_with = "rows")]
    twin: Option<Vec<Box<RawValue>>>,
}

impl Records {
    /// The records; `None` when there is neither list.
    pub fn rows(&self) -> Option<&[Box<RawValue>]> {
        let filled = |rows: &&Vec<Box<RawValue>>| !rows.is_empty();
        let rows = self.list.as_ref().filter(filled).or(self.twin.as_ref().filter(filled));
        rows.or(self.list.as_ref()).or(self.twin.as_ref()).map(Vec::as_slice)
    }
}

/// Answer of `DescribeTelSession`.
#[derive(Deserialize)]
pub struct Live {
    /// The session.
    #[serde(rename = "Session", default)]
    pub session: Option<Session>,
}

/// A session that goes on, or did a moment ago.
#[derive(Deserialize)]
pub struct Session {
    /// `ringing`, `seatJoining`, `inProgress` or `finished`.
    #[serde(rename = "SessionStatus", default, deserialize_with = "text")]
    pub status: Option<String>,
}

/// Rows: those of a list, or one alone. `None` for everything else.
fn rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Box<RawValue>>>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(match raw.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(raw.get()).ok(),
        Some(b'{') => Some(vec![raw]),
        _ => None,
    })
}
