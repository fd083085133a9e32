//! Records of the pending topic, whoever wrote them, and the store that works with them: no call is lost, none is asked
//! about twice at a time.
//!
//! An input is lines. A line with a tab is a record (`key<tab>value`, an empty value deletes); any other is something that
//! happens: its first letter says what, a number behind it how much.

use std::collections::{BTreeMap, BTreeSet};

use trunkline::config::SourcePoll;
use trunkline::event::Instant;
use trunkline::pending::{Call, Key, Progress, call_key, call_name, hint_key, progress_key};
use trunkline::poll::{Due, Schedule, Store, Unsettled};
use trunkline::vendor::poll::Placed;

use super::asked::{self, ASKED};
use super::subject::now;

/// Farther than any deadline of RFC 3339.
const END: i64 = 300_000_000_000_000;

/// Lines.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut trial = Trial::new();
    for line in text.lines().take(256) {
        match line.split_once('\t') {
            Some((key, value)) => trial.record(key, value),
            None => trial.happens(line),
        }
        trial.check();
    }
    trial.end();
}

/// A store and what has to be in it.
struct Trial {
    store: Store,
    now: i64,
    /// Every pending call: what is known, whether there is a record of a dialer, and one of a hint.
    calls: BTreeMap<String, (Placed, bool, bool)>,
    asking: Vec<Due>,
    /// Calls that were deleted while they were asked about.
    stale: Vec<Due>,
    loaded: bool,
}

impl Trial {
    fn new() -> Self {
        let settings = SourcePoll { pause_factor: 1.5, ..SourcePoll::default() };
        let store = Store::new(Schedule::new(&settings));
        let (calls, asking, stale) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { store, now: now().as_millisecond(), calls, asking, stale, loaded: false }
    }

    fn record(&mut self, key: &str, value: &str) {
        match (Key::parse(key), value) {
            (None, _) => {}
            (Some(Key::Progress(source)), _) => {
                assert_eq!(progress_key(source), key, "a key has one text");
                let Ok(progress) = serde_json::from_str::<Progress>(value) else { return };
                let written = serde_json::to_string(&progress).expect("JSON");
                assert_eq!(serde_json::from_str::<Progress>(&written).expect("written"), progress);
            }
            (Some(Key::Call(name)), "") => {
                assert_eq!(call_key(name), key, "a key has one text");
                self.delete(name, false);
            }
            (Some(Key::Hint(name)), "") => {
                assert_eq!(hint_key(name), key, "a key has one text");
                self.delete(name, true);
            }
            (Some(Key::Call(name) | Key::Hint(name)), _) => {
                let Ok(Call { source, placed }) = serde_json::from_str(value) else { return };
                let written = serde_json::to_string(&Call { source: source.clone(), placed: placed.clone() });
                let read: Call = serde_json::from_str(&written.expect("JSON")).expect("what is written can be read");
                assert_eq!((&read.source, &read.placed), (&source, &placed));
                self.put(name, placed);
            }
        }
    }

    fn put(&mut self, name: &str, placed: Placed) {
        self.store.put(name, &placed, self.now);
        match self.calls.get_mut(name) {
            Some((_, _, hinted)) if placed.hinted => *hinted = true,
            Some(known) => *known = (placed, true, known.2),
            None => {
                let hinted = placed.hinted;
                self.calls.insert(name.to_owned(), (placed, !hinted, hinted));
            }
        }
    }

    fn delete(&mut self, name: &str, hint: bool) {
        let gone = match self.calls.get_mut(name) {
            Some((_, true, hinted)) if hint => {
                *hinted = false;
                false
            }
            known => known.is_some(),
        };
        assert_eq!(self.store.delete(name, hint), gone, "{name}");
        if gone {
            self.calls.remove(name);
            self.stale.extend(self.asking.extract_if(.., |call| call.id == Store::id(name)));
        }
    }

    fn happens(&mut self, line: &str) {
        let mut letters = line.chars();
        let Some(what) = letters.next() else { return };
        let number: u32 = letters.as_str().trim().parse().unwrap_or_default();
        match what {
            'l' if !self.loaded => {
                self.loaded = true;
                self.store.loaded(Instant::from_millis(self.now - i64::from(number)));
            }
            'c' => {
                self.store.clear();
                self.stale.append(&mut self.asking);
                (self.loaded, self.calls) = (false, BTreeMap::new());
            }
            // The answer comes when nobody waits for it.
            'z' => self.stale.pop().iter().for_each(|call| self.store.give_back(call, Unsettled::Open, self.now)),
            '+' => self.now += i64::from(number),
            't' => {
                let taken = self.store.take(self.now, number.min(1000) as usize);
                assert!(taken.len() <= number as usize && taken.iter().all(|call| call.due <= self.now));
                self.asking.extend(taken);
            }
            's' => {
                let Some(call) = self.some(number) else { return };
                let settled = self.store.settle(call.id);
                let known = self.calls.keys().find(|name| Store::id(name) == call.id).cloned();
                let known = known.and_then(|name| self.calls.remove(&name));
                assert_eq!(settled, known.map(|(_, placed, hinted)| (placed, hinted)));
            }
            'o' | 'u' | 'h' | 'x' => {
                let Some(call) = self.some(number) else { return };
                let why = match what {
                    'o' => Unsettled::Open,
                    'u' => Unsettled::Untold,
                    'h' => Unsettled::Hopeless,
                    _ => Unsettled::Suspect(i64::from(number % 5000)),
                };
                self.store.give_back(&call, why, self.now);
            }
            _ => {}
        }
    }

