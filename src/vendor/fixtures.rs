//! Every vendor against captured requests: `tests/fixtures/VENDOR/NAME.http`, each with what becomes of it in
//! `NAME.snap`. Numbers, names and secrets in them are made up; they are signed with the secret of [`Vendor::demo`].

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::capture::{self, Captured};
use super::*;
use crate::config::Config;
use crate::event::cloudevents;
use crate::reject::Class;
use crate::source::numbers::Numbers;

/// When the fixtures arrive: 2024-12-16T10:41:18Z, a moment after most of them were signed.
const NOW: i64 = 1_734_345_678;

/// What every vendor must stand. Bodies of 1 MiB are made by [`deep_nesting`] instead of being stored.
const HOSTILE: &[&str] = &[
    "altered-byte",
    "duplicate-keys",
    "missing-header",
    "non-utf8",
    "replayed-old",
    "truncated-body",
    "wrong-key",
    "wrong-types",
];

/// A demo source of a vendor.
struct Source {
    adapter: Box<dyn Adapter>,
    context: Context,
}

impl Source {
    fn new(vendor: &dyn Vendor, name: &str) -> Self {
        let toml = format!("[sources.{name}]\nvendor = \"{}\"\n{}", vendor.name(), vendor.demo().settings);
        let config = Config::from_toml(&toml).expect("demo settings");
        let settings = config.source(name);
        let common = settings.common().expect("demo settings");
        let adapter = vendor.adapter(&settings).expect("demo settings");
        let context = Context {
            source: name.to_owned(),
            vendor: vendor.name(),
            account: common.account.or_else(|| adapter.account().map(str::to_owned)).unwrap_or_else(|| name.to_owned()),
            country: common.country.map(|country| country.parse().expect("a country")),
            time_zone: common.time_zone.map_or(TimeZone::UTC, |name| TimeZone::get(&name).expect("a zone")),
            keep_raw: common.keep_raw.unwrap_or(true),
            channel: Channel::Callback,
            received_at: Instant::new(now()),
        };
        Self { adapter, context }
    }

    fn take(&self, inbound: Inbound) -> (&'static str, Result<Facts, Reject>) {
        match self.adapter.verify(inbound, now(), &mut Explain::off()) {
            Err(reject) => ("refused by verify", Err(reject)),
            Ok(verified) => match self.adapter.normalise(&verified, &self.context) {
                Err(reject) => ("verified, refused by normalise", Err(reject)),
                Ok(facts) => ("accepted", Ok(facts)),
            },
        }
    }
}

/// Reads the secret files of an adapter again; whether anything changed.
pub fn reload(adapter: &dyn Adapter) -> bool {
    adapter.secrets().iter().filter(|(_, secrets)| secrets.reload().expect("readable")).count() > 0
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("in range")
}

fn folder(vendor: &dyn Vendor) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(vendor.name())
}

/// The names of the files with this extension, sorted.
fn names(folder: &Path, extension: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut names: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Where a request goes: `/v1/callbacks/SOURCE/KIND`.
fn address<'a>(vendor: &dyn Vendor, captured: &'a Captured) -> (&'a str, &'static Kind) {
    let path = captured.path.strip_prefix("/v1/callbacks/").expect("a callback path");
    // A path token may stand in between.
    let (source, kind) = (path.split('/').next().expect("a source"), path.rsplit('/').next().expect("a kind"));
    (source, vendor.kinds().iter().find(|known| known.name == kind).expect("a kind of the vendor"))
}

fn outcome(vendor: &dyn Vendor, file: &Path) -> String {
    let captured = capture::parse(&std::fs::read(file).expect("readable")).expect("a request");
    let (source, kind) = address(vendor, &captured);
    let source = Source::new(vendor, source);
    let Captured { method, query, headers, body, .. } = captured;
    let (stage, result) = source.take(Inbound { kind, method, query, headers, body });
    let told = told(&source, kind, &result);
    match result {
        Err(reject) => format!("{stage}: {reject}\n{told}"),
        Ok(Facts { events, hints }) => {
            let hinted = hints.iter().fold(String::new(), |text, hint| text + "hint: " + &hint.call + "\n");
            let text = format!("{stage}, events: {}\n{told}{hinted}", events.len());
            events.iter().fold(text, |text, event| text + &shown(event))
        }
    }
}

