//! The signature of NXCloud's Open API: a plain digest that ends with the secret, over the body as transmitted.
//!
//! `hex(H("accessKey=" + accessKey + "&action=" + action + "&bizType=" + bizType + "&ts=" + ts [+ "&body=" + body] +
//! "&accessSecret=" + secret))`, lower case, with H = MD5 or SHA-256. An empty body is left out with its label.
//! <https://github-wiki-see.page/m/nxtele/nxcloud-doc-en/wiki/API-Interface-Invocation-Convention>
//!
//! `accessKey`, `action` and `bizType` must be the ones expected, so no byte can move from one part into another, and a
//! signed request of another product, or one of our own to the vendor, is no callback.

use jiff::Timestamp;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{CC_CDR, OpenApi, PNS, Settings};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal};
use crate::vendor::hex::encode_hex;
use crate::vendor::nxcloud_callbot::Algorithm;
use crate::vendor::{Explain, Inbound, Kind, Verified, proof};

/// Header of the token that may stand in for the signature of call-centre records.
pub const TOKEN: &str = "token";

/// How a kind of push is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The signature.
    Signature,
    /// The header `token`.
    Token,
    /// The path token or the address, checked before.
    Before,
    /// Nothing, as configured.
    Nobody,
    /// Nothing, and that is not allowed.
    Missing,
}

impl OpenApi {
    /// How pushes of `kind` are proven: by what is configured, never by what the sender chose to send.
    pub fn proof(&self, kind: &Kind) -> Proof {
        let settings = &self.settings;
        if kind.name == CC_CDR && settings.has_cdr_tokens() {
            Proof::Token
        } else if kind.name != PNS && settings.access_key.is_some() {
            Proof::Signature
        } else if self.proven_before {
            Proof::Before
        } else if settings.allow_unverified {
            Proof::Nobody
        } else {
            Proof::Missing
        }
    }
}

/// Checks whatever proves this kind of push.
pub fn verify(source: &OpenApi, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
    let mut sent_at = None;
    match source.proof(inbound.kind) {
        Proof::Signature => sent_at = Some(signed(source, &inbound, now, explain)?),
        Proof::Token => proof::token(&inbound, TOKEN, &source.cdr_tokens, explain)?,
        Proof::Before => explain.holds(|| "the path token and the caller's address were checked before".into()),
        Proof::Nobody => {
            explain.holds(|| "nothing proves the sender; `allow_unverified = true` accepts it".into());
        }
        Proof::Missing => {
            explain.fails(|| {
                "nothing is configured that proves this kind of push: set `path_tokens` or `allowed_addresses`".into()
            });
            return Err(Reject::new(Reason::CredentialsWrong, "nothing is configured that proves this kind of push"));
        }
    }
    Ok(Verified::new(inbound, sent_at.and_then(Instant::from_millis)))
}

/// The parts a signature covers besides the secret.
#[derive(Clone, Copy)]
pub struct Signable<'a> {
    pub access_key: &'a str,
    pub action: &'a str,
    pub biz_type: &'a str,
    pub ts: &'a str,
    pub body: &'a [u8],
}

/// Checks headers, account, signature and age, in this order. Returns the signing time.
fn signed(source: &OpenApi, inbound: &Inbound, now: Timestamp, explain: &mut Explain) -> Result<i64, Reject> {
    let settings = &source.settings;
    let signable = Signable {
        access_key: header(inbound, "accessKey", explain)?,
        action: header(inbound, "action", explain)?,
        biz_type: header(inbound, "bizType", explain)?,
        ts: header(inbound, "ts", explain)?,
        body: &inbound.body,
    };
    let sign = header(inbound, "sign", explain)?;

    let access_key = settings.access_key.as_deref().unwrap_or_default();
    if !equal(signable.access_key.as_bytes(), access_key.as_bytes()) {
        explain.fails(|| "header accessKey is not the `access_key` of this source: another account's push?".into());
        return Err(Reject::new(Reason::AccountMismatch, "header accessKey is not the source's `access_key`"));
    }
    explain.holds(|| "header accessKey is the `access_key` of this source".into());
    let (biz_type, action) = settings.business(inbound.kind);
    expected("bizType", signable.biz_type, biz_type, explain)?;
    expected("action", signable.action, action, explain)?;

    let ts = signing_time(signable.ts, explain)?;
    check_signature(settings.algorithm, &source.secrets, &signable, sign, explain)?;
    check_age(settings, ts, now, explain)?;
    Ok(ts)
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

fn expected(name: &str, sent: &str, due: &str, explain: &mut Explain) -> Result<(), Reject> {
    if sent == due {
        explain.holds(|| format!("header {name} is `{due}`"));
        return Ok(());
    }
    explain.fails(|| format!("header {name} is not `{due}`: is it the push of another kind, sent to this URL?"));
    Err(Reject::new(Reason::HeaderInvalid, format!("header {name} is not the one of this kind")))
}

fn signing_time(text: &str, explain: &mut Explain) -> Result<i64, Reject> {
    // Thirteen digits and nothing else: a sign, blank or fraction would let two texts stand for one time.
    let digits = text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        explain.fails(|| "header ts is not thirteen digits of Unix milliseconds".into());
        Reject::new(Reason::HeaderInvalid, "header ts is not thirteen digits of Unix milliseconds")
    })
}

