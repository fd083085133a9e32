//! Any other sender, configured instead of coded.
//!
//! Where the other vendors have types and code tables of their own, a source of this vendor has settings:
//!
//! | file | holds |
//! |---|---|
//! | `settings.rs` | how the sender proves who it is, and what it is told |
//! | `map.rs` | where each part of an event stands in the sender's JSON |
//! | `field.rs`, `place.rs`, `time.rs` | the forms such a setting can have; JSON Pointers; times |
//! | `record.rs` | reading one record with a mapping |
//! | `verify.rs`, `normalise.rs` | as for every vendor |

mod field;
mod map;
mod normalise;
mod place;
mod record;
mod settings;
mod time;
mod verify;

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Adapter, Answer, Context, Demo, Explain, Facts, Inbound, Kind, Reply, Signed, Unsigned, Vendor, Verified};
use crate::config::{SettingsError, SourceSettings};
use crate::event::EventType;
use crate::reject::Reject;
use crate::secret::Secrets;
use map::Mapping;
use settings::{Answers, Settings};
use verify::Verifier;

const EVENT: &str = "event";

/// Registry entry of any other sender.
pub struct Generic;

static KINDS: &[Kind] = &[Kind {
    name: EVENT,
    summary: "Whatever the sender reports; the mapping says what it is.",
    events: EventType::ALL,
    body: |generator| generator.subschema_for::<serde_json::Value>(),
}];

impl Vendor for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn title(&self) -> &'static str {
        "Any other sender"
    }

    fn docs(&self) -> &'static str {
        "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"
    }

    fn kinds(&self) -> &'static [Kind] {
        KINDS
    }

    fn settings_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        Settings::json_schema(generator)
    }

    fn adapter(&self, source: &SourceSettings<'_>) -> Result<Box<dyn Adapter>, SettingsError> {
        let Settings { verify, map, answer } = source.read()?;
        let verifier = Verifier::new(&verify.settings(source)?, source)?;
        let mut kept_headers = vec!["content-type"];
        kept_headers.extend(verifier.kept_headers());
        Ok(Box::new(Sender {
            mapping: Mapping::new(map, source)?,
            verifier,
            answer,
            kept_headers: kept_headers.leak(),
        }))
    }

    fn demo(&self) -> Demo {
        Demo {
            settings: include_str!("demo/settings.toml"),
            samples: &[
                (EVENT, include_str!("demo/ringing.json")),
                (EVENT, include_str!("demo/hangup.json")),
                (EVENT, include_str!("demo/batch.json")),
            ],
        }
    }
}

/// One configured sender.
struct Sender {
    verifier: Verifier,
    mapping: Mapping,
    answer: Answers,
    /// They live as long as the process, as the source does.
    kept_headers: &'static [&'static str],
}

impl Adapter for Sender {
    fn account(&self) -> Option<&str> {
        None
    }

    fn verify(&self, inbound: Inbound, now: Timestamp, explain: &mut Explain) -> Result<Verified, Reject> {
        self.verifier.verify(inbound, now, explain)
    }

    fn normalise(&self, delivery: &Verified, context: &Context) -> Result<Facts, Reject> {
        normalise::normalise(&self.mapping, delivery, context).map(Facts::from)
    }

    fn answer(&self, answer: Answer) -> Reply {
        let (status, body) = match answer {
            Answer::Accepted => (StatusCode::OK, &self.answer.accepted),
            Answer::TryAgain => (StatusCode::SERVICE_UNAVAILABLE, &self.answer.try_again),
        };
        let json = serde_json::from_str::<IgnoredAny>(body).is_ok();
        Reply {
            status,
            content_type: if json { "application/json" } else { "text/plain; charset=utf-8" },
            body: body.clone().into(),
        }
    }

    fn sign(&self, request: &Unsigned<'_>) -> Option<Signed> {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(self.verifier.sign(request)?);
        Some(Signed { query: String::new(), headers, body: request.body.to_owned() })
    }

    fn replay_window_seconds(&self) -> Option<u32> {
        self.verifier.replay_window_seconds()
    }

    fn replay_window_key(&self) -> &'static str {
        "verify.tolerance_seconds"
    }

    fn secrets(&self) -> Vec<(&'static str, &Secrets)> {
        self.verifier.secrets().map(|secrets| ("verify.secrets", secrets)).into_iter().collect()
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        self.kept_headers
    }

    /// A record of a list, in a list at the place where the mapping of today looks for it.
    fn body_of_part(&self, _: &'static Kind, part: &RawValue) -> Option<Bytes> {
        let pointer = self.mapping.map.items.as_ref()?;
        Some(pointer.holding(&format!("[{part}]")).into())
    }

    fn sample_files(&self) -> &[PathBuf] {
        &self.mapping.map.samples
    }

    fn read_sample(&self, body: Bytes, context: &Context) -> Option<Result<Facts, Reject>> {
        let inbound = Inbound { kind: &KINDS[0], method: Method::POST, query: None, headers: HeaderMap::new(), body };
        // Nobody sent it: what this makes stays in here and only its facts are shown.
        Some(self.normalise(&Verified::new(inbound, None), context))
    }
}

#[cfg(test)]
mod tests;
