//! Points in time as events carry them: RFC 3339, UTC, milliseconds.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// 0000-01-01, Unix time in milliseconds: RFC 3339 can write nothing before it.
const FIRST: i64 = -62_167_219_200_000;

/// A point in time with millisecond precision, written `2024-03-01T08:00:00.005Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

impl Instant {
    /// Cut to milliseconds (towards the past). What lies before the year 0 becomes its start.
    pub fn new(timestamp: Timestamp) -> Self {
        let millis = timestamp.as_nanosecond().div_euclid(1_000_000);
        let millis = i64::try_from(millis).unwrap_or(FIRST).max(FIRST);
        Self(Timestamp::from_millisecond(millis).unwrap_or(timestamp))
    }

    /// Unix time in milliseconds; `None` for what RFC 3339 cannot write.
    pub fn from_millis(millis: i64) -> Option<Self> {
        Timestamp::from_millisecond(millis).ok().filter(|_| millis >= FIRST).map(Self)
    }

    /// A vendor's Unix time in seconds, or in milliseconds when it is too large to be seconds (the border,
    /// 10^11, is the year 5138 in seconds and 1973 in milliseconds). Zero and negative values mean "did not
    /// happen" and give `None`.
    pub fn from_unix(value: i64) -> Option<Self> {
        match value {
            ..=0 => None,
            1..100_000_000_000 => Self::from_millis(value * 1000),
            _ => Self::from_millis(value),
        }
    }

    /// A vendor's date and time that names no zone, as it reads in `zone`; `format` is in strptime's form. A time the
    /// clocks show twice is the first one, a time they skip is moved ahead. The first day of 1970 means "did not
    /// happen", as 0 does in Unix time.
    pub fn from_local(text: &str, format: &str, zone: &TimeZone) -> Option<Self> {
        let local = DateTime::strptime(format, text.trim()).ok()?;
        let at = zone.to_timestamp(local).ok()?;
        (at.as_second() > 86_400).then(|| Self::new(at))
    }

    /// A vendor's ISO 8601 time; one without offset is read in `zone`.
    pub fn from_iso(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        let with_offset = text.parse::<Timestamp>().ok();
        let local = || text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
        with_offset.or_else(local).map(Self::new)
    }

    /// Unix time in milliseconds.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Milliseconds from `earlier` to this; `None` when the order is wrong.
    pub fn since(self, earlier: Self) -> Option<u64> {
        u64::try_from(self.as_millis() - earlier.as_millis()).ok()
    }
}

/// The text form of an instant, written digit by digit: an event has about eight, and a format string takes twice as long.
struct Text([u8; 24]);

