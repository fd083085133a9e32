//! W3C trace context: the `traceparent` a request came with, which goes on with its events.

use axum::http::HeaderMap;

use crate::event::cloudevents::header;
use crate::vendor::only_header;

/// A valid `traceparent` of version 00: `00-{32 hex}-{16 hex}-{2 hex}`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceParent([u8; 55]);

impl TraceParent {
    /// That of a request, where it has exactly one and it is valid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(only_header(headers, header::TRACE_PARENT)?)
    }

    /// Reads one; nothing that is not exactly of the form, and no ids of zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 55] = text.as_bytes().try_into().ok()?;
        let hex = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let id = |part: &[u8]| hex(part) && part.iter().any(|byte| *byte != b'0');
        let dashes = bytes.starts_with(b"00-") && bytes[35] == b'-' && bytes[52] == b'-';
        (dashes && id(&bytes[3..35]) && id(&bytes[36..52]) && hex(&bytes[53..])).then_some(Self(bytes))
    }

    /// As in the header.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits and dashes")
    }

    /// The trace, 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        &self.as_str()[3..35]
    }

    /// The span the work was asked for by, 16 hexadecimal digits.
    pub fn span_id(&self) -> &str {
        &self.as_str()[36..52]
    }

    /// Whether whoever began the trace records it.
    pub fn is_sampled(&self) -> bool {
        // The last digit of the flags; its lowest bit says so.
        matches!(self.0[54], b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f')
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn only_the_exact_form_is_one() {
        let parent = TraceParent::parse(GOOD).expect("valid");
        assert_eq!(parent.as_str(), GOOD);
        assert_eq!((parent.trace_id(), parent.span_id()), ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"));
        for (wrong, why) in [
            (GOOD.to_uppercase(), "upper case"),
            (GOOD.replacen("00-", "ff-", 1), "version ff"),
            (GOOD.replacen("00-", "01-", 1), "a later version"),
            (GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)), "a trace of zeros"),
            (GOOD.replace("b7ad6b7169203331", &"0".repeat(16)), "a span of zeros"),
            (format!("{GOOD}-x"), "too long"),
            (GOOD[..54].to_owned(), "too short"),
            (GOOD.replace("b7ad", "b7-d"), "a dash too many"),
            (GOOD.replace("-01", "-0g"), "flags that are no number"),
            (GOOD.replace("b7ad", "b7é"), "not ASCII"),
            (String::new(), "empty"),
        ] {
            assert!(TraceParent::parse(&wrong).is_none(), "{why}");
        }
    }

    #[test]
    fn the_flags_say_whether_it_is_recorded() {
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("03", true), ("f0", false), ("ff", true)]
        {
            let parent = TraceParent::parse(&GOOD.replace("-01", &format!("-{flags}"))).expect("valid");
            assert_eq!(parent.is_sampled(), sampled, "{flags}");
        }
    }

    #[test]
    fn two_of_them_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::TRACE_PARENT, HeaderValue::from_static(GOOD));
        assert!(TraceParent::of(&headers).is_some());
        headers.append(header::TRACE_PARENT, HeaderValue::from_static(GOOD));
        assert!(TraceParent::of(&headers).is_none());
    }
}
