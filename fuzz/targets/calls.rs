//! What dialers say, read. See `src/properties/calls.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::calls::check;

libfuzzer_sys::fuzz_target!(init: plant("calls"), |input: &[u8]| check(input));
