//! Pages, totals that change, and vendors that lie.

use proptest::prelude::*;

use super::*;

/// Lists everything with `limit` calls on a page from a vendor that answers offset and number of the request. Gives the
/// calls in the order they came, or the failure, and the requests made.
fn list(limit: u64, vendor: impl FnMut(u64, usize) -> Value) -> (Result<Vec<String>, FailureClass>, usize) {
    list_with(&asker(&format!("limit = {limit}")), vendor)
}

fn list_with(asker: &Asker, mut vendor: impl FnMut(u64, usize) -> Value) -> (Result<Vec<String>, FailureClass>, usize) {
    let mut inquiry = listing(asker);
    let mut calls = Vec::new();
    let mut requests = 0;
    while let Some(request) = next(inquiry.as_mut()) {
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        let offset = body["offset"].as_str().expect("a text").parse().expect("digits");
        match inquiry.read(&response(200, vendor(offset, requests)), &context()) {
            Ok(events) => calls.extend(events.into_iter().map(|event| event.subject)),
            Err(failure) => return (Err(failure.class), requests + 1),
        }
        requests += 1;
        assert!(requests < 20_000, "for ever");
    }
    (Ok(calls), requests)
}

fn row(number: u64) -> Value {
    vn(json!({"callSerialNo": format!("{number}")}))
}

fn rows(offset: u64, limit: u64, of: u64) -> Vec<Value> {
    (offset..of.min(offset + limit)).map(row).collect()
}

fn numbers(of: u64) -> Vec<String> {
    (0..of).map(|number| number.to_string()).collect()
}

#[test]
fn pages_are_turned_to_the_total() {
    for (of, requests) in [(0, 1), (1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (25, 3)] {
        let listed = list(10, |offset, _| page(of, &rows(offset, 10, of)));
        assert_eq!(listed, (Ok(numbers(of)), requests), "{of}");
        let as_text = list(10, |offset, _| page(of.to_string(), &rows(offset, 10, of)));
        assert_eq!(as_text, (Ok(numbers(of)), requests), "{of}");
    }
}

#[test]
fn a_vendor_with_shorter_pages_than_asked_for() {
    assert_eq!(list(100, |offset, _| page(25, &rows(offset, 10, 25))), (Ok(numbers(25)), 3));
}

#[test]
fn a_vendor_without_totals() {
    for (of, requests) in [(0, 1), (9, 1), (10, 2), (25, 3)] {
        let listed = list(10, |offset, _| match rows(offset, 10, of).as_slice() {
            [] => json!({"retCode": "1", "retMsg": "no data"}),
            rows => page(json!(null), rows),
        });
        assert_eq!(listed, (Ok(numbers(of)), requests), "{of}");
    }
}

#[test]
fn a_total_that_changes_begins_the_list_anew() {
    // A call more after the first page.
    let (calls, requests) = list(10, |offset, request| {
        let of = if request == 0 { 15 } else { 16 };
        page(of, &rows(offset, 10, of))
    });
    assert_eq!(requests, 4);
    assert_eq!(calls.expect("listed")[16..], numbers(16), "from its start");
    // It never stands still.
    let (result, requests) = list(10, |offset, request| page(1000 + request, &rows(offset, 10, 1000)));
    assert_eq!((result, requests), (Err(FailureClass::Retry), 8));
}

#[test]
fn the_page_that_failed_is_asked_for_again() {
    let mut inquiry = listing(&asker("limit = 10"));
    inquiry.read(&response(200, page(25, &rows(0, 10, 25))), &context()).expect("a page");
    let second = next(inquiry.as_mut()).expect("a page").body;
    for failed in [response(500, ""), response(200, "{"), response(200, json!({"retCode": "0", "result": []}))] {
        inquiry.read(&failed, &context()).expect_err("failed");
        assert_eq!(next(inquiry.as_mut()).expect("the same page").body, second);
    }
    let events = inquiry.read(&response(200, page(25, &rows(10, 10, 25))), &context()).expect("a page");
    assert_eq!(events.len(), 10);
}

#[test]
fn a_list_that_ends_before_its_total_is_read_twice() {
    let short = |offset: u64| match rows(offset, 10, 15).as_slice() {
        [] => json!({"retCode": "1"}),
        rows => page(40, rows),
    };
    let (calls, requests) = list(10, |offset, _| short(offset));
    assert_eq!((calls.expect("believed").len(), requests), (30, 6));
    // The second time all is there.
    let (calls, _) =
        list(10, |offset, request| if request < 3 { short(offset) } else { page(40, &rows(offset, 10, 40)) });
    assert_eq!(calls.expect("listed")[15..], numbers(40));
    // It ends somewhere else each time.
    let mut starts = 0;
    let (result, requests) = list(10, |offset, _| {
        starts += u64::from(offset == 0);
        page(900, &rows(offset, 10, starts))
    });
    assert_eq!(requests, 8);
    assert_eq!(result, Err(FailureClass::Retry));
}

#[test]
fn a_vendor_that_passes_over_nothing_is_not_asked_for_ever() {
    for total in [json!(1000), json!(null)] {
        let (result, requests) = list(10, |_, _| page(total.clone(), &rows(0, 10, 10)));
        assert_eq!((result, requests), (Err(FailureClass::Permanent), 2), "{total}");
    }
}

#[test]
fn a_list_without_end_is_given_up() {
    let mut pages = crate::vendor::huawei_cec::poll::pages::Pages::default();
    let failure = (0..).find_map(|number: u64| pages.turn(&[raw(&json!(number))], Some(u64::MAX), 1).err());
    assert_eq!(failure.expect("given up").class, FailureClass::Permanent);
    assert_eq!(pages.offset(), Some(9_999));
}

#[test]
fn a_page_without_readable_calls_is_turned_too() {
    let odd = [json!(7), json!(null), json!([]), json!({}), json!({"state": 3}), vn(json!({"callSerialNo": ""}))];
    let (calls, requests) = list(6, |offset, _| match offset {
        0 => page(7, &odd),
        _ => page(7, &[row(6)]),
    });
    assert_eq!((calls, requests), (Ok(vec!["6".to_owned()]), 2));
}

/// Whatever a vendor answers, a list ends.
#[test]
fn every_list_ends() {
    let asker = asker("limit = 10");
    let answer = (prop::option::of(0..40_u64), 0..12_u64, 0..5_u64);
    let any_vendor = prop::collection::vec(answer, 1..40);
    proptest!(|(answers in any_vendor)| {
        let (_, requests) = list_with(&asker, |offset, request| {
            let (total, given, shift) = answers[request % answers.len()];
            let rows: Vec<_> = (0..given).map(|number| row(offset / (shift + 1) + number)).collect();
            page(total, &rows)
        });
        prop_assert!(requests <= 10_001);
    });
}
