//! HMACs, and how senders write them and their keys.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::super::settings::{Algorithm, Encoding, SecretEncoding};
use super::template::Pieces;
use crate::secret::Secret;
use crate::vendor::hex::{decode_hex, encode_hex};

/// Base64 as senders write it: padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Algorithm {
    /// Length of the digest.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The name people know it by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }
}

/// The key a secret stands for.
pub fn key(encoding: SecretEncoding, secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.expose();
    match encoding {
        SecretEncoding::Text => Some(text.as_bytes().to_vec()),
        SecretEncoding::Hex => decode_hex(text),
        SecretEncoding::Base64 => decode_base64(text),
        SecretEncoding::Whsec => decode_base64(text.strip_prefix("whsec_").unwrap_or(text)),
    }
}

/// The HMAC over the parts of a request.
pub fn mac(algorithm: Algorithm, key: &[u8], pieces: &Pieces<'_>, body: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => mac_with::<Hmac<Sha1>>(key, pieces, body),
        Algorithm::Sha256 => mac_with::<Hmac<Sha256>>(key, pieces, body),
        Algorithm::Sha512 => mac_with::<Hmac<Sha512>>(key, pieces, body),
    }
}

fn mac_with<M: Mac + KeyInit>(key: &[u8], pieces: &Pieces<'_>, body: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes keys of any length");
    for piece in pieces {
        mac.update(piece.map_or(body, str::as_bytes));
    }
    mac.finalize().into_bytes().to_vec()
}

/// Reads a signature.
pub fn decode(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => decode_hex(text),
        Encoding::Base64 => decode_base64(text),
    }
}

/// Writes a signature.
pub fn encode(encoding: Encoding, digest: &[u8]) -> String {
    match encoding {
        Encoding::Hex => encode_hex(digest),
        Encoding::Base64 => BASE64.encode(digest),
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace('-', "+").replace('_', "/")).ok()
}
