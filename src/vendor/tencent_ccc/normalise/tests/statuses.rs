//! Every end status, as number and as name.

use super::*;
use crate::vendor::tencent_ccc::codes;

/// Number, name, outcome when nobody accepted, outcome when somebody did.
const STATUSES: &[(&str, &str, Outcome, Outcome)] = {
    use Outcome::*;
    &[
        ("0", "error", Failed, Failed),
        ("1", "ok", Unknown, Answered),
        ("2", "unconnected", Failed, Failed),
        ("17", "seatGiveUp", NoAnswer, NoAnswer),
        ("100", "blackList", Blocked, Blocked),
        ("100", "CallinBlockedContact", Blocked, Blocked),
        ("101", "seatForward", Answered, Answered),
        ("102", "ivrGiveUp", Cancelled, Cancelled),
        ("103", "waitingGiveUp", Cancelled, Cancelled),
        ("104", "ringingGiveUp", Cancelled, Cancelled),
        ("105", "noSeatOnline", NoAnswer, NoAnswer),
        ("106", "notWorkTime", NoAnswer, NoAnswer),
        ("107", "ivrEnd", Answered, Answered),
        ("108", "restrictedCallee", Blocked, Blocked),
        ("109", "tooManyRequest", Blocked, Blocked),
        ("110", "restrictedArea", Blocked, Blocked),
        ("111", "restrictedTime", Blocked, Blocked),
        ("201", "unknown", Unknown, Unknown),
        ("202", "notAnswer", NoAnswer, NoAnswer),
        ("203", "userReject", Rejected, Rejected),
        ("204", "powerOff", Unreachable, Unreachable),
        ("205", "numberNotExist", InvalidNumber, InvalidNumber),
        ("206", "busy", Busy, Busy),
        ("207", "outOfCredit", Unreachable, Unreachable),
        ("208", "operatorError", Failed, Failed),
        ("209", "callerCancel", Cancelled, Cancelled),
        ("210", "notInService", Unreachable, Unreachable),
        ("211", "clientError", Failed, Failed),
        ("212", "carrierBlocked", Blocked, Blocked),
        ("213", "callReminder", Unreachable, Unreachable),
        ("215", "numberInvalid", InvalidNumber, InvalidNumber),
        ("216", "callRestricted", Unreachable, Unreachable),
        ("217", "calleeRestricted", Blocked, Blocked),
        ("218", "areaRestricted", Blocked, Blocked),
        ("219", "promptCallForwarding", Unreachable, Unreachable),
        ("220", "callerCancelWhileRing", Cancelled, Cancelled),
        ("221", "callerCancelWithoutRing", Unreachable, Unreachable),
        ("222", "voiceMailReached", NoAnswer, Answered),
        ("225", "asrError", Failed, Answered),
        ("226", "llmasrError", Failed, Answered),
        ("227", "ttsError", Failed, Answered),
        ("228", "functionCallHangup", Answered, Answered),
        ("229", "maxCallDurationReached", Answered, Answered),
        ("230", "userInactivity", Answered, Answered),
        ("231", "callTerminatedByAPI", Cancelled, Answered),
        ("232", "userHangupDuringAiCall", Answered, Answered),
        ("233", "aiAgentEndCall", Answered, Answered),
        ("501", "callConflict", Failed, Failed),
        ("502", "clientTimeout", Failed, Failed),
        ("503", "voipClientError", Failed, Failed),
    ]
};

/// Numbers without a described name.
const UNDESCRIBED: &[&str] = &["214", "223", "224", "234"];

fn outcome_of(body: &Value) -> Outcome {
    read(CDR, body).outcome.expect("an ended call has an outcome")
}

#[test]
fn every_status_as_number_as_name_and_as_both() {
    for &(number, name, unaccepted, accepted) in STATUSES {
        let numeric: i64 = number.parse().expect("a number");
        for status in [
            json!({"EndStatus": numeric, "EndStatusString": null}),
            json!({"EndStatus": number, "EndStatusString": ""}),
            json!({"EndStatusString": name}),
            json!({"EndStatusString": numeric}),
            json!({"EndStatus": numeric, "EndStatusString": name}),
            json!({"EndStatus": numeric, "EndStatusString": "somethingNew"}),
        ] {
            assert_eq!(outcome_of(&unanswered(status.clone())), unaccepted, "{status}");
            assert_eq!(outcome_of(&with(status.clone())), accepted, "{status}");
        }
    }
}

