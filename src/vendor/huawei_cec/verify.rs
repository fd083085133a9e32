//! Huawei CEC's signature, which stands inside the body it covers.
//!
//! `Base64(HMAC-SHA256(key, key + "_" + timestamp + "_" + nonce + "_" + fields))`, where `fields` are all others as
//! `name=value`, sorted by name and joined by commas, without blanks.
//! <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2804.html>
//! <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1317.html>
//!
//! Nothing is escaped, so a signed text can be read as other fields than the vendor meant, and blanks are not covered at
//! all. [`check_unambiguous`] refuses the first, `wire.rs` drops the second. The text starts with the key, and the
//! comparison covers the kind only by what the body holds: `normalise.rs` checks that it is the URL's kind.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::flat::{Field, Flat, is_name};
use super::{DUAL_RELEASE, Proof, VN_RELEASE};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal};
use crate::vendor::{Explain, Inbound, Unsigned, Verified};

/// How far a signing time may lie ahead of our clock, seconds: the vendor's own samples show clocks minutes apart.
const AHEAD: i64 = 900;

const TIMESTAMP: &str = "timestamp";
const NONCE: &str = "nonce";
const SIGNATURE: &str = "signature";

/// Documented fields that never hold a comma, a name and `=`. `callData` can, but only with `callSerialNo` right behind
/// it in the signed text: a delivery in which it swallowed that is not understood.
const PLAIN: &[&str] = &[
    "agentAlertingTime",
    "agentReleaseTime",
    "agentTalkDuration",
    "agentTalkingTime",
    "alertingTime",
    "callSerialNo",
    "called",
    "caller",
    "callerPresent",
    "createCallTime",
    "locationId",
    "recordfile",
    "releaseReason",
    "releaseTime",
    "serviceNo",
    "talkDuration",
    "talkingTime",
];

/// Whether the vendor signs this kind, given a key and a URL that was set through the API.
pub fn is_signed(kind: &str) -> bool {
    matches!(kind, VN_RELEASE | DUAL_RELEASE)
}

/// Checks the signature of the kinds that have one, and that there is another proof for the others.
pub fn verify(
    proof: &Proof,
    freshness: u32,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    if !proof.has_key || !is_signed(inbound.kind.name) {
        return unsigned(proof, inbound, explain);
    }
    let flat = read(&inbound, explain)?;
    let signable =
        Signable { timestamp: part(&flat, TIMESTAMP, explain)?, nonce: part(&flat, NONCE, explain)?, flat: &flat };
    let created = signing_time(signable.timestamp, explain)?;
    check_signature(&proof.secrets, &signable, part(&flat, SIGNATURE, explain)?, explain)?;
    check_unambiguous(&signable, explain)?;
    check_age(freshness, created, now, explain)?;
    Ok(Verified::new(inbound, Some(created)))
}

/// A delivery without a signature: whoever knows the URL's token or calls from an allowed address, which is checked
/// before.
fn unsigned(proof: &Proof, inbound: Inbound, explain: &mut Explain) -> Result<Verified, Reject> {
    if proof.other {
        explain.holds(|| "not signed: `path_tokens` or `allowed_addresses` of this source stand for the sender".into());
    } else if proof.allow_unverified {
        explain.holds(|| "not signed and not proven: `allow_unverified = true` accepts it".into());
    } else {
        explain.fails(|| {
            "the vendor never signs this kind: set `path_token_files` or `allowed_addresses`, or spell out \
             `allow_unverified = true`"
                .into()
        });
        let detail = "the vendor never signs this kind, and the source has neither path tokens nor allowed addresses";
        return Err(Reject::new(Reason::PathTokenWrong, detail));
    }
    Ok(Verified::new(inbound, None))
}

/// What a signature covers besides the key.
pub struct Signable<'a> {
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub flat: &'a Flat<'a>,
}

