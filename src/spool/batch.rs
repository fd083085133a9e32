//! The bytes of a spool file: records in the form in which they go to Kafka.
//!
//! `TLSP`, a version byte, then the records. A record is its length and a CRC-32 (both 32 bits, little-endian; the checksum
//! covers the length), then the length of the head, the head in JSON, and the value as it is.

use serde::{Deserialize, Serialize};

use crate::kafka::Record;

const MAGIC: &[u8; 4] = b"TLSP";
/// The version this program writes, and the newest it reads.
const VERSION: u8 = 1;
/// Bytes before the first record.
pub(super) const START: [u8; 5] = [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], VERSION];
/// Length and checksum.
const FRAME: usize = 8;

/// Everything of a record but its value.
#[derive(Serialize, Deserialize)]
struct Head<T> {
    topic: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    key: T,
    timestamp: i64,
    headers: Vec<(T, T)>,
    /// Whether the record deletes its key: a value that is absent, not empty.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deletes: bool,
}

/// A record read back.
pub(super) struct Spooled {
    head: Head<String>,
    value: Vec<u8>,
}

/// What a file holds.
pub(super) enum Decoded {
    /// The records that are whole. Fewer than were written when the file is damaged.
    Records(Vec<Spooled>),
    /// A newer program wrote it.
    Newer(u8),
}

/// Appends `record` to `out`.
pub(super) fn encode(record: &Record<'_>, out: &mut Vec<u8>) {
    let head = Head {
        topic: record.topic,
        partition: record.partition,
        key: record.key,
        timestamp: record.timestamp,
        headers: record.headers.iter().map(|(name, value)| (*name, value.as_str())).collect(),
        deletes: record.value.is_none(),
    };
    let head = serde_json::to_vec(&head).expect("texts and numbers");
    let value = record.value.unwrap_or_default();
    let length = 4 + head.len() + value.len();
    out.reserve(FRAME + length);
    let start = out.len();
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(head.len() as u32).to_le_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(value);
    let checksum = checksum(&out[start..start + 4], &out[start + FRAME..]);
    out[start + 4..start + FRAME].copy_from_slice(&checksum.to_le_bytes());
}

/// Reads a file. What a checksum does not confirm is left out.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let mut records = Vec::new();
    let Some((start, mut rest)) = bytes.split_first_chunk::<5>() else { return Decoded::Records(records) };
    match *start {
        START => {}
        [a, b, c, d, version] if [a, b, c, d] == *MAGIC && version > VERSION => return Decoded::Newer(version),
        _ => return Decoded::Records(records),
    }
    while let Some((frame, after)) = rest.split_first_chunk::<FRAME>() {
        let [a, b, c, d, sum @ ..] = *frame;
        let length = [a, b, c, d];
        let Some((body, after)) = after.split_at_checked(u32::from_le_bytes(length) as usize) else { break };
        if checksum(&length, body) == u32::from_le_bytes(sum) {
            records.extend(record(body));
        }
        rest = after;
    }
    Decoded::Records(records)
}

fn record(body: &[u8]) -> Option<Spooled> {
    let (length, rest) = body.split_first_chunk::<4>()?;
    let (head, value) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(Spooled { head: serde_json::from_slice(head).ok()?, value: value.to_vec() })
}

fn checksum(length: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(length);
    hasher.update(body);
    hasher.finalize()
}

impl Spooled {
    /// The headers, to be borrowed by [`Self::record`].
    pub(super) fn headers(&self) -> Vec<(&str, String)> {
        self.head.headers.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }

    /// As it goes to Kafka.
    pub(super) fn record<'a>(&'a self, headers: &'a [(&'a str, String)]) -> Record<'a> {
        Record {
            topic: &self.head.topic,
            partition: self.head.partition,
            key: &self.head.key,
            value: (!self.head.deletes).then_some(&self.value),
            headers,
            timestamp: self.head.timestamp,
        }
    }
}
