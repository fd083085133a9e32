//! `[sources.NAME.api]`: how NXCloud Callbot is asked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{SettingsError, SourceSettings};
use crate::event::Outcome;
use crate::vendor::poll::base_url;

/// Asking NXCloud Callbot's API, version 3. Requests are signed with the source's first secret. All has a default: an empty
/// table is enough.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "NxcloudCallbotApi")]
pub struct Api {
    /// The vendor's address, without `/callcentre/api/v3`.
    pub base_url: String,
    /// Whether an answer must be signed as the vendor documents it: with the source's `uuid`, the `requestID` of our request,
    /// and one of the source's secrets.
    pub check_answers: bool,
    /// Accepts answers without the header `sign`. A wrong signature is refused all the same.
    pub unsigned_answers: bool,
    /// Most orders asked about in one request, from 1 to 500, which is the vendor's limit.
    pub batch: u16,
    /// Rows on a page when tasks and calls are listed, from 1 to 1000. The vendor's limit is not documented: a page with fewer
    /// rows counts as the last one, so never ask for more than the vendor gives.
    pub page_size: u32,
    /// How many days before a window a task may have been created for its calls to be listed, from 1 to 3650. The vendor lists
    /// calls by task only: count in your oldest running task.
    pub task_days: u32,
    /// The longest window asked for at once, hours, from 1 to 168. The vendor documents no limit.
    pub window_hours: u32,
    /// Outcome of each `errMsg` with which the vendor refuses a number, exactly as it writes them. The texts are not
    /// documented; without an entry only plain words (invalid number, blacklist) are understood, everything else is `failed`.
    pub err_msg: BTreeMap<String, Outcome>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            base_url: "https://nxbot.nxcloud.com".to_owned(),
            check_answers: true,
            unsigned_answers: false,
            batch: 100,
            page_size: 100,
            task_days: 7,
            window_hours: 24,
            err_msg: BTreeMap::new(),
        }
    }
}

impl Api {
    /// The settings, with the address in its plain form.
    pub fn checked(self, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let base_url = base_url(&self.base_url).map_err(|wrong| source.error("api.base_url", wrong))?;
        let ranges = [
            ("batch", u32::from(self.batch), 500),
            ("page_size", self.page_size, 1000),
            ("task_days", self.task_days, 3650),
            ("window_hours", self.window_hours, 168),
        ];
        for (key, value, most) in ranges {
            if !(1..=most).contains(&value) {
                return Err(source.error(&format!("api.{key}"), format!("must be from 1 to {most}")));
            }
        }
        Ok(Self { base_url, ..self })
    }
}
