use super::*;

fn complaint(api: &str) -> String {
    adapter("", api).map(drop).expect_err("refused")
}

#[test]
fn without_api_there_is_nothing_to_ask() {
    let toml = "[sources.va]\nvendor = \"sestek-knovvu\"\npath_tokens = [\"demo-path-token-sestek\"]\n";
    let config = Config::from_toml(toml).expect("TOML");
    assert!(SestekKnovvu.adapter(&config.source("va")).expect("settings").poller().is_none());
}

#[test]
fn complaints_name_key_and_fix() {
    let api = |rest: &str| format!("{API}\n{rest}");
    let identity = r#"identity_url = "https://identity.example.com""#;
    for (api, key, fix) in [
        (String::new(), "api.base_url", "port"),
        ("base_url = \"ivr.example.com:22222\"".to_owned(), "api.base_url", "https://"),
        ("base_url = \"http://ivr.example.com:22222\"".to_owned(), "api.base_url", "https"),
        (api("batch = 0"), "api.batch", "1 to 1000"),
        (api("batch = 1001"), "api.batch", "1 to 1000"),
        (api("headers = { \"a b\" = \"x\" }"), "api.headers", "HTTP header"),
        (api("headers = { a = \"x\\n\" }"), "api.headers", "HTTP header"),
        (api("headers = { Host = \"x\" }"), "api.headers", "host"),
        (api("headers = { a = \"x\" }\nheader_files = { A = \"/nowhere\" }"), "api.header_files", "headers too"),
        (api("header_files = { a = \"/nowhere\" }"), "api.header_files", "cannot read"),
        (api("client_id = \"c\""), "api.identity_url", "is missing"),
        (api("client_secrets = [\"c\"]"), "api.identity_url", "is missing"),
        (api("identity_url = \"x\""), "api.identity_url", "https://"),
        (api(identity), "api.client_id", "is missing"),
        (api(&format!("{identity}\nclient_id = \"c\"")), "api.client_secret_files", "is missing"),
        (
            api(&format!("{identity}\nclient_id = \"c\"\nclient_secrets = [\"\"]")),
            "api.client_secret_files",
            "is missing",
        ),
        (format!("{IDENTITY}\nscope = \"\""), "api.scope", "empty"),
        (format!("{IDENTITY}\nheaders = {{ Authorization = \"x\" }}"), "api.headers", "identity_url"),
        (api("colour = 1"), "api", "colour"),
    ] {
        let complaint = complaint(&api);
        assert!(complaint.contains(&format!("sources.va.{key}")) && complaint.contains(fix), "{api}: {complaint}");
    }
}

#[test]
fn a_header_of_ones_own_can_prove_who_asks() {
    let adapter = with(&format!("{API}\nheaders = {{ Authorization = \"Basic ZGVtbzpkZW1v\" }}"));
    let request = next(&mut *ask(&*adapter, &["c-1"]), None).expect("a request");
    assert_eq!(request.headers[1], ("authorization", "Basic ZGVtbzpkZW1v".to_owned()));
}

#[test]
fn secrets_are_never_shown() {
    let api = format!("{IDENTITY}\nheaders = {{ X-Api-Key = \"demo-key\" }}");
    let toml = format!("[sources.va]\nvendor = \"sestek-knovvu\"\nallow_unverified = true\n[sources.va.api]\n{api}");
    let config = Config::from_toml(&toml).expect("TOML");
    let settings: crate::vendor::sestek_knovvu::Settings = config.source("va").read().expect("settings");
    let shown = format!("{settings:?}");
    assert!(shown.contains("[secret]") && !shown.contains("demo-key") && !shown.contains("demo-client"), "{shown}");

    let adapter = with(&api);
    for (status, body) in [(401, "{}"), (500, "demo-key"), (200, "t-1 demo-client-secret")] {
        let failure = ask(&*adapter, &["c-1"]).read(&response(status, body), &context(Channel::Poll));
        let text = failure.expect_err("a failure").to_string();
        assert!(!text.contains("demo-") && !text.contains("t-1"), "{text}");
    }
}
