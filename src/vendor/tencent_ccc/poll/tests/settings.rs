//! Settings of `api`.

use super::*;
use crate::vendor::fixtures::reload;

fn refused(settings: &str, api: &str) -> String {
    adapter(settings, api).map(|_| ()).expect_err("refused")
}

#[test]
fn without_api_nothing_can_be_asked() {
    let toml = format!("[sources.ccc]\nvendor = \"tencent-ccc\"\n{SETTINGS}");
    let config = Config::from_toml(&toml).expect("TOML");
    let adapter = TencentCcc.adapter(&config.source("ccc")).map_err(|error| error.to_string()).expect("settings");
    assert!(adapter.poller().is_none());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for (api, complaint) in [
        ("", "sources.ccc.api.secret_key_files"),
        ("secret_keys = [\"key\"]", "sources.ccc.api.secret_keys"),
        ("secret_keys = [\":key\"]", "SecretId:SecretKey"),
        ("secret_key_files = [\"/nowhere/at/all\"]", "cannot read"),
        ("secret_keys = [\"i:k\"]\nbase_url = \"http://ccc.example\"", "sources.ccc.api.base_url"),
        ("secret_keys = [\"i:k\"]\nbase_url = \"https://user@ccc.example\"", "no user"),
        ("secret_keys = [\"i:k\"]\nbatch = 0", "1 to 100"),
        ("secret_keys = [\"i:k\"]\nbatch = 101", "1 to 100"),
        ("secret_keys = [\"i:k\"]\nregion = \"\"", "sources.ccc.api.region"),
        ("secret_keys = [\"i:k\"]\nregion = \"ap singapore\"", "sources.ccc.api.region"),
        ("secret_keys = [\"i:k\"]\nsdk_app_id = 7", "must be one of sdk_app_ids"),
        ("secret_keys = [\"i:k\"]\nlook_back_seconds = 7689601", "89 days"),
        ("secret_keys = [\"i:k\"]\nsession_ids = \"none\"", "must be one of hyphens, plain, both"),
        ("secret_keys = [\"i:k\"]\nsecret = \"x\"", "sources.ccc.api.secret"),
    ] {
        let error = refused(SETTINGS, api);
        assert!(error.contains(complaint), "{api}: {error}");
    }
    let several = SETTINGS.replace("[1400000000]", "[1400000000, 1500000001]");
    let error = refused(&several, API);
    assert!(error.contains("sources.ccc.api.sdk_app_id") && error.contains("is missing"), "{error}");
}

#[test]
fn a_key_without_its_own_id_belongs_to_secret_id() {
    let ccc = adapter(SETTINGS, "secret_id = \"AKIDEXAMPLE\"\nsecret_keys = [\"key\"]").expect("settings");
    let request = next(poller(ccc.as_ref()).ask(&[placed("a", 60)]).as_mut()).expect("a request");
    assert!(request.headers[0].1.starts_with("TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2025-10-09/"));
}

#[test]
fn keys_are_re_read_by_the_poller_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys");
    let api = format!("secret_key_files = [{path:?}]");
    std::fs::write(&path, "AKIDFIRST:one\nkey-without-id\n").expect("written");
    assert!(refused(SETTINGS, &api).contains("one per line"));
    std::fs::write(&path, "AKIDFIRST:one\n").expect("written");
    let ccc = adapter(SETTINGS, &api).expect("settings");
    let id = || {
        let request = next(poller(ccc.as_ref()).ask(&[placed("a", 60)]).as_mut()).expect("a request");
        request.headers[0].1.split(['=', '/']).nth(1).expect("an id").to_owned()
    };
    assert_eq!(id(), "AKIDFIRST");
    std::fs::write(&path, "AKIDSECOND:two\nAKIDFIRST:one\n").expect("written");
    assert!(!reload(&*ccc), "these are none of the callbacks'");
    assert_eq!(id(), "AKIDFIRST");
    assert!(poller(ccc.as_ref()).reload_secrets().expect("reads"));
    assert_eq!(id(), "AKIDSECOND");
    std::fs::write(&path, "").expect("written");
    assert!(poller(ccc.as_ref()).reload_secrets().is_err());
    assert_eq!(id(), "AKIDSECOND", "the last keys are kept");
}

#[test]
fn secrets_are_never_shown() {
    let toml = format!("[sources.ccc]\nvendor = \"tencent-ccc\"\n{SETTINGS}\n[sources.ccc.api]\n{API}\n");
    let config = Config::from_toml(&toml).expect("TOML");
    let settings: Settings = config.source("ccc").read().expect("settings");
    let shown = format!("{settings:?}");
    assert!(!shown.contains("ExampleSecretKey") && !shown.contains("demo-password"), "{shown}");
    for api in ["secret_keys = [\"hunter2\"]", "secret_keys = \"hunter2\"", "secret_id = [\"hunter2\"]"] {
        let error = refused(SETTINGS, api);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn actions_have_their_own_limits() {
    let ccc = with("batch = 7");
    assert_eq!(poller(ccc.as_ref()).actions(), ["DescribeTelCdr", "DescribeTelSession"]);
    assert_eq!(poller(ccc.as_ref()).batch(), 7);
    assert_eq!(poller(with("").as_ref()).batch(), 50);
}
