//! One vendor of a run: its calls, its access tokens, what it was asked and what it sent.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::call::{Call, Outcome, Placing};
use super::draw::Draw;
use super::ledger::{Callbacks, DueEntry, Told, VendorLedger};
use super::plan::{Away, Sketch, VendorPlan};
use super::requests::Requests;
use super::vendors::{Due, Vendor, Way};
use crate::clock;

/// One simulated vendor at work.
pub struct Site {
    /// The vendor.
    pub vendor: &'static dyn Vendor,
    /// Its load and faults.
    pub plan: VendorPlan,
    /// The run's seed.
    pub seed: u64,
    /// Name of its source in trunkline.
    pub source: String,
    books: Mutex<Books>,
    requests: Mutex<Requests>,
    callbacks: Mutex<Callbacks>,
    told: Mutex<Told>,
    state: Mutex<State>,
    /// To the sender of callbacks. It holds no more than the books do.
    placed: UnboundedSender<Arc<Placing>>,
    to_be_sent: tokio::sync::Mutex<UnboundedReceiver<Arc<Placing>>>,
    /// Placings and callbacks that are not done with.
    under_way: AtomicUsize,
}

/// The truth, and what trunkline has had a chance to learn of it.
#[derive(Default)]
struct Books {
    placings: Vec<Entry>,
    /// What was placed, in order.
    made: Vec<Arc<Placing>>,
    calls: HashMap<String, Arc<Call>>,
    /// Number of the next call in the run.
    next_call: u64,
    /// Ids of the calls whose result the API has told.
    given: HashSet<String>,
    /// Access tokens, and when each is too old.
    tokens: BTreeMap<String, Timestamp>,
}

struct Entry {
    due: Vec<Due>,
    /// trunkline knows the answer to the create request.
    told: bool,
    /// Names of the callbacks trunkline said yes to.
    heard: BTreeSet<String>,
}

#[derive(Default)]
struct State {
    /// When the run began: outages are counted from there.
    began: Option<Instant>,
    /// An outage somebody switched on by hand.
    away: Option<Away>,
}

/// What somebody wants to place who is not the simulator's own dialer. What is left out comes from the plan.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The id, for vendors that let the dialer choose it.
    pub id: Option<String>,
    /// The number.
    pub number: Option<String>,
    /// The dialer's own reference.
    pub reference: Option<String>,
}

