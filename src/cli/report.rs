//! Findings, a line each.

use std::io::Write;
use std::process::ExitCode;

use crate::app::Failed;

/// What was found so far. Each finding is printed at once: asking Kafka takes a while.
#[derive(Default)]
pub(super) struct Report {
    good: usize,
    pub(super) warned: usize,
    pub(super) failed: usize,
}

impl Report {
    pub(super) fn ok(&mut self, what: &str, finding: &str) {
        self.good += 1;
        line("ok", what, finding, None);
    }

    pub(super) fn warn(&mut self, what: &str, finding: &str, fix: &str) {
        self.warned += 1;
        line("warn", what, finding, Some(fix));
    }

    pub(super) fn fail(&mut self, what: &str, finding: &str, fix: &str) {
        self.failed += 1;
        line("FAIL", what, finding, Some(fix));
    }

    pub(super) fn end(&self) -> Result<ExitCode, Failed> {
        let _ = writeln!(std::io::stdout(), "{} ok, {} warn, {} FAIL", self.good, self.warned, self.failed);
        Ok(if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn line(mark: &str, what: &str, finding: &str, fix: Option<&str>) {
    let fix = fix.map(|fix| format!(" — {fix}")).unwrap_or_default();
    // A reader that goes away does not change what is found.
    let _ = writeln!(std::io::stdout(), "{mark:<4}  {what}: {finding}{fix}");
}

/// `1 thing`, `2 things`.
pub(super) fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
