//! Every command of the documents, run.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::deployment::Replica;
use super::kafka::Cluster;

/// The lines of the `sh` blocks of a Markdown file, with those that end in a backslash joined.
fn commands(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("readable");
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.replace("\\\n", " ").lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside && !line.is_empty() && !line.starts_with('#') => lines.push(line.to_owned()),
            _ => {}
        }
    }
    lines
}

fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            found.extend(documents(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            found.push(entry);
        }
    }
    found.sort();
    found
}

#[test]
fn every_command_of_the_documents_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makefile = std::fs::read_to_string(root.join("Makefile")).expect("readable");
    let program = Path::new(env!("CARGO_BIN_EXE_trunkline"));
    let path = format!("{}:{}", program.parent().expect("a folder").display(), std::env::var("PATH").expect("set"));
    let prefix = format!("d{}", uuid::Uuid::new_v4().simple());
    let mut environment = vec![
        ("PATH", path),
        ("TRUNKLINE__KAFKA__BROKERS", Cluster::shared().bootstrap().to_owned()),
        ("TRUNKLINE__KAFKA__TOPIC_PREFIX", prefix.clone()),
        ("TRUNKLINE__DEDUP__GROUP", prefix),
        ("TRUNKLINE__HTTP__LISTEN", "127.0.0.1:0".to_owned()),
        ("TRUNKLINE__ADMIN__LISTEN", "127.0.0.1:0".to_owned()),
    ];
    let mut running = Vec::new();
    let files = [vec![root.join("README.md"), root.join("CONTRIBUTING.md")], documents(&root.join("docs"))].concat();
    let mut count = 0;
    for file in files {
        for line in commands(&file) {
            count += 1;
            if let Some(target) = line.strip_prefix("make ") {
                let target = target.split_whitespace().next().expect("a target");
                assert!(makefile.contains(&format!("\n{target}:")), "{}: {line}", file.display());
                continue;
            }
            if line.starts_with("trunkline serve") {
                let mut command = Command::new("bash");
                command.args(["-c", &format!("exec {line}")]).envs(environment.iter().cloned()).current_dir(root);
                let mut replica = Replica::spawn(command);
                replica.wait_ready();
                environment.push(("TRUNKLINE__HTTP__PUBLIC_URL", replica.url()));
                running.push(replica);
                continue;
            }
            let mut command = Command::new("bash");
            command.args(["-o", "pipefail", "-c", &line]).envs(environment.iter().cloned()).current_dir(root);
            let output = command.output().expect("bash");
            let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{}: {line}\n{out}\n{error}", file.display());
        }
    }
    assert!(count >= 7, "the README has commands");
    assert_eq!(running.len(), 1, "and one of them serves");
    assert!(running.iter_mut().all(|replica| replica.stop().success()));
}

/// Tests that documents name as evidence: `module::name` exists, `module::*` and `module::begin…` are some.
#[test]
fn every_test_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = Command::new(std::env::current_exe().expect("a path")).arg("--list").output().expect("listed");
    let list = String::from_utf8(list.stdout).expect("text");
    let tests: Vec<&str> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    let modules: Vec<&str> = tests.iter().filter_map(|test| Some(test.split_once("::")?.0)).collect();
    let files = [vec![root.join("README.md"), root.join("ARCHITECTURE.md")], documents(&root.join("docs"))].concat();
    let mut count = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        for name in text.split('`').skip(1).step_by(2) {
            let Some((module, _)) = name.split_once("::") else { continue };
            if !modules.contains(&module) || name.contains(char::is_whitespace) {
                continue;
            }
            count += 1;
            let found = match name.strip_suffix(['*', '…']) {
                Some(begin) => tests.iter().any(|test| test.starts_with(begin)),
                None => tests.iter().any(|test| *test == name || short(test) == name),
            };
            assert!(found, "{} names {name}", file.display());
        }
    }
    assert!(count > 20, "{count} tests are named");
}

/// The name without the modules in the middle.
fn short(test: &str) -> String {
    let parts: Vec<&str> = test.split("::").collect();
    format!("{}::{}", parts[0], parts[parts.len() - 1])
}