/// What an access token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The vendor gave it out.
    Valid,
    /// It did, too long ago.
    Expired,
    /// It never did.
    Unknown,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    /// A vendor before the run.
    pub fn new(vendor: &'static dyn Vendor, plan: VendorPlan, seed: u64) -> Self {
        let (placed, to_be_sent) = unbounded_channel();
        Self {
            vendor,
            plan,
            seed,
            source: format!("{}-simulated", vendor.name()),
            books: Mutex::default(),
            requests: Mutex::default(),
            callbacks: Mutex::default(),
            told: Mutex::default(),
            state: Mutex::default(),
            placed,
            to_be_sent: tokio::sync::Mutex::new(to_be_sent),
            under_way: AtomicUsize::new(0),
        }
    }

    /// Places the run's next `count` calls, now.
    pub fn place(&self, count: usize) -> Arc<Placing> {
        self.enter(None, vec![Wanted::default(); count], true)
    }

    /// Places calls for somebody else, now: for the vendor's create API. Whether trunkline is told of them is up to
    /// whoever placed them, so the ledger expects no more of trunkline than what it learns from their callbacks.
    pub fn place_wanted(&self, task: Option<String>, wanted: Vec<Wanted>) -> Arc<Placing> {
        self.enter(task, wanted, false)
    }

    fn enter(&self, task: Option<String>, wanted: Vec<Wanted>, ours: bool) -> Arc<Placing> {
        let now = clock::now();
        let mut books = lock(&self.books);
        let index = books.placings.len() as u64;
        let first = books.next_call;
        books.next_call += wanted.len() as u64;
        let calls = (first..).zip(wanted).map(|(number, wanted)| self.call(number, wanted, now)).collect();
        let task = task
            .unwrap_or_else(|| format!("task-{}", Draw::new(self.seed, &[self.vendor.name(), "task"], index).hex(12)));
        let told = ours && self.plan.told(self.seed, index);
        let placing = Arc::new(Placing { index, task, told, calls });
        for call in placing.placed() {
            books.calls.insert(call.id.clone(), Arc::new(call.clone()));
        }
        let due = self.vendor.due(&placing);
        books.made.push(placing.clone());
        books.placings.push(Entry { due, told: false, heard: BTreeSet::new() });
        drop(books);
        self.begin();
        self.placed.send(placing.clone()).expect("the receiver lives as long as the site");
        placing
    }

    fn call(&self, number: u64, wanted: Wanted, placed: Timestamp) -> Call {
        let sketch = self.plan.sketch(self.seed, number, self.vendor.outcomes());
        let mut names = Draw::new(self.seed, &[self.vendor.name(), "names"], number);
        let (id, reference) = (self.vendor.id(&mut names), format!("ref-{}", names.hex(16)));
        let (ringing, answered, ended) = times(&sketch, placed);
        Call {
            id: wanted.id.unwrap_or(id),
            number: wanted.number.unwrap_or(sketch.number),
            reference: wanted.reference.unwrap_or(reference),
            refused: sketch.refused && self.vendor.refuses(),
            placed,
            ringing,
            answered,
            ended,
            outcome: sketch.outcome,
            variant: sketch.variant,
        }
    }

    // For the vendors' APIs:

    /// The call of this id, over or not.
    pub fn call_of(&self, id: &str) -> Option<Arc<Call>> {
        lock(&self.books).calls.get(id).cloned()
    }

    /// All calls for which `wanted` says yes, by the time they were placed.
    pub fn calls(&self, wanted: impl Fn(&Call) -> bool) -> Vec<Arc<Call>> {
        let mut calls: Vec<_> = lock(&self.books).calls.values().filter(|call| wanted(call)).cloned().collect();
        calls.sort_by(|one, other| (one.placed, &one.id).cmp(&(other.placed, &other.id)));
        calls
    }

    /// All placings for which `wanted` says yes, in their order: for vendors that tell of tasks.
    pub fn placings(&self, wanted: impl Fn(&Placing) -> bool) -> Vec<Arc<Placing>> {
        lock(&self.books).made.iter().filter(|placing| wanted(placing)).cloned().collect()
    }

    /// Notes that the API tells the result of a call. Every vendor says so, or the run waits for it in vain.
    pub fn gave(&self, call: &Call) {
        self.gave_id(&call.id);
    }

    /// The same by the id that stands in [`super::vendors::Way::Asked`] or [`super::vendors::Way::Listed`].
    pub fn gave_id(&self, id: &str) {
        lock(&self.books).given.insert(id.to_owned());
    }

    /// A new access token that lives for the `documented` seconds, or for as long as the plan says; and for how long.
    pub fn issue_token(&self, documented: u32, now: Timestamp) -> (String, u32) {
        let seconds = self.plan.token_seconds.unwrap_or(documented);
        let mut books = lock(&self.books);
        let token = Draw::new(self.seed, &[self.vendor.name(), "token"], books.tokens.len() as u64).hex(48);
        books.tokens.insert(token.clone(), now + Duration::from_secs(seconds.into()));
        (token, seconds)
    }

    /// What an access token is worth.
    pub fn token(&self, token: &str, now: Timestamp) -> Token {
        match lock(&self.books).tokens.get(token) {
            Some(until) if now < *until => Token::Valid,
            Some(_) => Token::Expired,
            None => Token::Unknown,
        }
    }

    // For the parts of the simulator:

    pub(super) fn requests(&self) -> MutexGuard<'_, Requests> {
        lock(&self.requests)
    }

    pub(super) fn callbacks(&self) -> MutexGuard<'_, Callbacks> {
        lock(&self.callbacks)
    }

    pub(super) fn told(&self) -> MutexGuard<'_, Told> {
        lock(&self.told)
    }

    /// What was placed and has its callbacks still to be sent.
    pub(super) fn to_be_sent(&self) -> &tokio::sync::Mutex<UnboundedReceiver<Arc<Placing>>> {
        &self.to_be_sent
    }

    /// trunkline said yes to what the dialer told it.
    pub(super) fn was_told(&self, placing: &Placing) {
        lock(&self.books).placings[placing.index as usize].told = true;
    }

    /// trunkline said yes to a callback.
    pub(super) fn was_heard(&self, placing: &Placing, callback: &str) {
        lock(&self.books).placings[placing.index as usize].heard.insert(callback.to_owned());
    }

    pub(super) fn begin_run(&self) {
        lock(&self.state).began.get_or_insert_with(Instant::now);
    }

    /// Switches an outage on or off by hand.
    pub(super) fn set_away(&self, away: Option<Away>) {
        lock(&self.state).away = away;
    }

    /// What callers see, if the API is away now.
    pub(super) fn away(&self) -> Option<Away> {
        let (by_hand, began) = {
            let state = lock(&self.state);
            (state.away, state.began)
        };
        by_hand.or_else(|| self.plan.away(began?.elapsed()))
    }

    pub(super) fn begin(&self) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// How many calls were placed.
    pub(super) fn placed(&self) -> u64 {
        lock(&self.books).next_call
    }

    /// How many events trunkline will have to make of what it has not asked for yet.
    pub(super) fn to_be_asked(&self) -> usize {
        let books = lock(&self.books);
        let open = |entry: &Entry, due: &Due| must(entry, due) && !known(entry, due, &books.given);
        books.placings.iter().map(|entry| entry.due.iter().filter(|due| open(entry, due)).count()).sum()
    }

    /// The vendor's part of the ledger, and the events that are due.
    pub(super) fn ledger(&self) -> (VendorLedger, Vec<DueEntry>) {
        let (books, requests) = (lock(&self.books), lock(&self.requests));
        let refused = books.next_call - books.calls.len() as u64;
        let ledger = VendorLedger {
            source: self.source.clone(),
            placed: books.calls.len() as u64,
            refused,
            results_given: books.given.len() as u64,
            told: self.told().clone(),
            callbacks: self.callbacks().clone(),
            actions: requests.counts(),
            violations: requests.violations(),
        };
        let of = |entry: &Entry| {
            let list = entry.due.iter().map(|due| self.due_entry(due, must(entry, due)));
            list.collect::<Vec<_>>()
        };
        (ledger, books.placings.iter().flat_map(of).collect())
    }

    fn due_entry(&self, due: &Due, must: bool) -> DueEntry {
        DueEntry {
            source: self.source.clone(),
            vendor: self.vendor.name().to_owned(),
            event_type: due.event_type.to_owned(),
            subject: due.subject.clone(),
            outcome: due.outcome,
            also: due.also.clone(),
            must,
        }
    }
}

