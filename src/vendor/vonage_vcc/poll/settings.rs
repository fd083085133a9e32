//! `[sources.NAME.api]`: how Vonage Contact Center is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Account, Bases};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{Convention, Outcome};
use crate::secret::{Secret, Secrets};
use crate::vendor::poll::base_url;
use crate::vendor::poll::oauth::{Client, CredentialsIn};
use crate::vendor::vonage_vcc::Settings;

/// Asking Vonage Contact Center for results: the Calls API about calls that dialers place, the Insights Stats API about
/// interactions. <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3599269892/Create+bearer+access+token>
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "VonageVccApi")]
pub struct Api {
    /// Where the account is. Needed, unless all three addresses are given.
    pub region: Option<Region>,
    /// Address of the token service, without `/Auth/connect/token`. Default: `https://{region}.cc.vonage.com`.
    pub auth_url: Option<String>,
    /// Address of the Calls API, without `/v0`. Default: `https://{region}.cc.vonage.com`.
    pub calls_url: Option<String>,
    /// Address of the Insights Stats API, without `/stats`. Default: `https://{region}.api.cc.vonage.com`.
    pub stats_url: Option<String>,
    /// The account's API key, a part of the Calls API's path. Without it calls that dialers place are looked for as
    /// interactions: whether the ids of both APIs are the same is not documented. Prefer `account_key_files`.
    pub account_key: Option<Secret>,
    /// Files with the account's API key in their first line; re-read while running.
    pub account_key_files: Vec<PathBuf>,
    /// Id of the API credentials made in the vendor's console.
    pub client_id: String,
    /// Their secrets; the first is sent. Prefer `client_secret_files`.
    pub client_secrets: Vec<Secret>,
    /// Files with their secrets, one per line; re-read while running.
    pub client_secret_files: Vec<PathBuf>,
    /// Scopes of the access token, separated by blanks. `stats` is for the Insights Stats API; the vendor names none for the
    /// Calls API.
    pub scope: String,
    /// Where id and secret stand in the request for a token. The vendor documents the body; its sample code uses Basic.
    pub credentials_in: CredentialsIn,
    /// Version of the Calls API in its `Accept` header. The vendor's page shows 3 and speaks of 6.
    pub calls_version: u32,
    /// Version of the Insights Stats API in its `Accept` header.
    pub stats_version: u32,
    /// Interactions on a page when a window is listed. Default: what the vendor gives unasked; neither that nor the most it
    /// gives is documented.
    pub page_size: Option<u32>,
    /// How numbers without a plus are written: the vendor documents no form.
    pub numbers: Numbers,
    /// What `offset` of an event on a leg counts from: not documented.
    pub event_offsets: EventOffsets,
    /// Values of `medium` that are calls; interactions with another one are left out. Case does not matter.
    pub media: Vec<String>,
    /// Outcome of each `result.code` of the Calls API the vendor has told you of. Case does not matter.
    pub result_codes: BTreeMap<String, Outcome>,
    /// Outcome of each reason of the called party (`result.reason`, `endReason`) the vendor has told you of. Case does not
    /// matter. The legs of agents never give an outcome.
    pub reasons: BTreeMap<String, Outcome>,
}

/// Where an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Region {
    /// Europe, Middle East and Africa.
    Emea,
    /// North America.
    Nam,
    /// Asia and Pacific.
    Apac,
}

impl Region {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Emea => "emea",
            Self::Nam => "nam",
            Self::Apac => "apac",
        }
    }
}

/// How numbers without a plus are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// As in the source's `country`; without one they stay as they are.
    #[default]
    National,
    /// With the country's calling code first.
    International,
}

impl Numbers {
    /// For reading them.
    pub const fn convention(self) -> Convention {
        match self {
            Self::National => Convention::National,
            Self::International => Convention::International,
        }
    }
}

