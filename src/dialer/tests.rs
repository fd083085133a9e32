use super::*;

#[test]
fn a_request_that_cannot_be_read_is_told_why_without_its_values() {
    let told = |body: &str| parse(body.as_bytes()).expect_err("refused").to_string();
    assert_eq!(told("{"), "the body is not a JSON object: line 1 column 1");
    assert!(told(r#"{"idd":"+10000000000"}"#).starts_with("unknown field `idd`, expected one of `source`, `id`"));
    assert!(told(r#"{"6281200000001":1}"#).starts_with("unknown field, expected one of `source`, `id`"));
    assert!(told(r#"{"a`, expected 6281200000001":1}"#).starts_with("unknown field, expected one of `source`, `id`"));
    let wrong = told(r#"{"id":12345}"#);
    assert!(wrong.contains("wrong type") && !wrong.contains("12345"), "{wrong}");
    let wrong = told(r#"{"id":"a","placed_at":"yesterday"}"#);
    assert!(wrong.contains("RFC 3339") && !wrong.contains("yesterday"), "{wrong}");
}
