//! NXCloud Callbot's signature: a plain digest that starts with the secret, over the body as transmitted.
//!
//! `UPPER(hex(H(secret + "&body=" + body + "&createTs=" + createTs + "&requestID=" + requestID + "&uuid=" + uuid)))`
//! with H = MD5 or SHA-256 as set in the vendor's console.
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-authorization>
//!
//! `uuid` stands last and must be the configured one, which also stops length extension of the digest.

use jiff::Timestamp;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{Algorithm, Settings};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal};
use crate::vendor::hex::{decode_hex, encode_hex};
use crate::vendor::{Explain, Inbound, Verified};

/// How far a signing time may lie ahead of our clock, seconds.
const AHEAD: i64 = 300;

/// The parts a signature covers besides the secret.
pub struct Signable<'a> {
    pub body: &'a [u8],
    pub created: &'a str,
    pub request_id: &'a str,
    pub uuid: &'a str,
}

/// Checks headers, account, signature and age, in this order.
pub fn verify(
    settings: &Settings,
    secrets: &Secrets,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    let signable = Signable {
        body: &inbound.body,
        created: header(&inbound, "createTs", explain)?,
        request_id: header(&inbound, "requestID", explain)?,
        uuid: header(&inbound, "uuid", explain)?,
    };
    let sign = header(&inbound, "sign", explain)?;

    if !equal(signable.uuid.as_bytes(), settings.uuid.as_bytes()) {
        explain.fails(|| "header uuid is not the `uuid` of this source: is it another account's callback?".into());
        return Err(Reject::new(Reason::AccountMismatch, "header uuid is not the source's `uuid`"));
    }
    explain.holds(|| "header uuid is the `uuid` of this source".into());

    let created = signing_time(signable.created, explain)?;
    check_signature(settings.algorithm, secrets, &signable, sign, explain)?;
    check_age(settings.freshness_seconds, created, now, explain)?;

    let sent_at = Instant::from_unix(created);
    Ok(Verified::new(inbound, sent_at))
}

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

fn signing_time(text: &str, explain: &mut Explain) -> Result<i64, Reject> {
    // Ten digits and nothing else: a sign, blank or fraction would let two texts stand for one time.
    let digits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        explain.fails(|| "header createTs is not ten digits of Unix seconds".into());
        Reject::new(Reason::HeaderInvalid, "header createTs is not ten digits of Unix seconds")
    })
}

/// Whether `sign` is the digest of `signable` with one of the active secrets.
pub fn check_signature(
    algorithm: Algorithm,
    secrets: &Secrets,
    signable: &Signable<'_>,
    sign: &str,
    explain: &mut Explain,
) -> Result<(), Reject> {
    let Some(sent) = decode_hex(sign).filter(|sent| sent.len() == algorithm.bytes()) else {
        explain.fails(|| {
            format!(
                "header sign has {} characters, {} hex digits are due for {}: compare `algorithm` with the vendor's console",
                sign.len(),
                algorithm.bytes() * 2,
                algorithm.name()
            )
        });
        return Err(Reject::new(Reason::HeaderInvalid, "header sign is not hex of the configured algorithm's length"));
    };
    explain.holds(|| {
        format!(
            "string to sign: [secret]&body=({} bytes)&createTs={}&requestID={}&uuid={}",
            signable.body.len(),
            signable.created,
            signable.request_id,
            signable.uuid
        )
    });
    let active = secrets.active();
    for (index, secret) in active.iter().enumerate() {
        if equal(&digest(algorithm, secret, signable), &sent) {
            explain.holds(|| format!("{} with secret {} gives the signature", algorithm.name(), index + 1));
            secrets.proved(index);
            return Ok(());
        }
        explain.fails(|| format!("{} with secret {} gives another signature", algorithm.name(), index + 1));
    }
    if explain.is_on() {
        hint(algorithm, &active, signable, sign, explain);
    }
    Err(Reject::new(Reason::SignatureMismatch, "no active secret gives header sign"))
}

