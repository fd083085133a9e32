use http::Method;

use super::*;
use crate::vendor::fixtures::reload;

fn complaint(api: &str) -> String {
    adapter("", api).map(drop).expect_err("refused")
}

#[test]
fn without_api_there_is_nothing_to_ask() {
    let toml = "[sources.vcc]\nvendor = \"vonage-vcc\"\nsecrets = [\"ZGVtby1zZWNyZXQtdm9uYWdlLXZjYw==\"]\n";
    let config = Config::from_toml(toml).expect("TOML");
    assert!(VonageVcc.adapter(&config.source("vcc")).expect("settings").poller().is_none());
}

#[test]
fn the_request_for_a_token() {
    let means = Means { now: Timestamp::UNIX_EPOCH, nonce: "nonce", token: None };
    let adapter = with("scope = \"stats admin:read\"");
    let request = poller(&*adapter).token_request(&means).expect("a request");
    assert_eq!((request.action, request.method), ("token", Method::POST));
    assert_eq!(request.url, "https://emea.cc.vonage.com/Auth/connect/token");
    assert_eq!(request.headers, [("content-type", "application/x-www-form-urlencoded".to_owned())]);
    assert_eq!(
        request.body,
        "grant_type=client_credentials&client_id=client-1&client_secret=demo-client-secret&scope=stats+admin%3Aread"
    );
    let answer = r#"{"access_token":"t-1","expires_in":7200,"token_type":"Bearer"}"#;
    let token = poller(&*adapter).read_token(&response(200, answer)).expect("a token");
    assert_eq!((token.secret.expose(), token.lifetime.as_secs()), ("t-1", 7200));

    let adapter = with("credentials_in = \"basic\"");
    let request = poller(&*adapter).token_request(&means).expect("a request");
    assert_eq!(request.headers[1], ("authorization", "Basic Y2xpZW50LTE6ZGVtby1jbGllbnQtc2VjcmV0".to_owned()));
    assert_eq!(request.body, "grant_type=client_credentials&scope=stats");
}

#[test]
fn regions_and_addresses() {
    let urls = |api: &str| {
        let adapter = adapter("", &format!("{}\n{api}", API.replace("region = \"emea\"", ""))).expect("settings");
        let means = Means { now: Timestamp::UNIX_EPOCH, nonce: "nonce", token: None };
        let token = poller(&*adapter).token_request(&means).expect("a request").url;
        let call = next(&mut *ask(&*adapter, placed(CALL, 1))).expect("a request").url;
        let interaction = next(&mut *ask(&*adapter, hinted(CALL))).expect("a request").url;
        [token, call, interaction].map(|url| url.replace(CALL, "ID"))
    };
    for region in ["emea", "nam", "apac"] {
        let expected = [
            format!("https://{region}.cc.vonage.com/Auth/connect/token"),
            format!("https://{region}.cc.vonage.com/v0/demo-account-key/calls/ID"),
            format!("https://{region}.api.cc.vonage.com/stats/interactions/ID"),
        ];
        assert_eq!(urls(&format!("region = \"{region}\"")), expected);
    }
    let own = r#"
        auth_url = "https://emea.newvoicemedia.com/"
        calls_url = "http://127.0.0.1:8081"
        stats_url = "https://emea.api.newvoicemedia.com"
    "#;
    let expected = [
        "https://emea.newvoicemedia.com/Auth/connect/token",
        "http://127.0.0.1:8081/v0/demo-account-key/calls/ID",
        "https://emea.api.newvoicemedia.com/stats/interactions/ID",
    ];
    assert_eq!(urls(own), expected);
}

