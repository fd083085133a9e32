//! The properties that fuzzing checks for hours, for its seeds: every fixture and sample of every vendor.

#[path = "../../fuzz/src/properties/mod.rs"]
mod properties;

use std::panic::catch_unwind;

use properties::{TARGETS, Target};

fn replay(name: &str) {
    let Target { check, seeds, .. } = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let seeds = seeds();
    assert!(seeds.len() > 20, "{name} has seeds");
    for seed in seeds {
        let shown = String::from_utf8_lossy(&seed);
        assert!(catch_unwind(|| check(&seed)).is_ok(), "{name} does not hold for {shown:?}");
    }
}

#[test]
fn explain_holds_for_its_seeds() {
    replay("explain");
}

#[test]
fn normalise_holds_for_its_seeds() {
    replay("normalise");
}

#[test]
fn records_holds_for_its_seeds() {
    replay("records");
}

#[test]
fn values_holds_for_its_seeds() {
    replay("values");
}

#[test]
fn verify_holds_for_its_seeds() {
    replay("verify");
}
