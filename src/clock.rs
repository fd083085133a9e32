//! The only place that reads the wall clock. Everything else is given the time.

use jiff::Timestamp;

/// The current time, UTC.
pub fn now() -> Timestamp {
    Timestamp::now()
}