fn read<'a>(inbound: &'a Inbound, explain: &mut Explain) -> Result<Flat<'a>, Reject> {
    let flat = Flat::read(&inbound.body, inbound.kind.name == DUAL_RELEASE);
    match &flat {
        Some(flat) => explain.holds(|| format!("the body holds {} fields", flat.fields.len())),
        None => explain.fails(|| {
            "the body is not a JSON object, is cut, or has a name twice: the signature is made of its fields".into()
        }),
    }
    let detail = "the body is not a whole JSON object without repeated names, which the signature is made of";
    flat.ok_or_else(|| Reject::new(Reason::SignatureMismatch, detail))
}

/// One of the three fields that carry the signature.
fn part<'a>(flat: &'a Flat<'_>, name: &'static str, explain: &mut Explain) -> Result<&'a str, Reject> {
    match flat.fields.get(name) {
        Some(field @ (Field::Text(_) | Field::Other(_))) if !field.signed().is_empty() => {
            explain.holds(|| format!("field {name} is present"));
            Ok(field.signed())
        }
        _ => {
            explain.fails(|| {
                format!(
                    "field {name} is absent or empty: the vendor signs only where the callback URL was given through \
                     its API; use a source without key for a URL set in its console"
                )
            });
            Err(Reject::new(Reason::HeaderMissing, format!("body field {name} is absent or empty")))
        }
    }
}

fn signing_time(text: &str, explain: &mut Explain) -> Result<Instant, Reject> {
    // Seconds or milliseconds; a sign, blank or fraction would let two texts stand for one time.
    let digits = matches!(text.len(), 10 | 13) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).and_then(Instant::from_unix).ok_or_else(|| {
        explain.fails(|| "field timestamp is not 13 digits of Unix milliseconds".into());
        Reject::new(Reason::HeaderInvalid, "body field timestamp is not 13 digits of Unix milliseconds")
    })
}

fn check_signature(
    secrets: &Secrets,
    signable: &Signable<'_>,
    signature: &str,
    explain: &mut Explain,
) -> Result<(), Reject> {
    let Some(sent) = BASE64_STANDARD.decode(signature).ok().filter(|sent| sent.len() == 32) else {
        explain.fails(|| format!("field signature has {} characters, 44 of Base64 are due", signature.len()));
        return Err(Reject::new(Reason::HeaderInvalid, "body field signature is not Base64 of 32 bytes"));
    };
    let fields = joined(signable.flat, Rule::VENDOR);
    explain.holds(|| {
        let (timestamp, nonce) = (signable.timestamp, signable.nonce);
        format!("string to sign: [secret]_{timestamp}_{nonce}_({} bytes of sorted fields without blanks)", fields.len())
    });
    let active = secrets.active();
    for (index, secret) in active.iter().enumerate() {
        if equal(&digest(secret.expose(), signable, &fields), &sent) {
            explain.holds(|| format!("HMAC-SHA256 with key {} gives the signature", index + 1));
            secrets.proved(index);
            return Ok(());
        }
        explain.fails(|| format!("HMAC-SHA256 with key {} gives another signature", index + 1));
    }
    if explain.is_on() {
        hint(&active, signable, &sent, explain);
    }
    Err(Reject::new(Reason::SignatureMismatch, "no active key gives body field signature"))
}

/// Refuses a body whose signed text could also stand for other fields: somebody who saw a signed body could else hide a
/// field in the value before it, or in the nonce.
fn check_unambiguous(signable: &Signable<'_>, explain: &mut Explain) -> Result<(), Reject> {
    let holds_field = |text: &str| {
        let text = text.replace(' ', "");
        text.split(',').skip(1).any(|piece| piece.split_once('=').is_some_and(|(name, _)| is_name(name)))
    };
    let plain_nonce = !signable.nonce.contains([' ', ',', '=']) && signable.nonce.len() <= 128;
    let clear = |(name, field): (&Cow<'_, str>, &Field<'_>)| {
        let plain = PLAIN.contains(&name.as_ref());
        !(name.contains([' ', ',', '=']) || plain && holds_field(field.signed()))
    };
    if plain_nonce && signable.flat.fields.iter().all(clear) {
        explain.holds(|| "the signed text has only one reading".into());
        return Ok(());
    }
    explain.fails(|| "a field or the nonce holds what looks like another field: was the body rearranged?".into());
    Err(Reject::new(Reason::SignatureMismatch, "a field holds what looks like another field"))
}

