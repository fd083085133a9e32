use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn place(pointers: &[&str]) -> Place {
    Place(pointers.iter().map(|text| text.parse().expect("a pointer")).collect())
}

/// What stands at each of the pointers, each in its own place, all of them read together.
fn read(json: &str, pointers: &[&str]) -> serde_json::Result<Vec<Option<String>>> {
    let mut tree = Tree::default();
    let mut places: Vec<_> = pointers.iter().map(|pointer| Place(vec![pointer.parse().expect("a pointer")])).collect();
    places.iter_mut().for_each(|place| tree.add(place));
    let json: &RawValue = serde_json::from_str(json)?;
    let values = tree.read(json)?;
    Ok(places.iter().map(|place| values.all(place).next().map(|json| json.get().to_owned())).collect())
}

fn found(json: &str, pointer: &str) -> Option<String> {
    read(json, &[pointer]).expect("reads").remove(0)
}

#[test]
fn the_examples_of_rfc_6901() {
    let json = r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
    let table = [
        ("", json),
        ("/foo", r#"["bar","baz"]"#),
        ("/foo/0", "\"bar\""),
        ("/", "0"),
        ("/a~1b", "1"),
        ("/c%d", "2"),
        ("/e^f", "3"),
        ("/g|h", "4"),
        ("/i\\j", "5"),
        ("/k\"l", "6"),
        ("/ ", "7"),
        ("/m~0n", "8"),
    ];
    for (pointer, expected) in table {
        assert_eq!(found(json, pointer).as_deref(), Some(expected), "{pointer}");
    }
    let pointers: Vec<_> = table.iter().map(|(pointer, _)| *pointer).collect();
    let together = read(json, &pointers).expect("reads");
    for (value, (pointer, expected)) in together.iter().zip(table) {
        assert_eq!(value.as_deref(), Some(expected), "{pointer}");
    }
}

#[test]
fn numbers_keep_every_digit() {
    for number in ["9007199254740993123456", "1300000000000000001", "1.10", "1E5", "-0"] {
        assert_eq!(found(&format!("{{\"id\":{number}}}"), "/id").as_deref(), Some(number));
    }
}

#[test]
fn nothing_stands_where_the_way_ends() {
    for json in
        ["1", "null", "\"text\"", "true", "[]", "{}", r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":[1]}"#, "-1", "1.5"]
    {
        assert_eq!(found(json, "/a/b"), None, "{json}");
    }
    for pointer in ["/a/2", "/a/01", "/a/-", "/a/x", "/a/99999999999999999999"] {
        assert_eq!(found(r#"{"a":[1,2]}"#, pointer), None, "{pointer}");
    }
    assert_eq!(found(r#"{"\u0061":{"b":1}}"#, "/a/b").as_deref(), Some("1"), "an escaped name is the name");
}

#[test]
fn a_member_twice_is_refused_where_a_pointer_goes() {
    assert!(read(r#"{"a":1,"a":2}"#, &["/a"]).is_err());
    assert!(read(r#"{"a":1,"\u0061":2}"#, &["/a"]).is_err());
    assert!(read(r#"{"a":{"b":1,"b":2}}"#, &["/a/b"]).is_err());
    assert!(read(r#"{"a":{"b":1,"b":2}}"#, &["/a", "/a/b"]).is_err());
    assert_eq!(read(r#"{"x":1,"x":2,"a":3}"#, &["/a"]).expect("reads"), [Some("3".to_owned())]);
}

#[test]
fn the_first_pointer_that_is_there_comes_first() {
    let mut tree = Tree::default();
    let mut place = place(&["/a", "/b"]);
    tree.add(&mut place);
    let json: &RawValue = serde_json::from_str(r#"{"b":2,"a":1}"#).expect("JSON");
    let values = tree.read(json).expect("reads");
    assert_eq!(values.all(&place).map(RawValue::get).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(place.to_string(), "/a or /b");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c\\\\\"~/é]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[ab~/0]{0,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// All pointers read together give what each of them gives alone in serde_json's own implementation.
    #[test]
    fn as_serde_json(json in any_json(), pointers in prop::collection::vec("(/([ab0-2]|~0|~1){0,2}){1,4}", 1..8)) {
        let texts: Vec<_> = pointers.iter().map(String::as_str).collect();
        let values = read(&json.to_string(), &texts).expect("reads");
        for (pointer, value) in pointers.iter().zip(values) {
            let value: Option<Value> = value.map(|text| serde_json::from_str(&text).expect("JSON"));
            prop_assert_eq!(value.as_ref(), json.pointer(pointer), "{}", pointer);
        }
    }

    #[test]
    fn any_text_is_a_pointer_or_an_error(text in "[/~0-2a]{0,8}") {
        if let Ok(pointer) = text.parse::<Pointer>() {
            prop_assert_eq!(pointer.tokens.len(), text.matches('/').count());
        }
    }
}
