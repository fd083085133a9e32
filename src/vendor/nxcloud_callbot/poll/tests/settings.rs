//! Settings of the API, and what they make of a source.

use super::*;
use crate::vendor::fixtures::reload;

fn complaint(api: &str) -> String {
    try_source("", api).map(drop).expect_err("refused").to_string()
}

#[test]
fn an_empty_table_is_enough_and_none_switches_asking_off() {
    let asked = source("");
    let poller = asked.poller().expect("asked");
    assert_eq!(poller.batch(), 100);
    assert_eq!(poller.longest_window(), Some(SignedDuration::from_hours(24)));
    assert_eq!(poller.ends_with(), EventType::OrderFinished);
    assert_eq!(poller.actions(), ["listOrderDetail", "listTask", "listCall"]);
    assert_eq!(poller.account(), None, "the uuid is the whole account");
    assert!(poller.token_request(&means("n")).is_none());

    let toml = format!("[sources.nx]\nvendor = \"nxcloud-callbot\"\nuuid = \"{UUID}\"\nsecrets = [\"x\"]");
    let config = Config::from_toml(&toml).expect("valid TOML");
    assert!(NxcloudCallbot.adapter(&config.source("nx")).expect("usable").poller().is_none());
}

#[test]
fn complaints_name_the_key() {
    for (api, key, fix) in [
        ("base_url = \"http://nxbot.example.com\"", "sources.nx.api.base_url", "https"),
        ("base_url = \"\"", "sources.nx.api.base_url", "https"),
        ("batch = 0", "sources.nx.api.batch", "from 1 to 500"),
        ("batch = 501", "sources.nx.api.batch", "from 1 to 500"),
        ("page_size = 0", "sources.nx.api.page_size", "from 1 to 1000"),
        ("page_size = 1001", "sources.nx.api.page_size", "from 1 to 1000"),
        ("task_days = 0", "sources.nx.api.task_days", "from 1 to 3650"),
        ("task_days = 3651", "sources.nx.api.task_days", "from 1 to 3650"),
        ("window_hours = 0", "sources.nx.api.window_hours", "from 1 to 168"),
        ("window_hours = 169", "sources.nx.api.window_hours", "from 1 to 168"),
        ("secret = \"x\"", "sources.nx.api", "secret"),
    ] {
        let complaint = complaint(api);
        assert!(complaint.contains(key) && complaint.contains(fix), "{api}: {complaint}");
    }
    for api in ["batch = 1", "batch = 500", "page_size = 1000", "task_days = 3650", "window_hours = 168"] {
        assert!(try_source("", api).is_ok(), "{api}");
    }
}

#[test]
fn the_secrets_are_the_sources_own() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "first\n").expect("written");
    let toml = format!(
        "[sources.nx]\nvendor = \"nxcloud-callbot\"\nuuid = \"{UUID}\"\nsecret_files = [{:?}]\n[sources.nx.api]\n",
        file.path()
    );
    let config = Config::from_toml(&toml).expect("valid TOML");
    let source = NxcloudCallbot.adapter(&config.source("nx")).expect("usable");
    let poller = source.poller().expect("asked");
    let signed_with = |secret: &str| {
        let request = next(poller.ask(&[order("o-1")]).as_mut(), "n-1");
        let body = String::from_utf8(request.body.to_vec()).expect("text");
        header(&request, "sign") == sign(secret, &body, &NOW.to_string(), "n-1", UUID)
    };
    assert!(signed_with("first"));
    std::fs::write(file.path(), "second\nfirst\n").expect("written");
    assert!(!poller.reload_secrets().expect("nothing to read"), "that is the source's");
    assert!(signed_with("first"));
    assert!(reload(&*source));
    assert!(signed_with("second"), "the first active secret signs");
}
