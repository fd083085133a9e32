//! Accepting connections, with bounds, and letting them end well.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::connection::{Cut, Watch, Watched, within};
use super::room::Room;
use crate::metrics::Metrics;
use crate::tls;

/// Largest head of a request, bytes.
const MAX_HEAD: usize = 64 * 1024;

/// On a stop: how long the head of a request may still take.
const LAST_HEADS: Duration = Duration::from_secs(1);

/// Who opened the connection, in the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections. One more takes the place of the one that has waited longest.
    pub max_connections: usize,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a sender may take for the head of a request.
    pub head_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// How long a sender may leave an answer unread.
    pub write_timeout: Duration,
    /// How long requests under way may take after a stop.
    pub drain_timeout: Duration,
}

/// Serves `router` until `stop`, over TLS if there is `tls`, then closes the listener and waits for the requests under
/// way. Returns whether all of them ended in time. Connections are counted in `metrics`, if there are any.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Option<Arc<tls::Server>>,
    metrics: Option<Arc<Metrics>>,
    stop: CancellationToken,
) -> bool {
    let room = Room::new(limits);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    // The limits of time are ours: hyper has one for waiting and for the head together, and none for writing. The buffer
    // alone does not bound a head: what comes in one piece can be twice as much.
    http.header_read_timeout(None).max_header_size(MAX_HEAD).max_buf_size(MAX_HEAD);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: closing connections will free some.
                tracing::warn!(%error, "cannot accept a connection");
                room.make();
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = room.place(tls.is_some()) => place,
        };
        // Answers are small and wanted at once.
        let _ = stream.set_nodelay(true);
        let (http, router, watcher) = (http.clone(), router.clone(), graceful.watcher());
        let (tls, metrics) = (tls.clone(), metrics.clone());
        // A handshake is part of the connection's own task: accepting never waits for a sender.
        tokio::spawn(async move {
            metrics.iter().for_each(|metrics| metrics.connections.inc());
            let (peer, watch) = (Peer(address.ip()), place.watch.clone());
            let ended = match &tls {
                None => talk(stream, &http, router, peer, watch, watcher).await,
                Some(tls) => match secure(tls, stream, &watch, metrics.as_deref()).await {
                    Ok(Some(stream)) => talk(stream, &http, router, peer, watch, watcher).await,
                    Ok(None) => Ok(()),
                    Err(cut) => Err(cut),
                },
            };
            if let (Err(cut), Some(metrics)) = (ended, &metrics) {
                metrics.connections_cut.with_label_values(&[cut.as_str()]).inc();
            }
            metrics.iter().for_each(|metrics| metrics.connections.dec());
        });
    }
    drop(listener);
    // What has not become a request by then never will: senders that dribble do not delay a stop.
    let close = async {
        tokio::time::sleep(LAST_HEADS).await;
        room.close();
        std::future::pending().await
    };
    let ended = async {
        tokio::select! { () = graceful.shutdown() => (), () = close => () }
    };
    tokio::time::timeout(limits.drain_timeout, ended).await.is_ok()
}

/// The handshake of one connection; `None` when it failed.
async fn secure(
    tls: &tls::Server,
    stream: TcpStream,
    watch: &Watch,
    metrics: Option<&Metrics>,
) -> Result<Option<TlsStream<TcpStream>>, Cut> {
    let ended = within(watch, tls.accept(stream)).await;
    let result = match &ended {
        Ok(Ok(_)) => "ok",
        Ok(Err(failure)) => failure.as_str(),
        Err(Cut::Room | Cut::Stop) => "dismissed",
        Err(_) => "timeout",
    };
    metrics.iter().for_each(|metrics| metrics.tls_handshakes.with_label_values(&[result]).inc());
    watch.secured();
    Ok(ended?.ok())
}

/// Answers the requests of one connection.
async fn talk<IO>(
    io: IO,
    http: &http1::Builder,
    router: Router,
    peer: Peer,
    watch: Arc<Watch>,
    watcher: Watcher,
) -> Result<(), Cut>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let observed = watch.clone();
    let service = hyper::service::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        observed.working();
        request.extensions_mut().insert(peer);
        // A length beside the chunks does not arrive here; RFC 9112 (6.1) wants the connection closed for it, because what
        // follows may be part of this request for whoever is in front.
        let last = request.headers().contains_key(header::TRANSFER_ENCODING);
        let (answer, observed) = (router.clone().oneshot(request), observed.clone());
        async move {
            let mut answer = answer.await;
            if let (Ok(answer), true) = (&mut answer, last) {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            observed.answered();
            answer
        }
    });
    let io = TokioIo::new(Watched { io, watch: watch.clone() });
    if let Err(error) = within(&watch, watcher.watch(http.serve_connection(io, service))).await? {
        tracing::trace!(%error, "connection ended");
    }
    Ok(())
}
