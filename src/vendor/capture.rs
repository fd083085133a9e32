//! Reads a raw HTTP/1 request from a file: what a proxy, `curl -v` or the rejected topic kept of a delivery.
//!
//! Lines of the head may end in CRLF or LF, because editors change them; the body is left as it is, because the
//! signature is over its bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};

/// A request as it was captured. Nothing in it is proven.
#[derive(Clone)]
pub struct Captured {
    /// The HTTP method.
    pub method: Method,
    /// The path of the URL.
    pub path: String,
    /// The query of the URL, without `?`.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, to `Content-Length` if the head has it, or else to the end of the file.
    pub body: Bytes,
}

/// A file that is not a captured request: where, and what to do. Never repeats what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CaptureError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it and the fix.
    pub problem: &'static str,
}

/// Reads a request line, headers, a blank line and a body.
pub fn parse(bytes: &[u8]) -> Result<Captured, CaptureError> {
    let mut rest = bytes;
    let (method, target) =
        request_line(next_line(&mut rest, 1)?).map_err(|problem| CaptureError { line: 1, problem })?;
    let mut headers = HeaderMap::new();
    let mut length = None;
    for line in 2.. {
        let text = next_line(&mut rest, line)?;
        if text.is_empty() {
            break;
        }
        let failed = |problem| CaptureError { line, problem };
        let (name, value) = header_line(text).map_err(failed)?;
        if name == header::TRANSFER_ENCODING {
            return Err(failed("the body has a transfer encoding: save it decoded and remove this header"));
        }
        if name == header::CONTENT_LENGTH {
            let number = value.to_str().ok().and_then(|text| text.parse::<usize>().ok());
            length = Some((line, number.ok_or_else(|| failed("Content-Length is not a number"))?));
        }
        headers.append(name, value);
    }
    let body = match length {
        Some((line, length)) => rest
            .get(..length)
            .ok_or(CaptureError { line, problem: "the body is shorter than Content-Length: the capture is cut" })?,
        None => rest,
    };
    Ok(Captured {
        method,
        path: target.path().to_owned(),
        query: target.query().map(str::to_owned),
        headers,
        body: Bytes::copy_from_slice(body),
    })
}

/// The line at the start of `rest` without its end; `rest` then starts after it.
fn next_line<'a>(rest: &mut &'a [u8], line: usize) -> Result<&'a [u8], CaptureError> {
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or(CaptureError {
        line,
        problem: "the file ends inside the head: write a blank line between headers and body",
    })?;
    let text = &rest[..end];
    *rest = &rest[end + 1..];
    Ok(text.strip_suffix(b"\r").unwrap_or(text))
}

fn request_line(line: &[u8]) -> Result<(Method, Uri), &'static str> {
    const FORM: &str = "is not a request line: write it as `POST /v1/callbacks/SOURCE/KIND HTTP/1.1`";
    let mut words = std::str::from_utf8(line).map_err(|_| FORM)?.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(FORM);
    };
    let target: Uri = target.parse().map_err(|_| FORM)?;
    if !target.path().starts_with('/') {
        return Err(FORM);
    }
    Ok((method.parse().map_err(|_| FORM)?, target))
}

fn header_line(line: &[u8]) -> Result<(HeaderName, HeaderValue), &'static str> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("starts with a blank: write each header on one line");
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or("is not a header: write it as `Name: value`")?;
    let name =
        HeaderName::from_bytes(&line[..colon]).map_err(|_| "is not a header: the name has an illegal character")?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii())
        .map_err(|_| "is not a header: the value has an illegal character")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUEST: &str = "POST /v1/callbacks/nxcloud-prod/call?a=1&b=%20 HTTP/1.1\nHost: trunkline.example\nrequestID:  r-1 \nX-Two: a\nx-two: b\n\n{\"a\":\r\n1}\n";

    #[test]
    fn a_request_with_either_line_end() {
        for ending in ["\n", "\r\n"] {
            let (head, body) = REQUEST.split_once("\n\n").expect("a blank line");
            let text = format!("{}{ending}{ending}{body}", head.replace('\n', ending));
            let captured = parse(text.as_bytes()).expect("reads");
            assert_eq!(captured.method, Method::POST);
            assert_eq!(captured.path, "/v1/callbacks/nxcloud-prod/call");
            assert_eq!(captured.query.as_deref(), Some("a=1&b=%20"));
            assert_eq!(captured.headers["requestid"], "r-1");
            assert_eq!(captured.headers.get_all("x-two").iter().count(), 2);
            assert_eq!(captured.body, "{\"a\":\r\n1}\n", "the body is untouched");
        }
    }

    #[test]
    fn content_length_ends_the_body() {
        let text = "POST / HTTP/1.1\nContent-Length: 2\n\n{}\n";
        assert_eq!(parse(text.as_bytes()).expect("reads").body, "{}");
        let text = "GET http://trunkline.example/x HTTP/1.0\n\n";
        let captured = parse(text.as_bytes()).expect("reads");
        assert_eq!((captured.path.as_str(), captured.query, captured.body.len()), ("/x", None, 0));
    }

    #[test]
    fn errors_name_the_line_and_not_its_content() {
        let table = [
            ("", 1, "blank line"),
            ("POST / HTTP/1.1", 1, "blank line"),
            ("secret\n\n", 1, "request line"),
            ("POST  / HTTP/1.1\n\n", 1, "request line"),
            ("POST / HTTP/2 \n\n", 1, "request line"),
            ("POST * HTTP/1.1\n\n", 1, "request line"),
            ("\u{0}POST / HTTP/1.1\n\n", 1, "request line"),
            ("POST / HTTP/1.1\nsign: secret\n", 3, "blank line"),
            ("POST / HTTP/1.1\na: b\nsecret\n\n", 3, "Name: value"),
            ("POST / HTTP/1.1\nsign : secret\n\n", 2, "name has an illegal"),
            ("POST / HTTP/1.1\nsign: sec\u{7f}ret\n\n", 2, "value has an illegal"),
            ("POST / HTTP/1.1\nsign: a\n secret\n\n", 3, "one line"),
            ("POST / HTTP/1.1\na: b\nContent-Length: 3\n\n{}", 3, "cut"),
            ("POST / HTTP/1.1\nContent-Length: -1\n\n{}", 2, "not a number"),
            ("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\n", 2, "decoded"),
        ];
        for (text, line, problem) in table {
            let error = parse(text.as_bytes()).map(|captured| captured.path).expect_err(text);
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.to_string().contains(problem), "{text:?}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_untouched(body in prop::collection::vec(any::<u8>(), 0..64), with_length in any::<bool>()) {
            let length = if with_length { format!("content-length: {}\r\n", body.len()) } else { String::new() };
            let request = [b"POST / HTTP/1.1\r\n", length.as_bytes(), b"\r\n", &body].concat();
            prop_assert_eq!(parse(&request).expect("reads").body, body);
        }

        #[test]
        fn any_bytes_give_a_request_or_an_error(bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..128),
            "(GET|POST) [/a?:]{0,4} HTTP/1.1\r?\n([a:= -]{0,8}\r?\n){0,4}(.|\n){0,8}".prop_map(String::into_bytes),
        ]) {
            if let Err(error) = parse(&bytes) {
                prop_assert!(error.line <= 1 + bytes.split(|byte| *byte == b'\n').count());
            }
        }
    }
}
