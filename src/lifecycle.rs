//! Signals: the first one asks for a graceful stop, the second one ends the process at once. And the wait for threads.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal, as shells write it for SIGINT.
const INTERRUPTED: i32 = 130;

/// How long a thread that was asked to stop may take.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Waits until a thread that was asked to stop `is_finished`. Returns whether that happened in time.
///
/// One that hangs in a Kafka call is left behind: the process ends without it. So nobody may join it, not even on a blocking
/// thread of the runtime, because the end of the runtime waits for those.
pub async fn finished(is_finished: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_finished() {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// A token that is cancelled by SIGTERM or SIGINT.
pub fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let mut terminate = signal(SignalKind::terminate()).expect("signals work");
        let mut interrupt = signal(SignalKind::interrupt()).expect("signals work");
        let mut received = 0;
        loop {
            tokio::select! {
                _ = terminate.recv() => received += 1,
                _ = interrupt.recv() => received += 1,
            }
            if received > 1 {
                tracing::warn!("second signal: ending at once");
                std::process::exit(INTERRUPTED);
            }
            tracing::info!("stopping; a second signal ends at once");
            token.cancel();
        }
    });
    stop
}
