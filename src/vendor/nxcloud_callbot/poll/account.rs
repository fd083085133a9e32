//! Whom trunkline asks as: signed requests, and the proof that an answer is the vendor's.
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-authorization>

use http::Method;
use serde_json::Value;

use super::super::codes::RET_CODE;
use super::super::verify::{self, Signable};
use super::{Api, Settings, wire};
use crate::secret::Secrets;
use crate::vendor::poll::{Failure, FailureClass, Means, Request, Response, is_code};
use crate::vendor::{Explain, lenient};

const PATH: &str = "/callcentre/api/v3";

/// The account of a source.
pub struct Account {
    /// The source's settings.
    pub settings: Settings,
    /// How it asks.
    pub api: Api,
    secrets: Secrets,
}

impl Account {
    /// An account that signs with the first of `secrets`.
    pub fn new(settings: Settings, api: Api, secrets: Secrets) -> Self {
        Self { settings, api, secrets }
    }

    /// A signed request of `action`, which is also the end of its path. The nonce becomes its `requestID`.
    pub fn request(&self, action: &'static str, body: &Value, means: &Means<'_>) -> Request {
        let body = body.to_string();
        let mut headers = verify::sign(&self.settings, &self.secrets, &body, means.nonce, means.now)
            .expect("a source without a secret is refused");
        headers.push(("algorithm", self.settings.algorithm.header().to_owned()));
        let url = format!("{}{PATH}/{action}", self.api.base_url);
        Request { action, method: Method::POST, url, headers, body: body.into() }
    }

    /// The body of a successful answer to the request `request_id`: a JSON object the vendor signed.
    ///
    /// An error needs no signature: no fact comes of it, and the vendor cannot sign for an account it does not know.
    pub fn answer<'a>(
        &self,
        action: &'static str,
        request_id: &str,
        response: &'a Response,
    ) -> Result<&'a [u8], Failure> {
        match lenient::object::<wire::Envelope>(&response.body).ok().and_then(|envelope| envelope.ret_code) {
            Some(0) => {}
            Some(code) => return Err(refusal(action, code)),
            None => {
                response.success().map_err(without_token)?;
                return Err(Failure::retry(format!("{action}: the answer is not a JSON object with a retCode")));
            }
        }
        response.success().map_err(without_token)?;
        if self.api.check_answers {
            self.check(request_id, response)
                .map_err(|wrong| Failure::configuration(format!("{action}: the answer {wrong}")))?;
        }
        Ok(&response.body)
    }

    /// Signed over the body and the headers beside it. The `requestID` is that of the question, so that an answer cannot be
    /// played back and its age does not matter.
    fn check(&self, request_id: &str, response: &Response) -> Result<(), &'static str> {
        let Some(sign) = response.header("sign") else {
            return match self.api.unsigned_answers && !response.headers.contains_key("sign") {
                true => Ok(()),
                false => Err("has no header sign: set `api.unsigned_answers = true` if the vendor does not sign it"),
            };
        };
        let header = |name| response.header(name).unwrap_or_default();
        let created = header("createTs");
        if header("requestID") != request_id {
            return Err("has another requestID than the question");
        }
        if header("uuid") != self.settings.uuid {
            return Err("has another uuid than the source's `uuid`");
        }
        if created.is_empty() || !created.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("has no createTs in digits");
        }
        let signable = Signable { body: &response.body, created, request_id, uuid: &self.settings.uuid };
        verify::check_signature(self.settings.algorithm, &self.secrets, &signable, sign, &mut Explain::off()).map_err(
            |_| "is signed with no active secret: compare `secret_files` and `algorithm` with the vendor's console",
        )
    }
}

/// The failure a `retCode` stands for. A code that is in no table may pass by itself.
fn refusal(action: &'static str, code: i64) -> Failure {
    let row = RET_CODE.iter().find(|(known, _, _)| *known == code);
    let (class, meaning) =
        row.map_or((FailureClass::Retry, "not documented"), |(_, class, meaning)| (*class, *meaning));
    let code = Some(code.to_string()).filter(|code| is_code(code)).unwrap_or_else(|| "of an unknown form".to_owned());
    Failure::new(class, format!("{action}: retCode {code} ({meaning})"))
}

/// The vendor has no access tokens: what HTTP calls unauthorised is a matter of the configuration.
fn without_token(failure: Failure) -> Failure {
    let class = match failure.class {
        FailureClass::Token => FailureClass::Configuration,
        other => other,
    };
    Failure { class, ..failure }
}
