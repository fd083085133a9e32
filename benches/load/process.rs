//! Processes: where they run, and what they use.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A second of `/proc` has so many ticks, whatever the kernel's own clock does.
pub const TICKS: u64 = 100;

/// Keeps a process on one core; without `taskset` the system decides.
pub fn pin(core: &str, process: u32) {
    let done = Command::new("taskset").args(["-a", "-c", "-p", core, &process.to_string()]).output();
    if !done.is_ok_and(|done| done.status.success()) {
        println!("process {process} is not pinned: taskset of util-linux is missing");
    }
}

/// A command that runs `program` on one core from its very start, so that it sees no other; without `taskset` on any.
pub fn on_core(core: &str, program: &Path) -> Command {
    if Command::new("taskset").arg("--version").output().is_err() {
        println!("{} is not pinned: taskset of util-linux is missing", program.display());
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    command
}

/// The CPU time a process used so far, of all its threads.
pub fn cpu(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux");
    // The name in parentheses may hold anything. After it: state is the 3rd field, utime and stime are the 14th and 15th.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 1000 / TICKS)
}

/// The most memory that was resident at a time.
pub fn peak_megabytes(process: u32) -> f64 {
    kibibytes(process, "VmHWM:") * 1024.0 / 1e6
}

/// The memory that is resident now.
pub fn resident_mebibytes(process: u32) -> f64 {
    kibibytes(process, "VmRSS:") / 1024.0
}

fn kibibytes(process: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("Linux");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
