//! The ways a sender can prove who it is, as the settings choose.
//!
//! | file | holds |
//! |---|---|
//! | `signature.rs` | HMAC in a header, of which Standard Webhooks is one form |
//! | `digest.rs` | HMACs, and how senders write them |
//! | `template.rs` | what such a signature covers |
//! | `credential.rs` | tokens, passwords, client certificates |

mod credential;
mod digest;
mod signature;
mod template;

use std::path::PathBuf;

use http::HeaderName;
use jiff::Timestamp;

use super::settings::Scheme;
use crate::config::{SettingsError, SourceSettings};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets};
use crate::vendor::{Explain, Inbound, Unsigned, Verified, proof};
use credential::Credential;
use signature::Signature;

/// Headers of a signed request.
pub type Headers = Vec<(&'static str, String)>;

/// The scheme of one source, ready for use.
pub enum Verifier {
    /// A signature.
    Signature(Box<Signature>),
    /// Something the sender shows.
    Credential(Credential),
    /// The token in the URL, which is checked before any scheme is asked.
    PathToken,
    /// Nothing.
    Nothing,
}

impl Verifier {
    /// Checks the settings of a scheme.
    pub fn new(scheme: &Scheme, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let common = source.common()?;
        let with_token = !common.path_tokens.is_empty() || !common.path_token_files.is_empty();
        match scheme {
            Scheme::StandardWebhooks(settings) => Ok(Self::Signature(Box::new(Signature::standard(settings, source)?))),
            Scheme::Hmac(settings) => Ok(Self::Signature(Box::new(Signature::hmac(settings, source)?))),
            Scheme::Bearer(settings) => Credential::bearer(settings, source).map(Self::Credential),
            Scheme::Basic(settings) => Credential::basic(settings, source).map(Self::Credential),
            Scheme::PathToken(_) if !with_token => {
                let message = "is missing: the scheme `path-token` proves the sender by it alone";
                Err(source.error("path_token_files", message))
            }
            Scheme::PathToken(_) => Ok(Self::PathToken),
            Scheme::Mtls(settings) => {
                if !settings.allow_unverified_peer && !proof::before_verify(&common) {
                    let message = "is missing: anybody who gets past the proxy can write the header; give \
                                   `allowed_addresses` or `path_token_files`, or spell out \
                                   `verify.allow_unverified_peer = true` when only the proxy can reach trunkline";
                    return Err(source.error("allowed_addresses", message));
                }
                Credential::certificate(settings, source).map(Self::Credential)
            }
            Scheme::None(settings) if settings.allow_unverified => Ok(Self::Nothing),
            Scheme::None(_) => {
                let message = "must be true for the scheme `none`: anybody who knows the URL can then send events";
                Err(source.error("verify.allow_unverified", message))
            }
        }
    }

    /// Checks a request.
    pub fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        let sent_at = self.check(&inbound, now, explain)?;
        Ok(Verified::new(inbound, sent_at))
    }

    fn check(&self, inbound: &Inbound, now: Timestamp, explain: &mut Explain) -> Result<Option<Instant>, Reject> {
        match self {
            Self::Signature(signature) => signature.check(inbound, now, explain),
            Self::Credential(credential) => credential.check(inbound, explain).map(|()| None),
            Self::PathToken => {
                explain
                    .holds(|| "the scheme is `path-token`: the URL's token was checked before, nothing else is".into());
                Ok(None)
            }
            Self::Nothing => {
                explain.holds(|| "the scheme is `none` with `allow_unverified = true`: nothing is checked".into());
                Ok(None)
            }
        }
    }

    /// Headers that make a request pass; `None` when there is no secret.
    pub fn sign(&self, request: &Unsigned<'_>) -> Option<Headers> {
        match self {
            Self::Signature(signature) => signature.sign(request),
            Self::Credential(credential) => credential.sign(),
            Self::PathToken | Self::Nothing => Some(Vec::new()),
        }
    }

    /// For how long a request can be repeated; `None` when no time is signed.
    pub fn replay_window_seconds(&self) -> Option<u32> {
        match self {
            Self::Signature(signature) => signature.replay_window_seconds(),
            _ => None,
        }
    }

    /// Headers that say something of the delivery and prove nothing.
    pub fn kept_headers(&self) -> Vec<&'static str> {
        match self {
            Self::Signature(signature) => signature.kept_headers(),
            _ => Vec::new(),
        }
    }

    /// The active secrets, where the scheme has some.
    pub fn secrets(&self) -> Option<&Secrets> {
        match self {
            Self::Signature(signature) => Some(signature.secrets()),
            Self::Credential(credential) => credential.secrets(),
            Self::PathToken | Self::Nothing => None,
        }
    }
}

/// The secrets of a scheme: at least one, and none of them empty.
fn secrets(inline: &[Secret], files: &[PathBuf], source: &SourceSettings<'_>) -> Result<Secrets, SettingsError> {
    if inline.is_empty() && files.is_empty() {
        return Err(source.error("verify.secret_files", "is missing: name the file that holds the secret"));
    }
    if inline.iter().any(|secret| secret.expose().trim().is_empty()) {
        return Err(source.error("verify.secrets", "holds an empty secret: anybody could use it"));
    }
    Secrets::load(inline.to_vec(), files.to_vec())
        .map_err(|error| source.error("verify.secret_files", error.to_string()))
}

/// A header of the settings, in the small letters headers are compared in. It lives as long as the process, as a source
/// does: what is told of a request elsewhere (its headers when it is signed or kept) is not tied to a source.
fn header_name(text: &str, key: &str, source: &SourceSettings<'_>) -> Result<&'static str, SettingsError> {
    match HeaderName::from_bytes(text.as_bytes()) {
        Ok(name) => Ok(Box::leak(name.as_str().to_owned().into_boxed_str())),
        Err(_) => Err(source.error(key, "is not the name of a header, as \"x-acme-signature\"")),
    }
}

/// The value of a header.
fn header<'a>(inbound: &'a Inbound, name: &'static str, explain: &mut Explain) -> Result<&'a str, Reject> {
    match inbound.header(name) {
        Some(value) if !value.is_empty() => {
            explain.holds(|| format!("header {name} is present"));
            Ok(value)
        }
        _ => {
            explain.fails(|| format!("header {name} is absent, empty, repeated or not text: does a proxy drop it?"));
            Err(Reject::new(Reason::HeaderMissing, format!("header {name} is absent, empty or repeated")))
        }
    }
}

#[cfg(test)]
mod tests;
