//! Answers of huawei-cec, read. See `src/properties/poll.rs`.
#![no_main]

use trunkline_fuzz::plant;
use trunkline_fuzz::properties::poll::check;

libfuzzer_sys::fuzz_target!(init: plant("poll-huawei-cec"), |input: &[u8]| check("huawei-cec", input));
