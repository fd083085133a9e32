//! Bodies nobody should send: deep, broken, arbitrary.

use proptest::prelude::*;

use super::*;

#[test]
fn a_mebibyte_of_nesting_is_harmless() {
    let adapter = demo();
    let deep = "[".repeat(1 << 20);
    for body in [deep.clone(), format!("{{\"events\":{deep}"), "{\"a\":".repeat(1 << 18)] {
        assert_eq!(read(&*adapter, &body).expect_err("refused").reason, Reason::BodyNotJson);
    }
    let balanced = format!("{}{}", "[".repeat(1 << 19), "]".repeat(1 << 19));
    assert_eq!(read(&*adapter, &balanced).expect_err("refused").reason, Reason::FieldMissing);
    let inside = format!("{{\"id\":1,\"x\":{balanced},\"c\":{balanced}}}");
    let map = format!("{ENDED}custom = \"/c\"");
    assert_eq!(event(&map, &inside).links.custom.map(|custom| custom.len()), Some(1 << 20));
    let task = "type = \"task.changed\"\ntask = \"/id\"\ntask_state = \"running\"";
    assert_eq!(reject(task, &inside).reason, Reason::BodyNotJson);
}

#[test]
fn not_utf8() {
    let body = Bytes::from_static(b"{\"events\":[{\"event\":\"hangup\",\"call\":{\"id\":\"\xff\"}}]}");
    let reject = demo().read_sample(body, &context()).expect("reads").expect_err("refused");
    assert_eq!(reject.reason, Reason::BodyNotJson);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = "(events|event|call|id|lead|campaign|state|ended|recording|digits|x)";
    let texts = "(hangup|ring|record|campaign|lead_done|heartbeat|ok|1|1734345678|\\PC{0,8})";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        texts.prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = demo().read_sample(bytes.into(), &context());
    }

    #[test]
    fn arbitrary_json_never_panics_and_is_read_the_same_twice(json in any_json(), kind in "(hangup|ring|record|campaign|lead_done)") {
        let adapter = demo();
        let mut record = json.clone();
        if let Some(object) = record.as_object_mut() {
            object.insert("event".to_owned(), kind.into());
        }
        for body in [json.to_string(), serde_json::json!({ "events": [record] }).to_string()] {
            let first = adapter.read_sample(body.clone().into(), &context()).expect("reads").map(|facts| facts.events);
            let second = adapter.read_sample(body.into(), &context()).expect("reads").map(|facts| facts.events);
            prop_assert_eq!(first, second);
        }
    }
}
