//! What an answer to a request that placed orders makes of them.

use serde_json::value::RawValue;

use super::*;

/// An order with a destination, as the dialer lists it beside the vendor's answer.
fn to(id: &str, destination: &str) -> Placed {
    Placed { destination: Some(destination.to_owned()), task: None, ..order(id) }
}

/// What the dialer says about all orders.
fn common() -> Placed {
    Placed { reference: Some("ref-1".to_owned()), conversation: Some("conv-1".to_owned()), ..order("") }
}

fn try_created(api: &str, answer: &Value, common: &Placed, calls: &[Placed]) -> Result<Placement, Reject> {
    let answer = RawValue::from_string(answer.to_string()).expect("JSON");
    let created = Created { answer: &answer, location: None, common, calls };
    source(api).poller().expect("asked").created(&created, &context())
}

fn created(answer: &Value, calls: &[Placed]) -> Placement {
    try_created("", answer, &common(), calls).expect("understood")
}

fn success(refused: Value) -> Value {
    json!({"retCode": 0, "retMsg": "success", "responseID": "r", "taskID": "t-9001", "totalCount": 3, "successCount": 2, "errList": refused})
}

fn placed(placement: &Placement) -> Vec<&str> {
    placement.placed.iter().map(|call| call.call.as_str()).collect()
}

#[test]
fn accepted_orders_are_placed_with_all_that_is_known() {
    let own = Placed {
        reference: Some("ref-2".to_owned()),
        task: Some("ut-2".to_owned()),
        deadline: Instant::from_unix(NOW + 60),
        ..to("o-2", "6281200000002")
    };
    let deadline = Instant::from_unix(NOW + 3600);
    let common = Placed { deadline, ..common() };
    let calls = [to("o-1", "6281200000001"), own.clone()];
    let placement = try_created("", &success(json!([])), &common, &calls).expect("understood");
    assert!(placement.events.is_empty());
    let first = Placed { call: "o-1".to_owned(), destination: Some("6281200000001".to_owned()), ..common };
    let second = Placed { conversation: Some("conv-1".to_owned()), ..own };
    assert_eq!(placement.placed, [first, second]);
}

#[test]
fn refused_numbers_are_finished_orders() {
    let refused = json!([{"phone": "+62 812-0000-0002", "errMsg": "Invalid phone number"}]);
    let calls = [to("o-1", "6281200000001"), to("o-2", "6281200000002"), to("o-3", "6281200000003")];
    for answer in [
        success(refused.clone()),
        json!({"retCode": "0", "data": {"taskID": "t-9001", "errList": refused}}),
        json!({"retCode": 0, "taskID": 9001, "data": {"taskID": "x", "errList": refused, "successCount": 2}}),
    ] {
        let placement = created(&answer, &calls);
        assert_eq!(placed(&placement), ["o-1", "o-3"]);
        assert_eq!(facts(&placement.events), ["order.finished o-2"]);
        let event = &placement.events[0];
        assert_eq!(event.outcome, Some(Outcome::InvalidNumber));
        let cause = event.cause.as_ref().expect("a cause");
        assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("errList", "Invalid phone number"));
        assert_eq!(event.links.order.as_deref(), Some("o-2"));
        assert_eq!(event.links.task.as_deref(), Some("ut-1"));
        assert_eq!(event.links.reference.as_deref(), Some("ref-1"));
        assert_eq!(event.links.conversation.as_deref(), Some("conv-1"));
        assert!(event.links.vendor_task.as_deref().is_some_and(|task| task.ends_with("9001")));
        assert_eq!(event.call, None, "nothing was dialled");
        let raw: Value = serde_json::from_str(event.raw.as_ref().expect("kept").0.get()).expect("JSON");
        assert_eq!(raw, refused[0], "its own entry, not those of others");
        // The key of the order's end, whoever tells it.
        let poller_source = source("");
        let no_result = poller_source.poller().expect("asked").no_result(&order("o-2"), &context());
        assert_eq!(event.key, no_result.key);
    }
}

#[test]
fn outcomes_of_refusals() {
    let outcome = |api: &str, text: Value| {
        let answer = success(json!([{"phone": "6281200000001", "errMsg": text}]));
        let placement = try_created(api, &answer, &common(), &[to("o-1", "6281200000001")]).expect("understood");
        placement.events[0].outcome
    };
    for (text, due) in super::super::super::codes::REFUSAL {
        assert_eq!(outcome("", json!(text)), Some(*due), "{text}");
        assert_eq!(outcome("", json!(format!("Error: {} (x)", text.to_uppercase()))), Some(*due), "{text}");
    }
    for text in [json!("phone already exists"), json!("invalid"), json!(""), json!(null), json!({"a": 1}), json!(17)] {
        assert_eq!(outcome("", text.clone()), Some(Outcome::Failed), "{text}");
    }
    let api = "[sources.nx.api.err_msg]\n\"invalid phone\" = \"unreachable\"\n\"17\" = \"cancelled\"";
    assert_eq!(outcome(api, json!("invalid phone")), Some(Outcome::Unreachable), "what is configured wins");
    assert_eq!(outcome(api, json!(17)), Some(Outcome::Cancelled));
    assert_eq!(outcome(api, json!("an invalid phone")), Some(Outcome::InvalidNumber), "only the whole text");
}

#[test]
fn the_cause_of_a_refusal_has_a_bound() {
    let code = |text: Value| {
        let answer = success(json!([{"phone": "6281200000001", "errMsg": text}]));
        created(&answer, &[to("o-1", "6281200000001")]).events[0].cause.clone().expect("a cause").code
    };
    assert_eq!(code(json!("码".repeat(300))), "码".repeat(256));
    assert_eq!(code(json!(null)), "refused");
}

