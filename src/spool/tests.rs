use std::os::unix::fs::PermissionsExt;

use super::batch::{Decoded, Spooled};
use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Opens a folder; one that was just given up is let go when its writer has noticed.
fn open(dir: &Path, max_bytes: u64) -> Arc<Spool> {
    for _ in 0..6000 {
        match Spool::open_folder(dir, max_bytes, HOUR, 1000, Arc::new(Metrics::new())) {
            Ok(spool) => return spool,
            Err(why) if why.contains("in use") => std::thread::sleep(Duration::from_millis(10)),
            Err(why) => panic!("{why}"),
        }
    }
    panic!("never let go");
}

async fn put(spool: &Spool, key: &str, value: &[u8]) -> Result<(), PublishError> {
    let headers = [("ce_id", format!("id of {key}"))];
    let record =
        Record { topic: "t.inbox", partition: Some(2), key, value: Some(value), headers: &headers, timestamp: 7 };
    spool.put(&[record], Instant::now() + HOUR).await
}

/// Keys and values of what is held, oldest first.
fn held(spool: &Spool) -> Vec<(String, Vec<u8>)> {
    let entries: Vec<Entry> = spool.lock().files.iter().copied().collect();
    entries.iter().flat_map(|entry| read(&spool.folder.read(entry).expect("read"))).collect()
}

fn read(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    match batch::decode(bytes) {
        Decoded::Records(records) => records.iter().map(key_and_value).collect(),
        Decoded::Newer(version) => panic!("version {version}"),
    }
}

fn key_and_value(spooled: &Spooled) -> (String, Vec<u8>) {
    let headers = spooled.headers();
    let record = spooled.record(&headers);
    assert_eq!((record.topic, record.partition, record.timestamp), ("t.inbox", Some(2), 7));
    assert_eq!(record.headers, [("ce_id", format!("id of {}", record.key))]);
    (record.key.to_owned(), record.value.expect("a value").to_vec())
}

fn files(dir: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(dir).expect("listed").map(|entry| entry.expect("an entry").path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    found
}

#[tokio::test]
async fn what_was_put_is_there_after_a_restart_in_order_and_for_nobody_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = open(dir.path(), u64::MAX);
    for number in 0..12 {
        put(&spool, &format!("k{number}"), &[number; 20]).await.expect("taken");
    }
    assert!(*spool.holds().borrow());
    let before = held(&spool);
    assert_eq!(before.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>()[9..], ["k9", "k10", "k11"]);
    for file in files(dir.path(), "") {
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    drop(spool);
    let spool = open(dir.path(), u64::MAX);
    assert_eq!(held(&spool), before);
    assert_eq!(spool.depth().records, 12);
    assert!(*spool.holds().borrow(), "new deliveries go behind what is left");
    put(&spool, "k12", b"").await.expect("taken");
    assert_eq!(held(&spool).last(), Some(&("k12".to_owned(), Vec::new())));
}

#[tokio::test]
async fn deliveries_that_wait_together_share_a_file_in_their_order() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = open(dir.path(), u64::MAX);
    let keys: Vec<String> = (0..300).map(|number| format!("k{number}")).collect();
    let all = keys.iter().map(|key| put(&spool, key, b"v"));
    assert!(futures_util::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(held(&spool).into_iter().map(|(key, _)| key).collect::<Vec<_>>(), keys);
    assert!(files(dir.path(), ".records").len() < 100, "far fewer waits for the disk than deliveries");
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_when_something_is_gone() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = open(dir.path(), 3 * 4096);
    for number in 0..3 {
        put(&spool, &format!("k{number}"), b"v").await.expect("taken");
    }
    assert_eq!(put(&spool, "k3", b"v").await, Err(PublishError::SpoolFull));
    let depth = spool.depth();
    assert_eq!((depth.records, depth.bytes), (3, 3 * 4096));
    assert!(depth.refuses.is_some_and(|why| why.contains("spool.max_bytes")));
    assert_eq!(spool.metrics.spool_refused.with_label_values(&["full"]).get(), 1);
    let on_disk: u64 = files(dir.path(), ".records").iter().map(|file| file.metadata().expect("there").len()).sum();
    assert!(on_disk <= 3 * 4096);
    spool.forget(1);
    assert_eq!(spool.depth().refuses, None);
    put(&spool, "k3", b"v").await.expect("taken again");
    spool.forget(3);
    assert!(!*spool.holds().borrow(), "back to Kafka directly");
    assert_eq!(spool.depth().to_string(), "empty");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_told_and_recovers() {
    let dir = tempfile::tempdir().expect("a folder");
    let (there, away) = (dir.path().join("spool"), dir.path().join("away"));
    std::fs::create_dir(&there).expect("made");
    let spool = open(&there, u64::MAX);
    std::fs::rename(&there, &away).expect("moved");
    assert_eq!(put(&spool, "lost", b"v").await, Err(PublishError::SpoolFailed));
    assert!(spool.depth().refuses.is_some_and(|why| why.starts_with("cannot be written")));
    assert_eq!(spool.metrics.spool_errors.with_label_values(&["write"]).get(), 1);
    assert!(!*spool.holds().borrow(), "nothing is held");
    std::fs::rename(&away, &there).expect("moved back");
    put(&spool, "kept", b"v").await.expect("taken");
    assert_eq!(spool.depth().refuses, None);
    assert_eq!(held(&spool), [("kept".to_owned(), b"v".to_vec())], "what was refused is not there");
}

#[tokio::test]
async fn a_folder_serves_one_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let spool = open(dir.path(), u64::MAX);
    let again = Spool::open_folder(dir.path(), u64::MAX, HOUR, 1, Arc::new(Metrics::new())).err();
    assert!(again.expect("refused").contains("in use by another process"));
    drop(spool);
    drop(open(dir.path(), u64::MAX));
    let missing = Spool::open_folder(&dir.path().join("no"), 1, HOUR, 1, Arc::new(Metrics::new())).err();
    assert!(missing.expect("refused").contains("is not a folder"));
}

/// Three records as one file.
fn three() -> Vec<u8> {
    let mut bytes = batch::START.to_vec();
    for (key, value) in [("k0", &b"first"[..]), ("k1", b"second"), ("k2", b"third")] {
        let headers = [("ce_id", format!("id of {key}"))];
        let record =
            Record { topic: "t.inbox", partition: Some(2), key, value: Some(value), headers: &headers, timestamp: 7 };
        batch::encode(&record, &mut bytes);
    }
    bytes
}

#[test]
fn a_torn_file_gives_the_records_before_the_tear() {
    let whole = three();
    let all = read(&whole);
    let mut seen = Vec::new();
    for length in 0..whole.len() {
        let found = read(&whole[..length]);
        assert_eq!(found, all[..found.len()], "{length}");
        seen.push(found.len());
    }
    assert!(seen.is_sorted() && seen.last() == Some(&2), "{seen:?}");
}

#[test]
fn no_changed_bit_is_taken_for_a_record() {
    let whole = three();
    let all = read(&whole);
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Decoded::Records(records) = batch::decode(&changed) {
            let found: Vec<_> = records.iter().map(key_and_value).collect();
            assert!(found.len() < 3, "bit {bit}");
            assert!(found.iter().all(|record| all.contains(record)), "bit {bit}");
        }
    }
}

