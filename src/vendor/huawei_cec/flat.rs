//! Flat bodies, field by field as sent: what the vendor's signature is made of.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapDeserializer;
use serde::de::{Error, IntoDeserializer, MapAccess, Visitor, value};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::value::RawValue;

use crate::reject::{Reason, Reject};
use crate::vendor::lenient;

/// Room for the fields of the vendor's longest body.
const FIELDS: usize = 28;

/// A flat body, field by field as sent.
#[derive(Debug)]
pub struct Flat<'a> {
    /// How it was written.
    pub form: Form,
    /// The fields in the order of the body; no name occurs twice.
    pub fields: IndexMap<Cow<'a, str>, Field<'a>>,
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
pub enum Field<'a> {
    /// JSON's null, or the word in a printed map.
    Null,
    /// A text.
    Text(Cow<'a, str>),
    /// Anything else, as sent: `1.0` stays `1.0`.
    Other(&'a str),
}

impl Field<'_> {
    /// As the vendor writes it into the text it signs.
    pub fn signed(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Text(text) => text,
            Self::Other(text) => text,
        }
    }
}

impl<'a> Flat<'a> {
    /// Reads a JSON object, or a printed map where the kind can be one.
    pub fn read(body: &'a [u8], printed_map: bool) -> Option<Self> {
        let json = serde_json::from_slice::<Object>(body).ok();
        let json = json.map(|object| Self { form: Form::Json, fields: object.0 });
        json.or_else(|| Self::read_printed_map(std::str::from_utf8(body).ok()?).filter(|_| printed_map))
    }

    /// Java separates entries by a comma and a blank and escapes nothing: a value can hold both, so an entry begins only
    /// where a name and `=` follow.
    fn read_printed_map(text: &'a str) -> Option<Self> {
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let mut fields: IndexMap<Cow<'a, str>, Cow<'a, str>> = IndexMap::new();
        for piece in inner.split(", ") {
            match piece.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => {
                    if fields.insert(name.into(), value.into()).is_some() {
                        return None;
                    }
                }
                None => {
                    let (_, value) = fields.last_mut()?;
                    *value += ", ";
                    *value += piece;
                }
            }
        }
        let field = |value: Cow<'a, str>| if value == "null" { Field::Null } else { Field::Text(value) };
        let fields = fields.into_iter().map(|(name, value)| (name, field(value))).collect();
        Some(Self { form: Form::PrintedMap, fields })
    }

    /// The fields as one of the vendor's types. All are texts, numbers as sent: an id never becomes a float, and a number
    /// is the same text with and without quotes, as it is for the signature.
    pub fn to<'b, T: Deserialize<'b>>(&'b self) -> Result<T, Reject> {
        let fields = self.fields.iter().map(|(name, field)| (name.as_ref(), field));
        T::deserialize(MapDeserializer::new(fields)).map_err(|_: value::Error| {
            Reject::new(Reason::BodyNotJson, "the fields have another shape than documented")
        })
    }

    /// As it was written, with the fields it has now.
    pub fn write(&self) -> String {
        match self.form {
            Form::Json => {
                let value = |field: &Field<'_>| match field {
                    Field::Text(text) => quoted(text),
                    Field::Null | Field::Other(_) => field.signed().to_owned(),
                };
                let members: Vec<_> =
                    self.fields.iter().map(|(name, field)| format!("{}:{}", quoted(name), value(field))).collect();
                format!("{{{}}}", members.join(","))
            }
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
struct Object<'a>(IndexMap<Cow<'a, str>, Field<'a>>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = IndexMap::with_capacity(FIELDS);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    let field = field(value).ok_or_else(|| Error::custom("a text that is no Unicode"))?;
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

/// A member's name, borrowed when nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

fn field(raw: &RawValue) -> Option<Field<'_>> {
    Some(match raw.get().as_bytes().first() {
        Some(b'"') => Field::Text(lenient::string(raw)?),
        Some(b'n') => Field::Null,
        _ => Field::Other(raw.get()),
    })
}

impl<'de> Deserializer<'de> for &'de Field<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match self {
            Field::Text(text) => visitor.visit_borrowed_str(text),
            // An object or list is no text, whatever stands in it.
            Field::Other(text) if !text.starts_with(['{', '[']) => visitor.visit_borrowed_str(text),
            Field::Null | Field::Other(_) => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de> for &'de Field<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