/// Whether one of the ways to a fact was open, so that trunkline has no excuse.
fn must(entry: &Entry, due: &Due) -> bool {
    due.ways.iter().any(|way| match way {
        Way::Callback(name) | Way::Hint(name, _) => entry.heard.contains(&**name),
        Way::Asked(_) | Way::Created => entry.told,
        Way::Listed(_) => true,
    })
}

/// Whether trunkline was told the fact itself.
fn known(entry: &Entry, due: &Due, given: &HashSet<String>) -> bool {
    due.ways.iter().any(|way| match way {
        Way::Callback(name) => entry.heard.contains(&**name),
        Way::Hint(_, id) | Way::Asked(id) | Way::Listed(id) => given.contains(id),
        Way::Created => entry.told,
    })
}

/// When a call rang, was picked up and was over.
fn times(sketch: &Sketch, placed: Timestamp) -> (Option<Timestamp>, Option<Timestamp>, Timestamp) {
    let ringing = placed + sketch.to_ring;
    let rung = ringing + sketch.ring;
    match sketch.outcome {
        Outcome::Answered => (Some(ringing), Some(rung), rung + sketch.talk),
        Outcome::NoAnswer | Outcome::Rejected | Outcome::Cancelled => (Some(ringing), None, rung),
        _ => (None, None, ringing),
    }
}

#[cfg(test)]
mod tests;
