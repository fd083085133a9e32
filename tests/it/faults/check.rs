//! Whether what was published is what vendors were told is safe: every fact once, in order, with its revisions, and nothing
//! else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use trunkline::dedup::decode;
use trunkline::event::{EventKey, Outcome};

use super::super::deployment::{Deployment, PATIENCE, Record};
use super::consumer::Seen;
use super::ledger::{FactId, Ledger, Sight};

/// What was found.
#[derive(Default)]
pub struct Verdict {
    pub violations: Vec<String>,
    /// Facts of which at least one sight was accepted.
    pub accepted: usize,
    pub published: usize,
    pub revisions: usize,
    pub rejected: usize,
    /// From a vendor's yes to the consumer's sight, of every accepted outcome.
    pub waits: Vec<Duration>,
}

/// Partitions of every run.
pub const PARTITIONS: i32 = 3;

/// Waits until the workers have decided every record of the inbox, or says what is left.
pub fn wait_until_decided(deployment: &Deployment) -> Result<(), String> {
    let group: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &deployment.bootstrap)
        .set("group.id", format!("{}-dedup", deployment.prefix))
        .create()
        .expect("a consumer");
    let inbox = deployment.topic("inbox");
    let left = || {
        let mut asked = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            asked.add_partition(&inbox, partition);
        }
        let committed = group.committed_offsets(asked, Duration::from_secs(5)).map_err(|error| error.to_string())?;
        let mut left = Vec::new();
        for element in committed.elements() {
            let next = if let Offset::Offset(next) = element.offset() { next } else { 0 };
            let end = group
                .fetch_watermarks(&inbox, element.partition(), Duration::from_secs(5))
                .map_err(|error| error.to_string())?
                .1;
            if next < end {
                left.push(format!("partition {} is decided up to {next} of {end}", element.partition()));
            }
        }
        if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
    };
    let started = Instant::now();
    loop {
        match left() {
            Ok(()) => return Ok(()),
            Err(why) if started.elapsed() > PATIENCE => return Err(format!("never decided: {why}")),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Compares the ledger with the topics, and those with what the follower saw.
pub fn check(deployment: &Deployment, ledger: &Ledger, poison: &BTreeSet<(i32, i64)>, followed: &Seen) -> Verdict {
    let mut verdict = Verdict { violations: ledger.wrong(), ..Verdict::default() };
    let events = deployment.read("events");
    let facts = ledger.facts();
    verdict.published = events.len();
    verdict.accepted = facts.values().filter(|sights| sights[0].accepted.is_some()).count();
    let places = facts_once(&mut verdict, &facts, &events);
    order(&mut verdict, &facts, &events);
    memory(&mut verdict, &events, &deployment.read("seen"));
    rejected(&mut verdict, ledger, poison, &deployment.read("rejected"));
    follower(&mut verdict, &facts, &events, &places, followed);
    verdict
}

fn id_of(event: &Record) -> (String, String) {
    let json = event.json();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (text("type"), text("subject"))
}

fn outcome_of(event: &Record) -> Option<String> {
    event.json()["outcome"].as_str().map(str::to_owned)
}

type Places<'a> = BTreeMap<(String, String), Vec<&'a Record>>;

/// Every fact as often as it was news, with the outcomes in the order in which they were said.
fn facts_once<'a>(verdict: &mut Verdict, facts: &BTreeMap<FactId, Vec<Sight>>, events: &'a [Record]) -> Places<'a> {
    let mut published: Places<'a> = BTreeMap::new();
    for event in events {
        published.entry(id_of(event)).or_default().push(event);
    }
    let mut ids = BTreeSet::new();
    for event in events {
        if !ids.insert(event.header("ce_id")) {
            verdict.violations.push(format!("an id twice: {}", event.summary()));
        }
    }
    for (id, of_fact) in &published {
        let said = facts.iter().find(|(fact, _)| fact.event_type == id.0 && fact.subject == id.1);
        if said.is_none() {
            verdict.violations.push(format!("published, never said: {}", of_fact[0].summary()));
        }
    }
    for (fact, sights) in facts {
        let found = published.get(&(fact.event_type.to_owned(), fact.subject.clone())).map_or(&[][..], |found| found);
        let accepted = sights.iter().filter(|sight| sight.accepted.is_some()).count();
        let said: Vec<_> = sights.iter().map(|sight| sight.outcome).collect();
        let outcomes: Vec<_> = found.iter().map(|event| outcome_of(event)).collect();
        let right = found.len() >= accepted
            && found.len() <= said.len()
            && said.iter().zip(&outcomes).all(|(said, found)| *said == found.as_deref())
            && found.iter().enumerate().all(|(index, event)| event.json()["revision"] == index)
            && found.iter().all(|event| event.partition == found[0].partition);
        if !right {
            let found: Vec<_> = found
                .iter()
                .map(|event| format!("{} at {}/{}", event.summary(), event.partition, event.offset))
                .collect();
            let what = if found.len() < accepted { "lost" } else { "not as said" };
            verdict.violations.push(format!(
                "{what}: {} {}: said {said:?}, of which {accepted} accepted; published {found:?}",
                fact.event_type, fact.subject
            ));
        }
        verdict.revisions += found.len().saturating_sub(1);
    }
    published
}

