//! The line to one source's vendor: every request goes through here, within the budget, with a token that is valid, and
//! only while the vendor answers.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::circuit::{Circuit, Leave};
use super::client;
use crate::clock;
use crate::config::{Config, SettingsError, SourcePoll};
use crate::event::{self, Event};
use crate::metrics::Metrics;
use crate::secret::{Secret, equal};
use crate::source::Source;
use crate::vendor::Poller;
use crate::vendor::poll::{Failure, FailureClass, Inquiry, Means, Request, Response};

/// The line to one source's vendor.
pub struct Line {
    source: Arc<Source>,
    client: reqwest::Client,
    timeout: Duration,
    budgets: BTreeMap<&'static str, DefaultDirectRateLimiter>,
    circuit: Circuit,
    token: Mutex<Option<Held>>,
    metrics: Arc<Metrics>,
}

/// The access token in use.
struct Held {
    secret: Secret,
    renew_at: Instant,
}

impl Line {
    /// A line with its budget still to be earned: whoever asked before may have spent the last minute's.
    pub fn new(
        config: &Config,
        source: Arc<Source>,
        poll: &SourcePoll,
        metrics: Arc<Metrics>,
    ) -> Result<Self, SettingsError> {
        let client =
            client::build(poll).map_err(|(key, why)| config.source(&source.name).error(&format!("poll.{key}"), why))?;
        let actions = source.poller().map(Poller::actions).unwrap_or_default();
        let budgets = actions.iter().map(|action| (*action, budget(poll, action))).collect();
        Ok(Self {
            client,
            timeout: Duration::from_millis(poll.timeout_ms),
            budgets,
            circuit: Circuit::new(poll),
            token: Mutex::default(),
            metrics,
            source,
        })
    }

    /// Empties the budgets, for an account that is taken over: its owner before may have spent them this moment.
    pub fn start_empty(&self, poll: &SourcePoll) {
        if let Some(burst) = NonZeroU32::new(poll.burst) {
            self.budgets.values().for_each(|budget| drop(budget.check_n(burst)));
        }
    }

    /// Sends the next request of `inquiry` and reads the response. `None` when the inquiry has ended. Waits for the budget
    /// and for an open circuit. After a failure the inquiry can be asked again.
    pub async fn step(&self, inquiry: &mut dyn Inquiry) -> Option<Result<Vec<Event>, Failure>> {
        let poller = self.source.poller()?;
        let mut renewed = false;
        loop {
            let token = match self.token(poller).await {
                Ok(token) => token,
                Err(failure) => return Some(Err(failure)),
            };
            let request = next(inquiry, token.as_ref())?;
            let action = request.action;
            self.leave(action).await;
            // Signed anew: waiting may have taken longer than a signature lives.
            let request = next(inquiry, token.as_ref())?;
            let answered = self.send(request, |response| {
                let context = self.source.poll_context(event::Instant::new(clock::now()));
                let context = context.ok_or_else(|| Failure::configuration("the source asks no longer"))?;
                inquiry.read(response, &context)
            });
            match answered.await {
                Err(failure) if failure.class == FailureClass::Token && token.is_some() && !renewed => {
                    renewed = true;
                    self.forget(token.as_ref()).await;
                }
                Err(failure) if failure.class == FailureClass::Token => {
                    let detail = "the vendor accepts neither the access token nor a new one";
                    return Some(Err(Failure::configuration(detail)));
                }
                other => return Some(other),
            }
        }
    }

    /// Whether the circuit is open.
    pub fn is_open(&self) -> bool {
        self.circuit.is_open()
    }

    /// Says whether the circuit is open, when the account is ours; when it is not, somebody else says it.
    pub fn show_circuit(&self, ours: bool) {
        let open = self.metrics.poll_circuit_open.with_label_values(&[&self.source.name]);
        open.set((ours && self.is_open()).into());
    }

    /// Waits until a request of `action` may be sent.
    async fn leave(&self, action: &'static str) {
        loop {
            if let Some(budget) = self.budgets.get(action) {
                budget.until_ready().await;
            }
            match self.circuit.ask(Instant::now()) {
                Leave::Go => return,
                Leave::Wait(until) => tokio::time::sleep_until(until).await,
            }
        }
    }

