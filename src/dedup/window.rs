//! The seen-set of one Kafka partition: for every event key published within the last hours, what was published.
//!
//! It must hold ten million keys in few bytes, never pause, and forget by the hour. A hash map fails the first two:
//! it doubles, so it is half empty after each growth, and moves everything at once. Here 256 shards, chosen by the
//! key's top bits, each grow alone by an eighth.
//!
//! A shard is an array sorted by key, with gaps (ordered linear probing). Keys are uniformly distributed, so a key
//! scaled to the array's length is nearly its place: its *home*. An entry sits at its home or, when that is taken, in
//! the unbroken run of entries that starts there. Growing is therefore one pass that copies entries in order, a search
//! for an absent key ends at the first larger one, and removing closes the gap instead of leaving a marker.
//!
//! Bytes per id, with 24-byte slots: 27.4 just before a shard grows (7/8 full), 30.9 just after (7/9 full).

use std::mem;

/// Shards of a window; as many as the top byte of a key has values.
const SHARDS: usize = 256;

/// Places past the last home that a shard allocates at once. Runs do not wrap around: they spill over the end, rarely
/// by more than this.
const SPILL: usize = 16;

/// The longest window, in hours (22 months). Hours are stored in 16 bits and compared by their wrapped difference; this
/// leaves as much room again to recognise what is older than the window.
pub const MAX_WINDOW_HOURS: u16 = 1 << 14;

/// What is known of a published fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Code of the current outcome: 4 bits, 0 to 15.
    pub outcome: u8,
    /// The outcomes published so far, as a set of bits: bit `n` for code `n`. 12 bits, codes 0 to 11.
    pub seen: u16,
    /// Digest of the findings published last, 24 bits; 0 for none.
    pub findings: u32,
    /// Number of the revision published last.
    pub revision: u8,
    /// When it was published, in hours since the Unix epoch.
    pub hour: u32,
}

/// What was published within the last hours, by event key.
///
/// Keys must be uniformly distributed (bits of a cryptographic hash): others are kept correctly, but slowly.
/// All hours that a window meets must lie within 3.7 years (2^15 hours) of each other.
pub struct Window {
    shards: Vec<Shard>,
    /// The array for the next shard that is rebuilt, which leaves its old one here. Reused, because fresh memory costs
    /// more than the copy: the kernel maps and clears each page of it.
    spare: Vec<Slot>,
    hours: i16,
    /// The shard that the next sweep visits.
    next: usize,
}

impl Window {
    /// An empty window that remembers for `window_hours`, at most `MAX_WINDOW_HOURS`. Takes 12 KiB.
    pub fn new(window_hours: u16) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            spare: Vec::new(),
            hours: window_hours.min(MAX_WINDOW_HOURS) as i16,
            next: 0,
        }
    }

    /// What is known of `key`; nothing when it is older than the window, seen from `hour`. An entry of a later hour
    /// than `hour` is known: records are not in the order of their times.
    pub fn get(&self, key: u128, hour: u32) -> Option<Remembered> {
        let key = stored(key);
        let shard = &self.shards[shard_of(key)];
        let slot = &shard.slots[shard.find(key).ok()?];
        (age(slot.hour, hour) <= self.hours).then(|| slot.value(hour))
    }

    /// Adds `key`, or replaces what is known of it. Bits of `value` over its documented widths are cut off; a debug build
    /// panics.
    pub fn insert(&mut self, key: u128, value: Remembered) {
        let key = stored(key);
        self.shards[shard_of(key)].insert(Slot::new(key, value), &mut self.spare);
    }

    /// Forgets `key`. The shard keeps its memory until entries of it expire: only an aborted transaction removes keys,
    /// and their redelivery inserts them again.
    pub fn remove(&mut self, key: u128) {
        let key = stored(key);
        self.shards[shard_of(key)].remove(key);
    }

    /// Frees, in one shard, what is older than the window and one more hour, seen from `hour`. Each call visits the
    /// next shard, so that expiry never pauses: call it once per batch.
    pub fn sweep(&mut self, hour: u32) {
        self.shards[self.next].sweep(hour, self.hours + 1, &mut self.spare);
        self.next = (self.next + 1) % SHARDS;
    }

    /// How many keys are held, among them expired ones that no sweep has met yet.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }

    /// Age of the oldest key held, in hours, seen from `hour`: at most this, because what is removed before its time does not
    /// count.
    pub fn oldest(&self, hour: u32) -> Option<u16> {
        let ages = self.shards.iter().filter(|shard| shard.len > 0).map(|shard| age(shard.oldest, hour));
        ages.max().map(|age| age.max(0).unsigned_abs())
    }

    /// Whether no key is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held of the allocator, used or not. What the allocator itself adds or keeps back is not in it.
    pub fn heap_bytes(&self) -> usize {
        let slots: usize = self.shards.iter().map(|shard| shard.slots.capacity()).sum();
        (slots + self.spare.capacity()) * size_of::<Slot>() + self.shards.capacity() * size_of::<Shard>()
    }
}

