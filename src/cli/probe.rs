//! `trunkline probe`: whether a running deployment takes what vendors send.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use http::StatusCode;

use crate::app::Failed;
use crate::clock;
use crate::event::{Channel, Instant};
use crate::reject::Class;
use crate::source::{self, Source};
use crate::tls;
use crate::vendor::{Answer, Explain, Kind, Signed, Unsigned};

use super::report::Report;
use super::request::{base_url, find, received};
use super::{ConfigFile, runtime};

/// Of no vendor's shape, so that nothing becomes of it; whoever finds it in the rejected topic knows where it is from.
const BODY: &str = r#"{"trunkline":"probe"}"#;

/// Longer than `http.answer_deadline_ms` should ever be.
const TIMEOUT: Duration = Duration::from_secs(15);

#[derive(clap::Args)]
#[command(
    after_help = "A probe is signed as the vendor signs and says nothing: trunkline writes it to the rejected topic, waits for \
                        Kafka, and answers as always. A probe that would become an event is not sent.\n\n\
                        Exit codes: 0 no FAIL, 1 at least one, 2 usage or configuration."
)]
pub(super) struct Probe {
    #[command(flatten)]
    config: ConfigFile,
    /// Base URL of the callbacks, as `https://callbacks.example.com`. Default: `http.public_url`, or this machine.
    #[arg(long)]
    url: Option<String>,
    /// Only this source; may be given several times.
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
    /// PEM file of certificate authorities to trust beside the public ones.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Probe {
    pub(super) fn run(self) -> Result<ExitCode, Failed> {
        let config = self.config.load()?;
        let sources = match self.sources.is_empty() {
            true => source::build(&config).map_err(Failed::Configuration)?.into_values().collect(),
            false => self.sources.iter().map(|name| find(&config, name)).collect::<Result<Vec<_>, _>>()?,
        };
        let base = self.url.unwrap_or_else(|| base_url(&config));
        let client = client(self.ca_file.as_deref())?;
        let mut report = Report::default();
        if sources.is_empty() {
            report.fail("sources", "none is configured", "add a table [sources.NAME]");
        }
        runtime()?.block_on(async {
            for source in sources {
                let what = format!("sources.{}", source.name);
                let Some((kind, signed)) = harmless(&source) else {
                    let finding = "a probe would become an event, or cannot be signed: not sent";
                    report.warn(&what, finding, "watch its next delivery");
                    continue;
                };
                match post(&client, base.trim_end_matches('/'), &source, kind, &signed).await {
                    Ok((status, body)) => judge(&mut report, &what, &source, status, &body),
                    Err(error) => {
                        report.fail(&what, &format!("no answer: {error}"), "look at the URL and who may reach it")
                    }
                }
            }
        });
        report.end()
    }
}

/// A signed delivery that becomes no event; `None` where none can be made.
fn harmless(source: &Source) -> Option<(&'static Kind, Signed)> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    source.vendor.kinds().iter().find_map(|kind| {
        let now = clock::now();
        let signed = source.adapter.sign(&Unsigned { kind, body: BODY, now, nonce: &nonce })?;
        let verified = source.adapter.verify(received(kind, &signed), now, &mut Explain::off()).ok()?;
        let context = source.context(Channel::Callback, Instant::new(now));
        let harmless = match source.adapter.normalise(&verified, &context) {
            Ok(facts) => facts.events.is_empty() && facts.hints.is_empty(),
            Err(reject) => reject.reason.class() == Class::NotUnderstood,
        };
        harmless.then_some((kind, signed))
    })
}

fn client(ca_file: Option<&Path>) -> Result<reqwest::Client, Failed> {
    tls::install_provider();
    // Secrets go to the address that was named only: no redirect, no proxy of the environment.
    let mut builder =
        reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).no_proxy();
    if let Some(path) = ca_file {
        let unusable = |why: &str| Failed::Running(format!("--ca-file {}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|error| unusable(&error.to_string()))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if authorities.is_empty() {
            return Err(unusable("holds no certificates: give a PEM file"));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(|error| Failed::Running(format!("cannot make an HTTP client: {error}")))
}

async fn post(
    client: &reqwest::Client,
    base: &str,
    source: &Source,
    kind: &Kind,
    signed: &Signed,
) -> Result<(StatusCode, String), String> {
    let query = if signed.query.is_empty() { String::new() } else { format!("?{}", signed.query) };
    let request = client.post(format!("{base}{}{query}", source.secret_path(kind))).body(signed.body.clone());
    let request = signed.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    // The innermost cause: the outer ones show the URL, which can hold a path token.
    let response = request.send().await.map_err(|error| innermost(&error))?;
    let status = response.status();
    Ok((status, response.text().await.map_err(|error| innermost(&error))?))
}

fn innermost(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

/// Says what the answer means.
fn judge(report: &mut Report, what: &str, source: &Source, status: StatusCode, body: &str) {
    let accepted = source.adapter.answer(Answer::Accepted);
    if status == accepted.status && body == accepted.body {
        return report.ok(what, "a signed delivery is taken, as one that says nothing");
    }
    let said = format!("answered {}", status.as_u16());
    let (finding, fix) = match status {
        StatusCode::UNAUTHORIZED if source.limits_addresses() => {
            return report.warn(
                what,
                &said,
                "allowed_addresses keeps this machine out, or the signature does not hold",
            );
        }
        StatusCode::UNAUTHORIZED => ("not believed", "compare secrets and clocks here and there"),
        StatusCode::NOT_FOUND => {
            ("there is no such source", "it runs with another configuration, or something else is at this URL")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("it cannot take anything now", "ask /readyz?verbose of its admin listener for the reason")
        }
        _ => ("not what the vendor hears", "something else is at this URL"),
    };
    report.fail(what, &format!("{said}: {finding}"), fix);
}
