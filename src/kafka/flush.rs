//! Waiting until a producer has sent everything. The only unsafe code of the project.

use std::time::{Duration, Instant};

use rdkafka::bindings::{rd_kafka_flush, rd_kafka_resp_err_t};
use rdkafka::producer::{Producer, ProducerContext, ThreadedProducer};

/// Waits until every record of `producer` is acknowledged or failed. Returns whether that happened in time.
///
/// `Producer::flush` of rdkafka 0.38 and 0.39 takes a flat 100 ms whenever anything is in flight, because it waits in
/// steps of 100 ms that no longer end early; `commit_transaction` calls it first. Asking librdkafka directly returns as
/// soon as the last acknowledgement is in.
#[expect(unsafe_code)]
pub fn flush<C: ProducerContext + 'static>(producer: &ThreadedProducer<C>, timeout: Duration) -> bool {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(500));
        // SAFETY: the pointer is valid as long as the producer, which is borrowed; rd_kafka_flush is thread-safe.
        let result = unsafe { rd_kafka_flush(producer.client().native_ptr(), left.as_millis() as i32) };
        if result == rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
    }
}