/// The keys that share their top byte.
#[derive(Default)]
struct Shard {
    /// Sorted by key, with empty slots between: `homes` of them, and room for what spills over the end.
    slots: Vec<Slot>,
    /// How many places a key can have as its home.
    homes: usize,
    /// Occupied slots.
    len: usize,
    /// No entry is older than this hour: a sweep need not look at the entries before this hour expires.
    oldest: u16,
}

impl Shard {
    /// Where `key` is or, as the error, where it belongs.
    fn find(&self, key: u128) -> Result<usize, usize> {
        let mut at = home(key, self.homes);
        while let Some(slot) = self.slots.get(at) {
            if slot.key() == key {
                return Ok(at);
            }
            if slot.is_empty() || slot.key() > key {
                break;
            }
            at += 1;
        }
        Err(at)
    }

    fn insert(&mut self, slot: Slot, spare: &mut Vec<Slot>) {
        if self.len >= self.homes * 7 / 8 {
            self.rebuild(homes_for(self.len + 1), spare, |_| true);
        }
        if self.len == 0 || age(slot.hour, u32::from(self.oldest)) > 0 {
            self.oldest = slot.hour;
        }
        match self.find(slot.key()) {
            Ok(at) => self.slots[at] = slot,
            Err(at) => {
                let rest = &self.slots[at..];
                let end = at + rest.iter().position(Slot::is_empty).unwrap_or(rest.len());
                if end == self.slots.len() {
                    lengthen(&mut self.slots);
                }
                self.slots.copy_within(at..end, at + 1);
                self.slots[at] = slot;
                self.len += 1;
            }
        }
    }

    fn remove(&mut self, key: u128) {
        let Ok(at) = self.find(key) else { return };
        // What follows in the run moves one place back, up to the first entry that is at home already.
        let settled = |&next: &usize| self.slots[next].is_empty() || home(self.slots[next].key(), self.homes) == next;
        let end = (at + 1..self.slots.len()).find(settled).unwrap_or(self.slots.len());
        self.slots.copy_within(at + 1..end, at);
        self.slots[end - 1] = Slot::EMPTY;
        self.len -= 1;
    }

    fn sweep(&mut self, now: u32, limit: i16, spare: &mut Vec<Slot>) {
        if self.len == 0 || age(self.oldest, now) <= limit {
            return;
        }
        let fresh = |slot: &Slot| age(slot.hour, now) <= limit;
        let left = self.slots.iter().filter(|slot| !slot.is_empty() && fresh(slot)).count();
        if left == 0 {
            *self = Self::default();
            *spare = Vec::new();
        } else if left < self.len {
            self.rebuild(homes_for(left).min(self.homes), spare, fresh);
            self.len = left;
        }
        self.oldest = now.wrapping_add_signed(-i32::from(limit)) as u16;
    }

