//! Vendors under load: they say each result until it is accepted, repeat some, correct others later, and the ledger keeps
//! what they were told is safe.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline::source::{Source, Sources};
use trunkline::vendor::Unsigned;

use super::ledger::{Delivery, FactId, Ledger};
use super::plan::{Fault, Plan};

/// The second source of every run, beside `nx`.
pub const HUAWEI: &str = r#"
    sources.hw.vendor = "huawei-voicecall"
    sources.hw.app_key = "key-test-01"
    sources.hw.secrets = ["only-for-tests-huawei"]
    sources.hw.fee_urls = ["https://trunkline.example/v1/callbacks/hw/fee"]
"#;

/// Outcomes with NXCloud's SIP status and Huawei's Q.850 cause for them.
const OUTCOMES: [(&str, &str, &str); 5] = [
    ("busy", "486", "17"),
    ("invalid_number", "404", "1"),
    ("rejected", "603", "21"),
    ("unreachable", "480", "20"),
    ("no_answer", "408", "18"),
];

/// How many requests are under way at most.
const SENDERS: u64 = 12;

/// Where callbacks can be sent, as a load balancer knows it; empty places are replicas that are gone.
pub type Urls = Arc<Mutex<Vec<String>>>;

/// Senders at work.
pub struct Vendors {
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Vendors {
    /// Starts sending to `urls` what follows from the plan's seed, and writes it down in `ledger`.
    pub fn start(runtime: &Handle, sources: &Arc<Sources>, urls: &Urls, ledger: &Arc<Ledger>, plan: &Plan) -> Self {
        trunkline::tls::install_provider();
        let seed = plan.seed;
        let clocks = plan.steps.iter().any(|step| matches!(step.fault, Fault::ShiftClock(..)));
        let stop = CancellationToken::new();
        let running = (0..SENDERS)
            .map(|number| {
                let sender = Sender {
                    name: number,
                    rng: Rng::with_seed(seed ^ (number << 32)),
                    sources: sources.clone(),
                    urls: urls.clone(),
                    ledger: ledger.clone(),
                    client: reqwest::Client::builder().timeout(Duration::from_secs(4)).build().expect("a client"),
                    stop: stop.clone(),
                    clocks,
                    attempt: number as usize,
                };
                runtime.spawn(sender.work())
            })
            .collect();
        Self { stop, running }
    }

    /// Stops sending; what was not accepted by then stays in doubt.
    pub fn stop(self, runtime: &Handle) {
        self.stop.cancel();
        self.running.into_iter().for_each(|task| runtime.block_on(task).expect("no panic"));
    }
}

struct Sender {
    name: u64,
    rng: Rng,
    sources: Arc<Sources>,
    urls: Urls,
    ledger: Arc<Ledger>,
    client: reqwest::Client,
    stop: CancellationToken,
    /// Whether clocks are off: a replica then takes signatures for too old or not yet made.
    clocks: bool,
    attempt: usize,
}

impl Sender {
    async fn work(mut self) {
        // Calls that have more to say, and when.
        let mut later: Vec<(Instant, VecDeque<Delivery>)> = Vec::new();
        for number in 0.. {
            if self.stop.is_cancelled() {
                return;
            }
            let due = later.iter().position(|(at, _)| *at <= Instant::now());
            let mut script = match due {
                Some(index) => later.swap_remove(index).1,
                None => self.script(number),
            };
            let delivery = script.pop_front().expect("a script that is over is dropped");
            for _ in 0..1 + u32::from(self.rng.u8(..3) == 0) {
                self.deliver(&delivery).await;
            }
            if !script.is_empty() {
                later.push((Instant::now() + Duration::from_millis(self.rng.u64(20..3000)), script));
            }
            tokio::time::sleep(Duration::from_millis(self.rng.u64(5..40))).await;
        }
    }

