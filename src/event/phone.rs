//! Telephone numbers: the vendor's text always, E.164 only when it parses. A number is never guessed.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, enums::Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A telephone number as the vendor wrote it and, when it is a valid international number, as E.164.
///
/// Its `Debug` form is masked: a number never reaches a log line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phone {
    /// The vendor's text, unchanged.
    #[schemars(extend("x-classification" = "personal"))]
    pub raw: String,
    /// E.164 (`+` and at most 15 digits), absent when the text is not a valid number: short codes, extensions,
    /// masked numbers and internal lines stay raw only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-classification" = "personal"), regex(pattern = r"^\+[1-9]\d{1,14}$"))]
    pub e164: Option<String>,
}

/// How a vendor writes numbers that do not start with `+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// Digits with the country calling code first.
    International,
    /// National form of the source's configured country, if it has one.
    National,
}

impl Phone {
    /// Reads a vendor's text. `None` for empty text (the vendor had no number).
    pub fn read(raw: &str, convention: Convention, country: Option<Country>) -> Option<Self> {
        let text = raw.trim();
        if text.is_empty() {
            return None;
        }
        let e164 = match (text.starts_with('+'), convention, country) {
            (true, _, _) => parse(text, None),
            (false, Convention::International, _) => parse(&format!("+{text}"), None),
            (false, Convention::National, Some(country)) => parse(text, Some(country)),
            (false, Convention::National, None) => None,
        };
        Some(Self { raw: raw.to_owned(), e164 })
    }
}

fn parse(text: &str, country: Option<Country>) -> Option<String> {
    // Letters would be read as keypad digits: refuse them instead. Longer texts cannot be numbers.
    let plausible = text.len() <= 32
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b' ' | b'-' | b'(' | b')' | b'.'));
    if !plausible {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(text, country.map(|country| country.0)).ok()?;
    number.is_valid().then(|| number.format_as(PhoneNumberFormat::E164).into_owned())
}

/// Loads the number tables, so that the first delivery does not pay for it.
pub fn warm_up() {
    let _ = Phone::read("+14155550100", Convention::International, None);
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(masked)")
    }
}

/// An ISO 3166-1 alpha-2 country, used only to read numbers in national form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Country(Region);

impl std::str::FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not a country: write two capital letters, as in \"ID\""))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
