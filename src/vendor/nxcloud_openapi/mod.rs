//! NXCloud's products with the Open API signature: the NXLink call centre, AI agent tasks, number masking.

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

use self::verify::Proof;
use super::nxcloud_callbot::Algorithm;
use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Reply, Signed, Unsigned, Vendor,
    Verified, proof,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const CC_CDR: &str = "cc-cdr";
const AIAGENT_CALL: &str = "aiagent-call";
const AIAGENT_TASK: &str = "aiagent-task";
const PNS: &str = "pns";

/// Registry entry of NXCloud's Open API products.
pub struct NxcloudOpenapi;

static KINDS: &[Kind] = &[
    Kind {
        name: CC_CDR,
        summary: "A call of the NXLink call centre is over (call record push).",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::CallCentreRecord>(),
    },
    Kind {
        name: AIAGENT_CALL,
        summary: "A call of an AI agent task is over (`callCallbackUrl`); the last call of a contact finishes its order.",
        events: &[EventType::CallEnded, EventType::OrderFinished],
        body: |generator| generator.subschema_for::<wire::AgentCall>(),
    },
    Kind {
        name: AIAGENT_TASK,
        summary: "An AI agent task changed its state (`taskCallbackUrl`).",
        events: &[EventType::TaskChanged],
        body: |generator| generator.subschema_for::<wire::AgentTask>(),
    },
    Kind {
        name: PNS,
        summary: "A call through a masked number is over (number masking, PNS). The vendor does not sign these.",
        events: &[EventType::CallEnded, EventType::RecordingAvailable],
        body: |generator| generator.subschema_for::<wire::MaskedCall>(),
    },
];

/// Settings of a source of this vendor. Signed kinds need `access_key` and a secret. What is not signed (number
/// masking always; AI agent tasks as you chose) needs `path_tokens`, `allowed_addresses` or `allow_unverified = true`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// The account's access key. With it, every push of the call centre and of AI agent tasks must carry it and be signed.
    pub access_key: Option<String>,
    /// Active access secrets. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active access secrets, one per line; re-read while running, so that the old and the new secret are
    /// both accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// Digest of the signature. The header `algorithm` of a push is not heeded: the sender does not choose.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How old a signature may be, seconds; 0 accepts any age. Default: 60, the vendor's own limit for calls to its
    /// API. Whether repetitions are signed anew is not documented: widen it when they are refused as stale. At most 60
    /// seconds, and never more than this, may a signing time lie ahead.
    #[serde(default = "minute")]
    pub freshness_seconds: u32,
    /// Tokens, one of which must be the header `token` of call-centre records. With these set the call centre's pushes are
    /// proven by token and not by signature, as the vendor's console offers either. Prefer `cdr_token_files`.
    #[serde(default)]
    pub cdr_tokens: Vec<Secret>,
    /// Files with such tokens, one per line; re-read while running.
    #[serde(default)]
    pub cdr_token_files: Vec<PathBuf>,
    /// Header `bizType` of call-centre records. Default: `8`.
    #[serde(default = "eight")]
    pub cdr_biz_type: String,
    /// Header `action` of call-centre records. Default: `callback`.
    #[serde(default = "callback")]
    pub cdr_action: String,
    /// Header `bizType` of AI agent pushes. Default: `100`.
    #[serde(default = "hundred")]
    pub aiagent_biz_type: String,
    /// Header `action` of AI agent pushes. Default: `nxai`.
    #[serde(default = "nxai")]
    pub aiagent_action: String,
    /// Accepts kinds of pushes that nothing proves: neither signature nor token, path token or address. Anybody who knows
    /// the URL can then publish calls.
    #[serde(default)]
    pub allow_unverified: bool,
    /// Outcome of each `callStatus` of call-centre records, a text whose values the vendor does not publish.
    #[serde(default)]
    pub cdr_call_status: BTreeMap<String, Outcome>,
    /// Outcome of each `hangupCode` of call-centre records, whose table the vendor does not publish. Asked before
    /// `cdr_call_status`.
    #[serde(default)]
    pub cdr_hangup_code: BTreeMap<String, Outcome>,
    /// Outcome of each `callResult` of AI agent calls, whose table the vendor does not publish.
    #[serde(default)]
    pub aiagent_call_result: BTreeMap<String, Outcome>,
    /// Outcome of each `callStatus` of AI agent calls, whose table the vendor does not publish. Asked after
    /// `aiagent_call_result`.
    #[serde(default)]
    pub aiagent_call_status: BTreeMap<String, Outcome>,
}

const fn minute() -> u32 {
    60
}

fn eight() -> String {
    "8".to_owned()
}

fn callback() -> String {
    "callback".to_owned()
}

fn hundred() -> String {
    "100".to_owned()
}

fn nxai() -> String {
    "nxai".to_owned()
}

impl Settings {
    fn has_cdr_tokens(&self) -> bool {
        !self.cdr_tokens.is_empty() || !self.cdr_token_files.is_empty()
    }

    /// The headers `bizType` and `action` of a signed kind.
    fn business(&self, kind: &Kind) -> (&str, &str) {
        match kind.name {
            CC_CDR => (&self.cdr_biz_type, &self.cdr_action),
            _ => (&self.aiagent_biz_type, &self.aiagent_action),
        }
    }

