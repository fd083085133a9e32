//! Who asks: the access token, and what every request has in common.

use core::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Settings;
use super::super::normalise::Interface;
use super::answer::{Envelope, passable, with_code};
use super::row::Row;
use super::{Api, TOKEN, TaskType};
use crate::secret::{Secret, Secrets};
use crate::vendor::lenient;
use crate::vendor::poll::{Failure, Means, Request, Response, Token};

/// A tenant, as one source asks it.
pub struct Account {
    /// The source's settings.
    pub settings: Settings,
    /// How it is asked, checked.
    pub api: Api,
    /// The application's secrets.
    pub secrets: Secrets,
}

impl Account {
    /// A request with the access token.
    pub fn post(&self, action: &'static str, body: &Value, means: &Means<'_>) -> Request {
        let mut headers =
            vec![("content-type", "application/json".to_owned()), ("x-app-key", self.api.app_key.clone())];
        headers.extend(means.token.map(|token| ("authorization", format!("Bearer {}", token.expose()))));
        let url = format!("{}/apiaccess/CC-Management/v1/mobileAgent/{action}", self.api.base_url);
        request(action, url, headers, body)
    }

    /// The request for an access token. <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0002.html>
    pub fn token_request(&self) -> Option<Request> {
        let secrets = self.secrets.active();
        let body = json!({ "app_key": self.api.app_key, "app_secret": secrets.first()?.expose() });
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-token-expire", self.api.token_seconds.to_string()),
        ];
        Some(request(TOKEN, self.api.token_url.clone()?, headers, &body))
    }

    /// The token in the answer. It lives as long as it says, and never longer than was asked for.
    pub fn read_token(&self, response: &Response) -> Result<Token, Failure> {
        let code = Envelope::read(&response.body).and_then(|envelope| envelope.code());
        passable(response).map_err(|failure| with_code(failure, code.as_deref()))?;
        let answer: Option<TokenAnswer> = lenient::object(&response.body).ok();
        let (token, expires) = answer.map(|answer| (answer.access_token, answer.expires)).unwrap_or_default();
        let Some(token) = token.filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic())) else {
            return Err(match code {
                Some(code) => with_code(
                    Failure::configuration("no access token: check `api.app_key` and `api.app_secret_files`"),
                    Some(&code),
                ),
                None => Failure::retry("the answer holds no AccessToken that a header can hold"),
            });
        };
        let asked = u64::from(self.api.token_seconds);
        let seconds = expires.and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
        let lifetime = Duration::from_secs(seconds.map_or(asked, |seconds| seconds.min(asked)));
        Ok(Token { secret: Secret::new(token), lifetime })
    }

    /// Which kind of call a row is about: its codes and who spoke depend on it.
    pub fn interface(&self, row: &Row) -> Interface<'_> {
        let (vn, dual) = (Interface::vn(&self.settings), Interface::dual(&self.settings));
        let only_dual = |code: &str| vn.outcome(code).is_none() && dual.outcome(code).is_some();
        let is_dual = match self.api.task_type {
            Some(TaskType::Dual) => true,
            Some(TaskType::VoiceNotification) => false,
            Some(TaskType::Anonymous) | None => row.has_agent() || row.reason_code().is_some_and(only_dual),
        };
        if is_dual { dual } else { vn }
    }
}

fn request(action: &'static str, url: String, headers: Vec<(&'static str, String)>, body: &Value) -> Request {
    Request { action, method: Method::POST, url, headers, body: Bytes::from(body.to_string()) }
}

/// The answer to `tokenByAkSk`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TokenAnswer {
    /// The token.
    #[serde(default, deserialize_with = "lenient::text")]
    access_token: Option<String>,
    /// Seconds it lives, as text.
    #[serde(default, deserialize_with = "lenient::number")]
    expires: Option<i64>,
}
