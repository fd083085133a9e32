//! What dialers say about the calls they placed.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ingest, callback, problem};
use crate::clock;
use crate::dialer::{self, Complaint};
use crate::kafka::PublishError;
use crate::reject::{Reason, Reject};
use crate::source::Source;
use crate::vendor::only_header;
use crate::vendor::poll::Placement;

/// Handles `POST /v1/sources/{source}/calls`.
pub(super) async fn calls(State(ingest): State<Arc<Ingest>>, Path(source): Path<String>, request: Request) -> Response {
    let Some(source) = ingest.sources.get(&source) else { return callback::lost(&ingest, Reason::SourceUnknown) };
    match take(&ingest, source, request).await {
        Ok(answer) => (StatusCode::ACCEPTED, [(header::CONTENT_TYPE, "application/json")], answer).into_response(),
        Err(Refused::Invalid(complaint)) => {
            ingest.inbox.metrics.placed_calls.with_label_values(&[&source.name, "invalid"]).inc();
            problem::complaint(&complaint)
        }
        Err(Refused::Rejected(reject)) => {
            ingest.inbox.metrics.placed_calls.with_label_values(&[&source.name, reject.reason.as_str()]).inc();
            problem::refusal(&ingest, reject.reason)
        }
    }
}

enum Refused {
    Invalid(Complaint),
    Rejected(Reject),
}

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        Self::Rejected(reject)
    }
}

async fn take(ingest: &Ingest, source: &Source, request: Request) -> Result<String, Refused> {
    let (head, body) = request.into_parts();
    source.check_dialer(only_header(&head.headers, header::AUTHORIZATION.as_str()))?;
    if !matches!(&*callback::media_type(&head.headers), "" | "application/json") {
        return Err(Reject::new(Reason::ContentType, "calls are given as application/json").into());
    }
    let mut admitted = ingest.admission.enter(&source.name)?;
    let deadline = tokio::time::Instant::now() + Duration::from_millis(ingest.config.http.answer_deadline_ms);
    let body = callback::read_body(ingest, body).await?;
    admitted.work()?;
    let placing = dialer::parse(&body).map_err(Refused::Invalid)?;
    if placing.source.as_deref().is_some_and(|name| name != source.name) {
        return Err(Refused::Invalid(Complaint("source is another one than the URL names: leave it out".into())));
    }
    let longest = SignedDuration::from_hours(ingest.config.dedup.window_hours.into());
    let placement = dialer::placement(source, placing, clock::now(), longest).map_err(Refused::Invalid)?;
    let answer = answer(&placement);
    match dialer::place(&ingest.inbox, &ingest.pending, source, placement, deadline).await {
        Ok(()) => Ok(answer),
        Err(PublishError::TooLarge) => {
            Err(Refused::Invalid(Complaint("a call is larger than kafka.max_message_bytes".into())))
        }
        Err(error) => Err(callback::unavailable(error).into()),
    }
}

/// The calls that are now waited for, by the ids their events will have, and how many facts were certain at once.
fn answer(placement: &Placement) -> String {
    let calls: Vec<_> = placement.placed.iter().map(|call| &call.call).collect();
    json!({ "accepted": calls.len(), "calls": calls, "events": placement.events.len() }).to_string()
}
