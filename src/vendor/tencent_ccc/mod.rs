//! Tencent Cloud Contact Center (CCC): the data push of finished calls, recordings and voicemails, and the API that
//! knows the calls whose push was lost.

mod codes;
mod form;
mod members;
mod normalise;
mod poll;
mod token;
mod verify;
mod wire;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Poller, Reply, Signed, TokenRequest,
    Unsigned, Vendor, Verified,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const PUSH: &str = "push";

/// The query parameter that says what a push is about.
const ACTION: &str = "action";
const CDR: &str = "cdr";
const RECORD: &str = "record";
const VOICEMAIL: &str = "voicemail";

/// Registry entry of Tencent Cloud Contact Center.
pub struct TencentCcc;

static KINDS: &[Kind] = &[Kind {
    name: PUSH,
    summary: "Data push: a call is over, or a recording or voicemail can be fetched (`action=cdr`, `record`, `voicemail`).",
    events: &[EventType::CallEnded, EventType::RecordingAvailable],
    body: |generator| generator.subschema_for::<wire::Push>(),
}];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// The applications (SdkAppId) whose pushes come here. A push of another one is kept as rejected. The application is
    /// also the account of its events.
    pub sdk_app_ids: Vec<u64>,
    /// Active credentials, each as `user:password` (console: basicAuth) or `clientID:clientSecret` (console: OAuth2.0).
    /// A push is accepted with any of them, as Basic header or as token from `/v1/sources/{source}/token`. Without
    /// credentials (console: no authentication) the source must have path tokens. Prefer `credential_files`.
    #[serde(default)]
    pub credentials: Vec<Secret>,
    /// Files with active credentials, one per line; re-read while running, so that the old and the new one are both
    /// accepted during a change.
    #[serde(default)]
    pub credential_files: Vec<PathBuf>,
    /// How long an access token is valid, seconds, from 60 to 86400. How long the vendor keeps one is not documented;
    /// it is told this number.
    #[serde(default = "two_hours")]
    pub token_lifetime_seconds: u32,
    /// Outcome of an `EndStatusString` or `EndStatus` the vendor does not describe (such as `"214"`), or that you read
    /// differently than trunkline. Default: none; undescribed ones are `unknown`.
    #[serde(default)]
    pub end_status: BTreeMap<String, Outcome>,
    /// Asking the vendor for results.
    pub api: Option<poll::Api>,
}

const fn two_hours() -> u32 {
    2 * 60 * 60
}

const TOKEN_LIFETIME: RangeInclusive<u32> = 60..=24 * 60 * 60;

impl Vendor for TencentCcc {
    fn name(&self) -> &'static str {
        "tencent-ccc"
    }

    fn title(&self) -> &'static str {
        "Tencent Cloud Contact Center"
    }

    fn docs(&self) -> &'static str {
        "https://www.tencentcloud.com/document/product/1229/59640"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: "EndStatus, answered", rows: codes::ACCEPTED },
            CodeTable { interface: "EndStatus", rows: codes::END_STATUS },
            CodeTable { interface: "EndStatusString", rows: codes::END_STATUS_STRING },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        let common = source.common()?;
        if settings.sdk_app_ids.is_empty() {
            return Err(
                source.error("sdk_app_ids", "is empty: name the application (SdkAppId) as shown in the console")
            );
        }
        if common.account.is_some() {
            return Err(source.error("account", "is not used: the account is the SdkAppId of each push; remove it"));
        }
        if !TOKEN_LIFETIME.contains(&settings.token_lifetime_seconds) {
            return Err(source.error("token_lifetime_seconds", "must be 60 to 86400"));
        }
        let open = common.path_tokens.is_empty() && common.path_token_files.is_empty();
        let credentials = credentials(&settings, source)?;
        if credentials.is_none() && open {
            let message = "is missing: name the file that holds `user:password` as set in the console; only with \
                           `path_token_files` can a source do without";
            return Err(source.error("credential_files", message));
        }
        let account = match settings.sdk_app_ids.as_slice() {
            [only] => Some(only.to_string()),
            _ => None,
        };
        let poller = poll::Ccc::new(&settings, source)?;
        Ok(Box::new(Ccc { settings, credentials, account, poller }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                sdk_app_ids = [1400000000]
                credentials = ["trunkline:demo-password-tencent"]
            "#,
            samples: &[
                (PUSH, include_str!("demo/cdr.json")),
                (PUSH, include_str!("demo/record.json")),
                (PUSH, include_str!("demo/voicemail.json")),
            ],
        }
    }
}

