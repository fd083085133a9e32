//! A vendor's API may answer anything, in any order: it gets neither an event it was not asked for, nor an endless
//! conversation, nor credentials sent elsewhere.
//!
//! An input is what is asked (a byte), the ids of the calls (a line of `id@task` with blanks between), and the responses:
//! for each a byte that says status and headers, and the body.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use trunkline::event::cloudevents::Encoded;
use trunkline::event::{Channel, Event, Instant};
use trunkline::vendor::Unsigned;
use trunkline::vendor::poll::{Failure, FailureClass, Inquiry, Placed, Response};

use super::asked::{self, Asked, NONCE, SEPARATOR, TOKEN, find, means, placed, window};
use super::events::{self, records, tells_no_number};
use super::subject::now;

/// Statuses of responses, of which the head's low half picks one.
const STATUSES: &[u16] = &[200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 406, 408, 429, 500, 503];

/// Of the head: the response is not signed as the vendor would sign it.
const UNSIGNED: u8 = 0x10;

/// Of the head: it has `Retry-After`.
const WAIT: u8 = 0x20;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Calls,
    Hinted,
    List,
    Token,
}

const QUESTIONS: &[(u8, Question)] =
    &[(b'c', Question::Calls), (b'h', Question::Hinted), (b'l', Question::List), (b't', Question::Token)];

/// A question to `vendor` and what it answers.
pub fn check(vendor: &'static str, input: &[u8]) {
    let asked = find(vendor);
    let Some((question, rest)) = input.split_first() else { return };
    let Some((_, question)) = QUESTIONS.iter().find(|(letter, _)| letter == question) else { return };
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let calls = calls(asked, &rest[..end], *question == Question::Hinted);
    let script: Vec<Response> = rest[end..]
        .get(1..)
        .unwrap_or_default()
        .split(|byte| *byte == SEPARATOR)
        .map(|text| response(asked, text))
        .collect();
    if *question == Question::Token {
        return script.iter().for_each(|response| check_token(asked, response));
    }
    let inquiry = || match question {
        Question::List => asked.poller().list(window()),
        _ if calls.is_empty() => None,
        _ => Some(asked.poller().ask(&calls)),
    };
    let (Some(one), Some(other)) = (inquiry(), inquiry()) else { return };
    let ids = (*question != Question::List).then_some(calls.as_slice());
    let (told, again) = (talk(asked, one, &script, ids), talk(asked, other, &script, ids));
    assert!(events::same(&told, &again), "the same answers give the same bytes");
}

/// The calls of a line that can be asked about, in the form the store has them.
fn calls(asked: &Asked, line: &[u8], hinted: bool) -> Vec<Placed> {
    let line = String::from_utf8_lossy(line);
    let call = |text: &str| {
        let (id, task) = text.split_once('@').map_or((text, None), |(id, task)| (id, Some(task.to_owned())));
        let call = placed(asked.poller().call_id(id).ok()?, task, hinted);
        asked.poller().check(&call).ok().map(|()| call)
    };
    line.split(' ').filter_map(call).take(asked.poller().batch()).collect()
}

fn response(asked: &Asked, text: &[u8]) -> Response {
    let (head, body) = text.split_first().map_or((0, text), |(head, body)| (*head, body));
    let mut headers = HeaderMap::new();
    // Where answers are signed, they are signed as callbacks are.
    if head & UNSIGNED == 0
        && let Ok(body) = std::str::from_utf8(body)
    {
        let request = Unsigned { kind: &asked.source.vendor.kinds()[0], body, now: now(), nonce: NONCE };
        for (name, value) in asked.source.adapter.sign(&request).map(|signed| signed.headers).unwrap_or_default() {
            let name: HeaderName = name.parse().expect("a header name");
            headers.insert(name, HeaderValue::from_str(&value).expect("a header value"));
        }
    }
    if head & WAIT != 0 {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
    }
    let status = StatusCode::from_u16(STATUSES[usize::from(head & 0x0f)]).expect("a status");
    Response { status, headers, body: body.to_vec().into() }
}

/// Asks and reads as the driver does, for as long as there is something to ask and an answer to read; when all are read,
/// the last one is given again and again. Returns what became of it.
fn talk(asked: &Asked, mut inquiry: Box<dyn Inquiry>, script: &[Response], calls: Option<&[Placed]>) -> Vec<Encoded> {
    let context = asked.source.poll_context(Instant::new(now())).expect("it asks");
    let size: usize = script.iter().map(|response| response.body.len() + 1).sum();
    let mut told = Vec::new();
    for turn in 0.. {
        let Some(request) = inquiry.next(&means()) else {
            assert!(inquiry.next(&means()).is_none(), "an end is an end");
            break;
        };
        asked.check(&request);
        let response = &script[turn.min(script.len() - 1)];
        match inquiry.read(response, &context) {
            Ok(events) => {
                check_events(asked, &events, calls);
                told.extend(records(&events, response.body.len()));
            }
            Err(failure) => {
                check_failure(&failure, response);
                let next = inquiry.next(&means()).expect("nothing is answered");
                assert!(asked::same(&next, &request), "a failure changes nothing");
                // The driver would ask again, and give up after a while.
                if turn >= script.len() || failure.class == FailureClass::Permanent {
                    break;
                }
            }
        }
        assert!(turn <= 64 + 4 * size, "{turn} requests for {size} bytes of answers");
    }
    told
}

