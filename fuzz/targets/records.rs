//! Records of Kafka, read. See `src/properties/records.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::records::check;

libfuzzer_sys::fuzz_target!(init: plant("records"), |input: &[u8]| check(input));
