use serde_json::json;

use super::*;

const KEY: &str = "Example-Shared-Key-0001";

fn of(timestamp: &str, nonce: &str, fields: &Value) -> (String, String) {
    let text = text(KEY, timestamp, nonce, fields.as_object().expect("an object"));
    let signature = signature(KEY, &text);
    (text, signature)
}

#[test]
fn worked_vectors() {
    let fields = json!({
        "callSerialNo": "1300000000000000001", "called": "10086", "callerPresent": "400100",
        "createCallTime": "2024/03/01,08:00:00:005", "alertingTime": "2024/03/01,08:00:02:120",
        "talkingTime": "2024/03/01,08:00:07:450", "releaseTime": "2024/03/01,08:00:19:900", "talkDuration": "12",
        "recordfile": "Y:/9/demo folder/a b.wav", "locationId": "0", "releaseReason": "1", "callData": null,
    });
    let (text, signature) = of("1709280020500", "-42", &fields);
    assert_eq!(text.len(), 349);
    assert!(text.starts_with("Example-Shared-Key-0001_1709280020500_-42_alertingTime=2024/03/01,08:00:02:120,"));
    assert_eq!(signature, "h8NUR+KFwRgbN5vPdAYoq6Mnl4pLcQD0YFyNmVSfkXM=");
    assert_eq!(BASE64_STANDARD.encode(Sha256::digest(&text)), "5grHp1knWfeYUp68f4nTToyiyqq2N8vJGeF6YekSkJE=");
    let small = of("1700000000000", "n1", &json!({ "b": "2", "a": 1 }));
    assert_eq!(small.1, "GHlDVHB9Vi0ToMih3vJw7tIrAx7RnqbjxFuQaKIR0us=");
}

#[test]
fn each_fault_leaves_a_body_that_does_not_verify() {
    let body = json!({ "callSerialNo": "1", "called": "447700900123", "releaseReason": "6", "recordfile": "a b.wav" });
    let now = "2026-03-01T00:00:00.5Z".parse().expect("a time");
    let signing = Signing { now, nonce: "ffffffffffffffd600".to_owned(), wrong: None };
    let verifies = |body: &Value| {
        let mut fields = body.as_object().cloned().expect("an object");
        let mut take = |name: &str| fields.remove(name).and_then(|value| value.as_str().map(str::to_owned));
        let (timestamp, nonce, given) = (take("timestamp"), take("nonce"), take("signature"));
        let (Some(timestamp), Some(nonce)) = (timestamp, nonce) else { return false };
        given == Some(signature(SHARED_KEY, &text(SHARED_KEY, &timestamp, &nonce, &fields)))
    };
    let right = signed(&body, &signing, None);
    assert!(verifies(&right));
    assert_eq!((&right["timestamp"], &right["nonce"]), (&json!("1772323200500"), &json!("-42")));
    for fault in FAULTS {
        assert!(!verifies(&signed(&body, &signing, Some(fault))), "{fault:?}");
    }
}
