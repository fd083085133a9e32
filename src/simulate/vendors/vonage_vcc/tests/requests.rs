//! Requests that are not as the vendor documents them.

use super::*;

fn refused(site: &Site, request: &Request, status: u16) -> Value {
    let answer = VonageVcc.answer(request, site);
    assert_eq!(answer.status.as_u16(), status, "{request:?}: {}", answer.body);
    assert!(matches!(answer.verdict, Verdict::Violation(_)), "{request:?}");
    body(&answer)
}

#[test]
fn tokens_need_the_right_client_and_scope() {
    let site = site(|_| ());
    for (from, to) in [
        ("client_credentials", "password"),
        ("simulated-client&", "other&"),
        ("secret-vonage", "secret"),
        ("&scope=stats", ""),
        ("scope=stats", "scope=admin%3Aread"),
        ("scope=stats", "scope=stats+admin%3Aread"),
        ("&client_secret=simulated-client-secret-vonage", ""),
    ] {
        refused(&site, &request(Method::POST, TOKEN_PATH, "", &[FORM], &CREDENTIALS.replace(from, to)), 400);
    }
    let json = [("content-type", "application/json")];
    refused(&site, &request(Method::POST, TOKEN_PATH, "", &json, CREDENTIALS), 400);
    refused(&site, &request(Method::GET, TOKEN_PATH, CREDENTIALS, &[FORM], ""), 400);

    // The vendor's sample code has the client in the header.
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let rest = "grant_type=client_credentials&scope=stats+interaction-content%3Aread";
    let with = |authorization: &str, body: &str| {
        request(Method::POST, TOKEN_PATH, "", &[FORM, ("authorization", authorization)], body)
    };
    assert_eq!(VonageVcc.answer(&with(&basic, rest), &site).verdict, Verdict::Accepted);
    refused(&site, &with("Basic c2ltdWxhdGVk", rest), 400);
    refused(&site, &with(&basic, CREDENTIALS), 400);
}

#[test]
fn nothing_is_told_without_token_version_and_account() {
    let (site, calls, now) = over(1, |_| ());
    let right = bearer_token(&site);
    let guid = &calls[0].id;
    let detail = format!("/v0/{ACCOUNT_KEY}/calls/{guid}");
    let single = format!("{}/{guid}", insights::PATH);
    let ask = |path: &str, accept: &str, authorization: &str| {
        let headers = [("accept", accept), ("authorization", authorization)];
        Request { now, ..request(Method::GET, path, "", &headers, "") }
    };
    let version = "application/json;version=3";
    for (path, accept) in [(&detail, version), (&single, V3)] {
        assert_eq!(VonageVcc.answer(&ask(path, accept, &right), &site).verdict, Verdict::Accepted);
        for wrong in ["Bearer nothing", "Basic nothing", ""] {
            refused(&site, &ask(path, accept, wrong), 401);
        }
        let late = Request { now: now + SignedDuration::from_hours(2), ..ask(path, accept, &right) };
        let answer = VonageVcc.answer(&late, &site);
        assert_eq!((answer.status, answer.verdict), (StatusCode::UNAUTHORIZED, Verdict::Refused));
    }
    for accept in ["application/json", "*/*", "application/json;version=9", "application/json;version=x", V3] {
        refused(&site, &ask(&detail, accept, &right), 400);
    }
    assert_eq!(
        VonageVcc.answer(&ask(&detail, "application/json; version=6", &right), &site).verdict,
        Verdict::Accepted
    );
    for accept in ["application/json", "application/vnd.newvoicemedia.v3", version] {
        assert_eq!(refused(&site, &ask(&single, accept, &right), 400)["message"], "Invalid Accept header!");
    }
    let other = refused(&site, &ask(&single, "application/vnd.newvoicemedia.v1+json", &right), 400);
    assert_eq!(other["message"], "Invalid api-version! Valid values: 2,3");
    refused(&site, &ask(&format!("/v0/another/calls/{guid}"), version, &right), 403);
    refused(&site, &ask(&format!("/v0/{ACCOUNT_KEY}/call/{guid}"), version, &right), 404);
    refused(&site, &ask(&format!("/v1/{ACCOUNT_KEY}/calls/{guid}"), version, &right), 404);
    refused(&site, &ask("/stats/interaction", V3, &right), 404);
    for (path, accept) in
        [(format!("/v0/{ACCOUNT_KEY}/calls/nobody"), version), (format!("{}/nobody", insights::PATH), V3)]
    {
        let answer = VonageVcc.answer(&ask(&path, accept, &right), &site);
        assert_eq!((answer.status, answer.verdict), (StatusCode::NOT_FOUND, Verdict::Refused));
    }
}

