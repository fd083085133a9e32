//! Every vendor against thousands of damaged deliveries: whatever arrives, `verify` and `normalise` answer and never panic.
//! The seeds are the fixtures and samples; the damage is the same in every run.

use std::path::Path;

use super::*;
use crate::config::Config;
use crate::source;

/// A small generator of pseudo-random numbers (splitmix64), so that a failure can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((number ^ (number >> 31)) % bound.max(1) as u64) as usize
    }
}

/// Cuts, repeats, swaps and overwrites pieces of a body.
fn damage(body: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = body.to_vec();
    for _ in 0..=numbers.below(3) {
        let (from, to) = (numbers.below(bytes.len() + 1), numbers.below(bytes.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match numbers.below(6) {
            0 => bytes.truncate(to),
            1 => drop(bytes.drain(from..to)),
            2 => drop(bytes.splice(to..to, bytes[from..to].to_vec())),
            3 => bytes.iter_mut().skip(from).take(1).for_each(|byte| *byte = numbers.below(256) as u8),
            4 => drop(bytes.splice(from..from, *b"-99999999999999999999e9")),
            _ => {
                let wild: [&[u8]; 8] =
                    [b"null", b"[]", b"{}", b"\"\\u0000\"", b"1e999", b"true", b"\"\"", b"[[{\"a\":0}]]"];
                let colons: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b':').collect();
                let Some(&at) = colons.get(numbers.below(colons.len())) else { continue };
                let end =
                    bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}')).map_or(bytes.len(), |len| at + len);
                drop(bytes.splice(at + 1..end, wild[numbers.below(wild.len())].iter().copied()));
            }
        }
    }
    bytes
}

fn seeds(vendor: &dyn Vendor) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(vendor.name());
    let files = std::fs::read_dir(folder).expect("fixtures").map(|entry| entry.expect("an entry").path());
    let captured = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .filter_map(|path| capture::parse(&std::fs::read(path).expect("readable")).ok())
        .map(|captured| captured.body.to_vec());
    let mut seeds: Vec<_> =
        captured.chain(vendor.demo().samples.iter().map(|(_, body)| body.as_bytes().to_vec())).collect();
    seeds.sort();
    seeds
}

#[test]
fn no_damaged_delivery_of_any_vendor_panics() {
    let now = Timestamp::from_second(1_734_345_678).expect("in range");
    for vendor in REGISTRY {
        let toml = format!("[sources.demo]\nvendor = \"{}\"\n{}", vendor.name(), vendor.demo().settings);
        let config = Config::from_toml(&toml).expect("demo settings");
        let source = source::build(&config).expect("demo settings").remove("demo").expect("configured");
        let context = source.context(Channel::Callback, Instant::new(now));
        let mut numbers = Numbers(7);
        let seeds = seeds(*vendor);
        for round in 0..600 {
            let body = damage(&seeds[round % seeds.len()], &mut numbers);
            for kind in vendor.kinds() {
                // As somebody who knows the secret would send it, so that the damage gets past `verify` where it can.
                let text = String::from_utf8_lossy(&body);
                let signed = source.adapter.sign(&Unsigned { kind, body: &text, now, nonce: "nonce-1" });
                let (query, headers, body) = signed.map_or((None, HeaderMap::new(), body.clone()), |signed| {
                    let header = |(name, value): &(&str, String)| Some((name.parse().ok()?, value.parse().ok()?));
                    let headers: HeaderMap = signed.headers.iter().filter_map(header).collect();
                    (Some(signed.query), headers, signed.body.into_bytes())
                });
                let inbound = Inbound { kind, method: Method::POST, query, headers, body: body.into() };
                if let Ok(verified) = source.adapter.verify(inbound, now, &mut Explain::on())
                    && let Ok(facts) = source.adapter.normalise(&verified, &context)
                {
                    for event in &facts.events {
                        crate::event::cloudevents::encode(event, &[]);
                    }
                }
                // And as it is, whoever sent it.
                if let Ok(facts) = source.adapter.normalise(&Verified::new(raw(kind, &text), None), &context) {
                    assert!(facts.events.iter().all(|event| event.subject.len() <= 1024), "ids have a bound");
                }
            }
        }
    }
}

fn raw(kind: &'static Kind, body: &str) -> Inbound {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Inbound { kind, method: Method::POST, query: None, headers: HeaderMap::new(), body }
}