#[test]
fn the_tables_have_no_other_rows() {
    let numbers: Vec<&str> = codes::END_STATUS.iter().map(|(number, _)| *number).collect();
    let names: Vec<&str> = codes::END_STATUS_STRING.iter().map(|(name, _)| *name).collect();
    let mut expected: Vec<&str> = STATUSES.iter().map(|row| row.0).chain(UNDESCRIBED.iter().copied()).collect();
    expected.sort_by_key(|number| number.parse::<u32>().expect("a number"));
    expected.dedup();
    assert_eq!(numbers, expected);
    assert_eq!(names, STATUSES.iter().map(|row| row.1).chain(["outboundForward"]).collect::<Vec<_>>());
    for (code, _) in codes::ACCEPTED.iter().chain(codes::NOT_ACCEPTED) {
        assert!(numbers.contains(code) || names.contains(code), "{code}");
    }
    for (code, _) in codes::HANDLED_BY {
        assert!(numbers.contains(code) || names.contains(code), "{code}");
    }
}

#[test]
fn what_the_vendor_does_not_describe_is_unknown_until_configured() {
    for status in UNDESCRIBED.iter().chain(&["999", "somethingNew", "OK"]) {
        for name in ["EndStatus", "EndStatusString"] {
            let mut body = with(json!({"EndStatusString": null}));
            body[name] = json!(status);
            let event = read(CDR, &body);
            assert_eq!(event.outcome, Some(Outcome::Unknown), "{status}, although somebody accepted");
            let cause = event.cause.expect("a cause");
            assert_eq!((cause.interface.as_str(), cause.code.as_str()), (name, *status));

            let configured = settings(&[(status, Outcome::Rejected)]);
            let events = deliver(&configured, "action=cdr", body.to_string(), None).expect("understood");
            assert_eq!(events[0].outcome, Some(Outcome::Rejected), "{status}");
        }
    }
}

#[test]
fn the_configuration_comes_first() {
    let configured = settings(&[("ok", Outcome::Failed)]);
    let events = deliver(&configured, "action=cdr", answered().to_string(), None).expect("understood");
    assert_eq!(events[0].outcome, Some(Outcome::Failed));
}

#[test]
fn the_vendors_words_are_kept() {
    let cause = |status| read(CDR, &with(status)).cause;
    let of = |interface: &str, code: &str| {
        Some(Cause { interface: interface.to_owned(), code: code.to_owned(), text: None })
    };
    assert_eq!(cause(json!({"EndStatusString": "busy"})), of("EndStatusString", "busy"));
    assert_eq!(cause(json!({"EndStatus": 206, "EndStatusString": "busy"})), of("EndStatusString", "busy"), "as pushed");
    assert_eq!(cause(json!({"EndStatus": 206, "EndStatusString": null})), of("EndStatus", "206"));
    assert_eq!(cause(json!({"EndStatusString": null})), None);
}

#[test]
fn without_a_status_the_answer_time_decides() {
    assert_eq!(outcome_of(&with(json!({"EndStatusString": null}))), Outcome::Answered);
    assert_eq!(outcome_of(&unanswered(json!({"EndStatusString": null}))), Outcome::Unknown);
    // Nothing contradicts a normal conversation when the time is absent.
    assert_eq!(outcome_of(&with(json!({"AcceptTimestamp": null}))), Outcome::Answered);
    assert_eq!(outcome_of(&with(json!({"AcceptTimestamp": null, "EndStatusString": "asrError"}))), Outcome::Failed);
}

#[test]
fn who_spoke() {
    let by = |members| read(CDR, &with(members)).handled_by;
    assert_eq!(by(json!({})), Some(HandledBy::Agent));
    assert_eq!(by(json!({"AIAgentId": 17})), Some(HandledBy::Bot));
    assert_eq!(by(json!({"AIAgentId": 0})), Some(HandledBy::Agent));
    assert_eq!(by(json!({"EndStatusString": "busy", "AIAgentId": 17})), None, "nobody spoke");
    assert_eq!(by(json!({"SeatUser": null, "ServeParticipants": null})), None);
    for &(code, expected) in codes::HANDLED_BY {
        assert_eq!(by(json!({"EndStatusString": code})), Some(expected), "{code}");
    }
}
