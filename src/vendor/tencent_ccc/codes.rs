//! Tencent Cloud Contact Center's end statuses and what they mean in the common schema.
//!
//! Every status has a number (`EndStatus`, in answers of the API) and a name (`EndStatusString`, in pushes and answers
//! of the API). Statuses the vendor does not describe are [`Outcome::Unknown`] until the source's `end_status` says
//! what they are.

use crate::event::{HandledBy, Outcome};

/// Outcome of an `EndStatus`.
pub const END_STATUS: &[(&str, Outcome)] = &[
    ("0", Outcome::Failed),
    ("1", Outcome::Answered),
    ("2", Outcome::Failed),
    ("17", Outcome::NoAnswer),
    ("100", Outcome::Blocked),
    ("101", Outcome::Answered),
    ("102", Outcome::Cancelled),
    ("103", Outcome::Cancelled),
    ("104", Outcome::Cancelled),
    ("105", Outcome::NoAnswer),
    ("106", Outcome::NoAnswer),
    ("107", Outcome::Answered),
    ("108", Outcome::Blocked),
    ("109", Outcome::Blocked),
    ("110", Outcome::Blocked),
    ("111", Outcome::Blocked),
    ("201", Outcome::Unknown),
    ("202", Outcome::NoAnswer),
    ("203", Outcome::Rejected),
    ("204", Outcome::Unreachable),
    ("205", Outcome::InvalidNumber),
    ("206", Outcome::Busy),
    ("207", Outcome::Unreachable),
    ("208", Outcome::Failed),
    ("209", Outcome::Cancelled),
    ("210", Outcome::Unreachable),
    ("211", Outcome::Failed),
    ("212", Outcome::Blocked),
    ("213", Outcome::Unreachable),
    ("214", Outcome::Unknown),
    ("215", Outcome::InvalidNumber),
    ("216", Outcome::Unreachable),
    ("217", Outcome::Blocked),
    ("218", Outcome::Blocked),
    ("219", Outcome::Unreachable),
    ("220", Outcome::Cancelled),
    ("221", Outcome::Unreachable),
    ("222", Outcome::NoAnswer),
    ("223", Outcome::Unknown),
    ("224", Outcome::Unknown),
    ("225", Outcome::Failed),
    ("226", Outcome::Failed),
    ("227", Outcome::Failed),
    ("228", Outcome::Answered),
    ("229", Outcome::Answered),
    ("230", Outcome::Answered),
    ("231", Outcome::Cancelled),
    ("232", Outcome::Answered),
    ("233", Outcome::Answered),
    ("234", Outcome::Unknown),
    ("501", Outcome::Failed),
    ("502", Outcome::Failed),
    ("503", Outcome::Failed),
];