    /// Moves the entries that `keep` wants to an array with `homes` homes. They are in order, so that each goes to its
    /// home or, when that is taken, behind the last one.
    fn rebuild(&mut self, homes: usize, spare: &mut Vec<Slot>, keep: impl Fn(&Slot) -> bool) {
        spare.clear();
        spare.reserve_exact(homes + SPILL);
        spare.shrink_to(homes + SPILL);
        spare.resize(homes + SPILL, Slot::EMPTY);
        let mut end = 0;
        // Empty slots take the same path, and the next entry overwrites them because they do not move the end: where
        // they are is random, and a wrong guess of the processor costs more than a copy.
        for slot in &self.slots {
            let slot = if keep(slot) { *slot } else { Slot::EMPTY };
            let at = home(slot.key(), homes).max(end);
            if at == spare.len() {
                lengthen(spare);
            }
            spare[at] = slot;
            end = at + usize::from(!slot.is_empty());
        }
        mem::swap(&mut self.slots, spare);
        self.homes = homes;
    }
}

/// Adds empty slots at the end. A plain push could double the array.
fn lengthen(slots: &mut Vec<Slot>) {
    let more = SPILL + slots.len() / 64;
    slots.reserve_exact(more);
    slots.resize(slots.len() + more, Slot::EMPTY);
}

/// One entry of a shard. The key is in halves because a `u128` is aligned to 16 bytes, which would make it 32.
#[derive(Clone, Copy)]
struct Slot {
    key_high: u64,
    key_low: u64,
    /// Findings above 8 bits of revision.
    findings_revision: u32,
    /// Seen outcomes above 4 bits of outcome.
    seen_outcome: u16,
    hour: u16,
}

const _: () = assert!(size_of::<Slot>() == 24);

impl Slot {
    const EMPTY: Slot = Slot { key_high: 0, key_low: 0, findings_revision: 0, seen_outcome: 0, hour: 0 };

    fn new(key: u128, value: Remembered) -> Self {
        debug_assert!(
            value.outcome < 1 << 4 && value.seen < 1 << 12 && value.findings < 1 << 24,
            "{value:?} is too wide"
        );
        Self {
            key_high: (key >> 64) as u64,
            key_low: key as u64,
            findings_revision: value.findings << 8 | u32::from(value.revision),
            seen_outcome: value.seen << 4 | u16::from(value.outcome & 0xf),
            hour: value.hour as u16,
        }
    }

    /// The value, with its hour made whole again by being near `now`.
    fn value(&self, now: u32) -> Remembered {
        Remembered {
            outcome: (self.seen_outcome & 0xf) as u8,
            seen: self.seen_outcome >> 4,
            findings: self.findings_revision >> 8,
            revision: self.findings_revision as u8,
            hour: now.wrapping_add_signed(-i32::from(age(self.hour, now))),
        }
    }

    fn key(&self) -> u128 {
        u128::from(self.key_high) << 64 | u128::from(self.key_low)
    }

    fn is_empty(&self) -> bool {
        self.key() == 0
    }
}

/// The key as it is stored. Key 0 marks an empty slot, so it shares the place of key 1: one more way to collide among
/// 2^128.
fn stored(key: u128) -> u128 {
    key.max(1)
}

fn shard_of(key: u128) -> usize {
    (key >> 120) as usize
}

/// The home of `key` in a shard: the 64 bits below the shard's, scaled to `homes`. A larger key never has a smaller home.
fn home(key: u128, homes: usize) -> usize {
    let bits = key << 8 >> 64;
    ((bits * homes as u128) >> 64) as usize
}

/// Homes for a shard of `len` entries that has just been rebuilt: 7/9 full, so that it grows by an eighth when 7/8 full.
fn homes_for(len: usize) -> usize {
    len * 9 / 7 + 4
}

/// Hours from `hour`, of which the lower 16 bits are known, to `now`; negative when `hour` is later.
fn age(hour: u16, now: u32) -> i16 {
    (now as u16).wrapping_sub(hour) as i16
}

#[cfg(test)]
mod tests;
