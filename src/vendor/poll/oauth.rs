//! Access tokens for client credentials: OAuth 2.0, RFC 6749 section 4.4.

use core::time::Duration;

use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Failure, FailureClass, Request, Response, Token, is_code};
use crate::secret::{FileError, Secret, Secrets};
use crate::vendor::lenient::{self, number, part, text};
use crate::vendor::proof;

/// Errors that only somebody who mends the configuration can end: RFC 6749 section 5.2.
const CONFIGURATION: &[&str] = &[
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// Lifetime of a token whose answer tells none, seconds.
const UNTOLD: i64 = 300;

/// Shortest and longest lifetime that is believed, seconds: an answer must make us neither ask all the time nor never again.
const LIFETIMES: std::ops::RangeInclusive<i64> = 30..=7 * 24 * 3600;

/// Where the client's id and secret stand in a token request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsIn {
    /// In the form.
    #[default]
    Body,
    /// In the header `Authorization`, as HTTP Basic.
    Basic,
}

/// A client of a token service.
pub struct Client {
    /// URL of the token endpoint.
    pub url: String,
    /// The client's id.
    pub id: String,
    /// Its secrets, at least one; the first is sent.
    pub secrets: Secrets,
    /// What the token shall allow; several scopes are separated by blanks.
    pub scope: String,
    /// Where id and secret stand.
    pub credentials_in: CredentialsIn,
}

impl Client {
    /// The request for a token. `None` without a secret.
    pub fn request(&self, action: &'static str) -> Option<Request> {
        let secrets = self.secrets.active();
        let secret = secrets.first()?;
        let mut form = vec![("grant_type", "client_credentials")];
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        match self.credentials_in {
            CredentialsIn::Body => form.extend([("client_id", self.id.as_str()), ("client_secret", secret.expose())]),
            CredentialsIn::Basic => headers.push(("authorization", proof::basic_header(&self.id, secret))),
        }
        form.push(("scope", &self.scope));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish().into();
        Some(Request { action, method: Method::POST, url: self.url.clone(), headers, body })
    }

    /// Re-reads secret files; `true` when anything changed.
    pub fn reload_secrets(&self) -> Result<bool, FileError> {
        self.secrets.reload()
    }
}

/// The header `Authorization` for a token.
pub fn bearer(token: &Secret) -> (&'static str, String) {
    ("authorization", format!("Bearer {}", token.expose()))
}

#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "part")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "text")]
    token_type: Option<String>,
    #[serde(default, deserialize_with = "number")]
    expires_in: Option<i64>,
}

/// The token in an answer.
pub fn token(response: &Response) -> Result<Token, Failure> {
    let answer: Answer = lenient::object(&response.body).unwrap_or_default();
    if let Some(error) = &answer.error {
        return Err(refusal(error, response));
    }
    response.success()?;
    let Some(secret) = answer.access_token.filter(is_sendable) else {
        return Err(Failure::retry("the answer to the token request holds no access_token that a header can hold"));
    };
    if answer.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(Failure::configuration("the token service gives no Bearer tokens: is its address right?"));
    }
    let seconds = answer.expires_in.unwrap_or(UNTOLD).clamp(*LIFETIMES.start(), *LIFETIMES.end());
    Ok(Token { secret, lifetime: Duration::from_secs(seconds.unsigned_abs()) })
}

/// RFC 6750, section 2.1, allows fewer characters; none of them is a blank, and none needs more than ASCII.
fn is_sendable(token: &Secret) -> bool {
    !token.expose().is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic())
}

/// A code of the RFC says more than the status; another one leaves it to the status what to do, where that says so.
fn refusal(error: &str, response: &Response) -> Failure {
    let by_status = response.success().err();
    let class = match by_status.as_ref().map(|failure| failure.class) {
        _ if CONFIGURATION.contains(&error) => FailureClass::Configuration,
        _ if error == "temporarily_unavailable" || error == "server_error" => FailureClass::Retry,
        Some(class @ (FailureClass::Retry | FailureClass::Throttled)) => class,
        _ => FailureClass::Configuration,
    };
    let code = if is_code(error) { error } else { "an error without a code" };
    Failure {
        class,
        after: by_status.and_then(|failure| failure.after),
        detail: format!("no access token, {code}: compare client, secret and scope with the vendor's console").into(),
    }
}

#[cfg(test)]
mod tests;
