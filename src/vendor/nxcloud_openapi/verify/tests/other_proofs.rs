use super::*;

#[test]
fn a_token_stands_in_for_the_signature_of_call_records_when_configured() {
    let case = Case::new().settings("cdr_tokens = [\"token-next\", \"token-last\"]");
    assert_eq!(case.verdict(), Err(Reason::HeaderMissing), "the sender does not choose the proof");
    let case = Case { headers: Vec::new(), ..case };
    assert_eq!(case.clone().with("token", "token-last").verdict(), Ok(()));
    assert_eq!(case.clone().with("token", "token").verdict(), Err(Reason::CredentialsWrong));
    for kind in [AIAGENT_CALL, AIAGENT_TASK] {
        let case = Case { kind, ..case.clone() }.with("token", "token-last");
        assert_eq!(case.verdict(), Err(Reason::HeaderMissing), "{kind}");
    }
}

#[test]
fn number_masking_needs_a_proof_of_another_kind() {
    let case = Case { kind: PNS, ..Case::new() };
    assert_eq!(case.verdict(), Err(Reason::CredentialsWrong));
    assert!(case.steps().contains("set `path_tokens`"), "{}", case.steps());
    for more in
        ["allow_unverified = true", "path_tokens = [\"0123456789abcdef\"]", "allowed_addresses = [\"203.0.113.0/24\"]"]
    {
        assert_eq!(case.clone().settings(more).verdict(), Ok(()), "{more}");
        // That proof does not replace the signature where there is one.
        let unsigned = Case { kind: CC_CDR, headers: Vec::new(), ..case.clone() }.settings(more);
        assert_eq!(unsigned.verdict(), Err(Reason::HeaderMissing), "{more}");
    }
}

#[test]
fn without_an_access_key_the_url_can_prove_all_kinds() {
    for kind in KINDS {
        let settings = "path_tokens = [\"0123456789abcdef\"]".to_owned();
        let case = Case { settings, kind: kind.name, headers: Vec::new(), ..Case::new() };
        assert_eq!(case.verdict(), Ok(()), "{}", kind.name);
    }
}

#[test]
fn settings_that_check_less_than_they_seem_to_are_refused() {
    for (settings, key) in [
        ("", "access_key"),
        ("allowed_addresses = [\"::/0\"]", "access_key"),
        ("access_key = \"a\"", "secret_files"),
        ("access_key = \"\"\nsecrets = [\"s\"]", "access_key"),
        ("secrets = [\"s\"]", "access_key"),
        ("access_key = \"a\"\nsecrets = [\"\"]", "secrets"),
        ("cdr_tokens = [\"\"]", "cdr_tokens"),
        ("cdr_token_files = [\"/nowhere/token\"]", "cdr_token_files"),
    ] {
        let error = source(settings).map(drop).expect_err(settings);
        assert_eq!(error.key, format!("sources.s.{key}"), "{settings}");
    }
}
