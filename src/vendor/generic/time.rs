//! Times and durations in the forms senders write them.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::event::Instant;

/// From here on a count of seconds is probably one of milliseconds: the year 5138 against 1973.
const SECONDS_END: i64 = 100_000_000_000;

/// How a sender writes times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2024-12-16T10:41:18Z`, with or without an offset.
    #[default]
    Rfc3339,
    /// Seconds since 1970, also with a fraction.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// A pattern as of `strptime`.
    Pattern(String),
}

/// A text that is no time of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl std::str::FromStr for TimeFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "rfc3339" => Ok(Self::Rfc3339),
            "unix" => Ok(Self::Unix),
            "unix_ms" => Ok(Self::UnixMillis),
            _ if text.contains('%') => {
                let format = Self::Pattern(text.to_owned());
                // What the pattern writes it must also read, to the minute at least: jiff takes a date alone for midnight.
                let sample = Timestamp::from_second(1_734_345_678).unwrap_or_default();
                let minute = |millis: i64| millis.div_euclid(60_000);
                match format.write(sample).map(|text| format.read(&text, &TimeZone::UTC)) {
                    Some(Ok(Some(read))) if minute(read.as_millis()) == minute(sample.as_millisecond()) => Ok(format),
                    _ => Err("is not a usable pattern: it needs date and time, as in \"%Y-%m-%d %H:%M:%S\"".to_owned()),
                }
            }
            _ => Err("must be \"rfc3339\", \"unix\", \"unix_ms\" or a pattern as \"%Y-%m-%d %H:%M:%S\"".to_owned()),
        }
    }
}

impl TimeFormat {
    /// Reads a time; one without an offset of its own is in `zone`. `Ok(None)` for zero and negative counts, with which
    /// senders say "did not happen".
    pub fn read(&self, text: &str, zone: &TimeZone) -> Result<Option<Instant>, Unreadable> {
        let text = text.trim();
        let counted = |factor: i64| {
            let count = scaled(text, factor).ok_or(Unreadable)?;
            let plausible = match self {
                Self::Unix => count / 1000 < SECONDS_END,
                _ => count >= SECONDS_END,
            };
            match count {
                ..=0 => Ok(None),
                _ if plausible => Instant::from_millis(count).ok_or(Unreadable).map(Some),
                _ => Err(Unreadable),
            }
        };
        match self {
            Self::Unix => counted(1000),
            Self::UnixMillis => counted(1),
            Self::Rfc3339 => match text.parse::<Timestamp>() {
                Ok(timestamp) => Ok(Some(Instant::new(timestamp))),
                Err(_) => text.parse().map_err(|_| Unreadable).and_then(|local| in_zone(local, zone)),
            },
            Self::Pattern(pattern) => {
                let parts = strtime::parse(pattern, text).map_err(|_| Unreadable)?;
                match parts.to_timestamp().or_else(|_| parts.to_zoned().map(|zoned| zoned.timestamp())) {
                    Ok(timestamp) => Ok(Some(Instant::new(timestamp))),
                    Err(_) => parts.to_datetime().map_err(|_| Unreadable).and_then(|local| in_zone(local, zone)),
                }
            }
        }
    }

