use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const WINDOW: u16 = 24;
/// The lower 16 bits of the hours wrap here.
const WRAP: u32 = 8 << 16;

#[derive(Clone, Debug)]
enum Step {
    Insert(u128, Remembered),
    /// Keys that follow each other: all of one home, and enough to make a shard grow.
    InsertRow(u128, u8, Remembered),
    Remove(u128),
    Get(u128, u32),
    /// So many sweeps one after the other.
    Sweep(u16, u32),
}

/// Keys that meet often: few of them, clustered, at both ends of the first, a middle and the last shard, and some
/// random ones.
fn keys() -> impl Strategy<Value = u128> {
    let shard = prop_oneof![Just(0_u128), Just(0xab), Just(0xff)];
    let middle = prop_oneof![Just(0_u128), Just(1 << 110), Just(1 << 119), Just((1 << 120) - 64)];
    let clustered = (shard, middle, 0..64_u128).prop_map(|(shard, middle, low)| shard << 120 | middle | low);
    prop_oneof![8 => clustered, 1 => any::<u128>(), 1 => Just(0), 1 => Just(u128::MAX)]
}

fn hours() -> impl Strategy<Value = u32> {
    WRAP - 60..WRAP + 60
}

fn values() -> impl Strategy<Value = Remembered> {
    (0..1_u8 << 4, 0..1_u16 << 12, 0..1_u32 << 24, any::<u8>(), hours())
        .prop_map(|(outcome, seen, findings, revision, hour)| Remembered { outcome, seen, findings, revision, hour })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (keys(), values()).prop_map(|(key, value)| Step::Insert(key, value)),
        2 => (keys(), any::<u8>(), values()).prop_map(|(key, count, value)| Step::InsertRow(key, count, value)),
        4 => keys().prop_map(Step::Remove),
        4 => (keys(), hours()).prop_map(|(key, hour)| Step::Get(key, hour)),
        1 => (0..600_u16, hours()).prop_map(|(times, hour)| Step::Sweep(times, hour)),
    ]
}

/// What the window must do, said in the plainest way.
#[derive(Default)]
struct Model {
    known: HashMap<u128, Remembered>,
    swept: u64,
}

impl Model {
    fn get(&self, key: u128, hour: u32) -> Option<Remembered> {
        let value = self.known.get(&key.max(1))?;
        (hour <= value.hour + u32::from(WINDOW)).then_some(*value)
    }

    fn sweep(&mut self, hour: u32) {
        let shard = u128::from(self.swept % 256);
        self.known.retain(|key, value| key >> 120 != shard || hour <= value.hour + u32::from(WINDOW) + 1);
        self.swept += 1;
    }
}

/// Every shard is sorted, no entry is parted from its home by a gap, and the count is right.
fn assert_sound(window: &Window) {
    for shard in &window.shards {
        let (mut last_key, mut last_gap, mut len) = (0, None, 0);
        for (at, slot) in shard.slots.iter().enumerate() {
            if slot.is_empty() {
                last_gap = Some(at);
                continue;
            }
            let home = home(slot.key(), shard.homes);
            assert!(slot.key() > last_key && home <= at && last_gap.is_none_or(|gap| gap < home));
            last_key = slot.key();
            len += 1;
        }
        assert_eq!(shard.len, len);
    }
}

proptest! {
    #[test]
    fn behaves_like_a_map(steps in vec(steps(), 1..100)) {
        let mut window = Window::new(WINDOW);
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Insert(key, value) => {
                    window.insert(key, value);
                    model.known.insert(key.max(1), value);
                }
                Step::InsertRow(first, count, value) => {
                    for key in (0..u128::from(count)).map(|n| first.saturating_add(n)) {
                        window.insert(key, value);
                        model.known.insert(key.max(1), value);
                    }
                }
                Step::Remove(key) => {
                    window.remove(key);
                    model.known.remove(&key.max(1));
                }
                Step::Get(key, hour) => prop_assert_eq!(window.get(key, hour), model.get(key, hour)),
                Step::Sweep(times, hour) => {
                    for _ in 0..times {
                        window.sweep(hour);
                        model.sweep(hour);
                    }
                }
            }
            prop_assert_eq!(window.len(), model.known.len());
        }
        assert_sound(&window);
        for (key, value) in model.known {
            prop_assert_eq!(window.get(key, value.hour), Some(value));
        }
    }
}

fn value(hour: u32) -> Remembered {
    Remembered { outcome: 15, seen: 0xfff, findings: 0xff_ffff, revision: 255, hour }
}

/// The key of an id: 128 bits from the splitmix generator, as evenly distributed as a hash's.
fn key(id: u64) -> u128 {
    u128::from(splitmix(2 * id)) << 64 | u128::from(splitmix(2 * id + 1))
}

fn splitmix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

fn sweep_all(window: &mut Window, hour: u32) {
    (0..SHARDS).for_each(|_| window.sweep(hour));
}

