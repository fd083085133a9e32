//! The signature of callbacks: <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2804.html>.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::SHARED_KEY;
use crate::simulate::vendors::Signing;

/// A way to sign wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Unsigned,
    NoSignature,
    NoTimestamp,
    NoNonce,
    AnotherKey,
    PlainDigest,
    ChangedAfterwards,
}

/// All of them.
pub(super) const FAULTS: [Fault; 7] = [
    Fault::Unsigned,
    Fault::NoSignature,
    Fault::NoTimestamp,
    Fault::NoNonce,
    Fault::AnotherKey,
    Fault::PlainDigest,
    Fault::ChangedAfterwards,
];

/// The body with time, nonce and signature.
pub(super) fn signed(body: &Value, signing: &Signing, fault: Option<Fault>) -> Value {
    let mut fields = body.as_object().cloned().unwrap_or_default();
    let timestamp = signing.now.as_millisecond().to_string();
    // The vendor's sample has a negative number of 64 bits.
    let bits = signing.nonce.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or(1);
    let nonce = (bits as i64).to_string();
    let key = if fault == Some(Fault::AnotherKey) { "another-shared-key" } else { SHARED_KEY };
    let text = text(key, &timestamp, &nonce, &fields);
    let signature = match fault {
        Some(Fault::PlainDigest) => BASE64_STANDARD.encode(Sha256::digest(&text)),
        _ => signature(key, &text),
    };
    if fault == Some(Fault::ChangedAfterwards) {
        fields.insert("releaseReason".to_owned(), "0".into());
        fields.insert("called".to_owned(), "447700900999000".into());
    }
    let proof = [
        ("timestamp", timestamp, Fault::NoTimestamp),
        ("nonce", nonce, Fault::NoNonce),
        ("signature", signature, Fault::NoSignature),
    ];
    for (name, value, without) in proof {
        if fault != Some(without) && fault != Some(Fault::Unsigned) {
            fields.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(fields)
}

/// The text that is signed: all fields, sorted and printed as a Java map, without any blank.
fn text(key: &str, timestamp: &str, nonce: &str, fields: &Map<String, Value>) -> String {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
    let printed = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    let joined = sorted.into_iter().map(printed).collect::<Vec<_>>().join(",").replace(' ', "");
    format!("{key}_{timestamp}_{nonce}_{joined}")
}

fn signature(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
