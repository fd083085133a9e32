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
    // Letters would be read as keypad digits, and further plus signs be skipped: refuse them instead. Longer texts
    // cannot be numbers.
    let digits = text.strip_prefix('+').unwrap_or(text);
    let plausible =
        text.len() <= 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b' ' | b'-' | b'(' | b')' | b'.'));
    if !plausible {
        return None;
    }
    let number = PHONE_NUMBER_UTIL.parse(text, country.map(|country| country.0)).ok()?;
    let e164 = number.is_valid().then(|| number.format_as(PhoneNumberFormat::E164).into_owned());
    // Some national plans have numbers that are longer than E.164 allows.
    e164.filter(|e164| e164.len() <= "+123456789012345".len())
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
        // Two letters alone are not a country: with `UK` in place of `GB` no number would ever be read.
        text.parse()
            .ok()
            .filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some())
            .map(Self)
            .ok_or_else(|| "is not a country: write two capital letters, as in \"ID\"".to_owned())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn country(text: &str) -> Option<Country> {
        Some(text.parse().expect("a country"))
    }

    /// E.164 of a text that is there.
    fn international(raw: &str) -> Option<String> {
        let phone = Phone::read(raw, Convention::International, None).expect("there is a number");
        assert_eq!(phone.raw, raw, "the vendor's text is kept");
        phone.e164
    }

    fn national(raw: &str, region: Option<Country>) -> Option<String> {
        let phone = Phone::read(raw, Convention::National, region).expect("there is a number");
        assert_eq!(phone.raw, raw, "the vendor's text is kept");
        phone.e164
    }

    #[test]
    fn international_with_and_without_plus() {
        for raw in ["6281200000001", "+6281200000001", " +62 812-0000-0001 ", "62 (812) 0000.0001"] {
            assert_eq!(international(raw).as_deref(), Some("+6281200000001"), "{raw}");
        }
    }

    #[test]
    fn national_needs_a_country_unless_there_is_a_plus() {
        assert_eq!(national("081200000001", country("ID")).as_deref(), Some("+6281200000001"));
        assert_eq!(national("13800138000", country("CN")).as_deref(), Some("+8613800138000"));
        assert_eq!(national("081200000001", None), None);
        assert_eq!(national("+6281200000001", None).as_deref(), Some("+6281200000001"));
        assert_eq!(national("+6281200000001", country("CN")).as_deref(), Some("+6281200000001"));
    }

    #[test]
    fn a_source_country_does_not_change_international_numbers() {
        let phone = Phone::read("081200000001", Convention::International, country("ID")).expect("there is a number");
        assert_eq!(phone.e164, None);
    }

    #[test]
    fn letters_are_not_keypad_digits() {
        for raw in ["+3367a829916", "3367a829916", "+1800FLOWERS", "+6281200000001 ext. 7", "sip:6281200000001@pbx"] {
            assert_eq!(international(raw), None, "{raw}");
        }
    }

    #[test]
    fn what_is_no_valid_number_stays_raw_only() {
        for raw in [
            "10086",
            "110",
            "1001",
            "4930000000000000",
            "138****0000",
            "+",
            "++6281200000001",
            "0",
            "*21#",
            "anonymous",
            "８６１３８",
        ] {
            assert_eq!(international(raw), None, "{raw}");
            assert_eq!(national(raw, country("CN")), None, "{raw}");
        }
        let long = "6281200000001".repeat(10_000);
        assert_eq!(international(&long), None);
    }

    #[test]
    fn empty_text_is_no_number() {
        for raw in ["", " ", "\t\n"] {
            assert_eq!(Phone::read(raw, Convention::International, None), None);
            assert_eq!(Phone::read(raw, Convention::National, country("ID")), None);
        }
    }

    #[test]
    fn debug_is_masked() {
        let phone = Phone::read("+6281200000001", Convention::International, None).expect("there is a number");
        assert_eq!(format!("{phone:?}"), "Phone(masked)");
    }

    #[test]
    fn a_wrong_country_says_how_to_write_one() {
        for text in ["", "IDN", "XX", "UK", "62", "id-ID"] {
            let error = text.parse::<Country>().expect_err("refused");
            assert!(error.contains("two capital letters"), "{error}");
        }
    }

    fn is_e164(text: &str) -> bool {
        let digits = text.strip_prefix('+').unwrap_or_default();
        (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
    }

    proptest! {
        /// Half of the texts look like numbers: those reach the parser.
        #[test]
        fn any_text_is_read_or_kept(raw in prop_oneof!["(?s).{0,40}", r"[0-9+ ().-]{1,34}", r"\+?[1-9][0-9]{6,14}"]) {
            for convention in [Convention::International, Convention::National] {
                match Phone::read(&raw, convention, country("ID")) {
                    Some(phone) => {
                        prop_assert_eq!(&phone.raw, &raw);
                        prop_assert!(phone.e164.as_deref().is_none_or(is_e164), "{:?} gives {:?}", raw, phone.e164);
                    }
                    None => prop_assert!(raw.trim().is_empty()),
                }
            }
        }
    }
}