/// What the vendor is answered, and how the delivery is counted.
fn told(source: &Source, kind: &Kind, result: &Result<Facts, Reject>) -> String {
    let accepted = |adapter: &dyn Adapter| {
        let reply = adapter.answer(Answer::Accepted);
        format!("{} {}", reply.status.as_u16(), reply.body)
    };
    let (counted, answer) = match result {
        Ok(_) => ("accepted", accepted(&*source.adapter)),
        Err(reject) if reject.reason.class() == Class::NotUnderstood => {
            (reject.reason.as_str(), accepted(&*source.adapter))
        }
        Err(reject) => (reject.reason.as_str(), format!("{} problem", crate::http::status(reject.reason).as_u16())),
    };
    let kind = kind.name;
    format!(
        "answer: {}\ncounted: trunkline_deliveries_total{{kind=\"{kind}\",result=\"{counted}\"}}\n",
        answer.trim_end()
    )
}

/// An event as its record: key, headers, value.
fn shown(event: &Event) -> String {
    let encoded = cloudevents::encode(event, &[]);
    let mut text = format!("\nrecord {}\n", encoded.key);
    for (name, value) in &encoded.headers {
        writeln!(text, "  {name}: {value}").expect("a string takes all");
    }
    text + &serde_json::to_string_pretty(event).expect("an event is JSON") + "\n"
}

#[test]
fn every_fixture_becomes_what_its_snapshot_says() {
    for vendor in REGISTRY {
        let folder = folder(*vendor);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for name in names(&folder, "http") {
            let text = outcome(*vendor, &folder.join(&name).with_extension("http"));
            settings.bind(|| insta::assert_snapshot!(name, text));
        }
    }
}

/// What a replay from the inbox rests on: an event and the headers of its record hold all of the delivery it was made of.
/// Of a list they hold the one entry, which gives the same event again.
#[test]
fn every_event_gives_its_delivery_back() {
    let mut parts = std::collections::BTreeSet::new();
    for vendor in REGISTRY {
        let mut count = 0;
        for name in names(&folder(*vendor), "http") {
            let file = folder(*vendor).join(&name).with_extension("http");
            let captured = capture::parse(&std::fs::read(file).expect("readable")).expect("a request");
            let (source, kind) = address(*vendor, &captured);
            let Source { adapter, context } = Source::new(*vendor, source);
            let Captured { method, query, headers, body, .. } = captured;
            let inbound = Inbound { kind, method, query, headers, body };
            let Ok(verified) = adapter.verify(inbound, now(), &mut Explain::off()) else { continue };
            let Ok(facts) = adapter.normalise(&verified, &context) else { continue };
            let headers = kept::event_headers(&verified, adapter.kept_parameters(), &facts.events);
            let header = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            for event in &facts.events {
                let raw = &event.raw.as_ref().expect("kept").0;
                let body = match header(kept::header::RAW) {
                    None => kept::body(raw),
                    Some(_) => adapter.body_of_part(kind, raw).unwrap_or_else(|| panic!("{name}: no body of a part")),
                };
                if header(kept::header::RAW).is_some() {
                    parts.insert(vendor.name());
                }
                assert_eq!(header(kept::header::KIND).as_deref(), Some(kind.name));
                let kept = kept::Kept {
                    kind,
                    query: header(kept::header::QUERY),
                    headers: HeaderMap::new(),
                    sent_at: header(kept::header::SENT_AT).map(|at| Instant::new(at.parse().expect("a time"))),
                    body,
                };
                let again = adapter.normalise(&kept.verified_when_kept(), &context);
                let again = again.unwrap_or_else(|reject| panic!("{} {name}: {reject}", vendor.name()));
                assert!(again.events.contains(event), "{} {name}: another event", vendor.name());
                count += 1;
            }
        }
        assert!(count > 3, "{} has events", vendor.name());
    }
    // Of these alone an event can hold a part; the others need no way back from one.
    let with_parts = ["generic", "huawei-cec", "huawei-voicecall", "sestek-knovvu"];
    assert!(parts.iter().eq(&with_parts), "{parts:?}");
}

