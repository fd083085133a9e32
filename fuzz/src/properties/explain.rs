//! The explainer is the verifier: listening changes no verdict, and tells no secret.

use trunkline::vendor::Explain;

use super::subject::{now, pick, request};

/// A request that claims to be a vendor's delivery.
pub fn check(input: &[u8]) {
    let Some((subject, kind, text)) = pick(input) else { return };
    let inbound = request(kind, text);
    let mut explain = Explain::on();
    let told = subject.demo.adapter.verify(inbound.clone(), now(), &mut explain);
    let silent = subject.demo.adapter.verify(inbound, now(), &mut Explain::off());
    let verdict = told.as_ref().err().map(ToString::to_string);
    assert_eq!(verdict, silent.err().map(|reject| reject.to_string()), "listening changes nothing");
    assert_eq!(explain.steps().last().map(|step| step.holds), Some(told.is_ok()), "the last step is the verdict");
    // What the sender wrote may be repeated to whoever explains it.
    let written = |secret: &str| text.windows(secret.len()).any(|piece| piece == secret.as_bytes());
    for secret in subject.secrets.iter().filter(|secret| !written(secret)) {
        for step in explain.steps() {
            assert!(!step.text.contains(secret.as_str()), "a secret is told: {}", step.text);
        }
        assert!(verdict.as_ref().is_none_or(|text| !text.contains(secret.as_str())), "a secret is told: {verdict:?}");
    }
}
