//! NXCloud Callbot's codes and what they mean in the common schema.
//!
//! The table of `callStatus` is not public: a source can configure it. Without it the outcome follows from the
//! answer time, then the SIP status, then the text of the hang-up cause. SIP statuses are read as RFC 3261 defines
//! them, the texts as ITU-T Q.850 names them.

use crate::event::{Outcome, TaskState};
use crate::vendor::poll::FailureClass;

/// Outcome of a terminating SIP status.
pub const SIP: &[(&str, Outcome)] = &[
    ("403", Outcome::Rejected),
    ("404", Outcome::InvalidNumber),
    ("408", Outcome::NoAnswer),
    ("410", Outcome::InvalidNumber),
    ("480", Outcome::Unreachable),
    ("484", Outcome::InvalidNumber),
    ("486", Outcome::Busy),
    ("487", Outcome::NoAnswer),
    ("500", Outcome::Failed),
    ("501", Outcome::Failed),
    ("502", Outcome::Failed),
    ("503", Outcome::Failed),
    ("504", Outcome::Failed),
    ("505", Outcome::Failed),
    ("513", Outcome::Failed),
    ("580", Outcome::Failed),
    ("600", Outcome::Busy),
    ("603", Outcome::Rejected),
    ("604", Outcome::InvalidNumber),
];

/// Outcome of a hang-up cause.
pub const HANGUP_CAUSE: &[(&str, Outcome)] = &[
    ("CALL_REJECTED", Outcome::Rejected),
    ("DESTINATION_OUT_OF_ORDER", Outcome::Unreachable),
    ("INVALID_NUMBER_FORMAT", Outcome::InvalidNumber),
    ("NETWORK_OUT_OF_ORDER", Outcome::Failed),
    ("NORMAL_TEMPORARY_FAILURE", Outcome::Failed),
    ("NO_ANSWER", Outcome::NoAnswer),
    ("NO_ROUTE_DESTINATION", Outcome::Unreachable),
    ("NO_USER_RESPONSE", Outcome::NoAnswer),
    ("NUMBER_CHANGED", Outcome::InvalidNumber),
    ("ORIGINATOR_CANCEL", Outcome::NoAnswer),
    ("SUBSCRIBER_ABSENT", Outcome::Unreachable),
    ("SWITCH_CONGESTION", Outcome::Failed),
    ("UNALLOCATED_NUMBER", Outcome::InvalidNumber),
    ("USER_BUSY", Outcome::Busy),
];

/// State of a `taskStatus`.
/// <https://github.com/nxtele/http-api-document/wiki/Callbot-API-taskList>
pub const TASK_STATUS: &[(i64, TaskState)] = &[
    (1, TaskState::Pending),
    (2, TaskState::Running),
    (3, TaskState::Completed),
    (4, TaskState::Failed),
    (5, TaskState::Paused),
];

/// What a `retCode` other than 0 asks for, and what it means.
/// <https://github.com/nxtele/http-api-document-en/wiki/Callbot-API-createTaskAndCall>
pub const RET_CODE: &[(i64, FailureClass, &str)] = &[
    (1, FailureClass::Retry, "general error"),
    (2, FailureClass::Permanent, "missing parameter"),
    (3, FailureClass::Permanent, "malformed parameter"),
    (4, FailureClass::Permanent, "invalid parameter"),
    (4001, FailureClass::Permanent, "too many array elements"),
    (5, FailureClass::Retry, "maintenance"),
    (5001, FailureClass::Retry, "internal error"),
    (
        6,
        FailureClass::Configuration,
        "wrong signature: compare `secret_files` and `algorithm` with the vendor's console",
    ),
    (6001, FailureClass::Configuration, "missing signature: does a proxy drop headers?"),
    (6002, FailureClass::Configuration, "no such account: compare `uuid` with the vendor's console"),
    (6003, FailureClass::Configuration, "no permission: ask the vendor to open its API to the account"),
    (7, FailureClass::Retry, "busy"),
    (1001, FailureClass::Retry, "an import is running"),
];

/// Outcome of a number the vendor refused, by a part of the refusal's text in small letters. The texts are not documented:
/// only what cannot mean anything else is in here.
pub const REFUSAL: &[(&str, Outcome)] = &[
    ("invalid phone", Outcome::InvalidNumber),
    ("invalid number", Outcome::InvalidNumber),
    ("phone is invalid", Outcome::InvalidNumber),
    ("number is invalid", Outcome::InvalidNumber),
    ("phone format", Outcome::InvalidNumber),
    ("number format", Outcome::InvalidNumber),
    ("号码格式", Outcome::InvalidNumber),
    ("号码无效", Outcome::InvalidNumber),
    ("无效号码", Outcome::InvalidNumber),
    ("blacklist", Outcome::Blocked),
    ("black list", Outcome::Blocked),
    ("黑名单", Outcome::Blocked),
];
