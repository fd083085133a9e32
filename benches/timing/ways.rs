//! Every way a sender can prove itself, and requests that do not.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use trunkline::config::Config;
use trunkline::secret::equal;
use trunkline::source::{Source, build};
use trunkline::vendor::{Explain, Inbound, Signed, TokenRequest, Unsigned};

/// Where a proof is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Only in its first byte.
    First,
    /// Only in its last byte.
    Last,
    /// Everywhere, and differently each time.
    Random,
}

impl Wrong {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::First, Self::Last, Self::Random];

    /// `bytes`, wrong; those before `kept` stay, such as a user's name before the password.
    fn apply(self, bytes: &[u8], kept: usize) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::First => change(&mut bytes[kept], 1),
            Self::Last => bytes.last_mut().into_iter().for_each(|byte| change(byte, 1)),
            Self::Random => bytes[kept..].iter_mut().for_each(|byte| change(byte, fastrand::u8(1..=5))),
        }
        bytes
    }

    fn text(self, text: &str, kept: usize) -> String {
        String::from_utf8(self.apply(text.as_bytes(), kept)).expect("ASCII")
    }
}

/// Digits become digits and letters letters, so that a proof is as quick to read as before.
fn change(byte: &mut u8, by: u8) {
    let turn = |first: u8, count: u8| first + (*byte - first + by) % count;
    *byte = match *byte {
        b'0'..=b'9' => turn(b'0', 10),
        b'a'..=b'f' => turn(b'a', 6),
        b'A'..=b'F' => turn(b'A', 6),
        b'g'..=b'z' => turn(b'g', 20),
        b'G'..=b'Z' => turn(b'G', 20),
        other => other ^ by,
    };
}

/// A refusal that is ready to be made; `true` if it is none.
pub type Attempt = Box<dyn FnOnce() -> bool>;

/// A way to prove oneself.
pub struct Way {
    /// Its name.
    pub name: &'static str,
    /// Makes everything ready, in memory of its own each time: where a request lies must not differ by what is wrong.
    pub prepare: Box<dyn Fn(Wrong) -> Attempt>,
}

/// The ways, controls first.
pub fn ways() -> Vec<Way> {
    let mut ways = vec![
        compared("control: equal, 32 bytes, 1000 times", equal),
        compared("control: a comparison that stops early", |a, b| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| std::hint::black_box(a) == std::hint::black_box(b))
        }),
    ];
    ways.extend([
        signed("nxcloud-callbot MD5", "nxcloud-callbot", "", "call", header("sign", plain)),
        signed("nxcloud-callbot SHA-256", "nxcloud-callbot", "algorithm = \"sha256\"", "call", header("sign", plain)),
        signed("nxcloud-openapi MD5", "nxcloud-openapi", "", "aiagent-call", header("sign", plain)),
        signed("nxcloud-openapi token", "nxcloud-openapi", CDR_TOKEN, "cc-cdr", header("token", plain)),
        signed("huawei-cec signature", "huawei-cec", "", "vn-release", in_body),
        signed("huawei-voicecall digest", "huawei-voicecall", "", "status", header("x-aksk", aksk)),
        signed("tencent-ccc Basic", "tencent-ccc", "", "push", header("authorization", basic)),
        bearer(),
        endpoint(),
        signed("sestek-knovvu token", "sestek-knovvu", "", "result", header("x-trunkline-token", plain)),
        signed("sestek-knovvu Basic", "sestek-knovvu", BASIC, "result", header("authorization", basic)),
        signed("vonage-vcc JWT", "vonage-vcc", "", "events", header("vonage-signature", jwt)),
        signed("vonage-voice JWT", "vonage-voice", "", "events", header("authorization", jwt)),
        signed("generic HMAC", "generic", "", "event", header("x-acme-signature", after_equals)),
        scheme("generic Standard Webhooks", STANDARD_WEBHOOKS, header("webhook-signature", v1)),
        scheme(
            "generic Bearer",
            "scheme = \"bearer\"\nsecrets = [\"demo-token-0123456789abcdef\"]",
            header("authorization", after_blank),
        ),
        scheme(
            "generic header token",
            "scheme = \"bearer\"\nheader = \"x-token\"\nsecrets = [\"demo-token-0123456789abcdef\"]",
            header("x-token", plain),
        ),
        scheme(
            "generic Basic",
            "scheme = \"basic\"\nuser = \"user\"\nsecrets = [\"demo-password-0123456789\"]",
            header("authorization", basic),
        ),
        scheme("generic mTLS subject", MTLS, header("x-subject", plain)),
        path_token(),
        dialer(),
    ]);
    ways
}

