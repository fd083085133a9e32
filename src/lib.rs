//! trunkline receives what telephony vendors say about calls and turns it into one clean Kafka stream.
//!
//! `ARCHITECTURE.md` says how the parts fit together. The modules, from the ground up:

pub mod clock;
pub mod config;
pub mod event;
pub mod reject;
pub mod secret;
pub mod vendor;
