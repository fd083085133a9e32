//! Reading vendors' JSON with patience: vendors change numbers into texts and objects into null without notice.
//!
//! A part that cannot be read becomes `None`; whoever needs it says which field is missing. The event keeps the
//! vendor's own object, so nothing is lost.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::reject::{Reason, Reject};

/// The JSON of a body. The error says where, and never repeats what stands there.
pub fn body<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Reject> {
    // All of it, also what is skipped: the event keeps the whole body, which must be text.
    let text = std::str::from_utf8(body)
        .map_err(|error| Reject::new(Reason::BodyNotJson, format!("not UTF-8 (byte {})", error.valid_up_to() + 1)))?;
    serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the JSON ends too early",
            serde_json::error::Category::Data => "the JSON has another shape than documented, or a member twice",
            _ => "not valid JSON",
        };
        Reject::new(Reason::BodyNotJson, format!("{what} (line {}, column {})", error.line(), error.column()))
    })
}

/// The JSON of a body that must be an object: serde alone would also take a list, with the members by position.
pub fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Reject> {
    if json.trim_ascii_start().starts_with(b"[") {
        // Read it anyway: whether it is JSON at all is the more useful complaint.
        body::<serde::de::IgnoredAny>(json)?;
        return Err(Reject::new(Reason::BodyNotJson, "the JSON is a list, an object is documented"));
    }
    body(json)
}

/// An id, which is also part of a Kafka key: it must be there and of sensible length.
pub fn required<'a>(value: Option<&'a str>, field: &'static str) -> Result<&'a str, Reject> {
    match value {
        Some(id) if id.len() <= 256 => Ok(id),
        Some(_) => Err(Reject::new(Reason::FieldInvalid, format!("{field} is longer than 256 bytes"))),
        None => Err(Reject::new(Reason::FieldMissing, format!("{field} is absent or empty"))),
    }
}

/// A text: from a JSON string, number or boolean. Empty text, null and everything else give `None`.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Text).map(|text| text.filter(|text| !text.is_empty()).map(Cow::into_owned))
}

/// A whole number: from a JSON number or a string of digits. Fractions are cut; everything else gives `None`.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = deserializer.deserialize_any(Text)?;
    Ok(text.and_then(|text| {
        let text = text.trim();
        text.parse().ok().or_else(|| text.parse::<f64>().ok().and_then(whole))
    }))
}

/// A truth value: from a JSON boolean, 0 and 1, or their text. Everything else gives `None`.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = deserializer.deserialize_any(Text)?;
    Ok(match text.as_deref() {
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        _ => None,
    })
}

/// An object or list of its own: `None` when it has another shape.
pub fn part<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// The text of a JSON string, borrowed when nothing in it is escaped; `None` for text that is no valid Unicode, and for
/// anything else.
pub fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    let json = json.get();
    if json.contains('\\') {
        return serde_json::from_str(json).ok().map(Cow::Owned);
    }
    json.strip_prefix('"')?.strip_suffix('"').map(Cow::Borrowed)
}

fn whole(number: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer tells neighbours apart: an id must not come through here.
    (number.is_finite() && number.abs() < 9e15).then_some(number as i64)
}

/// Takes any JSON value; scalars as their text.
struct Text;

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(text.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned().into()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(if value { "true" } else { "false" }.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string().into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        // Larger whole numbers arrive here rounded. Two ids must not become one.
        let exact = value.fract() != 0.0 || whole(value).is_some();
        Ok(exact.then(|| value.to_string().into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "number")]
        number: Option<i64>,
        #[serde(default, deserialize_with = "boolean")]
        boolean: Option<bool>,
        #[serde(default, deserialize_with = "part")]
        part: Option<Vec<u8>>,
    }

    fn read(json: &str) -> Sample {
        body(json.as_bytes()).expect("reads")
    }

    #[test]
    fn scalars_in_any_clothes() {
        assert_eq!(read(r#"{"text":"1300000000000000001"}"#).text.as_deref(), Some("1300000000000000001"));
        assert_eq!(read(r#"{"text":1300000000000000001}"#).text.as_deref(), Some("1300000000000000001"));
        assert_eq!(read(r#"{"number":"17"}"#).number, Some(17));
        assert_eq!(read(r#"{"number":17.9}"#).number, Some(17));
        assert_eq!(read(r#"{"boolean":"1"}"#).boolean, Some(true));
        assert_eq!(read(r#"{"part":[1,2]}"#).part, Some(vec![1, 2]));
    }

    #[test]
    fn other_shapes_are_none_and_do_not_fail_the_rest() {
        let sample = read(r#"{"text":{"a":[1]},"number":[2],"boolean":null,"part":{"x":1}}"#);
        assert!(sample.text.is_none() && sample.number.is_none() && sample.boolean.is_none() && sample.part.is_none());
        assert!(read(r#"{"text":""}"#).text.is_none());
        assert!(read(r#"{"number":"1e300"}"#).number.is_none());
    }

    #[test]
    fn numbers_beyond_64_bits_are_not_rounded_into_ids() {
        assert!(read(r#"{"text":123456789012345678901}"#).text.is_none());
        assert_eq!(read(r#"{"text":"123456789012345678901"}"#).text.as_deref(), Some("123456789012345678901"));
        assert_eq!(read(r#"{"text":18446744073709551615}"#).text.as_deref(), Some("18446744073709551615"));
        assert_eq!(read(r#"{"text":1.5}"#).text.as_deref(), Some("1.5"));
        assert_eq!(read(r#"{"text":1.0}"#).text.as_deref(), Some("1"));
    }

    #[test]
    fn an_object_is_no_list_and_everything_is_utf8() {
        assert!(object::<Sample>(br#" {"text":"a"}"#).is_ok());
        assert_eq!(object::<Sample>(br#" ["a",1]"#).err().expect("refused").reason, Reason::BodyNotJson);
        let skipped = b"{\"text\":\"a\",\"unknown\":\"\xff\"}";
        let error = body::<Sample>(skipped).err().expect("refused");
        assert_eq!(error.detail, "not UTF-8 (byte 24)");
    }

    #[test]
    fn errors_do_not_repeat_the_body() {
        for bad in [r#"{"text":"+8613800138000""#, r#"["+8613800138000"]"#, "+8613800138000"] {
            let error = object::<Sample>(bad.as_bytes()).err().expect("refused");
            assert!(!error.to_string().contains("138"), "{error}");
        }
    }
}
