//! Requests, verified. See `src/properties/verify.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::verify::check;

libfuzzer_sys::fuzz_target!(init: plant("verify"), |input: &[u8]| check(input));
