//! TLS in this process: one provider of cryptography for all of it.

/// Makes ring the process's provider. Call it before an HTTP client is built; calling it again changes nothing.
pub fn install_provider() {
    // Refused when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