/// The credentials; `None` when the source has none.
fn credentials(settings: &Settings, source: &SourceSettings<'_>) -> Result<Option<Secrets>, SettingsError> {
    if settings.credentials.is_empty() && settings.credential_files.is_empty() {
        return Ok(None);
    }
    let usable = |secret: &Secret| {
        secret.expose().split_once(':').is_some_and(|(user, password)| !user.is_empty() && !password.is_empty())
    };
    if !settings.credentials.iter().all(usable) {
        return Err(source.error("credentials", "must each be `user:password`"));
    }
    let secrets = Secrets::load(settings.credentials.clone(), settings.credential_files.clone())
        .map_err(|error| source.error("credential_files", error.to_string()))?;
    if !secrets.active().iter().all(usable) {
        return Err(source.error("credential_files", "must hold `user:password` in each line"));
    }
    Ok(Some(secrets))
}

struct Ccc {
    settings: Settings,
    credentials: Option<Secrets>,
    account: Option<String>,
    poller: Option<poll::Ccc>,
}

impl Adapter for Ccc {
    fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(self.credentials.as_ref(), inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.settings, delivery, context).map(Facts::from)
    }

    /// Nothing is signed, so nothing ages: who saw a request can repeat it as long as its credential lives.
    fn replay_window_seconds(&self) -> Option<u32> {
        None
    }

    /// Any `ErrCode` but 0 makes the vendor repeat, three times at most.
    fn answer(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Accepted => (StatusCode::OK, r#"{"ErrCode":0,"ErrMsg":""}"#),
            Answer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, r#"{"ErrCode":1,"ErrMsg":"busy, please repeat"}"#),
        };
        Reply { status, content_type: "application/json", body: body.into() }
    }

    fn token(&self, request: &TokenRequest<'_>) -> Option<Reply> {
        let credentials = self.credentials.as_ref()?.active();
        Some(token::answer(&credentials, self.settings.token_lifetime_seconds, request))
    }

    /// The action follows from what the body holds; the credential goes as Basic header.
    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let record = members::object::<wire::Record>(request.body.as_bytes()).ok();
        let query = match record.map(|record| (record.record_url.is_some(), record.record_id.is_some())) {
            Some((true, true)) => format!("{ACTION}={RECORD}&version=1"),
            Some((true, false)) => format!("{ACTION}={VOICEMAIL}"),
            _ => format!("{ACTION}={CDR}&version=1"),
        };
        let mut headers = vec![
            ("content-type", "application/json;charset=utf8".to_owned()),
            ("X-TCCC-PUSH-UUID", request.nonce.to_owned()),
        ];
        if let Some(credentials) = &self.credentials {
            headers.push(("authorization", verify::basic_header(credentials.active().first()?)));
        }
        Some(Signed { query, headers, body: request.body.to_owned() })
    }

    fn poller(&self) -> Option<&dyn Poller> {
        self.poller.as_ref().map(|poller| poller as &dyn Poller)
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type", "x-tccc-push-uuid"]
    }

    fn kept_parameters(&self) -> &'static [&'static str] {
        &[ACTION, "version"]
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        self.credentials.iter().map(|credentials| ("credentials", credentials)).collect()
    }
}

#[cfg(test)]
mod tests;
