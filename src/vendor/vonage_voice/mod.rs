//! Vonage Voice API: signed event webhooks of a Voice application.

mod codes;
mod normalise;
mod verify;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Reply, Signed, Unsigned, Vendor,
    Verified, jwt,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const EVENTS: &str = "events";

/// Registry entry of the Vonage Voice API.
pub struct VonageVoice;

static KINDS: &[Kind] = &[Kind {
    name: EVENTS,
    summary: "A call changed its status, or a recording is finished (`event_url` and the `eventUrl` of record actions).",
    events: &[EventType::CallRinging, EventType::CallAnswered, EventType::CallEnded, EventType::RecordingAvailable],
    body: |generator| generator.subschema_for::<wire::EventWebhook>(),
}];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// The account's API key, from the dashboard. Every callback must be signed for it.
    pub api_key: String,
    /// The application's id: with it, callbacks of other applications of the account are refused, and so are those that
    /// name none. Default: every application of the account.
    pub application_id: Option<String>,
    /// Active signature secrets of the account, as text. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active signature secrets, one per line; re-read while running, so that the old and the new secret are
    /// both accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// How old a token may be, seconds; 0 accepts any age. The vendor's tokens do not expire, and whether a repetition is
    /// signed anew is not documented, so keep it wide; it must not exceed the dedup window, which is what stops replays.
    #[serde(default = "day")]
    pub freshness_seconds: u32,
    /// How far the vendor's clock and ours may be apart, seconds.
    #[serde(default = "half_a_minute")]
    pub leeway_seconds: u32,
    /// What `start_time` of a completed call is; the vendor calls it the start of the call and no more.
    #[serde(default)]
    pub start_time: StartTime,
    /// Outcome of each `status` or `detail` for which you know better than the table, or that is new. A new `status`
    /// named here ends the call; `completed` stands for a call that ended without a sign that anybody answered.
    #[serde(default)]
    pub outcomes: BTreeMap<String, Outcome>,
}

/// What `start_time` of a completed call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartTime {
    /// When dialling began: gives `started_at` and `total_ms`.
    #[default]
    Started,
    /// When the called party picked up: gives `answered_at` and `talk_ms`.
    Answered,
}

const fn day() -> u32 {
    24 * 60 * 60
}

const fn half_a_minute() -> u32 {
    30
}

impl Vendor for VonageVoice {
    fn name(&self) -> &'static str {
        "vonage-voice"
    }

    fn title(&self) -> &'static str {
        "Vonage Voice API"
    }

    fn docs(&self) -> &'static str {
        "https://developer.vonage.com/en/voice/voice-api/webhook-reference"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: "status", rows: codes::STATUS },
            CodeTable { interface: "detail", rows: codes::DETAIL },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        if settings.api_key.is_empty() {
            return Err(source.error("api_key", "is empty: copy it from the vendor's dashboard"));
        }
        if settings.application_id.as_deref() == Some("") {
            return Err(source.error("application_id", "is empty: copy it from the dashboard or leave it out"));
        }
        if settings.secrets.is_empty() && settings.secret_files.is_empty() {
            let message = "is missing: name the file that holds the account's signature secret";
            return Err(source.error("secret_files", message));
        }
        if settings.secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(source.error("secrets", "holds an empty secret: anybody could sign with it"));
        }
        let secrets = Secrets::load(settings.secrets.clone(), settings.secret_files.clone())
            .map_err(|error| source.error("secret_files", error.to_string()))?;
        Ok(Box::new(Voice { settings, secrets }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                api_key = "demo1234"
                secrets = ["demo-secret-vonage-voice"]
            "#,
            samples: &[
                (EVENTS, include_str!("demo/ringing.json")),
                (EVENTS, include_str!("demo/answered.json")),
                (EVENTS, include_str!("demo/machine.json")),
                (EVENTS, include_str!("demo/completed.json")),
                (EVENTS, include_str!("demo/rejected.json")),
                (EVENTS, include_str!("demo/recording.json")),
            ],
        }
    }
}

struct Voice {
    settings: Settings,
    secrets: Secrets,
}

impl Adapter for Voice {
    fn account(&self) -> Option<&str> {
        Some(&self.settings.api_key)
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(&self.settings, &self.secrets, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.settings, delivery, context)
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        Some(self.settings.freshness_seconds)
    }

    /// Empty, because a body would be read as new instructions for the call.
    fn answer(&self, answer: Answer) -> Reply {
        let status = match answer {
            Answer::Accepted => StatusCode::OK,
            Answer::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        };
        Reply { status, content_type: "text/plain", body: "".into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let mut claims = serde_json::json!({
            "iat": request.now.as_second(),
            "jti": request.nonce,
            "iss": "Vonage",
            "payload_hash": jwt::payload_hash(request.body.as_bytes()),
            "api_key": self.settings.api_key,
        });
        if let Some(application) = &self.settings.application_id {
            claims["application_id"] = application.as_str().into();
        }
        let token = jwt::sign(&claims.to_string(), self.secrets.active().first()?.expose().as_bytes());
        let headers =
            vec![("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {token}"))];
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type"]
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.secrets)]
    }
}