/// Outcome of an `EndStatusString`.
pub const END_STATUS_STRING: &[(&str, Outcome)] = &[
    ("error", Outcome::Failed),
    ("ok", Outcome::Answered),
    ("unconnected", Outcome::Failed),
    ("seatGiveUp", Outcome::NoAnswer),
    ("blackList", Outcome::Blocked),
    // The name of `blackList` in 2023.
    ("CallinBlockedContact", Outcome::Blocked),
    ("seatForward", Outcome::Answered),
    ("ivrGiveUp", Outcome::Cancelled),
    ("waitingGiveUp", Outcome::Cancelled),
    ("ringingGiveUp", Outcome::Cancelled),
    ("noSeatOnline", Outcome::NoAnswer),
    ("notWorkTime", Outcome::NoAnswer),
    ("ivrEnd", Outcome::Answered),
    ("restrictedCallee", Outcome::Blocked),
    ("tooManyRequest", Outcome::Blocked),
    ("restrictedArea", Outcome::Blocked),
    ("restrictedTime", Outcome::Blocked),
    ("unknown", Outcome::Unknown),
    ("notAnswer", Outcome::NoAnswer),
    ("userReject", Outcome::Rejected),
    ("powerOff", Outcome::Unreachable),
    ("numberNotExist", Outcome::InvalidNumber),
    ("busy", Outcome::Busy),
    ("outOfCredit", Outcome::Unreachable),
    ("operatorError", Outcome::Failed),
    ("callerCancel", Outcome::Cancelled),
    ("notInService", Outcome::Unreachable),
    ("clientError", Outcome::Failed),
    ("carrierBlocked", Outcome::Blocked),
    ("callReminder", Outcome::Unreachable),
    ("numberInvalid", Outcome::InvalidNumber),
    ("callRestricted", Outcome::Unreachable),
    ("calleeRestricted", Outcome::Blocked),
    ("areaRestricted", Outcome::Blocked),
    ("promptCallForwarding", Outcome::Unreachable),
    ("callerCancelWhileRing", Outcome::Cancelled),
    // Despite its name no cancel: the called number does not work and nothing rang.
    ("callerCancelWithoutRing", Outcome::Unreachable),
    ("voiceMailReached", Outcome::NoAnswer),
    ("asrError", Outcome::Failed),
    ("llmasrError", Outcome::Failed),
    ("ttsError", Outcome::Failed),
    ("functionCallHangup", Outcome::Answered),
    ("maxCallDurationReached", Outcome::Answered),
    ("userInactivity", Outcome::Answered),
    ("callTerminatedByAPI", Outcome::Cancelled),
    ("userHangupDuringAiCall", Outcome::Answered),
    ("aiAgentEndCall", Outcome::Answered),
    ("callConflict", Outcome::Failed),
    ("clientTimeout", Outcome::Failed),
    ("voipClientError", Outcome::Failed),
    // Of one participant: passed on to a line outside.
    ("outboundForward", Outcome::Answered),
];

/// Outcome of an `EndStatus` or `EndStatusString` when `AcceptTimestamp` says that somebody picked up before.
pub const ACCEPTED: &[(&str, Outcome)] = &[
    ("222", Outcome::Answered),
    ("voiceMailReached", Outcome::Answered),
    ("225", Outcome::Answered),
    ("asrError", Outcome::Answered),
    ("226", Outcome::Answered),
    ("llmasrError", Outcome::Answered),
    ("227", Outcome::Answered),
    ("ttsError", Outcome::Answered),
    ("231", Outcome::Answered),
    ("callTerminatedByAPI", Outcome::Answered),
];

/// Outcome of an `EndStatus` or `EndStatusString` when `AcceptTimestamp` is 0: a normal conversation that nobody
/// accepted contradicts itself.
pub const NOT_ACCEPTED: &[(&str, Outcome)] = &[("1", Outcome::Unknown), ("ok", Outcome::Unknown)];

/// Outcome of the `Code` of an error when a call was to be placed. All other codes are [`Outcome::Failed`]: there is no
/// call.
/// <https://www.tencentcloud.com/document/api/1229/59778>
pub const REFUSED: &[(&str, Outcome)] = &[
    ("FailedOperation.CallOutFailed", Outcome::Failed),
    ("FailedOperation.CalleeIsLimited", Outcome::Blocked),
    ("FailedOperation.CallerOverFrequency", Outcome::Blocked),
    ("FailedOperation.NoCallOutNumber", Outcome::Failed),
    // The agent is busy, not the called party.
    ("FailedOperation.SeatStatusBusy", Outcome::Failed),
    ("OperationDenied.NotInWhiteList", Outcome::Blocked),
];

/// Who spoke in an answered call, where the `EndStatus` or `EndStatusString` tells.
pub const HANDLED_BY: &[(&str, HandledBy)] = &[
    ("107", HandledBy::Announcement),
    ("ivrEnd", HandledBy::Announcement),
    ("225", HandledBy::Bot),
    ("asrError", HandledBy::Bot),
    ("226", HandledBy::Bot),
    ("llmasrError", HandledBy::Bot),
    ("227", HandledBy::Bot),
    ("ttsError", HandledBy::Bot),
    ("228", HandledBy::Bot),
    ("functionCallHangup", HandledBy::Bot),
    ("230", HandledBy::Bot),
    ("userInactivity", HandledBy::Bot),
    ("232", HandledBy::Bot),
    ("userHangupDuringAiCall", HandledBy::Bot),
    ("233", HandledBy::Bot),
    ("aiAgentEndCall", HandledBy::Bot),
];
