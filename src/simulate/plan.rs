//! What a run does. All of it follows from the plan and its seed: the same plan gives the same calls, the same results
//! and the same faults, only at other times.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::call::Outcome;
use super::draw::Draw;

/// A run of the simulator.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where all randomness comes from.
    pub seed: u64,
    /// The vendors that take part, each with its own load and faults.
    pub vendors: Vec<VendorPlan>,
}

/// Load and faults of one vendor.
#[derive(Clone, Debug)]
pub struct VendorPlan {
    /// The vendor's name.
    pub vendor: String,
    /// How many calls the dialer places.
    pub calls: u64,
    /// Calls placed in a second.
    pub rate: f64,
    /// Share of the create requests trunkline is not told of: those calls are known by their callbacks and the vendor's
    /// lists only.
    pub untold: f64,
    /// Share of the calls the vendor refuses to place, if it documents how.
    pub refuse: f64,
    /// How often each outcome comes. Those the vendor cannot tell are left out.
    pub mix: BTreeMap<Outcome, u32>,
    /// Milliseconds from placing a call to its ringing, and from its ringing to the pick-up.
    pub ring_ms: RangeInclusive<u64>,
    /// Milliseconds from the pick-up to the end.
    pub talk_ms: RangeInclusive<u64>,
    /// What goes wrong with callbacks.
    pub faults: Faults,
    /// When the vendor's API is away.
    pub outages: Vec<Outage>,
    /// How long the vendor's API takes to answer, milliseconds.
    pub latency_ms: RangeInclusive<u64>,
    /// Requests of one action the vendor's API answers in a second; more are throttled. `None` is the vendor's own limit.
    pub limit: Option<u32>,
    /// How long access tokens live, seconds. `None` is as long as the vendor documents.
    pub token_seconds: Option<u32>,
}

/// What goes wrong with callbacks. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// Share that is never sent.
    pub lose: f64,
    /// Share that is sent more than once.
    pub duplicate: f64,
    /// Most copies of those, beside the first.
    pub copies: u32,
    /// Share that is held back for so long that others overtake it.
    pub reorder: f64,
    /// How long those are held back at most.
    pub hold: Duration,
    /// Delay of every callback, milliseconds.
    pub delay_ms: RangeInclusive<u64>,
    /// Share that is signed wrongly, so that only asking the vendor gives the result.
    pub wrong_signatures: f64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            lose: 0.0,
            duplicate: 0.0,
            copies: 3,
            reorder: 0.0,
            hold: Duration::from_secs(2),
            delay_ms: 0..=0,
            wrong_signatures: 0.0,
        }
    }
}

/// A time in which the vendor's API is away, counted from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Its start.
    pub from: Duration,
    /// Its end.
    pub to: Duration,
    /// What callers see.
    pub form: Away,
}

/// What callers of an API see that is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// A gateway answers 503.
    Unavailable,
    /// Connections end without an answer.
    Dropped,
}

impl VendorPlan {
    /// A hundred calls, ten a second, a few seconds long, and nothing goes wrong.
    pub fn new(vendor: &str) -> Self {
        Self {
            vendor: vendor.to_owned(),
            calls: 100,
            rate: 10.0,
            untold: 0.0,
            refuse: 0.0,
            mix: Outcome::ALL.iter().map(|outcome| (*outcome, outcome.usual_weight())).collect(),
            ring_ms: 100..=500,
            talk_ms: 200..=2000,
            faults: Faults::default(),
            outages: Vec::new(),
            latency_ms: 0..=20,
            limit: None,
            token_seconds: None,
        }
    }

    /// When the call of this number in the run is placed, counted from the start of the run.
    pub fn placed_after(&self, index: u64) -> Duration {
        Duration::from_secs_f64((index as f64 / self.rate.max(0.001)).min(1e9))
    }

