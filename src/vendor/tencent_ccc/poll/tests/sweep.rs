//! Listing a window.

use super::*;

fn list() -> Box<dyn Inquiry> {
    let window = Window {
        from: Timestamp::from_second(NOW - 3600).expect("in range"),
        to: Timestamp::from_second(NOW).expect("in range"),
    };
    poller(with("").as_ref()).list(window).expect("it lists")
}

fn rows(numbers: std::ops::Range<usize>) -> Vec<Value> {
    numbers.map(|number| row(&session(number))).collect()
}

/// The number of the page that is due.
fn due(inquiry: &mut dyn Inquiry) -> Option<i64> {
    let request = next(inquiry)?;
    let body: Value = serde_json::from_slice(&request.body).expect("JSON");
    body["PageNumber"].as_i64()
}

/// Lists from a vendor that answers page by page; the pages asked for, and the sessions found.
fn listed(answer: impl Fn(usize, i64) -> String) -> (Vec<i64>, Vec<String>, Option<Failure>) {
    let (mut inquiry, mut pages, mut sessions) = (list(), Vec::new(), Vec::new());
    while let Some(number) = due(inquiry.as_mut()) {
        match read(inquiry.as_mut(), answer(pages.len(), number)) {
            Ok(events) => sessions.extend(events.into_iter().map(|event| event.subject)),
            Err(failure) => return (pages, sessions, Some(failure)),
        }
        pages.push(number);
    }
    (pages, sessions, None)
}

#[test]
fn one_page_is_one_request() {
    for count in [0, 1, 99, 100] {
        let (pages, sessions, failure) = listed(|_, _| page(count, &rows(0..count)));
        assert_eq!((pages, sessions.len(), failure), (vec![0], count, None));
    }
}

#[test]
fn all_pages_are_read_and_the_first_one_again() {
    let (pages, mut sessions, failure) = listed(|_, number| {
        let from = usize::try_from(number).expect("a number") * 100;
        page(250, &rows(from..250.min(from + 100)))
    });
    assert_eq!((pages, failure), (vec![0, 1, 2, 0], None));
    sessions.sort();
    sessions.dedup();
    assert_eq!(sessions, (0..250).map(session).collect::<Vec<_>>());
}

#[test]
fn rows_that_are_not_over_are_not_listed() {
    let mut open = row(&session(1));
    (open["EndedTimestamp"], open["EndStatus"], open["EndStatusString"]) = (json!(0), json!(0), json!(""));
    let (_, sessions, failure) = listed(|_, _| page(2, &[open.clone(), row(&session(2))]));
    assert_eq!((sessions, failure), (vec![session(2)], None));
}

#[test]
fn rows_that_cannot_be_read_hide_no_others() {
    let rows = [json!({"Caller": "x"}), json!(7), row(&session(2)), row(&"x".repeat(257))];
    let (_, sessions, failure) = listed(|_, _| page(4, &rows));
    assert_eq!((sessions, failure), (vec![session(2)], None));
}

#[test]
fn a_total_that_changes_begins_the_listing_anew() {
    // The third request says another total than the two before, and so do all after it.
    let (pages, sessions, failure) = listed(|request, number| {
        let total = if request < 2 { 250 } else { 251 };
        let from = usize::try_from(number).expect("a number") * 100;
        page(total, &rows(from..total.min(from + 100)))
    });
    assert_eq!((pages, failure), (vec![0, 1, 2, 0, 1, 2, 0], None));
    assert!(sessions.contains(&session(250)));
}

#[test]
fn a_total_that_changes_at_the_end_begins_the_listing_anew() {
    let (pages, _, failure) = listed(|request, number| {
        let total = if request < 2 { 150 } else { 151 };
        let from = usize::try_from(number).expect("a number") * 100;
        page(total, &rows(from..total.min(from + 100)))
    });
    assert_eq!((pages, failure), (vec![0, 1, 0, 0, 1, 0], None));
}

