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
        for (name, vendor) in &self.vendors {
            for (what, count) in &vendor.violations {
                writeln!(f, "{name}: not as documented, {count} times: {what}")?;
            }
            if vendor.callbacks.wrong_accepted > 0 {
                writeln!(f, "{name}: {} wrongly signed callbacks were accepted", vendor.callbacks.wrong_accepted)?;
            }
        }
        let must = self.due.iter().filter(|due| due.must).count();
        writeln!(f, "seed {}; {must} events due on trunkline.events", self.seed)?;
        if self.not_asked_for > 0 {
            writeln!(f, "{} of them can only come of results nobody has asked for yet", self.not_asked_for)?;
        }
        if !self.complete {
            writeln!(f, "the run ended early")?;
        }
        Ok(())
    }
}
