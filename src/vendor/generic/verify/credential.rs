//! What a sender shows instead of signing: a token, a password, or through a proxy a client certificate. All of it proves
//! the connection, not the body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::settings::{Basic, Bearer, Mtls};
use super::{Headers, header, header_name, secrets};
use crate::config::{SettingsError, SourceSettings};
use crate::reject::{Reason, Reject};
use crate::secret::{FileError, Secret, Secrets, equal};
use crate::vendor::{Explain, Inbound};

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
            Self::Token { header: name, tokens } => {
                let sent = header(inbound, name, explain)?;
                let sent = if *name == AUTHORIZATION { after_scheme("Bearer", sent, explain)? } else { sent };
                let known = one_of(tokens, sent.as_bytes());
                decide(
                    known,
                    "the token",
                    "header holds no active token: compare it with the sender's console",
                    explain,
                )
            }
            Self::Password { user, passwords } => {
                let sent = after_scheme("Basic", header(inbound, AUTHORIZATION, explain)?, explain)?;
                let decoded = STANDARD.decode(sent).ok();
                let split = decoded.as_deref().and_then(|bytes| {
                    let colon = bytes.iter().position(|byte| *byte == b':')?;
                    Some((&bytes[..colon], &bytes[colon + 1..]))
                });
                let Some((sent_user, sent_password)) = split else {
                    explain.fails(|| "header authorization is not Base64 of user, colon and password".into());
                    return Err(Reject::new(
                        Reason::HeaderInvalid,
                        "header authorization is not of the form of HTTP Basic",
                    ));
                };
                let password = one_of(passwords, sent_password);
                let same_user = equal(sent_user, user.as_bytes());
                decide(same_user, "the user", "user is not `verify.user`", explain)
                    .and_then(|()| decide(password, "the password", "password is none of the active ones", explain))
            }
            Self::Certificate { header: name, subjects } => {
                let sent = header(inbound, name, explain)?;
                let known = subjects.iter().any(|subject| subject == sent);
                let wrong = "certificate's subject is none of `verify.subjects`: they are compared letter by letter, and \
                             proxies write the parts in different orders";
                decide(known, "the certificate's subject", wrong, explain)
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
                (AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{}", first(passwords)?))))
            }
            Self::Certificate { header, subjects } => (*header, subjects.first()?.clone()),
        }])
    }

    pub fn reload(&self) -> Result<bool, FileError> {
        match self {
            Self::Token { tokens: secrets, .. } | Self::Password { passwords: secrets, .. } => secrets.reload(),
            Self::Certificate { .. } => Ok(false),
        }
    }
}

/// What stands after the name of the scheme, which may be in large or small letters (RFC 9110).
fn after_scheme<'a>(scheme: &str, sent: &'a str, explain: &mut Explain) -> Result<&'a str, Reject> {
    match sent.split_once(' ') {
        Some((name, rest)) if name.eq_ignore_ascii_case(scheme) => Ok(rest.trim()),
        _ => {
            explain.fails(|| format!("header authorization does not begin with `{scheme} `"));
            Err(Reject::new(Reason::HeaderInvalid, format!("header authorization does not begin with `{scheme} `")))
        }
    }
}

/// Whether `sent` is an active secret. Every one is compared, so that the time does not tell which was close.
fn one_of(secrets: &Secrets, sent: &[u8]) -> bool {
    let fits = |secret: &&Secret| equal(secret.expose().as_bytes(), sent);
    secrets.active().iter().filter(fits).count() > 0
}

fn decide(holds: bool, what: &str, wrong: &'static str, explain: &mut Explain) -> Result<(), Reject> {
    if holds {
        explain.holds(|| format!("{what} is one of this source"));
        return Ok(());
    }
    explain.fails(|| format!("the {wrong}"));
    Err(Reject::new(Reason::CredentialsWrong, "the credentials are not those of the source"))
}
