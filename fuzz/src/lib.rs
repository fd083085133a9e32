//! Fuzzing: the properties, and their seeds for libFuzzer.

use std::path::Path;

pub mod properties;

/// Writes the seeds of a target to its corpus, where libFuzzer looks for them when it has started.
pub fn plant(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    std::fs::create_dir_all(&folder).expect("the corpus can be written");
    let target = properties::TARGETS.iter().find(|target| target.name == name).expect("a target");
    for (index, seed) in (target.seeds)().iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:03}")), seed).expect("the corpus can be written");
    }
}