/// Vendors repeat numbers in no other member than those that are concealed.
#[test]
fn an_event_without_numbers_holds_none_of_them() {
    let mut count = 0;
    for vendor in REGISTRY {
        for name in names(&folder(*vendor), "http") {
            let file = folder(*vendor).join(&name).with_extension("http");
            let captured = capture::parse(&std::fs::read(file).expect("readable")).expect("a request");
            let (source, kind) = address(*vendor, &captured);
            let source = Source::new(*vendor, source);
            let Captured { method, query, headers, body, .. } = captured;
            let Ok(facts) = source.take(Inbound { kind, method, query, headers, body }).1 else { continue };
            for mut event in facts.events {
                let call = event.call.clone().unwrap_or_default();
                let phones = [call.from, call.to].into_iter().flatten();
                let digits = phones.map(|phone| phone.raw.chars().filter(char::is_ascii_digit).collect::<String>());
                let digits: Vec<_> = digits.filter(|digits| digits.len() >= 9).collect();
                Numbers::Omitted.conceal(&mut event);
                let encoded = cloudevents::encode(&event, &[]);
                let told = format!("{:?} {}", encoded.headers, String::from_utf8_lossy(&encoded.value));
                assert!(!digits.iter().any(|digits| told.contains(digits)), "{} {name}: {told}", vendor.name());
                count += digits.len();
            }
        }
    }
    assert!(count > 100, "{count} numbers are looked for");
}

#[test]
fn every_vendor_has_the_hostile_fixtures_and_a_snapshot_of_each() {
    for vendor in REGISTRY {
        let folder = folder(*vendor);
        let fixtures = names(&folder, "http");
        for name in HOSTILE {
            assert!(fixtures.iter().any(|fixture| fixture == name), "{} has no fixture {name}", vendor.name());
        }
        assert_eq!(names(&folder, "snap"), fixtures, "a snapshot for each fixture of {}", vendor.name());
        assert!(fixtures.len() > HOSTILE.len(), "{} has fixtures of good deliveries", vendor.name());
    }
}

#[test]
fn the_demo_samples_are_understood() {
    for vendor in REGISTRY {
        let source = Source::new(*vendor, "demo");
        for (kind, body) in vendor.demo().samples {
            let kind = vendor.kinds().iter().find(|known| known.name == *kind).expect("a kind of the vendor");
            let (stage, result) = source.take(signed(&source, kind, body).expect("a demo secret"));
            let facts = result.unwrap_or_else(|reject| panic!("{} {}: {stage}: {reject}", vendor.name(), kind.name));
            assert!(!facts.events.is_empty() || !facts.hints.is_empty());
            for event in facts.events {
                assert!(kind.events.contains(&event.event_type), "{} is in the kind's list", event.event_type.as_str());
            }
        }
    }
}

/// 1 MiB of opening brackets must not exhaust the stack, alone or inside an object.
#[test]
fn deep_nesting() {
    for vendor in REGISTRY {
        let source = Source::new(*vendor, "demo");
        let deep = "[".repeat(1 << 20);
        for kind in vendor.kinds() {
            for body in [deep.clone(), format!("{{\"a\":{deep}"), "{\"a\":".repeat(1 << 18)] {
                // Some vendors sign the fields of the body and cannot sign this at all.
                let Some(inbound) = signed(&source, kind, &body) else { continue };
                let reject = source.take(inbound).1.map(|facts| facts.events.len()).expect_err("refused");
                let proper = [Class::NotUnderstood, Class::Unauthenticated].contains(&reject.reason.class());
                assert!(proper, "{} {}: {reject}", vendor.name(), kind.name);
            }
        }
    }
}

/// A request to the demo source, signed as the vendor would.
fn signed(source: &Source, kind: &'static Kind, body: &str) -> Option<Inbound> {
    let request = Unsigned { kind, body, now: now(), nonce: "nonce-1" };
    Some(source.adapter.sign(&request)?.received(kind).expect("headers"))
}
