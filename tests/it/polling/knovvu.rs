//! Knovvu's `/v2/callresult` under a test's control.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// How the vendor answers.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Mood {
    /// As documented.
    #[default]
    Fine,
    /// 503 to everything.
    Down,
    /// 429 with `Retry-After: 1` to everything.
    Throttling,
}

/// A running vendor; gone with the test's runtime.
pub struct Knovvu {
    url: String,
    state: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    mood: Mood,
    results: HashMap<String, String>,
    refused: HashMap<String, u16>,
    asked: HashMap<String, usize>,
    requests: Vec<Instant>,
    tokens: Tokens,
}

/// Access tokens: none are needed as long as none were asked for.
#[derive(Default)]
struct Tokens {
    given: usize,
    /// Seconds.
    lifetime: u64,
    valid: Option<String>,
}

impl Knovvu {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Books::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new()
            .route("/v2/callresult", post(call_result))
            .route("/identity/connect/token", post(token))
            .with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on the call has this state.
    pub fn ends(&self, call: &str, state: &str) {
        self.books().results.insert(call.to_owned(), state.to_owned());
    }

    /// Answers every request that names the call with this status; 200 takes that back.
    pub fn refuses(&self, call: &str, status: u16) {
        self.books().refused.insert(call.to_owned(), status);
    }

    pub fn mood(&self, mood: Mood) {
        self.books().mood = mood;
    }

    /// Lifetime of the tokens it gives from now on.
    pub fn token_lifetime(&self, seconds: u64) {
        self.books().tokens.lifetime = seconds;
    }

    /// Accepts no token it gave so far.
    pub fn revoke_tokens(&self) {
        self.books().tokens.valid = Some(String::new());
    }

    /// How many tokens it gave.
    pub fn tokens(&self) -> usize {
        self.books().tokens.given
    }

    /// How often the call was asked about.
    pub fn asked(&self, call: &str) -> usize {
        self.books().asked.get(call).copied().unwrap_or_default()
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.books().requests.len()
    }

    /// The most requests in any second.
    pub fn most_in_a_second(&self) -> usize {
        let requests = &self.books().requests;
        let within = |first: Instant| {
            requests.iter().filter(|at| **at >= first && **at - first < Duration::from_secs(1)).count()
        };
        requests.iter().map(|first| within(*first)).max().unwrap_or_default()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.state.lock().expect("not poisoned")
    }
}

/// RFC 6749, section 4.4. Takes its time, so that several could ask at once.
async fn token(State(state): State<Arc<Mutex<Books>>>) -> Response {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut books = state.lock().expect("not poisoned");
    books.tokens.given += 1;
    let token = format!("only-for-tests-access-token-{}", books.tokens.given);
    books.tokens.valid = Some(token.clone());
    Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": books.tokens.lifetime })).into_response()
}

async fn call_result(State(state): State<Arc<Mutex<Books>>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut books = state.lock().expect("not poisoned");
    if let Some(valid) = &books.tokens.valid
        && headers.get(header::AUTHORIZATION).is_none_or(|sent| sent != format!("Bearer {valid}").as_str())
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    books.requests.push(Instant::now());
    let ids: Vec<String> = body["UniqueIds"]
        .as_array()
        .expect("UniqueIds")
        .iter()
        .map(|id| id.as_str().expect("text").to_owned())
        .collect();
    for id in &ids {
        *books.asked.entry(id.clone()).or_default() += 1;
    }
    match books.mood {
        Mood::Fine => {}
        Mood::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Throttling => return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response(),
    }
    let refusal = ids.iter().find_map(|id| books.refused.get(id).filter(|status| **status != 200));
    if let Some(status) = refusal {
        return StatusCode::from_u16(*status).expect("a status").into_response();
    }
    // In another order than asked, and nothing about calls that are not over.
    let results: Vec<_> = ids
        .iter()
        .rev()
        .filter_map(|id| Some(json!({ "UniqueId": id, "CallRequestId": "", "CallState": books.results.get(id)? })))
        .collect();
    Json(json!({ "CallResults": results })).into_response()
}
