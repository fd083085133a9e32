//! Verified bodies that are not what the vendor documents.

use super::*;
use crate::event::tests::json as any_json;

const ALL: [&str; 3] = [TASK, ORDER, CALL];

#[test]
fn a_missing_id_is_named() {
    let missing = |kind, path: &[&str], field: &str| {
        for nothing in [json!(null), json!(""), json!({}), json!([])] {
            let mut body = answered();
            body["taskStatus"] = json!(2);
            let at = path.iter().fold(&mut body, |value, name| &mut value[*name]);
            *at = nothing;
            if kind == TASK {
                body["taskID"] = json!(null);
            }
            let reject = refused(kind, body.to_string());
            assert_eq!(reject.reason, Reason::FieldMissing, "{body}");
            assert!(reject.detail.starts_with(field), "{reject} names {field}");
        }
    };
    missing(CALL, &["callInfoDetail", "callID"], "callInfoDetail.callID");
    missing(ORDER, &["orderID"], "orderID");
    missing(TASK, &["userTaskID"], "userTaskID");
    missing(TASK, &["taskStatus"], "taskStatus");
}

#[test]
fn a_call_needs_its_object() {
    for nothing in [json!(null), json!("c-1"), json!(1), json!([[1]])] {
        let mut body = answered();
        body["callInfoDetail"] = nothing;
        let reject = refused(CALL, body.to_string());
        assert_eq!(reject.reason, Reason::FieldMissing);
        assert!(reject.detail.starts_with("callInfoDetail"), "{reject}");
    }
}

#[test]
fn an_id_has_a_bound() {
    let with = |length: usize| {
        let mut body = answered();
        body["taskStatus"] = json!(2);
        let id = json!("x".repeat(length));
        (body["orderID"], body["userTaskID"], body["callInfoDetail"]["callID"]) = (id.clone(), id.clone(), id);
        body.to_string()
    };
    for kind in ALL {
        assert!(deliver(&settings(&[]), kind, with(256)).is_ok());
        let reject = refused(kind, with(257));
        assert_eq!(reject.reason, Reason::FieldInvalid);
        assert!(reject.detail.contains("ID is longer than 256 bytes"), "{reject}");
    }
}

/// What stands in a body can be a number or a name: a refusal says where, not what.
fn is_not_json(kind: &str, body: impl Into<Bytes>) {
    let reject = refused(kind, body);
    assert_eq!(reject.reason, Reason::BodyNotJson, "{reject}");
    let shown = format!("{reject} {reject:?}");
    assert!(!shown.contains("62812") && !shown.contains("c-1"), "{shown}");
}