fn check_age(freshness: u32, created: Instant, now: Timestamp, explain: &mut Explain) -> Result<(), Reject> {
    let age = now.as_second() - created.as_millis().div_euclid(1000);
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
    Err(Reject::new(Reason::Stale, "body field timestamp is outside the freshness window"))
}

/// How fields become the signed text. All but [`Rule::VENDOR`] are mistakes, tried for hints.
#[derive(Clone, Copy)]
pub struct Rule {
    pub keep_blanks: bool,
    pub keep_nulls: bool,
}

impl Rule {
    /// What the vendor does.
    pub const VENDOR: Self = Self { keep_blanks: false, keep_nulls: true };
}

/// All fields but the three of the signature as `name=value`, sorted as Java sorts texts: by UTF-16 code units.
pub fn joined(flat: &Flat<'_>, rule: Rule) -> String {
    let covered = |(name, field): &(&Cow<'_, str>, &Field<'_>)| {
        ![TIMESTAMP, NONCE, SIGNATURE].contains(&name.as_ref()) && (rule.keep_nulls || **field != Field::Null)
    };
    let mut fields: Vec<_> = flat.fields.iter().filter(covered).collect();
    fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    let mut text = String::with_capacity(512);
    for (name, field) in fields {
        let comma = if text.is_empty() { "" } else { "," };
        text.extend([comma, name, "=", field.signed()]);
    }
    if !rule.keep_blanks {
        text.retain(|c| c != ' ');
    }
    text
}

/// The signature with one key.
pub fn digest(key: &str, signable: &Signable<'_>, fields: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    for part in [key, "_", signable.timestamp, "_", signable.nonce, "_", fields] {
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

/// Looks for the usual mistakes: blanks around the key, a body that was written again on the way.
fn hint(secrets: &[Secret], signable: &Signable<'_>, sent: &[u8], explain: &mut Explain) {
    let gives = |rule: Rule| {
        let fields = joined(signable.flat, rule);
        secrets.iter().any(|secret| equal(&digest(secret.expose(), signable, &fields), sent))
    };
    let fields = joined(signable.flat, Rule::VENDOR);
    let trimmed = |secret: &Secret| equal(&digest(secret.expose().trim(), signable, &fields), sent);
    let cause = if secrets.iter().any(trimmed) {
        "the signature fits the key without the blanks around it"
    } else if gives(Rule { keep_blanks: true, ..Rule::VENDOR }) {
        "the signature fits the fields with their blanks: whoever signs does not follow the vendor's code"
    } else if gives(Rule { keep_nulls: false, ..Rule::VENDOR }) {
        "the signature fits the fields without those that are null: something added them on the way"
    } else {
        "no usual change explains it: the key is another one, or a field was added, lost or altered on the way"
    };
    explain.fails(|| format!("hint: {cause}"));
}

/// The body of `request` with its signature. A body that has no fields cannot carry one and stays as it is.
pub fn sign(key: &Secret, request: &Unsigned<'_>) -> String {
    let Some(mut flat) = Flat::read(request.body.as_bytes(), request.kind.name == DUAL_RELEASE) else {
        return request.body.to_owned();
    };
    for name in [TIMESTAMP, NONCE, SIGNATURE] {
        flat.fields.shift_remove(name);
    }
    let timestamp = request.now.as_millisecond().to_string();
    let signable = Signable { timestamp: &timestamp, nonce: request.nonce, flat: &flat };
    let signature = BASE64_STANDARD.encode(digest(key.expose(), &signable, &joined(&flat, Rule::VENDOR)));
    let parts = [(TIMESTAMP, timestamp), (NONCE, request.nonce.to_owned()), (SIGNATURE, signature)];
    flat.fields.extend(parts.map(|(name, value)| (name.into(), Field::Text(value.into()))));
    flat.write()
}

#[cfg(test)]
mod tests;
