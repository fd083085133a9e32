use super::*;

/// 2025-11-21T10:00:00Z.
const FROM: i64 = 1_763_719_200;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn list(adapter: &dyn Adapter) -> Box<dyn Inquiry> {
    poller(adapter).list(Window { from: at(FROM), to: at(FROM + 3600) }).expect("a listing")
}

fn guid(number: usize) -> String {
    format!("d0000000-0000-4000-8000-{number:012x}")
}

fn rows(numbers: &[usize]) -> Vec<Value> {
    let named = |number: &usize| {
        let mut row = row();
        row["guid"] = guid(*number).into();
        row
    };
    numbers.iter().map(named).collect()
}

fn page(number: usize, pages: usize, total: usize, items: &[Value]) -> Value {
    let up_to = format!("2025-11-21T10:30:{number:02}.000Z");
    let meta = json!({"page": number, "count": items.len(), "pageCount": pages, "totalCount": total});
    json!({"meta": meta, "items": items, "upTo": up_to})
}

fn subjects(inquiry: &mut dyn Inquiry, body: &Value) -> Vec<String> {
    read(inquiry, body).expect("read").into_iter().map(|event| event.subject).collect()
}

fn asked_page(inquiry: &mut dyn Inquiry) -> Option<String> {
    next(inquiry).and_then(|request| request.url.rsplit_once("page=").map(|(_, page)| page.to_owned()))
}

#[test]
fn the_request() {
    let adapter = with("");
    let request = next(&mut *list(&*adapter)).expect("a request");
    assert_eq!(request.action, "interactions");
    assert_eq!(
        request.url,
        "https://emea.api.cc.vonage.com/stats/interactions?start=2025-11-21T10:00:00.000Z&end=2025-11-21T11:00:00.000Z\
         &include=Processed&page=1"
    );
    assert_eq!(request.headers[0], ("accept", "application/vnd.newvoicemedia.v3+json".to_owned()));
    let request = next(&mut *list(&*with("page_size = 100"))).expect("a request");
    assert!(request.url.ends_with("&include=Processed&limit=100&page=1"), "{}", request.url);
    assert_eq!(poller(&*adapter).longest_window(), Some(SignedDuration::from_hours(744)));
}

#[test]
fn page_after_page_and_complete_up_to_the_first_ones_time() {
    let adapter = with("");
    let mut inquiry = list(&*adapter);
    assert_eq!(asked_page(&mut *inquiry).as_deref(), Some("1"));
    assert_eq!(subjects(&mut *inquiry, &page(1, 3, 5, &rows(&[1, 2]))), [guid(1), guid(2)]);
    assert_eq!(asked_page(&mut *inquiry).as_deref(), Some("2"));
    assert_eq!(subjects(&mut *inquiry, &page(2, 3, 5, &rows(&[3, 4]))), [guid(3), guid(4)]);
    assert_eq!(subjects(&mut *inquiry, &page(3, 3, 5, &rows(&[5]))), [guid(5)]);
    assert!(next(&mut *inquiry).is_none());
    assert_eq!(inquiry.reached(), "2025-11-21T10:30:01Z".parse().ok());
}

#[test]
fn nothing_happened() {
    for body in [
        page(1, 0, 0, &[]),
        page(1, 1, 0, &[]),
        json!({"meta": {"page": 1, "count": 0, "pageCount": 0, "totalCount": 0}}),
        json!({"meta": {"pageCount": 0}, "items": null}),
    ] {
        let adapter = with("");
        let mut inquiry = list(&*adapter);
        assert!(subjects(&mut *inquiry, &body).is_empty());
        assert!(next(&mut *inquiry).is_none(), "{body}");
    }
}

#[test]
fn only_calls_that_are_over_and_of_customers() {
    let mut items = rows(&[1, 2, 3, 4, 5]);
    items[0]["status"] = "Ongoing".into();
    items[1]["direction"] = "Internal".into();
    items[2]["medium"] = "Chat".into();
    items[3]["guid"] = Value::Null;
    let adapter = with("");
    assert_eq!(subjects(&mut *list(&*adapter), &page(1, 1, 5, &items)), [guid(5)]);
}

