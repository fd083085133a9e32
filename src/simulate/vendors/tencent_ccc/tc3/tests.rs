use super::*;

const KEY: &str = "ExampleSecretKey0000000000000000";
const BODY: &[u8] = br#"{"SdkAppId":1400000000,"StartTimeStamp":1759852800,"EndTimeStamp":1759939200,"PageSize":100,"PageNumber":0,"SessionIds":["6bb56a09-2787-40bc-80c5-dc6dab783eff"]}"#;

fn post(headers: Vec<(&'static str, &'static str)>) -> Signed<'static> {
    Signed { method: "POST", query: "", headers, body: BODY }
}

#[test]
fn worked_vectors() {
    let host = ("host", "ccc.tencentcloudapi.com");
    let a = post(vec![("content-type", "application/json; charset=utf-8"), host, ("x-tc-action", "DescribeTelCdr")]);
    assert_eq!(
        a.canonical(),
        "POST\n/\n\ncontent-type:application/json; charset=utf-8\nhost:ccc.tencentcloudapi.com\n\
         x-tc-action:describetelcdr\n\ncontent-type;host;x-tc-action\n\
         086833426898af2e8b630db047701ac2a02161445613bc7d4c36f2842ecf7453"
    );
    let b = post(vec![("content-type", "application/json"), host]);
    assert_eq!(hex(&Sha256::digest(b.canonical())), "d57f4165a22dfb6cb0e8d8e53957ef2b7b074f08d0fcae206ac2e2259815c6fc");
    let get = Signed {
        method: "GET",
        query: "SdkAppId=1400000000&SessionId=0cf5be1b-de75-4445-a0c4-8dff3fa4b68b",
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded"),
            host,
            ("x-tc-action", "DescribeTelSession"),
        ],
        body: b"",
    };
    for (signed, timestamp, expected) in [
        (&a, 1_760_000_000, "5cbc8de1e7e8f75ba7da4d41d27b6b000215292db1d38c6b27689b831e5720fe"),
        (&b, 1_760_000_000, "c36f0019b9f39b54eac25b44f380554956a8e5cd4c8d65ff492f6054c83953ff"),
        // In China it is the next day already.
        (&b, 1_759_941_000, "6e67e6e21b4e1ab48676ede6abb8fd568fc2a8f87238f045dba0cc2d50f90d6c"),
        (&get, 1_760_000_000, "f9d24dd20cbab42cc58be5790fe2a5f0d6932b6d7a23eb88358df1fdb4b997df"),
    ] {
        assert_eq!(signed.signature(KEY, timestamp).as_deref(), Some(expected));
    }
    assert_eq!(a.signature(KEY, i64::MAX), None);
}
