//! TLS towards vendors: the files, and how long the certificate still serves.

use jiff::{SignedDuration, Timestamp};

use super::Report;
use crate::config::{ClientAuth, Config};
use crate::tls::Pair;

/// Enough to renew it by hand.
const MARGIN: SignedDuration = SignedDuration::from_hours(14 * 24);

pub(super) fn check(report: &mut Report, config: &Config, now: Timestamp) {
    let Some(settings) = &config.http.tls else { return };
    let pair = match Pair::read(settings) {
        Ok(pair) => pair,
        Err(unusable) => return report.fail(unusable.key, &unusable.finding, unusable.fix),
    };
    const CERT: &str = "http.tls.cert_file";
    match pair.check_validity(now) {
        Err(unusable) => report.fail(unusable.key, &unusable.finding, unusable.fix),
        Ok(()) if pair.expires < now + MARGIN => {
            report.warn(
                CERT,
                &format!("expires at {}, in under 14 days", pair.expires),
                "renew it; no restart is needed",
            );
        }
        Ok(()) => report.ok(CERT, &format!("key and certificate fit, valid until {}", pair.expires)),
    }
    let host = config.http.public_url.as_deref().and_then(|url| url.parse::<http::Uri>().ok());
    if let Some(host) = host.as_ref().and_then(http::Uri::host)
        && !pair.is_for(host.trim_matches(['[', ']']))
    {
        let finding = format!("is not for {host}, the host of http.public_url");
        report.warn(CERT, &finding, "vendors that look refuse the connection: have that name in the certificate");
    }
    if let Some(authorities) = &pair.client_ca {
        let who = match settings.client_auth {
            Some(ClientAuth::Optional) => "a sender may have no certificate",
            Some(ClientAuth::Required) | None => "a sender without certificate is refused",
        };
        let authorities = match authorities.len() {
            1 => "1 authority".to_owned(),
            more => format!("{more} authorities"),
        };
        report.ok("http.tls.client_ca_file", &format!("{authorities}; {who}"));
    }
}
