//! Readers of single values: times, numbers, texts of any form.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use trunkline::event::{Convention, Country, Instant, Phone};
use trunkline::vendor::hex::{decode_hex, encode_hex};
use trunkline::vendor::jwt::Token;
use trunkline::vendor::{Explain, REGISTRY, lenient};

/// Zones with and without summer time, on both sides of Greenwich and of the date line.
static ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    let names = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia"];
    names.iter().map(|name| TimeZone::get(name).expect("bundled")).collect()
});

/// How vendors write local times.
const FORMATS: &[&str] = &["%Y/%m/%d,%H:%M:%S:%f", "%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"];

/// Any text, and the JSON value it may be.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    check_times(&text);
    check_numbers(&text);
    check_json(&text);
    if let Some(bytes) = decode_hex(&text) {
        assert_eq!(encode_hex(&bytes), text.to_ascii_lowercase());
    }
    if let Ok(token) = Token::parse(&text, &mut Explain::on()) {
        assert!(!token.is_signed_with(b"a key nobody signs with"), "a token that nobody signed");
    }
}

fn check_times(text: &str) {
    let unix = text.trim().parse().ok().and_then(Instant::from_unix);
    let millis = text.trim().parse().ok().and_then(Instant::from_millis);
    let zoned = ZONES.iter().flat_map(|zone| {
        let local = FORMATS.iter().map(|format| Instant::from_local(text, format, zone));
        local.chain([Instant::from_iso(text, zone)])
    });
    for instant in zoned.chain([unix, millis]).flatten() {
        let written = instant.to_string();
        assert_eq!(written.len(), "2024-03-01T08:00:00.005Z".len(), "{written}");
        assert_eq!(serde_json::from_value::<Instant>(written.clone().into()).expect("reads"), instant, "{written}");
    }
}

fn check_numbers(text: &str) {
    let country: Option<Country> = text.get(..2).and_then(|letters| letters.parse().ok());
    for country in [None, country, "CN".parse().ok(), "ID".parse().ok()] {
        for convention in [Convention::International, Convention::National] {
            let Some(phone) = Phone::read(text, convention, country) else {
                assert!(text.trim().is_empty(), "a text is kept");
                continue;
            };
            assert_eq!(phone.raw, text, "a text is kept as it is");
            let Some(e164) = phone.e164 else { continue };
            let digits = e164.strip_prefix('+').expect("E.164 begins with a plus");
            assert!((2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()), "{e164}");
            let again = Phone::read(&e164, Convention::National, None).expect("a number");
            assert_eq!(again.e164.as_ref(), Some(&e164), "E.164 is read as itself");
        }
    }
}

/// One value, read in each way.
#[derive(Deserialize)]
struct Readers {
    #[serde(deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(deserialize_with = "lenient::number")]
    number: Option<i64>,
    #[serde(deserialize_with = "lenient::boolean")]
    boolean: Option<bool>,
    #[serde(deserialize_with = "lenient::part")]
    part: Option<Vec<Value>>,
}

fn check_json(text: &str) {
    let Ok(value) = lenient::body::<&serde_json::value::RawValue>(text.as_bytes()) else { return };
    let json = format!(r#"{{"text":{value},"number":{value},"boolean":{value},"part":{value}}}"#);
    // What is JSON can fail only by depth, or by a text that is no Unicode.
    let Ok(read) = lenient::object::<Readers>(json.as_bytes()) else { return };
    let raw = value.get();
    if raw.bytes().all(|byte| byte.is_ascii_digit()) && raw.len() <= 18 {
        assert_eq!(read.text.as_deref(), Some(raw), "an id keeps its digits");
        assert_eq!(read.number.map(|number| number.to_string()).as_deref(), Some(raw));
    }
    if raw.starts_with(['{', '[']) {
        assert!(read.text.is_none() && read.number.is_none() && read.boolean.is_none(), "no text in {raw}");
    } else {
        assert!(read.part.is_none(), "no list in {raw}");
    }
    if let Some(text) = lenient::string(value) {
        assert_eq!(serde_json::from_str::<String>(raw).expect("a string"), text);
    }
}

/// Seeds: everything that stands in the vendors' samples, and the forms they write times and numbers in.
pub fn seeds() -> Vec<Vec<u8>> {
    let forms = [
        "2024-12-16T18:41:18.005+08:00",
        "2024-12-16 18:41:18",
        "2024/03/01,08:00:00:005",
        "20241216184118",
        "-000001-12-31T23:59:59Z",
        "1734345678123",
        "+62 (812) 0000-0001",
        "081200000001",
        "CN13800138000",
        "00ffA0",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl",
        r#""\ud83d\ude00 \u0000""#,
        "[1,[2,{}]]",
        "1.0e2",
        "true",
        "null",
    ];
    let mut seeds: Vec<String> = forms.map(str::to_owned).into();
    for vendor in REGISTRY {
        for (_, body) in vendor.demo().samples {
            collect(&serde_json::from_str(body).expect("a sample"), &mut seeds);
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds.into_iter().map(String::into_bytes).collect()
}

fn collect(json: &Value, seeds: &mut Vec<String>) {
    match json {
        Value::Object(members) => members.values().for_each(|value| collect(value, seeds)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, seeds)),
        Value::String(text) => seeds.push(text.clone()),
        scalar => seeds.push(scalar.to_string()),
    }
}
