//! Knovvu signs nothing, so the proof is what the operator adds: a secret path segment or a list of addresses (both
//! checked before this), a token in a header, HTTP Basic credentials. Everything that is configured must hold.

use super::Knovvu;
use crate::reject::{Reason, Reject};
use crate::vendor::{Explain, Inbound, Verified, proof};

/// Checks the configured credentials.
pub fn verify(source: &Knovvu, inbound: Inbound, explain: &mut Explain) -> Result<Verified, Reject> {
    let settings = &source.settings;
    let mut proven = source.proven_before;
    if proven {
        explain.holds(|| "the path token and the caller's address were checked before".into());
    }
    if source.has_tokens() {
        proof::token(&inbound, settings.token_header.name(), &source.tokens, explain)?;
        proven = true;
    }
    if let Some(user) = &settings.basic_user {
        proof::basic(&inbound, user, &source.passwords, explain)?;
        proven = true;
    }
    if !proven && settings.allow_unverified {
        explain.holds(|| "nothing proves the sender; `allow_unverified = true` accepts it".into());
        proven = true;
    }
    if !proven {
        // A start without any proof is refused; this is for whoever takes that check away.
        explain.fails(|| "nothing is configured that proves the sender".into());
        return Err(Reject::new(Reason::CredentialsWrong, "nothing is configured that proves the sender"));
    }
    Ok(Verified::new(inbound, None))
}

#[cfg(test)]
mod tests;
