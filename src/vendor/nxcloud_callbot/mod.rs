//! NXCloud Callbot, API version 3: task, order and call callbacks.

pub(super) mod codes;
mod normalise;
mod poll;
mod verify;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Poller, Reply, Signed, Unsigned, Vendor,
    Verified,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const TASK: &str = "task";
const ORDER: &str = "order";
const CALL: &str = "call";

/// Registry entry of NXCloud Callbot.
pub struct NxcloudCallbot;

static KINDS: &[Kind] = &[
    Kind {
        name: TASK,
        summary: "A task changed its state (`taskCallbackUrl`).",
        events: &[EventType::TaskChanged],
        body: |generator| generator.subschema_for::<wire::TaskCallback>(),
    },
    Kind {
        name: ORDER,
        summary: "An order is finished (`orderCallbackUrl`); repeats the result of its last call.",
        events: &[EventType::CallEnded, EventType::RecordingAvailable, EventType::OrderFinished],
        body: |generator| generator.subschema_for::<wire::OrderCallback>(),
    },
    Kind {
        name: CALL,
        summary: "A call is over (`callCallbackUrl`).",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::OrderCallback>(),
    },
];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// The account's uuid, from the developer section of the vendor's console. Every callback must carry it.
    pub uuid: String,
    /// Active secret keys. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active secret keys, one per line; re-read while running, so that the old and the new key are both
    /// accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// Digest of the signature, as set in the vendor's console.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How old a signature may be, seconds; 0 accepts any age. Repetitions may keep their first signing time, so keep
    /// it wide; it must not exceed the dedup window, which is what stops replays.
    #[serde(default = "day")]
    pub freshness_seconds: u32,
    /// Outcome of each `callStatus`, once the vendor has told you its table.
    #[serde(default)]
    pub call_status: BTreeMap<String, Outcome>,
    /// Asking the vendor's API. Its presence allows it; account, secrets and digest are those above.
    pub api: Option<poll::Api>,
}

const fn day() -> u32 {
    24 * 60 * 60
}

/// Digest of the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// The vendor's default.
    #[default]
    Md5,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha256 => 32,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// As the vendor's header `algorithm` spells it.
    const fn header(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }
}

impl Vendor for NxcloudCallbot {
    fn name(&self) -> &'static str {
        "nxcloud-callbot"
    }

    fn title(&self) -> &'static str {
        "NXCloud Callbot"
    }

    fn docs(&self) -> &'static str {
        "https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-callCallback"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: "sip", rows: codes::SIP },
            CodeTable { interface: "hangupCause", rows: codes::HANGUP_CAUSE },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        if settings.uuid.is_empty() {
            return Err(source.error("uuid", "is empty: copy it from the developer section of the vendor's console"));
        }
        if settings.secrets.is_empty() && settings.secret_files.is_empty() {
            return Err(source.error("secret_files", "is missing: name the file that holds the account's secret key"));
        }
        if settings.secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(source.error("secrets", "holds an empty secret: anybody could sign with it"));
        }
        let secrets = Secrets::load(settings.secrets.clone(), settings.secret_files.clone())
            .map_err(|error| source.error("secret_files", error.to_string()))?;
        let poller = match &settings.api {
            Some(api) => Some(poll::Asker::new(source, &settings, api.clone(), secrets.clone())?),
            None => None,
        };
        Ok(Box::new(Callbot { settings, secrets, poller }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                uuid = "UID-DEMO-01"
                secrets = ["demo-secret-nxcloud"]
            "#,
            samples: &[
                (CALL, include_str!("demo/call.json")),
                (ORDER, include_str!("demo/order.json")),
                (TASK, include_str!("demo/task.json")),
            ],
        }
    }
}

struct Callbot {
    settings: Settings,
    secrets: Secrets,
    poller: Option<poll::Asker>,
}

impl Adapter for Callbot {
    fn account(&self) -> Option<&str> {
        Some(&self.settings.uuid)
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(&self.settings, &self.secrets, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.settings, delivery, context).map(Facts::from)
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        Some(self.settings.freshness_seconds)
    }

    /// The envelope of the vendor's own answers; the callback pages do not say what they expect.
    fn answer(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Accepted => (StatusCode::OK, r#"{"retCode":0,"retMsg":"success"}"#),
            Answer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, r#"{"retCode":7,"retMsg":"busy, please repeat"}"#),
        };
        Reply { status, content_type: "application/json", body: body.into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let headers = verify::sign(&self.settings, &self.secrets, request.body, request.nonce, request.now)?;
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    fn poller(&self) -> Option<&dyn Poller> {
        self.poller.as_ref().map(|poller| poller as &dyn Poller)
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.secrets)]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type", "requestid", "uuid", "createts", "algorithm"]
    }
}
