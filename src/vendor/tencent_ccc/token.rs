//! Access tokens for the vendor's OAuth 2.0 mode: the receiver of the pushes offers the token endpoint.
//!
//! The vendor documents that it asks a token URL with client id and client secret, not how. This follows the client
//! credentials grant of RFC 6749, section 4.4, and takes the client from the Basic header, a form or a JSON object.
//!
//! A token holds its own proof: expiry (8 bytes, Unix seconds, big endian), nonce, and HMAC-SHA256 over both with a key
//! derived from the client's credential, all as base64url. Any replica accepts what another one gave, nothing is kept,
//! and a credential that is taken out of the configuration takes its tokens with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::form;
use super::verify::basic;
use crate::secret::{Secret, equal, matching, shown};
use crate::vendor::lenient::{self, text};
use crate::vendor::{Reply, TokenRequest};

const EXPIRY: usize = 8;
const PROOF: usize = 32;
const PURPOSE: &[u8] = b"trunkline tencent-ccc access token 1";

/// How long past its expiry a token is still accepted, seconds: for pushes under way, and clocks that differ.
pub const GRACE: i64 = 60;

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has not the form of a token.
    Form,
    /// No active credential gives its proof.
    Proof,
    /// It ran out this many seconds ago.
    Expired(i64),
}

/// A token that `credential` accepts until `expires`.
pub fn seal(credential: &Secret, expires: i64, nonce: &str) -> String {
    let mut token = [&expires.to_be_bytes(), nonce.as_bytes()].concat();
    let proof = proof(credential, &token);
    token.extend(proof);
    URL_SAFE_NO_PAD.encode(token)
}

/// The credential (by its place) that a token was made with.
pub fn open(credentials: &[Secret], token: &str, now: Timestamp) -> Result<usize, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Fault::Form)?;
    let (stated, sent) = bytes.split_last_chunk::<PROOF>().ok_or(Fault::Form)?;
    let expiry = stated.first_chunk::<EXPIRY>().ok_or(Fault::Form)?;
    let index = matching(credentials, |credential| equal(&proof(credential, stated), sent)).ok_or(Fault::Proof)?;
    // Only now: before, the expiry is the sender's word. Wide enough for any difference of two times.
    let late = i128::from(now.as_second()) - i128::from(i64::from_be_bytes(*expiry));
    if late > i128::from(GRACE) {
        return Err(Fault::Expired(i64::try_from(late).unwrap_or(i64::MAX)));
    }
    Ok(index)
}

fn proof(credential: &Secret, stated: &[u8]) -> [u8; PROOF] {
    // The credential also proves Basic requests: the tokens get a key of their own.
    let key = Zeroizing::new(mac(credential.expose().as_bytes(), PURPOSE));
    mac(key.as_slice(), stated)
}

/// HMAC-SHA256.
pub fn mac(key: &[u8], text: &[u8]) -> [u8; PROOF] {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(text).finalize().into_bytes().into()
}

/// Answers a request for a token.
pub fn answer(credentials: &[Secret], lifetime: u32, request: &TokenRequest<'_>) -> Reply {
    let form = Form::read(request.body);
    if form.grant_type.is_some_and(|grant| grant != "client_credentials") {
        return refusal(StatusCode::BAD_REQUEST, r#"{"error":"unsupported_grant_type"}"#);
    }
    let mut headers = request.headers.get_all(http::header::AUTHORIZATION).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    let sent = match (header, form.client_id, form.client_secret) {
        (Some(header), ..) => basic(header).map(|sent| vec![decoded(&sent), sent]),
        (None, Some(id), Some(secret)) => Some(vec![Zeroizing::new(format!("{id}:{secret}").into_bytes())]),
        _ => return refusal(StatusCode::BAD_REQUEST, r#"{"error":"invalid_request"}"#),
    };
    let fits = |credential: &Secret| {
        let credential = credential.expose().as_bytes();
        sent.iter().flatten().filter(|sent| shown(credential, sent)).count() > 0
    };
    match matching(credentials, fits).and_then(|index| credentials.get(index)) {
        Some(credential) => {
            let token = seal(credential, request.now.as_second() + i64::from(lifetime), request.nonce);
            let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#);
            Reply { status: StatusCode::OK, content_type: "application/json", body: body.into() }
        }
        None => refusal(StatusCode::UNAUTHORIZED, r#"{"error":"invalid_client"}"#),
    }
}

fn refusal(status: StatusCode, body: &'static str) -> Reply {
    Reply { status, content_type: "application/json", body: body.into() }
}

/// RFC 6749, section 2.3.1, wants id and secret form-encoded inside the Basic header; few clients do so.
fn decoded(sent: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = Zeroizing::new(String::from_utf8_lossy(sent).into_owned());
    Zeroizing::new(form::decode(&text).into_bytes())
}

/// Body of a token request.
#[derive(Default, Deserialize)]
struct Form {
    #[serde(default, deserialize_with = "text")]
    grant_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    client_secret: Option<String>,
}

impl Form {
    fn read(body: &[u8]) -> Self {
        if body.trim_ascii_start().starts_with(b"{") {
            return lenient::body(body).unwrap_or_default();
        }
        let text = std::str::from_utf8(body).unwrap_or_default().trim();
        // A member that comes twice is as good as absent: RFC 6749, section 3.2.
        let only = |name| <[String; 1]>::try_from(form::values(text, name)).ok().map(|[value]| value);
        Self { grant_type: only("grant_type"), client_id: only("client_id"), client_secret: only("client_secret") }
    }
}

#[cfg(test)]
mod tests;
