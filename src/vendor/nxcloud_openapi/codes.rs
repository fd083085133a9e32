//! Codes of the NXCloud Open API products and what they mean in the common schema.
//!
//! The tables of the call centre's `hangupCode` and `callStatus` and of the AI agent's `callResult` and `callStatus`
//! are not public: a source can configure them. Without them the outcome is `answered` or `unknown`.

use crate::event::{Direction, Outcome, TaskState};

/// Outcome of the number masking's `hangupCode`, which is an ITU-T Q.850 cause. 16 and 31 (normal clearing) are
/// missing on purpose: they end answered and unanswered calls alike.
pub const PNS_HANGUP_CODE: &[(&str, Outcome)] = &[
    ("1", Outcome::InvalidNumber),
    ("2", Outcome::Unreachable),
    ("3", Outcome::Unreachable),
    ("17", Outcome::Busy),
    ("18", Outcome::NoAnswer),
    ("19", Outcome::NoAnswer),
    ("20", Outcome::Unreachable),
    ("21", Outcome::Rejected),
    ("22", Outcome::InvalidNumber),
    ("27", Outcome::Unreachable),
    ("28", Outcome::InvalidNumber),
    ("34", Outcome::Failed),
    ("38", Outcome::Failed),
    ("41", Outcome::Failed),
    ("42", Outcome::Failed),
    ("44", Outcome::Failed),
    ("47", Outcome::Failed),
    ("57", Outcome::Failed),
    ("58", Outcome::Failed),
    ("63", Outcome::Failed),
    ("65", Outcome::Failed),
    ("69", Outcome::Failed),
    ("79", Outcome::Failed),
    ("88", Outcome::Failed),
    ("102", Outcome::Failed),
    ("111", Outcome::Failed),
    ("127", Outcome::Failed),
];

/// Outcome of the number masking's `hangupCause` where it differs from that of the vendor's robot: here the caller is
/// a person, who gave up before anybody answered.
pub const PNS_HANGUP_CAUSE: &[(&str, Outcome)] = &[("ORIGINATOR_CANCEL", Outcome::Cancelled)];

/// Direction of a call-centre record. 2 is a call of an AI task. The vendor's query API numbers its *filter* otherwise.
pub const CC_DIRECTION: &[(i64, Direction)] =
    &[(0, Direction::Inbound), (1, Direction::Outbound), (2, Direction::Outbound)];

/// State of an AI agent task's `taskStatus`. 6 is paused because the balance is used up.
/// <https://github.com/nxtele/http-api-document-en/wiki/AI-Agent-Task-List>
pub const TASK_STATUS: &[(i64, TaskState)] = &[
    (1, TaskState::Pending),
    (2, TaskState::Running),
    (3, TaskState::Completed),
    (4, TaskState::Failed),
    (5, TaskState::Paused),
    (6, TaskState::Paused),
];
