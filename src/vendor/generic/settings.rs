//! Settings of a source of this vendor. The mapping has a file of its own, `map.rs`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::map::Map;
use super::time::TimeFormat;
use crate::config::{SettingsError, SourceSettings};
use crate::secret::Secret;

/// Settings of a source of this vendor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Settings {
    /// How the sender proves who it is: `scheme`, and the keys of that scheme.
    #[schemars(with = "Scheme")]
    pub verify: Chosen,
    /// Where each part of an event stands in the sender's JSON.
    pub map: Map,
    /// What the sender is told.
    #[serde(default)]
    pub answer: Answers,
}

/// The scheme a source has chosen; its other keys are read when it is known which there may be.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Chosen {
    scheme: Name,
}

/// The names of the schemes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    StandardWebhooks,
    Hmac,
    Bearer,
    Basic,
    PathToken,
    Mtls,
    None,
}

impl Chosen {
    /// The keys of the scheme.
    pub fn settings(self, source: &SourceSettings<'_>) -> Result<Scheme, SettingsError> {
        const TABLE: &str = "verify";
        match self.scheme {
            Name::StandardWebhooks => source.part(TABLE).map(Scheme::StandardWebhooks),
            Name::Hmac => source.part(TABLE).map(Scheme::Hmac),
            Name::Bearer => source.part(TABLE).map(Scheme::Bearer),
            Name::Basic => source.part(TABLE).map(Scheme::Basic),
            Name::PathToken => source.part(TABLE).map(Scheme::PathToken),
            Name::Mtls => source.part(TABLE).map(Scheme::Mtls),
            Name::None => source.part(TABLE).map(Scheme::None),
        }
    }
}

/// How the sender proves who it is.
#[derive(Clone, Debug, JsonSchema)]
#[serde(tag = "scheme", rename_all = "kebab-case")]
pub enum Scheme {
    /// Standard Webhooks, version 1: `webhook-id`, `webhook-timestamp` and `webhook-signature` with HMAC-SHA256.
    StandardWebhooks(StandardWebhooks),
    /// A header with an HMAC over the body, and over what else the sender puts into it.
    Hmac(HmacHeader),
    /// A fixed token in a header. It proves the sender, not the body: use it over TLS only.
    Bearer(Bearer),
    /// HTTP Basic. It proves the sender, not the body: use it over TLS only.
    Basic(Basic),
    /// A secret in the callback URL: the source's `path_tokens` or `path_token_files`, which are required.
    PathToken(PathToken),
    /// The sender's TLS client certificate, checked by a proxy that names its subject in a header.
    Mtls(Mtls),
    /// Nothing: whoever knows the URL can send events.
    None(Unverified),
}

/// Standard Webhooks, version 1.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandardWebhooks {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// Active secrets, as the sender shows them: `whsec_` and Base64. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active secrets, one per line; re-read while running.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// How old a delivery may be, seconds; 0 accepts any age. Senders sign every attempt anew, so it can be short.
    /// Default: 300. It must not exceed the dedup window, which is what stops replays.
    #[serde(default = "five_minutes")]
    pub tolerance_seconds: u32,
    /// What the three headers begin with. Default: `webhook`; some senders use their own name.
    #[serde(default = "webhook")]
    pub header_prefix: String,
}

/// A header with an HMAC.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HmacHeader {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// The header with the signature.
    pub header: String,
    /// Active secrets. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active secrets, one per line; re-read while running.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// How a secret stands there: `text` (default; its own bytes are the key), `hex` or `base64`.
    #[serde(default)]
    pub secret_encoding: SecretEncoding,
    /// `sha1`, `sha256` (default) or `sha512`.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How the signature is written: `hex` (default) or `base64` (also its form for URLs, with or without padding).
    #[serde(default)]
    pub encoding: Encoding,
    /// What stands before the signature in the header, as `"sha256="`. Default: nothing.
    #[serde(default)]
    pub prefix: String,
    /// What stands between several signatures in the header, as `","` or `" "`; one that fits is enough. Default: the
    /// header holds one signature.
    pub separator: Option<String>,
    /// What is signed: a text with `{body}`, and where the sender signs more, `{timestamp}` and `{header:NAME}`. Default:
    /// `{body}`.
    #[serde(default = "body_only")]
    pub signed: String,
    /// The header with the time of signing, which must be in `signed`. Without it a request can be repeated for ever by
    /// whoever saw it; only the dedup window stops that.
    pub timestamp_header: Option<String>,
    /// How that time is written: `unix` (default), `unix_ms`, `rfc3339` or a pattern, in UTC where it has no offset.
    pub timestamp_format: Option<TimeFormat>,
    /// How old a delivery may be, seconds; 0 accepts any age. Default: 300. It must not exceed the dedup window, which is
    /// what stops replays. Senders that repeat with their first signing time need more.
    pub tolerance_seconds: Option<u32>,
}

/// A fixed token in a header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// The header. In `authorization` (default) the token stands after `Bearer `, in any other one alone.
    #[serde(default = "authorization")]
    pub header: String,
    /// Active tokens. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active tokens, one per line; re-read while running.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
}

/// HTTP Basic.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// The user name.
    pub user: String,
    /// Active passwords. Prefer `secret_files`.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Files with active passwords, one per line; re-read while running.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
}

/// A secret in the callback URL; it has no keys here.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathToken {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
}

/// A client certificate that a proxy has checked.
///
/// Whoever reaches trunkline without the proxy can write the header. So the proxy must remove the header from every
/// request and set it only after it has verified the certificate (in nginx `ssl_verify_client on`), and trunkline must
/// not be reachable past it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mtls {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// The header in which the proxy names the certificate's subject.
    pub header: String,
    /// Subjects that may send, exactly as the proxy writes them.
    pub subjects: Vec<String>,
    /// The source needs `allowed_addresses` or `path_tokens` beside this scheme; `true` does without, for networks in
    /// which only the proxy can reach trunkline.
    #[serde(default)]
    pub allow_unverified_peer: bool,
}

/// No proof at all.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unverified {
    /// Says which scheme this is, and is read before.
    #[serde(rename = "scheme", default)]
    #[schemars(skip)]
    _scheme: IgnoredAny,
    /// Must be `true`: whoever knows the URL can then send events.
    #[serde(default)]
    pub allow_unverified: bool,
}

/// Digest of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// SHA-1: broken as a digest, still sound in an HMAC; for senders that have nothing else.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hex digits, large or small.
    #[default]
    Hex,
    /// Base64, also its form for URLs, with or without padding.
    Base64,
}

/// How a secret stands in the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncoding {
    /// Its own bytes are the key.
    #[default]
    Text,
    /// Hex digits of the key.
    Hex,
    /// Base64 of the key.
    Base64,
    /// `whsec_` and Base64 of the key.
    #[serde(skip)]
    Whsec,
}

/// What the sender is told. A body that is JSON is sent as `application/json`, any other one as `text/plain`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// Body of the answer 200: everything is safe, or a repetition could not help.
    pub accepted: String,
    /// Body of the answer 503: please repeat.
    pub try_again: String,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            accepted: r#"{"status":"accepted"}"#.to_owned(),
            try_again: r#"{"status":"busy, please repeat"}"#.to_owned(),
        }
    }
}

/// The default of `tolerance_seconds`.
pub const fn five_minutes() -> u32 {
    300
}

fn webhook() -> String {
    "webhook".to_owned()
}

fn body_only() -> String {
    "{body}".to_owned()
}

fn authorization() -> String {
    "authorization".to_owned()
}
