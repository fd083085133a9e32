//! `[sources.NAME.api]` of Knovvu.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::{SettingsError, SourceSettings};
use crate::secret::{FileError, Secret, Secrets};
use crate::vendor::poll::base_url;

/// Where the vendor is asked, and as whom.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SestekKnovvuApi")]
pub struct Api {
    /// URL of the call API with its port, as `"https://ivr.example.com:22222"`.
    pub base_url: String,
    /// Most calls of one question. The vendor documents no limit.
    #[serde(default = "fifty")]
    pub batch: usize,
    /// Further headers of each question, as `{ "Project" = "p-1" }`. The vendor documents none that proves the asker.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// URL of the identity service, as `"https://identity.eu.va.knovvu.com"`. With it questions carry an access token;
    /// whether the vendor wants one is not documented.
    pub identity_url: Option<String>,
    /// Client of the identity service.
    pub client_id: Option<String>,
    /// Secrets of that client; the first is used. Prefer `client_secret_files`.
    #[serde(default)]
    pub client_secrets: Vec<Secret>,
    /// Files with secrets of that client, one per line; re-read while running.
    #[serde(default)]
    pub client_secret_files: Vec<PathBuf>,
    /// Scope of the access token.
    #[serde(default = "scope")]
    pub scope: String,
}

const fn fifty() -> usize {
    50
}

fn scope() -> String {
    "orchestrator_external".to_owned()
}

/// The settings, checked.
pub struct Checked {
    pub base_url: String,
    pub batch: usize,
    pub headers: Vec<(&'static str, Secret)>,
    pub identity: Option<Identity>,
}

/// The identity service.
pub struct Identity {
    pub url: String,
    pub client_id: String,
    pub secrets: Secrets,
    pub scope: String,
}

impl Api {
    /// Checks the settings of `source`.
    pub fn checked(&self, source: &SourceSettings<'_>) -> Result<Checked, SettingsError> {
        let wrong = |key: &str, message: &str| source.error(&format!("api.{key}"), message);
        if !(1..=1000).contains(&self.batch) {
            return Err(wrong("batch", "must be from 1 to 1000"));
        }
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let legal = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
                && http::HeaderValue::from_str(value.expose()).is_ok();
            if !legal {
                return Err(wrong("headers", "holds a name or value that cannot be a header"));
            }
            // Lives as long as the process, once for each source.
            headers.push((&*name.clone().leak(), value.clone()));
        }
        Ok(Checked {
            base_url: base_url(&self.base_url).map_err(|message| wrong("base_url", message))?,
            batch: self.batch,
            headers,
            identity: self.identity(source)?,
        })
    }

    fn identity(&self, source: &SourceSettings<'_>) -> Result<Option<Identity>, SettingsError> {
        let wrong = |key: &str, message: &str| source.error(&format!("api.{key}"), message);
        let Some(url) = &self.identity_url else {
            return match self.client_id {
                Some(_) => Err(wrong("identity_url", "is missing: client_id is of no use without it")),
                None => Ok(None),
            };
        };
        let url = base_url(url).map_err(|message| wrong("identity_url", message))?;
        let client_id = self.client_id.clone().filter(|id| !id.is_empty());
        let client_id =
            client_id.ok_or_else(|| wrong("client_id", "is missing: the vendor gives it with the secret"))?;
        let secrets = Secrets::load(self.client_secrets.clone(), self.client_secret_files.clone())
            .map_err(|error| wrong("client_secret_files", &error.to_string()))?;
        if secrets.active().iter().all(|secret| secret.expose().is_empty()) {
            return Err(wrong("client_secret_files", "is missing: name the file that holds the client's secret"));
        }
        Ok(Some(Identity { url, client_id, secrets, scope: self.scope.clone() }))
    }
}

impl Checked {
    /// Re-reads secret files; `true` when anything changed.
    pub fn reload(&self) -> Result<bool, FileError> {
        self.identity.as_ref().map_or(Ok(false), |identity| identity.secrets.reload())
    }
}
