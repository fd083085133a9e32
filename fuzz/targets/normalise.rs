//! Bodies, signed and read. See `src/properties/normalise.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::normalise::check;

libfuzzer_sys::fuzz_target!(init: plant("normalise"), |input: &[u8]| check(input));
