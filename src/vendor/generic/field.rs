//! The forms a setting of the mapping can have: a place, or a table that has one and says how to read it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::place::Place;
use super::time::TimeFormat;
use crate::event::EventType;

/// A word of the common schema: the same for every record, or read from the record.
#[derive(Clone, Debug)]
pub enum Choice<T> {
    /// Always this word.
    Always(T),
    /// The word the sender's code stands for.
    Coded(Codes<T>),
}

impl<T> Choice<T> {
    /// Where the code stands.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Always(_) => None,
            Self::Coded(codes) => Some(&codes.pointer),
        }
    }
}

/// Where a code stands and what it means.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
pub struct Codes<T> {
    /// Where the code stands.
    pub pointer: Place,
    /// The meaning of each code, written as it stands in the JSON (numbers too: `"16" = "answered"`). Without a table
    /// the sender must write the words of the schema.
    #[serde(default)]
    pub table: BTreeMap<String, T>,
    /// The meaning of a code that is not in the table, and of no code.
    pub default: Option<T>,
}

impl<T: DeserializeOwned + Copy> Codes<T> {
    /// The meaning of a code.
    pub fn meaning(&self, code: &str) -> Option<T> {
        let meaning = match self.table.is_empty() {
            true => word(code).ok(),
            false => self.table.get(code).copied(),
        };
        meaning.or(self.default)
    }
}

/// Where a time stands and how it is written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimePlace {
    /// Where the time stands.
    pub pointer: Place,
    /// How it is written; see `time_format`, which is the default.
    pub format: Option<TimeFormat>,
}

/// Where a duration stands and what it counts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanPlace {
    /// Where the duration stands.
    pub pointer: Place,
    /// What it counts: `s` or `ms`.
    #[serde(default)]
    pub unit: Unit,
}

/// What a duration counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Unit {
    /// Seconds.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
}

/// A point in time.
#[derive(Clone, Debug)]
pub struct Time(pub TimePlace);

/// A duration.
#[derive(Clone, Debug)]
pub struct Span(pub SpanPlace);

/// What a record states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An event of this type.
    Event(EventType),
    /// Nothing anybody needs: acknowledged and forgotten.
    Ignore,
    /// Something nobody has thought of: the delivery is kept in the rejected topic.
    Reject,
}

impl Fact {
    const IGNORE: &str = "ignore";
    const REJECT: &str = "reject";
    /// All words, for messages.
    pub const WORDS: &[&str] = &[
        "call.ringing",
        "call.answered",
        "call.ended",
        "recording.available",
        "order.finished",
        "task.changed",
        Self::IGNORE,
        Self::REJECT,
    ];
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.as_str() {
            Self::IGNORE => Ok(Self::Ignore),
            Self::REJECT => Ok(Self::Reject),
            _ => {
                let event_type = EventType::ALL.iter().copied().find(|event_type| event_type.as_str() == word);
                event_type.map(Self::Event).ok_or_else(|| D::Error::unknown_variant(&word, Self::WORDS))
            }
        }
    }
}

impl JsonSchema for Fact {
    fn schema_name() -> Cow<'static, str> {
        "Fact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::WORDS })
    }
}

/// The word of a schema enumeration.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, serde::de::value::Error> {
    let deserializer: StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(deserializer)
}

/// A setting that is a text, a list of pointers, or a table.
trait Setting: Sized {
    /// The form as a table.
    type Table: DeserializeOwned;
    /// What may stand there.
    const EXPECTED: &str;

    fn from_text<E: Error>(text: &str) -> Result<Self, E>;
    fn from_place(place: Place) -> Self;
    fn from_table(table: Self::Table) -> Self;
}

impl<T: DeserializeOwned> Setting for Choice<T> {
    type Table = Codes<T>;
    const EXPECTED: &str = "a JSON Pointer, a table with `pointer` and `table`, or a word of the schema";

    fn from_text<E: Error>(text: &str) -> Result<Self, E> {
        if text.starts_with('/') {
            return Place::one(text).map(Self::from_place);
        }
        let deserializer: StrDeserializer<'_, E> = text.into_deserializer();
        T::deserialize(deserializer).map(Self::Always)
    }

    fn from_place(pointer: Place) -> Self {
        Self::Coded(Codes { pointer, table: BTreeMap::new(), default: None })
    }

    fn from_table(table: Self::Table) -> Self {
        Self::Coded(table)
    }
}

impl Setting for Time {
    type Table = TimePlace;
    const EXPECTED: &str = "a JSON Pointer, or a table with `pointer` and `format`";

    fn from_text<E: Error>(text: &str) -> Result<Self, E> {
        Place::one(text).map(Self::from_place)
    }

    fn from_place(pointer: Place) -> Self {
        Self(TimePlace { pointer, format: None })
    }

    fn from_table(table: Self::Table) -> Self {
        Self(table)
    }
}

impl Setting for Span {
    type Table = SpanPlace;
    const EXPECTED: &str = "a JSON Pointer, or a table with `pointer` and `unit`";

    fn from_text<E: Error>(text: &str) -> Result<Self, E> {
        Place::one(text).map(Self::from_place)
    }

    fn from_place(pointer: Place) -> Self {
        Self(SpanPlace { pointer, unit: Unit::default() })
    }

    fn from_table(table: Self::Table) -> Self {
        Self(table)
    }
}

struct SettingVisitor<S>(PhantomData<S>);

impl<'de, S: Setting> Visitor<'de> for SettingVisitor<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(S::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<S, E> {
        S::from_text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<S, A::Error> {
        Place::deserialize(SeqAccessDeserializer::new(sequence)).map(S::from_place)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S, A::Error> {
        S::Table::deserialize(MapAccessDeserializer::new(map)).map(S::from_table)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Choice<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("ChoiceOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        any_of(&[
            generator.subschema_for::<T>(),
            generator.subschema_for::<Place>(),
            generator.subschema_for::<Codes<T>>(),
        ])
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        any_of(&[generator.subschema_for::<Place>(), generator.subschema_for::<TimePlace>()])
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        any_of(&[generator.subschema_for::<Place>(), generator.subschema_for::<SpanPlace>()])
    }
}

fn any_of(schemas: &[Schema]) -> Schema {
    json_schema!({ "anyOf": schemas })
}

impl<'de> Deserialize<'de> for TimeFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for TimeFormat {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeFormat".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(rfc3339|unix|unix_ms|.*%.*)$" })
    }
}
