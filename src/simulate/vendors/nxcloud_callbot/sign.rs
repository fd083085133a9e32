//! The signature of requests, answers and callbacks:
//! <https://github.com/nxtele/http-api-document/wiki/Callbot-API-authorization>.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::{SECRET, UUID};
use crate::simulate::api::Request;
use crate::simulate::vendors::Signing;

/// How far the time of a request may be off, seconds. Callbot's pages name no bound; this is the one of the vendor's other
/// signature, and far more than a clock that is kept right needs.
const SKEW_SECONDS: i64 = 60;

/// The digest, chosen by the header `algorithm` of requests and in the vendor's console for callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// The word in the header `algorithm`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA256",
        }
    }

    fn digest(self, text: &str) -> String {
        let upper = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        match self {
            Self::Md5 => upper(&Md5::digest(text)),
            Self::Sha256 => upper(&Sha256::digest(text)),
        }
    }
}

/// What is signed beside the body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<'a> {
    /// Unix seconds, as in the header `createTs`.
    pub(super) create_ts: &'a str,
    /// The header `requestID`.
    pub(super) request_id: &'a str,
    /// The header `uuid`.
    pub(super) uuid: &'a str,
}

/// The header `sign`.
pub(super) fn sign(algorithm: Algorithm, secret: &str, body: &str, stamp: Stamp<'_>) -> String {
    let Stamp { create_ts, request_id, uuid } = stamp;
    algorithm.digest(&format!("{secret}&body={body}&createTs={create_ts}&requestID={request_id}&uuid={uuid}"))
}

/// What is wrong with a request, and the vendor's `retCode` for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: &'static str,
    pub(super) code: u32,
}

/// Shorthand for an error.
pub(super) fn wrong<T>(code: u32, what: &'static str) -> Result<T, Wrong> {
    Err(Wrong { what, code })
}

/// Whether a request is signed; with which digest.
pub(super) fn check(request: &Request) -> Result<Algorithm, Wrong> {
    let algorithm = match request.header("algorithm") {
        None | Some("MD5") => Algorithm::Md5,
        Some("SHA256") => Algorithm::Sha256,
        Some(_) => return wrong(4, "algorithm is neither MD5 nor SHA256"),
    };
    let Some(given) = request.header("sign") else { return wrong(6001, "no sign") };
    let header = |name| request.header(name).filter(|value| !value.is_empty());
    let Some(request_id) = header("requestid") else { return wrong(2, "no requestID") };
    let Some(create_ts) = header("createts") else { return wrong(2, "no createTs") };
    let Some(uuid) = header("uuid") else { return wrong(2, "no uuid") };
    if uuid != UUID {
        return wrong(6002, "another account's uuid");
    }
    let seconds = Some(create_ts).filter(|text| text.len() == 10).and_then(|text| text.parse::<u32>().ok());
    let Some(seconds) = seconds else { return wrong(3, "createTs is no Unix time in seconds") };
    let Ok(body) = std::str::from_utf8(&request.body) else { return wrong(3, "the body is not UTF-8") };
    if given != sign(algorithm, SECRET, body, Stamp { create_ts, request_id, uuid }) {
        return wrong(6, "wrong sign");
    }
    if (request.now.as_second() - i64::from(seconds)).abs() > SKEW_SECONDS {
        return wrong(4, "createTs is not now");
    }
    Ok(algorithm)
}

/// The ways to sign a callback wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NoSign,
    NoRequestId,
    NoCreateTs,
    NoUuid,
    AnotherUuid,
    AnotherSecret,
    AnotherDigest,
    ChangedAfterwards,
    LabelledSecret,
}

/// All of them.
pub(super) const FAULTS: [Fault; 9] = [
    Fault::NoSign,
    Fault::NoRequestId,
    Fault::NoCreateTs,
    Fault::NoUuid,
    Fault::AnotherUuid,
    Fault::AnotherSecret,
    Fault::AnotherDigest,
    Fault::ChangedAfterwards,
    Fault::LabelledSecret,
];

/// Headers and body of a callback. The digest is not named: what callbacks are signed with is set in the console.
pub(super) fn callback(body: String, signing: &Signing, fault: Option<Fault>) -> (Vec<(&'static str, String)>, String) {
    let create_ts = signing.now.as_second().to_string();
    let uuid = if fault == Some(Fault::AnotherUuid) { "UID-SIMULATED-02" } else { UUID };
    let secret = match fault {
        Some(Fault::AnotherSecret) => "another-secret".to_owned(),
        Some(Fault::LabelledSecret) => format!("key={SECRET}"),
        _ => SECRET.to_owned(),
    };
    let algorithm = if fault == Some(Fault::AnotherDigest) { Algorithm::Md5 } else { Algorithm::Sha256 };
    let stamp = Stamp { create_ts: &create_ts, request_id: &signing.nonce, uuid };
    let sign = sign(algorithm, &secret, &body, stamp);
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let proof = [
        ("requestID", signing.nonce.clone(), Fault::NoRequestId),
        ("uuid", uuid.to_owned(), Fault::NoUuid),
        ("createTs", create_ts.clone(), Fault::NoCreateTs),
        ("sign", sign, Fault::NoSign),
    ];
    headers.extend(
        proof.into_iter().filter(|(_, _, without)| fault != Some(*without)).map(|(name, value, _)| (name, value)),
    );
    let body = if fault == Some(Fault::ChangedAfterwards) { format!("{body} ") } else { body };
    (headers, body)
}

#[cfg(test)]
mod tests;
