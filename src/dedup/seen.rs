//! The records of the seen topic: what one transaction published in one partition.
//!
//! A version byte, then entries of 27 bytes: key (16), outcome (1), outcomes published so far (2), revision (1),
//! findings (3), hour since the Unix epoch (4); all big-endian. Later entries of a key replace earlier ones.

use super::Remembered;

const VERSION: u8 = 1;
const ENTRY: usize = 27;

/// Adds one entry to a record, which starts empty.
pub fn encode(record: &mut Vec<u8>, key: u128, value: &Remembered) {
    if record.is_empty() {
        record.push(VERSION);
    }
    record.extend_from_slice(&key.to_be_bytes());
    record.push(value.outcome);
    record.extend_from_slice(&value.seen.to_be_bytes());
    record.push(value.revision);
    record.extend_from_slice(&value.findings.to_be_bytes()[1..]);
    record.extend_from_slice(&value.hour.to_be_bytes());
}

/// A record that this version cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A newer version of trunkline wrote it: going on would forget what it published.
    #[error("a seen record of version {0} was written by a newer trunkline: upgrade this instance")]
    Newer(u8),
    /// Not whole entries, or not ones that any version writes.
    #[error("a seen record is damaged")]
    Damaged,
}

/// The entries of a record, in order.
pub fn decode(record: &[u8]) -> Result<impl Iterator<Item = (u128, Remembered)>, Unreadable> {
    // The window keeps 4 bits of the outcome and 12 of those published: others would be remembered as something else.
    let fits = |entry: &[u8]| entry[16] < 1 << 4 && entry[17] < 1 << 4;
    let entries = match record {
        [VERSION, entries @ ..] if entries.len().is_multiple_of(ENTRY) && entries.chunks_exact(ENTRY).all(fits) => {
            entries
        }
        [version, ..] if *version > VERSION => return Err(Unreadable::Newer(*version)),
        _ => return Err(Unreadable::Damaged),
    };
    Ok(entries.chunks_exact(ENTRY).map(|entry| {
        let number =
            |range: std::ops::Range<usize>| entry[range].iter().fold(0, |n: u128, byte| n << 8 | u128::from(*byte));
        let value = Remembered {
            outcome: entry[16],
            seen: number(17..19) as u16,
            revision: entry[19],
            findings: number(20..23) as u32,
            hour: number(23..27) as u32,
        };
        (number(0..16), value)
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn remembered() -> impl Strategy<Value = Remembered> {
        (0u8..10, 0u16..4096, 0u32..1 << 24, any::<u8>(), any::<u32>()).prop_map(
            |(outcome, seen, findings, revision, hour)| Remembered { outcome, seen, findings, revision, hour },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(entries in prop::collection::vec((any::<u128>(), remembered()), 1..50)) {
            let mut record = Vec::new();
            entries.iter().for_each(|(key, value)| encode(&mut record, *key, value));
            prop_assert_eq!(decode(&record).expect("reads").collect::<Vec<_>>(), entries);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(entries) = decode(&bytes) {
                entries.count();
            }
        }
    }

    #[test]
    fn a_newer_version_is_told_apart_from_damage() {
        assert_eq!(decode(&[2, 1, 2]).err(), Some(Unreadable::Newer(2)));
        assert_eq!(decode(&[1, 1, 2]).err(), Some(Unreadable::Damaged));
        assert_eq!(decode(&[]).err(), Some(Unreadable::Damaged));
    }

    #[test]
    fn what_the_window_cannot_keep_is_damage() {
        let widest = Remembered { outcome: 15, seen: 0xfff, findings: 0xff_ffff, revision: 255, hour: u32::MAX };
        let record = |value: Remembered| {
            let mut record = Vec::new();
            encode(&mut record, 1, &value);
            record
        };
        assert_eq!(decode(&record(widest)).expect("reads").collect::<Vec<_>>(), [(1, widest)]);
        for wide in [Remembered { outcome: 16, ..widest }, Remembered { seen: 0x1000, ..widest }] {
            assert_eq!(decode(&record(wide)).err(), Some(Unreadable::Damaged), "{wide:?}");
        }
    }
}
