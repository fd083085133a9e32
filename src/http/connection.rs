//! How long a connection may take for what. Senders that dribble, fall silent or never read their answer are cut off.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

use super::Limits;

/// Why a connection was closed before it had its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The TLS handshake took longer than `http.tls.handshake_timeout_ms`.
    Handshake,
    /// The head of a request took longer than `http.head_timeout_ms`.
    Head,
    /// There was no request for `http.idle_timeout_ms`.
    Idle,
    /// The sender left an answer unread for `http.write_timeout_ms`.
    Write,
    /// It waited while another one needed its place.
    Room,
    /// It waited while the listener was being closed.
    Stop,
}

impl Cut {
    /// All of them.
    pub(crate) const ALL: [Self; 6] = [Self::Handshake, Self::Head, Self::Idle, Self::Write, Self::Room, Self::Stop];

    /// The label of the metric.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Handshake => "handshake_timeout",
            Self::Head => "head_timeout",
            Self::Idle => "idle_timeout",
            Self::Write => "write_timeout",
            Self::Room => "room",
            Self::Stop => "stop",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Head,
    Idle,
    /// A request is worked on. The handler has its own limits for the body and for the answer.
    Busy,
}

struct State {
    phase: Phase,
    /// When the phase began.
    since: Instant,
    /// Since when nothing could be written although something is there to write.
    blocked: Option<Instant>,
    /// Why it is to end as soon as no request is worked on.
    dismissed: Option<Cut>,
}

/// What a connection is at, and until when it may be. Everything about one connection happens in one task, so nobody waits
/// for the lock but one who ends it.
pub(super) struct Watch {
    limits: Limits,
    state: Mutex<State>,
    waker: AtomicWaker,
}

impl Watch {
    /// A connection that was just opened; `handshake` when TLS comes first.
    pub(super) fn new(limits: Limits, handshake: bool) -> Self {
        let phase = if handshake { Phase::Handshake } else { Phase::Head };
        let state = State { phase, since: Instant::now(), blocked: None, dismissed: None };
        Self { limits, state: Mutex::new(state), waker: AtomicWaker::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        (state.phase, state.since) = (phase, Instant::now());
    }

    /// The handshake is done: the first request is due.
    pub(super) fn secured(&self) {
        self.enter(Phase::Head);
    }

    /// The head of a request is whole.
    pub(super) fn working(&self) {
        self.enter(Phase::Busy);
    }

    /// The request has its answer.
    pub(super) fn answered(&self) {
        self.enter(Phase::Idle);
    }

    fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
    }

    fn wrote<T>(&self, polled: &Poll<T>) {
        let mut state = self.state();
        match polled {
            Poll::Ready(_) => state.blocked = None,
            Poll::Pending => drop(state.blocked.get_or_insert_with(Instant::now)),
        }
    }

    /// Since when nothing is asked of us here; `None` while a request is worked on, or when the place is given up already.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase != Phase::Busy && state.dismissed.is_none()).then_some(state.since)
    }

    /// Ends the connection for `cause`. A request that came in the meantime still gets its answer.
    pub(super) fn dismiss(&self, cause: Cut) {
        self.state().dismissed = Some(cause);
        self.waker.wake();
    }

    /// Until when this may go on as it does, and why no longer.
    fn end(&self) -> Option<(Instant, Cut)> {
        let state = self.state();
        let limits = &self.limits;
        let phase = match (state.phase, state.dismissed) {
            (Phase::Busy, _) => None,
            (_, Some(cause)) => Some((Duration::ZERO, cause)),
            (Phase::Handshake, None) => Some((limits.handshake_timeout, Cut::Handshake)),
            (Phase::Head, None) => Some((limits.head_timeout, Cut::Head)),
            (Phase::Idle, None) => Some((limits.idle_timeout, Cut::Idle)),
        };
        let phase = phase.map(|(limit, cut)| (state.since + limit, cut));
        let write = state.blocked.map(|since| (since + limits.write_timeout, Cut::Write));
        phase.into_iter().chain(write).min_by_key(|(end, _)| *end)
    }
}

/// Lets `work` on a connection go on as long as `watch` allows.
pub(super) async fn within<F: Future>(watch: &Watch, work: F) -> Result<F::Output, Cut> {
    let mut work = pin!(work);
    let mut alarm = pin!(sleep(Duration::MAX));
    poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        watch.waker.register(context.waker());
        let Some((end, cut)) = watch.end() else { return Poll::Pending };
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Err(cut))
    })
    .await
}

/// The two directions of a connection, watched.
pub(super) struct Watched<IO> {
    /// The connection.
    pub(super) io: IO,
    /// Who watches it.
    pub(super) watch: Arc<Watch>,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Watched<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.received();
        }
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Watched<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.watch.wrote(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(context, slices);
        self.watch.wrote(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(context);
        self.watch.wrote(&polled);
        polled
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(context);
        self.watch.wrote(&polled);
        polled
    }
}