#[test]
fn a_window_has_bounds() {
    let site = site(|_| ());
    let right = bearer_token(&site);
    let ask =
        |query: &str| request(Method::GET, insights::PATH, query, &[("accept", V3), ("authorization", &*right)], "");
    for query in [
        "start=2026-01-05T10:00:00.000Z&end=2026-01-05T10:00:00Z",
        "start=2026-01-05T10%3A00%3A00.000Z&end=2026-02-05T10%3A00%3A00.000Z&include=StartedOrEnded&limit=25&page=4",
    ] {
        let answer = VonageVcc.answer(&ask(query), &site);
        assert_eq!(answer.verdict, Verdict::Accepted, "{query}");
        assert_eq!((&body(&answer)["meta"]["pageCount"], &body(&answer)["items"]), (&json!(0), &json!([])));
    }
    for query in [
        "",
        "end=2026-01-05T10:00:00.000Z",
        "start=yesterday",
        "start=2026-01-05T10:00:00.000",
        "start=1767607200&end=1767607300",
        "start=2026-01-05T10:00:00Z&end=2026-01-05T09:59:59Z",
        "start=2026-01-05T10:00:00Z&end=2026-02-05T10:00:00.001Z",
        "start=2026-01-05T10:00:00Z&end=2026-01-06T10:00:00Z&include=processed",
        "start=2026-01-05T10:00:00Z&end=2026-01-06T10:00:00Z&limit=0",
        "start=2026-01-05T10:00:00Z&end=2026-01-06T10:00:00Z&limit=many",
        "start=2026-01-05T10:00:00Z&end=2026-01-06T10:00:00Z&page=0",
        "start=2026-01-05T10:00:00Z&end=2026-01-06T10:00:00Z&pageSize=10",
    ] {
        assert!(refused(&site, &ask(query), 400)["message"].is_string(), "{query}");
    }
    refused(&site, &Request { method: Method::POST, ..ask("start=2026-01-05T10:00:00Z") }, 405);
}

#[test]
fn calls_are_placed_by_those_who_ask_properly() {
    let site = site(|_| ());
    let right = bearer_token(&site);
    let path = format!("/v0/{ACCOUNT_KEY}/calls/");
    let place = |content_type: &str, body: &str| {
        let headers =
            [("accept", "application/json;version=6"), ("content-type", content_type), ("authorization", &*right)];
        request(Method::POST, &path, "", &headers, body)
    };
    let wanted = json!({
        "from": { "agentId": "0042" }, "to": { "telephoneNumber": "+447700900001" },
        "regarding": { "reference": "mine" },
    });
    let answer = VonageVcc.answer(&place("application/json", &wanted.to_string()), &site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::CREATED, &Verdict::Accepted));
    let location = &answer.headers.iter().find(|(name, _)| *name == "Location").expect("Location").1;
    let guid = location.rsplit('/').next().expect("a path").to_lowercase();
    let placed = site.call_of(&guid).expect("placed");
    assert_eq!((&*placed.number, &*placed.reference), ("+447700900001", "mine"));

    let invalid = wanted.to_string().replace("+447700900001", "12");
    let answer = VonageVcc.answer(&place("application/json", &invalid), &site);
    assert_eq!((answer.status, &answer.verdict), (StatusCode::BAD_REQUEST, &Verdict::Refused));
    refused(&site, &place("text/plain", &wanted.to_string()), 415);
    for (from, to) in [
        (r#""0042""#, "42"),
        (r#""0042""#, r#""00420042004200""#),
        (r#""0042""#, r#""agent""#),
        ("agentId", "agent"),
        ("telephoneNumber", "number"),
        (r#""+447700900001""#, "447700900001"),
        ("+447700900001", "+4477009000010000000000000000001"),
        (r#""mine""#, "7"),
        ("{", "["),
    ] {
        refused(&site, &place("application/json", &wanted.to_string().replace(from, to)), 400);
    }
    assert_eq!(site.calls(|_| true).len(), 1);
}
