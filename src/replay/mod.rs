//! Normalising again, with the configuration of today, what was received before.
//!
//! Deliveries nobody understood stand whole in the rejected topic; events stand in the inbox with the vendor's own object
//! in them. `record` turns one such record back into the verified delivery it was, `run` normalises it and asks
//! `forecast` what dedup would make of the result, and `writer` writes that to the inbox like everything else: dedup
//! alone decides what is published, so a replay can be repeated.

pub mod diff;
mod forecast;
mod range;
mod record;
mod run;
mod verdict;
mod writer;

pub use record::{Delivery, From, Skip, delivery};
pub use run::{Ended, Replay, Setup, Wanted};
pub use verdict::{Former, Held, Judged, Replayed, Verdict, What};
pub use writer::Writer;