    /// The access token, renewed when nine tenths of its life are over. One renewal at a time: others wait for it.
    async fn token(&self, poller: &dyn Poller) -> Result<Option<Secret>, Failure> {
        let mut held = self.token.lock().await;
        if let Some(held) = held.as_ref().filter(|held| Instant::now() < held.renew_at) {
            return Ok(Some(held.secret.clone()));
        }
        let Some(request) = token_request(poller) else { return Ok(None) };
        self.leave(request.action).await;
        let Some(request) = token_request(poller) else { return Ok(None) };
        let asked = Instant::now();
        let token = self.send(request, |response| poller.read_token(response)).await.map_err(|failure| {
            match failure.class {
                // Nobody else can mend a refused client than whoever configured it.
                FailureClass::Token | FailureClass::Permanent => {
                    Failure { class: FailureClass::Configuration, ..failure }
                }
                _ => failure,
            }
        })?;
        let secret = token.secret.clone();
        *held = Some(Held { secret: token.secret, renew_at: asked + token.lifetime.mul_f64(0.9) });
        Ok(Some(secret))
    }

    /// Forgets the token that was not accepted, unless it has been renewed meanwhile.
    async fn forget(&self, refused: Option<&Secret>) {
        let mut held = self.token.lock().await;
        let same =
            |(held, refused): (&Held, &Secret)| equal(held.secret.expose().as_bytes(), refused.expose().as_bytes());
        if held.as_ref().zip(refused).is_some_and(same) {
            *held = None;
        }
    }

    /// Sends a request and reads its response, and lets circuit and metrics know.
    async fn send<T>(
        &self,
        request: Request,
        read: impl FnOnce(&Response) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let action = request.action;
        let started = Instant::now();
        // Given up halfway, the trial of an open circuit must not be waited for.
        let mut trial = Trial { circuit: &self.circuit, ended: false };
        let result = client::send(&self.client, request, self.timeout).await.and_then(|response| read(&response));
        trial.ended = true;
        let labels =
            [self.source.name.as_str(), action, result.as_ref().err().map_or("ok", |failure| failure.class.as_str())];
        self.metrics.poll_requests.with_label_values(&labels).inc();
        self.metrics.poll_request_seconds.with_label_values(&labels[..2]).observe(started.elapsed().as_secs_f64());
        if let Err(failure) = &result {
            tracing::debug!(source = self.source.name, action, %failure, "request to the vendor");
        }
        self.judge(result.as_ref().err());
        result
    }

    fn judge(&self, failure: Option<&Failure>) {
        let now = Instant::now();
        match failure {
            // The vendor answered, whatever it said about one question.
            None => self.closed(),
            Some(Failure { class: FailureClass::Permanent | FailureClass::Token, .. }) => self.closed(),
            Some(Failure { class: FailureClass::Throttled, after, .. }) => {
                self.circuit.pause(now + after.unwrap_or(Duration::from_secs(2)).min(Duration::from_secs(3600)));
            }
            Some(failure) => {
                if let Some(after) = failure.after {
                    self.circuit.pause(now + after.min(Duration::from_secs(3600)));
                }
                let hopeless = failure.class == FailureClass::Configuration;
                if self.circuit.failed(now, hopeless, client::jitter()) {
                    self.metrics.poll_circuit_open.with_label_values(&[&self.source.name]).set(1);
                    let source = &self.source.name;
                    if hopeless {
                        tracing::error!(source, %failure, "the vendor is not asked until this is mended");
                    } else {
                        tracing::warn!(source, %failure, "the vendor does not answer; trying from time to time");
                    }
                }
            }
        }
    }

    fn closed(&self) {
        if self.circuit.answered() {
            tracing::info!(source = self.source.name, "the vendor answers again");
        }
        self.metrics.poll_circuit_open.with_label_values(&[&self.source.name]).set(0);
    }
}

fn next(inquiry: &mut dyn Inquiry, token: Option<&Secret>) -> Option<Request> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    inquiry.next(&Means { now: clock::now(), nonce: &nonce, token })
}

fn token_request(poller: &dyn Poller) -> Option<Request> {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    poller.token_request(&Means { now: clock::now(), nonce: &nonce, token: None })
}

fn budget(poll: &SourcePoll, action: &str) -> DefaultDirectRateLimiter {
    let rate = poll.requests_per_minute_of(action);
    let count = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    DefaultDirectRateLimiter::direct(Quota::per_minute(count(rate)).allow_burst(count(poll.burst)))
}

/// A request under way while the circuit is open.
struct Trial<'a> {
    circuit: &'a Circuit,
    ended: bool,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.circuit.abandoned();
        }
    }
}
