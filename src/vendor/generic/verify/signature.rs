//! An HMAC in a header. Standard Webhooks is one form of it:
//! `v1,base64(HMAC-SHA256(key, id + "." + timestamp + "." + body))`, several of them with blanks between.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::settings::{Algorithm, Encoding, HmacHeader, SecretEncoding, StandardWebhooks, five_minutes};
use super::super::time::TimeFormat;
use super::digest::{decode, encode, key, mac};
use super::template::{Pieces, Template};
use super::{Headers, header, header_name, secrets};
use crate::config::{SettingsError, SourceSettings};
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::secret::{Secret, Secrets, equal};
use crate::vendor::{Explain, Inbound, Unsigned};

/// How far a signing time may lie ahead of our clock, seconds; never further than it may lie behind.
const AHEAD: u32 = 300;

/// A scheme with a signature.
pub struct Signature {
    header: &'static str,
    algorithm: Algorithm,
    encoding: Encoding,
    prefix: String,
    separator: Option<String>,
    template: Template,
    time: Option<SigningTime>,
    secret_encoding: SecretEncoding,
    secrets: Secrets,
}

struct SigningTime {
    header: &'static str,
    format: TimeFormat,
    tolerance: u32,
}

impl Signature {
    /// The scheme `standard-webhooks`.
    pub fn standard(settings: &StandardWebhooks, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let name =
            |part: &str| header_name(&format!("{}-{part}", settings.header_prefix), "verify.header_prefix", source);
        let time =
            SigningTime { header: name("timestamp")?, format: TimeFormat::Unix, tolerance: settings.tolerance_seconds };
        let signature = Self {
            header: name("signature")?,
            algorithm: Algorithm::Sha256,
            encoding: Encoding::Base64,
            prefix: "v1,".to_owned(),
            separator: Some(" ".to_owned()),
            template: Template::new(&format!("{{header:{}}}.{{timestamp}}.{{body}}", name("id")?), source)?,
            time: Some(time),
            secret_encoding: SecretEncoding::Whsec,
            secrets: secrets(&settings.secrets, &settings.secret_files, source)?,
        };
        signature.check_keys(source)
    }

    /// The scheme `hmac`.
    pub fn hmac(settings: &HmacHeader, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let template = Template::new(&settings.signed, source)?;
        let header = header_name(&settings.header, "verify.header", source)?;
        if template.headers().any(|name| name == header) {
            return Err(
                source.error("verify.signed", "has the header of the signature itself, which cannot cover itself")
            );
        }
        if settings.separator.as_deref() == Some("") {
            return Err(source.error("verify.separator", "is empty: leave it out when the header holds one signature"));
        }
        let signature = Self {
            header,
            algorithm: settings.algorithm,
            encoding: settings.encoding,
            prefix: settings.prefix.clone(),
            separator: settings.separator.clone(),
            time: signing_time(settings, &template, source)?,
            template,
            secret_encoding: settings.secret_encoding,
            secrets: secrets(&settings.secrets, &settings.secret_files, source)?,
        };
        signature.check_keys(source)
    }

    fn check_keys(self, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let usable = |secret: &Secret| key(self.secret_encoding, secret).is_some_and(|key| !key.is_empty());
        if self.secrets.active().iter().all(usable) {
            return Ok(self);
        }
        let message = match self.secret_encoding {
            SecretEncoding::Whsec => {
                "hold one that is not `whsec_` and Base64; `whpk_` keys belong to the asymmetric form, which is not supported"
            }
            SecretEncoding::Hex => "hold one that is not hex, though `secret_encoding` says so",
            SecretEncoding::Base64 => "hold one that is not Base64, though `secret_encoding` says so",
            SecretEncoding::Text => "hold an empty one",
        };
        Err(source.error("verify.secrets", format!("or its files {message}")))
    }

    /// Checks headers, signature and age, in this order; gives the time of signing.
    pub fn check(&self, inbound: &Inbound, now: Timestamp, explain: &mut Explain) -> Result<Option<Instant>, Reject> {
        let sent = header(inbound, self.header, explain)?;
        let (timestamp, sent_at) = match &self.time {
            Some(time) => time.read(inbound, explain).map(|(text, at)| (text, Some(at)))?,
            None => ("", None),
        };
        let pieces = self.template.of(inbound, timestamp, explain)?;
        self.check_signature(sent, &pieces, &inbound.body, explain)?;
        if let (Some(time), Some(sent_at)) = (&self.time, sent_at) {
            time.check_age(sent_at, now, explain)?;
        }
        Ok(sent_at)
    }

