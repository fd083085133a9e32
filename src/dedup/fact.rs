//! What the dedup stage reads of an inbox record, and how it writes a revision.
//!
//! The decision needs the headers only; the value is passed on untouched unless it is a revision.

use indexmap::IndexMap;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use serde_json::value::RawValue;

use super::Remembered;
use crate::event::cloudevents::header;
use crate::event::{EventKey, Material, Outcome};
use crate::form::{self, Newer};
use crate::trace::TraceParent;
use crate::vendor::kept;

/// The identity of a fact and what is material of this sight of it.
pub struct Fact {
    /// Identity.
    pub key: EventKey,
    /// What could be new.
    pub material: Material,
}

/// The headers of an inbox record, taken from librdkafka once: each look there measures and checks a name anew, and a
/// decision needs many.
pub struct Head<'a> {
    headers: Vec<(&'a str, Option<&'a [u8]>)>,
    offset: i64,
    has_value: bool,
}

impl<'a> Head<'a> {
    /// Those of `message`.
    pub fn of(message: &'a impl Message) -> Self {
        let mut headers = Vec::with_capacity(24);
        headers.extend(message.headers().into_iter().flat_map(pairs));
        let has_value = message.payload().is_some_and(|value| !value.is_empty());
        Self { headers, offset: message.offset(), has_value }
    }

    /// The first header of that name, as text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        first(self.headers.iter().copied(), name)
    }

    /// What is decided about. `Err` says what is wrong with a record that ingest cannot have written.
    pub fn fact(&self) -> Result<Fact, &'static str> {
        form::of_header(self.text(form::HEADER)).map_err(|_| "header trunkline_format is not a number from 1")?;
        let key = self.text(header::KEY).ok_or("header trunkline_key is missing")?;
        let material = self.text(header::MATERIAL).ok_or("header trunkline_material is missing")?;
        if !self.has_value {
            return Err("the record has no value");
        }
        Ok(Fact {
            key: key.parse().map_err(|_| "header trunkline_key is not a key of version 1")?,
            material: material.parse().map_err(|_| "header trunkline_material cannot be read")?,
        })
    }

    /// Whether a newer trunkline wrote the record: then nobody but a newer one can decide it.
    pub fn newer(&self) -> Option<Newer> {
        form::of_header(self.text(form::HEADER)).ok().flatten()
    }

    /// The headers consumers see: those of the inbox without what is only between ingest, dedup and replay, and where the
    /// record came from. `context` takes the place of the trace context that came in.
    pub fn published(&self, revision: Option<(EventKey, u8)>, context: Option<TraceParent>) -> OwnedHeaders {
        let mut out = OwnedHeaders::new_with_capacity(24);
        for &(key, value) in &self.headers {
            out = match (key, revision) {
                (header::MATERIAL | form::HEADER, _) => out,
                (key, _) if kept::header::ALL.contains(&key) => out,
                (header::ID, Some((fact, revision))) => {
                    out.insert(Header { key, value: Some(&fact.id(revision.into()).to_string()) })
                }
                (header::TRACE_PARENT, _) if context.is_some() => out,
                (header::REVISION, Some((_, revision))) => {
                    out.insert(Header { key, value: Some(&revision.to_string()) })
                }
                _ => out.insert(Header { key, value }),
            };
        }
        let out = match &context {
            Some(context) => out.insert(Header { key: header::TRACE_PARENT, value: Some(context.as_str()) }),
            None => out,
        };
        out.insert(Header { key: header::INBOX_OFFSET, value: Some(&self.offset.to_string()) })
    }
}

/// The first header of that name, as text. For one look at a record; [`Head`] is for more.
pub fn text<'a>(message: &'a impl Message, name: &str) -> Option<&'a str> {
    first(pairs(message.headers()?), name)
}

fn pairs(headers: &impl Headers) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    headers.iter().map(|Header { key, value }| (key, value))
}

fn first<'a>(mut headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.find(|(key, _)| *key == name)?.1?).ok()
}

/// The value of a revision: its number, and an `unknown` outcome filled from what is remembered. Everything else stays
/// byte for byte, also members that only a newer ingest knows.
pub fn revise(value: &[u8], remembered: &Remembered) -> Result<Vec<u8>, serde_json::Error> {
    let mut members: IndexMap<String, Box<RawValue>> = serde_json::from_slice(value)?;
    members.insert("revision".to_owned(), RawValue::from_string(remembered.revision.to_string())?);
    if let (Some(current), Some(outcome)) = (members.get_mut("outcome"), Outcome::from_code(remembered.outcome)) {
        *current = serde_json::value::to_raw_value(&outcome)?;
    }
    serde_json::to_vec(&members)
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp;
    use rdkafka::message::OwnedMessage;

    use super::*;

    const CAME: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OURS: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";

    /// Who reads the first of two would go on from another span than who reads the last.
    #[test]
    fn a_trace_context_stands_once() {
        let came = || OwnedHeaders::new().insert(Header { key: header::TRACE_PARENT, value: Some(CAME) });
        for (headers, context, wanted) in
            [(came(), Some(OURS), vec![OURS]), (came(), None, vec![CAME]), (OwnedHeaders::new(), None, vec![])]
        {
            let message = OwnedMessage::new(None, None, "t".to_owned(), Timestamp::NotAvailable, 0, 7, Some(headers));
            let published = Head::of(&message).published(None, context.and_then(TraceParent::parse));
            let found = published.iter().filter(|header| header.key == header::TRACE_PARENT);
            let found: Vec<_> = found.filter_map(|header| std::str::from_utf8(header.value?).ok()).collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_revision_changes_two_members_and_no_other_byte() {
        let value = br#"{"type":"call.ended","revision":0,"outcome":"unknown","later":{"b":1.0e2, "a":"\u00e9"},"raw":{"x":12345678901234567890}}"#;
        let remembered = Remembered { outcome: Outcome::Busy.code(), seen: 0, findings: 0, revision: 3, hour: 0 };
        let revised = revise(value, &remembered).expect("revised");
        assert_eq!(
            String::from_utf8(revised).expect("UTF-8"),
            r#"{"type":"call.ended","revision":3,"outcome":"busy","later":{"b":1.0e2, "a":"\u00e9"},"raw":{"x":12345678901234567890}}"#
        );
    }

    #[test]
    fn a_fact_without_outcome_gets_none() {
        let remembered = Remembered { outcome: 0, seen: 0, findings: 9, revision: 1, hour: 0 };
        assert_eq!(revise(br#"{"revision":0}"#, &remembered).expect("revised"), br#"{"revision":1}"#);
    }
}
