//! The configured sources, ready for work.

pub(crate) mod numbers;
mod poll;
mod secrets;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota};
use ipnet::IpNet;
use jiff::tz::TimeZone;

use self::numbers::Numbers;
use crate::config::{self, Config, SettingsError, SourceSettings, suggest};
use crate::event::{Channel, Country, Event, Instant};
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, shown};
use crate::vendor::{self, Adapter, Context, Kind, Poller, Vendor};

/// One configured entry point: a vendor account with its secrets.
pub struct Source {
    /// The name in configuration, URLs and metrics.
    pub name: String,
    /// The vendor.
    pub vendor: &'static dyn Vendor,
    /// The vendor's way of verifying and reading, with the source's settings.
    pub adapter: Box<dyn Adapter>,
    account: String,
    country: Option<Country>,
    time_zone: TimeZone,
    path_tokens: Option<Secrets>,
    allowed_addresses: Vec<IpNet>,
    limiter: Option<DefaultDirectRateLimiter>,
    keep_raw: bool,
    numbers: Numbers,
    poll: Option<config::SourcePoll>,
    dialer_tokens: Option<Secrets>,
}

/// All configured sources, by name.
pub type Sources = BTreeMap<String, Arc<Source>>;

impl Source {
    /// The kind whose callbacks arrive at the path segment `name`.
    pub fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.vendor.kinds().iter().find(|kind| kind.name == name)
    }

    /// What all events of a delivery received at `received_at` have in common.
    pub fn context(&self, channel: Channel, received_at: Instant) -> Context {
        Context {
            source: self.name.clone(),
            vendor: self.vendor.name(),
            account: self.account.clone(),
            country: self.country,
            time_zone: self.time_zone.clone(),
            keep_raw: self.keep_raw,
            channel,
            received_at,
        }
    }

    /// The event as it may be told: with numbers, with tokens in their place, or without.
    pub fn concealed<'a>(&self, event: &'a Event) -> Cow<'a, Event> {
        if self.numbers.are_plain() {
            return Cow::Borrowed(event);
        }
        let mut event = event.clone();
        self.numbers.conceal(&mut event);
        Cow::Owned(event)
    }

    /// The way to ask the vendor, when the source is to.
    pub fn poller(&self) -> Option<&dyn Poller> {
        self.poll.as_ref()?;
        self.adapter.poller()
    }

    /// How to ask the vendor, when the source is to.
    pub fn poll(&self) -> Option<&config::SourcePoll> {
        self.poll.as_ref()
    }

    /// What all events asked for at `received_at` have in common; `None` for a source that does not ask.
    pub fn poll_context(&self, received_at: Instant) -> Option<Context> {
        let mut context = self.context(Channel::Poll, received_at);
        if let Some(account) = self.poller()?.account() {
            account.clone_into(&mut context.account);
        }
        Some(context)
    }

    /// Whether `authorization` is a Bearer token of one of the source's dialers.
    pub fn check_dialer(&self, authorization: Option<&str>) -> Result<(), Reject> {
        let wrong = || Reject::new(Reason::CredentialsWrong, "header Authorization holds no token of a dialer");
        let tokens = self.dialer_tokens.as_ref().ok_or_else(wrong)?;
        let (scheme, sent) = authorization.and_then(|header| header.trim().split_once(' ')).ok_or_else(wrong)?;
        let sent = sent.trim().as_bytes();
        match scheme.eq_ignore_ascii_case("bearer") && tokens.prove(|token| shown(token.expose().as_bytes(), sent)) {
            true => Ok(()),
            false => Err(wrong()),
        }
    }

    /// Path of the callback URL of `kind`; a path token is shown as `{token}`.
    pub fn path(&self, kind: &Kind) -> String {
        match self.path_tokens {
            Some(_) => format!("/v1/callbacks/{}/{{token}}/{}", self.name, kind.name),
            None => format!("/v1/callbacks/{}/{}", self.name, kind.name),
        }
    }

    /// Path of the callback URL of `kind` with the first path token in it: for signing, never for logs.
    pub fn secret_path(&self, kind: &Kind) -> String {
        let token = self.path_tokens.as_ref().and_then(|tokens| tokens.active().first().cloned());
        self.path(kind).replace("{token}", token.as_ref().map_or("", Secret::expose))
    }

    /// Whether the URL's path token (if any) is what this source asks for.
    pub fn check_path_token(&self, sent: Option<&str>) -> Result<(), Reject> {
        let Some(tokens) = &self.path_tokens else {
            return match sent {
                None => Ok(()),
                Some(_) => Err(Reject::new(Reason::KindUnknown, "this source has no path tokens")),
            };
        };
        let sent = sent.unwrap_or_default().as_bytes();
        if tokens.prove(|token| shown(token.expose().as_bytes(), sent)) {
            Ok(())
        } else {
            Err(Reject::new(Reason::PathTokenWrong, "the URL holds no path token of the source"))
        }
    }

    /// Whether only some addresses may call.
    pub fn limits_addresses(&self) -> bool {
        !self.allowed_addresses.is_empty()
    }

    /// Whether `caller` may call here at all.
    pub fn check_address(&self, caller: IpAddr) -> Result<(), Reject> {
        let caller = caller.to_canonical();
        if self.allowed_addresses.is_empty() || self.allowed_addresses.iter().any(|network| network.contains(&caller)) {
            return Ok(());
        }
        Err(Reject::new(Reason::AddressNotAllowed, "the caller's address is not in allowed_addresses"))
    }

    /// Whether the source's rate allows one more delivery now.
    pub fn check_rate(&self) -> Result<(), Reject> {
        match &self.limiter {
            Some(limiter) if limiter.check().is_err() => {
                Err(Reject::new(Reason::RateLimited, "more deliveries than max_per_second"))
            }
            _ => Ok(()),
        }
    }
}

