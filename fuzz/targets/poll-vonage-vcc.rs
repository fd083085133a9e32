//! Answers of vonage-vcc, read. See `src/properties/poll.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::poll::check;

libfuzzer_sys::fuzz_target!(init: plant("poll-vonage-vcc"), |input: &[u8]| check("vonage-vcc", input));
