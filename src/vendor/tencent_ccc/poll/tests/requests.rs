//! The bytes that are sent.

use super::*;

const ID: &str = "6bb56a09-2787-40bc-80c5-dc6dab783eff";

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
}

/// The window of this question is the one of the worked example, one day back from 2025-10-08 16:00 UTC.
#[test]
fn the_worked_example_is_sent_as_it_is() {
    let ccc = with("");
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(ID, NOW - 1_759_939_200)]);
    let request = next_at(inquiry.as_mut(), 1_759_939_200).expect("a request");
    assert_eq!((request.action, &request.method), ("DescribeTelCdr", &Method::POST));
    assert_eq!(request.url, "https://ccc.tencentcloudapi.com/");
    assert_eq!(
        request.body.as_ref(),
        br#"{"SdkAppId":1400000000,"StartTimeStamp":1759852800,"EndTimeStamp":1759939200,"PageSize":100,"PageNumber":0,"SessionIds":["6bb56a09-2787-40bc-80c5-dc6dab783eff"]}"#
    );
    let now = Timestamp::from_second(1_759_939_200).expect("in range");
    let signed = [("content-type", "application/json"), ("host", "ccc.tencentcloudapi.com")];
    let signable = Signable { method: &Method::POST, query: "", headers: &signed, body: &request.body };
    let credential = Credential {
        id: "AKIDEXAMPLE00000000000000000000000000",
        key: "ExampleSecretKey0000000000000000",
        token: None,
    };
    assert_eq!(
        request.headers,
        [
            ("authorization", signable.authorization(&credential, now)),
            ("content-type", "application/json".to_owned()),
            ("x-tc-action", "DescribeTelCdr".to_owned()),
            ("x-tc-version", "2020-02-10".to_owned()),
            ("x-tc-timestamp", "1759939200".to_owned()),
        ]
    );
}

#[test]
fn the_signature_of_vector_b_is_sent() {
    let now = Timestamp::from_second(NOW).expect("in range");
    let request = account().records_request((1_759_852_800, 1_759_939_200), 0, &[ID.to_owned()], now);
    assert_eq!(
        header(&request, "authorization").as_deref(),
        Some(
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE00000000000000000000000000/2025-10-09/ccc/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=c36f0019b9f39b54eac25b44f380554956a8e5cd4c8d65ff492f6054c83953ff"
        )
    );
}

fn account() -> Account {
    let toml = format!("[sources.ccc]\nvendor = \"tencent-ccc\"\n{SETTINGS}\n[sources.ccc.api]\n{API}\n");
    let config = Config::from_toml(&toml).expect("TOML");
    let source = config.source("ccc");
    let settings: Settings = source.read().expect("settings");
    Account::new(&settings, &source).expect("usable").expect("there is api")
}

#[test]
fn region_and_temporary_token_are_sent() {
    let api = r#"
        base_url = "https://CCC.intl.tencentcloudapi.com:443/"
        region = "ap-singapore"
        secret_keys = ["AKIDEXAMPLE:key:tok=en"]
    "#;
    let ccc = adapter(SETTINGS, api).expect("settings");
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(ID, 60)]);
    let request = next(inquiry.as_mut()).expect("a request");
    assert_eq!(header(&request, "x-tc-region").as_deref(), Some("ap-singapore"));
    assert_eq!(header(&request, "x-tc-token").as_deref(), Some("tok=en"));
    let signed = [("content-type", "application/json"), ("host", "ccc.intl.tencentcloudapi.com")];
    let signable = Signable { method: &Method::POST, query: "", headers: &signed, body: &request.body };
    let credential = Credential { id: "AKIDEXAMPLE", key: "key", token: None };
    let now = Timestamp::from_second(NOW).expect("in range");
    assert_eq!(header(&request, "authorization"), Some(signable.authorization(&credential, now)));
}

#[test]
fn an_address_with_port_and_path() {
    let ccc = with("base_url = \"http://127.0.0.1:8080/tencent-ccc/\"");
    let request = next(poller(ccc.as_ref()).ask(&[placed(ID, 60)]).as_mut()).expect("a request");
    assert_eq!(request.url, "http://127.0.0.1:8080/tencent-ccc/");
    let signed = [("content-type", "application/json"), ("host", "127.0.0.1:8080")];
    let signable = Signable { method: &Method::POST, query: "", headers: &signed, body: &request.body };
    let secret = crate::secret::Secret::new("AKIDEXAMPLE00000000000000000000000000:ExampleSecretKey0000000000000000");
    let now = Timestamp::from_second(NOW).expect("in range");
    let expected = signable.authorization(&Credential::read(&secret, None), now);
    assert_eq!(header(&request, "authorization"), Some(expected));
}

