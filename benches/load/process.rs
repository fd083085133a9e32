//! Processes: where they run, and what they use.

use std::process::Command;

/// Keeps a process on one core; without `taskset` the system decides.
pub fn pin(core: &str, process: u32) {
    let done = Command::new("taskset").args(["-a", "-c", "-p", core, &process.to_string()]).output();
    if !done.is_ok_and(|done| done.status.success()) {
        println!("process {process} is not pinned: taskset of util-linux is missing");
    }
}

/// The most memory that was resident at a time.
pub fn peak_megabytes(process: u32) -> f64 {
    kibibytes(process, "VmHWM:") * 1024.0 / 1e6
}

fn kibibytes(process: u32, what: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("Linux");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