impl Text {
    fn of(instant: Instant) -> Self {
        let at = TimeZone::UTC.to_datetime(instant.0);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut write = |places: Range<usize>, mut number: i16| {
            for digit in text[places].iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        };
        write(0..4, at.year());
        write(5..7, at.month().into());
        write(8..10, at.day().into());
        write(11..13, at.hour().into());
        write(14..16, at.minute().into());
        write(17..19, at.second().into());
        write(20..23, at.millisecond());
        Self(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Text::of(*self).as_str())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::of(*self).as_str())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Self::new).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Instant {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
            "description": "RFC 3339, UTC, milliseconds.",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn written_with_three_digits_in_utc() {
        let instant = Instant::from_millis(1_709_280_000_005).expect("in range");
        assert_eq!(instant.to_string(), "2024-03-01T08:00:00.005Z");
        let whole = Instant::from_millis(1_709_280_000_000).expect("in range");
        assert_eq!(whole.to_string(), "2024-03-01T08:00:00.000Z");
    }

    #[test]
    fn cut_towards_the_past() {
        let timestamp: Timestamp = "2024-03-01T08:00:00.0059Z".parse().expect("valid");
        assert_eq!(Instant::new(timestamp).to_string(), "2024-03-01T08:00:00.005Z");
    }

    #[test]
    fn nothing_lies_before_the_year_0() {
        let first = Instant::from_millis(FIRST).expect("in range");
        assert_eq!(first.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Instant::from_millis(FIRST - 1), None);
        assert_eq!(Instant::new(Timestamp::MIN), first);
        assert_eq!(Instant::from_iso("-000001-12-31T23:59:59.999Z", &TimeZone::UTC), Some(first));
        assert_eq!(Instant::new(Timestamp::MAX).to_string(), "9999-12-30T22:00:00.999Z");
    }

    #[test]
    fn iso_with_and_without_offset() {
        let shanghai = TimeZone::get("Asia/Shanghai").expect("bundled");
        let read = |text: &str| Instant::from_iso(text, &shanghai).map(|instant| instant.to_string());
        for text in [
            "2024-12-16T10:41:18.005Z",
            "2024-12-16T10:41:18.0059999Z",
            "2024-12-16T12:41:18.005+02:00",
            "2024-12-16T18:41:18.005",
            " 2024-12-16 18:41:18.005 ",
        ] {
            assert_eq!(read(text).as_deref(), Some("2024-12-16T10:41:18.005Z"), "{text}");
        }
        for text in ["", "now", "1734345678", "18:41:18", "2024-13-16T10:41:18Z", "99999-01-01T00:00:00Z"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn unix_seconds_and_milliseconds() {
        let seconds = Instant::from_unix(1_709_280_000).expect("a time");
        assert_eq!(Some(seconds), Instant::from_unix(1_709_280_000_000));
        assert_eq!(Instant::from_unix(0), None);
        assert_eq!(Instant::from_unix(-1), None);
        assert_eq!(Instant::from_unix(i64::MAX), None);
    }

    #[test]
    fn local_times() {
        let read = |text, format, zone| {
            let zone = TimeZone::get(zone).expect("a zone");
            Instant::from_local(text, format, &zone).map(|instant| instant.to_string())
        };
        let millis = |text, zone| read(text, "%Y/%m/%d,%H:%M:%S:%f", zone);
        assert_eq!(millis("2024/03/01,08:00:00:005", "UTC").as_deref(), Some("2024-03-01T08:00:00.005Z"));
        assert_eq!(millis("2024/03/01,08:00:00:005", "Asia/Shanghai").as_deref(), Some("2024-03-01T00:00:00.005Z"));
        let blank = |text, zone| read(text, "%Y-%m-%d %H:%M:%S", zone);
        assert_eq!(blank("2024-03-01  08:00:00", "UTC").as_deref(), Some("2024-03-01T08:00:00.000Z"), "two blanks");
        // Clocks go back at 03:00 CEST and ahead at 02:00 CET.
        assert_eq!(blank("2024-10-27 02:30:00", "Europe/Berlin").as_deref(), Some("2024-10-27T00:30:00.000Z"));
        assert_eq!(blank("2024-03-31 02:30:00", "Europe/Berlin").as_deref(), Some("2024-03-31T01:30:00.000Z"));
        for no_time in ["", "null", "2024-03-01", "2024-13-01 00:00:00", "1970-01-01 08:00:00", "2024-03-01 08:00:00x"]
        {
            assert_eq!(blank(no_time, "UTC"), None, "{no_time}");
        }
    }

    #[test]
    fn the_border_between_seconds_and_milliseconds() {
        let text = |value| Instant::from_unix(value).map(|instant| instant.to_string());
        assert_eq!(text(99_999_999_999).as_deref(), Some("5138-11-16T09:46:39.000Z"));
        assert_eq!(text(100_000_000_000).as_deref(), Some("1973-03-03T09:46:40.000Z"));
    }

    #[test]
    fn no_duration_backwards() {
        let at = |millis| Instant::from_millis(millis).expect("in range");
        assert_eq!(at(5_000).since(at(2_000)), Some(3_000));
        assert_eq!(at(2_000).since(at(5_000)), None);
    }

    proptest! {
        /// From 0000-01-01 to the last second of 9999: what RFC 3339 can write.
        #[test]
        fn any_instant_is_read_back(millis in -62_167_219_200_000_i64..253_402_207_200_000) {
            let instant = Instant::from_millis(millis).expect("in range");
            let text = instant.to_string();
            prop_assert_eq!(text.len(), "2024-03-01T08:00:00.005Z".len());
            prop_assert_eq!(text.parse().map(Instant::new).expect("reads"), instant);
            prop_assert_eq!(serde_json::from_value::<Instant>(text.into()).expect("reads"), instant);
        }

        #[test]
        fn any_number_gives_a_positive_time_or_none(value in any::<i64>()) {
            if let Some(instant) = Instant::from_unix(value) {
                prop_assert!(instant.as_millis() > 0);
            }
        }
    }
}
