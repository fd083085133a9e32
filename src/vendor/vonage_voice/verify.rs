//! Vonage Voice's signature: a JWT in `Authorization: Bearer`, with the hash of the body in it.
//!
//! HS256 with the text of the account's signature secret; claim `payload_hash` is the SHA-256 of the body as transmitted,
//! in hex; `api_key` says whose secret it is. The vendor's tokens carry the time they were made (`iat`) and no expiry.
//! <https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks>

use jiff::Timestamp;
use serde::Deserialize;

use super::Settings;
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secrets, equal};
use crate::vendor::jwt::{self, NumericDate, Times, Token};
use crate::vendor::{Explain, Inbound, Verified};

/// The claims that are looked at.
#[derive(Deserialize)]
struct Claims {
    iat: Option<NumericDate>,
    nbf: Option<NumericDate>,
    exp: Option<NumericDate>,
    payload_hash: Option<String>,
    api_key: Option<String>,
    application_id: Option<String>,
}

/// Checks header, signature, account, times and body, in this order.
pub fn verify(
    settings: &Settings,
    secrets: &Secrets,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    let token = Token::parse(bearer(&inbound, explain)?, explain)?;
    let active = secrets.active();
    let keys: Vec<&str> = active.iter().map(|secret| secret.expose()).collect();
    let (claims, place): (Claims, _) = token.open(&keys, explain).inspect_err(|reject| {
        if reject.reason == Reason::SignatureMismatch {
            explain_other_secret(explain);
        }
    })?;
    secrets.proved(place);
    check_account(settings, &claims, explain)?;
    let issued = check_times(settings, &claims, now, explain)?;
    jwt::check_payload_hash(&inbound.body, claims.payload_hash.as_deref(), explain)?;

    let sent_at = Instant::from_unix(issued);
    Ok(Verified::new(inbound, sent_at))
}

fn bearer<'a>(inbound: &'a Inbound, explain: &mut Explain) -> Result<&'a str, Reject> {
    let Some(value) = inbound.header("authorization").filter(|value| !value.is_empty()) else {
        explain.fails(|| {
            "header Authorization is absent, empty or repeated: are signed webhooks on for the application, and does a \
             proxy drop it?"
                .into()
        });
        return Err(Reject::new(Reason::HeaderMissing, "header Authorization is absent, empty or repeated"));
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            explain.holds(|| "header Authorization holds a bearer token".into());
            Ok(token.trim_start_matches(' '))
        }
        _ => {
            explain.fails(|| "header Authorization is not `Bearer` and a token".into());
            Err(Reject::new(Reason::HeaderInvalid, "header Authorization is not `Bearer` and a token"))
        }
    }
}

fn explain_other_secret(explain: &mut Explain) {
    explain.fails(|| {
        "hint: the key is the account's signature secret as text (API settings of the dashboard), not the API secret and \
         not Base64-decoded"
            .into()
    });
}

/// Every account has its own secret, but only the claim tells the applications of one account apart.
fn check_account(settings: &Settings, claims: &Claims, explain: &mut Explain) -> Result<(), Reject> {
    let mut check = |claim: &Option<String>, expected: &str, name: &'static str| {
        if claim.as_ref().is_some_and(|claim| equal(claim.as_bytes(), expected.as_bytes())) {
            explain.holds(|| format!("claim {name} is the `{name}` of this source"));
            return Ok(());
        }
        explain.fails(|| format!("claim {name} is absent or not the `{name}` of this source"));
        Err(Reject::new(Reason::AccountMismatch, format!("claim {name} of the token is not the source's `{name}`")))
    };
    check(&claims.api_key, &settings.api_key, "api_key")?;
    match &settings.application_id {
        Some(expected) => check(&claims.application_id, expected, "application_id"),
        None => Ok(()),
    }
}

/// Checks the token's own times and its age; returns when it was made.
fn check_times(settings: &Settings, claims: &Claims, now: Timestamp, explain: &mut Explain) -> Result<i64, Reject> {
    let Some(NumericDate(issued)) = claims.iat else {
        explain.fails(|| "the token has no `iat`: its age cannot be told".into());
        return Err(Reject::new(Reason::HeaderInvalid, "the token has no `iat`"));
    };
    let times = Times { issued: claims.iat, not_before: claims.nbf, expires: claims.exp };
    times.check(now, settings.leeway_seconds, explain)?;

    let age = now.as_second() - issued;
    let freshness = settings.freshness_seconds;
    if freshness != 0 && age > i64::from(freshness) {
        explain.fails(|| format!("signed {age} s ago, more than `freshness_seconds = {freshness}`"));
        return Err(Reject::new(Reason::Stale, "the token is older than `freshness_seconds`"));
    }
    explain.holds(|| format!("signed {age} s ago, `freshness_seconds = {freshness}`"));
    Ok(issued)
}

#[cfg(test)]
mod tests;
