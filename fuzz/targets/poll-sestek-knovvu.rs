//! Answers of sestek-knovvu, read. See `src/properties/poll.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::poll::check;

libfuzzer_sys::fuzz_target!(init: plant("poll-sestek-knovvu"), |input: &[u8]| check("sestek-knovvu", input));
