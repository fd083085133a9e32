//! What every source file keeps to.

use std::path::{Path, PathBuf};

/// The one file that may leave the compiler's checks.
const PLACE: &str = "src/kafka/flush.rs";

/// Written in two halves, so that this file does not find itself.
const WORD: &str = concat!("un", "safe");

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .filter(|path| !path.ends_with("target"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The lines with the word itself or its lint, comments aside.
fn found(text: &str) -> Vec<&str> {
    let code = |line: &str| line.split("//").next().unwrap_or_default().contains(WORD);
    text.lines().filter(|line| code(line)).map(str::trim).collect()
}

#[test]
fn the_compiler_checks_all_but_one_block() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: Vec<_> = ["src", "tests", "benches", "fuzz"].iter().flat_map(|name| sources(&root.join(name))).collect();
    for known in [PLACE, "tests/it/main.rs", "benches/window.rs", "fuzz/targets/verify.rs"] {
        assert!(files.contains(&root.join(known)), "{known} is looked at");
    }
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let expected: &[String] = match path == root.join(PLACE) {
            true => &[
                format!("#[expect({WORD}_code)]"),
                format!(
                    "let result = {WORD} {{ rd_kafka_flush(producer.client().native_ptr(), left.as_millis() as i32) }};"
                ),
            ],
            false => &[],
        };
        assert_eq!(found(&text), expected, "{}", path.display());
    }
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let text = std::fs::read_to_string(root.join(manifest)).expect("readable");
        assert!(text.contains(&format!("\n{WORD}_code = \"deny\"\n")), "{manifest}");
    }
}

#[test]
fn the_search_finds_what_it_should() {
    for line in
        [format!("    {WORD} {{ f() }}"), format!("{WORD} impl Send for X {{}}"), format!("#![allow({WORD}_code)]")]
    {
        assert_eq!(found(&line).len(), 1, "{line}");
    }
    assert!(found(&format!("// as {WORD} code would")).is_empty());
}