/// What the offset of an event on a leg counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventOffsets {
    /// From the leg's beginning.
    #[default]
    Leg,
    /// From the interaction's beginning.
    Interaction,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            region: None,
            auth_url: None,
            calls_url: None,
            stats_url: None,
            account_key: None,
            account_key_files: Vec::new(),
            client_id: String::new(),
            client_secrets: Vec::new(),
            client_secret_files: Vec::new(),
            scope: "stats".to_owned(),
            credentials_in: CredentialsIn::Body,
            calls_version: 3,
            stats_version: 3,
            page_size: None,
            numbers: Numbers::National,
            event_offsets: EventOffsets::Leg,
            media: vec!["Phone".to_owned()],
            result_codes: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }
}

impl Account {
    /// Whom `api` names; `settings` are the source's.
    pub fn new(api: &Api, settings: &Settings, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let wrong = |(key, message): Complaint| source.error(&format!("api.{key}"), message);
        let bases = bases(api).map_err(wrong)?;
        if api.page_size.is_some_and(|size| !(1..=10_000).contains(&size)) {
            return Err(wrong(("page_size", "must be from 1 to 10000".to_owned())));
        }
        Ok(Self {
            client: client(api, &bases).map_err(wrong)?,
            keys: keys(api).map_err(wrong)?,
            settings: Settings { api: None, ..settings.clone() },
            api: api.clone(),
            bases,
        })
    }
}

/// A key of the settings, and what is wrong with it.
type Complaint = (&'static str, String);

fn bases(api: &Api) -> Result<Bases, Complaint> {
    let base = |key, own: &Option<String>, host: &str| match (own, api.region) {
        (Some(url), _) => base_url(url).map_err(|message| (key, message.to_owned())),
        (None, Some(region)) => Ok(format!("https://{}.{host}", region.as_str())),
        (None, None) => Err(("region", format!("is missing: give emea, nam or apac, or else {key}"))),
    };
    Ok(Bases {
        auth: base("auth_url", &api.auth_url, "cc.vonage.com")?,
        calls: base("calls_url", &api.calls_url, "cc.vonage.com")?,
        stats: base("stats_url", &api.stats_url, "api.cc.vonage.com")?,
    })
}

fn client(api: &Api, bases: &Bases) -> Result<Client, Complaint> {
    if api.client_id.is_empty() {
        return Err(("client_id", "is missing: make API credentials in the vendor's console".to_owned()));
    }
    if api.client_id.contains(':') && api.credentials_in == CredentialsIn::Basic {
        return Err(("client_id", "must not hold a colon: HTTP Basic cannot carry it".to_owned()));
    }
    let secrets = Secrets::load(api.client_secrets.clone(), api.client_secret_files.clone())
        .map_err(|error| ("client_secret_files", error.to_string()))?;
    if secrets.active().first().is_none_or(|secret| secret.expose().is_empty()) {
        return Err(("client_secret_files", "is missing: name the file that holds the client's secret".to_owned()));
    }
    if api.scope.is_empty() {
        return Err(("scope", "must not be empty: the vendor needs one".to_owned()));
    }
    Ok(Client {
        url: format!("{}/Auth/connect/token", bases.auth),
        id: api.client_id.clone(),
        secrets,
        scope: api.scope.clone(),
        credentials_in: api.credentials_in,
    })
}

/// The account's key, which becomes a part of URLs; `None` when the Calls API is not to be asked.
fn keys(api: &Api) -> Result<Option<Secrets>, Complaint> {
    if api.account_key.is_none() && api.account_key_files.is_empty() {
        return Ok(None);
    }
    let keys = Secrets::load(api.account_key.iter().cloned().collect(), api.account_key_files.clone())
        .map_err(|error| ("account_key_files", error.to_string()))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~');
    let usable = |key: &Secret| !key.expose().is_empty() && key.expose().bytes().all(plain);
    if !keys.active().iter().all(usable) {
        let key = if api.account_key.as_ref().is_none_or(usable) { "account_key_files" } else { "account_key" };
        return Err((key, "holds what can be no part of a URL: copy the account's API key as it is shown".to_owned()));
    }
    Ok(Some(keys))
}
