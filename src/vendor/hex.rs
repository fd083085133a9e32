//! Hex digits, as many signatures are written.

use sha2::{Digest, Sha256};

/// Two small hex digits for each byte.
pub fn encode_hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// SHA-256 over a vendor's object as hex digits: for facts that recur and have no id of their own.
pub fn digest_hex(text: &[u8]) -> String {
    encode_hex(&Sha256::digest(text))
}

/// The bytes of an even number of hex digits, large or small; `None` for anything else.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(encode_hex(&[0x00, 0x0a, 0xa0, 0xff]), "000aa0ff");
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode_hex(&encode_hex(&all)), Some(all));
        for text in ["0", "0g", "+1", "é"] {
            assert_eq!(decode_hex(text), None, "{text}");
        }
    }
}
