//! The simulator takes nothing from the code it is there to test: no vendor's signature, code or shape is read from
//! `crate::vendor`, nor from what stands on it.

use std::path::{Path, PathBuf};

/// Modules that know vendors. `event` and `source` may appear in tests, to compare with.
const FORBIDDEN: &[&str] =
    &["vendor::", "crate::vendor", "dialer::Placing", "crate::dialer", "crate::poll", "Adapter", "Poller"];

fn forbidden(line: &str) -> Option<&'static str> {
    let code = line.split("//").next().unwrap_or_default();
    FORBIDDEN.iter().copied().find(|name| {
        code.match_indices(name).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + name.len()..].chars().next();
            // `crate::simulate::vendors` is the simulator's own.
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_') && after != Some('s')
        })
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .filter(|path| path.file_name().is_some_and(|name| name != "independence.rs"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .collect()
}

#[test]
fn nothing_is_taken_from_the_code_under_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simulate");
    let files = sources(&folder);
    assert!(files.contains(&folder.join("vendors/sestek_knovvu.rs")), "{files:?}");
    let mut found = Vec::new();
    for path in &files {
        for (number, line) in std::fs::read_to_string(path).expect("readable").lines().enumerate() {
            if let Some(name) = forbidden(line) {
                found.push(format!("{}:{}: {name}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "not independent:\n{}", found.join("\n"));
}

#[test]
fn the_search_finds_what_it_should() {
    for line in
        ["use crate::vendor::REGISTRY;", "crate::vendor::hex::encode(x)", "use crate::{vendor::hex};", "dyn Adapter"]
    {
        assert!(forbidden(line).is_some(), "{line}");
    }
    for line in ["use super::vendors::Vendor;", "// unlike crate::vendor", "self.vendor.name()", "mod vendors;"] {
        assert_eq!(forbidden(line), None, "{line}");
    }
}