const CDR_TOKEN: &str = "cdr_tokens = [\"demo-cdr-token-0123456789\"]";
const BASIC: &str = "tokens = []\nbasic_user = \"user\"\nbasic_passwords = [\"demo-password-0123456789\"]";
const STANDARD_WEBHOOKS: &str =
    "scheme = \"standard-webhooks\"\nsecrets = [\"whsec_ZGVtby1zZWNyZXQtMDEyMzQ1Njc4OQ==\"]";
const MTLS: &str = "scheme = \"mtls\"\nheader = \"x-subject\"\nsubjects = [\"CN=calls.acme.example,O=Acme\"]\nallow_unverified_peer = true";
const TOKEN: &str = "demo-token-0123456789abcdef";

/// The demo source of `vendor` with other settings.
fn source(vendor: &str, settings: &str) -> Arc<Source> {
    let known = trunkline::vendor::find(vendor).expect("a vendor");
    let mut table: toml::Table = known.demo().settings.parse().expect("demo settings");
    table.insert("vendor".to_owned(), vendor.into());
    table.extend(settings.parse::<toml::Table>().expect("TOML"));
    let sources = toml::Table::from_iter([("bench".to_owned(), toml::Value::Table(table))]);
    let text = toml::Table::from_iter([("sources".to_owned(), toml::Value::Table(sources))]).to_string();
    let config = Config::from_toml(&text).unwrap_or_else(|errors| panic!("{errors:?}"));
    build(&config).unwrap_or_else(|errors| panic!("{errors:?}")).remove("bench").expect("configured")
}

/// A `generic` source with another scheme.
fn scheme(name: &'static str, verify: &str, spoil: impl Fn(&mut Signed, Wrong) + 'static) -> Way {
    signed(name, "generic", &format!("[verify]\n{verify}"), "event", spoil)
}

/// A request signed as the vendor would and spoilt then.
fn signed(
    name: &'static str,
    vendor: &str,
    settings: &str,
    kind: &str,
    spoil: impl Fn(&mut Signed, Wrong) + 'static,
) -> Way {
    let source = source(vendor, settings);
    let kind = source.kind(kind).expect("a kind of the vendor");
    let sample = source.vendor.demo().samples.iter().find(|(name, _)| *name == kind.name);
    let body = sample.expect("a sample of the kind").1;
    let now = Timestamp::from_second(1_734_345_678).expect("in range");
    let request = source.adapter.sign(&Unsigned { kind, body, now, nonce: "0123456789abcdef" }).expect("signed");
    assert!(verify(&source, request.received(kind).expect("headers"), now), "{name}: a good one is accepted");
    let prepare = move |wrong| -> Attempt {
        let mut request = request.clone();
        spoil(&mut request, wrong);
        let (source, inbound) = (source.clone(), request.received(kind).expect("headers"));
        Box::new(move || verify(&source, inbound, now))
    };
    Way { name, prepare: Box::new(prepare) }
}

fn verify(source: &Source, inbound: Inbound, now: Timestamp) -> bool {
    source.adapter.verify(inbound, now, &mut Explain::off()).is_ok()
}