#[test]
fn a_body_that_is_not_an_object() {
    let whole = answered().to_string();
    for kind in ALL {
        for body in [
            "",
            " ",
            "null",
            "6281200000001",
            "\"6281200000001\"",
            "[]",
            "[\"c-1\",\"6281200000001\",\"s\",2]",
            "callID=c-1&x=6281200000001",
        ] {
            is_not_json(kind, body.to_owned());
        }
        for length in 1..whole.len() {
            is_not_json(kind, whole[..length].to_owned());
        }
        is_not_json(kind, format!("{whole}{whole}"));
        is_not_json(kind, format!("\u{feff}{whole}"));
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    let deep = "[".repeat(1 << 20);
    let closed = format!("{deep}{}", "]".repeat(1 << 20));
    for kind in ALL {
        is_not_json(kind, deep.clone());
        is_not_json(kind, closed.clone());
        for field in ["userTaskID", "taskStat", "callInfoDetail", "unknown"] {
            is_not_json(kind, format!("{{\"{field}\":{deep}"));
            let _ = deliver(&settings(&[]), kind, format!("{{\"orderID\":\"o\",\"{field}\":{closed}}}"));
        }
    }
}

#[test]
fn bytes_that_are_not_utf8() {
    // Also in a field that is not read: the event keeps the whole body as JSON text.
    for field in ["userTaskID", "orderID", "userName", "unknown"] {
        let head = format!(r#"{{"taskStatus":2,"callInfoDetail":{{"callID":"c-1"}},"{field}":""#);
        let body = [head.as_bytes(), b"\xd5\xc5\xc8\xfd\"}"].concat();
        for kind in ALL {
            is_not_json(kind, body.clone());
        }
    }
}

#[test]
fn a_member_twice_is_refused() {
    let twice = r#"{"userTaskID":"c-1","userTaskID":"6281200000001","taskStatus":2}"#;
    is_not_json(TASK, twice);
    let twice = r#"{"orderID":"c-1","orderID":"6281200000001","callInfoDetail":{"callID":"c-1"}}"#;
    is_not_json(ORDER, twice);
    is_not_json(CALL, twice);
    let inside = r#"{"orderID":"o","callInfoDetail":{"callID":"c-1","callID":"6281200000001"}}"#;
    assert_eq!(refused(CALL, inside).reason, Reason::FieldMissing);
}

#[test]
fn parts_of_another_shape_do_not_hide_the_call() {
    let mut body = answered();
    body["finish"] = json!([]);
    body["other"] = json!({"a": 1});
    body["callInfoDetail"]["intents"] = json!("none");
    body["callInfoDetail"]["agent"] = json!([1]);
    body["callInfoDetail"]["callStartTs"] = json!({});
    let events = read(CALL, &body);
    assert_eq!(types(&events), ["call.ended", "recording.available"]);
    assert_eq!(events[0].outcome, Some(Outcome::Answered));
    assert!(events[0].intents.is_empty() && events[0].links.custom.is_none());
}

/// Whatever arrives: events that can be written and read, with a subject, or a refusal of the right class.
fn is_read_or_refused(kind: &str, body: Bytes) -> Result<(), TestCaseError> {
    match deliver(&settings(&[("1", Outcome::Busy)]), kind, body) {
        Ok(events) => {
            for event in events {
                prop_assert!(!event.subject.is_empty());
                let written = serde_json::to_string(&event).expect("writes");
                prop_assert!(serde_json::from_str::<Event>(&written).expect("reads") == event);
            }
        }
        Err(reject) => prop_assert_eq!(reject.reason.class(), Class::NotUnderstood),
    }
    Ok(())
}

const NAMES: &[&str] = &[
    "userTaskID",
    "taskID",
    "sceneID",
    "taskStatus",
    "taskStat",
    "totalCall",
    "orderID",
    "userPhone",
    "finish",
    "other",
    "callInfoDetail",
    "callID",
    "callingNumber",
    "callStatus",
    "callStartTs",
    "callAnswerTs",
    "callEndTs",
    "callDuration",
    "callAudioUrl",
    "hangupCause",
    "termSipCode",
    "intents",
    "intentID",
    "intentLevel",
    "agent",
    "agentName",
    "agentLabel",
    "manualCallAnswer",
    "unknown",
];

proptest! {
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..256)) {
        for kind in ALL {
            is_read_or_refused(kind, body.clone().into())?;
        }
    }

    #[test]
    fn any_json_value(body in any_json(NAMES)) {
        for kind in ALL {
            is_read_or_refused(kind, body.to_string().into())?;
        }
    }

    /// Bodies with their ids, so that the rest of the reader is reached every time.
    #[test]
    fn any_values_beside_the_ids(noise in any_json(NAMES), inner in any_json(NAMES)) {
        let mut body = if noise.is_object() { noise } else { json!({"other": noise}) };
        let mut detail = if inner.is_object() { inner } else { json!({"hangupCause": inner}) };
        detail["callID"] = json!("c-1");
        (body["orderID"], body["userTaskID"], body["taskStatus"]) = (json!("o-1"), json!("t-1"), json!(2));
        body["callInfoDetail"] = detail;
        for kind in ALL {
            prop_assert!(deliver(&settings(&[]), kind, body.to_string()).is_ok());
            is_read_or_refused(kind, body.to_string().into())?;
        }
    }
}
