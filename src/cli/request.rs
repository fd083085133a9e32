//! `trunkline sign` and `trunkline verify`: the requests vendors send.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crate::app::Failed;
use crate::clock;
use crate::config::{Config, SettingsError, suggest};
use crate::event::{Channel, Instant};
use crate::http::media_type;
use crate::reject::Reason;
use crate::source::{self, Source};
use crate::vendor::capture::{self, Captured};
use crate::vendor::{Explain, Inbound, Kind, Signed, Unsigned};

use super::ConfigFile;

const ARGUMENT: &str = "command line";

#[derive(clap::Args)]
#[command(after_help = "The line holds a signature and perhaps a path token: keep it out of logs.")]
pub(super) struct Sign {
    #[command(flatten)]
    config: ConfigFile,
    /// The configured source.
    #[arg(long)]
    source: String,
    /// The kind of callback: last segment of its URL.
    #[arg(long)]
    kind: String,
    /// File with the body, `-` for standard input.
    #[arg(long, default_value = "-", value_name = "FILE")]
    body: PathBuf,
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failed> {
        let config = self.config.load()?;
        let source = find(&config, &self.source)?;
        let kind = kind(&source, &self.kind, ARGUMENT)?;
        let body = String::from_utf8(read(&self.body)?)
            .map_err(|_| Failed::Running("the body is not UTF-8 and does not fit on a command line".to_owned()))?;
        println!("{}", curl(&source, kind, &body, &base_url(&config))?);
        Ok(())
    }
}

#[derive(clap::Args)]
#[command(
    after_help = "The file holds the request line, headers, a blank line and the body, byte for byte as received.\n\
                        Exit codes: 0 verified and understood, 1 not, 2 usage or configuration."
)]
pub(super) struct Verify {
    #[command(flatten)]
    config: ConfigFile,
    /// The configured source.
    #[arg(long)]
    source: String,
    /// The kind of callback; without it, the last segment of the request's path.
    #[arg(long)]
    kind: Option<String>,
    /// When the request came, as `2024-03-01T08:00:00Z`; without it, now.
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// File with the captured HTTP request, `-` for standard input.
    #[arg(default_value = "-", value_name = "FILE")]
    request: PathBuf,
}

