//! A TCP proxy between trunkline and one Kafka node: what networks do to connections, and errors that only a broker can say.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::wire;

/// How the network is.
#[derive(Clone, Default)]
pub struct Weather {
    /// By how much later everything arrives, each way.
    pub delay: Duration,
    /// Requests stay in the network.
    pub hold_requests: bool,
    /// Answers stay in the network.
    pub hold_answers: bool,
    /// Counts up when every connection is to be reset.
    pub resets: u64,
    /// What the node says instead of its own answers.
    pub lie: Option<Lie>,
}

/// An error in place of a node's answer.
#[derive(Clone, Copy, Debug)]
pub struct Lie {
    /// Of which requests.
    pub api: wire::Api,
    /// Kafka's error code.
    pub error: i16,
    /// Whether the node did what it was asked for before it failed.
    pub done: bool,
    /// One of how many such requests.
    pub every: u64,
}

/// The proxy of one node, on a port of its own.
pub struct Proxy {
    pub port: u16,
    target: watch::Sender<u16>,
    weather: watch::Sender<Weather>,
}

impl Proxy {
    /// Listens at once; connections are refused until there is a node to [forward](Self::forward) to.
    pub fn start(runtime: &Handle) -> Self {
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let (target, targets) = watch::channel(0);
        let (weather, weathers) = watch::channel(Weather::default());
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, weather) = (*targets.borrow(), weathers.clone());
                tokio::spawn(async move { Connection::run(client, target, weather).await });
            }
        });
        Self { port, target, weather }
    }

    /// The node's own port.
    pub fn forward(&self, port: u16) {
        self.target.send_replace(port);
    }

    /// Changes the weather.
    pub fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }
}

/// A client's connection and the one to the node that belongs to it.
struct Connection {
    weather: watch::Receiver<Weather>,
    /// Answers to give in place of the node's, by the request's correlation id.
    lies: Mutex<HashMap<i32, Vec<u8>>>,
    asked: AtomicU64,
}

impl Connection {
    async fn run(mut client: TcpStream, target: u16, weather: watch::Receiver<Weather>) {
        let Ok(mut node) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else {
            let _ = client.set_zero_linger();
            return;
        };
        let _ = (client.set_nodelay(true), node.set_nodelay(true));
        let connection = Self { weather, lies: Mutex::default(), asked: AtomicU64::new(0) };
        let reset = {
            let (from_client, to_client) = client.split();
            let (from_node, to_node) = node.split();
            let (requests, to_send) = mpsc::unbounded_channel();
            let (answers, to_give) = mpsc::unbounded_channel();
            tokio::select! {
                () = connection.reset() => true,
                _ = connection.requests(from_client, requests, answers.clone()) => false,
                _ = connection.answers(from_node, answers) => false,
                _ = connection.write(to_send, to_node, |weather| weather.hold_requests) => false,
                _ = connection.write(to_give, to_client, |weather| weather.hold_answers) => false,
            }
        };
        if reset {
            let _ = (client.set_zero_linger(), node.set_zero_linger());
        }
    }

    async fn reset(&self) {
        let mut weather = self.weather.clone();
        let before = weather.borrow().resets;
        let _ = weather.wait_for(|weather| weather.resets != before).await;
    }

    /// Takes requests from the client: to the node, or with a lie back at once.
    async fn requests(&self, mut from: impl AsyncReadExt + Unpin, node: Queue, client: Queue) -> io::Result<()> {
        loop {
            let frame = read_frame(&mut from).await?;
            let lie = self.weather.borrow().lie;
            match lie.and_then(|lie| Some((lie, self.lie(&lie, &frame)?))) {
                Some((Lie { done: false, .. }, answer)) => self.put(&client, answer),
                Some((_, answer)) => {
                    let id = wire::correlation(&frame).expect("a request has one");
                    self.lies.lock().expect("not poisoned").insert(id, answer);
                    self.put(&node, frame);
                }
                None => self.put(&node, frame),
            }
        }
    }

    fn lie(&self, lie: &Lie, frame: &[u8]) -> Option<Vec<u8>> {
        let answer = wire::refusal(frame, lie.api, lie.error)?;
        self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(lie.every).then_some(answer)
    }

    async fn answers(&self, mut from: impl AsyncReadExt + Unpin, client: Queue) -> io::Result<()> {
        loop {
            let frame = read_frame(&mut from).await?;
            let id = frame.get(..4).map(|id| i32::from_be_bytes(id.try_into().expect("four bytes")));
            let lie = id.and_then(|id| self.lies.lock().expect("not poisoned").remove(&id));
            self.put(&client, lie.unwrap_or(frame));
        }
    }

    fn put(&self, queue: &Queue, frame: Vec<u8>) {
        // Fails only when the connection is about to end.
        let _ = queue.send((Instant::now() + self.weather.borrow().delay, frame));
    }

    async fn write(
        &self,
        mut queue: mpsc::UnboundedReceiver<(Instant, Vec<u8>)>,
        mut to: impl AsyncWriteExt + Unpin,
        held: impl Fn(&Weather) -> bool,
    ) -> io::Result<()> {
        let mut weather = self.weather.clone();
        while let Some((at, frame)) = queue.recv().await {
            tokio::time::sleep_until(at).await;
            if weather.wait_for(|weather| !held(weather)).await.is_err() {
                break;
            }
            to.write_all(&(frame.len() as u32).to_be_bytes()).await?;
            to.write_all(&frame).await?;
        }
        Ok(())
    }
}

type Queue = mpsc::UnboundedSender<(Instant, Vec<u8>)>;

/// One request or answer without its length.
async fn read_frame(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut frame = vec![0; length as usize];
    from.read_exact(&mut frame).await?;
    Ok(frame)
}
