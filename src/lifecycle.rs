//! Signals: the first one asks for a graceful stop, the second one ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal, as shells write it for SIGINT.
const INTERRUPTED: i32 = 130;

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