#[test]
fn the_state_of_one_session_is_asked() {
    let ccc = with("ask_state_after_seconds = 0");
    let mut inquiry = poller(ccc.as_ref()).ask(&[placed(ID, 60)]);
    read(inquiry.as_mut(), page(0, &[])).expect("read");
    let request = next(inquiry.as_mut()).expect("a request");
    assert_eq!(request.action, "DescribeTelSession");
    assert_eq!(header(&request, "x-tc-action").as_deref(), Some("DescribeTelSession"));
    assert_eq!(request.body.as_ref(), br#"{"SdkAppId":1400000000,"SessionId":"6bb56a09-2787-40bc-80c5-dc6dab783eff"}"#);
}

#[test]
fn a_window_is_listed_by_the_second() {
    let ccc = with("");
    let window = Window {
        from: "2025-10-07T16:00:00.9Z".parse().expect("a time"),
        to: "2025-10-08T15:59:59.1Z".parse().expect("a time"),
    };
    let mut inquiry = poller(ccc.as_ref()).list(window).expect("it lists");
    let request = next(inquiry.as_mut()).expect("a request");
    assert_eq!(
        request.body.as_ref(),
        br#"{"SdkAppId":1400000000,"StartTimeStamp":1759852800,"EndTimeStamp":1759939200,"PageSize":100,"PageNumber":0}"#
    );
}

#[test]
fn the_window_of_a_question_covers_its_calls() {
    let ccc = with("look_back_seconds = 600\nlook_ahead_seconds = 30");
    let window = |calls: &[Placed]| {
        let body = body(poller(ccc.as_ref()).ask(calls).as_mut());
        (NOW - body["StartTimeStamp"].as_i64().expect("a time"), body["EndTimeStamp"].as_i64().expect("a time") - NOW)
    };
    assert_eq!(window(&[placed("a", 60), placed("b", 7200)]), (7800, 30));
    assert_eq!(window(&[placed("a", -120)]), (600, 30), "placed by a clock that is ahead");
    let days = |days: i64| days * 24 * 3600;
    assert_eq!(window(&[placed("a", 60), placed("b", days(400))]), (days(89) - 30, 30), "what the vendor takes");
}

#[test]
fn the_window_moves_with_the_time_until_a_page_is_read() {
    let ccc = with("");
    let calls: Vec<Placed> = (0..50).map(|number| placed(&session(number), 60)).collect();
    let mut inquiry = poller(ccc.as_ref()).ask(&calls);
    let end = |inquiry: &mut dyn Inquiry, second| {
        let request = next_at(inquiry, second).expect("a request");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        (body["PageNumber"].as_i64().expect("a number"), body["EndTimeStamp"].as_i64().expect("a time"))
    };
    assert_eq!(end(inquiry.as_mut(), NOW), (0, NOW));
    assert_eq!(end(inquiry.as_mut(), NOW + 90), (0, NOW + 90));
    read(inquiry.as_mut(), page(101, &[row(&session(1))])).expect("read");
    assert_eq!(end(inquiry.as_mut(), NOW + 100), (1, NOW + 90));
}

#[test]
fn ids_are_written_as_configured() {
    let ids = |spelling: &str| {
        let ccc = with(&format!("session_ids = \"{spelling}\"\nask_state_after_seconds = 0"));
        let mut inquiry = poller(ccc.as_ref()).ask(&[placed(ID, 60), placed("Call-7", 60)]);
        let ids = body(inquiry.as_mut())["SessionIds"].clone();
        read(inquiry.as_mut(), page(1, &[row("Call-7")])).expect("read");
        (ids, body(inquiry.as_mut())["SessionId"].clone())
    };
    let plain = "6bb56a09278740bc80c5dc6dab783eff";
    assert_eq!(ids("hyphens"), (json!([ID, "Call-7"]), json!(ID)));
    assert_eq!(ids("plain"), (json!([plain, "Call-7"]), json!(plain)));
    assert_eq!(ids("both"), (json!([ID, plain, "Call-7"]), json!(ID)));
}