fn check_events(asked: &Asked, events: &[Event], calls: Option<&[Placed]>) {
    let context = asked.source.poll_context(Instant::new(now())).expect("it asks");
    for event in events {
        assert_eq!((&event.source, &event.account), (&context.source, &context.account));
        assert_eq!((event.vendor.as_str(), event.channel), (asked.vendor, Channel::Poll));
        let Some(calls) = calls else { continue };
        let is_asked = |id: &String| calls.iter().any(|call| call.call == *id);
        let named = is_asked(&event.subject) || event.links.order.as_ref().is_some_and(is_asked);
        assert!(named, "nobody asked about {}", event.subject);
    }
}

fn check_failure(failure: &Failure, response: &Response) {
    let told = failure.to_string();
    assert!(told.len() <= 512, "{told} is no cause but a text");
    // The longest codes of vendors have eight digits.
    tells_no_number(&told, &String::from_utf8_lossy(&response.body), 9);
    assert!(!told.contains(TOKEN.expose()), "a secret is told: {told}");
}

fn check_token(asked: &Asked, response: &Response) {
    match asked.poller().read_token(response) {
        Ok(token) => {
            let seconds = token.lifetime.as_secs();
            assert!((1..=7 * 24 * 3600).contains(&seconds), "a token of {seconds} s");
            assert!(!token.secret.expose().is_empty(), "a token of nothing");
            assert!(HeaderValue::from_str(token.secret.expose()).is_ok(), "no header can hold the token");
        }
        Err(failure) => check_failure(&failure, response),
    }
}

/// Seeds: what the simulated vendor says to each question, and the mistakes every vendor makes.
pub fn seeds(vendor: &'static str) -> Vec<Vec<u8>> {
    let asked = find(vendor);
    let poller = asked.poller();
    let (site, ids) = asked::site(vendor, 3);
    let line =
        |ids: &[(String, String)]| ids.iter().map(|(id, task)| format!("{id}@{task}")).collect::<Vec<_>>().join(" ");
    let mut seeds = Vec::new();
    let mut plant = |letter: u8, ids: &[(String, String)], responses: &[Response]| {
        let head = |response: &Response| {
            let status = STATUSES.iter().position(|status| *status == response.status.as_u16());
            status.expect("a known status") as u8
        };
        let parts: Vec<_> =
            responses.iter().map(|response| [&[head(response)], response.body.as_ref()].concat()).collect();
        let script = parts.join(&SEPARATOR);
        seeds.push([&[letter], line(ids).as_bytes(), b"\n", &script].concat());
    };
    let simulated = |hinted: bool| {
        let call = |(id, task): &(String, String)| {
            let id = poller.call_id(id).expect("its own id");
            placed(id, Some(task.clone()), hinted)
        };
        ids.iter().map(call).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    for (letter, hinted) in [(b'c', false), (b'h', true)] {
        for calls in simulated(hinted).chunks(poller.batch()) {
            let responses = asked::talk(asked, &site, poller.ask(calls).as_mut());
            let some: Vec<_> =
                ids.iter().filter(|(id, _)| calls.iter().any(|call| call.call == *id)).cloned().collect();
            plant(letter, &some, &responses);
            all.extend(responses);
        }
    }
    if let Some(mut inquiry) = poller.list(asked::window_of()) {
        let responses = asked::talk(asked, &site, inquiry.as_mut());
        plant(b'l', &[], &responses);
        all.extend(responses);
    }
    if let Some(request) = poller.token_request(&means()) {
        plant(b't', &[], &[asked::answer(asked, &site, request)]);
    }
    for status in [302, 400, 401, 403, 404, 408, 429, 500, 503] {
        let status = StatusCode::from_u16(status).expect("a status");
        for mut response in all.iter().take(2).cloned() {
            response.status = status;
            plant(b'c', &ids[..1], &[response.clone(), all[0].clone()]);
            plant(b'l', &[], &[response, all[all.len() - 1].clone()]);
        }
    }
    seeds.extend(fixed(&ids));
    seeds
}

/// Answers no simulated vendor gives.
fn fixed(ids: &[(String, String)]) -> Vec<Vec<u8>> {
    let (id, task) = &ids[0];
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "<html><body>502</body></html>",
        r#"{"retCode":6281200000001,"retMsg":"6281200000001"}"#,
        r#"{"retCode":"0","result":{"total":9000000000000000000,"callInfo":[]}}"#,
        r#"{"retCode":0,"taskData":[{"userTaskID":"t-1"},{"userTaskID":"../../x?y"}],"total":2}"#,
        r#"{"Response":{"Error":{"Code":"InternalError.6281200000001","Message":"x"}}}"#,
        r#"{"Response":{"TotalCount":999999,"TelCdrs":[]}}"#,
        r#"{"meta":{"pageCount":9999,"totalCount":1},"items":[]}"#,
        r#"{"access_token":"a\nb","token_type":"bearer","expires_in":"9e9"}"#,
        r#"{"error":"invalid_client"}"#,
        r#"{"AccessToken":"t","Expires":"3600"}"#,
    ];
    let seed = |letter: char, body: &&str| format!("{letter}{id}@{task}\n\0{body}\u{1e}\0{body}").into_bytes();
    "clth".chars().flat_map(|letter| bodies.iter().map(move |body| seed(letter, body)).collect::<Vec<_>>()).collect()
}