#[test]
fn complaints_name_key_and_fix() {
    let without = |key: &str| API.replace(key, &format!("# {key}"));
    let also = |rest: &str| format!("{API}\n{rest}");
    for (api, key, fix) in [
        (without("region"), "api.region", "emea"),
        (also("stats_url = \"stats.example.com\""), "api.stats_url", "https://"),
        (also("auth_url = \"http://auth.example.com\""), "api.auth_url", "https"),
        (without("client_id"), "api.client_id", "is missing"),
        (without("client_secrets"), "api.client_secret_files", "is missing"),
        (also("client_secret_files = [\"/nowhere\"]"), "api.client_secret_files", "cannot read"),
        (API.replace("client-1", "a:b") + "credentials_in = \"basic\"", "api.client_id", "colon"),
        (also("scope = \"\""), "api.scope", "empty"),
        (API.replace("demo-account-key", "a/../b"), "api.account_key", "part of a URL"),
        (API.replace("demo-account-key", ""), "api.account_key", "part of a URL"),
        (also("account_key_files = [\"/nowhere\"]"), "api.account_key_files", "cannot read"),
        (also("page_size = 0"), "api.page_size", "1 to 10000"),
        (also("numbers = \"guess\""), "api.numbers", "national"),
        (also("colour = 1"), "api", "colour"),
    ] {
        let complaint = complaint(&api);
        assert!(complaint.contains(&format!("sources.vcc.{key}")) && complaint.contains(fix), "{key}: {complaint}");
    }
}

#[test]
fn ids_are_guids_in_small_letters() {
    let adapter = with("");
    let poller = poller(&*adapter);
    assert_eq!(poller.call_id(&CALL.to_uppercase()).as_deref(), Ok(CALL));
    for wrong in ["", "..", "a/b", "a b", "a?b", "é", &"a".repeat(257)] {
        assert!(poller.call_id(wrong).is_err(), "{wrong}");
    }
    assert_eq!((poller.batch(), poller.actions()), (1, &["token", "calls", "interactions"][..]));
}

/// Webhooks can name interactions by anything: what is no part of a URL is not asked about.
#[test]
fn odd_ids_never_reach_a_url() {
    let adapter = with("");
    for odd in ["..", "a/b", "a?b=c", "", "a b", "%2e%2e"] {
        assert!(next(&mut *ask(&*adapter, hinted(odd))).is_none(), "{odd}");
        assert!(next(&mut *ask(&*adapter, placed(odd, 1))).is_none(), "{odd}");
    }
    assert!(next(&mut *poller(&*adapter).ask(&[])).is_none());
}

#[test]
fn secrets_are_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, client) = (folder.path().join("key"), folder.path().join("client"));
    let write = |text: &str| {
        std::fs::write(&key, format!("{text}-key\n")).expect("written");
        std::fs::write(&client, format!("{text}-secret\n")).expect("written");
    };
    write("first");
    let api = format!(
        "region = \"nam\"\nclient_id = \"c\"\naccount_key_files = [{key:?}]\nclient_secret_files = [{client:?}]"
    );
    let adapter = adapter("", &api).expect("settings");
    let means = Means { now: Timestamp::UNIX_EPOCH, nonce: "nonce", token: None };
    let seen = || {
        let url = next(&mut *ask(&*adapter, placed(CALL, 1))).expect("a request").url;
        let body = poller(&*adapter).token_request(&means).expect("a request").body;
        (url.contains("/first-key/"), String::from_utf8_lossy(&body).contains("client_secret=first-secret"))
    };
    assert_eq!(seen(), (true, true));
    write("second");
    assert!(!reload(&*adapter), "that is the poller's");
    assert!(poller(&*adapter).reload_secrets().expect("read"));
    assert!(!poller(&*adapter).reload_secrets().expect("read"));
    assert_eq!(seen(), (false, false));
}

#[test]
fn secrets_are_never_shown() {
    let toml = format!(
        "[sources.vcc]\nvendor = \"vonage-vcc\"\nsecrets = [\"ZGVtby1zZWNyZXQtdm9uYWdlLXZjYw==\"]\n[sources.vcc.api]\n{API}"
    );
    let config = Config::from_toml(&toml).expect("TOML");
    let settings: Settings = config.source("vcc").read().expect("settings");
    let shown = format!("{settings:?}");
    assert!(shown.contains("[secret]") && !shown.contains("demo-account") && !shown.contains("demo-client"), "{shown}");

    let adapter = with("");
    for (status, body) in [(401, "demo-client-secret"), (403, "t-1"), (404, "demo-account-key"), (200, "t-1")] {
        let failure = read_with(&mut *ask(&*adapter, placed(CALL, 1)), status, body).expect_err("a failure");
        let text = failure.to_string();
        assert!(!text.contains("demo-") && !text.contains("t-1") && !text.contains(CALL), "{text}");
    }
}
