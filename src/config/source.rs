//! `[sources.NAME]`: what all vendors' sources have in common, beside the vendor's own settings.

use std::path::PathBuf;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::secret::Secret;

use super::{Config, SettingsError, SourcePoll, unknown};

/// One configured entry point: a vendor account with its secrets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Source {
    /// Which vendor calls here: a name of the vendor table.
    pub vendor: String,
    /// The vendor-side tenant. Two sources of one account deduplicate against each other. Default: what the vendor's
    /// settings name, or else the source's name.
    pub account: Option<String>,
    /// Country (ISO 3166-1, as `"ID"`) for numbers the vendor writes in national form.
    pub country: Option<String>,
    /// Zone (IANA name, as `"Asia/Shanghai"`) of the vendor's times that name none. Default: UTC.
    pub time_zone: Option<String>,
    /// Secret path segments: with any of these set, the callback URL is `/v1/callbacks/{source}/{token}/{kind}`, and only
    /// these tokens are accepted. For vendors that sign nothing. Prefer `path_token_files`.
    #[serde(default)]
    pub path_tokens: Vec<Secret>,
    /// Files with secret path segments, one per line; re-read while running.
    #[serde(default)]
    pub path_token_files: Vec<PathBuf>,
    /// Addresses (CIDR, as `"203.0.113.0/24"`) that may call; empty allows all. Behind a proxy see `http.trusted_proxies`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub allowed_addresses: Vec<IpNet>,
    /// Most deliveries a second, on average; more get 503 with `Retry-After`. Default: no limit.
    pub max_per_second: Option<u32>,
    /// Most deliveries at once above the average. Default: `max_per_second`.
    pub burst: Option<u32>,
    /// Whether events carry the vendor's own object as `raw`. Default: yes, unless `numbers_as` is another than `"plain"`: the
    /// object holds them.
    pub keep_raw: Option<bool>,
    /// What events tell of the calling and the called number.
    #[serde(default)]
    pub numbers_as: Numbers,
    /// Key of the tokens, at least 32 characters. Sources with the same key give a number the same token. Prefer
    /// `number_key_file`.
    pub number_key: Option<Secret>,
    /// File with the key of the tokens; read at the start.
    pub number_key_file: Option<PathBuf>,
    /// Tokens of the dialers that say which calls they placed (`POST /v1/sources/{source}/calls`). Prefer
    /// `dialer_token_files`.
    #[serde(default)]
    pub dialer_tokens: Vec<Secret>,
    /// Files with such tokens, one per line; re-read while running.
    #[serde(default)]
    pub dialer_token_files: Vec<PathBuf>,
    /// Asking the vendor for results.
    pub poll: Option<SourcePoll>,
}

/// What events tell of telephone numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// As the vendor wrote them, and E.164.
    #[default]
    Plain,
    /// A keyed token of each: the same number has the same token, and without the key nobody finds the number.
    Token,
    /// Nothing.
    Omitted,
}

/// The settings of one source, and how to complain about them.
#[derive(Clone, Copy)]
pub struct SourceSettings<'a> {
    pub(super) config: &'a Config,
    pub(super) name: &'a str,
}

impl SourceSettings<'_> {
    /// The source's name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// What all sources have in common.
    pub fn common(&self) -> Result<Source, SettingsError> {
        self.extract("")
    }

    /// The vendor's own settings, of type `T`. Keys that belong to neither the vendor nor all sources are refused.
    pub fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, SettingsError> {
        let known = [properties::<Source>(), properties::<T>()].concat();
        let present = self.config.sections.sources.0.get(self.name).and_then(|value| value.as_object());
        for key in present.into_iter().flat_map(|object| object.keys()) {
            if !known.contains(key) {
                return Err(self.error(key, unknown(key, known.iter().map(String::as_str))));
            }
        }
        self.extract("")
    }

    /// One table of the settings by itself: for a table whose keys depend on what another key says. Complaints name the key
    /// in it, which they do not when serde has to read a table before it knows what is due.
    pub fn part<T: DeserializeOwned>(&self, key: &str) -> Result<T, SettingsError> {
        self.extract(key)
    }

    /// A complaint about one of the source's keys.
    pub fn error(&self, key: &str, message: impl Into<String>) -> SettingsError {
        let section = format!("sources.{}", self.name);
        self.config.error(&if key.is_empty() { section } else { format!("{section}.{key}") }, message)
    }

    fn extract<T: DeserializeOwned>(&self, table: &str) -> Result<T, SettingsError> {
        let joined =
            |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(".");
        // Not `extract_inner`, whose errors have the path the wrong way round.
        let read = match self.config.figment.find_value(&joined(&["sources", self.name, table])) {
            Ok(value) => value.deserialize(),
            Err(error) => Err(error),
        };
        read.map_err(|error| {
            let error = SettingsError::from_figment(error);
            self.error(&joined(&[table, &error.key]), error.message)
        })
    }
}

/// The keys of a settings type, from its schema.
fn properties<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T);
    let properties = schema.get("properties").and_then(|properties| properties.as_object());
    properties.into_iter().flat_map(|properties| properties.keys().cloned()).collect()
}

/// Names appear in URLs, metric labels and variables.
pub(super) fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 64 && name.bytes().all(legal)
}
