//! Nobody is believed who has not proven it.

use http::StatusCode;
use trunkline::vendor::{Explain, TokenRequest};

use super::subject::{now, pick, request};

/// A request that claims to be a vendor's delivery.
pub fn check(input: &[u8]) {
    let Some((subject, kind, text)) = pick(input) else { return };
    let inbound = request(kind, text);
    if let Ok(verified) = subject.demo.adapter.verify(inbound.clone(), now(), &mut Explain::off()) {
        assert_eq!(verified.body(), &inbound.body, "verified as received");
        assert_eq!(verified.kind().name, kind.name, "verified as received");
    }
    let asked = TokenRequest { headers: &inbound.headers, body: &inbound.body, now: now(), nonce: "nonce-1" };
    subject.demo.adapter.token(&asked);
    if let Some(reply) = subject.stranger.adapter.token(&asked) {
        assert_ne!(reply.status, StatusCode::OK, "a token for somebody without credentials");
    }
    if subject.is_proven(kind) {
        let forged = subject.stranger.adapter.verify(inbound, now(), &mut Explain::off());
        assert!(forged.is_err(), "{} takes a request that nobody signed", subject.demo.name);
    }
}
