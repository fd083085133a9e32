//! Huawei Voice Call's digest, which proves who sends and when, but covers nothing of the body.
//!
//! Header `X-AKSK: UsernameToken Username="...", PasswordDigest="...", Nonce="...", Created="..."`, where the digest is
//! `Base64(HMAC-SHA256(appSecret, url + "\n" + nonce + "\n" + created))`, on older pages without the line ends.
//! <https://support.huaweicloud.com/api-VoiceCall/rtc_05_0014.html>
//!
//! `created` ends in `Z`, but the newer page fills in Beijing time: both readings are accepted.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::{Digest, STATUS, Settings};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal};
use crate::vendor::{Explain, Inbound, Kind, Verified};

/// How far a signing time may lie ahead of our clock, seconds.
const AHEAD: i64 = 300;

/// How far Beijing is ahead of UTC, seconds.
pub const BEIJING: u32 = 8 * 3600;

/// The parts of header X-AKSK.
struct Token<'a> {
    username: &'a str,
    digest: &'a str,
    nonce: &'a str,
    created: &'a str,
}

/// Checks header, application, digest and age, in this order.
pub fn verify(
    settings: &Settings,
    secrets: &Secrets,
    inbound: Inbound,
    now: Timestamp,
    explain: &mut Explain,
) -> Result<Verified, Reject> {
    let token = token(&inbound, explain)?;
    if !equal(token.username.as_bytes(), settings.app_key.as_bytes()) {
        explain.fails(|| "Username is not the `app_key` of this source: is it another application's callback?".into());
        return Err(Reject::new(Reason::AccountMismatch, "X-AKSK Username is not the source's `app_key`"));
    }
    explain.holds(|| "Username is the `app_key` of this source".into());
    let created: Timestamp = token.created.parse().map_err(|_| {
        explain.fails(|| "Created is not a time as 2024-03-01T16:00:20Z".into());
        Reject::new(Reason::HeaderInvalid, "X-AKSK Created is not a time as 2024-03-01T16:00:20Z")
    })?;
    check_digest(settings, secrets, inbound.kind, &token, explain)?;
    let sent_at = check_age(settings.freshness_seconds, created.as_second(), now, explain)?;
    Ok(Verified::new(inbound, Instant::from_unix(sent_at)))
}

fn token<'a>(inbound: &'a Inbound, explain: &mut Explain) -> Result<Token<'a>, Reject> {
    let Some(header) = inbound.header("x-aksk") else {
        explain.fails(|| "header X-AKSK is absent, repeated or not text: does a proxy drop it?".into());
        return Err(Reject::new(Reason::HeaderMissing, "header X-AKSK is absent or repeated"));
    };
    explain.holds(|| "header X-AKSK is present".into());
    parse(header).ok_or_else(|| {
        explain.fails(|| {
            "header X-AKSK is not UsernameToken with Username, PasswordDigest, Nonce and Created, each once, in quotes"
                .into()
        });
        Reject::new(Reason::HeaderInvalid, "header X-AKSK is not a UsernameToken with its four parts")
    })
}

/// Reads `UsernameToken name="value", ...`; blanks around commas vary, and unknown names do not matter.
fn parse(header: &str) -> Option<Token<'_>> {
    const NAMES: [&str; 4] = ["Username", "PasswordDigest", "Nonce", "Created"];
    let mut rest = header.trim().strip_prefix("UsernameToken")?.strip_prefix(' ')?;
    let mut values = [None; 4];
    loop {
        let (name, quoted) = rest.split_once('=')?;
        let (value, behind) = quoted.trim_start().strip_prefix('"')?.split_once('"')?;
        if let Some(at) = NAMES.iter().position(|known| *known == name.trim())
            && (value.is_empty() || values[at].replace(value).is_some())
        {
            return None;
        }
        match behind.trim_start() {
            "" => break,
            more => rest = more.strip_prefix(',')?,
        }
    }
    let [username, digest, nonce, created] = values;
    Some(Token { username: username?, digest: digest?, nonce: nonce?, created: created? })
}

fn check_digest(
    settings: &Settings,
    secrets: &Secrets,
    kind: &Kind,
    token: &Token<'_>,
    explain: &mut Explain,
) -> Result<(), Reject> {
    let Some(sent) = BASE64_STANDARD.decode(token.digest).ok().filter(|sent| sent.len() == 32) else {
        explain.fails(|| format!("PasswordDigest has {} characters, 44 of Base64 are due", token.digest.len()));
        return Err(Reject::new(Reason::HeaderInvalid, "X-AKSK PasswordDigest is not Base64 of 32 bytes"));
    };
    let urls = urls(settings, kind);
    if urls.is_empty() {
        explain.fails(|| format!("the source has no `{}_urls`, which are part of the digest", kind.name));
    }
    for (number, url) in urls.iter().enumerate() {
        for form in &settings.digests {
            for (index, secret) in secrets.active().iter().enumerate() {
                let made = form.of(secret, url.expose(), token.nonce, token.created);
                let what = || format!("the {} form with URL {} and secret {}", form.name(), number + 1, index + 1);
                if equal(&made, &sent) {
                    explain.holds(|| format!("{} gives the digest", what()));
                    secrets.proved(index);
                    return Ok(());
                }
                explain.fails(|| format!("{} gives another digest", what()));
            }
        }
    }
    if explain.is_on() {
        hint(settings, secrets, kind, token, &sent, explain);
    }
    Err(Reject::new(Reason::SignatureMismatch, "no active secret and configured URL give X-AKSK PasswordDigest"))
}

