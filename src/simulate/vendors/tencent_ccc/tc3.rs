//! The signature of API requests, TC3-HMAC-SHA256: <https://cloud.tencent.com/document/api/213/30654>.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{SECRET_ID, SECRET_KEY, Wrong};
use crate::simulate::api::Request;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const SERVICE: &str = "ccc";

/// How far the clocks may be apart, seconds: <https://www.tencentcloud.com/document/api/1229/59801>.
const SKEW: i64 = 300;

/// What is signed of a request. The address is always `/`.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// The query as sent; empty for a POST.
    pub(super) query: &'a str,
    /// The signed headers, sorted by their names.
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: &'a [u8],
}

impl Signed<'_> {
    fn canonical(&self) -> String {
        let lower = |text: &str| text.trim().to_lowercase();
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{}:{}\n", lower(name), lower(value))).collect();
        let names: Vec<_> = self.headers.iter().map(|(name, _)| lower(name)).collect();
        let body = hex(&Sha256::digest(self.body));
        format!("{}\n/\n{}\n{headers}\n{}\n{body}", self.method, self.query, names.join(";"))
    }

    /// The signature; `None` when there is no such time.
    pub(super) fn signature(&self, key: &str, timestamp: i64) -> Option<String> {
        let date = date(timestamp)?;
        let text = format!(
            "{ALGORITHM}\n{timestamp}\n{date}/{SERVICE}/tc3_request\n{}",
            hex(&Sha256::digest(self.canonical()))
        );
        let key = hmac(format!("TC3{key}").as_bytes(), &date);
        let key = hmac(&hmac(&key, SERVICE), "tc3_request");
        Some(hex(&hmac(&key, &text)))
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The day in UTC.
fn date(timestamp: i64) -> Option<String> {
    Some(Timestamp::from_second(timestamp).ok()?.strftime("%Y-%m-%d").to_string())
}

/// Whether a request is signed, by us and now.
pub(super) fn check(request: &Request) -> Result<(), Wrong> {
    let invalid = |what| Wrong::new(what, "AuthFailure.InvalidAuthorization");
    let failed = |what| Wrong::new(what, "AuthFailure.SignatureFailure");
    let authorization = request.header("authorization").ok_or(invalid("no Authorization"))?;
    let parts = authorization.strip_prefix(ALGORITHM).and_then(|rest| rest.strip_prefix(' '));
    let parts: Vec<_> = parts.unwrap_or_default().split(',').map(str::trim).collect();
    let [credential, names, signature] = parts[..] else {
        return Err(invalid("Authorization is not algorithm, credential, signed headers and signature"));
    };
    let values = (
        credential.strip_prefix("Credential="),
        names.strip_prefix("SignedHeaders="),
        signature.strip_prefix("Signature="),
    );
    let (Some(credential), Some(names), Some(signature)) = values else {
        return Err(invalid("a part of Authorization has another name"));
    };
    let timestamp = request.header("x-tc-timestamp").and_then(|text| text.parse::<i64>().ok());
    let timestamp = timestamp.ok_or(Wrong::new("X-TC-Timestamp is no number of seconds", "MissingParameter"))?;
    if request.now.as_second().saturating_sub(timestamp).saturating_abs() > SKEW {
        return Err(Wrong::new("X-TC-Timestamp is more than 5 minutes off", "AuthFailure.SignatureExpire"));
    }
    let (id, scope) = credential.split_once('/').unwrap_or_default();
    if id != SECRET_ID {
        return Err(Wrong::new("the secret id is another one", "AuthFailure.SecretIdNotFound"));
    }
    if date(timestamp).is_none_or(|date| scope != format!("{date}/{SERVICE}/tc3_request")) {
        return Err(failed("the scope is not that of the day (UTC) and the service"));
    }
    if request.media_type() != "application/json" {
        return Err(failed("the content type is not JSON"));
    }
    let names: Vec<_> = names.split(';').collect();
    if !names.is_sorted() || !["content-type", "host"].iter().all(|name| names.contains(name)) {
        return Err(failed("the signed headers are not sorted, or content-type or host is not among them"));
    }
    let headers: Option<Vec<_>> = names.iter().map(|name| Some((*name, request.header(name)?))).collect();
    let headers = headers.ok_or(failed("a signed header is not there, or twice"))?;
    let signed = Signed { method: request.method.as_str(), query: &request.query, headers, body: &request.body };
    match signed.signature(SECRET_KEY, timestamp) {
        Some(expected) if expected == signature => Ok(()),
        _ => Err(failed("the signature is wrong")),
    }
}

#[cfg(test)]
mod tests;
