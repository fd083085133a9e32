//! `[http]` and `[admin]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

/// The listener vendors call, and its bounds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// Address under which vendors reach this listener, for the callback URLs that are printed.
    pub public_url: Option<String>,
    /// Proxies (CIDR) whose `X-Forwarded-For` is believed: the caller is the last address in it that is no proxy.
    #[schemars(with = "Vec<String>")]
    pub trusted_proxies: Vec<IpNet>,
    /// Largest body, bytes. Larger ones get 413. Must leave room for the event in `kafka.max_message_bytes`.
    pub max_body_bytes: usize,
    /// Requests in flight at a time, and so the memory for bodies; more get 503 and `Retry-After`. Half of them are open to
    /// every source, the others to sources below their fair share. While the processor does not keep up it is fewer.
    pub max_in_flight: usize,
    /// How busy the threads that answer requests may be before fewer are let in, percent of the time: what is let in is then
    /// answered as fast as always. 100 lets in whatever `max_in_flight` allows.
    pub max_busy_percent: u8,
    /// Open connections. One more takes the place of the one that has waited longest for its next request.
    pub max_connections: usize,
    /// How long a sender may take for the head of a request, milliseconds: for the first one from the moment the connection
    /// is open, for later ones from their first byte.
    pub head_timeout_ms: u64,
    /// How long a sender may take for the body of a request, milliseconds.
    pub read_timeout_ms: u64,
    /// How long a sender may leave an answer unread, milliseconds.
    pub write_timeout_ms: u64,
    /// How long a connection may wait for its next request, milliseconds. Keep it above the keep-alive time of the load
    /// balancer in front: a connection closed just when it is used costs a delivery that some vendors never repeat.
    pub idle_timeout_ms: u64,
    /// How long Kafka may take to acknowledge before the vendor is asked to repeat, milliseconds. Keep it below the
    /// vendors' own time limit.
    pub answer_deadline_ms: u64,
    /// Least `Retry-After` of a 503, seconds. Up to twice as much is said, so that those refused together do not come back
    /// together.
    pub retry_after_seconds: u32,
    /// On a stop: how long readiness says no before the listener closes, milliseconds, so that load balancers notice.
    pub drain_delay_ms: u64,
    /// On a stop: how long requests under way may take, milliseconds.
    pub drain_timeout_ms: u64,
    /// TLS of this listener. Its presence switches TLS on.
    pub tls: Option<HttpTls>,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            max_body_bytes: 256 * 1024,
            max_in_flight: 1024,
            max_busy_percent: 85,
            max_connections: 4096,
            head_timeout_ms: 10_000,
            read_timeout_ms: 5_000,
            write_timeout_ms: 5_000,
            idle_timeout_ms: 75_000,
            answer_deadline_ms: 4_000,
            retry_after_seconds: 5,
            drain_delay_ms: 3_000,
            drain_timeout_ms: 10_000,
            tls: None,
        }
    }
}

/// TLS 1.2 and 1.3 towards vendors. The files are read again when they change and on SIGHUP; open connections stay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTls {
    /// PEM file with the certificate chain, the server's own certificate first.
    pub cert_file: PathBuf,
    /// PEM file with the certificate's private key, not encrypted.
    pub key_file: PathBuf,
    /// PEM file with the certificate authorities of client certificates, all of them trusted. Its presence asks senders for a
    /// certificate. It replaces nothing: signatures are checked as before.
    pub client_ca_file: Option<PathBuf>,
    /// Whether a sender without certificate is turned away: `required` (the default) or `optional`. A certificate of
    /// another authority is refused in both cases.
    pub client_auth: Option<ClientAuth>,
    /// How long a TLS handshake may take, milliseconds.
    #[serde(default = "handshake_timeout_ms")]
    pub handshake_timeout_ms: u64,
}

fn handshake_timeout_ms() -> u64 {
    5_000
}

/// Whether senders need a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// One is checked, none is fine.
    Optional,
    /// None is refused.
    Required,
}

impl Http {
    /// `http`, or `https` when this listener terminates TLS.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        for (key, value) in [
            ("http.max_body_bytes", self.max_body_bytes as u64),
            ("http.max_in_flight", self.max_in_flight as u64),
            ("http.max_connections", self.max_connections as u64),
            ("http.head_timeout_ms", self.head_timeout_ms),
            ("http.read_timeout_ms", self.read_timeout_ms),
            ("http.write_timeout_ms", self.write_timeout_ms),
            ("http.idle_timeout_ms", self.idle_timeout_ms),
            ("http.tls.handshake_timeout_ms", self.tls.as_ref().map_or(1, |tls| tls.handshake_timeout_ms)),
        ] {
            if value == 0 {
                complain(key, "must be at least 1".into());
            }
        }
        if !(1..=100).contains(&self.max_busy_percent) {
            complain("http.max_busy_percent", "must be from 1 to 100".into());
        }
        if let Some(HttpTls { client_auth: Some(_), client_ca_file: None, .. }) = self.tls {
            complain(
                "http.tls.client_auth",
                "needs http.tls.client_ca_file: the authorities of the certificates".into(),
            );
        }
        if self.answer_deadline_ms < 100 {
            complain("http.answer_deadline_ms", "must be at least 100: Kafka needs time to acknowledge".into());
        }
    }
}

/// The listener for probes and metrics. Keep it off the Internet.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port.
    pub listen: SocketAddr,
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9090)) }
    }
}
