//! What a source's events tell of telephone numbers.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::{self, SettingsError, SourceSettings};
use crate::event::{Event, Phone};
use crate::secret::{Secret, read_file};
use crate::vendor::hex::encode_hex;

/// Shorter ones could be found by trying: there are few telephone numbers to compare with.
const SHORTEST_KEY: usize = 32;

/// How numbers are told.
pub(crate) enum Numbers {
    Plain,
    Token(Secret),
    Omitted,
}

impl Numbers {
    /// Reads the settings, and whether `raw` is kept, which goes with them.
    pub(super) fn read(settings: &SourceSettings<'_>, common: &config::Source) -> Result<(Self, bool), SettingsError> {
        let numbers = match common.numbers_as {
            config::Numbers::Plain => Self::Plain,
            config::Numbers::Token => Self::Token(key(settings, common)?),
            config::Numbers::Omitted => Self::Omitted,
        };
        let plain = matches!(numbers, Self::Plain);
        if !matches!(numbers, Self::Token(_)) && (common.number_key.is_some() || common.number_key_file.is_some()) {
            return Err(settings.error("numbers_as", "must be \"token\" where there is a key for tokens"));
        }
        if !plain && common.keep_raw == Some(true) {
            return Err(settings.error("keep_raw", "must be off: the vendor's own object holds the numbers"));
        }
        Ok((numbers, common.keep_raw.unwrap_or(plain)))
    }

    /// Whether events are as the vendor's text says.
    pub(super) fn are_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Takes the numbers out of `event`. A second time changes nothing.
    pub(crate) fn conceal(&self, event: &mut Event) {
        if self.are_plain() {
            return;
        }
        event.raw = None;
        let Some(call) = &mut event.call else { return };
        let told = |phone: Phone| if let Self::Token(key) = self { Some(token(key, &phone)) } else { None };
        if let Some(from) = call.from.take() {
            call.from_token = told(from);
        }
        if let Some(to) = call.to.take() {
            call.to_token = told(to);
        }
    }
}

fn key(settings: &SourceSettings<'_>, common: &config::Source) -> Result<Secret, SettingsError> {
    let key = match (&common.number_key, &common.number_key_file) {
        (Some(key), None) => key.clone(),
        (None, Some(path)) => match read_file(path).as_deref() {
            Ok([key]) => key.clone(),
            Ok(_) => return Err(settings.error("number_key_file", "must hold one key: tokens of two keys fit nowhere")),
            Err(error) => return Err(settings.error("number_key_file", error.to_string())),
        },
        (None, None) => return Err(settings.error("number_key_file", "is missing: tokens need a key")),
        (Some(_), Some(_)) => return Err(settings.error("number_key", "and number_key_file exclude each other")),
    };
    if key.expose().len() < SHORTEST_KEY {
        let message = format!("must be at least {SHORTEST_KEY} characters: `openssl rand -hex 32` makes one");
        return Err(settings.error("number_key", message));
    }
    Ok(key)
}

fn token(key: &Secret, phone: &Phone) -> String {
    let number = phone.e164.as_deref().unwrap_or_else(|| phone.raw.trim());
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("a key of any length");
    mac.update(number.as_bytes());
    encode_hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::event::{Call, Convention, Raw};
    use crate::source::{Source, build};

    const KEY: &str = "only-for-tests-only-for-tests-32";

    fn source(settings: &str) -> Result<std::sync::Arc<Source>, String> {
        let toml = format!("[sources.s]\nvendor = \"nxcloud-callbot\"\nuuid = \"u\"\nsecrets = [\"s\"]\n{settings}");
        let sources = build(&Config::from_toml(&toml).expect("readable"));
        sources.map(|mut sources| sources.remove("s").expect("configured")).map_err(|errors| errors[0].to_string())
    }

    fn event() -> Event {
        let phone = |text: &str| Phone::read(text, Convention::International, None);
        let call = Call { id: "c-1".to_owned(), from: phone("10086"), to: phone("6281200000001"), ..Call::default() };
        let raw = serde_json::value::to_raw_value("6281200000001").expect("JSON");
        Event { call: Some(call), raw: Some(Raw(raw)), ..crate::event::tests::sample() }
    }

    #[test]
    fn numbers_are_told_unless_the_source_says_otherwise() {
        assert_eq!(*source("").expect("usable").concealed(&event()), event());
    }

    /// The tokens are those of `openssl dgst -sha256 -hmac KEY`.
    #[test]
    fn tokens_stand_in_place_of_numbers() {
        let source = source(&format!("numbers_as = \"token\"\nnumber_key = \"{KEY}\"")).expect("usable");
        let told = source.concealed(&event()).into_owned();
        let call = told.call.as_ref().expect("a call");
        assert_eq!((&call.from, &call.to, &told.raw), (&None, &None, &None));
        assert_eq!(
            call.from_token.as_deref(),
            Some("cb82658fb9931893b1e8f72d2881070713fa2ad16c9055a4487bedeef6b50eea")
        );
        assert_eq!(call.to_token.as_deref(), Some("bfba6fea6463be1c08b028b6090d82ef38254c64a303d6820505759dd84b62da"));
        assert_eq!(*source.concealed(&told), told, "a second time changes nothing");
        assert_eq!(told.material(), event().material(), "dedup sees no difference");
    }

    #[test]
    fn omitted_numbers_leave_nothing() {
        let told = source("numbers_as = \"omitted\"").expect("usable").concealed(&event()).into_owned();
        let text = serde_json::to_string(&told).expect("JSON");
        assert!(!text.contains("10086") && !text.contains("81200000001") && !text.contains("token"), "{text}");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        for (settings, complaint) in [
            ("numbers_as = \"token\"", "number_key_file (TOML source string): is missing"),
            ("numbers_as = \"token\"\nnumber_key = \"short\"", "at least 32 characters"),
            ("number_key = \"0123456789abcdef0123456789abcdef\"", "numbers_as (TOML source string): must be \"token\""),
            (
                "numbers_as = \"omitted\"\nnumber_key_file = \"/k\"",
                "numbers_as (TOML source string): must be \"token\"",
            ),
            ("numbers_as = \"token\"\nnumber_key_file = \"/nowhere/key\"", "cannot read /nowhere/key"),
            ("numbers_as = \"token\"\nnumber_key_file = \"/k\"\nnumber_key = \"k\"", "exclude each other"),
            ("numbers_as = \"omitted\"\nkeep_raw = true", "keep_raw (TOML source string): must be off"),
        ] {
            let error = source(settings).map(drop).expect_err(settings);
            assert!(error.contains(complaint), "{settings}: {error}");
            assert!(!error.contains("cdef"), "no key in an error");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, format!("{KEY}\n")).expect("written");
        source(&format!("numbers_as = \"token\"\nnumber_key_file = {path:?}")).map(drop).expect("usable");
        std::fs::write(&path, format!("{KEY}\n{KEY}\n")).expect("written");
        let error =
            source(&format!("numbers_as = \"token\"\nnumber_key_file = {path:?}")).map(drop).expect_err("refused");
        assert!(error.contains("must hold one key"), "{error}");
    }
}
