use proptest::prelude::*;

use super::*;

/// Every kind of question.
fn inquiries(adapter: &dyn Adapter) -> Vec<Box<dyn Inquiry>> {
    let now = Timestamp::from_second(NOW).expect("in range");
    let window = Window { from: now - SignedDuration::from_hours(1), to: now };
    let list = poller(adapter).list(window).expect("a listing");
    vec![ask(adapter, placed(CALL, 60)), ask(adapter, hinted(CALL)), list]
}

fn page_of(row: &Value) -> Value {
    json!({"meta": {"pageCount": 1, "totalCount": 1}, "items": [row], "upTo": "2025-11-21T12:00:00Z"})
}

#[test]
fn truncated_answers() {
    let adapter = with("");
    let bodies = [
        json!({"id": CALL, "result": {"code": "Success"}}).to_string(),
        row().to_string(),
        page_of(&row()).to_string(),
    ];
    for (mut inquiry, body) in inquiries(&*adapter).into_iter().zip(&bodies) {
        for end in 0..body.len() {
            let failure = read_with(&mut *inquiry, 200, body[..end].to_owned()).expect_err("cut off");
            assert_eq!(failure.class, FailureClass::Retry, "{end}");
        }
        assert!(read_with(&mut *inquiry, 200, body.clone()).is_ok(), "nothing has changed until then");
    }
}

#[test]
fn bytes_that_are_no_text_and_members_that_come_twice() {
    let adapter = with("");
    let bodies: [Bytes; 4] = [
        Bytes::from_static(b"{\"guid\":\"\xff\"}"),
        r#"{"guid":"a","guid":"b","result":null,"result":null,"meta":null,"meta":null}"#.into(),
        "[".repeat(1 << 17).into(),
        "{\"result\":".repeat(1 << 17).into(),
    ];
    for body in bodies {
        for mut inquiry in inquiries(&*adapter) {
            assert_eq!(read_with(&mut *inquiry, 200, body.clone()).expect_err("unreadable").class, FailureClass::Retry);
        }
    }
}

#[test]
fn every_member_in_every_wrong_type() {
    let wrong =
        [Value::Null, json!([]), json!({}), json!(true), json!(-1), json!(1e300), json!(i64::MIN), json!(i64::MAX)];
    let pointers = [
        "/status",
        "/direction",
        "/start",
        "/duration",
        "/connectFrom",
        "/connectTo",
        "/outcome",
        "/channels",
        "/conversationGuid",
        "/channels/0",
        "/channels/0/offset",
        "/channels/0/duration",
        "/channels/0/endReason",
        "/channels/0/party",
        "/channels/0/party/role",
        "/channels/0/events",
        "/channels/0/events/1",
        "/channels/0/events/1/type",
        "/channels/0/events/1/offset",
        "/channels/0/events/1/duration",
    ];
    let adapter = with("");
    for pointer in pointers {
        for value in &wrong {
            let mut body = row();
            *body.pointer_mut(pointer).expect("a member") = value.clone();
            let found = read(&mut *ask(&*adapter, hinted(CALL)), &body);
            assert!(found.is_ok_and(|events| events.iter().all(|event| event.subject == CALL)), "{pointer} {value}");
        }
    }
}

#[test]
fn an_id_twice_on_a_page_gives_both_facts() {
    let body = json!({"meta": {"pageCount": 1}, "items": [row(), unanswered("Busy")]});
    let adapter = with("");
    let events = read(&mut *inquiries(&*adapter).remove(2), &body).expect("read");
    assert_eq!(events.iter().map(outcome).collect::<Vec<_>>(), ["answered", "busy"]);
    assert_eq!(events[0].key, events[1].key);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(Completed|Outbound|External|Connected|Failure|.{0,8})".prop_map(Value::from),
    ];
    let name = "(guid|status|channels|events|party|role|result|code|meta|pageCount|items|[a-z]{0,4})";
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..7).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn any_answer_is_read(status in 200_u16..600, bytes in prop::collection::vec(any::<u8>(), 0..80), json in any_json()) {
        let adapter = with("");
        for body in [bytes, json.to_string().into_bytes(), page_of(&json).to_string().into_bytes()] {
            for mut inquiry in inquiries(&*adapter) {
                let _ = read_with(&mut *inquiry, status, body.clone());
            }
        }
    }

    #[test]
    fn any_legs_are_read(channels in any_json(), offset in any::<i64>(), duration in any::<i64>()) {
        let mut body = row();
        body["channels"][0]["offset"] = offset.into();
        body["channels"][0]["events"][1]["offset"] = duration.into();
        body["channels"][0]["events"][1]["duration"] = duration.into();
        prop_assert_eq!(interaction("", &body).len(), 1);
        body["channels"] = channels;
        prop_assert_eq!(interaction("", &body).len(), 1);
    }
}
