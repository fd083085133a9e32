//! `[sources.NAME.api]`: how Huawei CEC is asked.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{SettingsError, SourceSettings};
use crate::secret::Secret;
use crate::vendor::poll::base_url;

/// Where a token is asked for, below the base URL.
const TOKEN_PATH: &str = "/apigovernance/api/oauth/tokenByAkSk";

/// Asking Huawei CEC's API about voice notifications and bidirectional calls. Campaigns cannot be asked about: how those
/// requests are signed is not documented well enough.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0002.html>
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "HuaweiCecApi")]
pub struct Api {
    /// The vendor's address, without the paths of its API.
    pub base_url: String,
    /// The whole URL of `tokenByAkSk`. Default: below `base_url`. Some installations have it on a port of its own, as
    /// `"https://service.besclouds.com:28070/apigovernance/api/oauth/tokenByAkSk"`.
    pub token_url: Option<String>,
    /// The application's key, which the vendor's operations staff give out.
    pub app_key: String,
    /// The application's secrets; the first one is sent. Prefer `app_secret_files`.
    pub app_secrets: Vec<Secret>,
    /// Files with application secrets, one per line; re-read while running. The first line of the first file is sent.
    pub app_secret_files: Vec<PathBuf>,
    /// How long an access token shall live, seconds, from 60 to 3600, which is the vendor's limit.
    pub token_seconds: u32,
    /// The only kind of call this source has to do with. Listings are limited to it, and all codes are read by its table.
    /// Default: all but ITA calls, and each call tells its kind: with something about an agent, or with a code only
    /// bidirectional calls have, it is one; else it is a voice notification.
    pub task_type: Option<TaskType>,
    /// Calls on a page of a listing, from 1 to 1000. The vendor's limit is not documented; shorter pages than asked for are
    /// understood.
    pub limit: u32,
    /// The longest window listed at once, hours, from 1 to 168, which is the vendor's limit. Shorter ones have fewer pages to
    /// begin anew when a call is added meanwhile.
    pub window_hours: u32,
}

/// A kind of call, as `taskType` of a listing names it.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1305.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HuaweiCecTaskType")]
pub enum TaskType {
    /// Bidirectional calls.
    Dual,
    /// Anonymous outbound calls. Which codes they have is not documented: each call tells, as without `task_type`.
    Anonymous,
    /// Voice notifications. Which codes they have in the API is not documented: read as in callbacks.
    VoiceNotification,
}

impl TaskType {
    /// The vendor's number of it.
    pub const fn number(self) -> &'static str {
        match self {
            Self::Dual => "1",
            Self::Anonymous => "2",
            Self::VoiceNotification => "3",
        }
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            base_url: "https://service.besclouds.com".to_owned(),
            token_url: None,
            app_key: String::new(),
            app_secrets: Vec::new(),
            app_secret_files: Vec::new(),
            token_seconds: 600,
            task_type: None,
            limit: 100,
            window_hours: 24,
        }
    }
}

impl Api {
    /// The settings, with the addresses in their plain form.
    pub fn checked(self, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let token_url = self.token_url.as_deref().map(base_url).transpose();
        let token_url = token_url.map_err(|wrong| source.error("api.token_url", wrong))?;
        let base_url = base_url(&self.base_url).map_err(|wrong| source.error("api.base_url", wrong))?;
        if self.app_key.is_empty() {
            return Err(source.error("api.app_key", "is missing: the vendor's operations staff give it out"));
        }
        if !self.app_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(source.error("api.app_key", "must be printable ASCII without blanks: it is sent in a header"));
        }
        if self.app_secrets.is_empty() && self.app_secret_files.is_empty() {
            let message = "is missing: name the file with the application's secret";
            return Err(source.error("api.app_secret_files", message));
        }
        if self.app_secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(source.error("api.app_secrets", "holds an empty secret"));
        }
        let ranges = [
            ("token_seconds", self.token_seconds, 60, 3600),
            ("limit", self.limit, 1, 1000),
            ("window_hours", self.window_hours, 1, 168),
        ];
        for (key, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(source.error(&format!("api.{key}"), format!("must be from {least} to {most}")));
            }
        }
        let token_url = Some(token_url.unwrap_or_else(|| format!("{base_url}{TOKEN_PATH}")));
        Ok(Self { base_url, token_url, ..self })
    }
}
