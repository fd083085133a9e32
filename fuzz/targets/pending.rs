//! Records of the pending topic, and the store. See `src/properties/pending.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::pending::check;

libfuzzer_sys::fuzz_target!(init: plant("pending"), |input: &[u8]| check(input));