#[test]
fn a_failure_changes_nothing() {
    let adapter = with("");
    let mut inquiry = list(&*adapter);
    subjects(&mut *inquiry, &page(1, 2, 3, &rows(&[1, 2])));
    for (status, body) in
        [(500, ""), (429, "{}"), (200, "{"), (200, r#"{"items":[]}"#), (200, r#"{"meta":{"pageCount":2}}"#)]
    {
        assert!(read_with(&mut *inquiry, status, body).is_err());
        assert_eq!(asked_page(&mut *inquiry).as_deref(), Some("2"), "{body}");
    }
    assert_eq!(subjects(&mut *inquiry, &page(2, 2, 3, &rows(&[3]))), [guid(3)]);
    assert!(next(&mut *inquiry).is_none());
}

#[test]
fn a_list_that_changes_is_read_again_some_times() {
    let adapter = with("");
    let mut inquiry = list(&*adapter);
    for round in 1..=2 {
        subjects(&mut *inquiry, &page(1, 2, 3, &rows(&[1, 2])));
        let found = subjects(&mut *inquiry, &page(2, 2, 3 + round, &rows(&[3, 4])));
        assert_eq!(found, [guid(3), guid(4)], "what was read is true in any case");
        assert_eq!(asked_page(&mut *inquiry).as_deref(), Some("1"));
    }
    subjects(&mut *inquiry, &page(1, 2, 3, &rows(&[1, 2])));
    let failure = read(&mut *inquiry, &page(2, 3, 3, &rows(&[3]))).expect_err("enough");
    assert_eq!(failure.class, FailureClass::Retry);
    assert_eq!(asked_page(&mut *inquiry).as_deref(), Some("2"));
    subjects(&mut *inquiry, &page(2, 2, 3, &rows(&[3])));
    assert!(next(&mut *inquiry).is_none(), "it has come to rest");
}

#[test]
fn pages_that_come_twice_or_empty_are_no_list() {
    for second in [page(2, 3, 6, &rows(&[1, 2])), page(2, 3, 6, &[])] {
        let adapter = with("");
        let mut inquiry = list(&*adapter);
        let mut requests = 0;
        let failure = loop {
            let number = asked_page(&mut *inquiry).expect("never the end");
            requests += 1;
            assert!(requests < 20);
            let first = page(1, 3, 6, &rows(&[1, 2]));
            if let Err(failure) = read(&mut *inquiry, if number == "1" { &first } else { &second }) {
                break failure;
            }
        };
        assert_eq!(failure.class, FailureClass::Retry);
    }
}

#[test]
fn a_vendor_that_always_has_one_more_page_is_left() {
    let adapter = with("");
    let mut inquiry = list(&*adapter);
    let failure = (1..100).find_map(|number| {
        let page = page(number, number + 1, 1000, &rows(&[number]));
        read(&mut *inquiry, &page).err()
    });
    assert_eq!(failure.expect("bounded").class, FailureClass::Retry);

    let failure = read(&mut *list(&*adapter), &page(1, 10_001, 20_000, &rows(&[1]))).expect_err("too many");
    assert_eq!(failure.class, FailureClass::Permanent);
    assert!(failure.detail.contains("page_size"));
}

#[test]
fn a_time_that_cannot_be_is_not_believed() {
    for (up_to, reached) in [
        (json!("2025-11-21T10:00:00.001Z"), Some("2025-11-21T10:00:00.001Z")),
        (json!("2025-11-21T10:00:00.000Z"), None),
        (json!("1970-01-01T00:00:00Z"), None),
        (json!("later"), None),
        (Value::Null, None),
    ] {
        let adapter = with("");
        let mut inquiry = list(&*adapter);
        let mut body = page(1, 1, 1, &rows(&[1]));
        body["upTo"] = up_to.clone();
        subjects(&mut *inquiry, &body);
        assert_eq!(inquiry.reached(), reached.map(|text| text.parse().expect("a time")), "{up_to}");
    }
}

#[test]
fn a_page_of_which_nothing_can_be_read_is_not_passed_over() {
    let adapter = with("");
    let items = [json!({"id": 1}), json!(["a"]), json!(7)];
    assert_eq!(read(&mut *list(&*adapter), &page(1, 1, 3, &items)).expect_err("unreadable").class, FailureClass::Retry);
}
