//! Where values stand in a sender's JSON: JSON Pointers (RFC 6901), read together in one pass.
//!
//! The pointers of a mapping are put into one tree when the configuration is read. A record is then walked once along
//! that tree: what no pointer names is skipped without being stored, and a value is kept as the text that stands in the
//! JSON. So an id that is written as a number stays exactly as it was sent, however long it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON Pointer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
    /// Which value of [`Values`] it is, once the pointer is in a [`Tree`].
    slot: usize,
}

impl FromStr for Pointer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err("is not a JSON Pointer: start it with `/`, as in \"/data/call/id\"");
        }
        let tokens = text.split('/').skip(1).map(unescaped).collect::<Option<_>>();
        let tokens = tokens.ok_or("is not a JSON Pointer: write `~0` for `~` and `~1` for `/` inside a name")?;
        Ok(Self { text: text.to_owned(), tokens, slot: 0 })
    }
}

impl Pointer {
    /// A document that holds `json` at this place and nothing else. Every token becomes a member: it names an element of a
    /// list only where the document has one.
    pub fn holding(&self, json: &str) -> String {
        self.tokens
            .iter()
            .rev()
            .fold(json.to_owned(), |inner, token| format!("{{{}:{inner}}}", serde_json::Value::from(token.as_str())))
    }
}

fn unescaped(token: &str) -> Option<String> {
    let mut parts = token.split('~');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let (mark, rest) = part.split_at_checked(1)?;
        name.push(match mark {
            "0" => '~',
            "1" => '/',
            _ => return None,
        });
        name.push_str(rest);
    }
    Some(name)
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Pointer {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pointer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/.*)?$" })
    }
}

/// A JSON Pointer, or several of which the first that holds something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Vec<Pointer>);

impl Place {
    /// The place a single pointer names.
    pub fn one<E: Error>(text: &str) -> Result<Self, E> {
        Self::new(vec![text.parse().map_err(E::custom)?])
    }

    fn new<E: Error>(pointers: Vec<Pointer>) -> Result<Self, E> {
        if pointers.is_empty() || pointers.iter().any(|pointer| pointer.tokens.is_empty()) {
            return Err(E::custom("must point at a member of the record, as \"/data/call/id\" does"));
        }
        Ok(Self(pointers))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pointer) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " or " })?;
            f.write_str(&pointer.text)?;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMore)
    }
}

struct OneOrMore;

impl<'de> Visitor<'de> for OneOrMore {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Pointer or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Place, E> {
        Place::one(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Place, A::Error> {
        Place::new(Vec::deserialize(SeqAccessDeserializer::new(sequence))?)
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pointer = json_schema!({ "type": "string", "pattern": "^/" });
        json_schema!({
            "description": "A JSON Pointer (RFC 6901), or several of which the first that holds something counts.",
            "anyOf": [pointer, { "type": "array", "items": pointer, "minItems": 1 }],
        })
    }
}

/// All pointers of a mapping.
#[derive(Debug, Default)]
pub struct Tree {
    root: Node,
    slots: usize,
}

#[derive(Debug, Default)]
struct Node {
    slot: Option<usize>,
    children: BTreeMap<String, Node>,
}

impl Tree {
    /// Adds the pointers of a place.
    pub fn add(&mut self, place: &mut Place) {
        for pointer in &mut place.0 {
            self.add_pointer(pointer);
        }
    }

    /// Adds one pointer, which may name the whole document.
    pub fn add_pointer(&mut self, pointer: &mut Pointer) {
        let node =
            pointer.tokens.iter().fold(&mut self.root, |node, token| node.children.entry(token.clone()).or_default());
        let slots = &mut self.slots;
        pointer.slot = *node.slot.get_or_insert_with(|| {
            *slots += 1;
            *slots - 1
        });
    }

    /// The values at the pointers. Fails when a member on the way stands twice: which of the two counts would be a guess.
    pub fn read<'a>(&self, json: &'a RawValue) -> serde_json::Result<Values<'a>> {
        let mut values = Values(vec![None; self.slots]);
        self.root.read(json, &mut values)?;
        Ok(values)
    }
}

impl Node {
    fn read<'a>(&self, json: &'a RawValue, values: &mut Values<'a>) -> serde_json::Result<()> {
        if let Some(slot) = self.slot {
            values.0[slot] = Some(json);
        }
        if self.children.is_empty() {
            return Ok(());
        }
        serde_json::Deserializer::from_str(json.get()).deserialize_any(Walk { node: self, values })
    }
}

/// What stands at the pointers of a [`Tree`] in one record.
pub struct Values<'a>(Vec<Option<&'a RawValue>>);

impl<'a> Values<'a> {
    /// What stands at one pointer.
    pub fn at(&self, pointer: &Pointer) -> Option<&'a RawValue> {
        self.0.get(pointer.slot).copied().flatten()
    }

    /// What stands at the pointers of a place, in their order.
    pub fn all<'b>(&'b self, place: &'b Place) -> impl Iterator<Item = &'a RawValue> + 'b {
        place.0.iter().filter_map(|pointer| self.at(pointer))
    }
}

/// Walks one value along one node.
struct Walk<'n, 'v, 'a> {
    node: &'n Node,
    values: &'v mut Values<'a>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // A leaf, or a value that is itself wanted beside its members: keep its text, and walk it on its own.
        if self.node.slot.is_some() {
            let json = <&RawValue>::deserialize(deserializer)?;
            return self.node.read(json, self.values).map_err(D::Error::custom);
        }
        deserializer.deserialize_any(self)
    }
}

/// Where a pointer goes on in something that has no members, nothing stands there.
macro_rules! nothing {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<(), E> { Ok(()) })+
    };
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    nothing!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Vec::new();
        while let Some(child) = map.next_key_seed(Child(self.node))? {
            let Some((name, node)) = child else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            seen.push(name);
            map.next_value_seed(Walk { node, values: self.values })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let nodes: BTreeMap<usize, &Node> =
            self.node.children.iter().filter_map(|(name, node)| Some((index(name)?, node))).collect();
        for position in 0.. {
            let more = match nodes.get(&position) {
                Some(node) => sequence.next_element_seed(Walk { node, values: self.values })?.is_some(),
                None => sequence.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }
}

/// A token as an index of an array: digits without a leading zero.
fn index(token: &str) -> Option<usize> {
    token.parse().ok().filter(|index: &usize| index.to_string() == token)
}

/// Reads a member's name and finds the child of that name, without storing the name.
struct Child<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for Child<'n> {
    type Value = Option<(&'n str, &'n Node)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Child<'n> {
    type Value = Option<(&'n str, &'n Node)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.get_key_value(name).map(|(name, node)| (name.as_str(), node)))
    }
}

#[cfg(test)]
mod tests;
