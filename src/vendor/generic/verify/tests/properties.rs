//! Every scheme with any body and any headers.

use proptest::prelude::*;

use super::*;

const SCHEMES: &[&str] = &[
    "verify = { scheme = \"standard-webhooks\", secrets = [\"whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw\"] }",
    "verify = { scheme = \"hmac\", header = \"x-sign\", secrets = [\"s\"] }",
    "verify = { scheme = \"hmac\", header = \"x-sign\", secrets = [\"s\"], algorithm = \"sha1\", encoding = \"base64\", prefix = \"p \" }",
    "verify = { scheme = \"hmac\", header = \"x-sign\", secrets = [\"s\"], algorithm = \"sha512\", signed = \"{body}{timestamp}\", timestamp_header = \"x-time\", timestamp_format = \"%Y%m%d%H%M%S\" }",
    "verify = { scheme = \"bearer\", secrets = [\"s\"] }",
    "verify = { scheme = \"bearer\", header = \"x-api-key\", secrets = [\"s\"] }",
    "verify = { scheme = \"basic\", user = \"u\", secrets = [\"p\"] }",
    "verify = { scheme = \"mtls\", header = \"x-dn\", subjects = [\"CN=a\"], allow_unverified_peer = true }",
    "verify = { scheme = \"none\", allow_unverified = true }",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_signed_is_accepted_and_signatures_cover_the_body(body in ".{0,64}", flip in any::<prop::sample::Index>()) {
        for scheme in SCHEMES {
            let adapter = adapter(scheme);
            let good = signed(&*adapter, &body);
            prop_assert_eq!(good.kind.name, EVENT);
            prop_assert!(adapter.verify(good.clone(), now(), &mut Explain::off()).is_ok(), "{}", scheme);
            let signs = scheme.contains("hmac") || scheme.contains("standard");
            if signs && !body.is_empty() {
                let mut bytes = body.clone().into_bytes();
                let at = flip.index(bytes.len());
                bytes[at] ^= 1;
                let altered = Inbound { body: bytes.into(), ..good };
                prop_assert!(adapter.verify(altered, now(), &mut Explain::off()).is_err(), "{}", scheme);
            }
        }
    }

    #[test]
    fn any_headers_are_decided_without_a_panic(values in prop::collection::vec("[ -~]{0,80}", 4), body in prop::collection::vec(any::<u8>(), 0..32)) {
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature", "authorization"];
        let headers: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        let request = Inbound { body: body.into(), ..inbound(&headers, "") };
        for scheme in SCHEMES {
            let _ = adapter(scheme).verify(request.clone(), now(), &mut Explain::on());
        }
    }
}