    /// What happens to the call of this number in the run, of those the vendor can tell of (`outcomes`).
    pub fn sketch(&self, seed: u64, index: u64, outcomes: &[Outcome]) -> Sketch {
        // Everything is drawn, needed or not: another share of one fault must not change everything else.
        let mut draw = Draw::new(seed, &[&self.vendor, "call"], index);
        // Mobile numbers Ofcom reserves for drama.
        let number = format!("+447700900{:03}", draw.between(&(0..=999)));
        let refused = draw.chance(self.refuse);
        let lot = draw.bits();
        let (to_ring, ring, talk) =
            (draw.between(&self.ring_ms), draw.between(&self.ring_ms), draw.between(&self.talk_ms));
        Sketch {
            number,
            refused,
            outcome: self.outcome(lot, outcomes),
            to_ring: Duration::from_millis(to_ring),
            ring: Duration::from_millis(ring),
            talk: Duration::from_millis(talk),
            variant: draw.bits(),
        }
    }

    fn outcome(&self, lot: u64, outcomes: &[Outcome]) -> Outcome {
        let weight = |outcome: &Outcome| u64::from(self.mix.get(outcome).copied().unwrap_or(0));
        let total: u64 = outcomes.iter().map(weight).sum();
        let mut left = lot.checked_rem(total).unwrap_or(0);
        for outcome in outcomes {
            match left.checked_sub(weight(outcome)) {
                None => return *outcome,
                Some(rest) => left = rest,
            }
        }
        Outcome::Answered
    }

    /// What callers of the API see, if an outage is planned for this time since the start.
    pub fn away(&self, since: Duration) -> Option<Away> {
        self.outages.iter().find(|outage| outage.from <= since && since < outage.to).map(|outage| outage.form)
    }

    /// Whether trunkline is told of the create request of this number.
    pub fn told(&self, seed: u64, placing: u64) -> bool {
        !Draw::new(seed, &[&self.vendor, "told"], placing).chance(self.untold)
    }

    /// What becomes of a callback, which is the one of this name that is due for what was placed with one request.
    pub fn fate(&self, seed: u64, placing: u64, callback: &str) -> Fate {
        let faults = &self.faults;
        let mut draw = Draw::new(seed, &[&self.vendor, "callback", callback], placing);
        let lost = draw.chance(faults.lose);
        let wrong = draw.chance(faults.wrong_signatures).then(|| draw.bits());
        let delay = Duration::from_millis(draw.between(&faults.delay_ms));
        let held = draw.chance(faults.reorder);
        let hold = faults.hold.mul_f64(0.5 + draw.between(&(0..=500)) as f64 / 1000.0);
        let again = draw.chance(faults.duplicate);
        let count = draw.between(&(1..=u64::from(faults.copies.max(1))));
        // At once, or after a while; with the same bytes, or signed anew: vendors do all of these.
        let copies = (0..count).map(|_| Copy {
            after: Duration::from_millis(draw.between(&(0..=1)) * draw.between(&(0..=1500))),
            anew: draw.chance(0.5),
        });
        Fate {
            lost,
            wrong,
            held,
            delay: if held { delay + hold } else { delay },
            copies: if again && faults.copies > 0 { copies.collect() } else { Vec::new() },
        }
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// The number that is dialled.
    pub number: String,
    /// Whether the vendor refuses to place it.
    pub refused: bool,
    /// How it ends.
    pub outcome: Outcome,
    /// From placing to ringing.
    pub to_ring: Duration,
    /// From ringing to the pick-up, or to the end of an unanswered call.
    pub ring: Duration,
    /// From the pick-up to the end.
    pub talk: Duration,
    /// Random bits for what else a vendor may choose.
    pub variant: u64,
}

/// What becomes of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// It is never sent.
    pub lost: bool,
    /// It is signed wrongly; the bits choose how.
    pub wrong: Option<u64>,
    /// It is held back, so that others overtake it.
    pub held: bool,
    /// How long after its time it is sent.
    pub delay: Duration,
    /// Copies beside the first.
    pub copies: Vec<Copy>,
}

/// One more copy of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// How long after the first one it is sent.
    pub after: Duration,
    /// Signed anew, instead of with the same bytes.
    pub anew: bool,
}

#[cfg(test)]
mod tests;