/// The URLs that can be part of a kind's digest.
pub fn urls<'a>(settings: &'a Settings, kind: &Kind) -> &'a [Secret] {
    if kind.name == STATUS { &settings.status_urls } else { &settings.fee_urls }
}

impl Digest {
    const ALL: [Self; 2] = [Self::Newline, Self::Concatenated];

    const fn name(self) -> &'static str {
        match self {
            Self::Newline => "newline",
            Self::Concatenated => "concatenated",
        }
    }

    const fn separator(self) -> &'static str {
        match self {
            Self::Newline => "\n",
            Self::Concatenated => "",
        }
    }

    /// The digest in this form.
    pub fn of(self, secret: &Secret, url: &str, nonce: &str, created: &str) -> Vec<u8> {
        mac(secret.expose(), &[url, nonce, created].join(self.separator()))
    }
}

fn mac(secret: &str, text: &str) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.chain_update(text.as_bytes()).finalize().into_bytes().to_vec()
}

/// Takes the reading of `created` (UTC, or Beijing time) that is closer to now. Returns the signing time.
fn check_age(freshness: u32, created: i64, now: Timestamp, explain: &mut Explain) -> Result<i64, Reject> {
    let as_beijing = created.saturating_sub(i64::from(BEIJING));
    let age = |reading: &i64| now.as_second().saturating_sub(*reading);
    let closest = [created, as_beijing].into_iter().min_by_key(|reading| age(reading).abs()).unwrap_or(created);
    let fits = |reading: &i64| freshness == 0 || (-AHEAD..=i64::from(freshness)).contains(&age(reading));
    // The closer one can lie in the future where the other is merely old.
    let Some(sent_at) = [closest, created, as_beijing].into_iter().find(fits) else {
        explain.fails(|| {
            format!(
                "signed {} s ago (Created read as UTC or Beijing time): outside -{AHEAD}..{freshness} s; check both \
                 clocks or `freshness_seconds`",
                age(&closest)
            )
        });
        return Err(Reject::new(Reason::Stale, "X-AKSK Created is outside the freshness window"));
    };
    explain.holds(|| {
        let reading = if sent_at == created { "UTC" } else { "Beijing time" };
        format!("signed {} s ago (Created read as {reading}), within `freshness_seconds = {freshness}`", age(&sent_at))
    });
    Ok(sent_at)
}

/// Looks for the usual mistakes: a URL that differs a little, the form that is not accepted, the other kind's URL.
fn hint(settings: &Settings, secrets: &Secrets, kind: &Kind, token: &Token<'_>, sent: &[u8], explain: &mut Explain) {
    let active = secrets.active();
    let gives = |url: &str| {
        let fits = |secret: &Secret, form: Digest| equal(&form.of(secret, url, token.nonce, token.created), sent);
        active.iter().any(|secret| Digest::ALL.into_iter().any(|form| fits(secret, form)))
    };
    let own = || urls(settings, kind).iter().map(Secret::expose);
    let others = || settings.status_urls.iter().chain(&settings.fee_urls).map(Secret::expose);
    let slash = |url: &str| url.strip_suffix('/').map_or_else(|| format!("{url}/"), str::to_owned);
    let scheme = |url: &str| match url.strip_prefix("https://") {
        Some(rest) => format!("http://{rest}"),
        None => url.replacen("http://", "https://", 1),
    };
    let own_call = |secret: &Secret| equal(&mac(secret.expose(), &[token.nonce, token.created].concat()), sent);
    let cause = if own().any(gives) {
        "the digest has a form that `digests` does not list"
    } else if others().any(gives) {
        "the digest fits the other kind's URL: add it to this kind's list"
    } else if others().any(|url| gives(&slash(url))) {
        "the digest fits the URL with another end: write it exactly as in the vendor's console, slash or none"
    } else if others().any(|url| gives(&scheme(url))) {
        "the digest fits the URL with the other of http and https: write it as in the vendor's console"
    } else if active.iter().any(own_call) {
        "the digest has the form for calls to the platform, not for callbacks"
    } else {
        "no usual mistake explains it: the secret is another one, or the URL is not written as in the vendor's console"
    };
    explain.fails(|| format!("hint: {cause}"));
}

#[cfg(test)]
mod tests;
