//! Why the vendor refuses a request. Its texts are for people and may hold numbers: they are read, never shown.

use http::StatusCode;

use super::wire;
use crate::vendor::lenient;
use crate::vendor::poll::{Failure, Response};

/// Words of the texts about a version the vendor does not serve.
/// <https://docs-vcc.atlassian.net/wiki/pages/viewpage.action?pageId=3916660747>
const VERSION: &[&str] = &["accept header", "api-version"];

/// The failure a response stands for, unless it is a success; `version` is the setting of the API's version.
pub fn check(response: &Response, version: &'static str) -> Result<(), Failure> {
    response.success().map_err(|failure| match response.status {
        _ if is_about_version(response) => Failure::configuration(format!(
            "{}: the vendor does not serve this version; see `api.{version}`",
            failure.detail
        )),
        StatusCode::FORBIDDEN => Failure::configuration(format!(
            "{}: the client may not use this API; compare `api.scope` with its scopes in the vendor's console",
            failure.detail
        )),
        _ => failure,
    })
}

fn is_about_version(response: &Response) -> bool {
    let error: wire::Error = lenient::object(&response.body).unwrap_or_default();
    let message = error.message.unwrap_or_default().to_ascii_lowercase();
    let refused = matches!(response.status, StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE);
    refused || VERSION.iter().any(|words| message.contains(words))
}
