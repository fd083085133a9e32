//! Access tokens, for vendors that ask for one before they call.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::{Ingest, callback, problem};
use crate::clock;
use crate::reject::Reason;
use crate::vendor::TokenRequest;

/// A token request is a short form or JSON object.
const MAX_BODY: usize = 16 * 1024;

/// Handles `POST /v1/sources/{source}/token`.
pub(super) async fn token(State(ingest): State<Arc<Ingest>>, Path(source): Path<String>, request: Request) -> Response {
    let Some(source) = ingest.sources.get(&source) else { return callback::lost(&ingest, Reason::SourceUnknown) };
    let caller = callback::caller(&ingest, request.extensions(), request.headers());
    let checked = source.check_address(caller).and_then(|()| source.check_rate());
    let _admitted = match checked.and_then(|()| ingest.admission.enter(&source.name)) {
        Ok(admitted) => admitted,
        Err(reject) => return problem::refusal(&ingest, reject.reason),
    };
    let (head, body) = request.into_parts();
    let Some(body) = read(&ingest, body).await else { return problem::response(Reason::BodyTooLarge) };
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let asked = TokenRequest { headers: &head.headers, body: &body, now: clock::now(), nonce: &nonce };
    match source.adapter.token(&asked) {
        Some(reply) => {
            let headers = [(header::CONTENT_TYPE, reply.content_type), (header::CACHE_CONTROL, "no-store")];
            (reply.status, headers, reply.body).into_response()
        }
        None => callback::lost(&ingest, Reason::KindUnknown),
    }
}

async fn read(ingest: &Ingest, body: Body) -> Option<bytes::Bytes> {
    let timeout = Duration::from_millis(ingest.config.http.read_timeout_ms);
    tokio::time::timeout(timeout, to_bytes(body, MAX_BODY)).await.ok()?.ok()
}
