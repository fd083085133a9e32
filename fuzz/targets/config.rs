//! Configurations, read. See `src/properties/config.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::config::check;

libfuzzer_sys::fuzz_target!(init: plant("config"), |input: &[u8]| check(input));
