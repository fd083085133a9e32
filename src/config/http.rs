//! `[http]` and `[admin]`.

use std::net::SocketAddr;

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
    /// Open connections; more wait in the operating system's backlog.
    pub max_connections: usize,
    /// How long a sender may take for the body of a request, milliseconds.
    pub read_timeout_ms: u64,
    /// How long a connection may wait for the whole head of its next request, milliseconds. Keep it above the keep-alive time
    /// of the load balancer in front: a connection closed just when it is used costs a delivery that some vendors never
    /// repeat.
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
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            max_body_bytes: 256 * 1024,
            max_in_flight: 1024,
            max_connections: 4096,
            read_timeout_ms: 5_000,
            idle_timeout_ms: 75_000,
            answer_deadline_ms: 4_000,
            retry_after_seconds: 5,
            drain_delay_ms: 3_000,
            drain_timeout_ms: 10_000,
        }
    }
}

impl Http {
    pub(super) fn check(&self, complain: &mut impl FnMut(&str, String)) {
        if self.max_body_bytes == 0 {
            complain("http.max_body_bytes", "must be at least 1".into());
        }
        if self.max_in_flight == 0 {
            complain("http.max_in_flight", "must be at least 1".into());
        }
        if self.max_connections == 0 {
            complain("http.max_connections", "must be at least 1".into());
        }
        if self.read_timeout_ms == 0 {
            complain("http.read_timeout_ms", "must be at least 1".into());
        }
        if self.idle_timeout_ms == 0 {
            complain("http.idle_timeout_ms", "must be at least 1".into());
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
