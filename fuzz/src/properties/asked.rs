//! Vendors that are asked, each with a source that asks it: those the simulator knows, with the simulator's settings.

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use trunkline::config::Config;
use trunkline::event::Instant;
use trunkline::secret::Secret;
use trunkline::simulate;
use trunkline::simulate::plan::VendorPlan;
use trunkline::simulate::site::Site;
use trunkline::simulate::vendors;
use trunkline::source::{Source, build};
use trunkline::vendor::poll::{Inquiry, Means, Placed, Poller, Request, Response, Window};

use super::subject::now;

/// The access token inquiries are made with.
pub static TOKEN: LazyLock<Secret> = LazyLock::new(|| Secret::new("fuzz-access-token"));

/// The unique text of every request.
pub const NONCE: &str = "0123456789abcdef0123456789abcdef";

/// Separates the responses of an input. No JSON holds it.
pub const SEPARATOR: u8 = 0x1e;

/// A vendor that is asked.
pub struct Asked {
    /// The vendor's name.
    pub vendor: &'static str,
    /// The source.
    pub source: Arc<Source>,
    /// Where its API is.
    pub base: String,
}

/// Every vendor that is asked.
pub static ASKED: LazyLock<Vec<Asked>> = LazyLock::new(|| simulate::names().into_iter().map(asked).collect());

fn asked(vendor: &'static str) -> Asked {
    let toml = simulate::settings(&[vendor.to_owned()], "127.0.0.1:9".parse().expect("an address")).expect("known");
    let config = Config::from_toml(&toml).expect("settings");
    let sources = build(&config).unwrap_or_else(|complaints| panic!("{complaints:?}"));
    let source = sources.into_values().next().expect("a source");
    Asked { vendor, source, base: format!("http://127.0.0.1:9/{vendor}") }
}

/// The vendor of this name.
pub fn find(vendor: &str) -> &'static Asked {
    ASKED.iter().find(|asked| asked.vendor == vendor).expect("a vendor that is asked")
}

impl Asked {
    /// The way to ask it.
    pub fn poller(&self) -> &dyn Poller {
        self.source.poller().expect("it can be asked")
    }

    /// Checks a request: credentials go where they belong, whatever ids somebody gave us.
    pub fn check(&self, request: &Request) {
        let Request { action, url, headers, .. } = request;
        assert!(self.poller().actions().contains(action), "{action} has a budget of its own");
        let rest = url.strip_prefix(&self.base).unwrap_or_else(|| panic!("{url} is somewhere else"));
        assert!(rest.is_empty() || rest.starts_with(['/', '?']), "{url} is somewhere else");
        assert!(!rest.split(['/', '?']).any(|part| matches!(part, "." | "..")), "{url} is somewhere else");
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()) && url.parse::<http::Uri>().is_ok(), "{url} is no URL");
        for (name, value) in headers {
            assert!(HeaderName::from_bytes(name.as_bytes()).is_ok(), "{name} is no header");
            assert!(HeaderValue::from_str(value).is_ok(), "{name} cannot hold its value");
        }
    }
}

/// What every request is made with.
pub fn means() -> Means<'static> {
    Means { now: now(), nonce: NONCE, token: Some(&TOKEN) }
}

/// Whether both are the same request.
pub fn same(one: &Request, other: &Request) -> bool {
    let parts = |request: &Request| {
        let Request { action, method, url, headers, body } = request;
        (*action, method.clone(), url.clone(), headers.clone(), body.clone())
    };
    parts(one) == parts(other)
}

/// A call placed a minute ago.
pub fn placed(call: String, task: Option<String>, hinted: bool) -> Placed {
    let placed_at = Instant::from_millis(now().as_millisecond() - 60_000).expect("in range");
    let (destination, reference, conversation, deadline) = (None, None, None, None);
    Placed { call, destination, reference, conversation, task, placed_at, deadline, hinted }
}

/// Three hours that are over.
pub fn window() -> Window {
    let hour = jiff::SignedDuration::from_hours(1);
    Window { from: now() - hour * 3, to: now() }
}

/// The hours around what [`site`] holds.
pub fn window_of() -> Window {
    let hour = jiff::SignedDuration::from_hours(1);
    Window { from: later() - hour * 3, to: later() }
}

/// The simulated vendor, with `count` calls that are long over, their ids and tasks.
pub fn site(vendor: &str, count: usize) -> (Site, Vec<(String, String)>) {
    let vendor = vendors::find(vendor).expect("simulated");
    let site = Site::new(vendor, VendorPlan::new(vendor.name()), 7);
    let placing = site.place(count.min(vendor.together().max(1)));
    let mut ids: Vec<_> = placing.placed().map(|call| (call.id.clone(), placing.task.clone())).collect();
    while ids.len() < count {
        let placing = site.place(1);
        ids.extend(placing.placed().map(|call| (call.id.clone(), placing.task.clone())));
    }
    (site, ids)
}

/// What the simulated vendor answers when all calls are over.
pub fn answer(asked: &Asked, site: &Site, request: Request) -> Response {
    let rest = request.url.strip_prefix(&asked.base).expect("its own URL");
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut headers: HeaderMap = request
        .headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value")))
        .collect();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:9"));
    let answer = site.vendor.answer(
        &simulate::api::Request {
            method: request.method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: request.body,
            now: later(),
        },
        site,
    );
    let headers = answer.headers.iter().map(|(name, value)| {
        (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
    });
    Response { status: answer.status, headers: headers.collect(), body: answer.body.into() }
}

/// When the calls of [`site`] are over for sure.
pub fn later() -> jiff::Timestamp {
    jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1)
}

/// The bodies the simulated vendor answers an inquiry with.
pub fn talk(asked: &Asked, site: &Site, inquiry: &mut dyn Inquiry) -> Vec<Response> {
    let means = |token| Means { now: later(), nonce: NONCE, token };
    let token = asked.poller().token_request(&means(None)).map(|request| {
        let response = answer(asked, site, request);
        asked.poller().read_token(&response).expect("a token").secret
    });
    let context = asked.source.poll_context(Instant::new(later())).expect("it asks");
    let mut responses = Vec::new();
    while let Some(request) = inquiry.next(&means(token.as_ref())) {
        let response = answer(asked, site, request);
        let read = inquiry.read(&response, &context);
        responses.push(response);
        assert!(read.is_ok(), "the simulator is understood: {:?}", read.err());
    }
    responses
}
