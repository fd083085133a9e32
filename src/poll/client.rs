//! Sending requests to vendors.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;

use crate::config::SourcePoll;
use crate::tls;
use crate::vendor::poll::{Failure, Request, Response};

/// Largest response read, bytes: a page of a few hundred calls with their dialogues.
const MAX_RESPONSE: usize = 32 * 1024 * 1024;

/// A client with the source's certificate authorities and proxy. The error names the setting.
pub fn build(poll: &SourcePoll) -> Result<reqwest::Client, (&'static str, String)> {
    tls::install_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        // Credentials go to the configured address only, and through no proxy somebody left in the environment.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .gzip(true)
        .connect_timeout(Duration::from_secs(5).min(Duration::from_millis(poll.timeout_ms)))
        .pool_idle_timeout(Duration::from_secs(60));
    if let Some(path) = &poll.ca_file {
        let pem = std::fs::read(path).map_err(|error| ("ca_file", format!("cannot be read: {error}")))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if authorities.is_empty() {
            return Err(("ca_file", "holds no certificates: give a PEM file".to_owned()));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(proxy) = &poll.proxy {
        let proxy = reqwest::Proxy::all(proxy.expose())
            .map_err(|_| ("proxy", "is not a URL, as \"http://proxy.example:3128\"".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| ("ca_file", format!("gives no usable client: {}", root(&error))))
}

/// Sends a request; the whole of it may take `timeout`. A failure of the connection passes by itself.
pub async fn send(client: &reqwest::Client, request: Request, timeout: Duration) -> Result<Response, Failure> {
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let Some((name, mut value)) = pair else {
            return Err(Failure::configuration(format!("header {name} cannot hold what is configured for it")));
        };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    let exchange = async {
        let sent = client.request(request.method, &request.url).headers(headers).body(request.body).send().await;
        let response = sent.map_err(|error| {
            let failure = format!("no response: {}", root(&error));
            if error.is_builder() { Failure::configuration(failure) } else { Failure::retry(failure) }
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = http_body_util::Limited::new(reqwest::Body::from(response), MAX_RESPONSE);
        let body = body.collect().await.map_err(|_| Failure::retry("the response broke off or is over 32 MiB"))?;
        Ok(Response { status, headers, body: body.to_bytes() })
    };
    match tokio::time::timeout(timeout, exchange).await {
        Ok(result) => result,
        Err(_) => Err(Failure::retry("no response within poll.timeout_ms")),
    }
}

/// From 0 to 1, different each time.
pub fn jitter() -> f64 {
    fastrand::f64()
}

/// The innermost cause: the outer ones name the URL, which can hold an id.
fn root(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests;
