//! `application/x-www-form-urlencoded`: queries and token requests.

/// The value of each member `name`, in order.
pub fn values(text: &str, name: &str) -> Vec<String> {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decode(key) == name).map(|(_, value)| decode(value)).collect()
}

/// Undoes percent-encoding; what is not encoded properly stays as it is.
pub fn decode(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_by_name() {
        assert_eq!(values("action=cdr&version=1", "action"), ["cdr"]);
        assert_eq!(values("actio%6E=c%64r&action", "action"), ["cdr", ""]);
        assert!(values("", "action").is_empty());
        assert!(values("Action=cdr", "action").is_empty());
    }

    #[test]
    fn percent_and_plus() {
        assert_eq!(decode("a%2Bb+c%3a%3A"), "a+b c::");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%4"), "%4");
        assert_eq!(decode("%zz%E4%BD%A0"), "%zz你");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,64}") {
            let _ = (values(&text, "action"), decode(&text));
        }
    }
}
