//! Sestek Knovvu Virtual Agent: results of outbound calls, pushed to the `ResultDestination` of a call or asked for.

mod codes;
mod normalise;
mod poll;
mod verify;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Adapter, Answer, CodeTable, Context, Demo, Explain, Facts, Inbound, Kind, Poller, Reply, Signed, Unsigned, Vendor,
    Verified, kept, proof,
};
use crate::config::{SettingsError, SourceSettings};
use crate::event::{EventType, Outcome};
use crate::reject::Reject;
use crate::secret::{Secret, Secrets};

/// The vendor's only code table: `interface` of the cause.
const CALL_STATE: &str = "CallState";

/// Registry entry of Sestek Knovvu.
pub struct SestekKnovvu;

static KINDS: &[Kind] = &[Kind {
    name: "result",
    summary: "Results of outbound calls (`ResultDestination`); one without a state is a hint to ask for it.",
    events: &[EventType::CallEnded],
    body: wire::schema,
}];

/// Settings of a source of this vendor. The vendor signs nothing: at least one of `path_tokens`, `allowed_addresses`,
/// `tokens` and `basic_user` is needed, or `allow_unverified = true`. What is configured must all hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// Tokens, one of which must be the whole value of `token_header`. For a gateway in front that adds a header. Prefer
    /// `token_files`.
    #[serde(default)]
    pub tokens: Vec<Secret>,
    /// Files with such tokens, one per line; re-read while running.
    #[serde(default)]
    pub token_files: Vec<PathBuf>,
    /// The header that holds the token. Default: `x-trunkline-token`.
    #[serde(default)]
    pub token_header: TokenHeader,
    /// User of HTTP Basic credentials every push must carry, as in a `ResultDestination` of the form
    /// `https://user:password@host/...`. Whether the vendor sends those is not documented: try it.
    pub basic_user: Option<String>,
    /// Active passwords of `basic_user`. Prefer `basic_password_files`.
    #[serde(default)]
    pub basic_passwords: Vec<Secret>,
    /// Files with active passwords, one per line; re-read while running.
    #[serde(default)]
    pub basic_password_files: Vec<PathBuf>,
    /// Accepts pushes although nothing proves who sends them. Anybody who knows the URL can then publish results.
    #[serde(default)]
    pub allow_unverified: bool,
    /// Outcome of each `CallState` that is not in the vendor's table, or means something else to you. Case, blanks,
    /// hyphens and underscores do not count.
    #[serde(default)]
    pub call_state: BTreeMap<String, Outcome>,
    /// Each `CallState` that says the call is still under way: it makes no event, only a hint to ask for the result.
    /// Default: none, because the vendor documents none.
    #[serde(default)]
    pub pending_states: Vec<String>,
    /// Asking for results. Its presence allows it.
    pub api: Option<poll::Api>,
}

/// The header that holds a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenHeader {
    /// `Authorization`; the token is then the whole value, as in `Bearer ...`.
    Authorization,
    /// `Token`.
    Token,
    /// `X-Api-Key`.
    XApiKey,
    /// `X-Auth-Token`.
    XAuthToken,
    /// `X-Trunkline-Token`.
    #[default]
    XTrunklineToken,
}

impl TokenHeader {
    const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Token => "token",
            Self::XApiKey => "x-api-key",
            Self::XAuthToken => "x-auth-token",
            Self::XTrunklineToken => "x-trunkline-token",
        }
    }
}

impl Vendor for SestekKnovvu {
    fn name(&self) -> &'static str {
        "sestek-knovvu"
    }

    fn title(&self) -> &'static str {
        "Sestek Knovvu Virtual Agent"
    }

    fn docs(&self) -> &'static str {
        "https://docs.knovvu.com/docs/va-outbound-call-trigger-api"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn codes(&self) -> Vec<CodeTable> {
        vec![CodeTable { interface: "CallState", rows: codes::CALL_STATE }]
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
        let tokens = load(&settings.tokens, &settings.token_files, "token_files")?;
        let passwords = load(&settings.basic_passwords, &settings.basic_password_files, "basic_password_files")?;
        let states = states(&settings, source)?;
        let asker = match &settings.api {
            Some(api) => Some(poll::Asker::new(api, states.clone(), source)?),
            None => None,
        };
        let proven_before = proof::before_verify(&source.common()?);
        let knovvu = Knovvu { settings, tokens, passwords, states, asker, proven_before };
        if !knovvu.proven_before
            && !knovvu.has_tokens()
            && knovvu.settings.basic_user.is_none()
            && !knovvu.settings.allow_unverified
        {
            let message = "is missing: the vendor signs nothing, so a secret in the URL must prove its pushes \
                           (or allowed_addresses, tokens, basic_user; or accept anybody with allow_unverified = true)";
            return Err(source.error("path_tokens", message));
        }
        Ok(Box::new(knovvu))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: r#"
                # The vendor signs nothing. The token in the URL proves the sender; the one in the header is what a
                # gateway in front could add.
                path_tokens = ["demo-path-token-sestek"]
                tokens = ["demo-header-token-sestek"]
            "#,
            samples: &[
                ("result", include_str!("demo/result.json")),
                ("result", include_str!("demo/results.json")),
                ("result", include_str!("demo/list.json")),
            ],
        }
    }
}

