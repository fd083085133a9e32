//! The vendor's answer to `/v2/call`. Only its `UniqueId` is documented.

use crate::event::{Cause, Outcome};
use crate::reject::Reject;
use crate::vendor::Context;
use crate::vendor::poll::{Created, Placement};
use crate::vendor::sestek_knovvu::wire;

/// Reads an answer. One without a `UniqueId` says that no call was made; why is in a form the vendor does not document, so
/// that the cause is ours.
pub fn read(created: &Created<'_>, context: &Context) -> Result<Placement, Reject> {
    match wire::created(created.answer)? {
        Some(call) => Ok(created.placed(call)),
        None => {
            let cause = Cause { interface: "trunkline".to_owned(), code: "no_unique_id".to_owned(), text: None };
            created.refused(Outcome::Failed, cause, context)
        }
    }
}
