//! Lists whose pages and totals are not what they should be.

use serde_json::value::RawValue;

use super::super::pages::Pages;
use super::*;

/// Rows with these numbers.
fn rows(numbers: impl IntoIterator<Item = u64>) -> Vec<Box<RawValue>> {
    let row = |number: u64| RawValue::from_string(number.to_string()).expect("JSON");
    numbers.into_iter().map(row).collect()
}

fn turn(pages: &mut Pages, numbers: std::ops::Range<u64>, total: Option<u64>) -> bool {
    pages.turn(&rows(numbers), total, 10).expect("a page")
}

#[test]
fn a_list_ends_with_an_empty_or_a_short_page() {
    let mut pages = Pages::default();
    assert_eq!(pages.page(), 1);
    assert!(turn(&mut pages, 0..10, None));
    assert_eq!(pages.page(), 2);
    assert!(!turn(&mut pages, 10..19, None));

    assert!(!turn(&mut Pages::default(), 0..0, None));
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..10, None));
    assert!(!turn(&mut pages, 0..0, None));
}

#[test]
fn a_total_makes_up_for_short_pages() {
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..5, Some(12)));
    assert!(turn(&mut pages, 5..10, Some(12)));
    assert!(!turn(&mut pages, 10..12, Some(12)));
    // A total that only the first page has is remembered.
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..5, Some(12)));
    assert!(turn(&mut pages, 5..8, None));
    assert!(!turn(&mut pages, 8..12, None));
}

#[test]
fn a_total_that_lies_ends_with_the_rows() {
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..10, Some(1000)));
    assert!(turn(&mut pages, 10..13, Some(1000)));
    assert!(!turn(&mut pages, 0..0, Some(1000)));
    // A total of the page, not of the list.
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..10, Some(10)));
    assert!(turn(&mut pages, 10..20, Some(10)));
    assert!(!turn(&mut pages, 20..23, Some(3)));
}

#[test]
fn a_changed_total_begins_anew_a_few_times() {
    let mut pages = Pages::default();
    for total in [30, 40, 50] {
        assert!(turn(&mut pages, 0..10, Some(total)));
        assert_eq!(pages.page(), 2);
        assert!(turn(&mut pages, 10..20, Some(total + 1)));
        assert_eq!(pages.page(), 1, "read again from the start");
    }
    assert!(turn(&mut pages, 0..10, Some(60)));
    for _ in 0..2 {
        let failure = pages.turn(&rows(10..20), Some(61), 10).expect_err("too often");
        assert_eq!(failure.class, FailureClass::Retry);
        assert_eq!(pages.page(), 2, "after a failure nothing has changed");
    }
    assert!(turn(&mut pages, 10..20, Some(60)));
}

#[test]
fn a_page_that_comes_again_ends_the_list_unless_it_is_not_complete() {
    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..10, None));
    assert!(turn(&mut pages, 10..20, None));
    assert!(!turn(&mut pages, 10..20, None));

    let mut pages = Pages::default();
    assert!(turn(&mut pages, 0..10, Some(20)));
    let failure = pages.turn(&rows(0..10), Some(20), 10).expect_err("rows are missing");
    assert_eq!(failure.class, FailureClass::Retry);
}

#[test]
fn a_list_without_end_is_given_up() {
    let mut pages = Pages::default();
    for page in 1..1000 {
        assert_eq!(pages.page(), page);
        let from = u64::from(page) * 10;
        assert!(turn(&mut pages, from..from + 10, None));
    }
    let failure = pages.turn(&rows(0..10), None, 10).expect_err("too long");
    assert_eq!(failure.class, FailureClass::Permanent);
}
