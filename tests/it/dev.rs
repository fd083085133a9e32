//! `trunkline dev`, as the README says to use it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use trunkline::vendor::REGISTRY;

use super::deployment::{PATIENCE, Replica, eventually, get};

fn dev(arguments: &[&str]) -> (Replica, mpsc::Receiver<String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.arg("dev").args(arguments).stdout(Stdio::piped());
    let mut replica = Replica::spawn(command);
    let stdout = BufReader::new(replica.stdout());
    let (sent, lines) = mpsc::channel();
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sent.send(line)));
    (replica, lines)
}

#[test]
fn the_printed_curl_lines_work_and_events_are_shown_once() {
    let (mut replica, lines) = dev(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    eventually("the welcome text", || replica.log().contains("Ctrl-C stops"));
    let welcome = replica.log();
    assert!(welcome.contains("in memory"), "said plainly: {welcome}");
    let curls: Vec<&str> = welcome.lines().filter(|line| line.starts_with("curl ")).collect();
    assert!(!curls.is_empty());
    for _ in 0..2 {
        for curl in &curls {
            let line = format!("{curl} -o /dev/null -w '%{{http_code}}'");
            let answer = Command::new("bash").args(["-c", &line]).output().expect("bash and curl");
            assert_eq!(String::from_utf8_lossy(&answer.stdout), "200", "{curl}");
        }
    }
    // Every vendor's demo source publishes something, and no fact twice.
    let mut silent: BTreeSet<&str> = REGISTRY.iter().map(|vendor| vendor.name()).collect();
    let mut shown = BTreeSet::new();
    while !silent.is_empty() {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing from {silent:?}"));
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON when piped");
        silent.remove(event["vendor"].as_str().expect("a vendor"));
        assert!(shown.insert((event["key"].to_string(), event["revision"].to_string())), "twice: {line}");
    }
    while let Ok(line) = lines.recv_timeout(Duration::from_secs(2)) {
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON when piped");
        assert!(shown.insert((event["key"].to_string(), event["revision"].to_string())), "twice: {line}");
    }
    let admin = welcome.split("admin").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address");
    assert_eq!(get(&format!("{admin}/readyz")).0, 200);
    assert!(replica.stop().success(), "{}", replica.log());
}

#[test]
fn simulated_vendors_place_calls_and_lost_results_are_asked_for() {
    let (mut replica, lines) = dev(&["--simulate", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let (mut channels, mut shown) = (BTreeSet::new(), BTreeSet::new());
    while channels.len() < 2 {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("only {channels:?}: {}", replica.log()));
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON when piped");
        if event["type"] == "call.ended" && event["outcome"] != "unknown" {
            channels.insert(event["channel"].to_string());
        }
        assert!(shown.insert((event["key"].to_string(), event["revision"].to_string())), "twice: {line}");
    }
    assert!(replica.stop().success(), "{}", replica.log());
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("bound").to_string();
    let (mut replica, _) = dev(&["--listen", &address, "--admin", "127.0.0.1:0"]);
    assert_eq!(replica.wait().code(), Some(1));
    let log = replica.log();
    assert!(log.contains(&address) && log.contains("--listen"), "{log}");
}
