//! TLS in this process: one provider of cryptography for all of it, and the server's side of the callback listener.

mod files;
mod server;

pub use files::{Pair, Unusable};
pub use server::{Failure, Server};

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// Makes ring the process's provider. Call it before an HTTP client is built; calling it again changes nothing.
pub fn install_provider() {
    // Refused when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
