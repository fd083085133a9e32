//! Settings, and complaints about them.

use super::*;

fn complaint(api: &str) -> String {
    try_asker("", api).err().expect("refused").to_string()
}

#[test]
fn defaults() {
    let api = &asker("").account.api;
    assert_eq!(api.base_url, "https://service.besclouds.com");
    assert_eq!((api.token_seconds, api.limit, api.window_hours, api.task_type), (600, 100, 24, None));
    assert_eq!(asker("").longest_window(), Some(SignedDuration::from_hours(24)));
}

#[test]
fn complaints_name_the_key_and_the_fix() {
    for (api, key, fix) in [
        ("", "api.app_key", "is missing"),
        ("app_key = \"a b\"", "api.app_key", "printable ASCII"),
        ("app_key = \"a\"", "api.app_secret_files", "name the file"),
        ("app_key = \"a\"\napp_secrets = [\"\"]", "api.app_secrets", "empty secret"),
        ("app_key = \"a\"\napp_secret_files = [\"/nowhere/at/all\"]", "api.app_secret_files", "cannot read"),
        ("base_url = \"http://service.besclouds.com\"", "api.base_url", "https"),
        ("token_url = \"service.besclouds.com\"", "api.token_url", "https"),
    ] {
        let complaint = complaint(api);
        assert!(complaint.contains(&format!("sources.s.{key}")) && complaint.contains(fix), "{complaint}");
    }
    for (key, values) in [("token_seconds", [59, 3601]), ("limit", [0, 1001]), ("window_hours", [0, 169])] {
        for value in values {
            let complaint = complaint(&format!("{API}{key} = {value}"));
            assert!(complaint.contains(&format!("sources.s.api.{key}")) && complaint.contains("must be from"));
        }
    }
    assert!(complaint(&format!("{API}app_id = \"x\"")).contains("app_id"), "unknown keys are refused");
    assert!(complaint(&format!("{API}task_type = \"ita\"")).contains("task_type"));
}

#[test]
fn a_source_asks_only_when_told_how() {
    use crate::vendor::Vendor;
    let adapter = |more: &str| {
        let toml = format!("[sources.s]\nvendor = \"huawei-cec\"\nallow_unverified = true\n{more}");
        let config = Config::from_toml(&toml).expect("loads");
        super::super::super::HuaweiCec.adapter(&config.source("s")).expect("settings")
    };
    assert!(adapter("").poller().is_none());
    assert!(adapter(&format!("[sources.s.api]\n{API}")).poller().is_some());
}

#[test]
fn secrets_are_in_no_text() {
    let asker = asker("");
    let texts = [format!("{:?}", asker.account.settings), format!("{:?}", asker.account.secrets)];
    assert!(texts.iter().all(|text| !text.contains("demo-app-secret")));
    let echoing = json!({"retCode": "9", "retMsg": "demo-app-secret", "AccessToken": "demo token"});
    for status in [200, 401, 500] {
        let failure = asker.read_token(&response(status, &echoing)).err().expect("no token");
        assert!(!format!("{failure:?} {failure}").contains("demo"), "{failure}");
    }
}
