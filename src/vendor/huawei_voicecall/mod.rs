//! Huawei Cloud Voice Call: status notifications and records of calls.

mod codes;
mod normalise;
mod verify;
mod wire;

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CodeTable;
use super::{Adapter, Answer, Context, Demo, Explain, Facts, Inbound, Kind, Reply, Signed, Unsigned, Vendor, Verified};
use crate::config::{SettingsError, SourceSettings};
use crate::event::EventType;
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const STATUS: &str = "status";
const FEE: &str = "fee";

/// Registry entry of Huawei Voice Call.
pub struct HuaweiVoiceCall;

static KINDS: &[Kind] = &[
    Kind {
        name: STATUS,
        summary: "A call rings, is answered or is over (status URL); sent once, never repeated.",
        events: &[EventType::CallRinging, EventType::CallAnswered, EventType::CallEnded],
        body: |generator| generator.subschema_for::<wire::Status>(),
    },
    Kind {
        name: FEE,
        summary: "Records of up to 50 calls that are over (fee URL).",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::Fee>(),
    },
];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// The application's key (APP_Key). Every notification must carry it.
    pub app_key: String,
    /// Active application secrets (APP_Secret). Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active application secrets, one per line; re-read while running, so that the old and the new secret are
    /// both accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// Status URLs exactly as given to the vendor, in the console or as `statusUrl`: the digest covers this text. Several
    /// while a URL is being changed. The vendor's newer page says that the record URL is used for status notifications
    /// too: add it here should `trunkline check` find so. A secret, because it may hold a path token.
    #[serde(default)]
    pub status_urls: Vec<Secret>,
    /// Record URLs exactly as given to the vendor, in the console or as `feeUrl`.
    #[serde(default)]
    pub fee_urls: Vec<Secret>,
    /// Accepted forms of the digest. The vendor changed it in 2026 without a date: list only `newline` once your
    /// notifications use it.
    #[serde(default = "both")]
    pub digests: Vec<Digest>,
    /// How old a digest may be, seconds; 0 accepts any age. Eight hours more are possible, because the vendor writes UTC or
    /// Beijing time in the same form. Records are repeated for six hours and it is not documented whether with the same
    /// digest, so keep it wide; with the eight hours it must not exceed the dedup window. As the digest does not cover
    /// the body, whoever saw a digest can send any body for as long.
    #[serde(default = "day")]
    pub freshness_seconds: u32,
}

const fn day() -> u32 {
    24 * 60 * 60
}

fn both() -> Vec<Digest> {
    vec![Digest::Newline, Digest::Concatenated]
}

/// How URL, nonce and time are joined for the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Digest {
    /// With line ends between them: the page of 2026.
    Newline,
    /// With nothing between them: the pages before.
    Concatenated,
}

impl Vendor for HuaweiVoiceCall {
    fn name(&self) -> &'static str {
        "huawei-voicecall"
    }

    fn title(&self) -> &'static str {
        "Huawei Cloud Voice Call"
    }

    fn docs(&self) -> &'static str {
        "https://support.huaweicloud.com/api-VoiceCall/rtc_05_0014.html"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: codes::STATE, rows: codes::STATE_CODE },
            CodeTable { interface: codes::CALL_OUT, rows: codes::Q850 },
            CodeTable { interface: codes::SIP_STATUS, rows: codes::SIP },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        if settings.app_key.is_empty() {
            return Err(source.error("app_key", "is empty: copy it from the application in the vendor's console"));
        }
        if settings.secrets.is_empty() && settings.secret_files.is_empty() {
            return Err(source.error("secret_files", "is missing: name the file that holds the application's secret"));
        }
        if settings.secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(source.error("secrets", "holds an empty secret: anybody could sign with it"));
        }
        if settings.status_urls.is_empty() && settings.fee_urls.is_empty() {
            return Err(source.error("status_urls", "is missing, and so is fee_urls: the digest covers the URL"));
        }
        for (key, urls) in [("status_urls", &settings.status_urls), ("fee_urls", &settings.fee_urls)] {
            let absolute = |url: &Secret| ["https://", "http://"].iter().any(|start| url.expose().starts_with(start));
            if !urls.iter().all(absolute) {
                return Err(source.error(key, "must hold whole URLs, as given to the vendor"));
            }
        }
        if settings.digests.is_empty() {
            return Err(source.error("digests", "is empty: list `newline`, `concatenated` or both"));
        }
        let secrets = Secrets::load(settings.secrets.clone(), settings.secret_files.clone())
            .map_err(|error| source.error("secret_files", error.to_string()))?;
        Ok(Box::new(VoiceCall { settings, secrets }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                app_key = "demo-app-key"
                secrets = ["demo-app-secret-huawei"]
                status_urls = ["https://trunkline.example/v1/callbacks/huawei-voicecall-demo/status"]
                fee_urls = ["https://trunkline.example/v1/callbacks/huawei-voicecall-demo/fee"]
            "#,
            samples: &[
                (STATUS, include_str!("demo/status-alerting.json")),
                (STATUS, include_str!("demo/status-answer.json")),
                (STATUS, include_str!("demo/status-disconnect.json")),
                (FEE, include_str!("demo/fee.json")),
            ],
        }
    }
}

struct VoiceCall {
    settings: Settings,
    secrets: Secrets,
}

impl Adapter for VoiceCall {
    fn account(&self) -> Option<&str> {
        Some(&self.settings.app_key)
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(&self.settings, &self.secrets, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(delivery, context).map(Facts::from)
    }

    /// The vendor looks at the status only.
    fn answer(&self, answer: Answer) -> Reply {
        let status = match answer {
            Answer::Accepted => StatusCode::OK,
            Answer::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        };
        Reply { status, content_type: "application/json", body: "{}".into() }
    }

    /// In the first accepted form, with the clock that form uses.
    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let url = verify::urls(&self.settings, request.kind).first()?;
        let form = *self.settings.digests.first()?;
        let clock = match form {
            Digest::Newline => request.now.checked_add(SignedDuration::from_secs(verify::BEIJING.into())).ok()?,
            Digest::Concatenated => request.now,
        };
        let created = clock.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let digest = form.of(self.secrets.active().first()?, url.expose(), request.nonce, &created);
        let token = format!(
            "UsernameToken Username=\"{}\", PasswordDigest=\"{}\", Nonce=\"{}\", Created=\"{created}\"",
            self.settings.app_key,
            BASE64_STANDARD.encode(digest),
            request.nonce,
        );
        let headers = vec![
            ("content-type", "application/json;charset=UTF-8".to_owned()),
            ("authorization", "AKSK realm=\"SDP\",profile=\"UsernameToken\",type=\"Appkey\"".to_owned()),
            ("x-aksk", token),
        ];
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        match self.settings.freshness_seconds {
            0 => Some(0),
            seconds => Some(seconds.saturating_add(verify::BEIJING)),
        }
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.secrets)]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type"]
    }

    /// Records come in a list.
    fn body_of_part(&self, kind: &'static Kind, part: &RawValue) -> Option<Bytes> {
        (kind.name == FEE).then(|| format!("{{\"feeLst\":[{part}]}}").into())
    }
}
