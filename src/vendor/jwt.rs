//! Signed tokens (JWT) as some vendors put them into a header: HS256 and nothing else.
//!
//! RFC 7515 (form and signature), RFC 7519 (times), RFC 8725 (what to refuse). The algorithm is never taken from the
//! token: another `alg`, `none` included, is refused before anything is computed. No claim is read before the signature
//! holds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::Explain;
use super::hex::{decode_hex, digest_hex};
use crate::reject::{Reason, Reject};
use crate::secret::equal;

/// The header of every token made here.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A token in its right form. Nothing in it is proven.
pub struct Token<'a> {
    /// What the signature covers: header, dot, payload, as sent.
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Names of extensions the reader must understand: there is none.
    crit: Option<serde::de::IgnoredAny>,
}

impl<'a> Token<'a> {
    /// Takes a token apart: three parts of base64url without padding, the first naming HS256.
    pub fn parse(text: &'a str, explain: &mut Explain) -> Result<Self, Reject> {
        let mut refuse = |problem: &'static str| {
            explain.fails(|| problem.to_owned());
            Reject::new(Reason::HeaderInvalid, problem)
        };
        let parts: Vec<&str> = text.splitn(4, '.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(refuse("the token is not three parts with dots between"));
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let (Some(head), Some(payload), Some(signature)) = (decode(header), decode(payload), decode(signature)) else {
            return Err(refuse("a part of the token is not base64url without padding"));
        };
        // serde would take a list for the members in their order.
        let head = Some(head).filter(|head| head.starts_with(b"{")).and_then(|head| serde_json::from_slice(&head).ok());
        let head: Header = head.ok_or_else(|| refuse("the token's header is not a JSON object with one `alg`"))?;
        if head.alg != "HS256" {
            return Err(refuse("the token's `alg` is not HS256: `none` and other algorithms are never accepted"));
        }
        if head.crit.is_some() {
            return Err(refuse("the token's header has `crit`: it asks for an extension nobody here understands"));
        }
        let signed = &text[..text.len() - parts[2].len() - 1];
        explain.holds(|| "the token has three parts and names HS256".into());
        Ok(Self { signed, payload, signature })
    }

    /// Whether `key` gives the signature.
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        equal(&mac(key, self.signed.as_bytes()), &self.signature)
    }

    /// The claims of a token that is signed with one of `keys`, and the place of that key.
    pub fn open<T: DeserializeOwned>(
        &self,
        keys: &[impl AsRef<[u8]>],
        explain: &mut Explain,
    ) -> Result<(T, usize), Reject> {
        for (index, key) in keys.iter().enumerate() {
            if self.is_signed_with(key.as_ref()) {
                explain.holds(|| format!("HMAC-SHA256 with secret {} gives the token's signature", index + 1));
                let claims = serde_json::from_slice(&self.payload).map_err(|_| {
                    let problem = "the token's claims are not JSON of the documented shape";
                    explain.fails(|| problem.to_owned());
                    Reject::new(Reason::HeaderInvalid, problem)
                })?;
                return Ok((claims, index));
            }
            explain.fails(|| format!("HMAC-SHA256 with secret {} gives another signature", index + 1));
        }
        Err(Reject::new(Reason::SignatureMismatch, "no active secret gives the token's signature"))
    }
}

/// Makes a token with these claims (a JSON object).
pub fn sign(claims: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(mac(key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// A claim that is a time: seconds since the Unix epoch, of which fractions are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumericDate(pub i64);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        // Far enough for every clock, and no arithmetic with it can overflow.
        let sensible = |seconds: &f64| (0.0..1e12).contains(seconds);
        let seconds = number.as_f64().filter(sensible).ok_or_else(|| D::Error::custom("not a time in seconds"))?;
        Ok(Self(seconds as i64))
    }
}

/// The times of a token and when they are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// `iat`: when it was made.
    pub issued: Option<NumericDate>,
    /// `nbf`: when it begins to hold.
    pub not_before: Option<NumericDate>,
    /// `exp`: when it ceases to hold; `None` when it has none or the caller goes by its age.
    pub expires: Option<NumericDate>,
}

impl Times {
    /// Whether a token holds `now`, give or take `leeway` seconds between the two clocks.
    pub fn check(&self, now: Timestamp, leeway: u32, explain: &mut Explain) -> Result<(), Reject> {
        let (now, leeway) = (now.as_second(), i64::from(leeway));
        let ahead = |date: Option<NumericDate>| date.map(|NumericDate(at)| at - now).filter(|ahead| *ahead > leeway);
        let mut refuse = |seconds: i64, problem: &'static str| {
            explain.fails(|| format!("{problem} ({seconds} s, {leeway} s are tolerated): compare both clocks"));
            Reject::new(Reason::Stale, problem)
        };
        if let Some(seconds) = ahead(self.issued) {
            return Err(refuse(seconds, "the token's `iat` lies ahead of the clock"));
        }
        if let Some(seconds) = ahead(self.not_before) {
            return Err(refuse(seconds, "the token's `nbf` lies ahead of the clock"));
        }
        if let Some(late) = self.expires.map(|NumericDate(at)| now - at).filter(|late| *late >= leeway) {
            return Err(refuse(late, "the token's `exp` has passed"));
        }
        explain.holds(|| "the token's times hold now".into());
        Ok(())
    }
}

/// Whether `claim` is the SHA-256 of the body as received, in hex: how some vendors tie the body to the token.
pub fn check_payload_hash(body: &[u8], claim: Option<&str>, explain: &mut Explain) -> Result<(), Reject> {
    let Some(sent) = claim.and_then(decode_hex).filter(|sent| sent.len() == 32) else {
        let problem = "the token's `payload_hash` is absent or not 64 hex digits";
        explain.fails(|| problem.to_owned());
        return Err(Reject::new(Reason::HeaderInvalid, problem));
    };
    let matches = |body: &[u8]| equal(Sha256::digest(body).as_slice(), &sent);
    if matches(body) {
        explain.holds(|| format!("SHA-256 of the body ({} bytes) is the token's `payload_hash`", body.len()));
        return Ok(());
    }
    explain.fails(|| format!("SHA-256 of the body ({} bytes) is not the token's `payload_hash`", body.len()));
    if explain.is_on() {
        let cause = body_hint(body, matches);
        explain.fails(|| format!("hint: {cause}"));
    }
    Err(Reject::new(Reason::SignatureMismatch, "`payload_hash` of the token is not the SHA-256 of the body"))
}

/// Looks for the usual ways a body is changed between the vendor and here.
fn body_hint(body: &[u8], matches: impl Fn(&[u8]) -> bool) -> &'static str {
    let compact = serde_json::from_slice::<serde_json::Value>(body).map(|json| json.to_string());
    if matches(body.trim_ascii()) {
        "it fits the body without the blanks around it: something added a line end on the way"
    } else if matches(&[body, b"\n"].concat()) {
        "it fits the body with a line end: something cut it off on the way"
    } else if compact.is_ok_and(|compact| matches(compact.as_bytes())) {
        "it fits the body written without blanks: something reformatted the JSON on the way"
    } else {
        "no usual change of the body explains it: the token belongs to another body"
    }
}

/// The claim `payload_hash` for a body.
pub fn payload_hash(body: &[u8]) -> String {
    digest_hex(body)
}

#[cfg(test)]
mod tests;
