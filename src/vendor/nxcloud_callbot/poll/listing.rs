//! The rows of an answer, wherever the vendor put them.
//!
//! Only the list of `listOrderDetail` (`orderDetailList`) and that of `listTask` (`taskData`) are documented. For `listCall`
//! the names are inferred from the vendor's other answers; a list by another name is taken when it is the only one.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::vendor::poll::Failure;

/// Names of the number of all rows, which the vendor documents for other answers.
const TOTALS: &[&str] = &["totalCount", "total"];

type Members = BTreeMap<String, Box<RawValue>>;

/// One page.
pub struct Listing {
    /// Its rows.
    pub rows: Vec<Box<RawValue>>,
    /// The number of rows on all pages, where the vendor says so.
    pub total: Option<u64>,
}

impl Listing {
    /// The list under one of `names`, or else the only one; in the answer itself or in its member `data`. An answer without
    /// a list is an empty page, unless it counts rows.
    pub fn read(action: &'static str, body: &[u8], names: &[&str]) -> Result<Self, Failure> {
        let answer: Members = serde_json::from_slice(body)
            .map_err(|_| Failure::retry(format!("{action}: the answer is not a JSON object")))?;
        let data: Members = answer.get("data").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        let places = [&answer, &data];

        let total = places.iter().find_map(|members| TOTALS.iter().find_map(|name| count(members.get(*name)?)));
        let named = places.iter().find_map(|members| names.iter().find_map(|name| list(members.get(*name)?)));
        if let Some(rows) = named {
            return Ok(Self { rows, total });
        }
        let mut lists: Vec<_> =
            places.iter().flat_map(|members| members.values()).filter_map(|raw| list(raw)).collect();
        match (lists.len(), total) {
            (0, None | Some(0)) => Ok(Self { rows: Vec::new(), total }),
            (1, _) => Ok(Self { rows: lists.remove(0), total }),
            _ => Err(Failure::permanent(format!("{action}: the answer holds no list of a known name"))),
        }
    }
}

fn list(raw: &RawValue) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(raw.get()).ok()
}

fn count(raw: &RawValue) -> Option<u64> {
    raw.get().trim_matches('"').parse().ok()
}
