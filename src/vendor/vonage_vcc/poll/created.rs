//! The vendor's answer to a request that placed a call.
//! <https://docs-vcc.atlassian.net/wiki/spaces/VCCA/pages/3568664632/Making+a+call>

use super::wire::{Link, Placing};
use crate::event::{Cause, Outcome};
use crate::reject::{Reason, Reject};
use crate::vendor::poll::{Created, Placement};
use crate::vendor::vonage_vcc::codes;
use crate::vendor::{Context, lenient};

/// Longest text of the vendor that is kept, characters.
const LONGEST_TEXT: usize = 256;

/// Reads an answer. The call is read later under the id in `Location`; the body's own `id` is another one.
pub fn read(created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    let answer: Placing = lenient::object(created.answer.get().as_bytes())
        .map_err(|reject| Reject::new(reject.reason, format!("answer: {}", reject.detail)))?;
    let links = answer.links.unwrap_or_default();
    let own = links.iter().filter(|link| is_own(link)).find_map(|link| link.href.as_deref());
    if let Some(call) = created.location.and_then(last_segment).or_else(|| own.and_then(last_segment)) {
        return Ok(created.placed(call));
    }
    let Some(message) = answer.message else {
        let detail = "answer names no call: pass on its Location header as location (its id is another one)";
        return Err(Reject::new(Reason::FieldMissing, detail));
    };
    let text = message.to_ascii_lowercase();
    let (code, outcome) =
        codes::MESSAGE.iter().find(|(words, _)| text.contains(words)).unwrap_or(&("other", Outcome::Failed));
    let text = message.chars().take(LONGEST_TEXT).collect();
    let cause = Cause { interface: "calls.message".to_owned(), code: (*code).to_owned(), text: Some(text) };
    created.refused(*outcome, cause, context)
}

fn is_own(link: &Link) -> bool {
    link.rel.as_deref().is_some_and(|rel| rel.trim_start_matches('_').eq_ignore_ascii_case("self"))
}

/// The GUID at the end of an address.
fn last_segment(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next()?.trim_end_matches('/');
    let last = path.rsplit('/').next()?;
    uuid::Uuid::try_parse(last).ok().map(|_| last.to_ascii_lowercase())
}
