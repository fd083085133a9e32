//! TC3-HMAC-SHA256: the signature of our requests.
//!
//! Signed are method, path, query, some headers and the digest of the body. The key changes with the day (UTC) and is
//! derived from the SecretKey, the service and a constant. <https://cloud.tencent.com/document/api/213/30654>

use http::Method;
use jiff::Timestamp;

use super::super::token::mac;
use crate::secret::Secret;
use crate::vendor::hex::digest_hex;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const SERVICE: &str = "ccc";
const SCOPE_END: &str = "tc3_request";

/// Whose signature it is.
pub struct Credential<'a> {
    /// The SecretId.
    pub id: &'a str,
    /// The SecretKey.
    pub key: &'a str,
    /// The token of a temporary credential: sent, not signed with.
    pub token: Option<&'a str>,
}

impl<'a> Credential<'a> {
    /// Reads `SecretKey`, `SecretId:SecretKey` or `SecretId:SecretKey:Token`; a key alone belongs to `id`.
    pub fn read(secret: &'a Secret, id: Option<&'a str>) -> Self {
        let mut parts = secret.expose().splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(key), token) => Self { id, key, token },
            (key, ..) => Self { id: id.unwrap_or_default(), key: key.unwrap_or_default(), token: None },
        }
    }

    /// Whether requests can be signed with it: nothing is empty, and everything can stand in a header.
    pub fn is_usable(&self) -> bool {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        plain(self.id) && plain(self.key) && self.token.is_none_or(plain)
    }
}

/// What is signed. The path is always `/`.
pub struct Signable<'a> {
    /// The HTTP method.
    pub method: &'a Method,
    /// The query as it is sent, members sorted; empty for POST.
    pub query: &'a str,
    /// Headers by lower-case name, sorted; their values as they are sent.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for GET.
    pub body: &'a [u8],
}

impl Signable<'_> {
    /// The `Authorization` header of the request when it is sent at `at`.
    pub fn authorization(&self, credential: &Credential<'_>, at: Timestamp) -> String {
        let date = at.strftime("%Y-%m-%d").to_string();
        let scope = format!("{date}/{SERVICE}/{SCOPE_END}");
        let digest = digest_hex(self.canonical().as_bytes());
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{digest}", at.as_second());
        let signature = mac(&signing_key(credential.key, &date), text.as_bytes());
        let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let (id, headers) = (credential.id, self.signed_headers());
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={headers}, Signature={signature}")
    }

    fn canonical(&self) -> String {
        let line = |(name, value): &(&str, &str)| format!("{name}:{}\n", value.trim().to_lowercase());
        let headers: String = self.headers.iter().map(line).collect();
        let (method, query, signed) = (self.method, self.query, self.signed_headers());
        format!("{method}\n/\n{query}\n{headers}\n{signed}\n{}", digest_hex(self.body))
    }

    fn signed_headers(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }
}