    fn check_signature(
        &self,
        sent: &str,
        pieces: &Pieces<'_>,
        body: &[u8],
        explain: &mut Explain,
    ) -> Result<(), Reject> {
        let signatures = self.signatures(sent);
        if signatures.is_empty() {
            explain.fails(|| self.expected(sent));
            return Err(Reject::new(Reason::HeaderInvalid, format!("header {} holds no such signature", self.header)));
        }
        explain.holds(|| format!("header {} holds {} signature(s) of the right form", self.header, signatures.len()));
        explain.holds(|| {
            let shown = |piece: &Option<&str>| piece.map_or_else(|| format!("({} bytes)", body.len()), str::to_owned);
            format!("string to sign: {}", pieces.iter().map(shown).collect::<String>())
        });
        let active = self.secrets.active();
        for (index, secret) in active.iter().enumerate() {
            let name = self.algorithm.name();
            let Some(key) = key(self.secret_encoding, secret) else {
                explain.fails(|| format!("secret {} cannot be decoded and is left out", index + 1));
                continue;
            };
            let computed = mac(self.algorithm, &key, pieces, body);
            if signatures.iter().any(|sent| equal(&computed, sent)) {
                explain.holds(|| format!("HMAC-{name} with secret {} gives the signature", index + 1));
                self.secrets.proved(index);
                return Ok(());
            }
            explain.fails(|| format!("HMAC-{name} with secret {} gives another signature", index + 1));
        }
        if explain.is_on() {
            self.hint(&active, sent, pieces, body, explain);
        }
        Err(Reject::new(Reason::SignatureMismatch, format!("no active secret gives header {}", self.header)))
    }

    /// The signatures a header holds that have the right form.
    fn signatures(&self, sent: &str) -> Vec<Vec<u8>> {
        let parts: Vec<&str> = match &self.separator {
            Some(separator) => sent.split(separator.as_str()).map(str::trim).collect(),
            None => vec![sent],
        };
        let decoded = parts.into_iter().filter_map(|part| decode(self.encoding, part.strip_prefix(&self.prefix)?));
        decoded.filter(|bytes| bytes.len() == self.algorithm.bytes()).collect()
    }

    /// What the header should look like.
    fn expected(&self, sent: &str) -> String {
        let (kind, length) = match self.encoding {
            Encoding::Hex => ("hex digits", self.algorithm.bytes() * 2),
            Encoding::Base64 => ("characters of Base64", self.algorithm.bytes().div_ceil(3) * 4),
        };
        let form = format!("`{}` and {length} {kind} are due for {}", self.prefix, self.algorithm.name());
        let asymmetric = self.secret_encoding == SecretEncoding::Whsec && sent.contains("v1a,");
        let hint = if asymmetric {
            "; it holds a `v1a` signature, which is the asymmetric form: ask the sender for a `whsec_` secret"
        } else if !sent.starts_with(&self.prefix) && self.separator.is_none() {
            "; it does not begin with `verify.prefix`"
        } else {
            "; compare `algorithm`, `encoding` and `prefix` with what the sender writes"
        };
        format!("header {} has {} characters, {form}{hint}", self.header, sent.len())
    }

    /// Looks for the usual mistakes: how the secret is written, other line ends, a changed body.
    fn hint(&self, active: &[Secret], sent: &str, pieces: &Pieces<'_>, body: &[u8], explain: &mut Explain) {
        let signatures = self.signatures(sent);
        let gives = |encoding: SecretEncoding, body: &[u8]| {
            let keys = active.iter().filter_map(|secret| key(encoding, secret));
            keys.map(|key| mac(self.algorithm, &key, pieces, body))
                .any(|computed| signatures.iter().any(|sent| equal(&computed, sent)))
        };
        let own = self.secret_encoding;
        let trimmed = body.trim_ascii();
        let compact = serde_json::from_slice::<serde_json::Value>(body).map(|json| json.to_string());
        let with_newline = [body, b"\n"].concat();
        let cause = if own != SecretEncoding::Text && gives(SecretEncoding::Text, body) {
            "the signature fits the secret as it stands: the sender does not decode it; use `scheme = \"hmac\"` with \
             `secret_encoding = \"text\"`"
        } else if own != SecretEncoding::Base64 && gives(SecretEncoding::Base64, body) {
            "the signature fits the secret decoded: set `secret_encoding = \"base64\"`"
        } else if own != SecretEncoding::Hex && gives(SecretEncoding::Hex, body) {
            "the signature fits the secret decoded: set `secret_encoding = \"hex\"`"
        } else if trimmed != body && gives(own, trimmed) {
            "the signature fits the body without the blanks around it: something added a line end on the way"
        } else if gives(own, &with_newline) {
            "the signature fits the body with a line end: something cut it off on the way"
        } else if compact.is_ok_and(|compact| gives(own, compact.as_bytes())) {
            "the signature fits the body written without blanks: something reformatted the JSON on the way"
        } else {
            "no usual change explains it: the secret is another one, `signed` differs from what the sender signs, or the \
             body was altered"
        };
        explain.fails(|| format!("hint: {cause}"));
    }