fn headers(headers: &[(&'static str, String)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, String)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    };
    headers.iter().map(pair).collect()
}

/// Spoils a header.
fn header(name: &'static str, spoil: fn(&str, Wrong) -> String) -> impl Fn(&mut Signed, Wrong) {
    move |signed, wrong| {
        let found = signed.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = found.unwrap_or_else(|| panic!("a header {name}"));
        *value = spoil(value, wrong);
    }
}

/// Spoils the member `signature`.
fn in_body(signed: &mut Signed, wrong: Wrong) {
    let json: serde_json::Value = serde_json::from_str(&signed.body).expect("JSON");
    let signature = json["signature"].as_str().expect("a signature");
    signed.body = signed.body.replace(signature, &base64(signature, wrong));
}

/// A token or hex digits.
fn plain(text: &str, wrong: Wrong) -> String {
    wrong.text(text, 0)
}

fn after_blank(text: &str, wrong: Wrong) -> String {
    wrong.text(text, text.find(' ').expect("a blank") + 1)
}

fn after_equals(text: &str, wrong: Wrong) -> String {
    wrong.text(text, text.find('=').expect("a prefix") + 1)
}

fn base64(text: &str, wrong: Wrong) -> String {
    STANDARD.encode(wrong.apply(&STANDARD.decode(text).expect("Base64"), 0))
}

fn basic(text: &str, wrong: Wrong) -> String {
    let credential = STANDARD.decode(text.strip_prefix("Basic ").expect("Basic")).expect("Base64");
    let password = credential.iter().position(|byte| *byte == b':').expect("a colon") + 1;
    format!("Basic {}", STANDARD.encode(wrong.apply(&credential, password)))
}

fn jwt(text: &str, wrong: Wrong) -> String {
    let (signed, signature) = text.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(wrong.apply(&signature, 0)))
}

fn v1(text: &str, wrong: Wrong) -> String {
    format!("v1,{}", base64(text.strip_prefix("v1,").expect("version 1"), wrong))
}

fn aksk(text: &str, wrong: Wrong) -> String {
    let (before, rest) = text.split_once("PasswordDigest=\"").expect("a digest");
    let (digest, after) = rest.split_once('"').expect("its end");
    format!("{before}PasswordDigest=\"{}\"{after}", base64(digest, wrong))
}

/// A token of trunkline's own endpoint: what it states is kept, its proof is spoilt.
fn bearer() -> Way {
    let token = |source: &Source| {
        let body =
            br#"{"grant_type":"client_credentials","client_id":"trunkline","client_secret":"demo-password-tencent"}"#;
        let now = Timestamp::from_second(1_734_345_678).expect("in range");
        let asked = TokenRequest { headers: &HeaderMap::new(), body, now, nonce: "0123456789abcdef" };
        let reply = source.adapter.token(&asked).expect("a token endpoint");
        let json: serde_json::Value = serde_json::from_str(&reply.body).expect("JSON");
        json["access_token"].as_str().expect("a token").to_owned()
    };
    let token = token(&source("tencent-ccc", ""));
    let spoil = move |signed: &mut Signed, wrong: Wrong| {
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64url");
        let spoilt = URL_SAFE_NO_PAD.encode(wrong.apply(&bytes, bytes.len() - 32));
        signed.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
        signed.headers.push(("authorization", format!("Bearer {spoilt}")));
    };
    signed("tencent-ccc access token", "tencent-ccc", "", "push", spoil)
}

/// Asking the token endpoint with a wrong password.
fn endpoint() -> Way {
    let source = source("tencent-ccc", "");
    let now = Timestamp::from_second(1_734_345_678).expect("in range");
    let prepare = move |wrong: Wrong| -> Attempt {
        let source = source.clone();
        let headers = headers(&[(
            "authorization",
            basic(&format!("Basic {}", STANDARD.encode("trunkline:demo-password-tencent")), wrong),
        )]);
        Box::new(move || {
            let asked = TokenRequest { headers: &headers, body: b"grant_type=client_credentials", now, nonce: "nonce" };
            source.adapter.token(&asked).is_some_and(|reply| reply.status == StatusCode::OK)
        })
    };
    Way { name: "tencent-ccc token endpoint", prepare: Box::new(prepare) }
}

fn path_token() -> Way {
    let source = source("sestek-knovvu", &format!("path_tokens = [\"{TOKEN}\"]"));
    let prepare = move |wrong: Wrong| -> Attempt {
        let (source, sent) = (source.clone(), plain(TOKEN, wrong));
        Box::new(move || source.check_path_token(Some(&sent)).is_ok())
    };
    Way { name: "path token", prepare: Box::new(prepare) }
}

fn dialer() -> Way {
    let settings = format!("dialer_tokens = [\"{TOKEN}\"]\napi.base_url = \"http://127.0.0.1:9\"\n[poll]");
    let source = source("sestek-knovvu", &settings);
    let prepare = move |wrong: Wrong| -> Attempt {
        let (source, sent) = (source.clone(), after_blank(&format!("Bearer {TOKEN}"), wrong));
        Box::new(move || source.check_dialer(Some(&sent)).is_ok())
    };
    Way { name: "dialer's token", prepare: Box::new(prepare) }
}

/// Two texts, compared a thousand times: a clock of nanoseconds cannot see one comparison.
fn compared(name: &'static str, compare: fn(&[u8], &[u8]) -> bool) -> Way {
    let right = *b"0123456789abcdef0123456789abcdef";
    let prepare = move |wrong: Wrong| -> Attempt {
        let (right, sent) = (right.to_vec(), wrong.apply(&right, 0));
        Box::new(move || (0..1000).any(|_| std::hint::black_box(compare(&right, std::hint::black_box(&sent)))))
    };
    Way { name, prepare: Box::new(prepare) }
}
