//! Versions of the forms in which trunkline writes records that it reads back.
//!
//! | topic | where the version stands | a newer one |
//! |---|---|---|
//! | `inbox` | header `trunkline_format` | ends the process before the record is decided |
//! | `seen` | first byte | ends the process before anything is decided |
//! | `pending` | member `format` | is left out and stays in the topic |
//! | `calls` | member `format` | goes to `rejected`, whole |
//! | `rejected` | header `trunkline_format` | is counted by a replay and stays in the topic |
//!
//! Where none is written the version is 1. What version 1 writes says none, so that records from before there were
//! versions are of version 1 too. The bytes of every form are in `tests/fixtures/records`.

use serde::Deserialize;

/// The version this trunkline writes, and the highest it reads.
pub const VERSION: u32 = 1;

/// The header that names the version.
pub const HEADER: &str = "trunkline_format";

/// A record of a version that only a newer trunkline reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {0} of its form is of a newer trunkline, this one reads {VERSION}")]
pub struct Newer(pub u32);

/// A version of no trunkline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its version is not a number from 1")]
pub struct Nonsense;

/// What a record says of its version: whether this trunkline reads it.
pub type Told = Result<Option<Newer>, Nonsense>;

/// What the header of a record says.
pub fn of_header(text: Option<&str>) -> Told {
    match text {
        None => Ok(None),
        Some(text) => text.parse().map_err(|_| Nonsense).and_then(told),
    }
}

/// What the member of a JSON value says; nothing for what is no JSON object.
pub fn of_json(value: &[u8]) -> Option<Newer> {
    #[derive(Deserialize)]
    struct Form {
        format: Option<u32>,
    }
    // A list would be read as members in their order.
    let object = value.trim_ascii_start().starts_with(b"{");
    let form = serde_json::from_slice::<Form>(value).ok().filter(|_| object)?;
    told(form.format?).ok()?
}

fn told(version: u32) -> Told {
    match version {
        0 => Err(Nonsense),
        1..=VERSION => Ok(None),
        newer => Ok(Some(Newer(newer))),
    }
}

#[cfg(test)]
pub(crate) mod tests;
