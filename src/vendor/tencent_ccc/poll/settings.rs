//! Settings for asking Tencent Cloud Contact Center.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::sign::Credential;
use super::{Account, LONGEST_WINDOW};
use crate::config::{SettingsError, SourceSettings};
use crate::secret::{Secret, Secrets};
use crate::vendor::poll::base_url;
use crate::vendor::tencent_ccc::Settings;

const DAY: u32 = 24 * 60 * 60;

/// Asking for results. <https://www.tencentcloud.com/document/product/1229/59742>
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "TencentCccApi")]
pub struct Api {
    /// Where the API is. `"https://ccc.intl.tencentcloudapi.com"` for accounts of the international site.
    pub base_url: String,
    /// Region, as `"ap-guangzhou"`. The vendor does not need one.
    pub region: Option<String>,
    /// SecretId of the API keys that are written without one.
    pub secret_id: Option<String>,
    /// API keys, each as `SecretKey`, `SecretId:SecretKey`, or `SecretId:SecretKey:Token` when it is a temporary one.
    /// The first one signs. Prefer `secret_key_files`.
    pub secret_keys: Vec<Secret>,
    /// Files with API keys, one per line; re-read while running. A new key has a new SecretId: write both.
    pub secret_key_files: Vec<PathBuf>,
    /// The application (SdkAppId) that is asked about: one of `sdk_app_ids`. Default: the only one of them.
    pub sdk_app_id: Option<u64>,
    /// Most calls in one request, from 1 to 100.
    pub batch: u32,
    /// How ids of calls are written to the vendor, when they are UUIDs. Default: `hyphens`.
    pub session_ids: Spelling,
    /// How long before the earliest of the calls the window asked for begins, seconds: the vendor does not say which
    /// time of a call its windows are about.
    pub look_back_seconds: u32,
    /// How far into the future that window reaches, seconds: for a vendor's clock that is ahead. Whether the vendor
    /// takes such a window is not documented.
    pub look_ahead_seconds: u32,
    /// Whether `DescribeTelSession` is asked about calls without a record, to stop asking about those that do not exist.
    pub ask_state: bool,
    /// How long after it was placed a call without a record is asked about in that way, seconds: the longest call and
    /// the vendor's delay. How long the vendor knows a session that is over is not documented.
    pub ask_state_after_seconds: u32,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            base_url: "https://ccc.tencentcloudapi.com".to_owned(),
            region: None,
            secret_id: None,
            secret_keys: Vec::new(),
            secret_key_files: Vec::new(),
            sdk_app_id: None,
            batch: 50,
            session_ids: Spelling::Hyphens,
            look_back_seconds: DAY,
            look_ahead_seconds: 0,
            ask_state: true,
            ask_state_after_seconds: DAY / 4,
        }
    }
}

/// How an id that is a UUID is written. Events always have it with hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// With hyphens, as on most of the vendor's pages.
    Hyphens,
    /// Without, as in one of its samples.
    Plain,
    /// Both in one request, when it is not known which the account has.
    Both,
}

impl Spelling {
    /// The id `call` in this spelling, or in both. What is no UUID stays as it is.
    pub fn write(self, call: &str) -> Vec<String> {
        let uuid = uuid::Uuid::try_parse(call).ok().filter(|_| call.len() == 36);
        match (uuid, self) {
            (None, _) | (_, Self::Hyphens) => vec![call.to_owned()],
            (Some(uuid), Self::Plain) => vec![uuid.simple().to_string()],
            (Some(uuid), Self::Both) => vec![call.to_owned(), uuid.simple().to_string()],
        }
    }
}

impl Account {
    /// The account `settings` name; `None` when they say nothing about asking.
    pub fn new(settings: &Settings, source: &SourceSettings<'_>) -> Result<Option<Self>, SettingsError> {
        let Some(api) = settings.api.clone() else { return Ok(None) };
        let wrong = |key: &str, message: &str| source.error(&format!("api.{key}"), message);
        let base_url = base_url(&api.base_url).map_err(|message| wrong("base_url", message))?;
        let host = host(&base_url).ok_or_else(|| wrong("base_url", "must hold a host and no user"))?;
        let app = app(settings, &api).map_err(|message| wrong("sdk_app_id", message))?;
        if !(1..=100).contains(&api.batch) {
            return Err(wrong("batch", "must be 1 to 100"));
        }
        let name = |region: &String| region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if api.region.as_ref().is_some_and(|region| region.is_empty() || !name(region)) {
            return Err(wrong("region", "is not the name of a region, as \"ap-guangzhou\""));
        }
        let longest = LONGEST_WINDOW.as_secs();
        if i64::from(api.look_back_seconds) + i64::from(api.look_ahead_seconds) > longest {
            return Err(wrong("look_back_seconds", "with look_ahead_seconds, is longer than 89 days"));
        }
        let keys = keys(&api).map_err(|(key, message)| wrong(key, &message))?;
        let settings = Settings { api: None, ..settings.clone() };
        Ok(Some(Self { settings, api, base_url, host, app, account: app.to_string(), keys }))
    }
}

fn app(settings: &Settings, api: &Api) -> Result<u64, &'static str> {
    match (api.sdk_app_id, settings.sdk_app_ids.as_slice()) {
        (Some(app), known) if known.contains(&app) => Ok(app),
        (Some(_), _) => Err("must be one of sdk_app_ids"),
        (None, [only]) => Ok(*only),
        (None, _) => {
            Err("is missing: say which of sdk_app_ids is asked about, and make a source for each of the others")
        }
    }
}

fn keys(api: &Api) -> Result<Secrets, (&'static str, String)> {
    let usable = |key: &Secret| Credential::read(key, api.secret_id.as_deref()).is_usable();
    let message = "must each be SecretId:SecretKey, or SecretKey with secret_id set beside it";
    if api.secret_keys.is_empty() && api.secret_key_files.is_empty() {
        return Err(("secret_key_files", "is missing: name the file that holds SecretId:SecretKey".to_owned()));
    }
    if !api.secret_keys.iter().all(usable) {
        return Err(("secret_keys", message.to_owned()));
    }
    let keys = Secrets::load(api.secret_keys.clone(), api.secret_key_files.clone())
        .map_err(|error| ("secret_key_files", error.to_string()))?;
    match keys.active().iter().all(usable) {
        true => Ok(keys.clone()),
        false => Err(("secret_key_files", format!("{message}, one per line"))),
    }
}

/// The `Host` header that HTTP clients send: signed with every request. The usual port is left out.
fn host(base_url: &str) -> Option<String> {
    let url: http::Uri = base_url.parse().ok()?;
    let authority = url.authority()?.as_str().to_ascii_lowercase();
    let usual = if url.scheme_str() == Some("https") { ":443" } else { ":80" };
    let host = authority.strip_suffix(usual).unwrap_or(&authority);
    (!host.is_empty() && !host.contains('@')).then(|| host.to_owned())
}