fn check(settings: &Settings, source: &SourceSettings<'_>) -> Result<(), SettingsError> {
    let empty = |secrets: &[Secret]| secrets.iter().any(|secret| secret.expose().is_empty());
    if empty(&settings.tokens) {
        return Err(source.error("tokens", "holds an empty token: anybody could send it"));
    }
    if empty(&settings.basic_passwords) {
        return Err(source.error("basic_passwords", "holds an empty password: anybody could send it"));
    }
    let passwords = !settings.basic_passwords.is_empty() || !settings.basic_password_files.is_empty();
    match &settings.basic_user {
        Some(_) if !passwords => {
            Err(source.error("basic_password_files", "is missing: name the file that holds the password of basic_user"))
        }
        Some(user) if user.is_empty() || user.contains(':') => {
            Err(source.error("basic_user", "must be a name without a colon: HTTP Basic cannot carry another"))
        }
        None if passwords => Err(source.error("basic_user", "is missing: passwords alone are not checked")),
        Some(_) if has_tokens(settings) && settings.token_header == TokenHeader::Authorization => {
            Err(source.error("token_header", "is used up by basic_user: let the token stand in another header"))
        }
        _ => Ok(()),
    }
}

fn has_tokens(settings: &Settings) -> bool {
    !settings.tokens.is_empty() || !settings.token_files.is_empty()
}

/// The configured states in the form in which they are compared.
fn states(settings: &Settings, source: &SourceSettings<'_>) -> Result<States, SettingsError> {
    let mut states = States::default();
    for (state, outcome) in &settings.call_state {
        if states.configured.insert(codes::canonical(state), *outcome).is_some() {
            return Err(source.error("call_state", "names one state twice: case, blanks and hyphens do not count"));
        }
    }
    states.pending = settings.pending_states.iter().map(|state| codes::canonical(state)).collect();
    if states.pending.iter().any(|state| states.configured.contains_key(state)) {
        return Err(source.error("pending_states", "names a state that call_state gives an outcome"));
    }
    Ok(states)
}

/// Configured states, in canonical form.
#[derive(Clone, Debug, Default)]
struct States {
    configured: BTreeMap<String, Outcome>,
    pending: BTreeSet<String>,
}

struct Knovvu {
    settings: Settings,
    tokens: Secrets,
    passwords: Secrets,
    states: States,
    asker: Option<poll::Asker>,
    /// A path token or the list of addresses proves the sender.
    proven_before: bool,
}

impl Knovvu {
    fn has_tokens(&self) -> bool {
        has_tokens(&self.settings)
    }
}

impl Adapter for Knovvu {
    /// The vendor's pushes name no tenant.
    fn account(&self) -> Option<&str> {
        None
    }

    fn verify(&self, inbound: Inbound, _: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        verify::verify(self, inbound, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.states, delivery, context)
    }

    /// Any: the vendor does not say what it sends, and what is proven is better kept as not understood than turned away.
    fn accepts(&self, _: &str) -> bool {
        true
    }

    /// The vendor does not say what it expects.
    fn answer(&self, answer: Answer) -> Reply {
        let status = match answer {
            Answer::Accepted => StatusCode::OK,
            Answer::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        };
        Reply { status, content_type: "application/json", body: "{}".into() }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if self.has_tokens() {
            headers.push((self.settings.token_header.name(), self.tokens.active().first()?.expose().to_owned()));
        }
        if let Some(user) = &self.settings.basic_user {
            headers.push(("authorization", proof::basic_header(user, self.passwords.active().first()?)));
        }
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    /// Nothing is signed, least of all a time.
    fn replay_window_seconds(&self) -> Option<u32> {
        None
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["content-type"]
    }

    /// A result alone is one of the forms of a push.
    fn body_of_part(&self, _: &'static Kind, part: &RawValue) -> Option<Bytes> {
        Some(kept::body(part))
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        vec![("tokens", &self.tokens), ("basic_passwords", &self.passwords)]
    }

    fn poller(&self) -> Option<&dyn Poller> {
        self.asker.as_ref().map(|asker| asker as &dyn Poller)
    }
}
