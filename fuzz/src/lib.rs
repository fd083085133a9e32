//! Fuzzing: the properties, and their seeds for libFuzzer.

use std::collections::BTreeSet;
use std::path::Path;

pub mod properties;

/// Most words of a dictionary.
const MOST_WORDS: usize = 2000;

/// Writes the seeds of a target to its corpus, where libFuzzer looks for them when it has started, and the words of the
/// seeds to its dictionary.
pub fn plant(name: &str) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, words) = (package.join("corpus").join(name), package.join("dictionaries"));
    std::fs::create_dir_all(&folder).expect("the corpus can be written");
    std::fs::create_dir_all(&words).expect("the dictionaries can be written");
    let seeds = (properties::find(name).seeds)();
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:03}")), seed).expect("the corpus can be written");
    }
    std::fs::write(words.join(name), dictionary(&seeds)).expect("the dictionaries can be written");
}

/// Names and codes: what a change of single bytes would take for ever to find.
fn dictionary(seeds: &[Vec<u8>]) -> String {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let words = seeds.iter().flat_map(|seed| seed.split(|byte| !is_part(byte)));
    let words: BTreeSet<&[u8]> = words.filter(|word| (3..=40).contains(&word.len())).collect();
    let words = words.iter().filter_map(|word| std::str::from_utf8(word).ok()).take(MOST_WORDS);
    words.map(|word| format!("\"{word}\"\n")).collect()
}
