//! The sources: what proves their vendor, and where it has to call.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::{Report, count, samples};
use crate::cli::request::{base_url, received};
use crate::clock;
use crate::config::Config;
use crate::reject::Reject;
use crate::source::{Source, Sources};
use crate::vendor::{Explain, Inbound, Kind, Unsigned};

pub(super) fn check(report: &mut Report, config: &Config, sources: &Sources) {
    public_url(report, config);
    if sources.is_empty() {
        report.warn("sources", "none is configured: every callback gets 404", "add a table [sources.NAME]");
    }
    for source in sources.values() {
        proof(report, source);
        for kind in source.vendor.kinds() {
            let url = format!("{}{}", base_url(config), source.path(kind));
            report.ok(&format!("sources.{} {}", source.name, kind.name), &url);
        }
        samples::check(report, source);
    }
}

fn public_url(report: &mut Report, config: &Config) {
    const KEY: &str = "http.public_url";
    match config.http.public_url.as_deref() {
        None => report.warn(KEY, "not set: the URLs below hold the listener's address", "set what vendors call"),
        Some(url) if !url.starts_with("https://") => {
            let fix = match config.http.tls {
                None => "terminate TLS before it, or set http.tls",
                Some(_) => "set https://, which this listener speaks",
            };
            report.warn(KEY, "is not https: anybody on the way can read telephone numbers", fix);
        }
        Some(url) => report.ok(KEY, url),
    }
}

/// What proves that a callback comes from the vendor. Asked of the adapter itself, with a request that proves nothing and
/// with one that is signed.
fn proof(report: &mut Report, source: &Source) {
    let what = format!("sources.{}", source.name);
    let title = source.vendor.title();
    let sample = source.vendor.demo().samples.first().and_then(|(kind, body)| Some((source.kind(kind)?, *body)));
    let Some((kind, body)) = sample.or(source.vendor.kinds().first().map(|kind| (kind, "{}"))) else { return };
    let unsigned = Inbound {
        kind,
        method: Method::POST,
        query: None,
        headers: HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::from_static(body.as_bytes()),
    };
    if source.adapter.verify(unsigned, clock::now(), &mut Explain::off()).is_ok() {
        match (source.path_tokens(), source.limits_addresses()) {
            (0, false) => report.fail(
                &what,
                &format!("{title} signs nothing here: whoever knows the URL can publish"),
                "set path_token_files, and allowed_addresses where the vendor names its addresses",
            ),
            (0, true) => report.warn(
                &what,
                &format!("{title} signs nothing here: only the caller's address proves the vendor"),
                "set path_token_files too",
            ),
            (tokens, _) => report.ok(&what, &format!("{title}, proven by the URL ({})", count(tokens, "path token"))),
        }
        return;
    }
    let mut findings = vec![title.to_owned()];
    let secrets: usize = source.adapter.secrets().iter().map(|(_, secrets)| secrets.active().len()).sum();
    if secrets > 0 {
        findings.push(count(secrets, "active secret"));
    }
    if source.path_tokens() > 0 {
        findings.push(count(source.path_tokens(), "path token"));
    }
    match signed(source, kind, body) {
        None => findings.push("an unsigned request is refused".to_owned()),
        Some(Ok(())) => findings.push("a signed request verifies, an unsigned one is refused".to_owned()),
        Some(Err(reject)) => {
            let finding =
                format!("{}, but a request signed with the first secret is refused: {reject}", findings.join(", "));
            return report.fail(&what, &finding, "compare the settings with the vendor's console");
        }
    }
    report.ok(&what, &findings.join(", "));
}

/// Whether a request signed as the vendor would is accepted; `None` when only the vendor can sign.
fn signed(source: &Source, kind: &'static Kind, body: &str) -> Option<Result<(), Reject>> {
    let now = clock::now();
    let signed = source.adapter.sign(&Unsigned { kind, body, now, nonce: "trunkline-check" })?;
    let inbound = received(kind, &signed);
    Some(source.adapter.verify(inbound, now, &mut Explain::off()).map(drop))
}
