//! What trunkline is held against: servers that do less, each in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::ListenerExt;
use hmac::{Hmac, KeyInit, Mac};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use sha2::Sha256;
use tokio::net::TcpListener;
use trunkline::vendor::hex::{decode_hex, encode_hex};

use crate::load::process::on_core;

/// Where the floor takes callbacks.
pub const PATH: &str = "/callbacks";
/// The header that proves them: HMAC-SHA256 over the body, hex digits.
pub const HEADER: &str = "x-signature";
/// The secret of both sides.
pub const SECRET: &[u8] = b"only-for-benchmarks";
/// Where the floor writes them.
pub const TOPIC: &str = "floor";

/// A server in a process of its own; it ends when this is dropped and also when this process dies.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Server {
    /// Starts this very program as `arguments` say, on `core`.
    pub fn start(core: &str, arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("the path of this program");
        let mut command = on_core(core, &program);
        let mut child =
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a server");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout).read_line(&mut address).expect("its address");
        Self { child, address: address.trim_end().to_owned() }
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says yes to everything: what HTTP alone costs.
pub fn bare() {
    serve(|| Router::new().route(PATH, post(async |_: Bytes| StatusCode::OK)));
}

/// The least that keeps the promise: one proof, one look at the body, one record acknowledged by all replicas.
pub fn floor(bootstrap: &str) {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("enable.idempotence", "false")
        .set("linger.ms", "0")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random");
    serve(|| {
        let producer: FutureProducer = settings.create().expect("a producer");
        Router::new().route(PATH, post(take)).with_state(Arc::new(producer))
    });
}

async fn take(State(producer): State<Arc<FutureProducer>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(sent) = headers.get(HEADER).and_then(|header| header.to_str().ok()) else {
        return StatusCode::UNAUTHORIZED;
    };
    if decode_hex(sent).is_none_or(|proof| mac(&body).verify_slice(&proof).is_err()) {
        return StatusCode::UNAUTHORIZED;
    }
    if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
        return StatusCode::BAD_REQUEST;
    }
    // A proof is as good a key as any: they spread over all partitions.
    let Ok(delivered) = producer.send_result(FutureRecord::to(TOPIC).key(sent).payload(&body[..])) else {
        return StatusCode::SERVICE_UNAVAILABLE;
    };
    match delivered.await {
        Ok(Ok(_)) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn mac(body: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET).expect("any length").chain_update(body)
}

/// The proof of a body.
pub fn proof(body: &str) -> String {
    encode_hex(&mac(body.as_bytes()).finalize().into_bytes())
}

/// Serves as trunkline does: the runtime takes as many threads as there are cores, and nothing waits for a full packet.
fn serve(router: impl FnOnce() -> Router) {
    // Whoever started this is gone when standard input ends.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        println!("{}", listener.local_addr().expect("bound"));
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router()).await.expect("served");
    });
}
