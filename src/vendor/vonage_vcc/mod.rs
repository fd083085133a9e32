//! Vonage Contact Center (VCC, formerly NewVoiceMedia): signed webhooks about the legs of calls, and two APIs that
//! tell how they ended.

mod codes;
mod normalise;
mod poll;
mod verify;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;

use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Poller, Reply, Signed, Unsigned, Vendor,
    Verified, jwt,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

const EVENTS: &str = "events";

/// Registry entry of Vonage Contact Center.
pub struct VonageVcc;

static KINDS: &[Kind] = &[Kind {
    name: EVENTS,
    summary: "A leg of a call rings, is picked up, fails to connect or ends (webhook event types `channel.*`).",
    events: &[EventType::CallRinging, EventType::CallAnswered, EventType::CallEnded],
    body: |generator| generator.subschema_for::<wire::Notification>(),
}];

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// Active signing keys of the webhook subscription, in Base64 as the vendor shows them. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active signing keys in Base64, one per line; re-read while running, so that the old and the new key are
    /// both accepted during a change.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// How old a token may be, seconds; 0 accepts any age. The vendor's tokens expire after 300 s, the default. Whether a
    /// repeated delivery gets a fresh token is not documented: if deliveries are refused as `stale` after an outage, set
    /// it to the 86400 s the vendor repeats for. Above 300 the age alone decides, the token's own expiry no longer does.
    /// It must not exceed the dedup window, which is what stops replays.
    #[serde(default = "life")]
    pub freshness_seconds: u32,
    /// How far the vendor's clock and ours may be apart, seconds.
    #[serde(default = "half_a_minute")]
    pub leeway_seconds: u32,
    /// Words of `data.channel.party.role` for the party outside the company. Case does not matter. The vendor does not
    /// document its word; a delivery with another role than these and `agent` is kept in the rejected topic.
    #[serde(default = "customer_roles")]
    pub customer_roles: Vec<String>,
    /// What the legs of agents become. They never give an outcome or an end.
    #[serde(default)]
    pub agent_legs: AgentLegs,
    /// Outcome of each `reason` of `channel.connectionfailed` and `channel.ended` the vendor has told you of. Case does
    /// not matter. A reason that is in no table gives `unknown` and is kept as `cause`.
    #[serde(default)]
    pub reasons: BTreeMap<String, Outcome>,
    /// Asking for results. Its presence allows it.
    pub api: Option<poll::Api>,
}

impl Settings {
    /// Whether a leg of this role leads to the party outside the company.
    fn is_customer(&self, role: &str) -> bool {
        self.customer_roles.iter().any(|known| known.eq_ignore_ascii_case(role))
    }
}

/// What the legs of agents become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AgentLegs {
    /// No event. The default, because in an outbound call the agent's telephone is dialled first: that it rings or is
    /// picked up says nothing about the called party, and the notification does not tell the direction.
    #[default]
    Ignore,
    /// `call.ringing` and `call.answered` with the agent in `call.agent`: for inbound calls, where the agent is called.
    Progress,
}

const fn life() -> u32 {
    verify::LIFE
}

const fn half_a_minute() -> u32 {
    30
}

fn customer_roles() -> Vec<String> {
    ["customer", "external"].map(str::to_owned).to_vec()
}

impl Vendor for VonageVcc {
    fn name(&self) -> &'static str {
        "vonage-vcc"
    }

    fn title(&self) -> &'static str {
        "Vonage Contact Center"
    }

    fn docs(&self) -> &'static str {
        "https://docs-vcc.atlassian.net/wiki/spaces/DP/pages/4368105554/Event+types+in+Webhooks"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![
            CodeTable { interface: "channel.connectionfailed", rows: codes::CONNECTION_FAILED },
            CodeTable { interface: "channel.ended", rows: codes::ENDED },
            CodeTable { interface: "calls.result: code", rows: codes::RESULT_CODE },
            CodeTable { interface: "channels.endReason", rows: codes::END_REASON },
            CodeTable { interface: "channels.endReason: words in it", rows: codes::REASON },
        ]
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let settings: Settings = source.read()?;
        if settings.secrets.is_empty() && settings.secret_files.is_empty() {
            return Err(source.error("secret_files", "is missing: name the file that holds the subscription's key"));
        }
        let secrets = Secrets::load(settings.secrets.clone(), settings.secret_files.clone())
            .map_err(|error| source.error("secret_files", error.to_string()))?;
        if secrets.active().iter().any(|secret| verify::key(secret).is_none()) {
            let message = "holds a key that is not Base64: copy it from the subscription as it is shown";
            let key = if settings.secrets.iter().all(|secret| verify::key(secret).is_some()) {
                "secret_files"
            } else {
                "secrets"
            };
            return Err(source.error(key, message));
        }
        let asker = match &settings.api {
            Some(api) => Some(poll::Asker::new(api, &settings, source)?),
            None => None,
        };
        Ok(Box::new(Vcc { settings, secrets, asker }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                secrets = ["ZGVtby1zZWNyZXQtdm9uYWdlLXZjYw=="]
                agent_legs = "progress"
            "#,
            samples: &[
                (EVENTS, include_str!("demo/agent-alerted.json")),
                (EVENTS, include_str!("demo/connected.json")),
                (EVENTS, include_str!("demo/connectionfailed.json")),
                (EVENTS, include_str!("demo/ended.json")),
            ],
        }
    }
}

struct Vcc {
    settings: Settings,
    secrets: Secrets,
    asker: Option<poll::Asker>,
}

impl Adapter for Vcc {
    fn account(&self) -> Option<&str> {
        None
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(&self.settings, &self.secrets, inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.settings, delivery, context)
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        let freshness = self.settings.freshness_seconds;
        Some(if freshness == 0 { 0 } else { freshness.saturating_add(self.settings.leeway_seconds) })
    }

    /// The vendor looks at the status only.
    fn answer(&self, answer: Answer) -> Reply {
        let status = match answer {
            Answer::Accepted => StatusCode::OK,
            Answer::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        };
        Reply { status, content_type: "text/plain", body: "".into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let key = verify::key(self.secrets.active().first()?)?;
        let issued = request.now.as_second();
        let expires = issued + i64::from(verify::LIFE);
        let hash = jwt::payload_hash(request.body.as_bytes());
        let claims = format!(r#"{{"iat":{issued},"exp":{expires},"payload_hash":"{hash}"}}"#);
        let headers = vec![
            ("content-type", "application/cloudevents+json".to_owned()),
            (verify::HEADER, jwt::sign(&claims, &key)),
        ];
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type"]
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("secrets", &self.secrets)]
    }

    fn poller(&self) -> Option<&dyn Poller> {
        self.asker.as_ref().map(|asker| asker as &dyn Poller)
    }
}
