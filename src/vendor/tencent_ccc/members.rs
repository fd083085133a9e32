//! Reading the vendor's JSON: members that come twice, in another spelling or in another shape.
//!
//! A member that comes twice does not fail a delivery. The last one wins, except that null and empty text never
//! replace a value: the vendor sends some members under an old and a new spelling, one of them empty.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::wire::KeyPress;
use crate::reject::{Reason, Reject};
use crate::vendor::lenient;

/// The object a body holds.
pub fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Reject> {
    let Tidy(value) = lenient::body(body)?;
    // From a list serde would take the members by position.
    if !value.is_object() {
        return Err(Reject::new(Reason::BodyNotJson, "the JSON is not an object"));
    }
    serde_json::from_value(value)
        .map_err(|_| Reject::new(Reason::BodyNotJson, "the JSON has another shape than documented"))
}

/// Objects: from a list, or from one object alone. Everything else in or around the list is left out.
pub fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = items(deserializer)?.into_iter().filter(Value::is_object);
    Ok(objects.filter_map(|item| serde_json::from_value(item).ok()).collect())
}

/// Pressed keys: texts or objects with a `Key`. `noInput` stands for a step without a key.
pub fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<KeyPress>, D::Error> {
    let key = |item: Value| match item {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(members) => match members.get("Key")? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        },
        _ => None,
    };
    let texts = items(deserializer)?.into_iter().filter_map(key);
    Ok(texts.filter(|text| !text.is_empty() && text != "noInput").map(|key| KeyPress { key }).collect())
}

fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    })
}

/// The one spelling of members the vendor's pages and samples spell in several ways.
fn spelling(name: &str) -> &str {
    match name {
        "SessionID" => "SessionId",
        "StartTimeStamp" => "StartTimestamp",
        "UUI" => "Uui",
        "key" => "Key",
        name => name,
    }
}

/// JSON with one spelling of each member, and each member once.
struct Tidy(Value);

impl<'de> Deserialize<'de> for Tidy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tidying).map(Self)
    }
}

struct Tidying;

impl<'de> Visitor<'de> for Tidying {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Tidy(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Tidy(value))) = map.next_entry::<String, Tidy>()? {
            let name = spelling(&name);
            let empty = value.is_null() || value == "";
            if !empty || !members.contains_key(name) {
                members.insert(name.to_owned(), value);
            }
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests;
