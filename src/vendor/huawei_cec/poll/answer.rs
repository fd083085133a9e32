//! What every answer of the vendor's API has in common: a code, and a result when the code is 0.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::vendor::lenient;
use crate::vendor::poll::{Failure, FailureClass, Response, is_code};

/// Members of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    #[serde(default, deserialize_with = "lenient::text")]
    ret_code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    result_code: Option<String>,
    /// The vendor's object.
    #[serde(default)]
    pub result: Option<Box<RawValue>>,
}

impl Envelope {
    /// Reads a body; `None` when it is no JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        lenient::object(body).ok()
    }

    /// `retCode`, or `resultCode`, as other pages of the vendor call it.
    pub fn code(&self) -> Option<String> {
        let code = self.ret_code.as_ref().or(self.result_code.as_ref())?;
        Some(code.trim().to_owned()).filter(|code| !code.is_empty())
    }
}

/// An answer with a code.
pub struct Answer<'a> {
    response: &'a Response,
    /// The code as text.
    pub code: String,
    /// The vendor's object, whatever it is.
    pub result: Option<Box<RawValue>>,
}

impl<'a> Answer<'a> {
    /// Reads a response. The code counts more than the status, unless it says that all is well.
    pub fn read(response: &'a Response) -> Result<Self, Failure> {
        let envelope = Envelope::read(&response.body);
        match envelope.and_then(|envelope| Some((envelope.code()?, envelope.result))) {
            Some((code, result)) if code != "0" => Ok(Self { response, code, result }),
            Some((code, result)) => passable(response).map(|()| Self { response, code, result }),
            None => {
                passable(response)?;
                Err(Failure::retry("the answer is not JSON with a retCode"))
            }
        }
    }

    /// The failure of a code that is not in the vendor's table for the question.
    pub fn unexpected(&self) -> Failure {
        let status = passable(self.response).err();
        with_code(status.unwrap_or_else(|| Failure::retry("the question is not answered")), Some(&self.code))
    }
}

/// The failure a status stands for. The vendor's pages say 403 for a token that is not accepted, and 404 for a wrong path:
/// no call has an address of its own.
pub fn passable(response: &Response) -> Result<(), Failure> {
    response.success().map_err(|failure| match response.status {
        StatusCode::FORBIDDEN => Failure { class: FailureClass::Token, ..failure },
        StatusCode::NOT_FOUND => Failure::configuration("HTTP status 404: check `api.base_url` and `api.token_url`"),
        _ => failure,
    })
}

/// A failure that also tells the vendor's code, if it looks like one: it must not be free text or a number to call.
pub fn with_code(failure: Failure, code: Option<&str>) -> Failure {
    let Some(code) = code else { return failure };
    let code = if is_code(code) { code } else { "of an unknown form" };
    Failure { detail: format!("{} (retCode {code})", failure.detail).into(), ..failure }
}
