//! Proof of the sender for vendors that sign nothing: what the operator puts into the URL, a header or the network.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Explain, Inbound};
use crate::config;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal, shown};

/// Whether a path token or the list of addresses proves the sender: both are checked before `verify`.
pub fn before_verify(common: &config::Source) -> bool {
    let path_token = !common.path_tokens.is_empty() || !common.path_token_files.is_empty();
    // A network of all addresses lets everybody in, and then the list proves nothing.
    let everybody = common.allowed_addresses.iter().any(|network| network.prefix_len() == 0);
    path_token || (!common.allowed_addresses.is_empty() && !everybody)
}

/// Whether the header holds one of the active tokens, and nothing else.
pub fn token(inbound: &Inbound, header: &'static str, tokens: &Secrets, explain: &mut Explain) -> Result<(), Reject> {
    let Some(sent) = inbound.header(header).filter(|sent| !sent.is_empty()) else {
        explain.fails(|| format!("header {header} is absent, empty, repeated or not text: does a proxy drop it?"));
        return Err(Reject::new(Reason::HeaderMissing, format!("header {header} is absent, empty or repeated")));
    };
    if tokens.prove(|token| shown(token.expose().as_bytes(), sent.as_bytes())) {
        explain.holds(|| format!("header {header} holds an active token"));
        return Ok(());
    }
    explain.fails(|| {
        let hint = match sent.trim_start().split_once(' ') {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
                "; it starts with a scheme, which must then stand in the configured token too"
            }
            _ => "",
        };
        format!("header {header} has {} characters and is none of the active tokens{hint}", sent.len())
    });
    Err(Reject::new(Reason::CredentialsWrong, format!("header {header} is none of the active tokens")))
}

/// Whether the request carries HTTP Basic credentials (RFC 7617) of `user` with one of the active passwords.
pub fn basic(inbound: &Inbound, user: &str, passwords: &Secrets, explain: &mut Explain) -> Result<(), Reject> {
    let Some(sent) = inbound.header("authorization").and_then(basic_credentials) else {
        explain.fails(|| "header Authorization is absent or not of the scheme Basic: does a proxy drop it?".into());
        return Err(Reject::new(Reason::CredentialsWrong, "header Authorization is absent or not Basic"));
    };
    if passwords.prove(|password| shown(&user_and_password(user, password), &sent)) {
        explain.holds(|| "header Authorization holds the user and an active password".into());
        return Ok(());
    }
    explain.fails(|| {
        let sent_user = sent.split(|byte| *byte == b':').next().unwrap_or_default();
        let wrong = if equal(sent_user, user.as_bytes()) { "password" } else { "user" };
        format!("header Authorization holds another {wrong}")
    });
    Err(Reject::new(Reason::CredentialsWrong, "user or password in header Authorization are wrong"))
}

/// Value of the header Authorization for `user`.
pub fn basic_header(user: &str, password: &Secret) -> String {
    format!("Basic {}", STANDARD.encode(user_and_password(user, password)))
}

fn basic_credentials(header: &str) -> Option<Vec<u8>> {
    let (scheme, credentials) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(credentials.trim()).ok()).flatten()
}

fn user_and_password(user: &str, password: &Secret) -> Vec<u8> {
    [user.as_bytes(), b":", password.expose().as_bytes()].concat()
}

#[cfg(test)]
mod tests;
