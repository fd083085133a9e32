//! The properties that fuzzing checks for hours, for its seeds: every fixture and sample of every vendor.

#[path = "../../fuzz/src/properties/mod.rs"]
mod properties;

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use properties::{TARGETS, Target, find};
use trunkline::vendor::REGISTRY;

fn replay(name: &str) {
    let Target { check, seeds, .. } = find(name);
    let seeds = seeds();
    assert!(seeds.len() > 15, "{name} has seeds");
    for seed in seeds {
        let shown = String::from_utf8_lossy(&seed);
        assert!(catch_unwind(|| check(&seed)).is_ok(), "{name} does not hold for {shown:?}");
    }
}

macro_rules! replayed {
    ($($test:ident: $name:literal,)+) => {
        $(#[test]
        fn $test() {
            replay($name);
        })+

        #[test]
        fn every_target_is_replayed_and_can_be_fuzzed() {
            let replayed = BTreeSet::from([$($name),+]);
            let targets: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(targets, replayed);
            let package: toml::Table = include_str!("../../fuzz/Cargo.toml").parse().expect("TOML");
            let programs = package["bin"].as_array().expect("programs").iter();
            assert_eq!(programs.map(|program| program["name"].as_str().expect("a name")).collect::<BTreeSet<_>>(), targets);
        }
    };
}

replayed! {
    calls_holds_for_its_seeds: "calls",
    config_holds_for_its_seeds: "config",
    explain_holds_for_its_seeds: "explain",
    normalise_holds_for_its_seeds: "normalise",
    pending_holds_for_its_seeds: "pending",
    poll_huawei_cec_holds_for_its_seeds: "poll-huawei-cec",
    poll_nxcloud_callbot_holds_for_its_seeds: "poll-nxcloud-callbot",
    poll_sestek_knovvu_holds_for_its_seeds: "poll-sestek-knovvu",
    poll_tencent_ccc_holds_for_its_seeds: "poll-tencent-ccc",
    poll_vonage_vcc_holds_for_its_seeds: "poll-vonage-vcc",
    records_holds_for_its_seeds: "records",
    values_holds_for_its_seeds: "values",
    verify_holds_for_its_seeds: "verify",
}

#[test]
fn every_vendor_that_can_be_asked_has_a_target() {
    for vendor in REGISTRY {
        let settings = vendor.settings_schema(&mut schemars::SchemaGenerator::default()).to_value();
        let can_be_asked = !settings["properties"]["api"].is_null();
        let has_target = TARGETS.iter().any(|target| target.name == format!("poll-{}", vendor.name()));
        assert_eq!(has_target, can_be_asked, "{}", vendor.name());
    }
}
