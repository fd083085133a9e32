//! The identity of a fact, and what makes a second sight of it different.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::{EventType, Outcome};

/// Version of the hash behind [`EventKey`]; part of its text form, so that a change can never be silent.
const VERSION: &str = "k1-";

/// 128 bits of SHA-256 over (vendor, account, event type, the vendor's IDs).
///
/// The same fact has the same key whichever replica, channel or repetition it came by. With 10^9 ids in the
/// window the chance of any collision is about 1.5 in 10^21. The text form is `k1-` and 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(pub u128);

impl EventKey {
    /// The key of the fact of type `event_type` that the vendor calls `ids` within `account`.
    pub fn new(vendor: &str, account: &str, event_type: EventType, ids: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in [vendor, account, event_type.as_str()].iter().chain(ids) {
            // Each part with its length first, so that no two lists of parts give the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(leading_u128(&hash.finalize()))
    }

    /// The CloudEvents id of one revision of the fact: a UUIDv8 made from key and revision, hence the same on
    /// every replica and in every replay.
    pub fn id(self, revision: u32) -> uuid::Uuid {
        let mut hash = Sha256::new();
        hash.update(self.0.to_be_bytes());
        hash.update(revision.to_be_bytes());
        uuid::Builder::from_custom_bytes(leading_u128(&hash.finalize()).to_be_bytes()).into_uuid()
    }
}

/// 128 bits of SHA-256 over a text.
pub fn digest128(text: &[u8]) -> u128 {
    leading_u128(&Sha256::digest(text))
}

fn leading_u128(digest: &[u8]) -> u128 {
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// 24 bits of SHA-256 over a text: tells apart two findings of one fact, not two facts.
/// Never zero, because zero stands for "none".
pub fn digest24(text: &[u8]) -> u32 {
    let digest = Sha256::digest(text);
    u32::from_be_bytes([0, digest[0], digest[1], digest[2]]).max(1)
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}{:032x}", self.0)
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not the text form of a key or material this version writes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a {0} of version 1")]
pub struct Malformed(&'static str);

/// Whether `text` is `digits` lower-case hex digits: `from_str_radix` alone would also take a sign and capitals, and
/// then two texts would stand for one key.
fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl FromStr for EventKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let hex = text.strip_prefix(VERSION).filter(|hex| is_hex(hex, 32)).ok_or(Malformed("key"))?;
        u128::from_str_radix(hex, 16).map(Self).map_err(|_| Malformed("key"))
    }
}

impl Serialize for EventKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for EventKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^k1-[0-9a-f]{32}$",
            "description": "Identity of the fact: the same for every repetition, channel, replica and replay. `k1` is the version of the hash.",
        })
    }
}

/// What makes a second sight of a fact different: its outcome and a digest of its findings (intents,
/// disposition, key presses). [`Outcome::Unknown`] and zero findings are "nothing known".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Material {
    /// How it ended; `Unknown` for facts without an outcome.
    pub outcome: Outcome,
    /// [`digest24`] of the findings; 0 when there are none.
    pub findings: u32,
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06x}", self.outcome.as_str(), self.findings)
    }
}

impl FromStr for Material {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (outcome, findings) = text.split_once('-').ok_or(Malformed("material"))?;
        Ok(Self {
            outcome: Outcome::parse(outcome).ok_or(Malformed("material"))?,
            findings: Some(findings)
                .filter(|findings| is_hex(findings, 6))
                .and_then(|findings| u32::from_str_radix(findings, 16).ok())
                .ok_or(Malformed("material"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn key_is_fixed() {
        // Changing this value is a migration: every fact in the window would be published again.
        let key = EventKey::new("nxcloud-callbot", "UID-TEST-01", EventType::CallEnded, &["c-1"]);
        assert_eq!(key.to_string(), "k1-d1b373c773cd29bafbf4257d8d4f74ee");
    }

    #[test]
    fn parts_do_not_run_together() {
        let key = |ids: &[&str]| EventKey::new("v", "a", EventType::CallEnded, ids);
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
        assert_ne!(key(&["ab"]), key(&["ab", ""]));
        assert_ne!(key(&["x"]), EventKey::new("v", "a", EventType::OrderFinished, &["x"]));
    }

    #[test]
    fn text_forms_round_trip() {
        let key = EventKey(7);
        assert_eq!(key.to_string().parse(), Ok(key));
        assert!("k2-00000000000000000000000000000007".parse::<EventKey>().is_err());
        let material = Material { outcome: Outcome::NoAnswer, findings: 0x00ad_beef };
        assert_eq!(material.to_string().parse(), Ok(material));
        assert!("answered".parse::<Material>().is_err());
    }

    #[test]
    fn only_the_written_form_is_read() {
        for text in ["k1-", "k1-7", "k1-+0000000000000000000000000000007", "k1-0000000000000000000000000000000A"] {
            assert_eq!(text.parse::<EventKey>(), Err(Malformed("key")), "{text}");
        }
        for text in ["answered-", "answered-1", "answered-+00001", "answered-00000A", "answered-1000000", "gone-000001"]
        {
            assert_eq!(text.parse::<Material>(), Err(Malformed("material")), "{text}");
        }
    }

    #[test]
    fn findings_are_never_the_zero_of_none() {
        // A digest that starts with three zero bytes.
        let text = 5_364_642u32.to_be_bytes();
        assert_eq!(Sha256::digest(text)[..3], [0; 3]);
        assert_eq!(digest24(&text), 1);
    }

    fn ids() -> impl Strategy<Value = Vec<String>> {
        // A small alphabet and short texts: lists that run together the same way are then common.
        prop::collection::vec("[ab]{0,3}", 0..4)
    }

    proptest! {
        #[test]
        fn other_ids_give_another_key(left in ids(), right in ids()) {
            let key = |ids: &[String]| {
                let ids: Vec<_> = ids.iter().map(String::as_str).collect();
                EventKey::new("v", "a", EventType::CallEnded, &ids)
            };
            prop_assert_eq!(key(&left) == key(&right), left == right);
        }

        #[test]
        fn any_key_is_read_back(number in any::<u128>()) {
            let key = EventKey(number);
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn any_material_is_read_back(outcome in prop::sample::select(Outcome::ALL), findings in 0u32..1 << 24) {
            let material = Material { outcome, findings };
            prop_assert_eq!(material.to_string().parse(), Ok(material));
        }
    }

    #[test]
    fn id_is_a_uuid_v8_and_differs_by_revision() {
        let key = EventKey::new("v", "a", EventType::CallEnded, &["x"]);
        assert_eq!(key.id(0).get_version_num(), 8);
        assert_ne!(key.id(0), key.id(1));
    }
}
