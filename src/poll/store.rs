//! The pending calls of one source, and which is due next.

use std::collections::{BTreeSet, HashMap};

use super::ages::{AGES, Ages};
use super::schedule::Schedule;
use crate::event::{Instant, digest128};
use crate::vendor::poll::Placed;

/// The pending calls of one source. Holds each in a compact form, because a million of them is the design point.
pub struct Store {
    schedule: Schedule,
    calls: HashMap<u128, Pending>,
    /// Calls that wait, by due time.
    due: BTreeSet<(i64, u128)>,
    /// Calls being asked about, by the time they were due.
    asking: BTreeSet<(i64, u128)>,
    ages: Ages,
    /// Hints of calls that were cleared under their other key: still to be deleted.
    orphans: Vec<String>,
    /// Whether everything the topic held at the start has been read. Before, nothing is due.
    loaded: bool,
}

struct Pending {
    packed: Packed,
    /// Unix milliseconds.
    due: i64,
    /// Unix seconds.
    placed_at: u32,
    /// Failures in a row that concern this call, perhaps as one of a batch.
    failures: u8,
    /// There is a record under the key of placed calls.
    placed: bool,
    /// There is a record under the key of hints.
    hinted: bool,
    /// The vendor will never answer for it: only its deadline is waited for.
    hopeless: bool,
}

/// A call that is due, taken to be asked about. Must be given back by [`Store::settle`] or [`Store::give_back`].
#[derive(Clone, Debug)]
pub struct Due {
    /// Identifies it in the store.
    pub id: u128,
    /// What is known about it.
    pub placed: Placed,
    /// When it was due, Unix milliseconds.
    pub due: i64,
    /// Whether its deadline has come: if this question brings no result, none will.
    pub last: bool,
    /// The vendor will never answer for it: it is not asked about.
    pub hopeless: bool,
    /// A question about it failed before.
    pub suspect: bool,
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// Answered, without a result.
    Open,
    /// Not answered, and that has nothing to do with the call.
    Untold,
    /// Not answered, and the call may be why: it is asked about by itself, after a pause in milliseconds.
    Suspect(i64),
    /// The vendor will never answer for it.
    Hopeless,
}