#[test]
fn a_deletion_is_no_empty_value() {
    let mut bytes = batch::START.to_vec();
    let record = Record { topic: "t", partition: None, key: "k", value: None, headers: &[], timestamp: 0 };
    batch::encode(&record, &mut bytes);
    let Decoded::Records(records) = batch::decode(&bytes) else { panic!("this version") };
    assert_eq!(records[0].record(&[]).value, None);
}

/// What loading the oldest files gives, and forgets.
fn load(spool: &Spool) -> usize {
    let oldest = spool.oldest();
    let group = spool.load(&oldest);
    spool.finish(&group.files);
    group.records.len()
}

#[tokio::test]
async fn a_damaged_file_is_counted_and_kept_and_gives_what_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let name = dir.path().join("0000000000000004-3-1000.records");
    let mut bytes = three();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&name, &bytes).expect("written");
    std::fs::write(dir.path().join("0000000000000005-9-1000.unfinished"), b"nobody was told").expect("written");
    let spool = open(dir.path(), u64::MAX);
    put(&spool, "behind", b"v").await.expect("taken");
    assert_eq!(load(&spool), 3, "two of the damaged file, and the one behind it");
    assert_eq!(spool.metrics.spool_set_aside.with_label_values(&["damaged"]).get(), 1);
    let aside = files(dir.path(), ".damaged");
    assert_eq!(aside.len(), 1);
    assert_eq!(std::fs::read(&aside[0]).expect("kept"), bytes);
    assert_eq!(files(dir.path(), ".unfinished").len(), 0);
    assert_eq!(files(dir.path(), ".records").len(), 0);
    assert!(!*spool.holds().borrow());
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let name = dir.path().join("0000000000000000-3-1000.records");
    let mut bytes = three();
    bytes[4] += 1;
    std::fs::write(&name, &bytes).expect("written");
    let spool = open(dir.path(), u64::MAX);
    put(&spool, "behind", b"v").await.expect("taken");
    assert_eq!(load(&spool), 1, "what is behind it goes its way");
    assert_eq!(spool.metrics.spool_set_aside.with_label_values(&["newer"]).get(), 3);
    assert_eq!(std::fs::read(&name).expect("untouched"), bytes);
}
