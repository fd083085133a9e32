//! Tests of the Kafka harness itself.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use super::kafka::Cluster;

fn connects(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 15 s: {what}");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn shared_is_one_cluster() {
    let bootstrap = Cluster::shared().bootstrap();
    assert_eq!(bootstrap, Cluster::shared().bootstrap());
    assert!(connects(bootstrap));
}

#[test]
fn a_killed_node_is_gone_and_comes_back() {
    let mut cluster = Cluster::start(1);
    let address = cluster.bootstrap().to_owned();
    for _ in 0..2 {
        cluster.kill(0);
        assert!(!connects(&address), "nobody listens any more");
        cluster.restart(0);
        assert!(connects(&address));
    }
    cluster.pause(0);
    drop(cluster);
    assert!(!connects(&address), "a paused node ends too");
}

/// What the next test runs in a process of its own, to kill it.
fn victim() {
    let cluster = Cluster::start(3);
    cluster.pause(1);
    println!("\nup {}", cluster.bootstrap());
    sleep(Duration::from_secs(60));
}

#[test]
fn nothing_outlives_a_killed_test_process() {
    if env::var_os("TRUNKLINE_TEST_VICTIM").is_some() {
        return victim();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut victim = Command::new(env::current_exe().expect("own path"))
        .args(["--exact", "harness::nothing_outlives_a_killed_test_process", "--nocapture"])
        .env("TRUNKLINE_TEST_VICTIM", "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("start the victim");
    let mut lines = BufReader::new(victim.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let up = lines.find_map(|line| line.strip_prefix("up ").map(str::to_owned));
    let up = up.expect("the victim starts");
    // The paused node's kernel still accepts.
    assert!(up.split(',').all(connects));
    assert!(fs::read_dir(folder.path()).expect("list").count() > 0);
    victim.kill().expect("kill -9");
    victim.wait().expect("wait");
    eventually("every node ends", || !up.split(',').any(connects));
    eventually("the files go", || fs::read_dir(folder.path()).expect("list").count() == 0);
    let path = folder.path().to_str().expect("UTF-8");
    let left = || Command::new("pgrep").args(["-f", path]).output().expect("pgrep").stdout;
    eventually("no process is left", || left().is_empty());
}
