//! Exactly once: from the inbox to what consumers read.
//!
//! A worker consumes the inbox, decides for every record whether the fact is new, and writes the new ones, the memory
//! of them and the input offsets in one Kafka transaction. Nothing is kept that Kafka does not hold: whoever gets a
//! partition rebuilds its seen-set from the seen topic.

mod decision;
pub mod fact;
mod rebuild;
mod record;
mod seen;
mod setup;
mod stage;
mod transaction;
mod window;
mod worker;

pub use decision::{Decision, decide};
pub use rebuild::rebuild;
pub use seen::{decode, encode};
pub use setup::{Failure, Setup};
pub use stage::Stage;
pub use window::{Remembered, Window};