/// In the order of the inbox, and for each call in the order of the deliveries and within them.
fn order(verdict: &mut Verdict, facts: &BTreeMap<FactId, Vec<Sight>>, events: &[Record]) {
    let mut last_offset: BTreeMap<i32, i64> = BTreeMap::new();
    let mut last_said: BTreeMap<String, (u64, bool, String)> = BTreeMap::new();
    for event in events {
        let from: i64 = event.header("trunkline_in_offset").parse().expect("a number");
        let before = last_offset.insert(event.partition, from).unwrap_or(-1);
        if from <= before {
            verdict.violations.push(format!(
                "out of order: {} at {}/{}: inbox offset {from} after {before}",
                event.summary(),
                event.partition,
                event.offset
            ));
        }
        let (event_type, subject) = id_of(event);
        let outcome = outcome_of(event);
        let said = facts.iter().find(|(fact, _)| fact.event_type == event_type && fact.subject == subject);
        let sight = said.and_then(|(_, said)| said.iter().find(|sight| sight.outcome == outcome.as_deref()));
        let Some(sight) = sight else { continue };
        // A recording follows the end of its call.
        let now = (sight.rank, event_type == "recording.available", event.summary());
        if let Some(before) = last_said.insert(subject, now.clone())
            && (before.0, before.1) > (now.0, now.1)
        {
            verdict.violations.push(format!("out of order: {} after {}", now.2, before.2));
        }
    }
}

/// The seen topic has each published event, in its partition, and no other.
fn memory(verdict: &mut Verdict, events: &[Record], seen: &[Record]) {
    let mut entries: BTreeMap<(i32, u128, u8, u8), i32> = BTreeMap::new();
    for record in seen {
        match decode(&record.value) {
            Ok(decoded) => decoded.for_each(|(key, value)| {
                *entries.entry((record.partition, key, value.revision, value.outcome)).or_default() += 1;
            }),
            Err(error) => verdict.violations.push(format!("seen {}/{}: {error}", record.partition, record.offset)),
        }
    }
    for event in events {
        let key: EventKey = event.header("trunkline_key").parse().expect("a key");
        let revision = event.json()["revision"].as_u64().unwrap_or_default() as u8;
        let outcome = outcome_of(event).and_then(|text| Outcome::parse(&text)).map_or(0, Outcome::code);
        *entries.entry((event.partition, key.0, revision, outcome)).or_default() -= 1;
    }
    for ((partition, key, revision, _), more) in entries.into_iter().filter(|(_, more)| *more != 0) {
        verdict.violations.push(format!(
            "the seen topic has {more} more than published of {key:032x} r{revision} in partition {partition}"
        ));
    }
}

/// What nobody can read is put aside once; what was not understood at least once.
fn rejected(verdict: &mut Verdict, ledger: &Ledger, poison: &BTreeSet<(i32, i64)>, rejected: &[Record]) {
    verdict.rejected = rejected.len();
    let mut origins: BTreeMap<(i32, i64), u32> = poison.iter().map(|place| (*place, 0)).collect();
    let mut kept = BTreeSet::new();
    for record in rejected {
        if record.header("trunkline_reason") != "poison" {
            kept.insert(String::from_utf8_lossy(&record.value).into_owned());
            continue;
        }
        let mut parts = record.header("trunkline_origin").rsplit('/');
        let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok()).expect("a number");
        let (offset, partition) = (number(), number() as i32);
        *origins.entry((partition, offset)).or_default() += 1;
    }
    for ((partition, offset), times) in origins.into_iter().filter(|(_, times)| *times != 1) {
        verdict.violations.push(format!("the unreadable record {partition}/{offset} was put aside {times} times"));
    }
    for body in ledger.misunderstood().difference(&kept) {
        verdict.violations.push(format!("accepted, not understood, not kept: {body}"));
    }
}

/// The follower saw each event, and none that is not there.
fn follower(
    verdict: &mut Verdict,
    facts: &BTreeMap<FactId, Vec<Sight>>,
    events: &[Record],
    places: &Places<'_>,
    followed: &Seen,
) {
    let there: BTreeMap<(i32, i64), &str> =
        events.iter().map(|event| ((event.partition, event.offset), event.header("ce_id"))).collect();
    for ((partition, offset), (id, _)) in followed {
        if there.get(&(*partition, *offset)) != Some(&&**id) {
            verdict.violations.push(format!("seen by a consumer at {partition}/{offset}, and gone: {id}"));
        }
    }
    for (partition, offset) in there.keys().filter(|place| !followed.contains_key(place)) {
        verdict.violations.push(format!("never shown to a consumer that followed: {partition}/{offset}"));
    }
    for (fact, sights) in facts {
        let Some(found) = places.get(&(fact.event_type.to_owned(), fact.subject.clone())) else { continue };
        for (sight, event) in sights.iter().zip(found) {
            let seen = followed.get(&(event.partition, event.offset));
            if let (Some(accepted), Some((_, seen))) = (sight.accepted, seen) {
                verdict.waits.push(seen.saturating_duration_since(accepted));
            }
        }
    }
    verdict.waits.sort();
}
