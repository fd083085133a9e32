//! Who is asked about an input: a vendor's demo source, chosen by the input's first bytes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use http::{HeaderMap, Method};
use jiff::Timestamp;
use toml::{Table, Value};
use trunkline::config::Config;
use trunkline::source::{Source, build};
use trunkline::vendor::capture::{self, Captured};
use trunkline::vendor::{Explain, Inbound, Kind, REGISTRY, Unsigned, Vendor};

/// Settings that hold what proves a sender. A path token is none of them: it is checked before a vendor's `verify`.
const SECRETS: &[&str] = &["secrets", "tokens", "cdr_tokens", "credentials", "basic_passwords"];

/// A vendor with its demo source.
pub struct Subject {
    /// The demo source.
    pub demo: Arc<Source>,
    /// The same with other secrets, with which nobody ever signs: whatever it accepts is forged.
    pub stranger: Arc<Source>,
    /// The secrets of the demo source.
    pub secrets: Vec<String>,
    /// The kinds for which the vendor proves itself to `verify`.
    proven: Vec<&'static str>,
}

/// Every vendor of the registry.
pub static SUBJECTS: LazyLock<Vec<Subject>> =
    LazyLock::new(|| REGISTRY.iter().map(|vendor| subject(*vendor)).collect());

/// When all inputs arrive: the fixtures were signed a moment before.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_734_345_678).expect("in range")
}

/// The vendor and the kind that the first two bytes stand for, and the other bytes.
pub fn pick(input: &[u8]) -> Option<(&'static Subject, &'static Kind, &[u8])> {
    let [vendor, kind, rest @ ..] = input else { return None };
    let subject = &SUBJECTS[usize::from(*vendor) % SUBJECTS.len()];
    let kinds = subject.demo.vendor.kinds();
    Some((subject, &kinds[usize::from(*kind) % kinds.len()], rest))
}

impl Subject {
    /// Whether the vendor proves itself to `verify` with a request of this kind.
    pub fn is_proven(&self, kind: &Kind) -> bool {
        self.proven.contains(&kind.name)
    }

    fn tells_strangers(&self, kind: &'static Kind) -> bool {
        let sample = self.demo.vendor.demo().samples.iter().find(|(name, _)| *name == kind.name);
        let body = sample.map_or("{}", |(_, body)| body);
        let Some(request) = signed(&self.demo, kind, body, now(), "nonce-1") else { return false };
        let verify = |source: &Source| source.adapter.verify(request.clone(), now(), &mut Explain::off());
        assert!(verify(&self.demo).is_ok(), "{} takes what it signed itself", self.demo.name);
        verify(&self.stranger).is_err()
    }
}

fn subject(vendor: &'static dyn Vendor) -> Subject {
    let toml = format!("[sources.{0}-demo]\nvendor = \"{0}\"\n{1}", vendor.name(), vendor.demo().settings);
    let mut settings: Table = toml.parse().expect("demo settings");
    let demo = source(&settings);
    let mut secrets = Vec::new();
    settings.iter_mut().for_each(|(_, value)| replace_secrets(value, false, &mut secrets));
    let subject = Subject { demo, stranger: source(&settings), secrets, proven: Vec::new() };
    let proven = vendor.kinds().iter().filter(|kind| subject.tells_strangers(kind)).map(|kind| kind.name).collect();
    let subject = Subject { proven, ..subject };
    assert!(!subject.proven.is_empty(), "{} takes requests of strangers: is its secret in SECRETS?", vendor.name());
    subject
}

fn source(settings: &Table) -> Arc<Source> {
    let config = Config::from_toml(&settings.to_string()).expect("settings");
    let sources = build(&config).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    sources.into_values().next().expect("a source")
}

/// Changes the first character of every secret, which leaves Base64 what it is.
fn replace_secrets(value: &mut Value, is_secret: bool, found: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            table.iter_mut().for_each(|(key, value)| replace_secrets(value, SECRETS.contains(&key.as_str()), found));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace_secrets(value, is_secret, found)),
        Value::String(text) if is_secret => {
            found.push(text.clone());
            let other = if text.starts_with('X') { "Y" } else { "X" };
            text.replace_range(..1, other);
        }
        _ => {}
    }
}

