//! Vonage Contact Center's signature: a JWT in `Vonage-Signature`, with the hash of the body in it.
//!
//! HS256 with the Base64-decoded signing key of the webhook subscription; claim `payload_hash` is the plain SHA-256 of
//! the body as transmitted, in hex; `exp` is five minutes after the token was made. This follows the vendor's running
//! code: its text speaks of an HMAC of the body and of the encoded key.
//! <https://github.com/newvoicemedia/vcc-node-code-snippets>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Settings;
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets};
use crate::vendor::jwt::{self, NumericDate, Times, Token};
use crate::vendor::{Explain, Inbound, Verified};

/// The header that holds the token.
pub const HEADER: &str = "vonage-signature";

/// How long the vendor's tokens hold, seconds.
pub const LIFE: u32 = 300;

/// The claims that are looked at; the vendor lists no others.
#[derive(Deserialize)]
struct Claims {
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    exp: Option<NumericDate>,
    payload_hash: Option<String>,
}

/// Checks header, signature, times and body, in this order.
pub fn verify(
    settings: &Settings,
    secrets: &Secrets,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    let token = Token::parse(header(&inbound, explain)?, explain)?;
    let active = secrets.active();
    // A key that is no Base64 (after a careless change of its file) signs nothing.
    let usable = active.iter().enumerate().filter_map(|(place, secret)| Some((place, key(secret)?)));
    let (places, keys): (Vec<_>, Vec<_>) = usable.unzip();
    if keys.len() < active.len() {
        explain.fails(|| format!("{} of {} signing keys are not Base64", active.len() - keys.len(), active.len()));
    }
    let (claims, index): (Claims, _) = token.open(&keys, explain).inspect_err(|_| {
        if explain.is_on() && fits_text(&token, &active) {
            explain.fails(|| {
                "hint: the signature fits the key's Base64 text: the vendor signs with the decoded key".into()
            });
        }
    })?;
    secrets.proved(places[index]);
    let issued = check_times(settings, &claims, now, explain)?;
    jwt::check_payload_hash(&inbound.body, claims.payload_hash.as_deref(), explain)?;

    let sent_at = Instant::from_unix(issued);
    Ok(Verified::new(inbound, sent_at))
}

/// The signing key itself, of its Base64 text.
pub fn key(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(secret.expose()).ok().filter(|key| !key.is_empty()).map(Zeroizing::new)
}

fn header<'a>(inbound: &'a Inbound, explain: &mut Explain) -> Result<&'a str, Reject> {
    match inbound.header(HEADER) {
        // Until October 2024 the vendor wrote `Bearer ` in front.
        Some(value) if !value.is_empty() => {
            explain.holds(|| "header Vonage-Signature is present".into());
            Ok(value.strip_prefix("Bearer ").unwrap_or(value))
        }
        _ => {
            explain.fails(|| "header Vonage-Signature is absent, empty or repeated: does a proxy drop it?".into());
            Err(Reject::new(Reason::HeaderMissing, "header Vonage-Signature is absent, empty or repeated"))
        }
    }
}

fn fits_text(token: &Token<'_>, active: &[Secret]) -> bool {
    active.iter().any(|secret| token.is_signed_with(secret.expose().as_bytes()))
}

/// Checks the token's own times and its age; returns when it was made.
fn check_times(settings: &Settings, claims: &Claims, now: Timestamp, explain: &mut Explain) -> Result<i64, Reject> {
    let Some(NumericDate(expires)) = claims.exp else {
        explain.fails(|| "the token has no `exp`: the vendor's tokens expire after five minutes".into());
        return Err(Reject::new(Reason::HeaderInvalid, "the token has no `exp`"));
    };
    let issued = claims.iat.map_or(expires - i64::from(LIFE), |NumericDate(at)| at);
    // Whoever widens the freshness means tokens that repetitions keep, expired as they are.
    let by_age = settings.freshness_seconds == 0 || settings.freshness_seconds > LIFE;
    let expires = claims.exp.filter(|_| !by_age);
    let times = Times { issued: Some(NumericDate(issued)), not_before: claims.nbf, expires };
    times.check(now, settings.leeway_seconds, explain)?;

    let age = now.as_second() - issued;
    let freshness = settings.freshness_seconds;
    if freshness != 0 && age > i64::from(freshness) + i64::from(settings.leeway_seconds) {
        explain.fails(|| format!("signed {age} s ago, more than `freshness_seconds = {freshness}`"));
        return Err(Reject::new(Reason::Stale, "the token is older than `freshness_seconds`"));
    }
    explain.holds(|| format!("signed {age} s ago, `freshness_seconds = {freshness}`"));
    Ok(issued)
}

#[cfg(test)]
mod tests;
