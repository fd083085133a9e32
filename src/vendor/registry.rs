//! The one list of vendors. Configuration, documentation, demo sources, fixtures tests and metrics iterate it, so a
//! vendor cannot be half added.

use super::{
    Vendor, generic, huawei_cec, huawei_voicecall, nxcloud_callbot, nxcloud_openapi, sestek_knovvu, tencent_ccc,
    vonage_vcc, vonage_voice,
};

/// Every vendor trunkline understands.
pub static REGISTRY: &[&dyn Vendor] = &[
    &generic::Generic,
    &huawei_cec::HuaweiCec,
    &huawei_voicecall::HuaweiVoiceCall,
    &nxcloud_callbot::NxcloudCallbot,
    &nxcloud_openapi::NxcloudOpenapi,
    &sestek_knovvu::SestekKnovvu,
    &tencent_ccc::TencentCcc,
    &vonage_vcc::VonageVcc,
    &vonage_voice::VonageVoice,
];

/// The vendor of that name.
pub fn find(name: &str) -> Option<&'static dyn Vendor> {
    REGISTRY.iter().copied().find(|vendor| vendor.name() == name)
}