    /// Writes a time, in UTC: for signing as the sender does. `None` when a pattern cannot be written.
    pub fn write(&self, time: Timestamp) -> Option<String> {
        match self {
            Self::Rfc3339 => Some(time.to_string()),
            Self::Unix => Some(time.as_second().to_string()),
            Self::UnixMillis => Some(time.as_millisecond().to_string()),
            Self::Pattern(pattern) => strtime::format(pattern, &Zoned::new(time, TimeZone::UTC)).ok(),
        }
    }
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Result<Option<Instant>, Unreadable> {
    local.to_zoned(zone.clone()).map(|zoned| Some(Instant::new(zoned.timestamp()))).map_err(|_| Unreadable)
}

/// A decimal number times `factor` (1 or 1000), cut to a whole number. Never through a float.
pub fn scaled(text: &str, factor: i64) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let thousandths: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let rest = if factor == 1000 { thousandths } else { 0 };
    whole.parse::<i64>().ok()?.checked_mul(factor)?.checked_add(rest)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str, zone: &str) -> Result<Option<String>, Unreadable> {
        let format: TimeFormat = format.parse().expect("a format");
        let zone = TimeZone::get(zone).expect("a zone");
        format.read(text, &zone).map(|instant| instant.map(|instant| instant.to_string()))
    }

    #[test]
    fn every_format() {
        let table = [
            ("unix", "1734345678", "UTC", "2024-12-16T10:41:18.000Z"),
            ("unix", "1734345678.1239", "UTC", "2024-12-16T10:41:18.123Z"),
            ("unix_ms", "1734345678123", "Asia/Jakarta", "2024-12-16T10:41:18.123Z"),
            ("rfc3339", "2024-12-16T10:41:18Z", "Asia/Jakarta", "2024-12-16T10:41:18.000Z"),
            ("rfc3339", "2024-12-16T17:41:18.5+07:00", "UTC", "2024-12-16T10:41:18.500Z"),
            ("rfc3339", "2024-12-16T17:41:18", "Asia/Jakarta", "2024-12-16T10:41:18.000Z"),
            ("%Y-%m-%d %H:%M:%S", " 2024-12-16 18:41:18 ", "Asia/Shanghai", "2024-12-16T10:41:18.000Z"),
            ("%d/%m/%Y %H:%M:%S %z", "16/12/2024 11:41:18 +0100", "Asia/Shanghai", "2024-12-16T10:41:18.000Z"),
            ("%d/%m/%Y %I:%M:%S %p", "16/12/2024 10:41:18 AM", "UTC", "2024-12-16T10:41:18.000Z"),
        ];
        for (format, text, zone, expected) in table {
            assert_eq!(read(format, text, zone), Ok(Some(expected.to_owned())), "{format} {text}");
        }
    }

    #[test]
    fn zero_did_not_happen_and_anything_else_is_unreadable() {
        for (format, text) in [("unix", "0"), ("unix", "-1"), ("unix_ms", "0"), ("unix", "0.0")] {
            assert_eq!(read(format, text, "UTC"), Ok(None), "{format} {text}");
        }
        for (format, text) in [
            ("unix", "1734345678123"),
            ("unix_ms", "1734345678"),
            ("unix", "1e9"),
            ("unix", "soon"),
            ("unix", "99999999999999999999"),
            ("unix", "."),
            ("rfc3339", "16/12/2024"),
            ("rfc3339", "1734345678"),
            ("%Y-%m-%d %H:%M:%S", "2024-12-16"),
            ("%Y-%m-%d %H:%M:%S", "2024-13-16 00:00:00"),
        ] {
            assert_eq!(read(format, text, "UTC"), Err(Unreadable), "{format} {text}");
        }
    }

    #[test]
    fn unusable_formats_are_refused() {
        for text in ["", "iso", "%Y-%m-%d", "%H:%M:%S", "%Y-%m-%d %H:%M:%S %&", "%"] {
            assert!(text.parse::<TimeFormat>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let now = Timestamp::from_second(1_734_345_678).expect("in range");
        for format in ["unix", "unix_ms", "rfc3339", "%Y%m%d%H%M%S"] {
            let format: TimeFormat = format.parse().expect("a format");
            let text = format.write(now).expect("written");
            assert_eq!(format.read(&text, &TimeZone::UTC), Ok(Some(Instant::new(now))), "{text}");
        }
    }

    #[test]
    fn decimals_are_cut_and_never_rounded() {
        assert_eq!(scaled("12.3456", 1000), Some(12_345));
        assert_eq!(scaled("12", 1000), Some(12_000));
        assert_eq!(scaled("-0.5", 1000), Some(-500));
        assert_eq!(scaled("12.9", 1), Some(12));
        assert_eq!(scaled("9223372036854775807", 1000), None);
        assert_eq!(scaled("+1", 1), None);
        assert_eq!(scaled("1.", 1), None);
    }
}
