//! What the benchmarks that load the real program share.

pub mod connection;
pub mod process;
pub mod request;