#[test]
fn refused_numbers_of_no_order() {
    let refused = json!([
        {"phone": "6281200000009", "errMsg": "blacklist"},
        {"phone": "6281200000009", "errMsg": "blacklist"},
        {"phone": "no number"}, {"phone": ""}, {"phone": "9".repeat(65)}, {"errMsg": "x"}, null, 7, [],
    ]);
    let placement = created(&success(refused), &[to("o-1", "6281200000001"), order("o-2")]);
    assert_eq!(placed(&placement), ["o-1", "o-2"]);
    assert_eq!(facts(&placement.events), ["order.finished ut-1/6281200000009", "order.finished ut-1/no number"]);
    let event = &placement.events[0];
    assert_eq!((event.outcome, event.links.order.as_ref()), (Some(Outcome::Blocked), None));
    assert_eq!(event.links.task.as_deref(), Some("ut-1"));
}

#[test]
fn which_of_two_orders_to_a_number_was_refused_is_not_guessed() {
    let once = json!([{"phone": "6281200000001", "errMsg": "repeated"}]);
    let twice = json!([{"phone": "6281200000001", "errMsg": "a"}, {"phone": "6281200000001", "errMsg": "b"}]);
    let calls = [to("o-1", "6281200000001"), to("o-2", "+6281200000001"), to("o-3", "6281200000003")];
    let placement = created(&success(once), &calls);
    assert_eq!((placed(&placement), placement.events.len()), (vec!["o-1", "o-2", "o-3"], 0));
    let placement = created(&success(twice), &calls);
    assert_eq!(placed(&placement), ["o-3"]);
    assert_eq!(facts(&placement.events), ["order.finished o-1", "order.finished o-2"]);
}

#[test]
fn an_answer_that_placed_nothing_finishes_every_order() {
    for code in [2, 3, 4, 4001, 5, 6, 6001, 6002, 6003, 7, 1001] {
        let answer = json!({"retCode": code, "retMsg": "no"});
        let placement = created(&answer, &[to("o-1", "6281200000001"), order("o-2")]);
        assert!(placement.placed.is_empty());
        assert_eq!(facts(&placement.events), ["order.finished o-1", "order.finished o-2"]);
        for event in &placement.events {
            assert_eq!(event.outcome, Some(Outcome::Failed));
            let cause = event.cause.as_ref().expect("a cause");
            assert_eq!((cause.interface.as_str(), cause.code.as_str()), ("retCode", code.to_string().as_str()));
        }
    }
}

#[test]
fn after_an_unclear_error_the_orders_are_asked_about() {
    for code in [1, 5001, 12345] {
        let placement = created(&json!({"retCode": code}), &[order("o-1")]);
        assert_eq!((placed(&placement), placement.events.len()), (vec!["o-1"], 0), "{code}");
    }
}

#[test]
fn without_orders_the_reference_stands_for_the_call() {
    let common = Placed { destination: Some("6281200000001".to_owned()), ..common() };
    let answer = json!({"retCode": 6003, "retMsg": "no permission"});
    let placement = try_created("", &answer, &common, &[]).expect("understood");
    assert!(placement.placed.is_empty());
    let [event] = &placement.events[..] else { panic!("one event") };
    assert_eq!((event.event_type, event.subject.as_str()), (EventType::CallEnded, "ref-1"));
    assert_eq!(event.key, context().event(EventType::CallEnded, "ref-1", &["refused", "ref-1"]).key);
    assert_eq!(event.outcome, Some(Outcome::Failed));
    let call = event.call.as_ref().expect("a call");
    assert_eq!(call.to.as_ref().and_then(|phone| phone.e164.as_deref()), Some("+6281200000001"));
    assert_eq!(event.links.reference.as_deref(), Some("ref-1"));

    let reject =
        try_created("", &answer, &Placed { reference: None, ..common }, &[]).expect_err("nothing to ask about");
    assert!(reject.detail.contains("nothing to ask about: give a reference"), "{reject}");
}

#[test]
fn what_a_dialer_leaves_out_is_named() {
    let refusal = |answer: &Value, common: &Placed, calls: &[Placed]| {
        let reject = try_created("", answer, common, calls).expect_err("refused");
        assert!(!reject.to_string().contains("62812"), "{reject}");
        reject.detail.split(' ').next().unwrap_or_default().to_owned()
    };
    let no_task = Placed { task: None, ..common() };
    let calls = [to("o-1", "6281200000001")];
    assert_eq!(refusal(&success(json!([])), &common(), &[]), "calls");
    assert_eq!(refusal(&success(json!([])), &no_task, &calls), "task");
    assert_eq!(refusal(&success(json!([])), &common(), &[to("", "6281200000001")]), "id");
    assert_eq!(refusal(&json!({"taskID": "t"}), &common(), &calls), "answer.retCode");
    assert_eq!(refusal(&json!([0]), &common(), &calls), "answer:");
    let all_refused = json!({"retCode": 0, "successCount": 0, "errList": [{"phone": "6281200000001"}]});
    assert_eq!(refusal(&all_refused, &no_task, &[]), "task");
    let placement = try_created("", &all_refused, &common(), &[]).expect("understood");
    assert_eq!(facts(&placement.events), ["order.finished ut-1/6281200000001"]);
    // Every order can have a task of its own.
    let own = Placed { task: Some("ut-7".to_owned()), ..to("o-1", "6281200000002") };
    let placement = try_created("", &all_refused, &no_task, &[own]).expect("understood");
    assert_eq!(facts(&placement.events), ["order.finished ut-7/6281200000001"]);
}
