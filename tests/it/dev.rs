//! `trunkline dev`, as the README says to use it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;

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
    let mut shown = Vec::new();
    while shown.len() < 4 {
        let line = lines.recv_timeout(PATIENCE).expect("an event");
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON when piped");
        shown.push(event["type"].as_str().expect("a type").to_owned());
    }
    for wanted in ["call.ended", "recording.available", "order.finished", "task.changed"] {
        assert!(shown.iter().any(|shown| shown == wanted), "{wanted} is missing in {shown:?}");
    }
    let admin = welcome.split("admin").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("an address");
    assert_eq!(get(&format!("{admin}/readyz")).0, 200);
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
