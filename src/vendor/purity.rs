//! Architecture invariant 1: nothing in `vendor/` and `event/` does I/O or reads a clock or randomness.

use std::path::{Path, PathBuf};

/// What reaches the world outside. Each stands where a path or a crate name begins.
const FORBIDDEN: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "clock::",
    "new_v4",
    "now_v7",
    "getrandom",
    "rand",
    "axum",
    "hyper",
    "rdkafka",
    "reqwest",
    "tokio",
];

/// The forbidden name in a line of code; comments do not count.
fn forbidden(line: &str) -> Option<&'static str> {
    let code = line.split("//").next().unwrap_or_default();
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    FORBIDDEN.iter().copied().find(|name| {
        code.match_indices(name).any(|(at, _)| {
            let (before, after) = (code[..at].chars().next_back(), code[at + name.len()..].chars().next());
            !part_of_word(before) && (name.ends_with(':') || !part_of_word(after))
        })
    })
}

/// The Rust files of a folder that are not tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_test = |path: &Path| {
        ["tests", "fixtures", "mutations", "purity"].iter().any(|name| path.file_stem().is_some_and(|s| s == *name))
    };
    entries
        .filter(|path| !is_test(path))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn vendors_and_events_are_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<_> = ["vendor", "event"].iter().flat_map(|folder| sources(&src.join(folder))).collect();
    for known in ["event/key.rs", "vendor/lenient.rs", "vendor/nxcloud_callbot/verify.rs"] {
        assert!(files.contains(&src.join(known)), "{known} is looked at");
    }
    let mut found = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).expect("readable");
        // Tests stand at the end of a file and may do what they like.
        for (number, line) in text.lines().enumerate().take_while(|(_, line)| !line.starts_with("mod tests {")) {
            if let Some(name) = forbidden(line) {
                found.push(format!("{}:{}: {name}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "not pure:\n{}", found.join("\n"));
}

#[test]
fn the_search_finds_what_it_should() {
    for line in [
        "use std::fs;",
        "    let now = Timestamp::now();",
        "use tokio::sync::mpsc;",
        "let x = rand::random();",
        "crate::clock::now()",
        "use std::time::{Duration};",
        "Uuid::new_v4()",
    ] {
        assert!(forbidden(line).is_some(), "{line}");
    }
    for line in
        ["// as std::fs would", "let brand = operand;", "use jiff::Timestamp;", "let random = 1;", "fn axum_like() {}"]
    {
        assert_eq!(forbidden(line), None, "{line}");
    }
}

/// Architecture invariant 2: a delivery is verified by its vendor, or it is read back from a topic of trunkline's own.
#[test]
fn nothing_else_makes_a_verified_delivery() {
    fn calls(folder: &Path, what: &str) -> Vec<String> {
        let all = sources(folder).into_iter().filter(|path| {
            let text = std::fs::read_to_string(path).expect("readable");
            let code = text.lines().take_while(|line| !line.starts_with("mod tests {"));
            code.map(|line| line.split("//").next().unwrap_or_default()).any(|line| line.contains(what))
        });
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut names: Vec<_> = all
            .map(|path| path.strip_prefix(&src).expect("a source").display().to_string())
            .filter(|name| !name.contains("tests/"))
            .collect();
        names.sort();
        names
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (proving, other): (Vec<_>, Vec<_>) =
        calls(&src, "Verified::new(").into_iter().partition(|name| name.ends_with("/verify.rs"));
    assert!(proving.len() >= 8, "every vendor verifies: {proving:?}");
    // A sample has no sender, and nothing but its facts leaves the method that reads it.
    assert_eq!(other, ["vendor/generic/mod.rs", "vendor/kept.rs"]);
    assert_eq!(calls(&src, ".verified_when_kept("), ["replay/record.rs"]);
}