    fn some(&mut self, number: u32) -> Option<Due> {
        let count = self.asking.len();
        (count > 0).then(|| self.asking.swap_remove(number as usize % count))
    }

    fn check(&self) {
        assert_eq!(self.store.len(), self.calls.len());
        for (name, (placed, ..)) in &self.calls {
            let (id, known) = self.store.get(name).expect("it is pending");
            assert_eq!((id, &known), (Store::id(name), placed), "what is known is kept");
        }
        assert!(self.store.asked_until(self.now) <= self.now, "nothing is answered before it is asked");
        let ids: BTreeSet<u128> = self.asking.iter().map(|call| call.id).collect();
        assert_eq!(ids.len(), self.asking.len(), "no call is asked about twice at a time");
    }

    /// At the end of time every call was asked about for the last time, and none was forgotten.
    fn end(mut self) {
        if !self.loaded {
            assert_eq!(self.store.next_due(), None, "nothing is due before all is read");
            self.store.loaded(None);
        }
        for call in std::mem::take(&mut self.asking) {
            self.store.give_back(&call, Unsettled::Open, self.now);
        }
        let mut last = BTreeSet::new();
        while self.store.next_due().is_some() {
            let taken = self.store.take(END, 7);
            assert!(!taken.is_empty(), "all is due");
            for call in taken {
                assert!(call.last, "its deadline has come");
                assert!(last.insert(call.id), "once");
                assert!(self.store.settle(call.id).is_some());
            }
        }
        assert_eq!(last, self.calls.keys().map(|name| Store::id(name)).collect());
        assert!(self.store.is_empty());
    }
}

/// Seeds: placed calls and hints of every vendor that is asked, and what becomes of them.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for asked in ASKED.iter() {
        let context = asked.source.poll_context(Instant::new(now())).expect("it asks");
        let mut lines = Vec::new();
        let mut deleted = Vec::new();
        for (number, (id, task)) in asked::site(asked.vendor, 3).1.into_iter().enumerate() {
            let name = call_name(context.vendor, &context.account, &id);
            for hinted in [false, true] {
                let mut placed = asked::placed(id.clone(), Some(task.clone()), hinted);
                if number == 1 {
                    placed.destination = Some("+6281200000001".to_owned());
                    placed.deadline = Instant::from_millis(now().as_millisecond() + 3_600_000);
                }
                let value = serde_json::to_string(&Call { source: asked.source.name.clone(), placed }).expect("JSON");
                let key = if hinted { hint_key(&name) } else { call_key(&name) };
                lines.push(format!("{key}\t{value}"));
                deleted.push(format!("{key}\t"));
            }
        }
        let progress = format!(
            "{}\t{}",
            progress_key(&asked.source.name),
            r#"{"listed":"2024-12-16T10:40:00.000Z","asked":"2024-12-16T10:40:00.000Z"}"#
        );
        let mut plant = |steps: &[&str]| {
            let text = steps
                .iter()
                .map(|step| match *step {
                    "RECORDS" => lines.join("\n"),
                    "DELETED" => deleted.join("\n"),
                    "ONE" => lines[0].clone(),
                    "HINT" => lines[1].clone(),
                    "UNHINT" => deleted[1].clone(),
                    "PROGRESS" => progress.clone(),
                    other => other.to_owned(),
                })
                .collect::<Vec<_>>();
            seeds.push(text.join("\n").into_bytes());
        };
        plant(&["RECORDS", "PROGRESS", "l0", "+120000", "t10", "o0", "x7", "h1", "u2", "+9000000", "t10", "s0", "s0"]);
        plant(&["l60000", "RECORDS", "t3", "+60000", "t3", "x0", "x1", "+3000", "t9", "DELETED", "o0", "o0"]);
        plant(&["ONE", "HINT", "UNHINT", "l1", "HINT", "t1", "ONE", "DELETED", "o0", "c", "RECORDS", "l9"]);
        plant(&["HINT", "l0", "t1", "ONE", "o0", "+86400000", "t1", "h0", "+86400000", "t1", "u0", "DELETED", "z"]);
    }
    let extreme = [
        r#"{"source":"s","call":"c","placed_at":"0000-01-01T00:00:00Z"}"#,
        r#"{"source":"s","call":"c","placed_at":"9999-12-30T21:59:59Z","deadline":"0000-01-01T00:00:00Z"}"#,
        r#"{"source":"s","call":"","placed_at":"2024-12-16T10:40:00Z","destination":"\u0000"}"#,
    ];
    seeds.extend(extreme.iter().flat_map(|value| {
        ["l0\ncall/v/a/c\tVALUE\nt1\nx9\n+999999999\nt1\nh0", "hint/v/a/c\tVALUE\nl7\nt1\no0"]
            .map(|text| text.replace("VALUE", value).into_bytes())
    }));
    seeds
}
