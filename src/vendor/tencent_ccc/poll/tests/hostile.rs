//! Answers no honest vendor gives: whatever comes, nothing panics and every listing ends.

use proptest::prelude::*;

use super::*;

/// A question at its records, one at its state, and a listing.
fn inquiries(ccc: &dyn Adapter) -> Vec<Box<dyn Inquiry>> {
    let window = Window {
        from: Timestamp::from_second(NOW - 60).expect("in range"),
        to: Timestamp::from_second(NOW).expect("in range"),
    };
    let mut state = poller(ccc).ask(&[placed(&session(1), 60)]);
    read(state.as_mut(), page(0, &[])).expect("read");
    vec![poller(ccc).ask(&[placed(&session(1), 60)]), state, poller(ccc).list(window).expect("it lists")]
}

#[test]
fn every_truncation_is_read_or_refused() {
    let ccc = with("ask_state_after_seconds = 0");
    let whole = page(1, &[row(&session(1))]);
    for length in 0..whole.len() {
        for mut inquiry in inquiries(ccc.as_ref()) {
            assert!(read(inquiry.as_mut(), whole[..length].to_owned()).is_err(), "{length}");
        }
    }
}

#[test]
fn wrong_types_are_read_or_refused() {
    let ccc = with("ask_state_after_seconds = 0");
    for wrong in [json!(null), json!(7), json!(1e300), json!("x"), json!([[]]), json!({"a": {}}), json!(true)] {
        for body in [
            wrong.to_string(),
            json!({"Response": wrong}).to_string(),
            json!({"Response": {"TotalCount": wrong, "TelCdrList": wrong, "TelCdrs": wrong}}).to_string(),
            json!({"Response": {"TotalCount": 1, "TelCdrList": [wrong], "Session": wrong}}).to_string(),
            json!({"Response": {"Session": {"SessionStatus": wrong}}}).to_string(),
        ] {
            for mut inquiry in inquiries(ccc.as_ref()) {
                let events = read(inquiry.as_mut(), body.clone()).unwrap_or_default();
                assert!(events.is_empty(), "{body}");
            }
        }
        let mut row = row(&session(1));
        for (name, value) in row.as_object_mut().expect("an object") {
            if !matches!(name.as_str(), "SessionId" | "EndedTimestamp") {
                *value = wrong.clone();
            }
        }
        let mut inquiry = inquiries(ccc.as_ref()).remove(0);
        assert_eq!(subjects(inquiry.as_mut(), page(1, &[row])), [session(1)], "{wrong}");
    }
}

#[test]
fn huge_numbers_are_no_times() {
    let ccc = with("ask_state_after_seconds = 0");
    for huge in [json!(u64::MAX), json!(i64::MAX), json!("99999999999999999999999"), json!(-1)] {
        let mut row = row(&session(1));
        for name in ["StartTimestamp", "RingTimestamp", "AcceptTimestamp", "EndStatus"] {
            row[name] = huge.clone();
        }
        let mut inquiry = inquiries(ccc.as_ref()).remove(0);
        assert_eq!(subjects(inquiry.as_mut(), page(huge.clone(), &[row])), [session(1)], "{huge}");
    }
}

#[test]
fn members_that_come_twice_are_read_as_in_pushes() {
    let ccc = with("ask_state_after_seconds = 0");
    let id = session(1);
    let row = format!(r#"{{"SessionId":"x","SessionId":"{id}","EndStatusString":"busy","EndStatusString":null}}"#);
    let mut inquiry = inquiries(ccc.as_ref()).remove(0);
    let body = format!(r#"{{"Response":{{"TotalCount":1,"TelCdrList":[{row}]}}}}"#);
    let event = read(inquiry.as_mut(), body).expect("read").remove(0);
    assert_eq!(event.outcome, Some(Outcome::Busy));
    assert_eq!(event.raw.expect("kept").0.get(), row);
}

#[test]
fn deep_nesting_is_refused() {
    let ccc = with("ask_state_after_seconds = 0");
    for deep in
        ["[".repeat(1 << 20), "{\"Response\":".repeat(1 << 18), format!("{{\"Response\":{}", "[".repeat(1 << 20))]
    {
        for mut inquiry in inquiries(ccc.as_ref()) {
            assert_eq!(class(inquiry.as_mut(), deep.clone()), FailureClass::Retry);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let ccc = with("ask_state_after_seconds = 0");
        for mut inquiry in inquiries(ccc.as_ref()) {
            let _ = read(inquiry.as_mut(), bytes.clone());
        }
    }

    #[test]
    fn any_listing_ends(answers in prop::collection::vec((prop::option::of(0..400u32), 0..3usize, 0..100usize), 1..8)) {
        let ccc = with("ask_state_after_seconds = 0");
        let mut inquiry = inquiries(ccc.as_ref()).remove(2);
        let mut requests = 0;
        while next(inquiry.as_mut()).is_some() {
            let (total, from, count) = answers[requests % answers.len()];
            let rows: Vec<Value> = (0..count).map(|number| json!({"SessionId": format!("{from}-{number}")})).collect();
            if read(inquiry.as_mut(), page(total, &rows)).is_err() {
                break;
            }
            requests += 1;
            prop_assert!(requests < 100);
        }
    }
}
