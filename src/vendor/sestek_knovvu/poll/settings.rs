//! `[sources.NAME.api]`: how Knovvu is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Account;
use crate::config::{SettingsError, SourceSettings};
use crate::secret::{Secret, Secrets};
use crate::vendor::poll::base_url;
use crate::vendor::poll::oauth::{Client, CredentialsIn};
use crate::vendor::sestek_knovvu::States;

/// Asking Knovvu for results. The vendor documents nothing that proves who asks: add the headers it tells you of, or an
/// access token, or neither. <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "SestekKnovvuApi")]
pub struct Api {
    /// Where calls are requested, with the port and without `/v2/call`, as `"https://ivr.example.com:22222"`. Needed: the
    /// vendor does not say which of its hosts serves the port.
    pub base_url: String,
    /// Most calls in one request, from 1 to 1000. The vendor documents no limit.
    pub batch: u32,
    /// Further headers of each request and their values, as `{ Project = "" }`: the vendor's own sample sends that one,
    /// without saying why. Prefer `header_files` for a value that is a secret.
    pub headers: BTreeMap<String, Secret>,
    /// Further headers, each with a file whose first line is the value; re-read while running.
    pub header_files: BTreeMap<String, PathBuf>,
    /// The identity service, as `"https://identity.eu.va.knovvu.com"`. With it requests carry an access token; whether the
    /// vendor wants one here is not documented. <https://docs.knovvu.com/docs/va-getting-an-access-token>
    pub identity_url: Option<String>,
    /// The client's id at the identity service.
    pub client_id: Option<String>,
    /// The client's secrets; the first is sent. Prefer `client_secret_files`.
    pub client_secrets: Vec<Secret>,
    /// Files with the client's secrets, one per line; re-read while running.
    pub client_secret_files: Vec<PathBuf>,
    /// Scope of the access token. Which one is right for calls is not documented; `outboundmanager_external` is another.
    pub scope: String,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            batch: 50,
            headers: BTreeMap::new(),
            header_files: BTreeMap::new(),
            identity_url: None,
            client_id: None,
            client_secrets: Vec::new(),
            client_secret_files: Vec::new(),
            scope: "orchestrator_external".to_owned(),
        }
    }
}

impl Api {
    /// Whom these settings name; `states` are the source's.
    pub(super) fn account(&self, states: States, source: &SourceSettings<'_>) -> Result<Account, SettingsError> {
        let wrong = |(key, message): (&str, String)| source.error(&format!("api.{key}"), message);
        if self.base_url.is_empty() {
            let message = "is missing: give the vendor's host and port, as \"https://ivr.example.com:22222\"";
            return Err(wrong(("base_url", message.to_owned())));
        }
        if !(1..=1000).contains(&self.batch) {
            return Err(wrong(("batch", "must be from 1 to 1000".to_owned())));
        }
        Ok(Account {
            base_url: base_url(&self.base_url).map_err(|message| wrong(("base_url", message.to_owned())))?,
            batch: self.batch as usize,
            headers: self.all_headers().map_err(wrong)?,
            client: self.client().map_err(wrong)?,
            states,
        })
    }

    fn all_headers(&self) -> Result<Vec<(&'static str, Secrets)>, (&'static str, String)> {
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            if self.header_files.keys().any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(("header_files", "names a header that stands in headers too".to_owned()));
            }
            let value =
                Secrets::load(vec![value.clone()], Vec::new()).map_err(|error| ("headers", error.to_string()))?;
            headers.push((self.header("headers", name, &value)?, value));
        }
        for (name, path) in &self.header_files {
            let value = Secrets::load(Vec::new(), vec![path.clone()]);
            let value = value.map_err(|error| ("header_files", error.to_string()))?;
            headers.push((self.header("header_files", name, &value)?, value));
        }
        Ok(headers)
    }

    /// The name of a header that may be sent with this value.
    fn header(&self, key: &'static str, name: &str, value: &Secrets) -> Result<&'static str, (&'static str, String)> {
        let name = name.to_ascii_lowercase();
        let ours = ["content-type", "content-length", "host", "connection", "transfer-encoding"];
        if ours.contains(&name.as_str()) {
            return Err((key, format!("must not hold {name}: it follows from the request")));
        }
        if name == "authorization" && self.identity_url.is_some() {
            return Err((
                key,
                "must not hold authorization beside identity_url: the access token stands there".to_owned(),
            ));
        }
        let sendable = |value: &Secret| http::HeaderValue::from_str(value.expose()).is_ok();
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() || !value.active().first().is_some_and(sendable) {
            return Err((key, "holds a name or a value that no HTTP header can have".to_owned()));
        }
        // Kept for as long as the process lives; settings are read once.
        Ok(name.leak())
    }

    fn client(&self) -> Result<Option<Client>, (&'static str, String)> {
        let Some(identity) = &self.identity_url else {
            let secrets = !self.client_secrets.is_empty() || !self.client_secret_files.is_empty();
            return match self.client_id.is_some() || secrets {
                true => Err(("identity_url", "is missing: client_id and its secrets are for it alone".to_owned())),
                false => Ok(None),
            };
        };
        let identity = base_url(identity).map_err(|message| ("identity_url", message.to_owned()))?;
        let id = self.client_id.clone().filter(|id| !id.is_empty());
        let id =
            id.ok_or_else(|| ("client_id", "is missing: the vendor gives it together with the secret".to_owned()))?;
        let secrets = Secrets::load(self.client_secrets.clone(), self.client_secret_files.clone())
            .map_err(|error| ("client_secret_files", error.to_string()))?;
        if secrets.active().first().is_none_or(|secret| secret.expose().is_empty()) {
            return Err(("client_secret_files", "is missing: name the file that holds the client's secret".to_owned()));
        }
        if self.scope.is_empty() {
            return Err(("scope", "must not be empty: the identity service needs one".to_owned()));
        }
        Ok(Some(Client {
            url: format!("{identity}/connect/token"),
            id,
            secrets,
            scope: self.scope.clone(),
            credentials_in: CredentialsIn::Body,
        }))
    }
}
