//! Connections that each send their next request when the last one is answered, all on one thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, LocalSet};

use crate::load::connection::exchange;
use crate::load::process::{cpu, resident_mebibytes};

/// Not counted: connections are opened, and the server gets warm.
pub const WARM_UP: Duration = Duration::from_millis(500);
/// How long a server may take until it answers at all.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was measured once.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Requests answered in a second.
    pub rate: f64,
    /// Half of the answers came within so many milliseconds.
    pub p50: f64,
    /// 99 of 100 answers came within so many milliseconds.
    pub p99: f64,
    /// Microseconds of CPU of the server's process for a request; not known of a server elsewhere.
    pub cpu: f64,
    /// Share of the time in which that process had a core.
    pub busy: f64,
    /// MiB that were resident with all connections open.
    pub resident: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    Measured,
    Over,
}

struct Run {
    requests: Vec<Vec<u8>>,
    next: Cell<usize>,
    phase: Cell<Phase>,
    times: RefCell<Vec<Duration>>,
    /// Everything but 200.
    wrong: RefCell<BTreeMap<String, usize>>,
}

/// Sends `requests` over so many connections; were there not enough of them, they begin again.
pub fn closed_loop(
    address: &str,
    process: Option<u32>,
    requests: Vec<Vec<u8>>,
    connections: usize,
    measured: Duration,
) -> Result<Figures, String> {
    let run = Rc::new(Run {
        requests,
        next: Cell::new(0),
        phase: Cell::new(Phase::WarmUp),
        times: RefCell::default(),
        wrong: RefCell::default(),
    });
    on_this_thread(async {
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            senders.spawn_local(run.clone().send(address.to_owned()));
        }
        let used = || process.map_or(f64::NAN, |process| cpu(process).as_secs_f64());
        tokio::time::sleep(WARM_UP).await;
        let (before, began) = (used(), Instant::now());
        run.phase.set(Phase::Measured);
        tokio::time::sleep(measured).await;
        run.phase.set(Phase::Over);
        let (cpu, seconds) = (used() - before, began.elapsed().as_secs_f64());
        let resident = process.map_or(f64::NAN, resident_mebibytes);
        while let Some(ended) = senders.join_next().await {
            ended.expect("no panic");
        }
        let (times, wrong) = (&mut *run.times.borrow_mut(), &*run.wrong.borrow());
        if !wrong.is_empty() || times.is_empty() {
            return Err(format!(
                "{} requests of {} had another answer than 200: {wrong:?}",
                wrong.values().sum::<usize>(),
                run.next.get()
            ));
        }
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let count = times.len() as f64;
        Ok(Figures {
            rate: count / seconds,
            p50: at(50),
            p99: at(99),
            cpu: cpu * 1e6 / count,
            busy: cpu / seconds,
            resident,
        })
    })
}

impl Run {
    async fn send(self: Rc<Self>, address: String) {
        let mut connection = None;
        while self.phase.get() != Phase::Over {
            let number = self.next.replace(self.next.get() + 1);
            let request = &self.requests[number % self.requests.len()];
            let sent = Instant::now();
            match exchange(&mut connection, &address, request).await {
                Ok(200) if self.phase.get() == Phase::Measured => self.times.borrow_mut().push(sent.elapsed()),
                Ok(200) => {}
                Ok(status) => self.failed(status.to_string()),
                Err(error) => {
                    self.failed(error.to_string());
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    fn failed(&self, why: String) {
        *self.wrong.borrow_mut().entry(why).or_default() += 1;
    }
}

/// Sends `request` until it is answered as it should.
pub fn wait_answered(name: &str, address: &str, request: &[u8]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answered = on_this_thread(exchange(&mut None, address, request));
        if matches!(answered, Ok(200)) {
            return;
        }
        assert!(Instant::now() < deadline, "{name} at {address}: {answered:?}, and never 200");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// How long one request over a new connection takes, milliseconds.
pub fn first(address: &str, request: &[u8]) -> f64 {
    let sent = Instant::now();
    let answered = on_this_thread(exchange(&mut None, address, request));
    assert!(matches!(answered, Ok(200)), "the first request: {answered:?}");
    sent.elapsed().as_secs_f64() * 1e3
}

/// MiB that are resident with so many connections open, each of which sent one of `requests`.
pub fn resident_with_connections(address: &str, process: u32, requests: &[Vec<u8>]) -> f64 {
    on_this_thread(async {
        let mut open = Vec::new();
        for request in requests {
            let mut connection = None;
            let answered = exchange(&mut connection, address, request).await;
            assert!(matches!(answered, Ok(200)), "a request of many: {answered:?}");
            open.push(connection);
        }
        resident_mebibytes(process)
    })
}

fn on_this_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, work)
}
