//! What is different between two events, member by member.

use serde_json::Value;

use crate::event::Event;

/// One member that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its path, as `call.to.e164`.
    pub path: String,
    /// What it was; null when it was absent.
    pub before: Value,
    /// What it is now; null when it is absent.
    pub after: Value,
}

/// Members that hold no personal data and no text of the vendor's: times, codes and ids that `trunkline tail` shows too.
/// Terminals are recorded and shared, so that all others are named without their content.
const SHOWN: &[&str] = &[
    "account",
    "call.attempt",
    "call.direction",
    "call.id",
    "call.answered_at",
    "call.ended_at",
    "call.ringing_at",
    "call.started_at",
    "call.ring_ms",
    "call.talk_ms",
    "call.total_ms",
    "cause.code",
    "cause.interface",
    "handled_by",
    "key",
    "occurred_at",
    "occurred_at_basis",
    "outcome",
    "source",
    "subject",
    "task.code",
    "task.state",
    "type",
];

/// The members that differ, in the order of their paths.
pub fn changes(before: &Event, after: &Event) -> Vec<Change> {
    let value = |event: &Event| serde_json::to_value(event).expect("an event has only string keys");
    let mut changes = Vec::new();
    compare("", &value(before), &value(after), &mut changes);
    if changes.is_empty() && before != after {
        // The same JSON, written differently.
        changes.push(Change { path: "raw".to_owned(), before: Value::Null, after: Value::Null });
    }
    changes
}

fn compare(path: &str, before: &Value, after: &Value, changes: &mut Vec<Change>) {
    if before == after {
        return;
    }
    // The vendor's object is one thing.
    if let (Value::Object(left), Value::Object(right)) = (before, after)
        && path != "raw"
    {
        let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for name in names {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let member = |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
            compare(&path, &member(left), &member(right), changes);
        }
        return;
    }
    // A part that is new or gone is shown by its members.
    match (before, after) {
        (Value::Null, Value::Object(_)) if path != "raw" => {
            compare(path, &Value::Object(Default::default()), after, changes)
        }
        (Value::Object(_), Value::Null) if path != "raw" => {
            compare(path, before, &Value::Object(Default::default()), changes)
        }
        _ => changes.push(Change { path: path.to_owned(), before: before.clone(), after: after.clone() }),
    }
}

impl Change {
    /// For people: with the content only where it may be shown.
    pub fn line(&self) -> String {
        if !SHOWN.contains(&self.path.as_str()) {
            let how = match (&self.before, &self.after) {
                (Value::Null, Value::Null) => "written differently",
                (Value::Null, _) => "added",
                (_, Value::Null) => "removed",
                _ => "changed",
            };
            return format!("{}: {how}", self.path);
        }
        let text = |value: &Value| match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{}: {} -> {}", self.path, text(&self.before), text(&self.after))
    }
}

#[cfg(test)]
mod tests;
