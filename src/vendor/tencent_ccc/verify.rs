//! Who sends a push: the vendor signs nothing, it shows a credential in the `Authorization` header.
//!
//! The console offers none, Basic, and OAuth 2.0 client credentials, where the vendor first fetches a token from
//! trunkline's token endpoint. A source with credentials accepts Basic and tokens made with any of them; a source
//! without is open to whoever knows its path token.
//! <https://www.tencentcloud.com/document/product/1229/59640>

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::token::{self, Fault, GRACE};
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal, matching, shown};
use crate::vendor::{Explain, Inbound, Verified};

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Checks the `Authorization` header.
pub fn verify(
    credentials: Option<&Secrets>,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    let Some(credentials) = credentials else {
        explain.holds(|| "the source has no `credentials`: the path token alone proves the sender".into());
        return Ok(Verified::new(inbound, None));
    };
    let header = authorization(&inbound, explain)?;
    let active = credentials.active();
    let place = match scheme(header) {
        Some(("basic", encoded)) => check_basic(&active, encoded, explain)?,
        Some(("bearer", token)) => check_token(&active, token, now, explain)?,
        _ => {
            explain.fails(|| "header Authorization is neither `Basic` nor `Bearer`: check the console".into());
            return Err(Reject::new(Reason::HeaderInvalid, "header Authorization is neither Basic nor Bearer"));
        }
    };
    credentials.proved(place);
    Ok(Verified::new(inbound, None))
}

fn authorization<'a>(inbound: &'a Inbound, explain: &mut Explain) -> Result<&'a str, Reject> {
    match inbound.header("authorization") {
        Some(header) if !header.trim().is_empty() => {
            explain.holds(|| "header Authorization is present".into());
            Ok(header)
        }
        _ => {
            explain.fails(|| {
                "header Authorization is absent, empty, repeated or not text: is the console set to no \
                 authentication, or does a proxy drop it?"
                    .into()
            });
            Err(Reject::new(Reason::HeaderMissing, "header Authorization is absent, empty or repeated"))
        }
    }
}

/// Scheme and the rest of an `Authorization` header. Schemes are the same in any case.
fn scheme(header: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let known = ["basic", "bearer"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, rest.trim()))
}

/// `user:password` of a Basic header.
pub fn basic(header: &str) -> Option<Zeroizing<Vec<u8>>> {
    match scheme(header)? {
        ("basic", encoded) => BASE64.decode(encoded).ok().map(Zeroizing::new),
        _ => None,
    }
}

/// A Basic header.
pub fn basic_header(credential: &Secret) -> String {
    format!("Basic {}", BASE64.encode(credential.expose()))
}

fn check_basic(credentials: &[Secret], encoded: &str, explain: &mut Explain) -> Result<usize, Reject> {
    let Some(sent) = BASE64.decode(encoded).ok().map(Zeroizing::new) else {
        explain.fails(|| "header Authorization is Basic, but what follows is not base64".into());
        return Err(Reject::new(Reason::HeaderInvalid, "header Authorization is Basic without base64"));
    };
    if let Some(place) = matching(credentials, |credential| shown(credential.expose().as_bytes(), &sent)) {
        explain.holds(|| format!("user and password are those of credential {}", place + 1));
        return Ok(place);
    }
    explain.fails(|| format!("user and password are those of none of {} credentials", credentials.len()));
    if explain.is_on() {
        hint(credentials, &sent, explain);
    }
    Err(Reject::new(Reason::CredentialsWrong, "no active credential has this user and password"))
}

/// Looks for the usual mistakes: another password, a line end copied along.
fn hint(credentials: &[Secret], sent: &[u8], explain: &mut Explain) {
    let any = |fits: &dyn Fn(&[u8]) -> bool| credentials.iter().any(|known| fits(known.expose().as_bytes()));
    fn user(text: &[u8]) -> &[u8] {
        text.split(|byte| *byte == b':').next().unwrap_or_default()
    }
    let cause = if !sent.contains(&b':') {
        "there is no colon between user and password"
    } else if any(&|known| equal(known, sent.trim_ascii())) {
        "it fits without the blanks around it: a blank or line end was copied into the console"
    } else if any(&|known| equal(user(known), user(sent))) {
        "the user is known, the password is another one: was it changed on one side only?"
    } else {
        "the user is not known: is it another source's, or are client id and client secret set for OAuth 2.0?"
    };
    explain.fails(|| format!("hint: {cause}"));
}

fn check_token(credentials: &[Secret], token: &str, now: Timestamp, explain: &mut Explain) -> Result<usize, Reject> {
    match token::open(credentials, token, now) {
        Ok(place) => {
            explain.holds(|| format!("the access token was made with credential {} and is valid", place + 1));
            Ok(place)
        }
        Err(Fault::Form) => {
            explain.fails(|| "the access token is none of trunkline's: is the token URL in the console ours?".into());
            Err(Reject::new(Reason::HeaderInvalid, "header Authorization holds no access token of trunkline"))
        }
        Err(Fault::Proof) => {
            explain.fails(|| {
                "the access token was made with no active credential: was the credential removed, is it another \
                 source's, or was the token altered?"
                    .into()
            });
            Err(Reject::new(Reason::CredentialsWrong, "no active credential made this access token"))
        }
        Err(Fault::Expired(seconds)) => {
            explain.fails(|| {
                format!(
                    "the access token ran out {seconds} s ago, more than {GRACE} s: the vendor should fetch another"
                )
            });
            Err(Reject::new(Reason::Stale, "the access token has run out"))
        }
    }
}

#[cfg(test)]
mod tests;
