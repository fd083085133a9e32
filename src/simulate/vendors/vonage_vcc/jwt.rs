//! The signature of webhooks: <https://newvoicemedia.atlassian.net/wiki/spaces/DP/pages/3943465165/Webhooks+subscriptions>
//! and the vendor's sample code, <https://github.com/newvoicemedia/vcc-node-code-snippets>, which differ; this is the code.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::SIGNING_KEY;
use crate::simulate::vendors::Signing;

/// How long a token is valid, seconds.
const LIFETIME: i64 = 300;

/// The header.
const ALGORITHM: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The ways to sign wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NoHeader,
    NoSignature,
    AlgorithmNone,
    AnotherKey,
    KeyAsText,
    KeyedHash,
    AnotherBody,
    Expired,
    NoExpiry,
    NoHash,
}

/// All of them.
pub(super) const FAULTS: [Fault; 10] = [
    Fault::NoHeader,
    Fault::NoSignature,
    Fault::AlgorithmNone,
    Fault::AnotherKey,
    Fault::KeyAsText,
    Fault::KeyedHash,
    Fault::AnotherBody,
    Fault::Expired,
    Fault::NoExpiry,
    Fault::NoHash,
];

/// The header `Vonage-Signature` for a body; `None` to leave it out. The vendor put `Bearer ` in front until October 2024.
pub(super) fn header(body: &str, signing: &Signing, fault: Option<Fault>) -> Option<String> {
    let key = BASE64_STANDARD.decode(SIGNING_KEY).expect("a constant in Base64");
    let key = match fault {
        Some(Fault::NoHeader) => return None,
        Some(Fault::AnotherKey) => b"another-signing-key-vonage".to_vec(),
        Some(Fault::KeyAsText) => SIGNING_KEY.as_bytes().to_vec(),
        _ => key,
    };
    let hash = match fault {
        Some(Fault::KeyedHash) => hex(&mac(&key, body.as_bytes())),
        Some(Fault::AnotherBody) => hex(&Sha256::digest(format!("{body} "))),
        _ => hex(&Sha256::digest(body)),
    };
    // Far more than clocks may differ by.
    let age = if fault == Some(Fault::Expired) { 100_000 } else { 0 };
    let issued = signing.now.as_second() - age;
    let mut claims = format!(r#"{{"iat":{issued},"exp":{},"payload_hash":"{hash}"}}"#, issued + LIFETIME);
    match fault {
        Some(Fault::NoExpiry) => claims = json!({ "iat": issued, "payload_hash": hash }).to_string(),
        Some(Fault::NoHash) => claims = json!({ "iat": issued, "exp": issued + LIFETIME }).to_string(),
        _ => {}
    }
    let token = match fault {
        Some(Fault::AlgorithmNone) => token(&key, r#"{"alg":"none","typ":"JWT"}"#, &claims),
        Some(Fault::NoSignature) => {
            let token = token(&key, ALGORITHM, &claims);
            format!("{}.", token.rsplit_once('.').map_or("", |(signed, _)| signed))
        }
        _ => token(&key, ALGORITHM, &claims),
    };
    let prefix = if signing.nonce.starts_with(['0', '1', '2', '3']) { "Bearer " } else { "" };
    Some(format!("{prefix}{token}"))
}

/// A JWT that is signed with HMAC-SHA256.
fn token(key: &[u8], header: &str, claims: &str) -> String {
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()));
    format!("{signed}.{}", encode(&mac(key, signed.as_bytes())))
}

fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = concat!(
        r#"{"specversion":"1.0","type":"channel.ended.v1","id":"2VejGqWZPqHXHVNcfUPUO8IASAp","source":"/channel","#,
        r#""data":{"timestamp":"2026-01-05T10:00:00.000Z","reason":"released"}}"#
    );
    const KEY: &[u8] = b"my_secret_key";
    const SIGNATURE: &str = "RMs2BksTVSCONOiRaxk8Ol8qtAZLvemA7hs9Ta3xbf0";

    #[test]
    fn the_worked_example() {
        let hash = hex(&Sha256::digest(BODY));
        assert_eq!(hash, "8d9db328e4acd1d9809a0d8ff9e52d53e790f5585c43f47c13a40d5cf65a299a");
        let claims = format!(r#"{{"iat":1767607200,"exp":1767607500,"payload_hash":"{hash}"}}"#);
        let signature = |key: &[u8]| token(key, ALGORITHM, &claims).rsplit_once('.').expect("parts").1.to_owned();
        assert_eq!(signature(KEY), SIGNATURE);
        // What the vendor's prose says and its code does not.
        assert_eq!(signature(b"bXlfc2VjcmV0X2tleQ=="), "G8YtgA6xaT-0r9I5lZu_Acbx0drCovqHRi5z-l34O2Y");
        assert_eq!(hex(&mac(KEY, BODY.as_bytes())), "25ae8ae0937b08c28fccc02e141ccd356b9e776d7df7ab6ad9b99ce8901306bd");
    }

    /// Whether a receiver that does as the document says would take it.
    fn good(header: Option<String>, body: &str, now: i64) -> bool {
        let key = BASE64_STANDARD.decode(SIGNING_KEY).expect("Base64");
        let Some(header) = header else { return false };
        let parts: Vec<_> = header.trim_start_matches("Bearer ").split('.').collect();
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
        let json = |part: &str| serde_json::from_slice::<serde_json::Value>(&decode(part)).expect("JSON");
        let claims = json(parts[1]);
        json(parts[0])["alg"] == "HS256"
            && decode(parts[2]) == mac(&key, format!("{}.{}", parts[0], parts[1]).as_bytes())
            && claims["exp"].as_i64().is_some_and(|until| now <= until)
            && claims["payload_hash"] == hex(&Sha256::digest(body))
    }

    #[test]
    fn each_fault_is_one_that_shows() {
        for nonce in ["0123456789abcdef0123456789abcdef", "a123456789abcdef0123456789abcdef"] {
            let signing = Signing { now: crate::clock::now(), nonce: nonce.to_owned(), wrong: None };
            let now = signing.now.as_second();
            assert!(good(header(BODY, &signing, None), BODY, now), "{nonce}");
            assert!(!good(header(BODY, &signing, None), BODY, now + LIFETIME + 1));
            for fault in FAULTS {
                assert!(!good(header(BODY, &signing, Some(fault)), BODY, now), "{fault:?}");
            }
        }
    }
}