#[test]
fn takes_at_most_32_bytes_per_id_at_every_fill() {
    let mut window = Window::new(WINDOW);
    assert!(window.heap_bytes() <= 12 << 10);
    for id in 0..1_000_000 {
        window.insert(key(id), value(WRAP));
        let ids = id as usize + 1;
        if ids >= 100_000 && ids.is_multiple_of(10_000) {
            assert!(window.heap_bytes() <= 32 * ids, "{} bytes at {ids} ids", window.heap_bytes());
        }
    }
    assert_eq!(window.len(), 1_000_000);
    assert_sound(&window);
}

#[test]
fn takes_at_most_32_bytes_per_id_while_entries_expire() {
    let mut window = Window::new(WINDOW);
    let mut id = 0;
    for hour in WRAP - 50..WRAP + 50 {
        // More in one half of the hours than in the other, so that shards shrink too.
        for _ in 0..if hour < WRAP { 20_000 } else { 10_000 } {
            window.insert(key(id), value(hour));
            id += 1;
        }
        sweep_all(&mut window, hour);
        let (bytes, ids) = (window.heap_bytes(), window.len());
        assert!(ids < 100_000 || bytes <= 32 * ids, "{bytes} bytes at {ids} ids");
    }
    // The current hour, the 24 of the window and the one that sweeps leave.
    assert_eq!(window.len(), 26 * 10_000);
}

#[test]
fn an_entry_is_known_through_the_last_hour_of_the_window() {
    let mut window = Window::new(WINDOW);
    window.insert(7, value(WRAP));
    assert_eq!(window.get(7, WRAP - 24), Some(value(WRAP)), "a later hour counts as known");
    assert_eq!(window.get(7, WRAP + 24), Some(value(WRAP)));
    assert_eq!(window.get(7, WRAP + 25), None);
}

#[test]
fn a_round_of_sweeps_frees_what_has_expired() {
    let mut window = Window::new(WINDOW);
    for id in 0..50_000 {
        window.insert(key(id), value(WRAP - 1 + (id % 2) as u32));
    }
    sweep_all(&mut window, WRAP + 24);
    assert_eq!(window.len(), 50_000, "one hour more than the window is kept");
    sweep_all(&mut window, WRAP + 25);
    assert_eq!(window.len(), 25_000);
    assert!((0..50_000).all(|id| window.get(key(id), WRAP).is_some() == (id % 2 == 1)));
    assert_sound(&window);
    sweep_all(&mut window, WRAP + 26);
    assert!(window.is_empty());
    assert!(window.heap_bytes() <= 12 << 10);
}

#[test]
fn undoing_an_aborted_transaction_restores_every_entry() {
    let mut window = Window::new(WINDOW);
    (0..10_000).for_each(|id| window.insert(key(id), value(WRAP)));
    let touched = 5_000..15_000;
    let before: Vec<_> = touched.clone().map(|id| (key(id), window.get(key(id), WRAP))).collect();
    touched.for_each(|id| window.insert(key(id), Remembered { revision: 1, ..value(WRAP + 1) }));
    for (key, known) in &before {
        match known {
            Some(known) => window.insert(*key, *known),
            None => window.remove(*key),
        }
    }
    assert_eq!(window.len(), 10_000);
    assert!(before.iter().all(|(key, known)| window.get(*key, WRAP + 1) == *known));
    assert!((0..5_000).all(|id| window.get(key(id), WRAP) == Some(value(WRAP))));
    assert_sound(&window);
}

#[test]
fn keys_0_and_1_are_one() {
    let mut window = Window::new(WINDOW);
    window.insert(0, value(WRAP));
    assert_eq!(window.get(0, WRAP), window.get(1, WRAP));
    window.remove(0);
    assert!(window.is_empty() && window.get(0, WRAP).is_none());
}

#[test]
fn the_longest_window_still_tells_old_from_later() {
    let mut window = Window::new(u16::MAX);
    let longest = u32::from(MAX_WINDOW_HOURS);
    window.insert(7, value(WRAP));
    assert!(window.get(7, WRAP + longest).is_some());
    assert!(window.get(7, WRAP + longest + 1).is_none());
    assert!(window.get(7, WRAP - longest).is_some());
}

#[test]
fn the_oldest_key_has_the_greatest_age() {
    let mut window = Window::new(72);
    let value = |hour| Remembered { outcome: 0, seen: 0, findings: 0, revision: 0, hour };
    assert_eq!(window.oldest(1000), None);
    window.insert(1 << 120, value(1000));
    assert_eq!(window.oldest(1000), Some(0));
    window.insert(2 << 120, value(960));
    window.insert(3 << 120, value(990));
    assert_eq!(window.oldest(1000), Some(40));
    // A record can be ahead of this process's clock.
    assert_eq!(window.oldest(900), Some(0));
}
