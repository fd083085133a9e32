//! What a sender shows instead of signing: a token, a password, or through a proxy a client certificate. All of it proves
//! the connection, not the body.

use super::super::settings::{Basic, Bearer, Mtls};
use super::{Headers, header, header_name, secrets};
use crate::config::{SettingsError, SourceSettings};
use crate::reject::{Reason, Reject};
use crate::secret::{Secrets, shown};
use crate::vendor::{Explain, Inbound, proof};

const AUTHORIZATION: &str = "authorization";

/// What a sender shows.
pub enum Credential {
    /// A token.
    Token {
        /// The header it stands in.
        header: &'static str,
        /// The active tokens.
        tokens: Secrets,
    },
    /// User and password.
    Password {
        /// The user.
        user: String,
        /// The active passwords.
        passwords: Secrets,
    },
    /// A certificate's subject.
    Certificate {
        /// The header the proxy names it in.
        header: &'static str,
        /// The subjects that may send.
        subjects: Vec<String>,
    },
}

impl Credential {
    /// The scheme `bearer`.
    pub fn bearer(settings: &Bearer, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let tokens = secrets(&settings.secrets, &settings.secret_files, source)?;
        Ok(Self::Token { header: header_name(&settings.header, "verify.header", source)?, tokens })
    }

    /// The scheme `basic`.
    pub fn basic(settings: &Basic, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        if settings.user.contains(':') {
            return Err(source.error("verify.user", "has a colon, which ends the user name in HTTP Basic"));
        }
        let passwords = secrets(&settings.secrets, &settings.secret_files, source)?;
        Ok(Self::Password { user: settings.user.clone(), passwords })
    }

    /// The scheme `mtls`.
    pub fn certificate(settings: &Mtls, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        if settings.subjects.is_empty() || settings.subjects.iter().any(|subject| subject.trim().is_empty()) {
            let message = "must name every subject that may send, as \"CN=calls.acme.example,O=Acme\"";
            return Err(source.error("verify.subjects", message));
        }
        let header = header_name(&settings.header, "verify.header", source)?;
        Ok(Self::Certificate { header, subjects: settings.subjects.clone() })
    }

    /// Checks what the sender shows.
    pub fn check(&self, inbound: &Inbound, explain: &mut Explain) -> Result<(), Reject> {
        match self {
            Self::Token { header: AUTHORIZATION, tokens } => bearer(inbound, tokens, explain),
            Self::Token { header, tokens } => proof::token(inbound, header, tokens, explain),
            Self::Password { user, passwords } => proof::basic(inbound, user, passwords, explain),
            Self::Certificate { header: name, subjects } => {
                let sent = header(inbound, name, explain)?;
                if subjects.iter().filter(|subject| shown(subject.as_bytes(), sent.as_bytes())).count() > 0 {
                    explain.holds(|| format!("header {name} is one of `verify.subjects`"));
                    return Ok(());
                }
                explain.fails(|| {
                    let hint = "they are compared letter by letter, and proxies write the parts in different orders";
                    format!("header {name} has {} characters and is none of `verify.subjects`: {hint}", sent.len())
                });
                Err(Reject::new(Reason::CredentialsWrong, format!("header {name} is none of `verify.subjects`")))
            }
        }
    }

    /// Headers as the sender would write them.
    pub fn sign(&self) -> Option<Headers> {
        let first = |secrets: &Secrets| secrets.active().first().map(|secret| secret.expose().to_owned());
        Some(vec![match self {
            Self::Token { header, tokens } if *header == AUTHORIZATION => {
                (*header, format!("Bearer {}", first(tokens)?))
            }
            Self::Token { header, tokens } => (*header, first(tokens)?),
            Self::Password { user, passwords } => {
                (AUTHORIZATION, proof::basic_header(user, passwords.active().first()?))
            }
            Self::Certificate { header, subjects } => (*header, subjects.first()?.clone()),
        }])
    }

    /// The active secrets.
    pub fn secrets(&self) -> Option<&Secrets> {
        match self {
            Self::Token { tokens: secrets, .. } | Self::Password { passwords: secrets, .. } => Some(secrets),
            Self::Certificate { .. } => None,
        }
    }
}

/// Whether `Authorization: Bearer` holds an active token; the name of the scheme may be in large or small letters.
fn bearer(inbound: &Inbound, tokens: &Secrets, explain: &mut Explain) -> Result<(), Reject> {
    let sent = match header(inbound, AUTHORIZATION, explain)?.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => {
            explain.fails(|| "header authorization does not begin with `Bearer `".into());
            return Err(Reject::new(Reason::HeaderInvalid, "header authorization does not begin with `Bearer `"));
        }
    };
    if tokens.prove(|token| shown(token.expose().as_bytes(), sent.as_bytes())) {
        explain.holds(|| "header authorization holds an active token".into());
        return Ok(());
    }
    explain.fails(|| {
        format!("the token in header authorization has {} characters and is none of the active ones", sent.len())
    });
    Err(Reject::new(Reason::CredentialsWrong, "header authorization holds none of the active tokens"))
}
