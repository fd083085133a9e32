//! What holds for every event, whichever way its vendor told it.

use trunkline::event::Event;
use trunkline::event::cloudevents::{Encoded, encode};

/// The records of `events`: each can be published, and is read back as it was. `received` is how many bytes state them:
/// little must not become a flood.
pub fn records(events: &[Event], received: usize) -> Vec<Encoded> {
    let records: Vec<Encoded> = events.iter().map(|event| encode(event, &[])).collect();
    for (event, record) in events.iter().zip(&records) {
        assert!(!event.subject.is_empty() && event.subject.len() <= 1024, "ids have a bound");
        let read: Event = serde_json::from_slice(&record.value).expect("what is published can be read");
        assert!(read == *event, "{event:?} is read as another event");
    }
    let published: usize = records.iter().map(|record| record.value.len()).sum();
    assert!(published <= 64 * received + 8192, "{published} bytes of {received} received");
    records
}

/// Whether both are the same bytes.
pub fn same(one: &[Encoded], other: &[Encoded]) -> bool {
    let parts = |record: &Encoded| (record.key.clone(), record.value.clone(), record.headers.clone());
    one.iter().map(parts).eq(other.iter().map(parts))
}

/// What is told of an input repeats no number of it that can be called: codes are shorter than `digits`.
pub fn tells_no_number(told: &str, input: &str, digits: usize) {
    let longer = told.split(|c: char| !c.is_ascii_digit()).filter(|number| number.len() >= digits);
    for number in longer {
        assert!(!input.contains(number), "{told} repeats what was sent");
    }
}
