//! Requests, explained. See `src/properties/explain.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::explain::check;

libfuzzer_sys::fuzz_target!(init: plant("explain"), |input: &[u8]| check(input));