    /// Sends until somebody accepts it.
    async fn deliver(&mut self, delivery: &Delivery) {
        let source = &self.sources[delivery.source];
        let signed = sign(source, delivery);
        while !self.stop.is_cancelled() {
            self.attempt += 1;
            let url = {
                let urls = self.urls.lock().expect("not poisoned");
                urls[self.attempt % urls.len()].clone()
            };
            self.ledger.tries(delivery);
            let request = self.client.post(format!("{url}{}", signed.path)).body(delivery.body.clone());
            let request = signed.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
            match request.send().await.map(|answer| answer.status().as_u16()) {
                Ok(200) => return self.ledger.accepts(delivery),
                Ok(503) => self.ledger.refuses(),
                Ok(401) if self.clocks => self.ledger.refuses(),
                Ok(status) => return self.ledger.wrongs(format!("status {status} for {}", delivery.body)),
                Err(_) => self.ledger.misses(),
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Everything that will be said of the next call, or batch of calls.
    fn script(&mut self, number: u64) -> VecDeque<Delivery> {
        let call = format!("c{}-{number}", self.name);
        let mut outcomes = OUTCOMES;
        self.rng.shuffle(&mut outcomes);
        let said = match self.rng.u8(..10) {
            0..6 => 1,
            6..9 => 2,
            _ => 3,
        };
        let outcomes = &outcomes[..said];
        let mut script: VecDeque<Delivery> = match self.rng.u8(..20) {
            0 => return [misunderstood(&call)].into(),
            1..13 => {
                let recorded = self.rng.u8(..3) == 0;
                outcomes.iter().map(|outcome| nxcloud_call(&call, outcome, recorded)).collect()
            }
            13..16 => {
                let order = nxcloud_order(&call, outcomes.last().expect("at least one"));
                outcomes.iter().map(|outcome| nxcloud_call(&call, outcome, false)).chain([order]).collect()
            }
            _ => {
                let calls = self.rng.u32(1..6);
                outcomes.iter().map(|outcome| huawei_records(&call, calls, outcome)).collect()
            }
        };
        // A late repetition of what came first takes nothing back.
        if self.rng.u8(..5) == 0 {
            script.push_back(script[0].clone());
        }
        script
    }
}

struct Signed {
    path: String,
    headers: Vec<(&'static str, String)>,
}

fn sign(source: &Source, delivery: &Delivery) -> Signed {
    let kind = source.kind(delivery.kind).expect("a kind of the vendor");
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let unsigned = Unsigned { kind, body: &delivery.body, now: jiff::Timestamp::now(), nonce: &nonce };
    let signed = source.adapter.sign(&unsigned).expect("signed");
    Signed { path: source.path(kind), headers: signed.headers }
}

fn fact(event_type: &'static str, subject: &str) -> FactId {
    FactId { event_type, subject: subject.to_owned() }
}

fn nxcloud(call: &str, sip: &str, recording: &str) -> String {
    format!(
        r#"{{"callbackType":3,"orderID":"o-{call}","userPhone":"6281200000001","userTaskID":"t-1","finish":true,"callInfoDetail":{{"callID":"{call}","callStartTs":1763683200,"callAnswerTs":0,"callEndTs":1763683230,"callDuration":0,"termSipCode":"{sip}"{recording}}}}}"#
    )
}

fn nxcloud_call(call: &str, (outcome, sip, _): &(&'static str, &str, &str), recorded: bool) -> Delivery {
    let mut facts = vec![(fact("call.ended", call), Some(*outcome))];
    let mut recording = String::new();
    if recorded {
        recording = format!(r#","callAudioUrl":"https://recordings.example/{call}.mp3""#);
        facts.push((fact("recording.available", call), None));
    }
    Delivery { source: "nx", kind: "call", body: nxcloud(call, sip, &recording), facts }
}

/// The order's end repeats its call's result.
fn nxcloud_order(call: &str, (outcome, sip, _): &(&'static str, &str, &str)) -> Delivery {
    let facts = vec![
        (fact("call.ended", call), Some(*outcome)),
        (fact("order.finished", &format!("o-{call}")), Some(*outcome)),
    ];
    Delivery { source: "nx", kind: "order", body: nxcloud(call, sip, ""), facts }
}

fn huawei_records(batch: &str, calls: u32, (outcome, _, cause): &(&'static str, &str, &str)) -> Delivery {
    let sessions: Vec<String> = (0..calls).map(|number| format!("h-{batch}-{number}")).collect();
    let record = |session: &String| {
        format!(
            r#"{{"sessionId":"{session}","callerNum":"+8675500000001","calleeNum":"+8613300000001","callEndTime":"2025-11-21 00:00:30","callOutUnaswRsn":"{cause}"}}"#
        )
    };
    let records: Vec<String> = sessions.iter().map(record).collect();
    Delivery {
        source: "hw",
        kind: "fee",
        body: format!(r#"{{"eventType":"fee","feeLst":[{}]}}"#, records.join(",")),
        facts: sessions.iter().map(|session| (fact("call.ended", session), Some(*outcome))).collect(),
    }
}

/// Proven to be the vendor's, but no JSON: goes to the rejected topic.
fn misunderstood(call: &str) -> Delivery {
    Delivery {
        source: "nx",
        kind: "call",
        body: format!(r#"{{"callInfoDetail":{{"callID":"{call}""#),
        facts: Vec::new(),
    }
}