impl Verify {
    pub(super) fn run(self) -> Result<ExitCode, Failed> {
        let config = self.config.load()?;
        let source = find(&config, &self.source)?;
        let request = capture::parse(&read(&self.request)?)
            .map_err(|error| Failed::Running(format!("{}: {error}", self.request.display())))?;
        let last = request.path.rsplit('/').next().unwrap_or_default();
        let kind = match &self.kind {
            Some(name) => kind(&source, name, ARGUMENT)?,
            None => kind(&source, last, "last segment of the request's path")?,
        };
        let (text, good) = explain(&source, kind, request, self.at);
        print!("{text}");
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Every step of the verification and what becomes of the delivery; whether it is verified and understood.
fn explain(source: &Source, kind: &'static Kind, request: Captured, at: Option<Timestamp>) -> (String, bool) {
    let mut text = String::new();
    let mut good = true;
    let mut step = |holds: bool, what: &str| {
        let _ = writeln!(text, "{}  {what}", if holds { "ok" } else { "no" });
        good &= holds;
    };
    step(request.method == "POST", &format!("method is {}, callbacks are POSTed", request.method));
    let sent = source.adapter.accepts(&media_type(&request.headers));
    step(sent, if sent { "content-type is one the vendor sends" } else { "content-type is not one the vendor sends" });
    if source.path_tokens() > 0 {
        let holds = source.check_path_token(path_token(&request.path)).is_ok();
        step(
            holds,
            if holds {
                "the path holds a path token of the source"
            } else {
                "the path holds no path token of the source"
            },
        );
    }
    let Captured { method, query, headers, body, .. } = request;
    let mut steps = Explain::on();
    let received = at.unwrap_or_else(clock::now);
    let verified = source.adapter.verify(Inbound { kind, method, query, headers, body }, received, &mut steps);
    for step in steps.steps() {
        let _ = writeln!(text, "{}  {}", if step.holds { "ok" } else { "no" }, step.text);
    }
    let verified = match verified {
        Err(reject) => {
            let _ = writeln!(text, "not verified: {reject}");
            if reject.reason == Reason::Stale && at.is_none() {
                text.push_str("for an old capture, say with --at when it came\n");
            }
            return (text, false);
        }
        Ok(_) if !good => {
            text.push_str("not accepted: what the vendor signs holds, what is checked before does not\n");
            return (text, false);
        }
        Ok(verified) => verified,
    };
    text.push_str("verified\n");
    match source.adapter.normalise(&verified, &source.context(Channel::Callback, Instant::new(received))) {
        Err(reject) => {
            let _ = writeln!(text, "not understood: {reject}");
            (text, false)
        }
        Ok(facts) => {
            for event in &facts.events {
                let outcome = event.outcome.map_or("", |outcome| outcome.as_str());
                let line = format!("{:<19}  {}  {outcome}", event.event_type.as_str(), event.subject);
                let _ = writeln!(text, "{}", line.trim_end());
            }
            if facts.events.is_empty() {
                text.push_str("no event becomes of it\n");
            }
            (text, true)
        }
    }
}

/// The token of `/v1/callbacks/{source}/{token}/{kind}`, also behind a proxy's prefix.
fn path_token(path: &str) -> Option<&str> {
    let (_, rest) = path.rsplit_once("/v1/callbacks/")?;
    match rest.split('/').collect::<Vec<_>>().as_slice() {
        [_, token, _] => Some(token),
        _ => None,
    }
}

/// Address of the callback listener as seen by whoever sends.
pub(super) fn base_url(config: &Config) -> String {
    match &config.http.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let mut address = config.http.listen;
            if address.ip().is_unspecified() {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            format!("{}://{address}", config.http.scheme())
        }
    }
}

pub(super) fn find(config: &Config, name: &str) -> Result<Arc<Source>, Failed> {
    let mut sources = source::build(config).map_err(Failed::Configuration)?;
    let known = suggest(name, sources.keys().map(String::as_str));
    sources
        .remove(name)
        .ok_or_else(|| config.error(&format!("sources.{name}"), format!("is not configured; {known}")).into())
}

/// The kind called `name`, which came from `origin`.
fn kind(source: &Source, name: &str, origin: &str) -> Result<&'static Kind, Failed> {
    source.kind(name).ok_or_else(|| {
        let known = suggest(name, source.vendor.kinds().iter().map(|kind| kind.name));
        let message = format!("{} has no kind `{name}`; {known}", source.vendor.title());
        SettingsError { key: "--kind".to_owned(), origin: origin.to_owned(), message }.into()
    })
}

/// The bytes of a file, or of standard input for `-`.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    let failed = |error: std::io::Error| Failed::Running(format!("cannot read {}: {error}", path.display()));
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A signed request as it arrives.
pub(super) fn received(kind: &'static Kind, signed: &Signed) -> Inbound {
    let headers = signed
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?)));
    Inbound {
        kind,
        method: Method::POST,
        query: Some(signed.query.clone()).filter(|query| !query.is_empty()),
        headers: headers.collect(),
        body: signed.body.clone().into(),
    }
}

/// A curl line that sends `body` as the vendor would.
pub(super) fn curl(source: &Source, kind: &'static Kind, body: &str, base_url: &str) -> Result<String, Failed> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let signed = source
        .adapter
        .sign(&Unsigned { kind, body, now: clock::now(), nonce: &nonce })
        .ok_or_else(|| Failed::Running(format!("source {} has no secret to sign with", source.name)))?;
    let query = if signed.query.is_empty() { String::new() } else { format!("?{}", signed.query) };
    let url = format!("{base_url}{}{query}", source.secret_path(kind));
    let mut line = format!("curl -sS {}", quoted(&url));
    for (name, value) in &signed.headers {
        let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
    }
    let _ = write!(line, " --data-raw {}", quoted(&signed.body));
    Ok(line)
}

/// In single quotes for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
