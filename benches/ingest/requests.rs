//! Callbacks of every vendor that pushes them, all of them of different calls, about 600 bytes each.

use trunkline::config::Config;
use trunkline::source::{Sources, build, demo_settings};
use trunkline::vendor::REGISTRY;

use super::servers::{HEADER, proof};
use crate::load::request::{callback, written};

/// Bodies shorter than this are filled up.
const BODY: usize = 600;

/// A vendor's report of the end of a call: which of its samples, and the id of the call in it.
const CALLS: [(&str, usize, &str); 9] = [
    ("nxcloud-callbot", 0, "call-1001"),
    ("nxcloud-openapi", 0, "b1920376-0000-4000-8000-0000000000c1"),
    ("huawei-cec", 0, "1300000000000000101"),
    ("huawei-voicecall", 2, "1200_366_4294967295_20241216104030"),
    ("tencent-ccc", 0, "6bb56a09-2787-40bc-80c5-dc6dab783eff"),
    ("sestek-knovvu", 0, "4f2b9c"),
    ("vonage-vcc", 3, "c0000000-0000-4000-8000-0000000000c1"),
    ("vonage-voice", 3, "63f61863-4a51-4f6b-86e1-46edebcf0001"),
    ("generic", 1, "call-7001"),
];

/// Makes requests, no two about the same call.
pub struct Calls {
    sources: Sources,
    next: u64,
}

/// What a server understands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Each vendor's own.
    Vendors,
    /// The floor's proof, over the same bodies.
    Floor,
}

impl Calls {
    /// Of the demo sources.
    pub fn new() -> Self {
        assert_eq!(CALLS.len(), REGISTRY.len(), "every vendor has its turn");
        let config = Config::from_toml(&demo_settings()).unwrap_or_else(|errors| panic!("{errors:?}"));
        Self { sources: build(&config).unwrap_or_else(|errors| panic!("{errors:?}")), next: 0 }
    }

    /// The next `count` requests, vendor after vendor.
    pub fn take(&mut self, dialect: Dialect, count: usize, path: &str) -> Vec<Vec<u8>> {
        (0..count).map(|_| self.next(dialect, path)).collect()
    }

    fn next(&mut self, dialect: Dialect, path: &str) -> Vec<u8> {
        let (vendor, sample, call) = CALLS[self.next as usize % CALLS.len()];
        let source = &self.sources[&format!("{vendor}-demo")];
        let (kind, body) = source.vendor.demo().samples[sample];
        let fresh = format!("{:019}", self.next);
        self.next += 1;
        let nonce = format!("{:032x}", self.next);
        let (request, body) = callback(source, kind, &filled(&body.trim().replace(call, &fresh)), &nonce);
        match dialect {
            Dialect::Vendors => request,
            Dialect::Floor => {
                let proof = proof(&body);
                written(path, [("content-type", "application/json"), (HEADER, proof.as_str())], &body)
            }
        }
    }
}

/// A body with one more member, which no vendor knows.
fn filled(body: &str) -> String {
    let member = r#""filler":"","#;
    let missing = BODY.saturating_sub(body.len() + member.len());
    if missing == 0 {
        return body.to_owned();
    }
    let member = member.replace("\"\",", &format!("\"{}\",", "x".repeat(missing)));
    body.replacen('{', &format!("{{{member}"), 1)
}
