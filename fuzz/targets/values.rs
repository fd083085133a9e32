//! Single values, read. See `src/properties/values.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::values::check;

libfuzzer_sys::fuzz_target!(init: plant("values"), |input: &[u8]| check(input));
