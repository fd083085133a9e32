//! `trunkline sign`: the requests vendors send.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::Failed;
use crate::clock;
use crate::config::Config;
use crate::source::{self, Source};
use crate::vendor::{Kind, Unsigned};

use super::ConfigFile;

#[derive(clap::Args)]
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
        let kind = kind(&source, &self.kind)?;
        let body = String::from_utf8(read(&self.body)?)
            .map_err(|_| Failed::Running("the body is not UTF-8 and does not fit on a command line".to_owned()))?;
        println!("{}", curl(&source, kind, &body, &base_url(&config))?);
        Ok(())
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
            format!("http://{address}")
        }
    }
}

pub(super) fn find(config: &Config, name: &str) -> Result<Arc<Source>, Failed> {
    let mut sources = source::build(config).map_err(Failed::Configuration)?;
    let known = sources.keys().cloned().collect::<Vec<_>>().join(", ");
    sources
        .remove(name)
        .ok_or_else(|| config.error(&format!("sources.{name}"), format!("is not configured; there are {known}")).into())
}

pub(super) fn kind(source: &Source, name: &str) -> Result<&'static Kind, Failed> {
    source.kind(name).ok_or_else(|| {
        let known = source.vendor.kinds().iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        Failed::Running(format!("{} has no kind `{name}`; there are {known}", source.vendor.title()))
    })
}

/// The bytes of a file, or of standard input for `-`.
pub(super) fn read(path: &PathBuf) -> Result<Vec<u8>, Failed> {
    let failed = |error: std::io::Error| Failed::Running(format!("cannot read {}: {error}", path.display()));
    if path.as_os_str() != "-" {
        return std::fs::read(path).map_err(failed);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
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
