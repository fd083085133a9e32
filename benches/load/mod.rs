//! What the benchmarks that load the real program share.

pub mod connection;
pub mod figures;
pub mod process;
pub mod request;