fn check_signature(
    algorithm: Algorithm,
    secrets: &Secrets,
    signable: &Signable<'_>,
    sign: &str,
    explain: &mut Explain,
) -> Result<(), Reject> {
    let sent = sign.to_ascii_lowercase();
    if sent.len() != algorithm.bytes() * 2 || !sent.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        explain.fails(|| {
            format!(
                "header sign has {} characters, {} hex digits are due for {}: compare `algorithm` with what the vendor uses",
                sent.len(),
                algorithm.bytes() * 2,
                algorithm.name()
            )
        });
        return Err(Reject::new(Reason::HeaderInvalid, "header sign is not hex of the configured algorithm's length"));
    }
    explain.holds(|| {
        let body = if signable.body.is_empty() {
            String::new()
        } else {
            format!("&body=({} bytes)", signable.body.len())
        };
        let Signable { access_key, action, biz_type, ts, .. } = signable;
        format!(
            "string to sign: accessKey={access_key}&action={action}&bizType={biz_type}&ts={ts}{body}&accessSecret=[secret]"
        )
    });
    let active = secrets.active();
    for (index, secret) in active.iter().enumerate() {
        if equal(digest(algorithm, secret, signable).as_bytes(), sent.as_bytes()) {
            explain.holds(|| format!("{} with secret {} gives the signature", algorithm.name(), index + 1));
            secrets.proved(index);
            return Ok(());
        }
        explain.fails(|| format!("{} with secret {} gives another signature", algorithm.name(), index + 1));
    }
    if explain.is_on() {
        hint(algorithm, &active, signable, &sent, explain);
    }
    Err(Reject::new(Reason::SignatureMismatch, "no active secret gives header sign"))
}

fn check_age(settings: &Settings, ts: i64, now: Timestamp, explain: &mut Explain) -> Result<(), Reject> {
    let age = now.as_millisecond() - ts;
    let freshness = i64::from(settings.freshness_seconds) * 1000;
    let ahead = i64::from(settings.ahead_seconds()) * 1000;
    if freshness == 0 {
        explain.holds(|| format!("signed {age} ms ago; `freshness_seconds = 0` accepts any age"));
        return Ok(());
    }
    if (-ahead..=freshness).contains(&age) {
        explain.holds(|| format!("signed {age} ms ago, within -{ahead}..{freshness} ms"));
        return Ok(());
    }
    explain.fails(|| {
        format!("signed {age} ms ago: outside -{ahead}..{freshness} ms; check both clocks or `freshness_seconds`")
    });
    Err(Reject::new(Reason::Stale, "header ts is outside the freshness window"))
}

/// Looks for the usual mistakes: other line ends, a changed or dropped body.
fn hint(algorithm: Algorithm, secrets: &[Secret], signable: &Signable<'_>, sent: &str, explain: &mut Explain) {
    let gives = |body: &[u8]| {
        let changed = Signable { body, ..*signable };
        secrets.iter().any(|secret| equal(digest(algorithm, secret, &changed).as_bytes(), sent.as_bytes()))
    };
    let trimmed = signable.body.trim_ascii();
    let compact = serde_json::from_slice::<serde_json::Value>(signable.body).map(|json| json.to_string());
    let cause = if trimmed != signable.body && gives(trimmed) {
        "the signature fits the body without the blanks around it: something added a line end on the way"
    } else if gives(&[signable.body, b"\n"].concat()) {
        "the signature fits the body with a line end: something cut it off on the way"
    } else if compact.is_ok_and(|compact| gives(compact.as_bytes())) {
        "the signature fits the body written without blanks: something reformatted the JSON on the way"
    } else if gives(b"") {
        "the signature fits an empty body: the vendor signed the headers alone"
    } else {
        "no usual change of the body explains it: the secret is another one, or body or headers were altered"
    };
    explain.fails(|| format!("hint: {cause}"));
}

/// The signature with one secret: hex, lower case.
pub fn digest(algorithm: Algorithm, secret: &Secret, signable: &Signable<'_>) -> String {
    match algorithm {
        Algorithm::Md5 => digest_with::<Md5>(secret, signable),
        Algorithm::Sha256 => digest_with::<Sha256>(secret, signable),
    }
}

fn digest_with<D: Digest>(secret: &Secret, signable: &Signable<'_>) -> String {
    let mut hash = D::new()
        .chain_update("accessKey=")
        .chain_update(signable.access_key)
        .chain_update("&action=")
        .chain_update(signable.action)
        .chain_update("&bizType=")
        .chain_update(signable.biz_type)
        .chain_update("&ts=")
        .chain_update(signable.ts);
    if !signable.body.is_empty() {
        hash.update("&body=");
        hash.update(signable.body);
    }
    let digest = hash.chain_update("&accessSecret=").chain_update(secret.expose()).finalize();
    encode_hex(&digest)
}

#[cfg(test)]
mod tests;
