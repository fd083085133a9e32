//! Huawei CEC's codes and what they mean in the common schema.
//!
//! The same number means other things at another interface, so every interface has its own table. The vendor's lists
//! are not complete: a source can add and overrule rows.

use crate::event::Outcome;

/// `releaseReason` of a voice notification.
pub const VN: &str = "vn.releaseReason";
/// `releaseReason` of a bidirectional call, `reasonCode` of its record.
pub const DUAL: &str = "dual.releaseReason";
/// `failCode` of a campaign's call.
pub const CAMPAIGN: &str = "campaign.failCode";
/// `callStatus` of a campaign's call, which counts where there is no `failCode`.
pub const CAMPAIGN_STATUS: &str = "campaign.callStatus";
/// `retCode` of the answer to a request that should place a call, when it did not.
pub const CREATE: &str = "create.retCode";

/// Outcome of a voice notification's `releaseReason`.
///
/// The vendor does not tell rejecting from letting it ring (4), nor busy from switched off or vacant (6).
/// <https://support.huaweicloud.com/api-ccfs-cec/cec_07_2805.html>
pub const VN_RELEASE_REASON: &[(&str, Outcome)] = &[
    ("0", Outcome::Answered),
    ("1", Outcome::Answered),
    ("4", Outcome::NoAnswer),
    ("6", Outcome::Failed),
    ("8", Outcome::Failed),
    ("9", Outcome::Failed),
    ("10", Outcome::Blocked),
    ("999", Outcome::Failed),
];

/// Outcome of a bidirectional call's `releaseReason`: 2 and 4 are the agent's leg, 3 and 5 the customer's.
/// <https://support.huaweicloud.com/api-ccfs-cec/cec_07_1319.html>
pub const DUAL_RELEASE_REASON: &[(&str, Outcome)] = &[
    ("0", Outcome::Answered),
    ("1", Outcome::Answered),
    ("2", Outcome::Failed),
    ("3", Outcome::Failed),
    ("4", Outcome::Failed),
    ("5", Outcome::NoAnswer),
    ("6", Outcome::Failed),
];

/// Outcome of a call that was refused when it should be placed, where it is not `failed`: 5 is the called number (in some
/// versions also the caller's), 16 a trial tenant's number that is not on its list, the long ones are policies for callers and
/// called parties of ITA calls.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_2801.html>
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_1303.html>
pub const CREATE_RET_CODE: &[(&str, Outcome)] = &[
    ("5", Outcome::InvalidNumber),
    ("16", Outcome::Blocked),
    ("90106010", Outcome::Blocked),
    ("90106011", Outcome::Blocked),
    ("90106012", Outcome::Blocked),
];

/// Outcome of a campaign's `callStatus`.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0788.html>
pub const CAMPAIGN_CALL_STATUS: &[(&str, Outcome)] = &[("5", Outcome::Failed), ("6", Outcome::Answered)];

/// Outcome of a campaign's `failCode`, written with five digits. Those known but without a clear meaning are `unknown`.
///
/// Music, answering machines and fax machines count as answered: something picked up. So do 00701 and 00702, where the
/// customer picked up and was lost in the queue.
/// <https://support.huaweicloud.com/intl/en-us/api-cec/cec_07_0788.html>
pub const CAMPAIGN_FAIL_CODE: &[(&str, Outcome)] = &[
    ("00000", Outcome::Answered),
    ("00003", Outcome::Failed),
    ("00006", Outcome::Busy),
    ("00007", Outcome::NoAnswer),
    ("00009", Outcome::Unreachable),
    ("00010", Outcome::NoAnswer),
    ("00012", Outcome::Unreachable),
    ("00129", Outcome::InvalidNumber),
    ("00145", Outcome::Busy),
    ("00146", Outcome::NoAnswer),
    ("00147", Outcome::NoAnswer),
    ("00149", Outcome::Rejected),
    ("00150", Outcome::InvalidNumber),
    ("00155", Outcome::Failed),
    ("00160", Outcome::Answered),
    ("00162", Outcome::Answered),
    ("00180", Outcome::NoAnswer),
    ("00181", Outcome::Busy),
    ("00184", Outcome::Answered),
    ("00185", Outcome::Answered),
    ("00186", Outcome::Answered),
    ("00208", Outcome::Unreachable),
    ("00209", Outcome::Unreachable),
    ("00259", Outcome::Failed),
    ("00260", Outcome::Answered),
    ("00261", Outcome::Answered),
    ("00262", Outcome::Answered),
    ("00263", Outcome::Answered),
    ("00441", Outcome::Answered),
    ("00531", Outcome::Unknown),
    ("00537", Outcome::Busy),
    ("00538", Outcome::InvalidNumber),
    ("00548", Outcome::Unreachable),
    ("00549", Outcome::Unreachable),
    ("00551", Outcome::Unknown),
    ("00601", Outcome::Rejected),
    ("00602", Outcome::Failed),
    ("00603", Outcome::NoAnswer),
    ("00604", Outcome::Rejected),
    ("00605", Outcome::Failed),
    ("00606", Outcome::Failed),
    ("00701", Outcome::Answered),
    ("00702", Outcome::Answered),
    ("01040", Outcome::NoAnswer),
    ("01041", Outcome::Failed),
    ("01043", Outcome::Unknown),
    ("01046", Outcome::Failed),
    ("01048", Outcome::Failed),
    ("01049", Outcome::Unknown),
    ("01056", Outcome::Failed),
    ("34601", Outcome::Failed),
    ("34605", Outcome::InvalidNumber),
    ("34606", Outcome::Failed),
    ("34608", Outcome::Unknown),
    ("34611", Outcome::Failed),
];