/// A captured request, or, when it is none, a request with nothing but this body.
pub fn request(kind: &'static Kind, text: &[u8]) -> Inbound {
    match capture::parse(text) {
        Ok(Captured { method, query, headers, body, .. }) => Inbound { kind, method, query, headers, body },
        Err(_) => unsigned(kind, text),
    }
}

/// A request without any proof.
pub fn unsigned(kind: &'static Kind, body: &[u8]) -> Inbound {
    let (headers, body) = (HeaderMap::new(), body.to_vec().into());
    Inbound { kind, method: Method::POST, query: None, headers, body }
}

/// A request as the vendor would sign it; `None` when it cannot sign this.
pub fn signed(source: &Source, kind: &'static Kind, body: &str, now: Timestamp, nonce: &str) -> Option<Inbound> {
    Some(source.adapter.sign(&Unsigned { kind, body, now, nonce })?.received(kind).expect("headers"))
}

/// Seeds: every fixture and signed sample, as a whole request.
pub fn requests() -> Vec<Vec<u8>> {
    let fixtures = fixtures().into_iter().map(|(vendor, kind, text)| input(vendor, kind, &without_length(&text)));
    let samples = samples().into_iter().filter_map(|(vendor, kind, body)| {
        let subject = &SUBJECTS[vendor];
        let request = signed(&subject.demo, &subject.demo.vendor.kinds()[kind], body, now(), "nonce-1")?;
        let mut text = format!("POST /?{} HTTP/1.1\n", request.query.unwrap_or_default()).into_bytes();
        for (name, value) in &request.headers {
            text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
        }
        Some(input(vendor, kind, &[&text, b"\n".as_slice(), &request.body].concat()))
    });
    fixtures.chain(samples).collect()
}

/// Seeds: the bodies of every fixture and sample.
pub fn bodies() -> Vec<Vec<u8>> {
    let body = |text: &[u8]| capture::parse(text).map(|captured| captured.body.to_vec()).expect("a request");
    let fixtures = fixtures().into_iter().map(|(vendor, kind, text)| input(vendor, kind, &body(&text)));
    fixtures.chain(samples().into_iter().map(|(vendor, kind, body)| input(vendor, kind, body.as_bytes()))).collect()
}

fn input(vendor: usize, kind: usize, rest: &[u8]) -> Vec<u8> {
    [&[vendor as u8, kind as u8], rest].concat()
}

/// Vendor, kind and body of every sample.
fn samples() -> Vec<(usize, usize, &'static str)> {
    let mut samples = Vec::new();
    for (index, vendor) in REGISTRY.iter().enumerate() {
        let kind = |name: &str| vendor.kinds().iter().position(|kind| kind.name == name).expect("a kind of the vendor");
        samples.extend(vendor.demo().samples.iter().map(|(name, body)| (index, kind(name), *body)));
    }
    samples
}

/// Vendor, kind and text of every captured request.
fn fixtures() -> Vec<(usize, usize, Vec<u8>)> {
    let mut fixtures = Vec::new();
    for (index, vendor) in REGISTRY.iter().enumerate() {
        let files = std::fs::read_dir(folder().join(vendor.name())).expect("fixtures");
        let mut paths: Vec<PathBuf> = files.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
        paths.sort();
        for path in paths {
            let text = std::fs::read(&path).expect("readable");
            let url = capture::parse(&text).expect("a request").path;
            let kind = vendor.kinds().iter().position(|kind| url.ends_with(&format!("/{}", kind.name)));
            fixtures.push((index, kind.expect("a kind of the vendor"), text));
        }
    }
    fixtures
}

/// The fixtures' folder, seen from the package of the tests or from that of the fuzz targets.
fn folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [package.join("tests/fixtures"), package.join("../tests/fixtures")];
    folders.into_iter().find(|folder| folder.is_dir()).expect("fixtures")
}

/// The request without its `Content-Length`, so that a body of another length is still a body.
fn without_length(text: &[u8]) -> Vec<u8> {
    let is_length = |line: &&[u8]| line.to_ascii_lowercase().starts_with(b"content-length:");
    let mut found = false;
    // Only the first: what follows could stand in the body.
    let lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| {
        let drop = !found && is_length(line);
        found |= drop;
        !drop
    });
    lines.flatten().copied().collect()
}