impl Store {
    /// An empty store.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            calls: HashMap::new(),
            due: BTreeSet::new(),
            asking: BTreeSet::new(),
            ages: Ages::default(),
            orphans: Vec::new(),
            loaded: false,
        }
    }

    /// How the store names the call `name` (`{vendor}/{account}/{call}`): 128 bits of SHA-256.
    pub fn id(name: &str) -> u128 {
        digest128(name.as_bytes())
    }

    /// Takes a record of the call `name`. A call known already keeps its place in the schedule; what a dialer says
    /// replaces what was known, a hint makes it due at once.
    pub fn put(&mut self, name: &str, placed: &Placed, now: i64) {
        let id = Self::id(name);
        let deadline = deadline(&self.schedule, placed);
        if let Some(known) = self.calls.get_mut(&id) {
            if placed.hinted {
                known.hinted = true;
                let at = known.due;
                if now < at && self.due.remove(&(at, id)) {
                    known.due = now;
                    self.due.insert((now, id));
                }
            } else {
                known.placed = true;
                known.packed = Packed::new(placed);
                self.ages.remove(known.placed_at);
                known.placed_at = self.ages.add(placed.placed_at);
            }
            return;
        }
        let due = match placed.hinted {
            true => now,
            false => self.schedule.next(placed.placed_at.as_millis(), deadline, i64::MIN / 2, id),
        };
        self.calls.insert(
            id,
            Pending {
                packed: Packed::new(placed),
                due,
                placed_at: self.ages.add(placed.placed_at),
                failures: 0,
                placed: !placed.hinted,
                hinted: placed.hinted,
                hopeless: false,
            },
        );
        if self.loaded {
            self.due.insert((due, id));
        }
    }

    /// Forgets the call `name`, of which somebody deleted the record. Returns whether it was pending.
    pub fn delete(&mut self, name: &str, hint: bool) -> bool {
        let id = Self::id(name);
        let Some(known) = self.calls.get_mut(&id) else { return false };
        if hint {
            known.hinted = false;
            if known.placed {
                return false;
            }
        } else if known.hinted {
            self.orphans.push(crate::pending::hint_key(name));
        }
        self.forget(id);
        true
    }

    /// From now on calls are due. Those that were asked about until `asked` go on from there.
    pub fn loaded(&mut self, asked: Option<Instant>) {
        self.loaded = true;
        let asked = asked.map_or(i64::MIN / 2, Instant::as_millis);
        self.due.clear();
        for (id, call) in &mut self.calls {
            if call.placed {
                let placed = call.packed.unpack();
                let deadline = deadline(&self.schedule, &placed);
                call.due = self.schedule.next(placed.placed_at.as_millis(), deadline, asked, *id);
            }
            self.due.insert((call.due, *id));
        }
    }

    /// Forgets everything: the calls are somebody else's now.
    pub fn clear(&mut self) {
        *self = Self::new(self.schedule);
    }

    /// Takes up to `batch` calls that are due at `now`, oldest first. A call that may be why a batch failed comes alone,
    /// as does one that is hopeless.
    pub fn take(&mut self, now: i64, batch: usize) -> Vec<Due> {
        let mut taken = Vec::new();
        while taken.len() < batch {
            let Some(&(due, id)) = self.due.first().filter(|(due, _)| *due <= now) else { break };
            let Some(call) = self.calls.get_mut(&id) else {
                self.due.remove(&(due, id));
                continue;
            };
            let alone = call.failures > 0 || call.hopeless;
            if alone && !taken.is_empty() {
                break;
            }
            self.due.remove(&(due, id));
            self.asking.insert((due, id));
            let placed = call.packed.unpack();
            let last = now >= deadline(&self.schedule, &placed);
            taken.push(Due { id, placed, due, last, hopeless: call.hopeless, suspect: call.failures > 0 });
            if alone {
                break;
            }
        }
        taken
    }

    /// When the next call is due, Unix milliseconds.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Every question due before this time is answered, Unix milliseconds.
    pub fn asked_until(&self, now: i64) -> i64 {
        let under_way = self.asking.first().map(|(due, _)| *due);
        self.next_due().into_iter().chain(under_way).min().unwrap_or(now).min(now)
    }

    /// What is known about a pending call.
    pub fn get(&self, name: &str) -> Option<(u128, Placed)> {
        let id = Self::id(name);
        Some((id, self.calls.get(&id)?.packed.unpack()))
    }

    /// The end of a call is known. Returns under which keys it has records: as a placed call, as a hint.
    pub fn settle(&mut self, id: u128) -> Option<(bool, bool)> {
        let call = self.forget(id)?;
        Some((call.placed, call.hinted))
    }

    /// A call that was taken is still pending at `now`.
    pub fn give_back(&mut self, call: &Due, why: Unsettled, now: i64) {
        // Settled meanwhile, or the calls are somebody else's now.
        if !self.asking.remove(&(call.due, call.id)) {
            return;
        }
        let Some(known) = self.calls.get_mut(&call.id) else { return };
        let deadline = deadline(&self.schedule, &call.placed);
        known.due = match why {
            Unsettled::Open => {
                known.failures = 0;
                self.schedule.next(call.placed.placed_at.as_millis(), deadline, now, call.id).max(now + 1)
            }
            Unsettled::Untold => call.due,
            Unsettled::Suspect(pause) => {
                known.failures = known.failures.saturating_add(1);
                now + (pause << known.failures.min(8)).min(self.schedule.longest_pause())
            }
            Unsettled::Hopeless => {
                known.hopeless = true;
                deadline.max(now)
            }
        };
        self.due.insert((known.due, call.id));
    }

    /// Keys of records to delete.
    pub fn take_orphans(&mut self) -> Vec<String> {
        std::mem::take(&mut self.orphans)
    }

    /// How many calls are pending.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// How many of them were placed how long ago at `now` (Unix milliseconds), in the order of [`AGES`].
    pub fn ages(&self, now: i64) -> [usize; AGES.len()] {
        self.ages.at(now, self.len())
    }

    /// Whether none is pending.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    fn forget(&mut self, id: u128) -> Option<Pending> {
        let call = self.calls.remove(&id)?;
        self.due.remove(&(call.due, id));
        self.asking.remove(&(call.due, id));
        self.ages.remove(call.placed_at);
        Some(call)
    }
}

fn deadline(schedule: &Schedule, placed: &Placed) -> i64 {
    let placed_at = placed.placed_at.as_millis();
    placed.deadline.map_or_else(|| schedule.deadline(placed_at), Instant::as_millis)
}

/// A placed call as a JSON array: half the size of the object, and less than a struct of texts with their lengths.
struct Packed(Box<[u8]>);

impl Packed {
    fn new(placed: &Placed) -> Self {
        let Placed { call, destination, reference, conversation, task, placed_at, deadline, hinted } = placed;
        let times = (placed_at.as_millis(), deadline.map(Instant::as_millis));
        let members = (call, destination, reference, conversation, task, times, hinted);
        Self(serde_json::to_vec(&members).expect("texts and numbers").into_boxed_slice())
    }

    fn unpack(&self) -> Placed {
        type Text = Option<String>;
        type Members = (String, Text, Text, Text, Text, (i64, Option<i64>), bool);
        let members: Members = serde_json::from_slice(&self.0).expect("written by `new`");
        let (call, destination, reference, conversation, task, (placed_at, deadline), hinted) = members;
        let placed_at = Instant::from_millis(placed_at).expect("it was one");
        let deadline = deadline.and_then(Instant::from_millis);
        Placed { call, destination, reference, conversation, task, placed_at, deadline, hinted }
    }
}

#[cfg(test)]
mod tests;