/// TOML of one source of every vendor with made-up secrets, called `VENDOR-demo`: for `trunkline dev`, and for documents
/// that show what each vendor is answered.
pub fn demo_settings() -> String {
    let table = |vendor: &&dyn Vendor| {
        format!("[sources.{0}-demo]\nvendor = \"{0}\"\n{1}\n", vendor.name(), vendor.demo().settings)
    };
    vendor::REGISTRY.iter().map(table).collect()
}

/// Builds every configured source. All complaints are returned at once.
pub fn build(config: &Config) -> Result<Sources, Vec<SettingsError>> {
    let mut sources = Sources::new();
    let mut complaints = Vec::new();
    for name in config.source_names() {
        match build_one(config, name) {
            Ok(source) => drop(sources.insert(name.to_owned(), Arc::new(source))),
            Err(complaint) => complaints.push(complaint),
        }
    }
    if complaints.is_empty() { Ok(sources) } else { Err(complaints) }
}

fn build_one(config: &Config, name: &str) -> Result<Source, SettingsError> {
    let settings = config.source(name);
    let common = settings.common()?;
    let vendor = vendor::find(&common.vendor).ok_or_else(|| {
        let known = suggest(&common.vendor, vendor::REGISTRY.iter().map(|vendor| vendor.name()));
        settings.error("vendor", format!("is not a vendor trunkline knows; {known}"))
    })?;
    let country = match &common.country {
        None => None,
        Some(text) => Some(text.parse().map_err(|message: String| settings.error("country", message))?),
    };
    let time_zone = match &common.time_zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| settings.error("time_zone", "is not an IANA time zone, as \"Asia/Shanghai\" or \"UTC\""))?,
    };
    let adapter = vendor.adapter(&settings)?;
    let window_seconds = u32::from(config.dedup.window_hours) * 3600;
    match adapter.replay_window_seconds() {
        Some(seconds) if seconds > window_seconds => {
            let message = format!(
                "is longer than dedup.window_hours ({}): a request repeated in between would be published twice",
                config.dedup.window_hours
            );
            return Err(settings.error(adapter.replay_window_key(), message));
        }
        _ => {}
    }
    if let Some(poll) = &common.poll {
        poll::check(&settings, poll, adapter.poller(), window_seconds)?;
    }
    let account =
        common.account.clone().or_else(|| adapter.account().map(str::to_owned)).unwrap_or_else(|| name.to_owned());
    if account.is_empty() || account.len() > 128 {
        return Err(settings.error("account", "must be 1 to 128 bytes"));
    }
    let (numbers, keep_raw) = Numbers::read(&settings, &common)?;
    Ok(Source {
        name: name.to_owned(),
        vendor,
        adapter,
        account,
        country,
        time_zone,
        path_tokens: path_tokens(&settings, &common)?,
        allowed_addresses: common.allowed_addresses.clone(),
        limiter: limiter(&settings, &common)?,
        keep_raw,
        numbers,
        dialer_tokens: dialer_tokens(&settings, &common)?,
        poll: common.poll.clone(),
    })
}

fn path_tokens(settings: &SourceSettings<'_>, common: &config::Source) -> Result<Option<Secrets>, SettingsError> {
    if common.path_tokens.is_empty() && common.path_token_files.is_empty() {
        return Ok(None);
    }
    let tokens = Secrets::load(common.path_tokens.clone(), common.path_token_files.clone())
        .map_err(|error| settings.error("path_token_files", error.to_string()))?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let usable = |token: &Secret| token.expose().len() >= 16 && token.expose().bytes().all(legal);
    if !tokens.active().iter().all(usable) {
        let message = "must be at least 16 letters, digits, hyphens or underscores: vendors forbid `=` and `%` in URLs";
        return Err(settings.error("path_tokens", message));
    }
    Ok(Some(tokens))
}

fn limiter(
    settings: &SourceSettings<'_>,
    common: &config::Source,
) -> Result<Option<DefaultDirectRateLimiter>, SettingsError> {
    let Some(rate) = common.max_per_second else { return Ok(None) };
    let rate = NonZeroU32::new(rate).ok_or_else(|| settings.error("max_per_second", "must be at least 1"))?;
    let burst = NonZeroU32::new(common.burst.unwrap_or(rate.get()));
    let burst = burst.ok_or_else(|| settings.error("burst", "must be at least 1"))?;
    Ok(Some(DefaultDirectRateLimiter::direct(Quota::per_second(rate).allow_burst(burst))))
}

fn dialer_tokens(settings: &SourceSettings<'_>, common: &config::Source) -> Result<Option<Secrets>, SettingsError> {
    if common.dialer_tokens.is_empty() && common.dialer_token_files.is_empty() {
        return Ok(None);
    }
    if common.poll.is_none() {
        return Err(settings.error("poll", "is missing: a dialer's calls are of use only when the vendor is asked"));
    }
    let tokens = Secrets::load(common.dialer_tokens.clone(), common.dialer_token_files.clone())
        .map_err(|error| settings.error("dialer_token_files", error.to_string()))?;
    if tokens.active().iter().any(|token| token.expose().len() < 16) {
        return Err(settings.error("dialer_tokens", "must be at least 16 characters"));
    }
    Ok(Some(tokens))
}