fn check_age(freshness: u32, created: i64, now: Timestamp, explain: &mut Explain) -> Result<(), Reject> {
    let age = now.as_second() - created;
    if freshness == 0 {
        explain.holds(|| format!("signed {age} s ago; `freshness_seconds = 0` accepts any age"));
        return Ok(());
    }
    if (-AHEAD..=i64::from(freshness)).contains(&age) {
        explain.holds(|| format!("signed {age} s ago, within `freshness_seconds = {freshness}`"));
        return Ok(());
    }
    explain.fails(|| {
        format!("signed {age} s ago: outside -{AHEAD}..{freshness} s; check both clocks or `freshness_seconds`")
    });
    Err(Reject::new(Reason::Stale, "header createTs is outside the freshness window"))
}

/// Looks for the usual mistakes: other algorithm, other line ends, a changed body.
fn hint(algorithm: Algorithm, secrets: &[Secret], signable: &Signable<'_>, sign: &str, explain: &mut Explain) {
    let gives = |algorithm: Algorithm, body: &[u8]| {
        let changed = Signable { body, ..*signable };
        secrets
            .iter()
            .any(|secret| decode_hex(sign).is_some_and(|sent| equal(&digest(algorithm, secret, &changed), &sent)))
    };
    let trimmed = signable.body.trim_ascii();
    let compact = without_blanks(signable.body);
    let with_newline = [signable.body, b"\n"].concat();
    let cause = if trimmed != signable.body && gives(algorithm, trimmed) {
        "the signature fits the body without the blanks around it: something added a line end on the way"
    } else if gives(algorithm, &with_newline) {
        "the signature fits the body with a line end: something cut it off on the way"
    } else if gives(algorithm, &compact) {
        "the signature fits the body written without blanks: something reformatted the JSON on the way"
    } else {
        "no usual change of the body explains it: the secret is another one, or body or headers were altered"
    };
    explain.fails(|| format!("hint: {cause}"));
}

/// JSON without the blanks between its tokens. Not read and written again: that would also change the order of the
/// members and the form of numbers and texts.
fn without_blanks(json: &[u8]) -> Vec<u8> {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |byte: &u8| {
        let keep = in_text || !byte.is_ascii_whitespace();
        in_text ^= *byte == b'"' && !escaped;
        escaped = in_text && *byte == b'\\' && !escaped;
        keep
    };
    json.iter().copied().filter(keep).collect()
}

/// The headers of a request with this body, signed with the first active secret; `None` when there is none.
pub fn sign(
    settings: &Settings,
    secrets: &Secrets,
    body: &str,
    request_id: &str,
    now: Timestamp,
) -> Option<Vec<(&'static str, String)>> {
    let created = now.as_second().to_string();
    let signable = Signable { body: body.as_bytes(), created: &created, request_id, uuid: &settings.uuid };
    let digest = digest(settings.algorithm, secrets.active().first()?, &signable);
    let sign = encode_hex(&digest).to_ascii_uppercase();
    Some(vec![
        ("content-type", "application/json".to_owned()),
        ("requestID", request_id.to_owned()),
        ("uuid", settings.uuid.clone()),
        ("createTs", created),
        ("sign", sign),
    ])
}

/// The digest with one secret.
pub fn digest(algorithm: Algorithm, secret: &Secret, signable: &Signable<'_>) -> Vec<u8> {
    match algorithm {
        Algorithm::Md5 => digest_with::<Md5>(secret, signable),
        Algorithm::Sha256 => digest_with::<Sha256>(secret, signable),
    }
}

fn digest_with<D: Digest>(secret: &Secret, signable: &Signable<'_>) -> Vec<u8> {
    D::new()
        .chain_update(secret.expose())
        .chain_update("&body=")
        .chain_update(signable.body)
        .chain_update("&createTs=")
        .chain_update(signable.created)
        .chain_update("&requestID=")
        .chain_update(signable.request_id)
        .chain_update("&uuid=")
        .chain_update(signable.uuid)
        .finalize()
        .to_vec()
}

#[cfg(test)]
mod tests;
