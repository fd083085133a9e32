//! Room for connections: so many and no more, and a new one is worth more than one that waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Limits;
use super::connection::{Cut, Watch};

/// How long a place may take to become free before another connection is asked for its own.
const PATIENCE: Duration = Duration::from_millis(50);

/// The open connections of a listener.
pub(super) struct Room {
    limits: Limits,
    free: Arc<Semaphore>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    watches: HashMap<u64, Arc<Watch>>,
}

impl Room {
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, free: Arc::new(Semaphore::new(limits.max_connections)), open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection that was just accepted; `handshake` when TLS comes first. When there is none, those that
    /// have waited longest for a request go. Senders that open connections and say nothing thereby shut nobody out.
    pub(super) async fn place(self: &Arc<Self>, handshake: bool) -> Place {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break permit;
            }
            self.make();
            if let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await {
                break permit;
            }
        };
        let watch = Arc::new(Watch::new(self.limits, handshake));
        let mut open = self.open();
        open.last += 1;
        let id = open.last;
        open.watches.insert(id, watch.clone());
        drop(open);
        Place { room: self.clone(), id, watch, _permit: permit }
    }

    /// Asks the connection that has waited longest for its place.
    pub(super) fn make(&self) {
        let open = self.open();
        let waiting = open.watches.values().filter_map(|watch| Some((watch.waits_since()?, watch)));
        if let Some((_, watch)) = waiting.min_by_key(|(since, _)| *since) {
            watch.dismiss(Cut::Room);
        }
    }

    /// Ends all connections that wait for a request, and the others with their answer.
    pub(super) fn close(&self) {
        self.open().watches.values().for_each(|watch| watch.dismiss(Cut::Stop));
    }
}

/// A connection's place, given back when dropped.
pub(super) struct Place {
    room: Arc<Room>,
    id: u64,
    /// Who watches the connection.
    pub(super) watch: Arc<Watch>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.open().watches.remove(&self.id);
    }
}