    /// How far a signing time may lie ahead of our clock.
    fn ahead_seconds(&self) -> u32 {
        self.freshness_seconds.min(60)
    }
}

impl Vendor for NxcloudOpenapi {
    fn name(&self) -> &'static str {
        "nxcloud-openapi"
    }

    fn title(&self) -> &'static str {
        "NXCloud call centre, AI agent and number masking"
    }

    fn docs(&self) -> &'static str {
        "https://github.com/nxtele/http-api-document-en/wiki/API-auth-basics"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: "pns.hangupCode", rows: codes::PNS_HANGUP_CODE },
            CodeTable { interface: "pns.hangupCause", rows: codes::PNS_HANGUP_CAUSE },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        check(&settings, source)?;
        let load = |inline: &[Secret], files: &[PathBuf], key: &str| {
            Secrets::load(inline.to_vec(), files.to_vec()).map_err(|error| source.error(key, error.to_string()))
        };
        let secrets = load(&settings.secrets, &settings.secret_files, "secret_files")?;
        let cdr_tokens = load(&settings.cdr_tokens, &settings.cdr_token_files, "cdr_token_files")?;
        let proven_before = proof::before_verify(&source.common()?);
        let adapter = OpenApi { settings, secrets, cdr_tokens, proven_before };
        if KINDS.iter().all(|kind| adapter.proof(kind) == Proof::Missing) {
            let message = "is missing, and so is everything else that could prove a push: set access_key and \
                           secret_files, cdr_token_files, path_tokens or allowed_addresses";
            return Err(source.error("access_key", message));
        }
        Ok(Box::new(adapter))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                access_key = "AK-DEMO-01"
                secrets = ["demo-secret-nxcloud-openapi"]
                # Number masking is not signed: the token in the URL proves it.
                path_tokens = ["demo-path-token-nxcloud"]
            "#,
            samples: &[
                (CC_CDR, include_str!("demo/cc-cdr.json")),
                (AIAGENT_CALL, include_str!("demo/aiagent-call.json")),
                (AIAGENT_TASK, include_str!("demo/aiagent-task.json")),
                (PNS, include_str!("demo/pns.json")),
            ],
        }
    }
}

fn check(settings: &Settings, source: &SourceSettings<'_>) -> Result<(), SettingsError> {
    let empty = |secrets: &[Secret]| secrets.iter().any(|secret| secret.expose().is_empty());
    if empty(&settings.secrets) {
        return Err(source.error("secrets", "holds an empty secret: anybody could sign with it"));
    }
    if empty(&settings.cdr_tokens) {
        return Err(source.error("cdr_tokens", "holds an empty token: anybody could send it"));
    }
    let secrets = !settings.secrets.is_empty() || !settings.secret_files.is_empty();
    match settings.access_key.as_deref() {
        Some("") => Err(source.error("access_key", "is empty: copy it from the vendor's console")),
        Some(_) if !secrets => {
            Err(source.error("secret_files", "is missing: name the file that holds the access secret"))
        }
        None if secrets => Err(source.error("access_key", "is missing: a secret alone checks nothing")),
        _ => Ok(()),
    }
}

struct OpenApi {
    settings: Settings,
    secrets: Secrets,
    cdr_tokens: Secrets,
    /// A path token or the list of addresses proves the sender.
    proven_before: bool,
}

impl Adapter for OpenApi {
    fn account(&self) -> Option<&str> {
        self.settings.access_key.as_deref()
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(self, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.settings, delivery, context).map(Facts::from)
    }

    /// The envelope of the vendor's own answers. Number masking stops at any 200; the other pages do not say.
    fn answer(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Accepted => (StatusCode::OK, r#"{"code":0,"msg":"success"}"#),
            Answer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, r#"{"code":99,"msg":"busy, please repeat"}"#),
        };
        Reply { status, content_type: "application/json", body: body.into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        match self.proof(request.kind) {
            Proof::Signature => headers.extend(self.signature(request)?),
            Proof::Token => headers.push((verify::TOKEN, self.cdr_tokens.active().first()?.expose().to_owned())),
            Proof::Before | Proof::Nobody => {}
            Proof::Missing => return None,
        }
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    /// Of the signed kinds. The others, where something proves them at all, can be repeated for ever.
    fn replay_window_seconds(&self) -> Option<u32> {
        self.settings.access_key.as_ref()?;
        // Signed ahead of our clock, a request lives that much longer.
        Some(self.settings.freshness_seconds.saturating_add(self.settings.ahead_seconds()))
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type", "accesskey", "action", "biztype", "ts", "algorithm"]
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.secrets), ("cdr_tokens", &self.cdr_tokens)]
    }
}

impl OpenApi {
    /// The headers of a signed push.
    fn signature(&self, request: &Unsigned<'_>) -> Option<Vec<(&'static str, String)>> {
        let access_key = self.settings.access_key.as_deref()?;
        let (biz_type, action) = self.settings.business(request.kind);
        let ts = request.now.as_millisecond().to_string();
        let signable = verify::Signable { access_key, action, biz_type, ts: &ts, body: request.body.as_bytes() };
        let sign = verify::digest(self.settings.algorithm, self.secrets.active().first()?, &signable);
        let header = |name, value: &str| (name, value.to_owned());
        Some(vec![
            header("accessKey", access_key),
            header("ts", &ts),
            header("bizType", biz_type),
            header("action", action),
            header("sign", &sign),
        ])
    }
}
