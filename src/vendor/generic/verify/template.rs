//! What a signature covers: a text with places for the body, the time and headers.

use crate::config::{SettingsError, SourceSettings};
use crate::reject::Reject;
use crate::vendor::{Explain, Inbound};

use super::{header, header_name};

const KEY: &str = "verify.signed";

/// What a signature covers, part by part.
pub struct Template(Vec<Part>);

#[derive(PartialEq, Eq)]
enum Part {
    Text(String),
    Body,
    Timestamp,
    Header(&'static str),
}

/// The parts with the values of one request. `None` stands for the body, so that hints can try another one.
pub type Pieces<'a> = Vec<Option<&'a str>>;

impl Template {
    /// Reads `{timestamp}.{body}` and the like.
    pub fn new(text: &str, source: &SourceSettings<'_>) -> Result<Self, SettingsError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, after) = after.split_once('}').ok_or_else(|| source.error(KEY, "has a `{` without its `}`"))?;
            parts.push(match (name, name.strip_prefix("header:")) {
                ("body", _) => Part::Body,
                ("timestamp", _) => Part::Timestamp,
                (_, Some(name)) => Part::Header(header_name(name, KEY, source)?),
                _ => {
                    return Err(
                        source.error(KEY, "can have {body}, {timestamp} and {header:NAME}, nothing else in braces")
                    );
                }
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if !parts.contains(&Part::Body) {
            return Err(source.error(KEY, "lacks {body}: a signature that does not cover the body proves nothing"));
        }
        Ok(Self(parts))
    }

    /// Whether the time of signing is covered.
    pub fn has_timestamp(&self) -> bool {
        self.0.contains(&Part::Timestamp)
    }

    /// The headers it covers.
    pub fn headers(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().filter_map(|part| match part {
            Part::Header(name) => Some(*name),
            _ => None,
        })
    }

    /// The parts of a request that was received.
    pub fn of<'a>(
        &'a self,
        inbound: &'a Inbound,
        timestamp: &'a str,
        explain: &mut Explain,
    ) -> Result<Pieces<'a>, Reject> {
        self.fill(timestamp, |name| header(inbound, name, explain))
    }

    /// The parts of a request to be sent, every header of which has the value `nonce`.
    pub fn of_new<'a>(&'a self, timestamp: &'a str, nonce: &'a str) -> Pieces<'a> {
        let filled: Result<_, std::convert::Infallible> = self.fill(timestamp, |_| Ok(nonce));
        filled.unwrap_or_else(|never| match never {})
    }

    fn fill<'a, E>(
        &'a self,
        timestamp: &'a str,
        mut header: impl FnMut(&'static str) -> Result<&'a str, E>,
    ) -> Result<Pieces<'a>, E> {
        let piece = |part: &'a Part| {
            Ok(match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Body => None,
                Part::Timestamp => Some(timestamp),
                Part::Header(name) => Some(header(name)?),
            })
        };
        self.0.iter().map(piece).collect()
    }
}
