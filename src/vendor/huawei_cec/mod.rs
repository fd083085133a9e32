//! Huawei Cloud CEC (also AICC): voice notifications, bidirectional calls, outbound campaigns.

mod codes;
mod flat;
mod normalise;
mod poll;
mod verify;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CodeTable;
use super::{
    Adapter, Answer, Context, Demo, Explain, Facts, Inbound, Kind, Poller, Reply, Signed, Unsigned, Vendor, Verified,
    proof,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{Convention, EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const VN_RELEASE: &str = "vn-release";
const DUAL_STATUS: &str = "dual-status";
const DUAL_RELEASE: &str = "dual-release";
const CAMPAIGN_RESULT: &str = "campaign-result";

/// Registry entry of Huawei CEC.
pub struct HuaweiCec;

static KINDS: &[Kind] = &[
    Kind {
        name: VN_RELEASE,
        summary: "A voice notification or voice outbound call is over (`callBackUrl`).",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::Release>(),
    },
    Kind {
        name: DUAL_STATUS,
        summary: "A bidirectional call is connected (connection callback URL of the console); never signed.",
        events: &[EventType::CallAnswered],
        body: |generator| generator.subschema_for::<wire::DualStatus>(),
    },
    Kind {
        name: DUAL_RELEASE,
        summary: "A bidirectional call is over (`callBackUrl`).",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::Release>(),
    },
    Kind {
        name: CAMPAIGN_RESULT,
        summary: "Dials of an outbound campaign are over: an array of results; never signed.",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<Vec<wire::CampaignRecord>>(),
    },
];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// Active shared keys, as set on the tenant's callback page. Prefer `secret_files`. With a key, release callbacks of
    /// voice notifications and bidirectional calls must be signed; the vendor signs them where their URL was given
    /// through its API. Leave it out for a URL that was set in the vendor's console.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active shared keys, one per line; re-read while running, so that the old and the new key are both
    /// accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// How old a signature may be, seconds; 0 accepts any age. Whether the vendor signs repetitions anew is not
    /// documented and its clocks are minutes apart, so keep it wide; it must not exceed the dedup window, which is what
    /// stops replays.
    #[serde(default = "day")]
    pub freshness_seconds: u32,
    /// Accepts callbacks that nothing proves. The vendor never signs connection callbacks and campaign results: without
    /// this they need `path_tokens`, `path_token_files` or `allowed_addresses`. Anybody who finds the URL can then
    /// publish calls.
    #[serde(default)]
    pub allow_unverified: bool,
    /// Reads callbacks of bidirectional calls also in the form `{a=b, c=}`, which the vendor's pages print instead of
    /// JSON. Without this they are kept in the rejected topic, from where they can be replayed. Values in this form are
    /// not escaped and can be mistaken for fields.
    #[serde(default)]
    pub accept_printed_map: bool,
    /// How the vendor writes telephone numbers that do not start with `+`.
    #[serde(default)]
    pub numbers: Numbers,
    /// Outcomes of further values of `releaseReason` of voice notifications, or other outcomes than the built-in ones.
    /// An answered call stays answered.
    #[serde(default)]
    pub vn_release_reason: BTreeMap<String, Outcome>,
    /// The same for bidirectional calls.
    #[serde(default)]
    pub dual_release_reason: BTreeMap<String, Outcome>,
    /// Outcomes of further values of a campaign's `failCode`, or other outcomes than the built-in ones. As sent, with
    /// all zeros.
    #[serde(default)]
    pub campaign_fail_code: BTreeMap<String, Outcome>,
    /// Asking the vendor's API about calls. Its presence allows it.
    pub api: Option<poll::Api>,
}

const fn day() -> u32 {
    24 * 60 * 60
}

/// How telephone numbers without `+` are written. Not documented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// National form of the source's `country`; without a country they stay as sent.
    #[default]
    National,
    /// Digits with the country calling code first.
    International,
}

impl Numbers {
    const fn convention(self) -> Convention {
        match self {
            Self::National => Convention::National,
            Self::International => Convention::International,
        }
    }
}

/// What a source has to tell the vendor from others.
struct Proof {
    secrets: Secrets,
    /// Whether the configuration names keys; files may be empty for a moment, and that must not open the source.
    has_key: bool,
    /// Whether the URL holds a token or the caller's address counts.
    other: bool,
    allow_unverified: bool,
}