    /// Headers as the sender would write them.
    pub fn sign(&self, request: &Unsigned<'_>) -> Option<Headers> {
        let timestamp = match &self.time {
            Some(time) => time.format.write(request.now)?,
            None => String::new(),
        };
        let key = key(self.secret_encoding, self.secrets.active().first()?)?;
        let pieces = self.template.of_new(&timestamp, request.nonce);
        let digest = mac(self.algorithm, &key, &pieces, request.body.as_bytes());
        let text = encode(self.encoding, &digest);
        let mut headers: Headers = self.template.headers().map(|name| (name, request.nonce.to_owned())).collect();
        headers.extend(self.time.as_ref().map(|time| (time.header, timestamp.clone())));
        headers.push((self.header, format!("{}{text}", self.prefix)));
        Some(headers)
    }

    pub fn replay_window_seconds(&self) -> Option<u32> {
        self.time.as_ref().map(|time| time.tolerance)
    }

    pub fn kept_headers(&self) -> Vec<&'static str> {
        self.template.headers().chain(self.time.as_ref().map(|time| time.header)).collect()
    }

    /// The active secrets.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

fn signing_time(
    settings: &HmacHeader,
    template: &Template,
    source: &SourceSettings<'_>,
) -> Result<Option<SigningTime>, SettingsError> {
    let Some(name) = &settings.timestamp_header else {
        let complaint = if template.has_timestamp() {
            Some(("timestamp_header", "is missing: `signed` has {timestamp}, say which header holds it"))
        } else if settings.tolerance_seconds.is_some() {
            Some((
                "tolerance_seconds",
                "needs `timestamp_header`, and {timestamp} in `signed`: there is no time to check",
            ))
        } else if settings.timestamp_format.is_some() {
            Some(("timestamp_format", "needs `timestamp_header`: there is no time to read"))
        } else {
            None
        };
        return match complaint {
            Some((key, message)) => Err(source.error(&format!("verify.{key}"), message)),
            None => Ok(None),
        };
    };
    if !template.has_timestamp() {
        let message = "lacks {timestamp}: whoever repeats a request could write another time into the header";
        return Err(source.error("verify.signed", message));
    }
    Ok(Some(SigningTime {
        header: header_name(name, "verify.timestamp_header", source)?,
        format: settings.timestamp_format.clone().unwrap_or(TimeFormat::Unix),
        tolerance: settings.tolerance_seconds.unwrap_or(five_minutes()),
    }))
}

impl SigningTime {
    fn read<'a>(&self, inbound: &'a Inbound, explain: &mut Explain) -> Result<(&'a str, Instant), Reject> {
        let text = header(inbound, self.header, explain)?;
        match self.format.read(text, &TimeZone::UTC) {
            Ok(Some(at)) => Ok((text, at)),
            _ => {
                explain.fails(|| format!("header {} is not a time of the configured format", self.header));
                let detail = format!("header {} is not a time of the configured format", self.header);
                Err(Reject::new(Reason::HeaderInvalid, detail))
            }
        }
    }

    fn check_age(&self, sent_at: Instant, now: Timestamp, explain: &mut Explain) -> Result<(), Reject> {
        let age = (now.as_millisecond() - sent_at.as_millis()).div_euclid(1000);
        let tolerance = self.tolerance;
        if tolerance == 0 {
            explain.holds(|| format!("signed {age} s ago; `tolerance_seconds = 0` accepts any age"));
            return Ok(());
        }
        let ahead = i64::from(tolerance.min(AHEAD));
        if (-ahead..=i64::from(tolerance)).contains(&age) {
            explain.holds(|| format!("signed {age} s ago, within `tolerance_seconds = {tolerance}`"));
            return Ok(());
        }
        explain.fails(|| {
            format!("signed {age} s ago: outside -{ahead}..{tolerance} s; check both clocks or `tolerance_seconds`")
        });
        Err(Reject::new(Reason::Stale, format!("header {} is outside `tolerance_seconds`", self.header)))
    }
}
