use super::*;

#[test]
fn the_digest_is_over_secret_body_and_stamp() {
    // A worked example with both digests: a task callback of 255 bytes.
    let body = concat!(
        r#"{"callbackType":1,"userTaskID":"ut-0001","taskID":"t-9001","sceneID":"s-77","taskStatus":3,"#,
        r#""createTs":1734340000,"taskStat":{"answerOrderCount":1,"finishOrderCount":2,"totalOrderCount":2,"#,
        r#""finishRate":1,"totalAnswerCall":1,"totalCall":3,"answerRate":0.33}}"#
    );
    let stamp = Stamp { create_ts: "1734345678", request_id: "4f1d2c3b5a69788796a5b4c3d2e1f001", uuid: "UID-TEST-01" };
    let of = |algorithm| sign(algorithm, "SECRET-0123456789abcdef", body, stamp);
    assert_eq!(of(Algorithm::Md5), "7BA488A17C54E4CF9C8D3FEE8CE629A9");
    assert_eq!(of(Algorithm::Sha256), "8F499A487F434B70401219A5D551D6684BA43A419787A7945CC37F6C73F47D5A");
}

#[test]
fn every_byte_of_the_body_counts() {
    let stamp = Stamp { create_ts: "1700000000", request_id: "abc123", uuid: "u1" };
    for (body, md5, sha256) in [
        (
            r#"{"data":"hi"}"#,
            "B74A83683060A0381B7C287B0DD415FF",
            "C8686DA911548D79571BA81C1B8FCE05F2BE6030886965859E6F5D4B53E58447",
        ),
        (
            r#"{"data": "hi"}"#,
            "7412845215368813AF8E258D901926CB",
            "C693433E14A616A24F60EE5146C7560680ED5AD6B11AC995B9FB2432C793338A",
        ),
        (
            r#"{"other":"张三 & co"}"#,
            "4ACB0A58DD666B9179718FDE1A735D35",
            "377A2A0A5B55AC6C2D0D7373980F5E37BF6F65D2593E92D190DFC62ADB03178E",
        ),
        (
            r#"{"other":"\u5f20\u4e09 & co"}"#,
            "6930D6DBC471504EAAB2143B23E9EFAB",
            "7CDBFD4C6B177D6CE0F848465817257FF894A4A14D137B683038A6B5B51F2BD1",
        ),
    ] {
        assert_eq!(sign(Algorithm::Md5, "topsecret", body, stamp), md5, "{body}");
        assert_eq!(sign(Algorithm::Sha256, "topsecret", body, stamp), sha256, "{body}");
    }
}

#[test]
fn each_fault_of_a_callback_is_one_that_shows() {
    let signing =
        Signing { now: crate::clock::now(), nonce: "0123456789abcdef0123456789abcdef".to_owned(), wrong: None };
    let body = r#"{"orderID":"o"}"#;
    let right = callback(body.to_owned(), &signing, None);
    let value = |headers: &[(&'static str, String)], name: &str| {
        headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    // Whether a receiver that does as the document says would take it.
    let good = |(headers, body): &(Vec<(&'static str, String)>, String)| {
        let (create_ts, request_id) = (value(headers, "createTs"), value(headers, "requestID"));
        let stamp = Stamp { create_ts: &create_ts, request_id: &request_id, uuid: &value(headers, "uuid") };
        let all = [stamp.create_ts, stamp.request_id, stamp.uuid].iter().all(|text| !text.is_empty());
        all && stamp.uuid == UUID && value(headers, "sign") == sign(Algorithm::Sha256, SECRET, body, stamp)
    };
    assert!(good(&right));
    for fault in FAULTS {
        assert!(!good(&callback(body.to_owned(), &signing, Some(fault))), "{fault:?}");
    }
}
