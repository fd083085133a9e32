//! Reading one record with a mapping.
//!
//! What identifies or times a fact must be readable: a delivery where it is not is refused and kept whole, so that
//! nothing is lost until the mapping fits. Everything else is read with patience and left out when it has another shape.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::field::{Choice, Codes, Span, Time, Unit};
use super::map::Mapping;
use super::place::{Place, Values};
use super::time::scaled;
use crate::event::Instant;
use crate::reject::{Reason, Reject};
use crate::vendor::lenient;

/// One record.
pub struct Record<'a> {
    values: Values<'a>,
    mapping: &'a Mapping,
    zone: &'a TimeZone,
}

/// What stands at a place.
enum Found<'a> {
    /// Nothing, null, or a text that means nothing.
    Nothing,
    /// A text, or a number as it is written.
    Text(Cow<'a, str>),
    /// A truth value: a code, but never an id or a text.
    Flag(&'a str),
    /// An object or list, or a text that is no valid Unicode.
    Other(&'a RawValue),
}

/// What a choice says about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<T> {
    /// There is no code.
    Nothing,
    /// A word of the schema, and the code it stands for if there is one.
    Known(T, Option<String>),
    /// A code without a meaning.
    Unknown(String),
}

impl<'a> Record<'a> {
    /// Reads the values of a record.
    pub fn read(mapping: &'a Mapping, json: &'a RawValue, zone: &'a TimeZone) -> Result<Self, Reject> {
        let values = mapping.record.read(json).map_err(|_| {
            let detail = "a member that `map` names stands twice, or a member's name is no valid text";
            Reject::new(Reason::BodyNotJson, detail)
        })?;
        Ok(Self { values, mapping, zone })
    }

    /// A text; anything else is left out.
    pub fn text(&self, place: Option<&Place>) -> Option<String> {
        match self.find(place?) {
            Found::Text(text) => Some(text.into_owned()),
            Found::Nothing | Found::Flag(_) | Found::Other(_) => None,
        }
    }

    /// A text, or an object or list as JSON.
    pub fn data(&self, place: Option<&Place>) -> Option<String> {
        match self.find(place?) {
            Found::Text(text) => Some(text.into_owned()),
            Found::Flag(flag) => Some(flag.to_owned()),
            Found::Other(json) => Some(json.get().to_owned()),
            Found::Nothing => None,
        }
    }

    /// A list of texts, or one text as a list.
    pub fn texts(&self, place: Option<&Place>) -> Vec<String> {
        let Some(place) = place else { return Vec::new() };
        match self.find(place) {
            Found::Nothing | Found::Flag(_) => Vec::new(),
            Found::Text(text) => vec![text.into_owned()],
            Found::Other(json) => {
                let list: Vec<&RawValue> = serde_json::from_str(json.get()).unwrap_or_default();
                let texts = list.into_iter().filter_map(|json| match self.scalar(json) {
                    Found::Text(text) => Some(text.into_owned()),
                    Found::Nothing | Found::Flag(_) | Found::Other(_) => None,
                });
                texts.collect()
            }
        }
    }

    /// A count; anything else is left out.
    pub fn count(&self, place: Option<&Place>) -> Option<u32> {
        self.text(place)?.trim().parse().ok()
    }

    /// A duration in milliseconds; anything else is left out.
    pub fn span(&self, span: Option<&Span>) -> Option<u64> {
        let span = &span?.0;
        let factor = match span.unit {
            Unit::Seconds => 1000,
            Unit::Milliseconds => 1,
        };
        u64::try_from(scaled(self.text(Some(&span.pointer))?.trim(), factor)?).ok()
    }

    /// An id: a text of sensible length, because it is also a Kafka key.
    pub fn id(&self, key: &str, place: Option<&Place>) -> Result<Option<String>, Reject> {
        let Some(place) = place else { return Ok(None) };
        match self.find(place) {
            Found::Nothing => Ok(None),
            Found::Text(id) if id.len() <= 256 => Ok(Some(id.into_owned())),
            Found::Text(_) => Err(invalid(key, place, "is longer than 256 bytes")),
            Found::Flag(_) | Found::Other(_) => Err(invalid(key, place, "is not a text or number")),
        }
    }

    /// An id without which there is no fact.
    pub fn required_id(&self, key: &str, place: Option<&Place>) -> Result<String, Reject> {
        self.id(key, place)?.ok_or_else(|| missing(key, place))
    }

    /// A time; one that cannot be read is refused.
    pub fn time(&self, key: &str, time: Option<&Time>) -> Result<Option<Instant>, Reject> {
        let Some(Time(time)) = time else { return Ok(None) };
        let text = match self.find(&time.pointer) {
            Found::Nothing => return Ok(None),
            Found::Text(text) => text,
            Found::Flag(_) | Found::Other(_) => return Err(invalid(key, &time.pointer, "is not a text or number")),
        };
        let format = time.format.as_ref().unwrap_or(&self.mapping.map.time_format);
        format.read(&text, self.zone).map_err(|_| {
            let problem = "is not a time of the configured format: compare `format` or `time_format`, or put a text that \
                           means \"none\" into `absent`";
            invalid(key, &time.pointer, problem)
        })
    }

    /// A word of the schema. What is neither text nor number has no meaning either.
    pub fn word<T: DeserializeOwned + Copy>(&self, choice: Option<&Choice<T>>) -> Word<T> {
        match choice {
            None => Word::Nothing,
            Some(Choice::Always(word)) => Word::Known(*word, None),
            Some(Choice::Coded(codes)) => self.decode(codes),
        }
    }

    fn decode<T: DeserializeOwned + Copy>(&self, codes: &Codes<T>) -> Word<T> {
        let code = match self.find(&codes.pointer) {
            Found::Text(code) => code,
            Found::Flag(flag) => Cow::Borrowed(flag),
            Found::Nothing | Found::Other(_) => {
                return codes.default.map_or(Word::Nothing, |word| Word::Known(word, None));
            }
        };
        match codes.meaning(&code) {
            Some(word) => Word::Known(word, Some(code.into_owned())),
            None => Word::Unknown(code.into_owned()),
        }
    }

    fn find(&self, place: &Place) -> Found<'a> {
        let found = self.values.all(place).map(|json| self.scalar(json));
        found.into_iter().find(|found| !matches!(found, Found::Nothing)).unwrap_or(Found::Nothing)
    }

    fn scalar(&self, json: &'a RawValue) -> Found<'a> {
        let text = match json.get().as_bytes().first() {
            Some(b'n') | None => return Found::Nothing,
            Some(b'{' | b'[') => return Found::Other(json),
            Some(b't' | b'f') => return Found::Flag(json.get()),
            Some(b'"') => match lenient::string(json) {
                Some(text) => text,
                None => return Found::Other(json),
            },
            Some(_) => Cow::Borrowed(json.get()),
        };
        if text.trim().is_empty() || self.mapping.map.absent.iter().any(|absent| *absent == text) {
            return Found::Nothing;
        }
        Found::Text(text)
    }
}

/// A part without which there is no fact.
pub fn missing(key: &str, place: Option<&Place>) -> Reject {
    let detail = match place {
        Some(place) => format!("map.{key} ({place}) is absent or empty"),
        None => format!("map.{key} is not configured, and this type of event needs it"),
    };
    Reject::new(Reason::FieldMissing, detail)
}

fn invalid(key: &str, place: &Place, problem: &str) -> Reject {
    Reject::new(Reason::FieldInvalid, format!("map.{key} ({place}) {problem}"))
}
