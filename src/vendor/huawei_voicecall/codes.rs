//! Huawei Voice Call's codes and what they mean in the common schema.

use crate::event::Outcome;

/// `stateCode` of a status notification.
pub const STATE: &str = "stateCode";
/// Q.850 cause of a record: why the platform's own dial was not answered.
pub const CALL_OUT: &str = "callOutUnaswRsn";
/// Q.850 cause of a record: why the dial to the second party was not answered.
pub const FORWARD: &str = "fwdUnaswRsn";
/// SIP status of a record.
pub const SIP_STATUS: &str = "sipStatusCode";

/// Outcome of a `stateCode`. 8007 and 8008 happen after the answer, and the record of such a call has a time of
/// answering. 8105 is a hang-up or a suspended number: the vendor does not tell which.
/// <https://support.huaweicloud.com/api-VoiceCall/rtc_05_0022_1.html>
pub const STATE_CODE: &[(&str, Outcome)] = &[
    ("0", Outcome::Answered),
    ("7001", Outcome::Failed),
    ("7002", Outcome::Failed),
    ("7003", Outcome::Failed),
    ("7004", Outcome::Failed),
    ("7108", Outcome::Failed),
    ("7109", Outcome::Failed),
    ("8000", Outcome::Failed),
    ("8001", Outcome::Failed),
    ("8002", Outcome::Unreachable),
    ("8003", Outcome::NoAnswer),
    ("8004", Outcome::Rejected),
    ("8005", Outcome::Failed),
    ("8006", Outcome::Failed),
    ("8007", Outcome::Answered),
    ("8008", Outcome::Answered),
    ("8009", Outcome::Cancelled),
    ("8010", Outcome::Answered),
    ("8012", Outcome::Failed),
    ("8015", Outcome::Failed),
    ("8018", Outcome::Failed),
    ("8020", Outcome::Failed),
    ("8100", Outcome::InvalidNumber),
    ("8101", Outcome::NoAnswer),
    ("8102", Outcome::Busy),
    ("8103", Outcome::Unreachable),
    ("8104", Outcome::Unreachable),
    ("8105", Outcome::Unknown),
];

/// Outcome of a Q.850 cause of a call that was not answered, as ITU-T Q.850 defines the causes. Those that say nothing
/// about the called party are not here: a normal end (16, 31) and interworking (127).
pub const Q850: &[(&str, Outcome)] = &[
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
    ("88", Outcome::Failed),
    ("102", Outcome::Failed),
];

/// Outcome of a SIP status of a call that was not answered, as RFC 3261 defines them.
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
    ("502", Outcome::Failed),
    ("503", Outcome::Failed),
    ("504", Outcome::Failed),
    ("600", Outcome::Busy),
    ("603", Outcome::Rejected),
    ("604", Outcome::InvalidNumber),
];
