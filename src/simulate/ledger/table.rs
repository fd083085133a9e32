//! The ledger as a table, for people.

use std::fmt;

use super::Ledger;

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>7} {:>7} {:>7} {:>9} {:>8} {:>6} {:>7} {:>6} {:>8} {:>8} {:>10}",
            "vendor",
            "placed",
            "told",
            "sent",
            "accepted",
            "refused",
            "lost",
            "copies",
            "wrong",
            "requests",
            "most/s",
            "violations"
        )?;
        for (name, vendor) in &self.vendors {
            let callbacks = &vendor.callbacks;
            writeln!(
                f,
                "{name:<18} {:>7} {:>7} {:>7} {:>9} {:>8} {:>6} {:>7} {:>6} {:>8} {:>8} {:>10}",
                vendor.placed,
                vendor.told.accepted,
                callbacks.sent,
                callbacks.accepted,
                callbacks.refused,
                callbacks.lost,
                callbacks.duplicates,
                callbacks.wrong,
                vendor.actions.values().map(|counts| counts.requests).sum::<u64>(),
                vendor.actions.values().map(|counts| counts.highest_per_second).max().unwrap_or(0),
                vendor.violations.values().sum::<u64>(),
            )?;
        }
        let must = self.due.iter().filter(|due| due.must).count();
        writeln!(
            f,
            "seed {}; {must} events due on trunkline.events, and {} that may be there",
            self.seed,
            self.due.len() - must
        )?;
        self.complaints().iter().try_for_each(|complaint| writeln!(f, "{complaint}"))
    }
}

impl Ledger {
    /// What went wrong in the run, other than by plan; empty when all is well. What is on `trunkline.events` is not known
    /// here: [`Ledger::compare`] says that.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (name, vendor) in &self.vendors {
            let (callbacks, told) = (&vendor.callbacks, &vendor.told);
            for (what, count) in &vendor.violations {
                complaints.push(format!("{name}: not as documented, {count} times: {what}"));
            }
            if callbacks.wrong_accepted > 0 {
                complaints.push(format!("{name}: {} wrongly signed callbacks were accepted", callbacks.wrong_accepted));
            }
            if callbacks.sent > callbacks.wrong && callbacks.accepted == 0 {
                complaints.push(format!("{name}: not one callback was accepted: is the source configured there?"));
            }
            if told.refused > 0 {
                complaints.push(format!("{name}: {} create answers were refused", told.refused));
            }
        }
        if self.not_asked_for > 0 {
            complaints.push(format!("{} events can only come of results nobody asked for", self.not_asked_for));
        }
        if !self.complete {
            complaints.push("the run ended early".to_owned());
        }
        complaints
    }
}
