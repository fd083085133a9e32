//! Reads a raw HTTP/1 request from a file.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

/// A request as it was captured. Nothing in it is proven.
#[derive(Clone, Debug)]
pub struct Captured {
    /// The HTTP method.
    pub method: Method,
    /// The path of the URL.
    pub path: String,
    /// The query of the URL, without `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A file that is not a captured request.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not a captured HTTP request: a request line, headers, a blank line and the body are needed")]
pub struct CaptureError;

/// Reads a request line, headers, a blank line and a body.
pub fn parse(bytes: &[u8]) -> Result<Captured, CaptureError> {
    read(bytes).ok_or(CaptureError)
}

fn read(bytes: &[u8]) -> Option<Captured> {
    let mut rest = bytes;
    let mut line = || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = rest.split_at(end);
        rest = &after[1..];
        std::str::from_utf8(line).ok().map(|line| line.trim_end_matches('\r'))
    };
    let mut words = line()?.split(' ');
    let method: Method = words.next()?.parse().ok()?;
    let target: Uri = words.next()?.parse().ok()?;
    let mut headers = HeaderMap::new();
    loop {
        match line()? {
            "" => break,
            header => {
                let (name, value) = header.split_once(':')?;
                headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?);
            }
        }
    }
    let (path, query) = (target.path().to_owned(), target.query().map(str::to_owned));
    Some(Captured { method, path, query, headers, body: Bytes::copy_from_slice(rest) })
}
