//! The envelope of every answer, and what the vendor's error codes ask for.
//!
//! Errors come with HTTP status 200: the body is looked at first.
//! <https://www.tencentcloud.com/document/product/1229/59745>

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::vendor::lenient::{self, text};
use crate::vendor::poll::{Failure, FailureClass, Response, is_code};

/// Codes, also for those that go on with a dot, the class of each, and the fix.
/// <https://www.tencentcloud.com/document/api/1229/59801>
const CODES: &[(&str, FailureClass, &str)] = {
    use FailureClass::{Configuration, Permanent, Retry, Throttled};
    const APPLICATION: &str = ": is api.sdk_app_id an application of this account?";
    &[
        ("RequestLimitExceeded", Throttled, ""),
        // Passes when the clock is right again.
        ("AuthFailure.SignatureExpire", Retry, ": this machine's clock is off by more than 5 minutes"),
        ("AuthFailure.UnauthorizedOperation", Configuration, ": allow the action for the API key (CAM policy)"),
        ("AuthFailure", Configuration, ": check api.secret_id and api.secret_key_files"),
        ("UnauthorizedOperation", Configuration, ": allow the action for the API key (CAM policy)"),
        ("FailedOperation.PermissionDenied", Configuration, ": allow the action for the API key (CAM policy)"),
        ("IpInBlacklist", Configuration, ": allow this machine's address for the API key"),
        ("IpNotInWhitelist", Configuration, ": allow this machine's address for the API key"),
        // A wrong application is wrong for every call: no other question would fare better.
        ("InvalidParameter.InstanceNotExist", Configuration, APPLICATION),
        ("InvalidParameterValue.InstanceNotExist", Configuration, APPLICATION),
        ("InvalidAction", Configuration, ": check api.base_url"),
        ("NoSuchProduct", Configuration, ": check api.base_url"),
        ("NoSuchVersion", Configuration, ": check api.base_url"),
        ("UnsupportedRegion", Configuration, ": check api.region"),
        ("InvalidParameter", Permanent, ""),
        ("InvalidParameterValue", Permanent, ""),
        ("MissingParameter", Permanent, ""),
        ("UnknownParameter", Permanent, ""),
        ("LimitExceeded", Permanent, ""),
        ("RequestSizeLimitExceeded", Permanent, ": lower api.batch"),
        ("ResponseSizeLimitExceeded", Permanent, ": lower api.batch"),
    ]
};

/// The code of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// Takes what can be a code, and nothing that could hold a number or a text.
    fn new(text: Option<&str>) -> Self {
        let legal = |text: &&str| is_code(text) && text.starts_with(|c: char| c.is_ascii_alphabetic());
        Self(text.filter(legal).unwrap_or("unreadable-code").to_owned())
    }

    /// The code itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it means for a question. Codes of no known kind, `InternalError` and `FailedOperation` may pass.
    pub fn failure(&self) -> Failure {
        let fits = |code: &str| self.0.strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        match CODES.iter().find(|(code, ..)| fits(code)) {
            Some((_, class, fix)) => Failure::new(*class, format!("{}{fix}", self.0)),
            None => Failure::retry(self.0.clone()),
        }
    }
}

/// What a body is.
pub enum Answer {
    /// What the action returned.
    Said(Box<RawValue>),
    /// The code of an error.
    Refused(Code),
    /// Nothing the vendor documents.
    Unreadable,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Response", default)]
    response: Option<Box<RawValue>>,
    /// Errors of the old gateway: a number, and the code as text.
    #[serde(default, deserialize_with = "text")]
    code: Option<String>,
    #[serde(rename = "codeDesc", default, deserialize_with = "text")]
    code_desc: Option<String>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "Error", default)]
    error: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "Code", default, deserialize_with = "text")]
    code: Option<String>,
}

/// Reads a body. What the vendor's client libraries hand on, without the envelope, is understood as well.
pub fn open(body: &[u8]) -> Answer {
    let Ok(envelope) = lenient::object::<Envelope>(body) else { return Answer::Unreadable };
    if let Some(code) = envelope.code.filter(|code| code != "0") {
        return Answer::Refused(Code::new(envelope.code_desc.as_deref().or(Some(&code))));
    }
    let Some(said) = envelope.response.or_else(|| serde_json::from_slice(body).ok()) else { return Answer::Unreadable };
    match lenient::object::<Inner>(said.get().as_bytes()) {
        Ok(Inner { error: None }) => Answer::Said(said),
        Ok(Inner { error: Some(error) }) => {
            let fault = lenient::object::<Fault>(error.get().as_bytes()).ok();
            Answer::Refused(Code::new(fault.and_then(|fault| fault.code).as_deref()))
        }
        Err(_) => Answer::Unreadable,
    }
}

/// What the action returned, or why it did not. The HTTP status only counts where the body names no error.
pub fn read<T: DeserializeOwned>(response: &Response) -> Result<T, Failure> {
    let unreadable = || Failure::retry("the response is not JSON of the documented shape");
    match open(&response.body) {
        Answer::Refused(code) => Err(code.failure()),
        Answer::Said(said) => {
            response.success()?;
            lenient::object(said.get().as_bytes()).map_err(|_| unreadable())
        }
        Answer::Unreadable => {
            response.success()?;
            Err(unreadable())
        }
    }
}
