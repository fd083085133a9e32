//! What Knovvu pushes to `ResultDestination`. The vendor does not document the body, only the answer to
//! `/v2/callresult`: <https://docs.knovvu.com/docs/va-outbound-call-trigger-api>
//!
//! So every form that answer could take is read: one result, a list of results, results inside a member, or nothing
//! but ids. Names of members are read without regard to case.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::reject::{Reason, Reject};

/// Members that hold results instead of being part of one.
const WRAPPERS: &[&str] = &["CallResults", "CallResult", "Results", "Result", "Data", "UniqueIds"];

/// How deep lists and wrappers may stand inside each other. Two are plausible.
const DEPTH: usize = 4;

/// Result of one call.
#[derive(JsonSchema)]
#[schemars(rename_all = "PascalCase")]
pub struct CallResult<'a> {
    /// The vendor's id of the call, as returned when it was requested.
    pub unique_id: String,
    /// The state; absent or blank while there is none.
    pub call_state: Option<String>,
    /// The caller's own id of the conversation. Not documented for results.
    pub conversation_id: Option<String>,
    /// The vendor's JSON of this result.
    #[schemars(skip)]
    pub raw: &'a RawValue,
}

/// JSON Schema of a push.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    let result = generator.subschema_for::<CallResult<'static>>();
    json_schema!({
        "description": "One result, a list of results, or an object with results in `CallResults`. The vendor does not document the body.",
        "anyOf": [
            result,
            { "type": "array", "items": result },
            { "type": "object", "properties": { "CallResults": { "type": "array", "items": result } }, "required": ["CallResults"] },
        ],
    })
}

/// The results of a push, in their order.
pub fn read(json: &RawValue) -> Result<Vec<CallResult<'_>>, Reject> {
    let mut results = Vec::new();
    collect(json, "", 0, &mut results)?;
    Ok(results)
}

/// The results in an answer to `/v2/callresult`. A result that cannot be read must not hide the others, so it is left out,
/// unless none can be read.
pub fn answer(json: &RawValue) -> Result<Vec<CallResult<'_>>, Reject> {
    let first = |json: &RawValue| json.get().as_bytes().first().copied();
    let results = match first(json) {
        Some(b'{') => parse::<Members<'_>>(json)?.get("CallResults", "")?.unwrap_or(json),
        Some(b'[') => json,
        _ => return Err(shape("the answer is neither an object nor a list")),
    };
    let items: Vec<&RawValue> = match first(results) {
        Some(b'[') => parse(results)?,
        Some(b'n') => Vec::new(),
        _ => vec![results],
    };
    let mut complaint = None;
    let mut all = Vec::new();
    for item in items {
        let result = match first(item) {
            Some(b'{') => read(item),
            _ => Err(shape("a result is no object")),
        };
        match result {
            Ok(results) => all.extend(results),
            Err(reject) => complaint = Some(reject),
        }
    }
    match complaint {
        Some(reject) if all.is_empty() => Err(reject),
        _ => Ok(all),
    }
}

/// The `UniqueId` in an answer to `/v2/call`; `None` when there is none in it.
pub fn created(json: &RawValue) -> Result<Option<String>, Reject> {
    if json.get().as_bytes().first() != Some(&b'{') {
        return Err(shape("answer is no object: if it is the id itself, give it as id"));
    }
    let path = "answer.UniqueId";
    let text = match parse::<Members<'_>>(json)?.get("UniqueId", "answer")? {
        Some(value) => scalar(value, path)?,
        None => None,
    };
    text.map(|text| checked_id(Some(text), path)).transpose()
}

/// Adds the results of `json`, which stands at `path`.
fn collect<'a>(json: &'a RawValue, path: &str, depth: usize, results: &mut Vec<CallResult<'a>>) -> Result<(), Reject> {
    if depth > DEPTH {
        return Err(shape("lists and objects stand deeper inside each other than results can"));
    }
    match json.get().as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = parse(json)?;
            items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| collect(item, &format!("{path}[{index}]"), depth + 1, results))
        }
        Some(b'{') => object(json, path, depth, results),
        // Nothing but an id: the vendor's page can be read as if that were all.
        _ => id(json, path).map(|unique_id| {
            results.push(CallResult { unique_id, call_state: None, conversation_id: None, raw: json });
        }),
    }
}

fn object<'a>(json: &'a RawValue, path: &str, depth: usize, results: &mut Vec<CallResult<'a>>) -> Result<(), Reject> {
    let members: Members<'a> = parse(json)?;
    if let Some(value) = members.get("UniqueId", path)? {
        let text = |name: &str| match members.get(name, path)? {
            Some(value) => scalar(value, &at(path, name)),
            None => Ok(None),
        };
        results.push(CallResult {
            unique_id: id(value, &at(path, "UniqueId"))?,
            call_state: text("CallState")?,
            conversation_id: text("ConversationId")?,
            raw: json,
        });
        return Ok(());
    }
    for name in WRAPPERS {
        if let Some(inner) = members.get(name, path)? {
            return collect(inner, &at(path, name), depth + 1, results);
        }
    }
    Err(Reject::new(Reason::FieldMissing, format!("{} is absent", at(path, "UniqueId"))))
}

/// The id `json`.
fn id(json: &RawValue, path: &str) -> Result<String, Reject> {
    checked_id(scalar(json, path)?, path)
}

/// An id, which is also a Kafka key: it must be there and of sensible length.
pub fn checked_id(id: Option<String>, path: &str) -> Result<String, Reject> {
    match id.filter(|id| !id.trim().is_empty()) {
        Some(id) if id.len() <= 256 => Ok(id),
        Some(_) => Err(Reject::new(Reason::FieldInvalid, format!("{} is longer than 256 bytes", shown(path)))),
        None => Err(Reject::new(Reason::FieldMissing, format!("{} is null or empty", shown(path)))),
    }
}

/// A text; a number as the vendor wrote its digits. `None` for null and blank text.
fn scalar(json: &RawValue, path: &str) -> Result<Option<String>, Reject> {
    let text = match json.get().as_bytes().first() {
        Some(b'"') => parse::<String>(json)?,
        Some(b'-' | b'0'..=b'9') => json.get().to_owned(),
        Some(b'n') => return Ok(None),
        _ => return Err(Reject::new(Reason::FieldInvalid, format!("{} is neither text nor number", shown(path)))),
    };
    Ok((!text.trim().is_empty()).then_some(text))
}

/// The path of a member, in our spelling of its name.
fn at(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the body" } else { path }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Result<T, Reject> {
    serde_json::from_str(json.get()).map_err(|_| shape("a text or name in the JSON is not valid"))
}

fn shape(what: &'static str) -> Reject {
    Reject::new(Reason::BodyNotJson, what)
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The member of that name, whatever the case it is written in, of the object at `path`. Two of them would
    /// contradict each other.
    fn get(&self, name: &str, path: &str) -> Result<Option<&'a RawValue>, Reject> {
        let mut found = self.0.iter().filter(|(member, _)| member.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Reject::new(Reason::BodyNotJson, format!("{} is there twice", at(path, name)))),
            (first, _) => Ok(first.map(|(_, value)| *value)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Object).map(Members)
    }
}
