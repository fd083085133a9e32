//! Requests that are not as the vendor documents them, and the signature of answers.

use super::*;

#[test]
fn a_request_with_a_single_fault_is_refused() {
    let site = site(|_| ());
    let placing = site.place(1);
    let asked = json!({ "productID": "callbot", "userTaskID": placing.task, "orderList": [placing.calls[0].id] });
    let now = crate::clock::now();
    let right = request("listOrderDetail", &asked, now);
    assert_eq!(NxcloudCallbot.answer(&right, &site).verdict, Verdict::Accepted);

    for (name, value, code) in [
        ("sign", None, 6001),
        ("sign", Some("7BA488A17C54E4CF9C8D3FEE8CE629A9"), 6),
        ("requestID", None, 2),
        ("requestID", Some("another"), 6),
        ("createTs", None, 2),
        ("createTs", Some("1700000000"), 6),
        ("createTs", Some("1700000000000"), 3),
        ("createTs", Some("yesterday!"), 3),
        ("uuid", None, 2),
        ("uuid", Some("UID-SIMULATED-02"), 6002),
        ("algorithm", None, 6),
        ("algorithm", Some("MD5"), 6),
        ("algorithm", Some("SHA1"), 4),
    ] {
        let mut request = right.clone();
        set(&mut request, name, value);
        refused(&site, &request, code);
    }
    let lower = right.header("sign").expect("a sign").to_ascii_lowercase();
    let mut request = right.clone();
    set(&mut request, "sign", Some(&lower));
    refused(&site, &request, 6);
    refused(&site, &Request { body: Bytes::from(format!("{asked} ")), ..right.clone() }, 6);

    // Signed, but not as it should be.
    let signed = |change: &dyn Fn(&mut Request)| {
        let mut request = right.clone();
        change(&mut request);
        sign_again(&mut request, Algorithm::Sha256);
        request
    };
    let moment = |seconds: i64| (now.as_second() + seconds).to_string();
    refused(&site, &signed(&|request| set(request, "createTs", Some(&moment(-61)))), 4);
    refused(&site, &signed(&|request| set(request, "createTs", Some(&moment(61)))), 4);
    refused(&site, &signed(&|request| set(request, "content-type", Some("text/plain"))), 3);
    refused(&site, &signed(&|request| request.body = Bytes::from_static(b"[]")), 3);
    refused(&site, &signed(&|request| request.method = Method::PUT), 4);
    refused(&site, &signed(&|request| request.path = "/callcentre/api/v2/listCall".to_owned()), 4);
    let accepted = signed(&|request| set(request, "createTs", Some(&moment(-60))));
    assert_eq!(NxcloudCallbot.answer(&accepted, &site).verdict, Verdict::Accepted);
}

#[test]
fn a_request_without_the_right_fields_is_refused() {
    let site = site(|_| ());
    let task = site.place(1).task.clone();
    let many: Vec<_> = (0..501).map(|index| format!("order-{index}")).collect();
    for (action, asked, code) in [
        ("listOrderDetail", json!({ "userTaskID": task, "orderList": ["o"] }), 4),
        ("listOrderDetail", json!({ "productID": "aicc", "userTaskID": task, "orderList": ["o"] }), 4),
        ("listOrderDetail", json!({ "productID": "callbot", "orderList": ["o"] }), 2),
        ("listOrderDetail", json!({ "productID": "callbot", "userTaskID": "other", "orderList": ["o"] }), 4),
        ("listOrderDetail", json!({ "productID": "callbot", "userTaskID": task, "orderList": [] }), 2),
        ("listOrderDetail", json!({ "productID": "callbot", "userTaskID": task, "orderList": "o" }), 3),
        ("listOrderDetail", json!({ "productID": "callbot", "userTaskID": task, "orderList": [7] }), 3),
        ("listOrderDetail", json!({ "productID": "callbot", "userTaskID": task, "orderList": many }), 4001),
        ("listTask", json!({ "productID": "callbot", "size": 10 }), 2),
        ("listTask", json!({ "productID": "callbot", "page": 0, "size": 10 }), 3),
        ("listTask", json!({ "productID": "callbot", "page": 1, "size": 1001 }), 4),
        ("listTask", json!({ "productID": "callbot", "page": 1, "size": 10, "queryConditions": [] }), 3),
        ("listCall", json!({ "productID": "callbot", "page": 1, "size": 10 }), 2),
        ("listCall", json!({ "productID": "callbot", "userTaskID": "other", "page": 1, "size": 10 }), 4),
        (
            "listCall",
            json!({ "productID": "callbot", "userTaskID": task, "page": 1, "size": 10,
                    "options": { "startTs": 1_700_000_000_000_i64 } }),
            3,
        ),
        (
            "listCall",
            json!({ "productID": "callbot", "userTaskID": task, "page": 1, "size": 10,
                    "options": { "startTs": "1700000000" } }),
            3,
        ),
        (
            "listCall",
            json!({ "productID": "callbot", "userTaskID": task, "page": 1, "size": 10,
                    "options": { "startTs": 1_700_000_001, "endTs": 1_700_000_000 } }),
            4,
        ),
    ] {
        refused(&site, &request(action, &asked, crate::clock::now()), code);
    }
}

#[test]
fn answers_are_signed_as_their_requests_are() {
    let site = site(|_| ());
    let asked = json!({ "productID": "callbot", "page": 1, "size": 10 });
    for (word, algorithm) in
        [(Some("MD5"), Algorithm::Md5), (None, Algorithm::Md5), (Some("SHA256"), Algorithm::Sha256)]
    {
        let mut request = request("listTask", &asked, crate::clock::now());
        set(&mut request, "algorithm", word);
        sign_again(&mut request, algorithm);
        let answer = NxcloudCallbot.answer(&request, &site);
        assert_eq!(answer.verdict, Verdict::Accepted);
        let header = |name| &*answer.headers.iter().find(|(found, _)| *found == name).expect("a header").1;
        assert_eq!((header("requestID"), header("uuid")), ("0123456789abcdef", UUID));
        assert_eq!(header("algorithm"), algorithm.word());
        let stamp = Stamp { create_ts: header("createTs"), request_id: "0123456789abcdef", uuid: UUID };
        assert_eq!(header("sign"), sign::sign(algorithm, SECRET, &answer.body, stamp));
    }
}
