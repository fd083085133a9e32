//! Flat bodies, field by field as sent: what the vendor's signature is made of.

use std::fmt;

use indexmap::IndexMap;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A flat body, field by field as sent.
#[derive(Debug)]
pub struct Flat {
    /// How it was written.
    pub form: Form,
    /// The fields in the order of the body; no name occurs twice.
    pub fields: IndexMap<String, Field>,
}

/// How a flat body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A JSON object.
    Json,
    /// A map as Java prints it, `{a=b, c=}`: what the vendor's pages show for bidirectional calls.
    PrintedMap,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// JSON's null, or the word in a printed map.
    Null,
    /// A text.
    Text(String),
    /// Anything else, as sent: `1.0` stays `1.0`.
    Other(String),
}

impl Field {
    /// As the vendor writes it into the text it signs.
    pub fn signed(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Text(text) | Self::Other(text) => text,
        }
    }
}

impl Flat {
    /// Reads a JSON object, or a printed map where the kind can be one.
    pub fn read(body: &[u8], printed_map: bool) -> Option<Self> {
        let json = serde_json::from_slice::<Object>(body).ok();
        let json = json.map(|object| Self { form: Form::Json, fields: object.0 });
        json.or_else(|| Self::read_printed_map(std::str::from_utf8(body).ok()?).filter(|_| printed_map))
    }

    /// Java separates entries by a comma and a blank and escapes nothing: a value can hold both, so an entry begins only
    /// where a name and `=` follow.
    fn read_printed_map(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let mut fields: IndexMap<String, String> = IndexMap::new();
        for piece in inner.split(", ") {
            match piece.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => {
                    if fields.insert(name.to_owned(), value.to_owned()).is_some() {
                        return None;
                    }
                }
                None => {
                    let (_, value) = fields.last_mut()?;
                    value.push_str(", ");
                    value.push_str(piece);
                }
            }
        }
        let field = |value: String| if value == "null" { Field::Null } else { Field::Text(value) };
        let fields = fields.into_iter().map(|(name, value)| (name, field(value))).collect();
        Some(Self { form: Form::PrintedMap, fields })
    }

    /// As a JSON object of texts, numbers as sent: an id never becomes a float, and a number is the same text with and
    /// without quotes, as it is for the signature.
    pub fn texts(&self) -> String {
        self.json(|other| match other.as_bytes().first() {
            Some(b'-' | b'0'..=b'9') => quoted(other),
            _ => other.to_owned(),
        })
    }

    fn json(&self, other: impl Fn(&str) -> String) -> String {
        let value = |field: &Field| match field {
            Field::Null => "null".to_owned(),
            Field::Text(text) => quoted(text),
            Field::Other(text) => other(text),
        };
        let members: Vec<_> =
            self.fields.iter().map(|(name, field)| format!("{}:{}", quoted(name), value(field))).collect();
        format!("{{{}}}", members.join(","))
    }

    /// As it was written, with the fields it has now.
    pub fn write(&self) -> String {
        match self.form {
            Form::Json => self.json(str::to_owned),
            Form::PrintedMap => {
                let entries: Vec<_> =
                    self.fields.iter().map(|(name, field)| format!("{name}={}", field.signed())).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What Java programs call a field.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A JSON object in which no name occurs twice: of two values one would be verified and the other read.
struct Object(IndexMap<String, Field>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = IndexMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    let field = field(value.get()).map_err(Error::custom)?;
                    if fields.insert(name, field).is_some() {
                        return Err(Error::custom("a name twice"));
                    }
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

fn field(raw: &str) -> serde_json::Result<Field> {
    Ok(match raw.as_bytes().first() {
        Some(b'"') => Field::Text(serde_json::from_str(raw)?),
        Some(b'n') => Field::Null,
        _ => Field::Other(raw.to_owned()),
    })
}