#[test]
fn a_total_that_never_rests_fails_and_can_be_asked_again() {
    let answer = |request: usize, number: i64| {
        let from = usize::try_from(number).expect("a number") * 100;
        page(500 + request, &rows(from..from + 100))
    };
    let (pages, sessions, failure) = listed(answer);
    assert_eq!(pages, [0, 1, 0, 1, 0]);
    assert_eq!(sessions.len(), 500, "what was read is true");
    let failure = failure.expect("a failure");
    assert_eq!(failure.class, FailureClass::Retry);
    assert!(failure.detail.starts_with("TotalCount changed"), "{failure}");
}

#[test]
fn an_empty_page_before_the_end_is_no_end() {
    let (pages, _, failure) = listed(|_, number| {
        let rows = if number == 1 { rows(0..0) } else { rows(0..100) };
        page(250, &rows)
    });
    assert_eq!(pages, [0, 1, 0, 1, 0]);
    assert!(failure.expect("a failure").detail.starts_with("a page is empty"));
}

#[test]
fn a_vendor_that_overlooks_the_page_number_is_found_out() {
    let (pages, _, failure) = listed(|_, _| page(1000, &rows(0..100)));
    assert_eq!(pages, [0, 1, 0, 1, 0]);
    let failure = failure.expect("a failure");
    assert_eq!((failure.class, failure.detail.as_ref()), (FailureClass::Retry, "two pages hold the same records"));
}

#[test]
fn totals_that_are_absent_or_too_small_do_not_end_a_listing() {
    for total in [json!(null), json!(-1), json!(5), json!("many")] {
        let (pages, sessions, failure) = listed(|_, number| {
            let from = usize::try_from(number).expect("a number") * 100;
            page(total.clone(), &rows(from..150.min(from + 100)))
        });
        assert_eq!((pages, failure), (vec![0, 1, 0], None), "{total}");
        assert!(sessions.contains(&session(149)));
    }
}

#[test]
fn pages_without_end_are_refused() {
    for total in [json!(1_000_001), json!(i64::MAX), json!(1e15)] {
        let (pages, _, failure) = listed(|_, _| page(total.clone(), &rows(0..100)));
        assert_eq!(failure.expect("a failure").class, FailureClass::Permanent, "{total}");
        assert!(pages.is_empty());
    }
}

#[test]
fn full_pages_without_total_do_not_go_on_for_ever() {
    let mut inquiry = list();
    let nothing = ",null".repeat(99);
    let page = |number| {
        format!(r#"{{"Response":{{"TelCdrList":[{{"SessionId":"{number}","EndStatusString":"ok"}}{nothing}]}}}}"#)
    };
    let mut pages = 0;
    let failure = loop {
        match read(inquiry.as_mut(), page(pages)) {
            Ok(events) => assert_eq!(events.len(), 1),
            Err(failure) => break failure,
        }
        pages += 1;
    };
    assert_eq!((failure.class, pages), (FailureClass::Permanent, 9_999));
}

#[test]
fn after_a_failure_the_same_page_is_asked_again() {
    let mut inquiry = list();
    read(inquiry.as_mut(), page(150, &rows(0..100))).expect("read");
    for failure in [error("InternalError"), String::new()] {
        read(inquiry.as_mut(), failure).expect_err("a failure");
        assert_eq!(due(inquiry.as_mut()), Some(1));
    }
    assert_eq!(subjects(inquiry.as_mut(), page(150, &rows(100..150))).len(), 50);
    read(inquiry.as_mut(), error("RequestLimitExceeded")).expect_err("a failure");
    assert_eq!(due(inquiry.as_mut()), Some(0), "the first page once more");
    read(inquiry.as_mut(), page(150, &rows(0..100))).expect("read");
    assert_eq!(due(inquiry.as_mut()), None);
}

#[test]
fn windows_have_a_longest() {
    let ccc = with("");
    let longest = poller(ccc.as_ref()).longest_window().expect("a longest window");
    assert_eq!(longest, SignedDuration::from_hours(89 * 24));
    assert!(list().reached().is_none(), "to its end");
}
