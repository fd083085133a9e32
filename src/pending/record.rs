//! Records of the pending topic: the calls to ask about, and how far each source has come. The topic is compacted, and
//! everything the poll role knows can be read back from it.
//!
//! | key | value | written by |
//! |---|---|---|
//! | `call/{vendor}/{account}/{call}` | a placed call; empty when its end is known | ingest, poll |
//! | `hint/{vendor}/{account}/{call}` | a call a vendor named without its result; empty when its end is known | ingest, poll |
//! | `progress/{source}` | how far a source has asked | poll |
//!
//! A hint has a key of its own, because whoever writes it does not know what the dialer said about the call. All records of
//! an account share a partition, so that one process alone spends the account's rate limit.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event::Instant;
use crate::vendor::Context;
use crate::vendor::poll::Placed;

/// Who placed a call: the value of a `call` or `hint` record.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    /// The source that asks about it.
    pub source: String,
    /// The call.
    #[serde(flatten)]
    pub placed: Placed,
}

/// How far a source has asked: the value of a `progress` record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// All windows up to this time are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<Instant>,
    /// Every question about a single call that was due before this time is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Instant>,
}

/// What a record is about, from its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// A placed call; the text is `{vendor}/{account}/{call}`.
    Call(&'a str),
    /// A hint; the text is `{vendor}/{account}/{call}`.
    Hint(&'a str),
    /// The progress of the named source.
    Progress(&'a str),
}

impl<'a> Key<'a> {
    /// Reads the key of a record; `None` for a key this version does not write.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        match kind {
            "call" => Some(Self::Call(rest)),
            "hint" => Some(Self::Hint(rest)),
            "progress" => Some(Self::Progress(rest)),
            _ => None,
        }
    }
}

/// What identifies a call among all: `{vendor}/{account}/{call}`.
pub fn call_name(vendor: &str, account: &str, call: &str) -> String {
    format!("{vendor}/{account}/{call}")
}

/// Key and value of the record of a placed call, or of a hint.
pub fn call_record(context: &Context, placed: Placed) -> (String, Vec<u8>) {
    let name = call_name(context.vendor, &context.account, &placed.call);
    let key = if placed.hinted { hint_key(&name) } else { call_key(&name) };
    let call = Call { source: context.source.clone(), placed };
    (key, serde_json::to_vec(&call).expect("a call has only string keys"))
}

/// Key of the record of the placed call `name`.
pub fn call_key(name: &str) -> String {
    format!("call/{name}")
}

/// Key of the record of the hinted call `name`.
pub fn hint_key(name: &str) -> String {
    format!("hint/{name}")
}

/// Key of the record of a source's progress.
pub fn progress_key(source: &str) -> String {
    format!("progress/{source}")
}

/// The partition of an account's records. Fixed for ever, as the number of partitions is.
pub fn partition(vendor: &str, account: &str, partitions: i32) -> i32 {
    let digest = Sha256::digest(format!("{vendor}/{account}"));
    let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    i32::try_from(number % u64::from(partitions.unsigned_abs().max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        assert_eq!(Key::parse(&call_key("v/a/c/d")), Some(Key::Call("v/a/c/d")));
        assert_eq!(Key::parse(&hint_key("v/a/c")), Some(Key::Hint("v/a/c")));
        assert_eq!(Key::parse(&progress_key("s")), Some(Key::Progress("s")));
        assert_eq!(Key::parse("other/x"), None);
        assert_eq!(Key::parse("call"), None);
    }

    #[test]
    fn an_account_keeps_its_partition() {
        assert_eq!(partition("sestek-knovvu", "tenant-a", 12), 0);
        assert_eq!(partition("tencent-ccc", "1400000000", 12), 9);
        let used: std::collections::BTreeSet<_> = (0..100).map(|n| partition("v", &n.to_string(), 12)).collect();
        assert_eq!(used, (0..12).collect());
    }

    /// The bytes of version 1, as deployments hold them: written the same today, and read.
    #[test]
    fn records_are_written_and_read_as_ever() {
        use rdkafka::message::Message;

        use crate::form::tests::{RECEIVED, assert_golden, golden, written};

        let toml = crate::source::demo_settings();
        let sources = crate::source::build(&crate::config::Config::from_toml(&toml).expect("settings"));
        let sources = sources.expect("sources");
        let source = &sources["sestek-knovvu-demo"];
        let received = Instant::from_millis(RECEIVED).expect("a time");
        let context = source.context(crate::event::Channel::Poll, received);
        let placed = |hinted: bool| Placed {
            call: "c-1".to_owned(),
            destination: Some("+12025550100".to_owned()).filter(|_| !hinted),
            reference: Some("r-1".to_owned()).filter(|_| !hinted),
            conversation: None,
            task: None,
            placed_at: received,
            deadline: None,
            hinted,
        };
        let progress = Progress { listed: Some(received), asked: None };
        let progress = serde_json::to_vec(&progress).expect("JSON");
        for (name, (key, value)) in [
            ("pending-call.record", call_record(&context, placed(false))),
            ("pending-hint.record", call_record(&context, placed(true))),
            ("pending-progress.record", (progress_key("sestek-knovvu-demo"), progress)),
        ] {
            assert_golden(name, &written(&key, &[], &value));
            let record = golden(name);
            let value = record.payload().expect("a value");
            assert_eq!(crate::form::of_json(value), None);
            match Key::parse(std::str::from_utf8(record.key().expect("a key")).expect("UTF-8")).expect("known") {
                Key::Progress(_) => assert!(serde_json::from_slice::<Progress>(value).is_ok()),
                Key::Call(_) | Key::Hint(_) => {
                    let call: Call = serde_json::from_slice(value).expect("read");
                    assert_eq!((call.source.as_str(), call.placed.call.as_str()), ("sestek-knovvu-demo", "c-1"));
                }
            }
        }
    }
}