/// The key of one day.
fn signing_key(secret_key: &str, date: &str) -> [u8; 32] {
    let start = zeroize::Zeroizing::new(format!("TC3{secret_key}"));
    let parts = [SERVICE, SCOPE_END];
    parts.iter().fold(mac(start.as_bytes(), date.as_bytes()), |key, part| mac(&key, part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"SdkAppId":1400000000,"StartTimeStamp":1759852800,"EndTimeStamp":1759939200,"PageSize":100,"PageNumber":0,"SessionIds":["6bb56a09-2787-40bc-80c5-dc6dab783eff"]}"#;
    const KEY: &str = "ExampleSecretKey0000000000000000";
    const CREDENTIAL: Credential<'_> =
        Credential { id: "AKIDEXAMPLE00000000000000000000000000", key: KEY, token: None };
    const HOST: (&str, &str) = ("host", "ccc.tencentcloudapi.com");

    fn post<'a>(headers: &'a [(&'a str, &'a str)]) -> Signable<'a> {
        Signable { method: &Method::POST, query: "", headers, body: BODY }
    }

    fn authorization(request: &Signable<'_>, second: i64) -> String {
        request.authorization(&CREDENTIAL, Timestamp::from_second(second).expect("in range"))
    }

    fn hex(bytes: [u8; 32]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn vector_a_signs_the_action() {
        let headers = [("content-type", "application/json; charset=utf-8"), HOST, ("x-tc-action", "DescribeTelCdr")];
        let request = post(&headers);
        let canonical = "POST\n/\n\ncontent-type:application/json; charset=utf-8\nhost:ccc.tencentcloudapi.com\n\
                         x-tc-action:describetelcdr\n\ncontent-type;host;x-tc-action\n\
                         086833426898af2e8b630db047701ac2a02161445613bc7d4c36f2842ecf7453";
        assert_eq!(request.canonical(), canonical);
        assert_eq!(
            digest_hex(canonical.as_bytes()),
            "3ffaeefbf163593f9f63fbbd6fa76f153302916189dc67bfb3c57da726996048"
        );
        assert_eq!(
            authorization(&request, 1_760_000_000),
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE00000000000000000000000000/2025-10-09/ccc/tc3_request, \
             SignedHeaders=content-type;host;x-tc-action, \
             Signature=5cbc8de1e7e8f75ba7da4d41d27b6b000215292db1d38c6b27689b831e5720fe"
        );
    }

    #[test]
    fn vector_b_signs_what_the_vendors_own_client_signs() {
        let headers = [("content-type", "application/json"), HOST];
        let request = post(&headers);
        assert_eq!(
            digest_hex(request.canonical().as_bytes()),
            "d57f4165a22dfb6cb0e8d8e53957ef2b7b074f08d0fcae206ac2e2259815c6fc"
        );
        assert_eq!(
            authorization(&request, 1_760_000_000),
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE00000000000000000000000000/2025-10-09/ccc/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=c36f0019b9f39b54eac25b44f380554956a8e5cd4c8d65ff492f6054c83953ff"
        );
    }

    #[test]
    fn vector_c_has_the_day_of_utc() {
        let headers = [("content-type", "application/json"), HOST];
        assert_eq!(
            authorization(&post(&headers), 1_759_941_000),
            "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE00000000000000000000000000/2025-10-08/ccc/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=6e67e6e21b4e1ab48676ede6abb8fd568fc2a8f87238f045dba0cc2d50f90d6c"
        );
    }

    #[test]
    fn the_vector_of_a_get_request() {
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), HOST, ("x-tc-action", "DescribeTelSession")];
        let query = "SdkAppId=1400000000&SessionId=0cf5be1b-de75-4445-a0c4-8dff3fa4b68b";
        let request = Signable { method: &Method::GET, query, headers: &headers, body: b"" };
        let signature = "f9d24dd20cbab42cc58be5790fe2a5f0d6932b6d7a23eb88358df1fdb4b997df";
        assert!(authorization(&request, 1_760_000_000).ends_with(&format!("Signature={signature}")));
    }

    #[test]
    fn the_keys_of_the_vectors() {
        for (date, k_date, k_service, k_signing) in [
            (
                "2025-10-09",
                "776221d9a39a68a61d711e4f55a09b4dd164937343383dc1e2de73372921fe52",
                "780d2ec9fd50e2c809a3b429794b597c3800fbc30ff2d69b17cd90190ec2d4c8",
                "5bef255e1a99af5e8119b674c2bc219025ac44b5ffde322262f3543a54d5a78c",
            ),
            (
                "2025-10-08",
                "ea912af5907fd851ddf81ae8c8a45e9a249615b8ec4409f0491c580f601d9944",
                "879ad3269868c66e7904ac597005ff8f4a250235c16ff6d89fb0693143426b9d",
                "5534e67ac14d37ec25dd5bc6373f953742d980e5324843755b73762476bbc97b",
            ),
        ] {
            let day = mac(format!("TC3{KEY}").as_bytes(), date.as_bytes());
            assert_eq!(hex(day), k_date);
            assert_eq!(hex(mac(&day, SERVICE.as_bytes())), k_service);
            assert_eq!(hex(signing_key(KEY, date)), k_signing);
        }
    }

    #[test]
    fn credentials_in_every_form() {
        let read = |text: &str, id: Option<&str>| {
            let secret = Secret::new(text);
            let credential = Credential::read(&secret, id);
            let parts = (credential.id.to_owned(), credential.key.to_owned(), credential.token.map(str::to_owned));
            (parts, credential.is_usable())
        };
        let of = |id: &str, key: &str, token: Option<&str>| (id.into(), key.into(), token.map(str::to_owned));
        assert_eq!(read("key", Some("id")), (of("id", "key", None), true));
        assert_eq!(read("other:key", Some("id")), (of("other", "key", None), true));
        assert_eq!(read("id:key:to:ken=", None), (of("id", "key", Some("to:ken=")), true));
        for useless in ["key", ":key", "id:", "id:key:", "id:k y", "id:ключ", ""] {
            assert!(!read(useless, None).1, "{useless}");
        }
    }
}