impl Vendor for HuaweiCec {
    fn name(&self) -> &'static str {
        "huawei-cec"
    }

    fn title(&self) -> &'static str {
        "Huawei Cloud CEC (AICC)"
    }

    fn docs(&self) -> &'static str {
        "https://support.huaweicloud.com/api-ccfs-cec/cec_07_2804.html"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: codes::VN, rows: codes::VN_RELEASE_REASON },
            CodeTable { interface: codes::DUAL, rows: codes::DUAL_RELEASE_REASON },
            CodeTable { interface: codes::CAMPAIGN, rows: codes::CAMPAIGN_FAIL_CODE },
            CodeTable { interface: codes::CAMPAIGN_STATUS, rows: codes::CAMPAIGN_CALL_STATUS },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        if settings.secrets.iter().any(|secret| secret.expose().is_empty()) {
            return Err(source.error("secrets", "holds an empty key: anybody could sign with it"));
        }
        let secrets = Secrets::load(settings.secrets.clone(), settings.secret_files.clone())
            .map_err(|error| source.error("secret_files", error.to_string()))?;
        let proof = Proof {
            secrets,
            has_key: !(settings.secrets.is_empty() && settings.secret_files.is_empty()),
            other: proof::before_verify(&source.common()?),
            allow_unverified: settings.allow_unverified,
        };
        if !(proof.has_key || proof.other || proof.allow_unverified) {
            let message = "is missing, and nothing else tells the vendor from others: name the file with the shared \
                           key, or set `path_token_files` or `allowed_addresses`, or spell out `allow_unverified = true`";
            return Err(source.error("secret_files", message));
        }
        let poller = match settings.api.clone() {
            Some(api) => Some(poll::Asker::new(source, &settings, api)?),
            None => None,
        };
        Ok(Box::new(Cec { settings, proof, poller }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                secrets = ["demo-shared-key-huawei-cec"]
                path_tokens = ["demo-path-token-huawei-cec"]
                time_zone = "Asia/Shanghai"
                country = "CN"
            "#,
            samples: &[
                (VN_RELEASE, include_str!("demo/vn-release.json")),
                (DUAL_STATUS, include_str!("demo/dual-status.json")),
                (DUAL_RELEASE, include_str!("demo/dual-release.json")),
                (CAMPAIGN_RESULT, include_str!("demo/campaign-result.json")),
            ],
        }
    }
}

struct Cec {
    settings: Settings,
    proof: Proof,
    poller: Option<poll::Asker>,
}

impl Adapter for Cec {
    fn account(&self) -> Option<&str> {
        None
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(&self.proof, self.settings.freshness_seconds, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        let events = normalise::normalise(&self.settings, delivery, context)?;
        Ok(Facts { hints: normalise::hints(&events), events })
    }

    /// Anything: the vendor documents no content type, and the form of the body is checked anyway.
    fn accepts(&self, _media_type: &str) -> bool {
        true
    }

    fn answer(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Accepted => (StatusCode::OK, r#"{"retCode":"0","retMsg":"success"}"#),
            Answer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, r#"{"retCode":"1","retMsg":"busy, please repeat"}"#),
        };
        Reply { status, content_type: "application/json", body: body.into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let body = if self.proof.has_key && verify::is_signed(request.kind.name) {
            verify::sign(self.proof.secrets.active().first()?, request)
        } else if self.proof.other || self.proof.allow_unverified {
            request.body.to_owned()
        } else {
            return None;
        };
        let headers = vec![("content-type", "application/json".to_owned())];
        Some(Signed { query: String::new(), headers, body })
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        self.proof.has_key.then_some(self.settings.freshness_seconds)
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.proof.secrets)]
    }

    fn poller(&self) -> Option<&dyn Poller> {
        self.poller.as_ref().map(|poller| poller as &dyn Poller)
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type"]
    }

    /// Results of a campaign come in a list; a printed map is kept as the JSON string that holds it.
    fn body_of_part(&self, kind: &'static Kind, part: &RawValue) -> Option<Bytes> {
        if kind.name == CAMPAIGN_RESULT {
            return Some(format!("[{part}]").into());
        }
        serde_json::from_str::<String>(part.get()).ok().map(Bytes::from)
    }
}
