//! Randomness of a run. All of it comes from the plan's seed, and each draw names what it is about, so that what is drawn
//! for one call depends neither on the order of things nor on the other calls.

use std::ops::RangeInclusive;

/// A stream of random values.
pub struct Draw(fastrand::Rng);

impl Draw {
    /// The stream for what `about` and `index` name, in a run with this seed.
    pub fn new(seed: u64, about: &[&str], index: u64) -> Self {
        // FNV-1a. The zero byte ends each word, so that ("a", "bc") is another stream than ("ab", "c").
        let words = about.iter().flat_map(|word| word.bytes().chain([0]));
        let bytes = seed.to_le_bytes().into_iter().chain(index.to_le_bytes()).chain(words);
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(fastrand::Rng::with_seed(hash))
    }

    /// Yes in this share of all cases.
    pub fn chance(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }

    /// A value of the range, each as likely as the others.
    pub fn between(&mut self, range: &RangeInclusive<u64>) -> u64 {
        let (low, high) = (*range.start().min(range.end()), *range.start().max(range.end()));
        self.0.u64(low..=high)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A GUID (version 4), lower case with hyphens.
    pub fn guid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.0.u128(..).to_le_bytes()).into_uuid().to_string()
    }

    /// Decimal digits, the first of them not zero.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|place| char::from(b'0' + self.0.u8(u8::from(place == 0)..10))).collect()
    }

    /// Lower-case hex digits.
    pub fn hex(&mut self, count: usize) -> String {
        (0..count).filter_map(|_| char::from_digit(self.0.u32(..16), 16)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_gives_the_same_answer() {
        let first = |seed, about: &[&str], index| Draw::new(seed, about, index).bits();
        assert_eq!(first(1, &["a", "b"], 2), first(1, &["a", "b"], 2));
        for other in [first(2, &["a", "b"], 2), first(1, &["ab", ""], 2), first(1, &["a"], 2), first(1, &["a", "b"], 3)]
        {
            assert_ne!(first(1, &["a", "b"], 2), other);
        }
    }

    #[test]
    fn values_have_their_form_and_share() {
        let mut draw = Draw::new(7, &["form"], 0);
        assert_eq!(draw.guid().len(), 36);
        for _ in 0..100 {
            let digits = draw.digits(19);
            assert!(digits.len() == 19 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'));
            assert!(draw.hex(32).bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!((3..=5).contains(&draw.between(&(3..=5))));
        }
        let yes = (0..10_000).filter(|_| draw.chance(0.2)).count();
        assert!((1_800..2_200).contains(&yes), "{yes} of 10000");
        assert!((0..1000).all(|_| draw.chance(1.0) && !draw.chance(0.0)));
    }
}
